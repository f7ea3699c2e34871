"""The words of a listing: its summary, and one line for each model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lfv_mcp.analysis.highlights import highlights
from lfv_mcp.analysis.statuses import NEAR_STATUSES, RUNNING_STATUSES
from lfv_mcp.figures import count_of, fraction
from lfv_mcp.findings import as_line
from lfv_mcp.provenance import OtherStatus
from lfv_mcp.results.common import Source, SourceBasis, SourceKind
from lfv_mcp.results.model_list import HeldRecord, ModelList, ModelRow, PredictionSetRow

_ENDED: Final = (
    ": hosting ended on 2025-10-31, so none runs today; whether a model still exists is not known"
)
"""What a reader of a saved status of hosting would else take for the present."""
_NONE: Final[Mapping[str, int]] = {}
_MORE: Final = "; there is more: pass next_token"


@dataclass(frozen=True, slots=True)
class HeldOfModel:
    """What an archive's index tells of one model; of a live endpoint only the kind is known.

    Args:
        kind: where the listing comes from.
        basis: the kind of record that answers for the model.
        captured_at: when that record was taken; None if it is not recorded.
        test_images: as the EvaluationResult tells; None if none is held, or it does not tell.
        reported: F1, precision and recall of the EvaluationResult, likewise.
        held: the records that are held.
        disagreeing: other statuses that saved records name.
    """

    kind: SourceKind
    basis: SourceBasis = "describe_model"
    captured_at: str | None = None
    test_images: int | None = None
    reported: tuple[float | None, float | None, float | None] | None = None
    held: tuple[HeldRecord, ...] = ()
    disagreeing: tuple[OtherStatus, ...] = ()


def summarise_listing(
    models: Sequence[ModelRow],
    project_name: str,
    status: str,
    *,
    more: bool,
    source: Source,
    all_read: bool = True,
    sets: int = 0,
    others: Mapping[str, int] = _NONE,
) -> str:
    """What a page of models shows, in a few sentences.

    Args:
        models: those on the page.
        project_name: of the one project that was listed; empty for every project.
        status: of the models that were asked for; empty for all.
        more: there is another page.
        source: what the listing rests on.
        all_read: whether every file of the archive could be read; else nothing is called absent.
        sets: prediction sets on the page.
        others: of a whole listing of one status, how many models have each other one.
    """
    told = _summarise_models(
        models, project_name, status, more=more, source=source, all_read=all_read, has_sets=sets > 0
    )
    if sets:
        told += f" {count_of(sets, 'prediction set', 'prediction sets')} beside."
    told += _near_in_words(status, others, found=bool(models))
    return " ".join([told, *(() if more or status else highlights(models))])


def _near_in_words(status: str, others: Mapping[str, int], *, found: bool) -> str:
    """The models that a reader of a status may have meant too, as a sentence; empty for none."""
    near = {each: others[each] for each in NEAR_STATUSES.get(status, ()) if others.get(each)}
    if not near:
        return ""
    *first, last = (f"{count} {each}" for each, count in near.items())
    listed = " and ".join(filter(None, (", ".join(first), last)))
    if not found:
        return f" Near it: {listed}."
    return f" {listed} {'is' if sum(near.values()) == 1 else 'are'} not among them."


def _summarise_models(
    models: Sequence[ModelRow],
    project_name: str,
    status: str,
    *,
    more: bool,
    source: Source,
    all_read: bool,
    has_sets: bool,
) -> str:
    what = f"{status} model" if status else "model"
    projects = len({m.project_name for m in models})
    where = f"of {project_name}" if project_name else "in any project"
    if not models:
        if not all_read:
            on = " on this page" if more else ""
            return f"No {what} {where}{on} is among what could be read; see files_unread."
        if source.kind == "archive" and not (project_name or status or more or has_sets):
            return "No model is held here; `lfv-mcp archive check DIR` says what is."
        if not (project_name or status or more) and source.kind != "live":
            return "No model is held."
        return f"No {what} {where}{' on this page' if more else ''}."
    if not project_name:
        where = f"in {count_of(projects, 'project', 'projects')}"
        where += " on this page" if more else ""
    text = f"{count_of(len(models), what, f'{what}s')} {where}"
    text += _MORE if more else ""
    text += "" if all_read else "; not every file could be read"
    if source.kind == "live":
        return f"{text}."
    was_running = any(each.status in RUNNING_STATUSES for each in models)
    text += f"; {'synthetic sample' if source.kind == 'sample' else 'saved records'}, so status is "
    return f"{text}history{_ENDED if was_running else ''}."


def listing_digest(listed: ModelList) -> str:
    """The readable half of a listing: one line a model."""
    several = len({_place(row) for row in listed.models}) > 1
    lines = [listed.summary]
    lines += [row_in_words(row, with_place=several) for row in listed.models]
    lines += map(set_in_words, listed.prediction_sets or ())
    lines += map(as_line, listed.findings or ())
    if listed.next_token is not None:
        lines.append(f"next_token: {listed.next_token}")
    return "\n".join(lines)


def without_next_token(text: str) -> str:
    """The summary or the text of a page as a reader sees it who is shown every page anyway."""
    first, more, rest = text.partition("\n")
    rows = rest.split("\n")
    if more and rows[-1].startswith("next_token: "):
        rows.pop()
    return "\n".join([first.replace(_MORE, "", 1), *(rows if more else ())])


def joined(pages: Sequence[ModelList], project_name: str, status: str) -> ModelList:
    """All pages of one listing as one, with a summary of all of them.

    Args:
        pages: in their order; at least one.
        project_name: as it was asked; empty for every project.
        status: of the models that were asked for; empty for all.
    """
    models = tuple(row for page in pages for row in page.models)
    sets = tuple(row for page in pages for row in page.prediction_sets or ())
    findings = tuple(dict.fromkeys(each for page in pages for each in page.findings or ()))
    return ModelList(
        # Of a single page it says more: which near statuses there are beside.
        summary=pages[0].summary
        if len(pages) == 1
        else summarise_listing(
            models,
            project_name,
            status,
            more=False,
            source=pages[0].source,
            all_read=all(each.code != "files_unread" for each in findings),
            sets=len(sets),
        ),
        models=models,
        prediction_sets=sets or None,
        findings=findings or None,
        source=pages[0].source,
    )


def set_in_words(row: PredictionSetRow) -> str:
    """One prediction set of a listing as one line."""
    images = count_of(row.images, "image", "images")
    return f"{row.project_name} {row.name}: prediction set of {images}"


def _place(row: ModelRow) -> str:
    """The region and account of a model; empty if its ARN does not tell."""
    parts = (row.model_arn or "").split(":")
    return f"{parts[3]}, {parts[4]}" if len(parts) > 5 else ""


def row_in_words(row: ModelRow, *, with_place: bool = False) -> str:
    """One model of a listing as one line: status, metrics, when captured, and what is held.

    With its region and account where there are several: projects may have one name in two regions.

    `caps 3: HOSTED, precision 0.9, recall 1, F1 0.5; captured 2025-10-28; 45 test images; held:
    description, result; perfect_score`
    """
    numbers = (("precision", row.precision), ("recall", row.recall), ("F1", row.f1_score))
    metrics = ", ".join(f"{n} {fraction(v)}" for n, v in numbers if v is not None)
    if metrics and row.finding == "metrics_missing":  # in its record
        metrics += " in its EvaluationResult alone"
    metrics = metrics or "no metrics"
    status = "status not known" if row.status is None else row.status
    place = f" ({_place(row)})" if with_place and _place(row) else ""
    parts = [f"{row.project_name} {row.model_version}{place}: {status}, {metrics}"]
    if row.description:
        parts.append(f"described as {row.description!r}")
    if row.captured_at is not None:
        parts.append(f"captured {row.captured_at[:10]}")
    if row.test_images is not None:
        parts.append(count_of(row.test_images, "test image", "test images"))
    if row.held is not None:
        parts.append(f"held: {', '.join(row.held)}")
    if row.finding is not None:
        parts.append(row.finding)
    return "; ".join(parts)

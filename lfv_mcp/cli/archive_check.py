"""What `archive check` finds in an archive: what is unusual, a line each, and a table of counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from lfv_mcp.text import clean

if TYPE_CHECKING:
    from lfv_mcp.archive.index import HeldFile, Index, ModelEntry
    from lfv_mcp.identifiers import ModelKey

_FILES_NAMED: Final = 20
"""Datasets that are named in a text, and packaged models; those beyond are counted."""
_FORMS: Final = {
    "ground_truth": "a manifest",
    "csv": "a CSV of images and labels",
    "anomalib": "a table of anomalib",
}
_NO_STATUS: Final = "a record without a status"
_LABELS: Final = {
    "projects": "projects",
    "models": "models",
    "models_described": "  with a DescribeModel answer",
    "models_listed_only": "  known only from a listing",
    "models_rebuilt": "  rebuilt from evaluation files",
    "models_with_result": "  with an evaluation result",
    "models_with_manifest": "  with an evaluation manifest",
    "prediction_sets": "prediction sets",
    "datasets": "datasets",
    "packaged_models": "packaged models",
    "corrupt": "corrupt",
    "unread": "unread",
    "failed": "failed",
    "foreign": "foreign",
    "read": "",
    "images_passed_over": "passed over as images",
}
"""What is counted, in the order and the words of the table. What has none is named above it."""
_IF_ANY: Final = ("prediction_sets", "datasets", "packaged_models")
"""Rows of the table that are there only if there is anything to count."""


@dataclass(frozen=True, slots=True)
class Problems:
    """The files with one reason: how many, and the first of them with what is wrong."""

    kind: str
    reason: str
    count: int
    next_step: str
    first: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A model whose records name several statuses; None is a record without one."""

    model_arn: str
    used: str | None
    others: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class HeldSet:
    """A prediction set.

    Args:
        name: its name.
        project: the ARN of its project, or the name alone.
        images: how many it judges.
        origin: where it came from, as a text for people.
        file: the file that answers for it.
        not_used: files of that name with another content.
        possible_projects: how many projects have the name of a project without an ARN; else 0.
    """

    name: str
    project: str
    images: int
    origin: str
    file: str
    not_used: tuple[str, ...]
    possible_projects: int


@dataclass(frozen=True, slots=True)
class HeldDataset:
    """A dataset: how it was written, what it is for (None if unknown), and its first image."""

    file: str
    format: str
    use: str | None
    first_image: str


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A packaged model, of which only the start was read."""

    file: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Check:
    """All that a check says of an archive; a text and JSON are two ways to show it.

    Args:
        counts: as `_LABELS` has them.
        problems: of the files, in their order, counted by reason.
        rebuilt: ARNs of models that are known only from evaluation files.
        disagreements: models that are held with several statuses.
        prediction_sets: each of them.
        datasets: each of them.
        packaged_models: each of them.
        complete: whether no record may be missing.
    """

    counts: Mapping[str, int]
    problems: tuple[Problems, ...]
    rebuilt: tuple[str, ...]
    disagreements: tuple[Disagreement, ...]
    prediction_sets: tuple[HeldSet, ...]
    datasets: tuple[HeldDataset, ...]
    packaged_models: tuple[PackagedModel, ...]
    complete: bool

    @property
    def passes(self) -> bool:
        """Whether nothing may be missing and there is something."""
        held = ("models", "prediction_sets", "datasets")
        return self.complete and any(self.counts[name] for name in held)

    def to_json(self) -> dict[str, Any]:
        """The same for pipes."""
        return asdict(self)


# From an index


def check_of(index: Index) -> Check:
    """What a check says of an archive with this index."""
    datasets = tuple(map(_dataset, index.datasets))
    packages = tuple(PackagedModel(h.ref.name, h.about.size or 0) for h in index.edge_packages)
    rebuilt = (key.arn for key, model in index.models.items() if _is_rebuilt(model))
    disagreeing = ((k, m) for k, m in index.models.items() if m.disagreeing)
    return Check(
        _counts(index),
        tuple(
            Problems(
                each.kind,
                each.reason,
                each.count,
                each.next_step,
                tuple({"file": name, "message": message} for name, message in each.first),
            )
            for each in index.problems
        ),
        tuple(rebuilt),
        tuple(_disagreement(key, model) for key, model in disagreeing),
        tuple(_sets(index)),
        datasets,
        packages,
        index.unread is None,
    )


def _counts(index: Index) -> dict[str, int]:
    models, problems = index.models.values(), index.problems
    counts = {
        "projects": len(index.projects) + len(index.set_projects),
        "models": len(models),
        "models_described": _count(m.model for m in models),
        "models_listed_only": _count(m.listing and not m.model for m in models),
        "models_rebuilt": _count(map(_is_rebuilt, models)),
        "models_with_result": _count(m.result for m in models),
        "models_with_manifest": _count(m.manifest for m in models),
        "prediction_sets": len(index.prediction_sets),
        "datasets": len(index.datasets),
        "packaged_models": len(index.edge_packages),
        "corrupt": problems.count("corrupt"),
        "unread": problems.count("unread"),
        "failed": problems.count("failed"),
        "foreign": problems.count("foreign"),
        "read": problems.count("read"),
        "images_passed_over": index.skipped_images,
    }
    return {name: counts[name] for name in _LABELS}


def _is_rebuilt(model: ModelEntry) -> bool:
    return not (model.model or model.listing)


def _disagreement(key: ModelKey, model: ModelEntry) -> Disagreement:
    others = sorted({record.status for record in model.disagreeing}, key=lambda s: s or "none")
    return Disagreement(key.arn, model.winner.status, tuple(others))


def _sets(index: Index) -> Iterator[HeldSet]:
    for key, entry in index.prediction_sets.items():
        about = entry.about
        used, *others = (ref.name for ref in entry.files)
        places = 0 if key.region else len(index.places_of(key.project))
        yield HeldSet(
            key.name,
            key.project_key.arn if key.region else key.project,
            about["Images"],
            clean(str(about["Origin"]), 200),
            used,
            tuple(others) if entry.disagreeing else (),
            places,
        )


def _dataset(held: HeldFile) -> HeldDataset:
    about = held.about
    return HeldDataset(
        held.ref.name, about.form, about.split or None, clean(about.first_image, 200)
    )


def _count(found: Iterable[object]) -> int:
    return sum(1 for each in found if each)


# As text


def lines_of(found: Check) -> Iterator[str]:
    """What is unusual, a line each, and the table of counts."""
    for group in found.problems:
        for each in group.first:
            yield f"{group.kind:8} {click.unstyle(each['file'])!r}: {each['message']}"
        if (more := group.count - len(group.first)) > 0:
            yield f"{group.kind:8} and {more:,} more: {group.reason}"
    for arn in found.rebuilt:
        yield f"rebuilt  {arn}: known only from evaluation files, so without a status"
    for model in found.disagreements:
        others = ", ".join(status or "none" for status in model.others)
        yield f"disagree {model.model_arn}: {model.used or _NO_STATUS} is used, others say {others}"
    for held in found.prediction_sets:
        yield from _about_set(held)
    yield from _named("dataset", [(each.file, _about_dataset(each)) for each in found.datasets])
    yield from _named(
        "package", [(each.file, _about_package(each)) for each in found.packaged_models]
    )
    for name, label in _LABELS.items():
        count = found.counts[name]
        if label and (count or name not in _IF_ANY):
            yield f"{label:34}{count:>8,}"


def _about_set(held: HeldSet) -> Iterator[str]:
    """A prediction set in a line, and what is wrong with its name or place."""
    called = f"{held.name} of {held.project}"
    yield f"set      {called}: {held.images:,} images from {held.origin}"
    if held.not_used:
        used, *others = (repr(click.unstyle(name)) for name in (held.file, *held.not_used))
        yield f"disagree {called}: {used} is used, not {', '.join(others)}"
    if held.possible_projects > 1:
        yield (
            f"unplaced {called}: {held.possible_projects} projects have that name; import it again "
            "with --project ARN"
        )


def _named(form: str, held: list[tuple[str, str]]) -> Iterator[str]:
    """The first files of a form in a line each, and how many more there are."""
    for name, about in held[:_FILES_NAMED]:
        yield f"{form:8} {click.unstyle(name)!r}: {about}"
    if (more := len(held) - _FILES_NAMED) > 0:
        yield f"{form:8} and {more:,} more"


def _about_dataset(held: HeldDataset) -> str:
    use = {"train": "for training", "test": "for the test"}
    known = use.get(held.use or "", "training or test unknown")
    return f"{_FORMS.get(held.format, held.format)}, {known}, first image {held.first_image}"


def _about_package(held: PackagedModel) -> str:
    shown = f"{held.bytes >> 20:,} MiB" if held.bytes >> 20 else f"{held.bytes:,} bytes"
    return f"a packaged model of {shown}, which was not unpacked"

"""What `archive check` says of an archive: what is unusual, a line each, and a table of counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from lfv_mcp.text import clean

if TYPE_CHECKING:
    from lfv_mcp.archive.index import HeldFile, Index

_FILES_NAMED: Final = 20
"""Datasets that are named, and packaged models; those beyond are counted."""
_FORMS: Final = {
    "ground_truth": "a manifest",
    "csv": "a CSV of images and labels",
    "anomalib": "a table of anomalib",
}


def remarks(index: Index) -> Iterator[str]:
    """What is unusual in an archive, a line each: bad files, rebuilt models, contradictions."""
    for group in index.problems:
        for name, message in group.first:
            yield f"{group.kind:8} {click.unstyle(name)!r}: {message}"
        if (more := group.count - len(group.first)) > 0:
            yield f"{group.kind:8} and {more:,} more: {group.reason}"
    for key, model in index.models.items():
        if not (model.model or model.listing):
            yield f"rebuilt  {key.arn}: known only from evaluation files, so without a status"
    for key, model in index.models.items():
        if model.disagreeing:
            others = ", ".join(sorted({record.status or "none" for record in model.disagreeing}))
            used = model.winner.status or "a record without a status"
            yield f"disagree {key.arn}: {used} is used, others say {others}"
    yield from _remarks_on_sets(index)
    yield from _remarks_on_files(index)


def _remarks_on_files(index: Index) -> Iterator[str]:
    """The datasets and packaged models in a line each, with what their starts tell."""
    for form, held in (("dataset", index.datasets), ("package", index.edge_packages)):
        for each in held[:_FILES_NAMED]:
            yield f"{form:8} {click.unstyle(each.ref.name)!r}: {_about_file(each)}"
        if (more := len(held) - _FILES_NAMED) > 0:
            yield f"{form:8} and {more:,} more"


def _about_file(held: HeldFile) -> str:
    """What the start of a file tells: how a dataset was written and what it is for."""
    form, first_image, split, size = held.about
    if size is not None:
        shown = f"{size >> 20:,} MiB" if size >> 20 else f"{size:,} bytes"
        return f"a packaged model of {shown}, which was not unpacked"
    use = {"train": "for training", "test": "for the test"}.get(split, "training or test unknown")
    return f"{_FORMS.get(form, form)}, {use}, first image {clean(first_image, 200)}"


def _remarks_on_sets(index: Index) -> Iterator[str]:
    """Each prediction set in a line, and what is wrong with its name or place."""
    for key, entry in index.prediction_sets.items():
        place = key.project_key.arn if key.region else key.project
        about = entry.about
        yield f"set      {key.name} of {place}: {about['Images']:,} images from {_origin(about)}"
        if entry.disagreeing:
            used, *others = (repr(click.unstyle(ref.name)) for ref in entry.files)
            yield f"disagree {key.name} of {place}: {used} is used, not {', '.join(others)}"
        if not key.region and len(places := index.places_of(key.project)) > 1:
            yield (
                f"unplaced {key.name} of {place}: {len(places)} projects have that name; import it "
                "again with --project ARN"
            )


def totals(index: Index) -> Iterator[str]:
    """The table of counts that a check ends with."""
    models = index.models.values()
    problems = index.problems
    rows = (
        ("projects", len(index.projects) + len(index.set_projects)),
        ("models", len(models)),
        ("  with a DescribeModel answer", _count(m.model for m in models)),
        ("  known only from a listing", _count(m.listing and not m.model for m in models)),
        ("  rebuilt from evaluation files", _count(not (m.model or m.listing) for m in models)),
        ("  with an evaluation result", _count(m.result for m in models)),
        ("  with an evaluation manifest", _count(m.manifest for m in models)),
        *((("prediction sets", sets),) if (sets := len(index.prediction_sets)) else ()),
        *((("datasets", sets),) if (sets := len(index.datasets)) else ()),
        *((("packaged models", sets),) if (sets := len(index.edge_packages)) else ()),
        ("corrupt", problems.count("corrupt")),
        ("unread", problems.count("unread")),
        ("failed", problems.count("failed")),
        ("foreign", problems.count("foreign")),
        ("passed over as images", index.skipped_images),
    )
    for label, count in rows:
        yield f"{label:34}{count:>8,}"


def _origin(about: Mapping[str, Any]) -> str:
    return clean(str(about["Origin"]), 200)


def _count(found: Iterable[object]) -> int:
    return sum(1 for each in found if each)

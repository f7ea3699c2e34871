"""The index of an archive: which record of which file speaks about which model, and which one wins.

Pure: it is merged from what each file was found to hold, and knows nothing of how files are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from lfv_mcp.archive.metadata import PackedMetadata, unpack_metadata
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.recognition import RecordForm
from lfv_mcp.identifiers import ModelKey, ProjectKey

_Rank = tuple[bool, float, bytes]


class RecordRef(NamedTuple):
    """Points at one record in a file, with what ranks it against others about the same model.

    `captured` is in epoch seconds, None if the record does not say when it was taken; `content` is
    a digest of what the record says, however that was spelled.
    """

    name: str
    ordinal: int
    captured: float | None
    status: str | None
    content: bytes

    @property
    def rank(self) -> _Rank:
        """Dated beats undated, newer beats older, undated ties break by content."""
        return (self.captured is not None, self.captured or 0.0, self.content)


@dataclass(slots=True)
class ModelEntry:
    """Everything an archive has about one model version; every sequence has its winner first."""

    packed_metadata: PackedMetadata  # of the winning record
    model: Sequence[RecordRef] = ()
    listing: Sequence[RecordRef] = ()
    result: Sequence[RecordRef] = ()
    manifest: Sequence[RecordRef] = ()

    @property
    def winner(self) -> RecordRef:
        """The record that answers for this model."""
        return (self.model or self.listing or self.result or self.manifest)[0]

    @property
    def metadata(self) -> dict[str, Any]:
        """What ListModels says of this model."""
        return unpack_metadata(self.packed_metadata)

    @property
    def disagreeing(self) -> list[RecordRef]:
        """Records that name another status than the winner does."""
        winner = self.winner
        return [ref for ref in (*self.model, *self.listing) if ref.status != winner.status]


@dataclass(slots=True)
class Index:
    """What an archive holds.

    Args:
        models: everything about each model version.
        projects: the record of each project.
        captured: when that record was taken, in epoch seconds; None if it is not recorded.
        problems: what is wrong with a file, by its name.
        skipped_images: how many files are images by their name, and were not read.
        versions: the model versions of each project, the highest first.
        named: the projects of one name.
        places: the projects of a region and account.
        number: of one archive's indexes another one only if some file came, changed or went.
    """

    models: dict[ModelKey, ModelEntry]
    projects: dict[ProjectKey, dict[str, Any]]
    captured: dict[ProjectKey, float | None]
    problems: dict[str, list[UnrecognisedError]]
    versions: dict[ProjectKey, list[ModelKey]]
    named: dict[str, list[ProjectKey]]
    places: dict[tuple[str, str], list[ProjectKey]]
    skipped_images: int = 0
    number: int = 0


class IndexedRecord(NamedTuple):
    """One record of a file, as far as an index needs it."""

    form: RecordForm
    key: ModelKey | ProjectKey
    packed_metadata: PackedMetadata
    ref: RecordRef


class IndexedFile(NamedTuple):
    """What one file was found to hold; its `stamp` tells whether it has to be read again."""

    stamp: int | str | None  # None: to be read again, whether or not it changes
    records: Sequence[IndexedRecord]
    problems: Sequence[UnrecognisedError]


def merge(files: Mapping[str, IndexedFile]) -> Index:
    """The index over all files of an archive, by name."""
    index = Index({}, {}, {}, {}, {}, {}, {})
    by_model: dict[ModelKey, list[IndexedRecord]] = {}
    ranks: dict[ProjectKey, tuple[bool, _Rank]] = {}
    for name, file in files.items():
        if file.problems:
            index.problems[name] = list(file.problems)
        for record in file.records:
            if isinstance(record.key, ModelKey):
                by_model.setdefault(record.key, []).append(record)
            else:
                _add_project(index, record.key, record, ranks)
    for key, records in by_model.items():
        index.models[key] = _model_entry(records)
        index.versions.setdefault(key.project_key, []).append(key)
    for project, versions in index.versions.items():
        versions.sort(reverse=True)
        index.projects.setdefault(
            project,
            {"ProjectName": project.project, "ProjectArn": project.arn},
        )
    for project in sorted(index.projects):
        index.named.setdefault(project.project, []).append(project)
        index.places.setdefault((project.region, project.account), []).append(project)
    return index


def _add_project(
    index: Index,
    key: ProjectKey,
    record: IndexedRecord,
    ranks: dict[ProjectKey, tuple[bool, _Rank]],
) -> None:
    """Take a record about a project into the index if it outranks the one that is there."""
    body = unpack_metadata(record.packed_metadata)
    # DescribeProject says more than ListProjects, whichever is newer.
    rank = ("Datasets" in body, record.ref.rank)
    if key not in ranks or rank > ranks[key]:
        ranks[key] = rank
        index.projects[key] = body
        index.captured[key] = record.ref.captured


def _model_entry(records: list[IndexedRecord]) -> ModelEntry:
    """Everything about one model; the records are sorted in place, the winner of a form first."""
    if len(records) > 1:
        records.sort(key=lambda record: record.ref.rank, reverse=True)
    by_form: dict[RecordForm, list[RecordRef]] = {}
    for record in records:
        by_form.setdefault(record.form, []).append(record.ref)
    # The first in rank among those of the form that says most; `ModelEntry.winner` is the same one.
    best = min(records, key=lambda record: _PRECEDENCE[record.form])
    return ModelEntry(
        best.packed_metadata,
        model=tuple(by_form.get("model", ())),
        listing=tuple(by_form.get("listing", ())),
        result=tuple(by_form.get("result", ())),
        manifest=tuple(by_form.get("manifest", ())),
    )


_PRECEDENCE: Final[dict[RecordForm, int]] = {
    "model": 0,
    "listing": 1,
    "result": 2,
    "manifest": 3,
    "project": 4,
    "packed_file": 5,
}
"""Which form of record answers for a model; the lowest, for it says most."""

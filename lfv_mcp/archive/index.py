"""archive.index."""

from __future__ import annotations

import marshal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.normalisation import proven_performance
from lfv_mcp.formats.recognition import Record, RecordForm
from lfv_mcp.identifiers import ModelKey, ProjectKey


class RecordRef(NamedTuple):
    """Where one record stands, and what decides whether it wins."""

    name: str
    ordinal: int
    captured: float | None
    status: str | None
    content: bytes

    @property
    def rank(self) -> tuple[bool, float, bytes]:
        """Dated beats undated, newer beats older, undated ties break by content."""
        return (self.captured is not None, self.captured or 0.0, self.content)


@dataclass(slots=True)
class ModelEntry:
    """Everything that is held about one model version; every sequence has its winner first."""

    model: Sequence[RecordRef] = ()
    listing: Sequence[RecordRef] = ()
    result: Sequence[RecordRef] = ()
    manifest: Sequence[RecordRef] = ()
    saying: bytes = b""

    @property
    def winner(self) -> RecordRef:
        """The record that answers for this model."""
        return (self.model or self.listing or self.result or self.manifest)[0]

    @property
    def metadata(self) -> dict[str, Any]:
        """What ListModels says of it."""
        metadata: dict[str, Any] = marshal.loads(self.saying)
        return metadata

    @property
    def disagreeing(self) -> list[RecordRef]:
        """Records that name another status than the winner does."""
        winner = self.winner
        return [s for s in (*self.model, *self.listing) if s.status != winner.status]


@dataclass(slots=True)
class Index:
    """What an archive holds."""

    models: dict[ModelKey, ModelEntry] = field(default_factory=dict)
    projects: dict[ProjectKey, dict[str, Any]] = field(default_factory=dict)
    captured: dict[ProjectKey, float | None] = field(default_factory=dict)  # of the one used
    problems: dict[str, list[UnrecognisedError]] = field(default_factory=dict)  # by file
    passed_over: int = 0  # files that are images by their name
    versions: dict[ProjectKey, list[ModelKey]] = field(default_factory=dict)  # highest first
    named: dict[str, list[ProjectKey]] = field(default_factory=dict)  # project name → whose
    places: dict[tuple[str, str], list[ProjectKey]] = field(default_factory=dict)  # region, account
    number: int = 0  # of one archive's indexes: another one only if some file came, changed or went


_METADATA: Final = (
    "ModelVersion",
    "ModelArn",
    "CreationTimestamp",
    "Description",
    "Status",
    "StatusMessage",
    "Performance",
)
"""The members of ModelMetadata: what ListModels says of a model."""


class IndexedRecord(NamedTuple):
    form: RecordForm
    key: ModelKey | ProjectKey
    saying: bytes  # marshalled: a fraction of the memory that its objects would take
    statement: RecordRef


class IndexedFile(NamedTuple):
    stamp: int | str | None  # None: to be read again, whether or not it changes
    found: Sequence[IndexedRecord]
    problems: Sequence[UnrecognisedError]


def listing_metadata(record: Record) -> dict[str, Any]:
    """What a listing says of a record's model; of a project everything."""
    body, key = record.body, record.key
    if not isinstance(key, ModelKey):
        return body
    if record.form in ("model", "listing"):
        return {name: body[name] for name in _METADATA if name in body}
    proven = {"Performance": shown} if (shown := proven_performance(body)) else {}
    return {"ModelVersion": key.model_version, "ModelArn": key.arn, **proven}


def merge(files: Mapping[str, IndexedFile]) -> Index:
    index = Index()
    about: dict[ModelKey, list[IndexedRecord]] = {}
    projects: dict[ProjectKey, tuple[bool, tuple[bool, float, bytes]]] = {}
    for name, file in files.items():
        if file.problems:
            index.problems[name] = list(file.problems)
        for found in file.found:
            if isinstance(found.key, ModelKey):
                about.setdefault(found.key, []).append(found)
                continue
            body = marshal.loads(found.saying)
            # DescribeProject says more than ListProjects, whichever is newer.
            rank = ("Datasets" in body, found.statement.rank)
            if found.key not in projects or rank > projects[found.key]:
                projects[found.key] = rank
                index.projects[found.key] = body
                index.captured[found.key] = found.statement.captured
    for key, sayings in about.items():
        sayings.sort(key=lambda found: found.statement.rank, reverse=True)
        held = index.models[key] = ModelEntry()
        for found in sayings:
            setattr(held, found.form, (*getattr(held, found.form), found.statement))
        winner = held.winner
        held.saying = next(found.saying for found in sayings if found.statement is winner)
        index.versions.setdefault(key.project_key, []).append(key)
    for project, versions in index.versions.items():
        versions.sort(reverse=True)
        index.projects.setdefault(
            project,
            {
                "ProjectName": project.project,
                "ProjectArn": project.arn,
            },
        )
    for project in sorted(index.projects):
        index.named.setdefault(project.project, []).append(project)
        index.places.setdefault((project.region, project.account), []).append(project)
    return index

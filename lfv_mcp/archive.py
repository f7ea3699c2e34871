"""An archive: plain files that hold saved answers, found by content and indexed in memory.

The files are the truth and the index only says where to look: which file speaks about
which model, and which of several records wins. Nothing is written here.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from lfv_mcp.errors import SetupError
from lfv_mcp.records import SIZE_LIMIT, ModelKey, ProjectKey, Recorded, recognise

RESCAN_AFTER: Final = 2.0
"""Seconds for which an index is taken as current before the file list is looked at again."""
HEAD: Final = 64 * 1024
"""Bytes that tell an evaluation manifest, which may be large and is read by line elsewhere."""


class Entry(NamedTuple):
    """A file as its store lists it; another stamp means another content."""

    name: str
    size: int
    stamp: int | str


class Files(Protocol):
    """Where an archive's files are."""

    location: str

    def entries(self) -> Iterable[Entry]:
        """Every file.

        Raises:
            SetupError: the store cannot be listed at all.
        """

    def read(self, name: str, limit: int) -> bytes:
        """At most `limit` bytes from the start of one file.

        Raises:
            OSError: it cannot be read.
        """


class Directory:
    """A directory tree. Links that lead out of it are not followed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.location = str(root)

    def entries(self) -> Iterator[Entry]:
        """Every regular file below the root, by its path relative to it."""
        if not self.root.is_dir():
            raise SetupError(
                "archive_unreadable",
                f"The archive {self.location} is not a directory that can be read.",
                "Set LFV_SOURCE (--source) to a directory of saved answers, or to `sample`.",
            )
        top = self.root.resolve()
        for folder, folders, names in os.walk(self.root):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                if path.is_symlink() and not path.resolve().is_relative_to(top):
                    continue
                try:
                    stat = path.stat()
                except OSError:
                    continue  # a dangling link, or deleted meanwhile
                yield Entry(path.relative_to(self.root).as_posix(), stat.st_size, stat.st_mtime_ns)

    def read(self, name: str, limit: int) -> bytes:
        """At most `limit` bytes of one file."""
        with (self.root / name).open("rb") as stream:
            return stream.read(limit)


@dataclass(frozen=True, slots=True)
class Statement:
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
class Held:
    """Everything that is held about one model version; every list has its winner first."""

    model: list[Statement] = field(default_factory=list)
    listing: list[Statement] = field(default_factory=list)
    result: list[Statement] = field(default_factory=list)
    manifest: list[Statement] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def winner(self) -> Statement:
        """The record that answers for this model."""
        return (self.model or self.listing or self.result or self.manifest)[0]

    @property
    def disagreeing(self) -> list[Statement]:
        """Records that name another status than the winner does."""
        winner = self.winner
        return [s for s in (*self.model, *self.listing) if s.status != winner.status]


@dataclass(slots=True)
class Index:
    """What an archive holds."""

    models: dict[ModelKey, Held] = field(default_factory=dict)
    projects: dict[ProjectKey, dict[str, Any]] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)  # file → what is wrong with it
    versions: dict[ProjectKey, list[ModelKey]] = field(default_factory=dict)  # highest first
    named: dict[str, list[ProjectKey]] = field(default_factory=dict)  # project name → whose
    places: dict[tuple[str, str], list[ProjectKey]] = field(default_factory=dict)  # region, account


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


class _File(NamedTuple):
    stamp: int | str
    found: list[tuple[Recorded, Statement]]
    problems: list[str]


class Archive:
    """An index over files, built at the first question and kept current. Safe between threads."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._lock = threading.Lock()
        self._known: dict[str, _File] = {}
        self._index: Index | None = None
        self._scanned = 0.0

    def index(self) -> Index:
        """What is held now. Only files that are new or changed are read again.

        Raises:
            SetupError: the archive cannot be listed.
        """
        with self._lock:
            if self._index is None or time.monotonic() - self._scanned > RESCAN_AFTER:
                self._scan()
            assert self._index is not None
            return self._index

    def read(self, statement: Statement) -> Recorded | None:
        """The record a statement points at; None if the file no longer holds it."""
        try:
            found, _ = recognise(self.files.read(statement.name, SIZE_LIMIT + 1))
        except OSError:
            return None
        return found[statement.ordinal] if statement.ordinal < len(found) else None

    def _scan(self) -> None:
        known: dict[str, _File] = {}
        for entry in self.files.entries():
            before = self._known.get(entry.name)
            known[entry.name] = (
                before if before and before.stamp == entry.stamp else self._look_at(entry)
            )
        if self._index is None or known != self._known:
            self._index = _merge(known)
        self._known = known
        self._scanned = time.monotonic()

    def _look_at(self, entry: Entry) -> _File:
        try:
            data = self.files.read(entry.name, HEAD)
            if b'"source-ref"' in data[:HEAD]:
                data = data[: data.rfind(b"\n") + 1] or data  # whole lines of a manifest
            elif entry.size > len(data):
                data = self.files.read(entry.name, SIZE_LIMIT + 1)
        except OSError as error:
            return _File(entry.stamp, [], [f"cannot be read: {error.strerror or error}"])
        records, problems = recognise(data)
        content = blake2b(data, digest_size=8).digest()
        found = []
        for ordinal, record in enumerate(records):
            status = record.body.get("Status") if record.form in ("model", "listing") else None
            statement = Statement(entry.name, ordinal, record.captured, status, content)
            kept = record.body if record.form == "project" else _metadata(record.body)
            found.append((Recorded(record.form, record.key, kept, record.captured), statement))
        return _File(entry.stamp, found, problems)


def _metadata(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in _METADATA if name in body}


def _merge(files: dict[str, _File]) -> Index:
    index = Index()
    best_project: dict[ProjectKey, Statement] = {}
    bodies: dict[tuple[str, int], dict[str, Any]] = {}
    for name, file in files.items():
        if file.problems:
            index.problems[name] = file.problems
        for record, statement in file.found:
            key = record.key
            if isinstance(key, ModelKey):
                held = index.models.setdefault(key, Held())
                getattr(held, record.form).append(statement)
                bodies[name, statement.ordinal] = record.body
            elif key not in best_project or statement.rank > best_project[key].rank:
                best_project[key] = statement
                index.projects[key] = record.body
    for key, held in index.models.items():
        for statements in (held.model, held.listing, held.result, held.manifest):
            statements.sort(key=lambda s: s.rank, reverse=True)
        winner = held.winner
        held.metadata = bodies[winner.name, winner.ordinal]
        held.metadata.setdefault("ModelVersion", str(key.version))
        held.metadata.setdefault("ModelArn", key.arn)
        index.versions.setdefault(ProjectKey(*key[:3]), []).append(key)
    for project, versions in index.versions.items():
        versions.sort(reverse=True)
        index.projects.setdefault(
            project,
            {
                "ProjectName": project.project,
                "ProjectArn": f"arn:aws:lookoutvision:{project.region}:{project.account}"
                f":project/{project.project}",
            },
        )
    for project in sorted(index.projects):
        index.named.setdefault(project.project, []).append(project)
        index.places.setdefault((project.region, project.account), []).append(project)
    return index

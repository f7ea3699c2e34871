"""An archive: plain files that hold saved answers, found by content and indexed in memory.

The files are the truth and the index only says where to look: which file speaks about
which model, and which of several records wins. Nothing is written here.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from stat import S_ISREG
from typing import IO, Any, BinaryIO, Final, NamedTuple, Protocol

from lfv_mcp.errors import LfvError, SetupError
from lfv_mcp.records import (
    SIZE_LIMIT,
    ModelKey,
    ProjectKey,
    Recorded,
    UnrecognisedError,
    peek,
    recognise,
)

HEAD: Final = 64 * 1024
"""Bytes that tell what a file is; a manifest may be large, and its lines are read elsewhere."""
_NOT_RECORDS: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".zip")
"""Training images lie beside evaluation files by the thousand: not worth a request each."""


class Entry(NamedTuple):
    """A file as its store lists it; another stamp means another content."""

    name: str
    size: int
    stamp: int | str


class Files(Protocol):
    """Where an archive's files are."""

    location: str
    parallel: int
    """Files worth reading at one time."""
    rescan_after: float
    """Seconds for which a file list is taken as current."""

    def entries(self) -> Iterable[Entry]:
        """Every file.

        Raises:
            LfvError: the store cannot be listed at all.
        """

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """One file, to read from its start.

        Raises:
            OSError, LfvError: it cannot be read.
        """


PARTIAL: Final = ".partial"
"""Ending of a file that is still being written; never read."""


class Directory:
    """A directory tree, or one file. Links that lead out of it are not followed."""

    parallel = 1
    rescan_after = 2.0

    def __init__(self, root: Path) -> None:
        self.location = str(root)
        self._only = root.name if root.is_file() else None
        self._root = root.parent if self._only else root

    def entries(self) -> Iterator[Entry]:
        """Every regular file below the root, by its path relative to it."""
        try:
            if self._only:
                stat = (self._root / self._only).stat()
                yield Entry(self._only, stat.st_size, stat.st_mtime_ns)
                return
            os.scandir(self._root).close()
            top = self._root.resolve()
        except OSError as error:
            raise SetupError(
                "archive_unreadable",
                f"The archive {self.location} cannot be read: {error.strerror or error}.",
                "Set LFV_SOURCE (--source) to a directory of saved answers, or to `sample`.",
            ) from error
        for folder, folders, names in os.walk(self._root):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                if name.endswith(PARTIAL):
                    continue
                if path.is_symlink() and not path.resolve().is_relative_to(top):
                    continue
                try:
                    stat = path.stat()
                except OSError:
                    continue  # a dangling link, or deleted meanwhile
                if S_ISREG(stat.st_mode):
                    relative = path.relative_to(self._root).as_posix()
                    yield Entry(relative, stat.st_size, stat.st_mtime_ns)

    def open(self, name: str) -> BinaryIO:
        """One file, to read from its start."""
        return (self._root / name).open("rb")


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
    problems: dict[str, list[UnrecognisedError]] = field(default_factory=dict)  # by file
    passed_over: int = 0  # files that are images by their name
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
    problems: list[UnrecognisedError]


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
            if self._index is None or time.monotonic() - self._scanned > self.files.rescan_after:
                self._scan()
            assert self._index is not None
            return self._index

    def read(self, statement: Statement) -> Recorded | None:
        """The record a statement points at; None if the file no longer holds it."""
        try:
            with self.files.open(statement.name) as stream:
                found, _ = recognise(stream.read(SIZE_LIMIT + 1))
        except (OSError, LfvError):
            return None
        return found[statement.ordinal] if statement.ordinal < len(found) else None

    def _scan(self) -> None:
        entries = list(self.files.entries())
        wanted = may_be_records(entries)
        known = {
            e.name: before
            for e in wanted
            if (before := self._known.get(e.name)) and before.stamp == e.stamp
        }
        fresh = [e for e in wanted if e.name not in known]
        if self.files.parallel > 1:
            with ThreadPoolExecutor(self.files.parallel, "archive") as pool:
                read = list(pool.map(self._look_at, fresh))
        else:
            read = [self._look_at(e) for e in fresh]
        known |= {e.name: file for e, file in zip(fresh, read, strict=True)}
        if self._index is None or fresh or len(known) != len(self._known):
            self._index = _merge({e.name: known[e.name] for e in wanted})
            self._index.passed_over = len(entries) - len(wanted)
        self._known = known
        self._scanned = time.monotonic()

    def _look_at(self, entry: Entry) -> _File:
        try:
            data = telling_part(self.files, entry)
        except UnrecognisedError as problem:
            return _File(entry.stamp, [], [problem])
        except (OSError, LfvError) as error:
            reason = getattr(error, "strerror", None) or getattr(error, "message", str(error))
            unread = UnrecognisedError(f"cannot be read: {reason}", corrupt=True)
            return _File(entry.stamp, [], [unread])
        records, problems = recognise(data)
        content = blake2b(data, digest_size=8).digest()
        found = []
        for ordinal, record in enumerate(records):
            status = record.body.get("Status") if record.form in ("model", "listing") else None
            if not isinstance(status, str):
                status = None
            statement = Statement(entry.name, ordinal, record.captured, status, content)
            kept = record.body if record.form == "project" else _metadata(record.body)
            found.append((Recorded(record.form, record.key, kept, record.captured), statement))
        return _File(entry.stamp, found, problems)


def telling_part(files: Files, entry: Entry) -> bytes:
    """The whole file, or the first whole lines of a manifest.

    Raises:
        UnrecognisedError: it cannot be a record, or is too large for one.
        OSError, LfvError: it cannot be read.
    """
    with files.open(entry.name) as stream:
        data = stream.read(HEAD)
        start = peek(data)
        if start is None:
            raise UnrecognisedError("not JSON")
        if b'"source-ref"' in start:
            return start[: start.rfind(b"\n") + 1] or start
        if entry.size > SIZE_LIMIT:
            raise UnrecognisedError(f"larger than {SIZE_LIMIT >> 20} MiB", corrupt=True)
        return data + stream.read(SIZE_LIMIT + 1 - len(data)) if len(data) == HEAD else data


def may_be_records(entries: Iterable[Entry]) -> list[Entry]:
    """The entries without those that are images by their name."""
    return [e for e in entries if not e.name.lower().endswith(_NOT_RECORDS)]


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

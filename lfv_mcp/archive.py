"""An archive: plain files that hold saved answers, found by content and indexed in memory.

The files are the truth and the index only says where to look: which file speaks about
which model, and which of several records wins. Nothing is written here.
"""

from __future__ import annotations

import gc
import marshal
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from io import FileIO
from itertools import chain
from pathlib import Path
from stat import S_ISREG
from typing import IO, Any, Final, NamedTuple, Protocol

from lfv_mcp.errors import LfvError, SetupError
from lfv_mcp.model import clean
from lfv_mcp.records import (
    SIZE_LIMIT,
    Form,
    ModelKey,
    ProjectKey,
    Recorded,
    UnrecognisedError,
    peek,
    performance,
    recognise,
)

HEAD: Final = 64 * 1024
"""Bytes that tell what a file is; a manifest may be large, and its lines are read elsewhere."""
_BATCH: Final = 8
"""Files read before the first of them is parsed."""
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
        self._links: frozenset[str] = frozenset()

    def entries(self) -> Iterator[Entry]:
        """Every file below the root, by its path relative to it.

        Among them what `open` refuses (a link that leads out, a folder that cannot be listed,
        a pipe), so that it is reported and not just missing.
        """
        if self._only:
            if not (self._root / self._only).exists():
                raise self._unreadable("No such file")
            yield _entry(self._only, self._root / self._only)
            return
        folders, links = [""], set()
        for folder in folders:  # grows on the way
            try:
                with os.scandir(f"{self._root}/{folder}") as listed:
                    items = sorted(listed, key=lambda item: item.name)
            except OSError as error:
                if folder:
                    yield Entry(folder, 0, "unlisted")
                    continue
                raise self._unreadable(error.strerror or str(error)) from error
            for item in items:
                name = folder + item.name
                if item.is_dir(follow_symlinks=False):
                    folders.append(f"{name}/")
                    continue
                if item.is_symlink():
                    links.add(name)
                    if not self._leads_out(name) and (self._root / name).is_dir():
                        continue  # its files are found where they are
                if not name.endswith(PARTIAL):
                    yield _entry(name, item)
        self._links = frozenset(links)

    def open(self, name: str) -> FileIO:
        """One file, to read from its start."""
        if name.endswith("/"):
            os.scandir(self._root / name).close()
        follow = _NO_FOLLOW
        if name in self._links or self._only:
            follow = 0
            if not self._only and self._leads_out(name):
                raise OSError("a link that leads out of the archive")
        file = os.open(f"{self._root}/{name}", os.O_RDONLY | _AT_ONCE | _AS_IT_IS | follow)
        try:
            if not S_ISREG(os.fstat(file).st_mode):
                raise OSError("not a regular file")
            return FileIO(file)
        except BaseException:
            os.close(file)
            raise

    def _unreadable(self, why: str) -> SetupError:
        return SetupError(
            "archive_unreadable",
            f"The archive {self.location} cannot be read: {why}.",
            "Set LFV_SOURCE (--source) to a directory of saved answers, or to `sample`.",
        )

    def _leads_out(self, name: str) -> bool:
        try:
            return not (self._root / name).resolve().is_relative_to(self._root.resolve())
        except (OSError, RuntimeError):  # a link to itself
            return True


_AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0)  # opening a pipe would wait for a writer
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)  # it may have become a link since it was listed
_AS_IT_IS: Final = getattr(os, "O_BINARY", 0)  # Windows


def _entry(name: str, file: os.DirEntry[str] | Path) -> Entry:
    try:
        stat = file.stat()
    except OSError:
        return Entry(name, 0, "dangling")
    # Not the modification time alone: a copy can bring an old one along.
    stamp = hash((stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino))
    return Entry(name, stat.st_size, stamp)


class Statement(NamedTuple):
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
    """Everything that is held about one model version; every sequence has its winner first."""

    model: Sequence[Statement] = ()
    listing: Sequence[Statement] = ()
    result: Sequence[Statement] = ()
    manifest: Sequence[Statement] = ()
    saying: bytes = b""

    @property
    def winner(self) -> Statement:
        """The record that answers for this model."""
        return (self.model or self.listing or self.result or self.manifest)[0]

    @property
    def metadata(self) -> dict[str, Any]:
        """What ListModels says of it."""
        metadata: dict[str, Any] = marshal.loads(self.saying)
        return metadata

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


class _Found(NamedTuple):
    form: Form
    key: ModelKey | ProjectKey
    saying: bytes  # marshalled: a fraction of the memory that its objects would take
    statement: Statement


class _PassingError(UnrecognisedError):
    """The network's, or of credentials: the same file may be read at the next look."""


class _File(NamedTuple):
    stamp: int | str | None  # None: to be read again, whether or not it changes
    found: Sequence[_Found]
    problems: Sequence[UnrecognisedError]


class Archive:
    """An index over files, built at the first question and kept current. Safe between threads."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._lock = threading.Lock()
        self._known: dict[str, _File] = {}
        self._keys: dict[ModelKey | ProjectKey, ModelKey | ProjectKey] = {}  # one object for each
        self._index: Index | None = None
        self._scanned = 0.0
        self._failed: tuple[float, LfvError] | None = None

    @property
    def current(self) -> Index | None:
        """The index without a look at the files; None if it is time for one. Never waits."""
        scanned = self._scanned  # before the index, which may be a newer one by then
        index = self._index
        return None if time.monotonic() - scanned > self.files.rescan_after else index

    def index(self) -> Index:
        """What is held now. Only files that are new or changed are read again.

        Raises:
            SetupError: the archive cannot be listed.
        """
        asked = time.monotonic()
        with self._lock:
            if self.current is None:
                # A scan that failed while this one waited has failed for both: else those who wait
                # for a dead S3 would try it one after another.
                if self._failed is not None and self._failed[0] > asked:
                    raise self._failed[1]
                try:
                    self._scan()
                except LfvError as error:
                    self._failed = time.monotonic(), error
                    raise
            assert self._index is not None
            return self._index

    def read(self, statement: Statement) -> Recorded | None:
        """The record a statement points at; None if its file has changed: then the index has too.

        Raises:
            LfvError: the file cannot be read any more, or the whole archive cannot.
        """
        try:
            with self.files.open(statement.name) as stream:
                found, _ = recognise(_rest(stream, stream.read(HEAD)))
        except (OSError, LfvError) as error:
            failure: LfvError | None = _unread(statement.name, error)
        else:
            failure = None
            if statement.ordinal < len(found):
                record = found[statement.ordinal]
                if _digest(record) == statement.content:
                    return record
        with self._lock:
            before = self._known.get(statement.name)
            self._scan()
            if failure is not None and self._known.get(statement.name) is before:
                raise failure
        return None

    def _scan(self) -> None:
        entries = list(self.files.entries())
        with _no_collection():
            self._look_again(entries)

    def _look_again(self, entries: list[Entry]) -> None:
        wanted = may_be_records(entries)
        known = {
            e.name: before
            for e in wanted
            if (before := self._known.get(e.name)) and before.stamp == e.stamp
        }
        fresh = [e for e in wanted if e.name not in known]
        if self.files.parallel > 1:
            with ThreadPoolExecutor(self.files.parallel, "archive") as pool:
                read = list(pool.map(lambda entry: self._look_at([entry]), fresh))
        else:
            read = [self._look_at(fresh[i : i + _BATCH]) for i in range(0, len(fresh), _BATCH)]
        known |= {e.name: file for e, file in zip(fresh, chain(*read), strict=True)}
        if self._index is None or fresh or len(known) != len(self._known):
            index = _merge({e.name: known[e.name] for e in wanted})
            index.passed_over = len(entries) - len(wanted)
            index.number = self._index.number + 1 if self._index is not None else 1
            self._index = index
        self._known = known
        self._scanned = time.monotonic()

    def _look_at(self, entries: list[Entry]) -> list[_File]:
        # All reading before all parsing: taking turns makes both a third slower.
        read = [(entry, self._read(entry)) for entry in entries]
        return [self._understood(entry, data) for entry, data in read]

    def _read(self, entry: Entry) -> bytes | UnrecognisedError:
        try:
            return telling_part(self.files, entry)
        except UnrecognisedError as problem:
            return problem
        except OSError as error:
            return UnrecognisedError(f"cannot be read: {_reason(error)}", corrupt=True)
        except LfvError as error:
            return _PassingError(f"cannot be read: {_reason(error)}", corrupt=True)

    def _understood(self, entry: Entry, data: bytes | UnrecognisedError) -> _File:
        if isinstance(data, UnrecognisedError):
            stamp = None if isinstance(data, _PassingError) else entry.stamp
            return _File(stamp, (), (data,))
        records, problems = recognise(data)
        found = []
        for ordinal, record in enumerate(records):
            status = record.body.get("Status") if record.form in ("model", "listing") else None
            statement = Statement(
                entry.name,
                ordinal,
                record.captured,
                clean(status, 40) if isinstance(status, str) else None,
                _digest(record) if record.form != "manifest" else _hash(data),
            )
            saying = marshal.dumps(_metadata(record))
            key = self._keys.setdefault(record.key, record.key)
            found.append(_Found(record.form, key, saying, statement))
        return _File(entry.stamp, tuple(found), tuple(problems))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without the garbage collector: of thousands of small objects that all stay it finds none,
    and looks for a sixth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _hash(data: bytes) -> bytes:
    return blake2b(data, digest_size=8).digest()


def _digest(record: Recorded) -> bytes:
    """What a record says, as eight bytes, however it was spelled."""
    return _hash(marshal.dumps(record.body, 2))  # from version 3 on equal values may differ


def _reason(error: OSError | LfvError) -> str:
    return error.message if isinstance(error, LfvError) else error.strerror or str(error)


def _unread(name: str, error: OSError | LfvError) -> LfvError:
    if isinstance(error, LfvError):
        return error
    return SetupError(
        "archive_unreadable",
        f"{clean(name, 1024)} in the archive cannot be read: {_reason(error)}.",
        "Make that file readable, or remove it from the archive.",
    )


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
        return data if len(data) == entry.size else _rest(stream, data)


def _rest(stream: IO[bytes], data: bytes) -> bytes:
    """The data and what follows it, up to one byte more than is allowed."""
    return data + stream.read(SIZE_LIMIT + 1 - len(data))


def may_be_records(entries: Iterable[Entry]) -> list[Entry]:
    """The entries without those that are images by their name."""
    return [e for e in entries if not e.name.lower().endswith(_NOT_RECORDS)]


def _metadata(record: Recorded) -> dict[str, Any]:
    """What a listing says of a record's model; of a project everything."""
    body, key = record.body, record.key
    if not isinstance(key, ModelKey):
        return body
    if record.form in ("model", "listing"):
        return {name: body[name] for name in _METADATA if name in body}
    proven = {"Performance": shown} if (shown := performance(body)) else {}
    return {"ModelVersion": str(key.version), "ModelArn": key.arn, **proven}


def _merge(files: Mapping[str, _File]) -> Index:
    index = Index()
    about: dict[ModelKey, list[_Found]] = {}
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
        held = index.models[key] = Held()
        for found in sayings:
            setattr(held, found.form, (*getattr(held, found.form), found.statement))
        winner = held.winner
        held.saying = next(found.saying for found in sayings if found.statement is winner)
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

"""An archive: plain files that hold saved answers, found by content and indexed in memory.

The files are the truth and the index only says where to look: which file speaks about
which model, and which of several records wins. Nothing is written here.
"""

from __future__ import annotations

import gc
import marshal
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import blake2b
from itertools import chain
from typing import IO, Final

from lfv_mcp.archive.index import (
    Index,
    IndexedFile,
    IndexedRecord,
    RecordRef,
    listing_metadata,
    merge,
)
from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.errors import LfvError, SetupError
from lfv_mcp.formats.decoding import FILE_LIMIT, UnrecognisedError, looks_like_json
from lfv_mcp.formats.recognition import Record, recognise
from lfv_mcp.identifiers import ModelKey, ProjectKey
from lfv_mcp.text import clean

HEAD: Final = 64 * 1024
"""Bytes that tell what a file is; a manifest may be large, and its lines are read elsewhere."""
_BATCH: Final = 8
"""Files read before the first of them is parsed."""
_NOT_RECORDS: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".zip")
"""Training images lie beside evaluation files by the thousand: not worth a request each."""


class _PassingError(UnrecognisedError):
    """The network's, or of credentials: the same file may be read at the next look."""


class Archive:
    """An index over files, built at the first question and kept current. Safe between threads."""

    def __init__(self, files: FileStore) -> None:
        self.files = files
        self._lock = threading.Lock()
        self._known: dict[str, IndexedFile] = {}
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

    def read(self, statement: RecordRef) -> Record | None:
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

    def _look_again(self, entries: list[FileEntry]) -> None:
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
            index = merge({e.name: known[e.name] for e in wanted})
            index.passed_over = len(entries) - len(wanted)
            index.number = self._index.number + 1 if self._index is not None else 1
            self._index = index
        self._known = known
        self._scanned = time.monotonic()

    def _look_at(self, entries: list[FileEntry]) -> list[IndexedFile]:
        # All reading before all parsing: taking turns makes both a third slower.
        read = [(entry, self._read(entry)) for entry in entries]
        return [self._understood(entry, data) for entry, data in read]

    def _read(self, entry: FileEntry) -> bytes | UnrecognisedError:
        try:
            return read_enough_to_recognise(self.files, entry)
        except UnrecognisedError as problem:
            return problem
        except OSError as error:
            return UnrecognisedError(f"cannot be read: {_reason(error)}", corrupt=True)
        except LfvError as error:
            return _PassingError(f"cannot be read: {_reason(error)}", corrupt=True)

    def _understood(self, entry: FileEntry, data: bytes | UnrecognisedError) -> IndexedFile:
        if isinstance(data, UnrecognisedError):
            stamp = None if isinstance(data, _PassingError) else entry.stamp
            return IndexedFile(stamp, (), (data,))
        records, problems = recognise(data)
        found = []
        for ordinal, record in enumerate(records):
            status = record.body.get("Status") if record.form in ("model", "listing") else None
            statement = RecordRef(
                entry.name,
                ordinal,
                record.captured,
                clean(status, 40) if isinstance(status, str) else None,
                _digest(record) if record.form != "manifest" else _hash(data),
            )
            saying = marshal.dumps(listing_metadata(record))
            key = self._keys.setdefault(record.key, record.key)
            found.append(IndexedRecord(record.form, key, saying, statement))
        return IndexedFile(entry.stamp, tuple(found), tuple(problems))


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


def _digest(record: Record) -> bytes:
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


def read_enough_to_recognise(files: FileStore, entry: FileEntry) -> bytes:
    """The whole file, or the first whole lines of a manifest.

    Raises:
        UnrecognisedError: it cannot be a record, or is too large for one.
        OSError, LfvError: it cannot be read.
    """
    with files.open(entry.name) as stream:
        data = stream.read(HEAD)
        start = looks_like_json(data)
        if start is None:
            raise UnrecognisedError("not JSON")
        if b'"source-ref"' in start:
            return start[: start.rfind(b"\n") + 1] or start
        if entry.size > FILE_LIMIT:
            raise UnrecognisedError(f"larger than {FILE_LIMIT >> 20} MiB", corrupt=True)
        return data if len(data) == entry.size else _rest(stream, data)


def _rest(stream: IO[bytes], data: bytes) -> bytes:
    """The data and what follows it, up to one byte more than is allowed."""
    return data + stream.read(FILE_LIMIT + 1 - len(data))


def may_be_records(entries: Iterable[FileEntry]) -> list[FileEntry]:
    """The entries without those that are images by their name."""
    return [e for e in entries if not e.name.lower().endswith(_NOT_RECORDS)]

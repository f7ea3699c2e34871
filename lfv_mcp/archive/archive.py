"""An archive: plain files that hold saved answers, found by content and indexed in memory.

The files are the truth and the index only says where to look: which file speaks about
which model, and which of several records wins. Nothing is written here.
"""

from __future__ import annotations

import marshal
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from typing import IO, Final

from lfv_mcp.archive.index import Index, IndexedFile, IndexedRecord, RecordRef, merge
from lfv_mcp.archive.metadata import pack_metadata
from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.errors import LfvError, SetupError
from lfv_mcp.formats.decoding import FILE_LIMIT, UnrecognisedError, looks_like_json
from lfv_mcp.formats.recognition import Record, recognise
from lfv_mcp.identifiers import ModelKey, ProjectKey
from lfv_mcp.text import clean

HEAD: Final = 64 * 1024
"""Bytes that tell what a file is; a manifest may be large, and its lines are read elsewhere."""
_IMAGES: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".zip")
"""Training images lie beside evaluation files by the thousand: not worth a request each."""


class Archive:
    """An index over files, built at the first question and kept current. Safe between threads.

    Args:
        files: where the archive's files are.
        clock: seconds, by which a listing of the files grows old; None for `time.monotonic`.
    """

    def __init__(self, files: FileStore, *, clock: Callable[[], float] | None = None) -> None:
        """Read nothing yet."""
        self.files = files
        self._clock = clock or time.monotonic
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
        return None if self._clock() - scanned > self.files.rescan_after else index

    def index(self) -> Index:
        """What the archive holds now. Only files that are new or changed are read again.

        Raises:
            LfvError: the archive cannot be listed.
        """
        started = self._clock()
        with self._lock:
            if (index := self.current) is not None:
                return index
            # A scan that failed while this one waited has failed for both: else those who wait
            # for a dead S3 would try it one after another.
            if self._failed is not None and self._failed[0] > started:
                raise self._failed[1]
            try:
                return self._rescan()
            except LfvError as error:
                self._failed = self._clock(), error
                raise

    def read(self, ref: RecordRef) -> Record | None:
        """One record of the index; None if its file has changed: then the index has too.

        Raises:
            LfvError: the file cannot be read any more, or the whole archive cannot.
        """
        try:
            with self.files.open(ref.name) as stream:
                records, _ = recognise(_rest(stream, stream.read(HEAD)))
        except (OSError, LfvError) as error:
            failure: LfvError | None = _unreadable(ref.name, error)
        else:
            failure = None
            if ref.ordinal < len(records):
                record = records[ref.ordinal]
                if _record_digest(record) == ref.content:
                    return record
        with self._lock:
            before = self._known.get(ref.name)
            self._rescan()
            if failure is not None and self._known.get(ref.name) is before:
                raise failure
        return None

    def _rescan(self) -> Index:
        """List the files, read those that are new or changed, and merge the index anew."""
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
                loaded = list(pool.map(self._load, fresh))
        else:
            loaded = [self._load(entry) for entry in fresh]
        known |= {e.name: file for e, file in zip(fresh, loaded, strict=True)}
        index = self._index
        if index is None or fresh or len(known) != len(self._known):
            number = index.number + 1 if index is not None else 1
            index = merge({e.name: known[e.name] for e in wanted})
            index.skipped_images = len(entries) - len(wanted)
            index.number = number
            self._index = index
        self._known = known
        self._scanned = self._clock()
        return index

    def _load(self, entry: FileEntry) -> IndexedFile:
        """What one file holds; that it cannot be read or recognised is a problem, not an error."""
        try:
            return self._parse_file(entry, read_enough_to_recognise(self.files, entry))
        except UnrecognisedError as problem:
            return IndexedFile(entry.stamp, (), (problem,))
        except OSError as error:
            return IndexedFile(entry.stamp, (), (_cannot_be_read(error),))
        except LfvError as error:
            # The network's, or of credentials: the unchanged file may be read at the next look.
            return IndexedFile(None, (), (_cannot_be_read(error),))

    def _parse_file(self, entry: FileEntry, data: bytes) -> IndexedFile:
        records, problems = recognise(data)
        indexed: list[IndexedRecord] = []
        for ordinal, record in enumerate(records):
            if record.form == "packed_file":
                continue
            form, key, body, captured = record
            status = body.get("Status") if form in ("model", "listing") else None
            ref = RecordRef(
                entry.name,
                ordinal,
                captured,
                clean(status, 40) if isinstance(status, str) else None,
                # A manifest's body is empty: its lines are judged when it is analysed.
                _record_digest(record) if form != "manifest" else _digest(data),
            )
            key = self._keys.setdefault(key, key)
            indexed.append(IndexedRecord(form, key, pack_metadata(record), ref))
        return IndexedFile(entry.stamp, tuple(indexed), tuple(problems))


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=8).digest()


def _record_digest(record: Record) -> bytes:
    """What a record says, as eight bytes, however it was spelled."""
    return _digest(marshal.dumps(record.body, 2))  # from version 3 on equal values may differ


def _reason(error: OSError | LfvError) -> str:
    return error.message if isinstance(error, LfvError) else error.strerror or str(error)


def _cannot_be_read(error: OSError | LfvError) -> UnrecognisedError:
    return UnrecognisedError(f"cannot be read: {_reason(error)}", corrupt=True)


def _unreadable(name: str, error: OSError | LfvError) -> LfvError:
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
        # Not HEAD bytes of a small file: making room for them costs a thirtieth of a scan.
        data = stream.read(min(HEAD, entry.size + 1))
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
    return [e for e in entries if not e.name.lower().endswith(_IMAGES)]

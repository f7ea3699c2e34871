"""A file of a source that is opened once, however often and in whatever parts it is read."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from lfv_mcp.archive.listed_file import entry_now
from lfv_mcp.archive.store import Directory, FileEntry, FileStore

_CHUNK: Final = 1 << 18
"""Bytes that are fetched at a time."""
_FAR: Final = 1 << 24
"""Bytes ahead from which on a part of a file is asked for by itself: the directory of a zip archive
is at its end, and before it there may be gigabytes that nobody wants."""
_IN_MEMORY: Final = 1 << 20
"""Bytes of a file that are kept in memory; what is longer goes to a temporary file."""


@contextmanager
def fetched_once(files: FileStore, entry: FileEntry) -> Generator[tuple[FileStore, FileEntry]]:
    """A store in which one file can be opened again and again, and is the same one each time.

    And that file as it is now: it may have changed since it was listed.

    To recognise a file is to read its start (of a manifest its end, too), and to copy it is to read
    it all: out of a bucket that would be two requests and more for each, and what is copied might
    be another file than was recognised. As much is fetched as is read, so of a large file that is
    something else only the start.

    Raises:
        OSError, LfvError: the file cannot be read.
    """
    with files.open(entry.name) as stream:
        entry = entry_now(entry, stream)
        if isinstance(files, Directory):  # a disk gives it again for nothing
            yield _FetchedFile(files, entry, stream, stream, is_kept=True), entry
            return
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as kept:
            yield _FetchedFile(files, entry, stream, kept), entry


class _FetchedFile:
    """One file as a store; what has been fetched of it is kept."""

    parallel = 1

    def __init__(
        self,
        files: FileStore,
        entry: FileEntry,
        stream: IO[bytes],
        kept: IO[bytes],
        *,
        is_kept: bool = False,
    ) -> None:
        self.location = files.location
        self.rescan_after = files.rescan_after
        self._files = files
        self._entry = entry
        self._stream = stream
        self._kept = kept
        self._fetched = 0
        self._ended = is_kept  # nothing has to be fetched

    def entries(self) -> list[FileEntry]:
        return [self._entry]

    def open(
        self, name: str, *, start: int = 0, limit: int | None = None
    ) -> AbstractContextManager[IO[bytes]]:
        if limit is not None and start > self._fetched + _FAR:
            return self._files.open(name, start=start, limit=limit)
        reader: IO[bytes] = _Reader(self, start, limit)  # type: ignore[assignment]
        return reader

    def read_at(self, position: int, size: int) -> bytes:
        """Up to so many bytes from a position on; none only at the end of the file."""
        while self._fetched < position + size and not self._ended:
            chunk = self._stream.read(_CHUNK)
            self._ended = not chunk
            self._kept.seek(self._fetched)
            self._kept.write(chunk)
            self._fetched += len(chunk)
        self._kept.seek(position)
        return self._kept.read(size)


class _Reader(io.RawIOBase):
    """A stream over what is kept, and over what follows it."""

    def __init__(self, file: _FetchedFile, start: int, limit: int | None) -> None:
        super().__init__()
        self._file = file
        self._position = start
        self._end = None if limit is None else start + limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        size = len(buffer) if self._end is None else min(len(buffer), self._end - self._position)
        data = self._file.read_at(self._position, size)
        self._position += len(data)
        buffer[: len(data)] = data
        return len(data)


def chunks_of(stream: IO[bytes]) -> Iterator[bytes]:
    """All of a stream; that it cannot be read is raised as it is.

    Raises:
        OSError, LfvError: it cannot be read any further.
    """
    while chunk := stream.read(_CHUNK):
        yield chunk

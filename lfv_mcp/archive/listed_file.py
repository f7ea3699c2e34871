"""A listed file, read as one version of it however often it is opened.

Between the listing of an archive and the opening of a file another file may have come in its place,
and gone again before the next listing: a directory that is swapped by a rename, an object that is
overwritten. What is kept of a file by its stamp has to be of the content that has that stamp.
`read_one_version` is for what is kept by a stamp or put together from several parts of a file;
what is read in one opening and kept by nothing needs none of this.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Final, TypeVar

from lfv_mcp.archive.store import FileEntry, FileStore, OpenedFile

_T = TypeVar("_T")
_TRIES: Final = 5
"""Times that a file is read which is another one each time."""


class FileChangedError(OSError):
    """A file is another one than was listed, or than it was when it was opened before.

    Args:
        entry: the file as it is now.
    """

    def __init__(self, entry: FileEntry) -> None:
        super().__init__(errno.ESTALE, "it changes while it is read")
        self.entry = entry


def read_one_version(files: FileStore, entry: FileEntry, read: Callable[[ListedFile], _T]) -> _T:
    """What is read of a listed file, all of it of one version of the file.

    Args:
        files: where it is.
        entry: as it was listed.
        read: reads it out of a store of this file alone, by its `entry`, in as many parts as it
            likes. It is called again, with the file as it is by now, if that is no longer the one
            of the entry. What it returns is of `ListedFile.stamp`.

    Raises:
        FileChangedError: an OSError; it was another one each time.
        Exception: what `read` raises.
    """
    for _ in range(_TRIES - 1):
        try:
            return read(ListedFile(files, entry))
        except FileChangedError as changed:
            entry = changed.entry
    return read(ListedFile(files, entry))


def stamp_of(stream: object) -> int | str | None:
    """The stamp that a listing would have of what a stream reads; None if it does not say."""
    stamp: int | str | None = getattr(stream, "stamp", None)
    return None if stamp == "" else stamp


def entry_now(entry: FileEntry, stream: object) -> FileEntry:
    """A listed file as the stream that was opened of it says that it is.

    Without a word of that (`size` and `stamp`, as a listing would have them) as it was listed.
    """
    stamp = stamp_of(stream)
    if stamp is None or stamp == entry.stamp:
        return entry
    size: int | None = getattr(stream, "size", None)
    return FileEntry(entry.name, entry.size if size is None else size, stamp)


class ListedFile:
    """A store of one listed file, which opens that version of it and no other.

    Args:
        files: where it is.
        entry: as it was listed.
    """

    parallel = 1

    def __init__(self, files: FileStore, entry: FileEntry) -> None:
        """Open nothing yet."""
        self.location = files.location
        self.rescan_after = files.rescan_after
        self._files = files
        self.entry = entry
        self._was_opened = False

    @property
    def stamp(self) -> int | str | None:
        """That of what was read; None if nothing could be opened, so that nobody knows of what."""
        return self.entry.stamp if self._was_opened else None

    def entries(self) -> list[FileEntry]:
        """The file alone."""
        return [self.entry]

    def open(
        self, name: str, *, start: int = 0, limit: int | None = None
    ) -> AbstractContextManager[IO[bytes]]:
        """The file, to read from its start or from a later byte.

        Raises:
            FileChangedError: it is another one than was listed.
            OSError, LfvError: it cannot be read.
        """
        stream = self._files.open(name, start=start, limit=limit)
        if not isinstance(stream, OpenedFile):
            return self._checked(stream)
        # It is open by now, and a generator around it would cost a twentieth of a scan.
        try:
            self._check(stream)
        except FileChangedError:
            stream.close()
            raise
        return stream

    @contextmanager
    def _checked(self, stream: AbstractContextManager[IO[bytes]]) -> Generator[IO[bytes]]:
        with stream as opened:
            self._check(opened)
            yield opened

    def _check(self, stream: IO[bytes]) -> None:
        now = entry_now(self.entry, stream)
        if now is not self.entry:
            raise FileChangedError(now)
        self._was_opened = True

"""Where an archive's files are: the protocol of a file store, and directories as one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from io import FileIO
from pathlib import Path
from stat import S_ISREG
from typing import IO, Final, NamedTuple, Protocol

from lfv_mcp.errors import SetupError
from lfv_mcp.formats.decoding import UnrecognisedError


class FileEntry(NamedTuple):
    """A file as its store lists it; another stamp means another content.

    Args:
        name: its path below a directory, or its key in S3.
        size: bytes.
        stamp: of S3 its ETag.
        archived: it is in a storage class of S3 that must be restored first.
    """

    name: str
    size: int
    stamp: int | str
    archived: bool = False


class FileStore(Protocol):
    """Where an archive's files are."""

    location: str
    parallel: int
    """Files worth reading at one time."""
    rescan_after: float
    """Seconds for which a file list is taken as current."""

    def entries(self) -> Iterable[FileEntry]:
        """Every file.

        Raises:
            LfvError: the store cannot be listed at all.
        """
        ...

    def open(
        self, name: str, *, start: int = 0, limit: int | None = None
    ) -> AbstractContextManager[IO[bytes]]:
        """One file, to read from its start or from a later byte.

        It may be another one than was listed by now: the stream has the `size` and the `stamp` that
        a listing would have at the moment at which it was opened, for `listed_file`.

        Args:
            name: as the listing has it.
            start: the first byte that is read.
            limit: bytes that are read at most; None for all. A stream may give more, but to ask a
                network for no more than is wanted leaves its connection in order.

        Raises:
            OSError, LfvError: it cannot be read.
        """
        ...


class OpenedFile(FileIO):
    """A file of a directory that is open, and what a listing would have of it."""

    __slots__ = ("size", "stamp")
    size: int
    stamp: int


PARTIAL_SUFFIX: Final = ".partial"
"""Ending of a file that is still being written; never read."""


class Directory:
    """A directory tree, or one file. Links that lead out of it are not followed.

    Args:
        root: the directory, or the file.
        rescan_after: seconds for which a listing counts as current; None for the class's own.
    """

    parallel = 1
    rescan_after: float = 2.0

    def __init__(self, root: Path, *, rescan_after: float | None = None) -> None:
        """Look whether the root is a file; nothing is listed yet."""
        self.location = str(root)
        self._only = root.name if root.is_file() else None
        self._root = root.parent if self._only else root
        self._links: set[str] = set()
        if rescan_after is not None:
            self.rescan_after = rescan_after

    def entries(self) -> Iterator[FileEntry]:
        """Every file below the root, by its path relative to it.

        Among them what `open` refuses (a link that leads out, a folder that cannot be listed,
        a pipe), so that it is reported and not just missing.

        Raises:
            SetupError: the root cannot be listed.
        """
        return self._walk() if self._only is None else iter((self._only_file(self._only),))

    def _only_file(self, name: str) -> FileEntry:
        try:
            (self._root / name).stat()
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error
        return _entry(name, self._root / name)

    def _walk(self) -> Iterator[FileEntry]:
        folders: list[str] = [""]
        links: set[str] = set()
        for folder in folders:  # grows on the way, for a tree may be deeper than Python's stack
            try:
                with os.scandir(f"{self._root}/{folder}") as listed:
                    items = sorted(listed, key=lambda item: item.name)
            except OSError as error:
                if folder:
                    yield FileEntry(folder, 0, "unlisted")
                    continue
                raise self._unreadable(error.strerror or str(error)) from error
            for item in items:
                name = folder + item.name
                if is_real_folder(item):
                    folders.append(f"{name}/")
                    continue
                if item.is_symlink() or item.is_dir(follow_symlinks=False):  # or a junction
                    links.add(name)
                    self._links.add(name)  # files are opened while others are still listed
                    if self._is_folder_inside(name):
                        continue  # its files are found where they are
                if not name.endswith(PARTIAL_SUFFIX):
                    yield _entry(name, item)
        self._links = links

    def open(self, name: str, *, start: int = 0, limit: int | None = None) -> OpenedFile:
        """One file, to read from its start or from a later byte; the limit costs nothing here.

        Raises:
            OSError: it cannot be read, is no file, or is a link that leads out.
        """
        del limit
        if name.endswith("/"):
            os.scandir(self._root / name).close()
        follow = _NO_FOLLOW
        if name in self._links or self._only:
            follow = 0
            if not self._only and self._leads_out(name):
                raise OSError("a link that leads out of the archive")
        file = os.open(f"{self._root}/{name}", os.O_RDONLY | _AT_ONCE | _AS_IT_IS | follow)
        try:
            stat = os.fstat(file)
            if S_ISREG(stat.st_mode):
                if start:
                    os.lseek(file, start, os.SEEK_SET)
                opened = OpenedFile(file)
                opened.size, opened.stamp = stat.st_size, _stamp(stat)
                return opened
        except BaseException:
            os.close(file)
            raise
        os.close(file)
        raise UnrecognisedError("not a regular file")

    def _unreadable(self, why: str) -> SetupError:
        return SetupError(
            "archive_unreadable",
            f"The archive {self.location} cannot be read: {why}.",
            "Set LFV_SOURCE (--source) to a directory of saved answers, or to `sample`.",
        )

    def _is_folder_inside(self, name: str) -> bool:
        """Whether a link leads to a folder of this archive."""
        return not self._leads_out(name) and (self._root / name).is_dir()

    def _leads_out(self, name: str) -> bool:
        link, root = self._root / name, self._root.resolve()
        try:
            return not link.resolve(strict=True).is_relative_to(root)
        except FileNotFoundError:
            return not link.resolve().is_relative_to(root)
        except (OSError, RuntimeError):  # a link to itself: which of them differs between Pythons
            return True


_AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0)  # opening a pipe would wait for a writer
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)  # it may have become a link since it was listed
_AS_IT_IS: Final = getattr(os, "O_BINARY", 0)  # Windows


_MOUNT_POINT: Final = 0xA0000003
"""Windows' tag of a junction, which is a link to a folder, and is_symlink() does not say so."""


def is_junction(found: os.stat_result) -> bool:
    """Whether a folder that was not followed is a junction of Windows: it leads anywhere, or round.

    `os.path.isjunction` knows it too, from Python 3.12 on.
    """
    return getattr(found, "st_reparse_tag", 0) == _MOUNT_POINT


def is_real_folder(item: os.DirEntry[str]) -> bool:
    """Whether an item is a folder, and no link to one."""
    if not item.is_dir(follow_symlinks=False):
        return False
    # Elsewhere there are no junctions, and to ask would cost a system call for each folder.
    return os.name != "nt" or not is_junction(item.stat(follow_symlinks=False))


def _entry(name: str, file: os.DirEntry[str] | Path) -> FileEntry:
    try:
        stat = file.stat()
    except OSError:
        return FileEntry(name, 0, "dangling")
    return FileEntry(name, stat.st_size, _stamp(stat))


_NUMBERED: Final = os.name != "nt"


def _stamp(stat: os.stat_result) -> int:
    # Not the modification time alone: a copy can bring an old one along.
    # Windows tells the number of an open file, and not in a listing.
    number = stat.st_ino if _NUMBERED else 0
    return hash((stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, number))

"""archive.store."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from io import FileIO
from pathlib import Path
from stat import S_ISREG
from typing import IO, Final, NamedTuple, Protocol

from lfv_mcp.errors import SetupError


class FileEntry(NamedTuple):
    """A file as its store lists it; another stamp means another content."""

    name: str
    size: int
    stamp: int | str


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

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """One file, to read from its start.

        Raises:
            OSError, LfvError: it cannot be read.
        """


PARTIAL_SUFFIX: Final = ".partial"
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

    def entries(self) -> Iterator[FileEntry]:
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
                    yield FileEntry(folder, 0, "unlisted")
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
                if not name.endswith(PARTIAL_SUFFIX):
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


def _entry(name: str, file: os.DirEntry[str] | Path) -> FileEntry:
    try:
        stat = file.stat()
    except OSError:
        return FileEntry(name, 0, "dangling")
    # Not the modification time alone: a copy can bring an old one along.
    stamp = hash((stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino))
    return FileEntry(name, stat.st_size, stamp)

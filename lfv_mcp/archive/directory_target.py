"""A directory as the place that an archive is written to. Nothing is ever written outside it."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final

from lfv_mcp.archive.store import Directory
from lfv_mcp.archive.targets import (
    IN_MEMORY,
    Chunks,
    OccupiedError,
    PublishedFile,
    Spill,
    StagedFile,
    stage,
)
from lfv_mcp.archive.unfinished import UnfinishedFiles
from lfv_mcp.errors import SetupError

_ATTEMPTS: Final = 3
"""Times that a file is written whose unfinished form somebody removed."""


class DirectoryTarget:
    """A directory that files are written into, made when the first one comes.

    Args:
        path: the directory.
    """

    parallel = 1

    def __init__(self, path: Path) -> None:
        """Make nothing yet: a run that has nothing to write leaves no trace."""
        self.location = str(path)
        self._path = path
        self._top: Path | None = None
        self._unfinished: UnfinishedFiles | None = None
        self._is_made = False
        self._lock = Lock()

    def prepare(self) -> None:
        """As `Target.prepare`: a directory is looked at when the first file comes."""

    def _prepared(self) -> Path:
        """The directory, made if need be, without what a run that was killed has left in it."""
        with self._lock, self._failures(self._path):
            if self._top is None:
                self._is_made = not self._path.exists()
                self._path.mkdir(parents=True, exist_ok=True)
                top = self._path.resolve(strict=True)
                self._unfinished = UnfinishedFiles(top)
                self._top = top
            return self._top

    def stage(self, chunks: Chunks, folder: str, *, in_memory: int = IN_MEMORY) -> StagedFile:
        """As `Target.stage`."""

        def open_unfinished() -> tuple[BinaryIO, str]:
            path = self._make_folder(folder) / self._new_name()
            return path.open("xb"), str(path)

        spill = Spill(open_unfinished, lambda: self._failures(self._path / folder))
        return stage(chunks, in_memory, spill)

    def publish(self, staged: StagedFile, name: str, *, replace: bool = False) -> PublishedFile:
        """As `Target.publish`."""
        folder, _, last = name.rpartition("/")
        where = self._path / folder
        with self._failures(where):
            path = self._make_folder(folder) / last
            is_there = path.is_file() and not path.is_symlink()
            if is_there and not replace:
                if path.stat().st_size != staged.size:
                    raise OccupiedError(str(self._path / name))
                staged.discard()
                return PublishedFile(name, staged.size, staged.etag, is_new=False)
            for attempt in range(_ATTEMPTS):
                unfinished = self._written(staged, path)
                try:
                    unfinished.replace(path)
                    break
                except FileNotFoundError as error:
                    # An hour asleep, and another run has removed it as a leftover.
                    if staged.data is None or attempt == _ATTEMPTS - 1:
                        raise _LostError(path) from error
                except OSError:
                    unfinished.unlink(missing_ok=True)
                    raise
        return PublishedFile(name, staged.size, staged.etag, is_new=not is_there)

    def _written(self, staged: StagedFile, path: Path) -> Path:
        """The file that holds a staged content; written now, if the content is in memory."""
        if staged.data is None:
            return Path(staged.path)
        unfinished = path.with_name(self._new_name())
        try:
            with unfinished.open("xb") as out:
                out.write(staged.data)
                out.flush()
                os.fsync(out.fileno())
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        return unfinished

    def names(self, folder: str = "") -> list[str]:
        """As `Target.names`."""
        path = self._path / folder
        with self._failures(path):
            if not path.exists():
                return []
            if folder:
                return [f"{folder}/{name}" for name in os.listdir(path)]  # noqa: PTH208 - names
        return [entry.name for entry in Directory(path).entries()]

    def read(self, name: str, limit: int | None = None) -> bytes:
        """As `Target.read`."""
        with (self._path / name).open("rb") as file:
            return file.read(limit)

    def remove(self, name: str) -> None:
        """As `Target.remove`; folders that are empty then go, too."""
        path = self._prepared() / name
        with self._failures(path):
            if not path.parent.resolve().is_relative_to(self._prepared()):
                raise OSError(f"{path} leads out of the archive")
            path.unlink(missing_ok=True)
        with suppress(OSError):  # not empty
            for folder in path.parents:
                if folder == self._top:
                    break
                folder.rmdir()

    def close(self) -> None:
        """As `Target.close`; a directory that was made for nothing goes, too."""
        if self._unfinished is not None:
            self._unfinished.close()
            self._unfinished = None
        if self._is_made and self._top is not None:
            with suppress(OSError):  # not empty
                self._top.rmdir()

    def _new_name(self) -> str:
        """A name for a file of this run that is still being written."""
        self._prepared()
        return self._unfinished.new_name() if self._unfinished is not None else ""

    def _make_folder(self, folder: str) -> Path:
        """A folder, made if need be; a link on the way must not lead out."""
        top = self._prepared()
        path = top
        for part in filter(None, folder.split("/")):
            path /= part
            if not path.resolve().is_relative_to(top):
                raise OSError(f"{path} leads out of the archive")
            path.mkdir(exist_ok=True)
        return path

    @contextmanager
    def _failures(self, path: Path) -> Generator[None]:
        """Make what the file system refuses an error that ends the run."""
        try:
            yield
        except (OSError, RuntimeError) as error:  # RuntimeError: a link to itself
            if isinstance(error, _LostError):
                raise
            raise SetupError(
                "archive_unwritable",
                f"{path} cannot be written to: {getattr(error, 'strerror', None) or error}.",
                "Choose another --to directory, or mend this one; what is written already stays.",
            ) from error


class _LostError(OSError):
    """What is tried again later, because only the source can give that content once more."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EAGAIN, f"its unfinished copy beside {path} was removed meanwhile")

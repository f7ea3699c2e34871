"""A file store that is opened at its first listing, and again until that succeeds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Any

from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.errors import LfvError

logger = logging.getLogger(__name__)


class LateStore:
    """Files that may not be there yet: a mount that comes late, a source that is mended.

    Until they can be opened every listing of them fails with the reason, so a server can start
    and say in each answer what is wrong.

    Args:
        open_files: opens the real store; raises `LfvError` while that cannot be done.
        location: what the store is called until then.
        retold: makes the error that callers see; callers over a network may not see a path.
        file_retold: the same for the error of one file.
    """

    def __init__(
        self,
        open_files: Callable[[], FileStore],
        location: str,
        retold: Callable[[LfvError], LfvError] | None = None,
        file_retold: Callable[[LfvError], LfvError] | None = None,
    ) -> None:
        self.location = location
        self.parallel = 1
        self.rescan_after = 2.0
        self._open_files = open_files
        self._retold = retold
        self._file_retold = file_retold
        self._files: FileStore | None = None

    def entries(self) -> Iterator[FileEntry]:
        """Every file.

        Raises:
            LfvError: the files cannot be opened or listed.
        """
        try:
            yield from self._opened().entries()
        except LfvError as error:
            if self._retold is None:
                raise
            logger.warning("%s", error.message)
            raise self._retold(error) from error

    def open(self, name: str, **part: Any) -> AbstractContextManager[IO[bytes]]:
        """One file, to read from its start, or the part of it that the real store takes.

        Raises:
            OSError, LfvError: it cannot be read.
        """
        if self._files is None:
            raise FileNotFoundError(name)
        stream = self._files.open(name, **part)
        return stream if self._file_retold is None else _retelling(stream, self._file_retold)

    def _opened(self) -> FileStore:
        """The real store, which from then on says where the files are and how to read them.

        Raises:
            LfvError: it cannot be opened yet.
        """
        if self._files is None:
            files = self._open_files()
            self.location, self.parallel = files.location, files.parallel
            self.rescan_after = files.rescan_after
            self._files = files
        return self._files


@contextmanager
def _retelling(
    stream: AbstractContextManager[IO[bytes]], retold: Callable[[LfvError], LfvError]
) -> Generator[IO[bytes]]:
    """The same stream, whose errors are told in other words."""
    try:
        with stream as opened:
            yield opened
    except LfvError as error:
        # Not a warning: there may be a hundred thousand files, each with an error of its own.
        logger.info("%s", error.message)
        raise retold(error) from error

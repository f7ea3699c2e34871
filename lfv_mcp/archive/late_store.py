"""A file store that is opened at its first listing, and again until that succeeds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
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
    """

    def __init__(
        self,
        open_files: Callable[[], FileStore],
        location: str,
        retold: Callable[[LfvError], LfvError] | None = None,
    ) -> None:
        self.location = location
        self.parallel = 1
        self.rescan_after = 2.0
        self._open_files = open_files
        self._retold = retold
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
        return self._files.open(name, **part)

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

"""Reads files of an archive into a look, several at one time where that helps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Queue
from typing import Final

from lfv_mcp.archive.index import IndexedFile
from lfv_mcp.archive.loading import FileLoader
from lfv_mcp.archive.progress import Pace
from lfv_mcp.archive.store import FileEntry

_WAITING: Final = 100_000
"""Files that wait to be read at most; then the listing waits too, for memory is bounded."""
_HOPELESS: Final = 2
"""Failures in a row, times the files read at one time, after which the rest is not tried now: with
an S3 that is down, thirty thousand objects would keep a look busy for hours."""


class FileReader:
    """Reads files on threads of its own, or on the caller's if one at a time is as fast.

    The threads are daemons: a command that has its answer, or was stopped, does not wait for them.

    Args:
        loader: reads one file.
        parallel: files read at one time.
        keep: takes what a file holds.
        pace: is told of every file that was read.
    """

    def __init__(
        self,
        loader: FileLoader,
        parallel: int,
        keep: Callable[[FileEntry, IndexedFile], None],
        pace: Pace,
    ) -> None:
        """Start no thread yet."""
        self._loader = loader
        self._parallel = parallel
        self._keep = keep
        self._pace = pace
        self._queue: Queue[FileEntry | None] = Queue(_WAITING)
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._failed_in_a_row = 0
        self._last_failure: IndexedFile | None = None

    def read(self, entry: FileEntry) -> None:
        """Read a file now, or as soon as a thread is free."""
        if self._parallel == 1:  # on this thread alone: no lock, and no end of hope
            self._keep(entry, self._loader.load(entry))
            self._pace.count()
            return
        if len(self._threads) < self._parallel:
            thread = threading.Thread(target=self._work, name="archive-read", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._queue.put(entry)

    def finish(self) -> None:
        """Wait until every file has been read."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (entry := self._queue.get()) is not None:
            hopeless = self._last_failure if self._is_hopeless else None
            self._take(entry, hopeless or self._loader.load(entry))

    @property
    def _is_hopeless(self) -> bool:
        return self._failed_in_a_row >= _HOPELESS * self._parallel

    def _take(self, entry: FileEntry, file: IndexedFile) -> None:
        with self._lock:
            if file.failure is None:
                self._failed_in_a_row = 0
            else:
                self._failed_in_a_row += 1
                self._last_failure = file
            self._pace.count()
            self._keep(entry, file)

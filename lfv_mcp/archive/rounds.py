"""Work on many files, several at one time, that tries again what failed for a passing reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, TypeVar

from lfv_mcp.archive.store import FileEntry

T = TypeVar("T")
PAUSES: Final = (1.0, 4.0, 15.0)
"""Seconds before what has failed is tried again."""


class Rounds(NamedTuple):
    """How many files are worked on at one time, and how long is waited before trying again.

    Args:
        parallel: files at one time.
        wait: waits a number of seconds.
    """

    parallel: int
    wait: Callable[[float], None]

    def run(
        self,
        entries: Sequence[FileEntry],
        work: Callable[[FileEntry], T],
        may_pass: Callable[[T], bool],
    ) -> Iterator[T]:
        """What `work` makes of each file; of one that was tried again the last outcome alone.

        Args:
            entries: the files.
            work: does one of them.
            may_pass: whether an outcome is a failure that may soon be over.
        """
        for pause in PAUSES:
            failed: list[FileEntry] = []
            for entry, outcome in zip(entries, self._all(entries, work), strict=True):
                if may_pass(outcome):
                    failed.append(entry)
                else:
                    yield outcome
            if not failed:
                return
            nothing_worked = len(failed) == len(entries)
            entries = failed
            self.wait(pause)
            if nothing_worked:
                break  # once more: a source that is gone does not get all the time of one that is
        yield from self._all(entries, work)

    def _all(self, entries: Sequence[FileEntry], work: Callable[[FileEntry], T]) -> Iterator[T]:
        if self.parallel == 1:
            yield from map(work, entries)
            return
        pool = ThreadPoolExecutor(self.parallel, "archive")
        try:
            yield from pool.map(work, entries)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

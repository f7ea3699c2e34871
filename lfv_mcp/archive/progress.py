"""How far the indexing of an archive is, in numbers and in words."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

_RECENT: Final = 15.0
"""Seconds of reading by which its pace is judged: S3 and caches get faster, or slower."""
_ENOUGH: Final = 1.0
"""Seconds of reading before there is a pace: the first files wait for connections to be opened."""
_MARKS_APART: Final = 0.5


class IndexingProgress(NamedTuple):
    """How far a look at an archive's files has come.

    Args:
        files_read: files that have been read or were known already.
        files_total: files to read; None while they are still being listed.
        seconds_left: about how long it will still take; None while that cannot be told.
        unit: what a file is called in this place: `files`, or `objects` of S3.
        files_listed: files found by the listing so far, images among them.
    """

    files_read: int
    files_total: int | None
    seconds_left: float | None
    unit: str = "files"
    files_listed: int = 0

    def in_words(self) -> str:
        """For example `4,200 of 30,001 objects read, about 40 s more`."""
        if self.files_total is None:
            return f"{self.files_listed:,} {self.unit} listed, {self.files_read:,} read so far"
        words = f"{self.files_read:,} of {self.files_total:,} {self.unit} read"
        if self.seconds_left is None:
            return words
        return f"{words}, {self.time_left_in_words()} more"

    def time_left_in_words(self) -> str:
        """For example `about 40 s`; `some time` while that cannot be told."""
        if self.seconds_left is None:
            return "some time"
        seconds = max(1, round(self.seconds_left))
        if seconds < 120:
            return f"about {seconds} s"
        return f"about {round(seconds / 60)} minutes"


class Pace:
    """How fast files are being read, by the last seconds of reading; listing them is no part of it.

    Files are counted by one thread at a time; how long it takes may be asked by any.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.files = 0
        """Files read."""
        self._marks: deque[tuple[float, int]] = deque()  # times, and the files read until then

    def count(self) -> None:
        """Count one more file."""
        self.files += 1
        now = self._clock()
        if not self._marks or now - self._marks[-1][0] >= _MARKS_APART:
            self._marks.append((now, self.files))
            while len(self._marks) > 2 and now - self._marks[1][0] >= _RECENT:
                self._marks.popleft()

    def restart(self) -> None:
        """Judge by what is read from now on: packs take longer than the small files after them."""
        self._marks.clear()

    def seconds_for(self, files: int) -> float | None:
        """How long so many files more will take; None while that cannot be told."""
        try:
            began, before = self._marks[0]
        except IndexError:
            return None
        took, read = self._clock() - began, self.files - before
        return files * took / read if read > 0 and took >= _ENOUGH else None

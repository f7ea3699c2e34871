"""How far the indexing of an archive is, in numbers and in words."""

from __future__ import annotations

from typing import NamedTuple


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

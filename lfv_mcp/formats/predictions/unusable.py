"""What of a source was left out: counted by cause, and the first places of each cause."""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

from lfv_mcp.text import clean

_CAUSES: Final = 20
"""Causes that are told apart; what is left out for another one is counted together."""
_LOCATED: Final = 3
"""Places of one cause that are kept."""
_OTHER: Final = "other causes"
NO_PREDICTIONS: Final = "no predictions"
"""The cause of whole files that are something else, whatever each of them is."""


class UnusableLine(NamedTuple):
    """One thing that was left out.

    Args:
        file: the file's name, safe to show.
        place: where in it, such as `line 17`; empty for the file as a whole.
        reason: why.
    """

    file: str
    place: str
    reason: str

    def __str__(self) -> str:
        """`line 17 of a.csv: no image named`."""
        return f"{self.place} of {self.file}: {self.reason}" if self.place else self._of_file

    @property
    def _of_file(self) -> str:
        return f"{self.file}: {self.reason}"


class Unusable:
    """Everything of a source that was left out."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: list[UnusableLine] = []

    def add_file(self, file: str, reason: str, place: str = "") -> None:
        """Count a file, or an object, that is something else than predictions."""
        self.add(file, place, reason, NO_PREDICTIONS)

    def add(self, file: str, place: str, reason: str, cause: str = "") -> None:
        """Count one more, and keep its place if it is one of the first of its cause.

        Args:
            file: the file's name.
            place: where in it.
            reason: why it is of no use.
            cause: what it is counted under; empty for the reason.
        """
        reason = clean(reason, 300)
        cause = cause or reason
        cause = cause if cause in self.counts or len(self.counts) < _CAUSES else _OTHER
        self.counts[cause] += 1
        if self.counts[cause] <= _LOCATED:
            self.first.append(UnusableLine(clean(file, 200), place, reason))

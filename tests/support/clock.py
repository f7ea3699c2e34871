"""A clock that stands still until a test moves it on."""

from __future__ import annotations


class Clock:
    """The time that cached answers and an archive's index are kept by.

    Give `read` to a catalogue or an archive as its `clock`.
    """

    def __init__(self) -> None:
        self.now = 1_000.0

    def read(self) -> float:
        """Seconds."""
        return self.now

    def go_on(self, seconds: float) -> None:
        """Later, at once."""
        self.now += seconds

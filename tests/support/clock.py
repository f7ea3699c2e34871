"""A clock that stands still until a test moves it on."""

from __future__ import annotations

from types import SimpleNamespace

import pytest


class Clock:
    """The time that cached answers and an archive's index are kept by.

    Give `read` to a catalogue as its `clock`; an archive reads this clock by itself.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        patch.setattr("lfv_mcp.archive.archive.time", SimpleNamespace(monotonic=self.read))

    def read(self) -> float:
        """Seconds."""
        return self.now

    def go_on(self, seconds: float) -> None:
        """Later, at once."""
        self.now += seconds

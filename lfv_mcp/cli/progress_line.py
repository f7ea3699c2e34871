"""How far long work has come, in one line at a terminal that is written over and over."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self, TextIO

import click

from lfv_mcp.text import strip_invisible

_PAUSE: Final = 0.2
"""Seconds between two versions of the line."""
_WIDTH: Final = 79


class ProgressLine:
    """Shows `NAME: 4,200 of 30,001 files, about 40 s more` on stderr; nothing when nobody watches.

    Args:
        name: what is worked on.
        total: how many files there are, or other units; None while they are being listed.
        unit: what they are.
        out: where the line is shown; None for stderr.
        clock: seconds.
    """

    def __init__(
        self,
        name: str,
        total: int | None,
        *,
        unit: str = "files",
        out: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Show nothing yet."""
        self._name = strip_invisible(name).strip()[-40:]
        self._total = total
        self._unit = unit
        self._done = 0
        self._out = sys.stderr if out is None else out
        self._clock = clock
        self._started = self._shown = clock()
        self._is_shown = False

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def advance(self) -> None:
        """One more is done."""
        self._done += 1
        now = self._clock()
        if now - self._shown >= _PAUSE and self._out.isatty():
            self._shown = now
            self._is_shown = True
            click.echo(f"\r{self.text(now):{_WIDTH}}", nl=False, file=self._out)

    def text(self, now: float) -> str:
        """The line as it is at a moment of the clock."""
        if self._total is None:
            return f"{self._name}: {self._done:,} files listed"
        line = f"{self._name}: {self._done:,} of {self._total:,} {self._unit}"
        if 0 < self._done < self._total:
            seconds = (now - self._started) * (self._total - self._done) / self._done
            line += f", about {_duration(seconds)} more"
        return line

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wipe the line out: what is said at the end says more."""
        if self._is_shown:
            click.echo(f"\r{'':{_WIDTH}}\r", nl=False, file=self._out)


def _duration(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 120 else f"{round(seconds / 60)} minutes"

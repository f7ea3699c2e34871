"""Shows on stderr how far a long piece of work has come, while it goes on."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

TICK: Final = 1.0
"""Seconds between two looks at how far the work has come."""
PATIENCE: Final = 10.0
"""Seconds after which somebody who reads no terminal is told, once, that the work goes on."""
_ERASE: Final = "\r\x1b[K"


async def with_progress(
    work: Callable[[], Awaitable[None]],
    words: Callable[[], str],
    tick: float = TICK,
    patience: float = PATIENCE,
) -> None:
    """Do some work; meanwhile say on stderr how far it has come.

    At a terminal that is one line, rewritten each second and erased at the end. Elsewhere it is
    one line after ten seconds, so that logs stay short.

    Args:
        work: what to do.
        words: how far it has come, for example `4,200 of 30,001 objects read`; empty if there is
            nothing to say.
        tick: seconds between two looks at it.
        patience: seconds after which it is said where no terminal is.

    Raises:
        Exception: what the work raises, as it is.
    """
    import anyio

    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_show, words, tick, patience)
        try:
            await work()
        except Exception as error:  # raised below: the group would wrap it
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _show(words: Callable[[], str], tick: float, patience: float) -> None:
    import anyio

    rewrites = sys.stderr.isatty()
    shown, waited = False, 0.0
    try:
        while True:
            await anyio.sleep(tick)
            waited += tick
            text = words()
            if rewrites and (text or shown):
                _write(f"{_ERASE}{_within_terminal(text)}")
                shown = bool(text)
            elif not rewrites and text and waited >= patience:
                _write(f"{text}\n")
                return
    finally:
        if shown:
            _write(_ERASE)


def _within_terminal(text: str) -> str:
    """The text on one line: a longer one would wrap, and could not be erased."""
    import shutil

    return text[: max(20, shutil.get_terminal_size().columns - 1)]


def _write(text: str) -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()

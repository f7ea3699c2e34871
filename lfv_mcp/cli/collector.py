"""Pauses Python's garbage collector while a command starts."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def paused_collector() -> Generator[None]:
    """Pause the garbage collector until the end, or until `resume_collector`.

    Importing boto3 and pydantic makes several hundred thousand objects and no garbage. The
    collector would look through all of them again and again, and once more when the process ends:
    a fifth of the time of a command.
    """
    gc.disable()
    atexit.register(gc.freeze)  # what is frozen is not looked through at the end
    try:
        yield
    finally:
        gc.enable()


def resume_collector() -> None:
    """Let the garbage collector work again: everything that the command needs is imported."""
    gc.enable()

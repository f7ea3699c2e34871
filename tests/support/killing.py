"""A process that dies in the middle of what it does to the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


@contextmanager
def killed_at(number: int) -> Iterator[list[int]]:
    """Die at the n-th call that changes the disk; counts the calls."""
    calls = [0]
    with pytest.MonkeyPatch.context() as patch:

        def dying(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **more: Any) -> Any:
                calls[0] += 1
                if calls[0] >= number:  # also in the `finally` that follows
                    raise Killed
                return real(*arguments, **more)

            return call

        for name in ("mkdir", "fsync", "replace", "unlink"):
            patch.setattr(os, name, dying(getattr(os, name)))
        yield calls

"""What boto3 does to tests, taken out of them: its data files, its pauses and its jitter."""

from __future__ import annotations

import functools
import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from botocore.loaders import JSONFileLoader
from botocore.retries.standard import ExponentialBackoff

PAUSES: Final[defaultdict[int, float]] = defaultdict(float)
"""By thread: the seconds that botocore would have slept between its attempts, at the most."""


@contextmanager
def data_files_parsed_once() -> Iterator[None]:
    """boto3's own JSON files are parsed once, not for each client that a test makes."""
    load = functools.cache(JSONFileLoader().load_file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: load(path))
        yield


@contextmanager
def jitter_of_its_own() -> Iterator[None]:
    """boto3's retries draw their pauses from a generator of their own, not from the global one.

    A look at an archive may retry in its thread after its test has ended. If it drew from the
    global generator while hypothesis drew in another test, that test failed with "Do not use the
    `random` module inside strategies", once in every few runs of the suite.
    """
    construct = ExponentialBackoff.__init__

    def constructed(backoff: Any, *given: Any, **options: Any) -> None:
        construct(backoff, *given, **options)
        if backoff._random == random.random:
            backoff._random = random.Random().random

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ExponentialBackoff, "__init__", constructed)
        yield


def count_pauses(patch: pytest.MonkeyPatch) -> None:
    """Keep boto3's retries as they are, but count their random sleeps at the longest instead."""
    delay_amount = ExponentialBackoff.delay_amount

    def counted(backoff: Any, context: Any) -> float:
        backoff._random = lambda: 1.0
        PAUSES[threading.get_ident()] += delay_amount(backoff, context)
        return 0.0

    patch.setattr(ExponentialBackoff, "delay_amount", counted)

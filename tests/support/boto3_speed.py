"""What boto3 does to tests, taken out of them: costs of a session, its pauses and its jitter."""

from __future__ import annotations

import functools
import inspect
import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import botocore.hooks
import pytest
from botocore.hooks import EventAliaser
from botocore.loaders import JSONFileLoader
from botocore.retries.standard import ExponentialBackoff
from botocore.utils import EVENT_ALIASES

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
def handlers_registered_fast() -> Iterator[None]:
    """What botocore works out for each handler of each session, it works out once.

    Every catalogue of a test opens a session, a thousand in the quick suite, and every session
    registers the same 130 handlers. For each of them botocore looked through all aliases of its
    event's name, and at the handler's signature: two thirds of the ten milliseconds of a session.
    """
    construct = EventAliaser.__init__
    accepts = botocore.hooks.accepts_kwargs
    names: dict[str, str] = {}

    def constructed(aliaser: Any, *given: Any, **options: Any) -> None:
        construct(aliaser, *given, **options)
        if aliaser._event_aliases == EVENT_ALIASES:
            aliaser._alias_name_cache = names

    def accepted(handler: Any) -> Any:
        code = getattr(handler, "__code__", None)
        return code.co_flags & inspect.CO_VARKEYWORDS if code else accepts(handler)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EventAliaser, "__init__", constructed)
        patch.setattr(botocore.hooks, "accepts_kwargs", accepted)
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

"""What makes boto3 slow in tests, taken out of them: its data files and its pauses."""

from __future__ import annotations

import functools
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


def count_pauses(patch: pytest.MonkeyPatch) -> None:
    """Keep boto3's retries as they are, but count their random sleeps at the longest instead."""
    delay_amount = ExponentialBackoff.delay_amount

    def counted(backoff: Any, context: Any) -> float:
        backoff._random = lambda: 1.0
        PAUSES[threading.get_ident()] += delay_amount(backoff, context)
        return 0.0

    patch.setattr(ExponentialBackoff, "delay_amount", counted)

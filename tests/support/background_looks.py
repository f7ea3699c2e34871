"""What archives of a test go on reading in the background, ended with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import pytest

from lfv_mcp.archive.scan import Scanner


@contextmanager
def ended_retries() -> Iterator[Callable[[], None]]:
    """A function that ends the retries of all archives that were opened since it was last called.

    A process serves one archive until it ends. Tests open hundreds, and a file that one of them
    could not read would be tried again, for a minute, in the tests that come after.
    """
    scanners: WeakSet[Scanner] = WeakSet()
    construct = Scanner.__init__

    def constructed(scanner: Scanner, *given: Any, **options: Any) -> None:
        construct(scanner, *given, **options)
        scanners.add(scanner)

    def end() -> None:
        for scanner in list(scanners):
            scanner._retry_wake.set()  # as the next look does
        scanners.clear()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scanner, "__init__", constructed)
        yield end

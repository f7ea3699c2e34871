"""How long indexing will still take, by a clock of the test's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.archive.progress import Pace
from tests.support.clock import Clock


def read_for(seconds: float, per_second: float, pace: Pace, clock: Clock) -> None:
    for _ in range(round(seconds * per_second)):
        clock.go_on(1 / per_second)
        pace.count()


@given(
    listing=st.floats(0, 600),
    per_second=st.floats(2, 500),
    seconds=st.floats(2, 60),
    files=st.integers(1, 100_000),
)
def test_the_listing_does_not_count(
    listing: float, per_second: float, seconds: float, files: int
) -> None:
    clock = Clock()
    pace = Pace(clock.read)
    clock.go_on(listing)
    read_for(seconds, per_second, pace, clock)
    told = pace.seconds_for(files)
    assert told is not None
    assert told == pytest.approx(files / per_second, rel=0.01)


@given(before=st.floats(1, 200), after=st.floats(2, 200))
def test_an_old_pace_is_forgotten(before: float, after: float) -> None:
    """275 objects had been read while connections were opened, and the rest came faster."""
    clock = Clock()
    pace = Pace(clock.read)
    read_for(60, before, pace, clock)
    read_for(20, after, pace, clock)
    told = pace.seconds_for(1000)
    assert told is not None
    assert told == pytest.approx(1000 / after, rel=0.1)


def test_nothing_is_told_before_there_is_something_to_go_by() -> None:
    clock = Clock()
    pace = Pace(clock.read)
    assert pace.seconds_for(10) is None
    clock.go_on(100)
    assert pace.seconds_for(10) is None
    read_for(0.5, 100, pace, clock)
    assert pace.seconds_for(10) is None
    read_for(1, 100, pace, clock)
    assert pace.seconds_for(10) == pytest.approx(0.1)
    pace.restart()
    assert pace.seconds_for(10) is None
    assert pace.files == 150


def test_silence_makes_it_longer() -> None:
    clock = Clock()
    pace = Pace(clock.read)
    read_for(30, 10, pace, clock)
    assert pace.seconds_for(100) == pytest.approx(10, rel=0.1)
    clock.go_on(60)
    told = pace.seconds_for(100)
    assert told is not None
    assert told > 30

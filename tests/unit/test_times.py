"""Times: every saved spelling as epoch seconds, and epoch times as ISO 8601."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.times import epoch_seconds, iso_utc
from tests.support.saved_records import SPELLINGS
from tests.support.times import MOMENTS

times = st.integers(1_500_000_000_000, 1_800_000_000_000).map(lambda ms: ms / 1000)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1606581265.586, 1606581265.586),
        (1606579453, 1606579453.0),
        ("1606581265.586", 1606581265.586),
        ("2020-11-28T16:34:25.586Z", 1606581265.586),
        ("2020-11-28T16:34:25.586000", 1606581265.586),  # no zone: UTC, as in the service's files
        ("2020-11-28 17:34:25.586000+01:00", 1606581265.586),
        ("Sat, 28 Nov 2020 16:34:25 GMT", 1606581265.0),
        ("Sat, 28 Nov 2020 16:34:25 -0000", 1606581265.0),
        (datetime(2020, 11, 28, 16, 34, 25, tzinfo=UTC), 1606581265.0),
        (datetime(2020, 11, 28, 16, 34, 25), 1606581265.0),  # no zone: UTC, whatever the machine's
        (datetime(2020, 11, 28, 18, 34, 25, tzinfo=timezone(timedelta(hours=2))), 1606581265.0),
        (None, None),
        (True, None),
        ("", None),
        ("soon", None),
        ([], None),
        ({}, None),
        (-1, None),
        (1e11, None),
        (10**400, None),
        ("9" * 400, None),
        (math.nan, None),
        (math.inf, None),
        ("nan", None),
        ("inf", None),
        ("9999-99-99T00:00:00Z", None),
    ],
)
def test_time(value: object, seconds: float | None) -> None:
    assert epoch_seconds(value) == seconds


@given(times, st.sampled_from(sorted(SPELLINGS)))
def test_time_in_every_spelling(seconds: float, spelling: str) -> None:
    assert epoch_seconds(SPELLINGS[spelling](seconds)) == seconds


@pytest.mark.parametrize(("moment", "text"), MOMENTS)
def test_iso_has_milliseconds(moment: datetime, text: str) -> None:
    assert iso_utc(moment) == text


@given(times)
def test_iso_is_read_back(seconds: float) -> None:
    assert epoch_seconds(iso_utc(datetime.fromtimestamp(seconds, UTC))) == seconds

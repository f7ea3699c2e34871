"""Times: every saved spelling as epoch seconds, and epoch times as ISO 8601."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.times import (
    ABBREVIATED_ZONES,
    UnreadableTime,
    UnsetTime,
    epoch_seconds,
    epoch_seconds_in_utc,
    iso_utc,
    read_time,
)
from tests.support.language_dumps import TIMES, ZONED_TIMES
from tests.support.saved_records import SPELLINGS
from tests.support.times import MOMENTS

times = st.integers(1_500_000_000_000, 1_800_000_000_000).map(lambda ms: ms / 1000)
AT = 1615284672.345  # 2021-03-09T10:11:12.345Z
WHOLE = 1615284672.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1606581265.586, 1606581265.586),
        (1606579453, 1606579453.0),
        ("1606581265.586", 1606581265.586),
        ("1.606581265586E9", 1606581265.586),
        ("2020-11-28T16:34:25.586Z", 1606581265.586),
        ("2020-11-28 17:34:25.586000+01:00", 1606581265.586),
        ("Sat, 28 Nov 2020 16:34:25 GMT", 1606581265.0),
        ("Sat, 28 Nov 2020 16:34:25 -0000", 1606581265.0),
        ("Sun, 28 Nov 2020 16:34:25 GMT", 1606581265.0),  # the date counts, not its weekday
        (datetime(2020, 11, 28, 16, 34, 25, tzinfo=UTC), 1606581265.0),
        (datetime(2020, 11, 28, 18, 34, 25, tzinfo=timezone(timedelta(hours=2))), 1606581265.0),
        # JavaScript
        ("Mon Aug 22 2022 13:52:52 GMT-0700 (Pacific Daylight Time)", 1661201572.0),
        ("Mon Aug 22 2022 13:52:52 GMT+0900 (Japan Standard Time)", 1661143972.0),
        ("Tue, 09 Mar 2021 10:11:12 GMT", WHOLE),
        (1615284672345, AT),
        ("1615284672345", AT),
        # Java, Kotlin
        ("Tue Mar 09 19:11:12 JST 2021", WHOLE),
        ("Tue Mar 09 10:11:12 UTC 2021", WHOLE),
        ("Tue Mar 09 11:11:12 CET 2021", WHOLE),
        ("2021-03-09T19:11:12.345+09:00[Asia/Tokyo]", AT),
        ("2021-03-09T10:11:12.345Z[UTC]", AT),
        ("2021-03-09T19:11:12.345[Asia/Tokyo]", AT),
        ({"epochSecond": 1615284672, "nano": 345000000}, AT),
        ({"seconds": "1615284672", "nanos": 345000000}, AT),
        ({"millis": 1615284672345}, AT),
        # Go
        ("2021-03-09 10:11:12.345 +0000 UTC", AT),
        ("2021-03-09 19:11:12.345 +0900 JST", AT),
        ("2021-03-09 10:11:12.345 +0000 UTC m=+0.01", AT),
        ("Tue Mar 09 10:11:12 +0000 2021", WHOLE),
        (1615284672345678901, 1615284672.345679),
        (1615284672345678, 1615284672.345678),
        # Ruby, PHP, Python, MongoDB, DynamoDB
        ("2021-03-09 10:11:12 UTC", WHOLE),
        ("2021-03-09 19:11:12 +0900", WHOLE),
        ({"date": "2021-03-09 10:11:12.345000", "timezone_type": 3, "timezone": "UTC"}, AT),
        ({"date": "2021-03-09 19:11:12.345000", "timezone_type": 1, "timezone": "+09:00"}, AT),
        ({"$date": "2021-03-09T10:11:12.345Z"}, AT),
        ({"$date": {"$numberLong": "1615284672345"}}, AT),
        ({"$date": 1615284672345}, AT),
        ({"N": "1615284672.345"}, AT),
        ({"S": "2021-03-09T10:11:12.345Z"}, AT),
        # .NET, PowerShell
        ("/Date(1615284672345)/", AT),
        ("/Date(1615284672345+0900)/", AT),
        ({"value": "/Date(1615284672345)/", "DisplayHint": 2, "DateTime": "March 9"}, AT),
        ("2021-03-09T10:11:12.3450000Z", AT),
        ("22/8/2022 13:52:52 -07:00", 1661201572.0),  # 22 can only be the day
        ("8/22/2022 1:52:52 PM -07:00", 1661201572.0),
        ("22.08.2022 20:52:52 +00:00", 1661201572.0),
        ("3/3/2021 10:11:12 AM +00:00", 1614766272.0),  # the same in either order
        # shells
        ("Tue Mar  9 10:11:12 UTC 2021", WHOLE),
        ("Tue 09 Mar 2021 10:11:12 AM UTC", WHOLE),
        ("Tue Mar 9 12:11:12 AM GMT 2021", 1615248672.0),
        ("20210309T101112Z", WHOLE),
        ("2021/03/09 10:11:12 +0000", WHOLE),
        ("2021-03-09t10:11:12z", None),
    ],
)
def test_time(value: object, seconds: float | None) -> None:
    assert epoch_seconds(value) == seconds
    assert epoch_seconds_in_utc(value) == seconds


_NO_ZONE = "has no time zone"
_NO_ORDER = "may have its day and month swapped"


NO_TIMES: Final[tuple[object, ...]] = (
    *("soon", "nan", "inf", "9" * 400, "March", "10:11:12", "2021-03-09 10:11:12 +99"),
    *("Tue Mar 09 10:11:12 UTC JST 2021", "2021-03-09 10:11:12 UTC and later"),
    *(None, True, [], {}, [[]], {"$date": {}}, {"seconds": "x"}, {"at": 5}),
    "\u0661\u0666\u0661\u0665\u0662\u0668\u0664\u0666\u0667\u0662",
)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        # read as UTC, these were seven or nine hours wrong
        ("2021-03-09T10:11:12.345", _NO_ZONE),
        ("2021-03-09 10:11:12", _NO_ZONE),
        (datetime(2021, 3, 9, 10, 11, 12), _NO_ZONE),
        ("Tue Mar  9 10:11:12 2021", _NO_ZONE),
        ("Tuesday, March 9, 2021 10:11:12 AM", _NO_ZONE),
        ("8/22/2022, 1:52:52 PM", _NO_ZONE),
        ("Tue, 09 Mar 2021 10:11:12", _NO_ZONE),
        ([2021, 3, 9, 10, 11, 12], _NO_ZONE),
        ("3/9/2021 10:11:12 AM", f"{_NO_ORDER}, and {_NO_ZONE}"),
        ("09.03.2021 10:11:12", f"{_NO_ORDER}, and {_NO_ZONE}"),
        ("3/9/2021 10:11:12 AM +00:00", _NO_ORDER),
        ("2021-03-09", "has no time of day"),
        ("March 9, 2021", "has no time of day"),
        ("Tue Mar 09 10:11:12 CST 2021", "names its time zone by CST, which has several meanings"),
        ("Tue Mar 09 10:11:12 IST 2021", "names its time zone by IST, which has several meanings"),
        ("Tue, 09 Mar 2021 10:11:12 EST", "names its time zone by EST, which has several meanings"),
        (
            "2021-10-31T01:30:00[Europe/London]",
            "is in the hour when clocks are changed, and has no offset",
        ),
        ("2021-03-09T10:11:12[Mars/Olympus]", "has a time zone that is not known here"),
        ("2021-02-30T10:11:12Z", "is a date that does not exist"),
        ("9999-99-99T00:00:00Z", "is a date that does not exist"),
        ("1999-03-09T10:11:12Z", "is long before or after the service existed"),
        (44264.42, "is no time from 2015 to 2040"),  # Excel
        (637508346723450000, "is no time from 2015 to 2040"),  # .NET's ticks
        (86400, "is no time from 2015 to 2040"),
        (-1, "is no time from 2015 to 2040"),
        (1e11, "is no time from 2015 to 2040"),
        (10**400, "is no time from 2015 to 2040"),
        (math.nan, "is no time from 2015 to 2040"),
        (math.inf, "is no time from 2015 to 2040"),
        ("20210309", "is no time from 2015 to 2040"),
        ("20210309101112", "is no time from 2015 to 2040"),
        *((value, "is not a time in a spelling that is read") for value in NO_TIMES),
    ],
)
def test_unread_time_says_why(value: object, why: str) -> None:
    read = read_time(value)
    assert isinstance(read, UnreadableTime)
    assert read.startswith(why)
    assert epoch_seconds(value) is None


@pytest.mark.parametrize(
    "value",
    [
        *("", "  ", 0, 0.0, "0", "1970-01-01T00:00:00Z", "1970-01-01T09:00:00+09:00"),
        *("0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "0001-01-01 00:00:00 +0000 UTC"),
        *("1/1/0001 12:00:00 AM", "/Date(-62135596800000)/", "/Date(-62135568000000)/"),
        *({"seconds": 0, "nanos": 0}, {"seconds": -62135596800, "nanos": 0}, datetime(1, 1, 1)),
    ],
)
def test_time_that_was_never_set_says_nothing(value: object) -> None:
    assert isinstance(read_time(value), UnsetTime)
    assert epoch_seconds(value) is None


@pytest.mark.parametrize("value", ["2020-11-28T16:34:25.586", datetime(2020, 11, 28, 16, 34, 25)])
def test_in_the_files_of_the_service_no_zone_is_utc(value: object) -> None:
    assert epoch_seconds_in_utc(value) in (1606581265.586, 1606581265.0)


@given(times, st.sampled_from(sorted(SPELLINGS)))
def test_time_in_every_spelling(seconds: float, spelling: str) -> None:
    assert epoch_seconds(SPELLINGS[spelling](seconds)) == seconds


@given(times, st.sampled_from(sorted(TIMES)))
def test_time_in_every_language(seconds: float, language: str) -> None:
    """To the second where the language prints no more."""
    read = epoch_seconds(TIMES[language](seconds))
    assert read is not None
    assert read in (seconds, math.floor(seconds))


@given(times, st.sampled_from(sorted(ZONED_TIMES)), st.integers(-14 * 60, 14 * 60))
def test_time_in_every_zone(seconds: float, language: str, minutes: int) -> None:
    """Whatever the zone of the machine that printed it, the moment is the same."""
    zone = timezone(timedelta(minutes=minutes))
    read = epoch_seconds(ZONED_TIMES[language](seconds, zone))
    assert read in (seconds, math.floor(seconds))


@given(st.text(max_size=40) | st.from_regex(r"[0-9A-Za-z:/+., \-\[\]()]{0,40}", fullmatch=True))
def test_no_text_is_fatal(text: str) -> None:
    assert isinstance(read_time(text), float | UnreadableTime | UnsetTime)


def test_abbreviations_that_are_read_have_one_meaning() -> None:
    """In no zone of the IANA database do they stand for another offset, while the service lived."""
    if not (names := available_timezones()):
        pytest.skip("no time zone data on this machine")
    months = [
        datetime(year, month, 15, tzinfo=UTC) for year in range(2020, 2027) for month in (1, 7)
    ]
    for name in names - {"localtime"}:
        for moment in months:
            local = moment.astimezone(ZoneInfo(name))
            hours = ABBREVIATED_ZONES.get(local.tzname() or "")
            assert hours is None or local.utcoffset() == timedelta(hours=hours), name


@pytest.mark.parametrize(("moment", "text"), MOMENTS)
def test_iso_has_milliseconds(moment: datetime, text: str) -> None:
    assert iso_utc(moment) == text


@given(times)
def test_iso_is_read_back(seconds: float) -> None:
    assert epoch_seconds(iso_utc(datetime.fromtimestamp(seconds, UTC))) == seconds

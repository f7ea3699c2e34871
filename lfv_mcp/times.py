"""Times: every spelling in which answers and files were saved, as epoch seconds or ISO 8601.

The spellings are our own strict patterns, not dateutil's: that parser fills in what a text lacks
and drops what it does not know, so `13:52:52 GMT-0700 (PDT)` or `19:11:12 JST` comes out hours
wrong. Here a time is read exactly, or it is an `UnreadableTime` that says why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import Enum
from typing import Any, Final, TypeGuard
from zoneinfo import ZoneInfo

_PLAUSIBLE: Final = (1_420_070_400, 2_208_988_800)
"""2015 and 2040 in epoch seconds, around the life of the service; a bare number must fall between
them in one of four units."""
_UNITS: Final = (1, 10**3, 10**6, 10**9)
"""How many of them make a second: seconds, milliseconds, microseconds, nanoseconds."""
_ZERO: Final = 0
"""What a time is that nobody set: 1970 in most languages, the year 1 in .NET and Go."""


class UnreadableTime(str):
    """Why a value is not read as a time, as the end of a sentence: `has no time zone`."""

    __slots__ = ()


class UnsetTime(Enum):
    """A language's own value of a time that was never set: it says nothing, like null."""

    UNSET = "unset"


_NO_ZONE: Final = UnreadableTime("has no time zone")
_NO_ORDER: Final = UnreadableTime("may have its day and month swapped")
_NO_ORDER_NO_ZONE: Final = UnreadableTime(
    "may have its day and month swapped, and has no time zone"
)
_NO_TIME: Final = UnreadableTime("is not a time in a spelling that is read")
_NO_CLOCK: Final = UnreadableTime("has no time of day")
_NO_DATE: Final = UnreadableTime("is a date that does not exist")
_NO_UNIT: Final = UnreadableTime(
    "is no time from 2015 to 2040 in seconds, milliseconds, microseconds or nanoseconds"
)
_OUTSIDE: Final = UnreadableTime("is long before or after the service existed")
_UNSET: Final = UnsetTime.UNSET
Time = float | UnsetTime | UnreadableTime


def iso_utc(moment: datetime) -> str:
    """A time as ISO 8601 in UTC, in milliseconds as the API sends them, or microseconds if needed.

    `2025-08-04 10:30:00.412+02:00` → `"2025-08-04T08:30:00.412Z"`; a time without a zone is UTC.
    """
    utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    spec = "microseconds" if utc.microsecond % 1000 else "milliseconds"
    return utc.isoformat(timespec=spec).replace("+00:00", "Z")


def epoch_seconds(value: object) -> float | None:
    """A time in any saved spelling as seconds since 1970 (UTC), to the microsecond; else None.

    A time without a zone is None, and so is one whose day and month may be swapped.
    `"2020-11-28T16:34:25.586Z"`, `"1606581265.586"` and `1606581265586` → 1606581265.586;
    `"2020-11-28T16:34:25"` and `"soon"` → None.
    """
    read = read_time(value)
    return read if isinstance(read, float) else None


def epoch_seconds_in_utc(value: object) -> float | None:
    """As `epoch_seconds`, for a file of the service itself: a time without a zone is UTC there."""
    read = read_time(value, zone=UTC)
    return read if isinstance(read, float) else None


def read_time(value: object, *, zone: tzinfo | None = None) -> Time:
    """A time as epoch seconds, or what else the value is: never set, or not to be read, and why.

    Args:
        value: text, a number, a `datetime`, or the object that some serialiser makes of a time.
        zone: of a time that names none; None to leave such a time unread.
    """
    if type(value) is float and _PLAUSIBLE[0] <= value < _PLAUSIBLE[1]:  # as the API sends it
        return round(value, 6)
    read: Time = _NO_TIME
    match value:
        case bool():
            pass
        case int() | float():
            read = _of_number(value)
        case str():
            read = _of_text(value.strip(), zone)
        case datetime():
            read = _of_datetime(value, zone)
        case _ if _is_object(value):
            read = _of_object(value, zone)
        case _ if _is_array(value) and len(value) in range(3, 8):
            if all(type(part) is int for part in value):
                read = _NO_ZONE  # Jackson's LocalDateTime: year, month, day, hour, ...
        case _:
            pass
    return read


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_array(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _in_range(seconds: float) -> Time:
    """The seconds to the microsecond, so that every spelling of one time is the same number."""
    if seconds == _ZERO or seconds < _YEAR_TWO:
        return _UNSET
    return round(float(seconds), 6) if _PLAUSIBLE[0] <= seconds < _PLAUSIBLE[1] else _OUTSIDE


_YEAR_TWO: Final = datetime(2, 1, 1, tzinfo=UTC).timestamp()


def _of_number(value: float) -> Time:
    """A bare number: its unit is the only one in which it is a time of this service."""
    if value == _ZERO:
        return _UNSET
    for unit in _UNITS:
        if _PLAUSIBLE[0] * unit <= value < _PLAUSIBLE[1] * unit:
            # In whole numbers as far as they go: a float has not the digits of nanoseconds.
            if isinstance(value, int):
                seconds, rest = divmod(value, unit)
                return round(seconds + rest / unit, 6)
            return round(value / unit, 6)
    return _NO_UNIT


def _of_milliseconds(value: object) -> Time:
    number = _number(value)
    return _NO_TIME if number is None else _in_range(number / 1000)


def _of_datetime(moment: datetime, zone: tzinfo | None) -> Time:
    if moment.year == 1:
        return _UNSET
    if moment.tzinfo is None:
        if zone is None:
            return _NO_ZONE
        moment = moment.replace(tzinfo=zone)
    return _in_range((moment - _EPOCH) / timedelta(seconds=1))


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


# Text

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
_DOTNET: Final = re.compile(r"\\?/Date\((-?[0-9]{1,18})(?:[+-][0-9]{4})?\)\\?/")
_COMMENT: Final = re.compile(r"\([^()]*\)")
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})")
_YEAR_LAST: Final = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})")
_CLOCK: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,12}))?)?")
_OFFSET: Final = re.compile(r"(?:GMT|UTC)?([+-])([0-9]{1,2}):?([0-9]{2})?")
_REGION: Final = re.compile(r"\[?([A-Za-z_]{2,30}(?:/[A-Za-z0-9_+-]{1,30}){1,2})\]?")
_ABBREVIATION: Final = re.compile(r"[A-Z]{1,5}")
_MONOTONIC: Final = re.compile(r"m=[+-][0-9.]+")  # Go's own clock, printed after a time
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ABBREVIATED_ZONES: Final = {"UTC": 0, "JST": 9, "KST": 9, "CET": 1, "CEST": 2}
"""Hours of the zones whose abbreviation has one meaning; IST, CST, BST, EST, ... have several."""
_MAX_OFFSET: Final = timedelta(hours=15)


def _of_text(text: str, zone: tzinfo | None) -> Time:
    if not text:
        return _UNSET
    if len(text) > 120:
        return _NO_TIME
    if _NUMBER.fullmatch(text):
        return _of_number(int(text) if text.isdecimal() else float(text))
    if found := _DOTNET.fullmatch(text):
        return _of_milliseconds(found[1])
    if len(text) > 10:
        try:
            return _of_datetime(datetime.fromisoformat(text), zone)
        except (ValueError, OverflowError):
            pass
    return _of_words(text, zone)


class _Parts:
    """The parts of a written time, each of which may be given once."""

    def __init__(self) -> None:
        self.year: int | None = None
        self.month: int | None = None
        self.day: int | None = None
        self.weekday: int | None = None
        self.clock: re.Match[str] | None = None
        self.half: str | None = None
        self.offset: timedelta | None = None
        self.region: str | None = None
        self.abbreviation: str | None = None
        self.swappable = False

    def take(self, word: str) -> bool:
        """Take one word of the text; False if it is none of a time's, or says a part twice."""
        lower = word.lower()
        for numbers in (_YEAR_FIRST.fullmatch(word), _YEAR_LAST.fullmatch(word)):
            if numbers:
                return self._take_numbers(*(int(part) for part in numbers.groups()))
        if found := _CLOCK.fullmatch(word):
            return self._once("clock", found)
        if lower in ("am", "pm", "a.m.", "p.m."):
            return self._once("half", lower[0])
        for names, part, first in ((_MONTHS, "month", 1), (_DAYS, "weekday", 0)):
            for number, name in enumerate(names, first):
                if lower.rstrip(".") in (name, name[:3]):
                    return self._once(part, number)
        if word.isdecimal() and word.isascii() and len(word) <= 4 and len(word) != 3:
            return self._once("year" if len(word) == 4 else "day", int(word))
        return self._take_zone(word)

    def _take_numbers(self, *numbers: int) -> bool:
        first, second, third = numbers
        if first > 31:
            given = (first, second, third)
        else:  # day and month in either order; a number above 12 shows which is the day
            self.swappable = first <= 12 and second <= 12 and first != second
            given = (third, first, second) if second > 12 else (third, second, first)
        return all(
            self._once(part, number)
            for part, number in zip(("year", "month", "day"), given, strict=True)
        )

    def _take_zone(self, word: str) -> bool:
        if found := _OFFSET.fullmatch(word):
            sign, hours, minutes = found.groups()
            offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
            possible = offset <= _MAX_OFFSET and int(minutes or 0) < 60
            return possible and self._once("offset", -offset if sign == "-" else offset)
        name = "UTC" if word in ("z", "Z", "[UTC]", "[GMT]", "GMT", "UT") else word
        if _ABBREVIATION.fullmatch(name):
            return self._once("abbreviation", name)
        if found := _REGION.fullmatch(word):
            return self._once("region", found[1])
        return bool(_MONOTONIC.fullmatch(word))

    def _once(self, part: str, value: object) -> bool:
        if getattr(self, part) not in (None, value):
            return False
        setattr(self, part, value)
        return True

    def local(self) -> datetime | None:
        """The date and the time of day; None if they do not exist.

        Raises:
            ValueError: a number is out of its range.
        """
        if self.clock is None or self.year is None or self.month is None or self.day is None:
            return None
        hour, minute, second, fraction = self.clock.groups()
        hours = int(hour)
        if self.half is not None:
            if not 1 <= hours <= 12:
                return None
            hours = hours % 12 + (12 if self.half == "p" else 0)
        microsecond = int((fraction or "0").ljust(6, "0")[:6])
        # Without a look at the weekday, which says nothing that the date does not.
        day = date(self.year, self.month, self.day)
        return datetime.combine(day, time(hours, int(minute), int(second or 0), microsecond))


def _of_words(text: str, zone: tzinfo | None) -> Time:
    """A time of words in any order: a month by its name cannot be taken for a day.

    JavaScript's and Java's Date, HTTP dates, `date`, Ruby, Go, PowerShell and .NET are such.
    """
    # The offset rules, so a zone's name beside it is only a comment.
    words = re.sub(r",(?=\s|$)", " ", _COMMENT.sub(" ", text)).replace("[", " [")
    joined = re.sub(r"([0-9])T(?=[0-9]{1,2}:)", r"\1 ", words)
    joined = re.sub(r"(:[0-9]{2}(?:[.,][0-9]+)?)(?=[Zz+-])", r"\1 ", joined)
    parts = _Parts()
    if not all(parts.take(word) for word in joined.split()):
        return _NO_TIME
    try:
        local = parts.local()
    except ValueError:
        return _NO_DATE
    if local is None:
        return _NO_CLOCK if parts.day is not None and parts.clock is None else _NO_TIME
    return _at(local, parts, zone)


def _at(local: datetime, parts: _Parts, zone: tzinfo | None) -> Time:
    """The time of a date and a time of day, in the zone that the parts name."""
    known = _zone(parts, local)
    if local.year == 1:
        return _UNSET
    if isinstance(known, UnreadableTime):
        return known
    if parts.swappable:
        return _NO_ORDER if known or zone else _NO_ORDER_NO_ZONE
    return _of_datetime(local.replace(tzinfo=known), zone)


def _zone(parts: _Parts, local: datetime) -> tzinfo | UnreadableTime | None:
    """The zone that the parts name: by offset, else by region, else by an abbreviation."""
    if parts.offset is not None:
        return timezone(parts.offset)
    if parts.region is not None:
        return _zone_of_region(parts.region, local)
    if parts.abbreviation is None:
        return None
    hours = ABBREVIATED_ZONES.get(parts.abbreviation)
    if hours is None:
        return UnreadableTime(
            f"names its time zone by {parts.abbreviation}, which has several meanings"
        )
    return timezone(timedelta(hours=hours))


def _zone_of_region(region: str, local: datetime) -> tzinfo | UnreadableTime:
    """The offset of a region such as Asia/Tokyo; none in the hour when clocks are changed."""
    try:
        found = ZoneInfo(region)
    except (ValueError, OSError, LookupError):  # no such region, or no time zone data here
        return UnreadableTime(f"has a time zone that is not known here, {region}")
    offsets = {local.replace(tzinfo=found, fold=fold).utcoffset() for fold in (0, 1)}
    offset = offsets.pop()
    if offsets or offset is None:
        return UnreadableTime("is in the hour when clocks are changed, and has no offset")
    return timezone(offset)


# Objects that serialisers make of a time


_SECONDS_AND: Final = (
    *(("seconds", "nanos"), ("seconds", "nanoseconds"), ("epochsecond", "nano")),
    *(("seconds", "subsecondnanos"), ("seconds", "subsecond_nanos")),
)
"""Members of protobuf, Firestore, Java's Instant and Rust: whole seconds, and nanoseconds."""


def _of_object(value: Mapping[str, Any], zone: tzinfo | None) -> Time:
    """What a serialiser makes of a time that has no text for it."""
    members = {str(name).lstrip("$_").lower(): item for name, item in value.items()}
    for whole, part in _SECONDS_AND:
        if whole in members and members.keys() <= {whole, part}:
            return _of_seconds_and_nanos(members[whole], members.get(part, 0))
    read: Time = _NO_TIME
    if "millis" in members:  # Joda
        read = _of_milliseconds(members["millis"])
    elif members.keys() == {"date"}:  # MongoDB's extended JSON
        read = _of_mongodb(members["date"], zone)
    elif "date" in members and "timezone" in members:  # PHP's DateTime
        read = _of_scalar(f"{members['date']} {members['timezone']}", zone)
    elif "value" in members and members.keys() <= {"value", "displayhint", "datetime"}:
        read = _of_scalar(members["value"], zone)  # PowerShell
    elif members.keys() in ({"n"}, {"s"}):  # DynamoDB
        read = _of_scalar(next(iter(members.values())), zone)
    return read


def _of_mongodb(moment: object, zone: tzinfo | None) -> Time:
    if _is_object(moment):
        (number, *others) = moment.values() or [None]
        return _NO_TIME if others else _of_milliseconds(number)
    return _of_milliseconds(moment) if _number(moment) is not None else _of_scalar(moment, zone)


def _of_scalar(value: object, zone: tzinfo | None) -> Time:
    return _NO_TIME if isinstance(value, dict | list) else read_time(value, zone=zone)


def _of_seconds_and_nanos(seconds: object, nanos: object) -> Time:
    whole, part = _number(seconds), _number(nanos)
    if whole is None or part is None or not 0 <= part < 10**9:
        return _NO_TIME
    return _in_range(whole + part / 10**9)


def _number(value: object) -> float | None:
    """A finite number, also as text."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value) if value.lstrip("+-").isdecimal() else float(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30:
        return value
    return None

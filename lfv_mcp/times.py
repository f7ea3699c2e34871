"""Times: every spelling in which answers and files were saved, as epoch seconds or ISO 8601."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_LATEST: Final = 1e11
"""Epoch seconds from which a number is no time of this service: milliseconds, say."""


def iso_utc(moment: datetime) -> str:
    """A time as ISO 8601 in UTC, in milliseconds as the API sends them, or microseconds if needed.

    `2025-08-04 10:30:00.412+02:00` → `"2025-08-04T08:30:00.412Z"`; a time without a zone is UTC.
    """
    utc = _with_zone(moment).astimezone(UTC)
    spec = "microseconds" if utc.microsecond % 1000 else "milliseconds"
    return utc.isoformat(timespec=spec).replace("+00:00", "Z")


def epoch_seconds(value: object) -> float | None:
    """A time in any saved spelling as seconds since 1970 (UTC), to the microsecond; else None.

    Read are a number, numeric text, ISO 8601, an HTTP date and a `datetime`. A time without a
    zone is UTC, as in the files that the service wrote. `"2020-11-28T16:34:25.586Z"`,
    `"1606581265.586"` and `1606581265.586` → 1606581265.586; `"soon"` → None.
    """
    if isinstance(value, str):
        seconds = _parse(value)
    elif isinstance(value, datetime):
        seconds = _with_zone(value).timestamp()
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value
    else:
        return None
    if seconds is None or not 0 <= seconds < _LATEST:  # refuses NaN, too
        return None
    # To the microsecond, so that every spelling of one time is the same number.
    return round(float(seconds), 6)


def _parse(text: str) -> float | None:
    for parser in _PARSERS:
        try:
            return parser(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _iso(text: str) -> float:
    return _with_zone(datetime.fromisoformat(text.strip())).timestamp()


def _http_date(text: str) -> float:
    return _with_zone(parsedate_to_datetime(text)).timestamp()


def _with_zone(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_PARSERS: Final[tuple[Callable[[str], float], ...]] = (float, _iso, _http_date)

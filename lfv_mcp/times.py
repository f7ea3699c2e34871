"""times."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def iso_utc(moment: datetime) -> str:
    """ISO 8601 in UTC, milliseconds as the API sends them (finer only if there is more)."""
    utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    spec = "microseconds" if utc.microsecond % 1000 else "milliseconds"
    return utc.isoformat(timespec=spec).replace("+00:00", "Z")


def epoch_seconds(value: object) -> float | None:
    """A time in any saved spelling → epoch seconds: number, numeric text, ISO 8601, HTTP date.

    A time without a zone is UTC: the files of the service are.
    """
    if type(value) is float:
        return round(value, 6) if 0 <= value < 1e11 else None
    if isinstance(value, datetime):
        value = value.timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    for parse in (float, _iso, _http_date):
        try:
            seconds = parse(value)  # type: ignore[arg-type]
        except (ValueError, TypeError, AttributeError, IndexError, OverflowError):
            continue
        # Microseconds, so that every spelling of one time is the same number; refuses NaN.
        return round(seconds, 6) if 0 <= seconds < 1e11 else None
    return None


def _iso(value: str) -> float:
    return _utc(datetime.fromisoformat(value.strip()))


def _http_date(value: str) -> float:
    return _utc(parsedate_to_datetime(value))


def _utc(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

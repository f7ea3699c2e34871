"""Times as Python has them, and as answers show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

MOMENTS: Final = [
    (datetime(2025, 8, 4, 8, 30, 0, 412000, UTC), "2025-08-04T08:30:00.412Z"),
    (datetime(2025, 8, 4, 8, 30, tzinfo=UTC), "2025-08-04T08:30:00.000Z"),
    (datetime(2025, 8, 4, 8, 30, 0, 412001, UTC), "2025-08-04T08:30:00.412001Z"),
    (
        datetime(2025, 8, 4, 1, 30, tzinfo=timezone(timedelta(hours=-7))),
        "2025-08-04T08:30:00.000Z",
    ),
    (datetime(2025, 8, 4, 8, 30), "2025-08-04T08:30:00.000Z"),  # the service writes UTC
    (datetime.fromtimestamp(1754298999.127, UTC), "2025-08-04T09:16:39.127Z"),
]
"""(a moment, its text in ISO 8601 UTC): milliseconds, finer only where there is more."""

"""Takes out of a text what belongs to the machine and the moment, and not to `lfv-mcp`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

_ISO: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
)
_HTTP: Final = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
_NEAR: Final = timedelta(days=2)
"""Times this near to now are of the run; those of the recorded answers are years away."""
_DOCTOR: Final = re.compile(
    r"^(ok   versions: lfv-mcp \S+, Python )\S+, mcp \S+, boto3 \S+, botocore \S+$", re.MULTILINE
)
_CLOCK: Final = re.compile(r"\b(since|at) \d\d:\d\d UTC")
_COMMAND: Final = re.compile(r"^(ok   command: ).+$", re.MULTILINE)

_WRITTEN: Final = re.compile(r"(?<=<bdi>lfv-mcp )[^,\s]+(?=, )")
_DATA: Final = re.compile(r"SHA-256 [0-9a-f]{64}(?=, of the data in this page)")
"""In a page: which version wrote it, and the hash of data with places of this machine in it."""


class Normaliser:
    """A function from text to text; it learns the names of folders and ports as they come up."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def learn(self, text: str, placeholder: str) -> None:
        """From now on `text` is written as `placeholder`."""
        self._known[text] = placeholder

    def __call__(self, text: str) -> str:
        """The text with placeholders for what differs from run to run."""
        # The longest first: a folder inside a known folder has a name of its own.
        for known in sorted(self._known, key=len, reverse=True):
            text = text.replace(known, self._known[known])
        text = _DOCTOR.sub(r"\1<version>, mcp <version>, boto3 <version>, botocore <version>", text)
        text = _COMMAND.sub(r"\1<command>", text)
        text = _DATA.sub("SHA-256 <digest>", _WRITTEN.sub("<version>", text))
        text = _CLOCK.sub(r"\1 <now>", text)
        return _HTTP.sub(_http_date, _ISO.sub(_iso_date, text))


def _iso_date(found: re.Match[str]) -> str:
    try:
        moment = datetime.fromisoformat(found[0])
    except ValueError:
        return found[0]
    return "<now>" if _is_near(moment) else found[0]


def _http_date(found: re.Match[str]) -> str:
    try:
        moment = parsedate_to_datetime(found[0])
    except ValueError:
        return found[0]
    return "<now>" if _is_near(moment) else found[0]


def _is_near(moment: datetime) -> bool:
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return abs(datetime.now(UTC) - known) < _NEAR

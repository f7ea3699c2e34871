"""What an answer rests on: the `x-lfv-*` headers of a replayed reply, and a source in words.

The archive plays the service at the wire, so what its reply rests on travels beside the API's own
members, in HTTP headers. `Provenance` writes and reads those headers; nothing else knows their
spelling.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args
from urllib.parse import quote, unquote

from lfv_mcp.results.common import Source, SourceBasis
from lfv_mcp.text import clean
from lfv_mcp.times import epoch_seconds

_KIND: Final = "x-lfv-kind"
_BASIS: Final = "x-lfv-basis"
_CAPTURED: Final = "x-lfv-captured"  # epoch seconds
_LOCATION: Final = "x-lfv-location"  # percent-encoded: a header is ASCII
_DISAGREEING: Final = "x-lfv-disagreeing"  # JSON: [[status, captured or null], ...]
_MAX_DISAGREEING: Final = 5
"""Other statuses that a reply carries: a header must stay short."""
_KNOWN_BASES: Final[dict[str, SourceBasis]] = {basis: basis for basis in get_args(SourceBasis)}


@dataclass(frozen=True, slots=True)
class OtherStatus:
    """A status that another saved record of the same model names, and when that was captured."""

    status: str | None
    captured: float | None
    """Epoch seconds; None if the record does not say when it was taken."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a replayed reply rests on.

    Args:
        kind: what the replay says of itself, `archive` or `sample`.
        basis: the kind of record behind the answer; None where the reply is not about one model.
        captured: when the record was taken, in epoch seconds; None if that is not recorded.
        location: the record's file, relative to the archive; empty if there is no single one.
        disagreeing: the statuses of other records about the same model.
    """

    kind: str
    basis: SourceBasis | None = None
    captured: float | None = None
    location: str = ""
    disagreeing: tuple[OtherStatus, ...] = ()

    def to_headers(self) -> dict[str, str]:
        """The headers that carry this provenance; what is unknown has no header."""
        headers = {_KIND: self.kind}
        if self.basis is not None:
            headers[_BASIS] = self.basis
        if self.location:
            headers[_LOCATION] = quote(self.location, errors="surrogateescape")
        if self.captured is not None:
            headers[_CAPTURED] = repr(self.captured)
        if self.disagreeing:
            headers[_DISAGREEING] = json.dumps(
                [
                    [other.status and other.status[:100], other.captured]
                    for other in self.disagreeing[:_MAX_DISAGREEING]
                ]
            )
        return headers

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Provenance | None:
        """The provenance in a reply's headers (lower-case names); None if no replay wrote any.

        A replay behind an endpoint is somebody else's server: what cannot be read is left out.
        """
        if _KIND not in headers and _BASIS not in headers:
            return None
        basis: SourceBasis | None = None
        if _BASIS in headers:
            basis = _KNOWN_BASES.get(headers[_BASIS], "describe_model")
        return cls(
            kind=headers.get(_KIND, ""),
            basis=basis,
            captured=epoch_seconds(headers.get(_CAPTURED, "")),
            location=clean(unquote(headers.get(_LOCATION, "")), 1024),
            disagreeing=_other_statuses(headers.get(_DISAGREEING, "")),
        )


def _other_statuses(header: str) -> tuple[OtherStatus, ...]:
    try:
        return tuple(
            OtherStatus(status and clean(str(status), 40), epoch_seconds(seconds))
            for status, seconds in json.loads(header)
        )
    except (ValueError, TypeError):
        return ()


def source_in_words(source: Source) -> str:
    """An answer's source as the end of a digest names it: kind, basis, capture time, location.

    For example `archive (describe_model), captured 2025-10-28T09:00:00.000Z, caps/3/model.json`.
    """
    kind = {
        "live": "live endpoint",
        "archive": "archive",
        "sample": "bundled synthetic sample",
    }[source.kind]
    captured = "" if source.captured_at is None else f", captured {source.captured_at}"
    location = "" if source.location is None else f", {source.location}"
    return f"{kind} ({source.basis}){captured}{location}"

"""What an answer rests on: the `x-lfv-*` headers of a replayed reply, and a source in words.

The archive plays the service at the wire, so what its reply rests on travels beside the API's own
members, in HTTP headers. `Provenance` writes and reads those headers; nothing else knows their
spelling.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, get_args
from urllib.parse import quote, unquote

from lfv_mcp.results.common import Source, SourceBasis
from lfv_mcp.text import clean

_KIND: Final = "x-lfv-kind"
_BASIS: Final = "x-lfv-basis"
_CAPTURED: Final = "x-lfv-captured"  # epoch seconds
_LOCATION: Final = "x-lfv-location"  # percent-encoded: a header is ASCII
_DISAGREEING: Final = "x-lfv-disagreeing"  # JSON: [[status, captured or null], ...]
_LEFT_OUT: Final = "x-lfv-left-out"  # JSON: [[member, value, why], ...]
_MAX_LEFT_OUT: Final = 20
"""Members that a reply carries as left out: a header must stay short."""
_MAX_DISAGREEING: Final = 5
"""Other statuses that a reply carries: a header must stay short."""
_LATEST: Final = 1e11
"""Epoch seconds from which a number is no time: milliseconds, say."""
_KNOWN_BASES: Final[dict[str, SourceBasis]] = {basis: basis for basis in get_args(SourceBasis)}


@dataclass(frozen=True, slots=True)
class OtherStatus:
    """A status that another saved record of the same model names, and when that was captured."""

    status: str | None
    captured: float | None
    """Epoch seconds; None if the record does not say when it was taken."""


class LeftOut(NamedTuple):
    """A member of a record that cannot be shown, as `CreationTimestamp left out: ...`.

    Args:
        member: its name in the API.
        value: what the record has there, cut and safe to show.
        why: what is wrong with that, as the end of a sentence: `has no time zone`.
    """

    member: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a replayed reply rests on.

    Args:
        kind: what the replay says of itself, `archive` or `sample`.
        basis: the kind of record behind the answer; None where the reply is not about one model.
        captured: when the record was taken, in epoch seconds; None if that is not recorded.
        location: the record's file, relative to the archive; empty if there is no single one.
        disagreeing: the statuses of other records about the same model.
        left_out: members of the record that could not be sent.
    """

    kind: str
    basis: SourceBasis | None = None
    captured: float | None = None
    location: str = ""
    disagreeing: tuple[OtherStatus, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

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
        if self.left_out:
            headers[_LEFT_OUT] = json.dumps(self.left_out[:_MAX_LEFT_OUT])
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
            captured=_seconds(headers.get(_CAPTURED)),
            location=clean(unquote(headers.get(_LOCATION, "")), 1024),
            disagreeing=_other_statuses(headers.get(_DISAGREEING, "")),
            left_out=_left_out(headers.get(_LEFT_OUT, "")),
        )


def _seconds(value: str | float | None) -> float | None:
    """Epoch seconds as `to_headers` wrote them; None for anything else."""
    try:
        seconds = float(value) if value is not None else -1.0
    except (ValueError, TypeError):
        return None
    return seconds if 0 <= seconds < _LATEST else None  # refuses NaN, too


def _other_statuses(header: str) -> tuple[OtherStatus, ...]:
    try:
        return tuple(
            OtherStatus(status and clean(str(status), 40), _seconds(seconds))
            for status, seconds in json.loads(header)
        )
    except (ValueError, TypeError):
        return ()


def _left_out(header: str) -> tuple[LeftOut, ...]:
    try:
        return tuple(
            LeftOut(clean(str(member), 40), clean(str(value), 100), clean(str(why), 100))
            for member, value, why in json.loads(header)[:_MAX_LEFT_OUT]
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

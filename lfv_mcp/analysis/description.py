"""analysis.description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, cast, get_type_hints

from typing_extensions import is_typeddict

from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.text import TEXT_LIMIT, clean, strip_invisible
from lfv_mcp.times import iso_utc


@dataclass(frozen=True, slots=True)
class ReadableDescription:
    """A ModelDescription made safe to show, and what had to be done for that."""

    description: ModelDescription
    shortened: tuple[str, ...]  # members whose text was cut
    unusable: tuple[str, ...]  # members left out because their value is of no use


_LIMITS: Final = {"ModelArn": 2048, "KmsKeyId": 2048, "Bucket": 63, "Key": 1024, "Prefix": 1024}
"""The API's own maxima: an ARN or a key is never cut below them."""


def readable_description(parsed: Mapping[str, Any]) -> ReadableDescription:
    """botocore's parsed ModelDescription → the same members, ready to be shown as JSON.

    Numbers keep every digit. What does not have its member's type (a metric that is NaN
    or text, say) is left out and named: nobody should compute with it.
    """
    shortened: list[str] = []
    unusable: list[str] = []

    def text(name: str, value: str) -> str:
        shown, limit = strip_invisible(value), _LIMITS.get(name, TEXT_LIMIT)
        if len(shown) > limit:
            shortened.append(name)
        return clean(shown, limit)

    def members(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for name, wanted in _hints(kind).items():
            value = values.get(name)
            match value:
                case None:
                    pass
                case Mapping() if is_typeddict(wanted):
                    if inner := members(wanted, value):
                        shown[name] = inner
                case datetime() if wanted is str:
                    shown[name] = iso_utc(value)
                case str() if wanted is str:
                    shown[name] = text(name, value)
                case int() if wanted is int and not isinstance(value, bool):
                    shown[name] = value
                case _ if wanted is float and is_fraction(value):
                    shown[name] = value
                case _:
                    unusable.append(name)
        return shown

    description = cast(ModelDescription, members(ModelDescription, parsed))
    return ReadableDescription(description, tuple(shortened), tuple(unusable))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def is_fraction(value: object) -> bool:
    """A finite number within 0..1."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 <= value <= 1  # also refuses NaN
    )

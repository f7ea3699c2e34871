"""Types of decoded JSON, checks that tell a type checker which a value is, and its numbers."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeGuard

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object. Its values are unknown: each is checked where it is used."""
JsonArray: TypeAlias = list[Any]
"""A JSON array, likewise."""


def is_object(value: object) -> TypeGuard[JsonObject]:
    """Whether a decoded JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[JsonArray]:
    """Whether a decoded JSON value is an array."""
    return isinstance(value, list)


def number(value: object) -> float | None:
    """A number, also as text, NaN included; None for anything else.

    `0.9` → 0.9, `"0.9"` → 0.9, `1.5` → 1.5, `True` → None
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def image_count(value: object) -> int | None:
    """A number of images, also as text; None for anything else: `"34"` → 34, `-1` → None."""
    try:
        number = int(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return number if type(number) is int and 0 <= number < 10**9 else None


def fraction(value: object) -> float | None:
    """A number from 0 to 1, also as text; None for anything else.

    `0.9` → 0.9, `"0.9"` → 0.9, `1.5` → None, `True` → None
    """
    parsed = number(value)
    return parsed if parsed is not None and 0 <= parsed <= 1 else None

"""Types of decoded JSON, and checks that tell a type checker which of them a value is."""

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

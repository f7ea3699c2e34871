"""What a program gives, as the rules of the tools know it; what they cannot look at is refused.

The rules were made for values that come as JSON. A program may give any object, and of some the
truth or the equality is an error (numpy's arrays, pandas' missing value): those never reach a rule.
"""

from __future__ import annotations

import numbers
import os
from collections.abc import Iterable, Mapping, Set, Sized
from contextlib import suppress
from decimal import Decimal
from itertools import islice
from typing import Any, Final, cast

from lfv_mcp.errors import LfvError
from lfv_mcp.model_query import invalid_argument
from lfv_mcp.text import clean

_MOST_ITEMS: Final = 1_000
"""Items of an iterable that are looked at; there are iterables without an end."""
_MOST_SHOWN: Final = 60
"""Characters of an object that its refusal repeats."""
_UNORDERED: Final = (Set, Mapping, bytes, bytearray, memoryview)
_PLACE: Final = "a file, a folder or an s3:// prefix, as text or as a path"


class _Foreign:
    """Stands for an object that no rule knows: it is refused, and shown as that object."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __repr__(self) -> str:
        try:
            shown = " ".join(repr(self._value).split())
        except Exception:  # any program's object
            return f"(a {type(self._value).__name__})"
        return clean(shown, _MOST_SHOWN)


def plain(value: object) -> object:
    """A value as JSON would have it: numpy's, pandas' and exact numbers are Python's own.

    Text and None stay as they are, lists and objects keep their items; anything else is foreign.
    `numpy.int64(3)` → 3, `Decimal("0.5")` → 0.5.
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast("Iterable[object]", value)]
    if isinstance(value, dict):
        members = cast("dict[object, object]", value)
        if all(isinstance(name, str) for name in members):
            return {str(name): plain(member) for name, member in members.items()}
        return _Foreign(members)
    return _number(value)


def _number(value: object) -> object:
    """The number or the truth that a value of another type is; a foreign value for any other."""
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real | Decimal):
        with suppress(OverflowError, ValueError):  # a fraction of long numbers, a signalling NaN
            return float(value)
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        item: object = cast("Any", value).item()
        if isinstance(item, bool | int | float):
            return item
    return _Foreign(value)


def listed(value: object) -> object:
    """The items of whatever may be run through, in its order; what has none as it is.

    A set has no order, and so no baseline; a text is one item.
    """
    if isinstance(value, str):
        return [value]
    if isinstance(value, Iterable) and not isinstance(value, _UNORDERED):
        items = cast("Iterable[object]", value)
        with suppress(TypeError):  # an array without a dimension says so only now
            run = iter(items)
            return plain(list(run if isinstance(items, Sized) else islice(run, _MOST_ITEMS)))
    return plain(cast("Any", value))


def words(value: object) -> tuple[str, ...] | None:
    """One text, or several in any collection; None for anything else."""
    found = [*cast("Set[object]", value)] if isinstance(value, Set) else listed(value)
    if isinstance(found, list):
        items = cast("list[object]", found)
        if all(isinstance(item, str) for item in items):
            return tuple(cast("list[str]", items))
    return None


def path_of(value: object) -> str | None:
    """A text or a path as text; None for anything else, a path of bytes among it."""
    if isinstance(value, str | os.PathLike):
        path = cast("str | bytes", os.fspath(cast("Any", value)))
        return path if isinstance(path, str) else None
    return None


def place(name: str, value: object) -> str:
    """The place that a keyword names.

    Raises:
        CallerError: `invalid_argument`, it is no text and no path.
    """
    path = path_of(value)
    if path is None:
        raise refused(name, value, f"it is {_PLACE}")
    return path


def named_places(name: str, value: object) -> Mapping[str, object]:
    """What stands for each name; None is nothing.

    Raises:
        CallerError: `invalid_argument`, it is no mapping of texts.
    """
    if value is None:
        return {}
    if isinstance(value, Mapping):
        named = cast("Mapping[object, object]", value)
        if all(isinstance(each, str) for each in named):
            return cast("Mapping[str, object]", named)
    raise refused(name, cast("Any", value), f"it is a mapping of names to places, each {_PLACE}")


def yes_or_no(name: str, value: object) -> bool:
    """Whether a keyword is True.

    Raises:
        CallerError: `invalid_argument`, it is neither True nor False.
    """
    found = plain(value)
    if not isinstance(found, bool):
        raise refused(name, value, "it is True or False")
    return found


def refused(name: str, value: object, rule: str) -> LfvError:
    """The error of a keyword that breaks its rule.

    Args:
        name: of the keyword.
        value: what the program gave.
        rule: as a clause, without a full stop.
    """
    shown = value if isinstance(value, str) else _Foreign(value)
    return invalid_argument(name, shown, rule, "")

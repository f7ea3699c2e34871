"""Members that an object of JSON has twice, as a merge by hand or a broken script leaves them.

A decoder keeps the last one in silence: `{"Status": "TRAINED", "Status": "FAILED"}` is FAILED.
Equal values are harmless. Of different ones nobody knows which is right, so all are kept, in an
object that nothing else reads, and who reads the member says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Final

from lfv_mcp.formats.json_values import JsonObject, is_array, is_object

TWICE: Final = "with a member given twice, with different values"
"""Why a line of a manifest is of no use that contradicts itself."""
GIVEN_TWICE: Final = "GivenTwice"
"""The one member of the object in the place of a value that was given twice."""
_SIGN: Final = '":'
_IN_TEXT: Final = '\\":'


def values_given(value: object) -> list[Any] | None:
    """The different values of a member that was given more than once; None for any other value."""
    if not is_object(value) or GIVEN_TWICE not in value:  # of nearly all
        return None
    found = value[GIVEN_TWICE]
    return found if len(value) == 1 and is_array(found) else None


def alternatives(value: object) -> list[Any]:
    """The values that a member was given, of which nearly always there is one."""
    given = values_given(value)
    return [value] if given is None else given


def contradicts_itself(item: JsonObject) -> bool:
    """Whether an object has a member, or an object in it has one, that was given twice."""
    inside = (value for part in item.values() if is_object(part) for value in part.values())
    return any(values_given(value) is not None for value in (*item.values(), *inside))


def object_of(pairs: list[tuple[str, Any]]) -> JsonObject:
    """The object that has these members; what contradicts itself is kept whole."""
    made: JsonObject = {}
    repeated: set[str] = set()
    for name, value in pairs:
        if name not in made:
            made[name] = value
        elif name in repeated:
            if value not in made[name][GIVEN_TWICE]:
                made[name][GIVEN_TWICE].append(value)
        elif made[name] != value:
            repeated.add(name)
            made[name] = {GIVEN_TWICE: [made[name], value]}
    return made


def may_repeat(value: Any, text: str, start: int = 0, end: int | None = None) -> bool:
    """Whether an object of a decoded value may have had a member twice, by their numbers.

    This runs for every file of an archive: two counts in C, and a look at each object.

    Args:
        value: what the text was decoded to.
        text: a text with the JSON in it.
        start: where that starts.
        end: where it ends; None for the end of the text.
    """
    signs = text.count(_SIGN, start, end)
    count = 0
    found: list[Any] = [value] if type(value) is dict else []
    for part in found:  # which grows
        count += len(part)
        items: Iterable[Any] = part.values()
        for item in items:
            if type(item) is dict:
                found.append(item)  # noqa: PERF401 - a comprehension takes twice as long here
    if count == signs:  # as of all records: nothing is in a list
        return False
    members = _members(value)
    return members != signs and members != signs - text.count(_IN_TEXT, start, end)


def _members(value: Any) -> int:
    """How many members the objects in a value have."""
    count = 0
    found: list[Any] = [value]
    for part in found:  # which grows: a call for each object would take twice as long
        if part.__class__ is dict:
            count += len(part)
            items: Iterable[Any] = part.values()
        elif part.__class__ is list:
            items = part
        else:
            continue
        found += [item for item in items if item.__class__ is dict or item.__class__ is list]
    return count


def loads(text: str, constant: Callable[[str], Any] | None = None) -> Any:
    """json.loads, with what contradicts itself kept whole.

    Args:
        text: the JSON.
        constant: what is made of NaN and Infinity, as `json.loads` has it.

    Raises:
        ValueError: no JSON.
        RecursionError: nested too deeply.
    """
    value = json.loads(text, parse_constant=constant)
    if not may_repeat(value, text):
        return value
    return json.loads(text, parse_constant=constant, object_pairs_hook=object_of)

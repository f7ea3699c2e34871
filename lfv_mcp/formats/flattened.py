"""Records in a table of one line each, in which a member is named by the way to it.

pandas' `json_normalize`, `jq` and exports of databases make `Performance.F1Score` or
`output_config_s3_location_bucket` of what stands in an object in an object.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from lfv_mcp.formats.json_values import JsonObject, is_object
from lfv_mcp.formats.repeats import object_of

_without_marks: Final = partial(re.compile(r"[\W_]+").sub, "")


def ways_to_members(
    members: Mapping[Any, Mapping[str, str]], structure: str
) -> Mapping[str, tuple[str, ...]]:
    """The names on the way to each member that an object in a structure has, by their letters.

    Args:
        members: the members of each structure, and what each one holds.
        structure: the structure.
    """
    return {_without_marks("".join(way).lower()): way for way in _ways(members, structure)}


def _ways(members: Mapping[Any, Mapping[str, str]], structure: str) -> Iterator[tuple[str, ...]]:
    for name, kind in members[structure].items():
        if kind in members:
            yield from ((name, inside) for inside in members[kind])
            yield from ((name, *way) for way in _ways(members, kind))


def nested_again(
    names: Iterable[Any], body: Mapping[Any, Any], ways: Mapping[str, tuple[str, ...]]
) -> tuple[JsonObject, list[Any]]:
    """The objects whose members a body has under names of their own, and the names of all else.

    A member that has two such names, with different values, is as `repeats` has it.

    Args:
        names: members of the body that the API does not have.
        body: the body.
        ways: what `ways_to_members` found.
    """
    made: JsonObject = {}
    others: list[Any] = []
    for name in names:
        way = ways.get(_without_marks(str(name).lower()))
        if way is None:
            others.append(name)
        elif (value := body[name]) is not None:
            part = made
            for each in way[:-1]:
                part = part.setdefault(each, {})
            if part.setdefault(way[-1], value) != value:
                part[way[-1]] = object_of([("", part[way[-1]]), ("", value)])[""]
    return made, others


def agree(kept: Any, other: Any) -> bool:
    """Whether a member that was said in two ways is the same, or one says a part of the other."""
    if is_object(kept) and is_object(other):
        return all(name in kept and agree(kept[name], value) for name, value in other.items())
    return bool(kept == other)

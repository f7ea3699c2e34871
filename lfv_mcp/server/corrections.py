"""The call to make instead of a refused one, written out to be copied.

A small model that is told a rule often breaks another one with its next call; a whole call it
copies. Nothing here answers in the caller's place: what was asked stays refused, and the rule of
the refusal stands above the call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, cast

from lfv_mcp.catalog.held_names import HeldNames
from lfv_mcp.catalog.near_names import VERSION_AFTER_NAME, meant, meant_with_version
from lfv_mcp.errors import CallerError
from lfv_mcp.identifiers import is_prediction_set_name
from lfv_mcp.model_query import HOSTED, LATEST
from lfv_mcp.server import spellings
from lfv_mcp.server.arguments import Argument, own_arguments, parse, status_like

_PROJECT: Final = "project_name"
_VERSION: Final = "model_version"
_VERSIONS: Final = "model_versions"
_LISTING: Final = "list_models"
_MAX_TEXT: Final = 2_048
"""Characters of a text that is searched for names."""


class Call(NamedTuple):
    """A call of a tool, as a client would send it."""

    name: str
    arguments: Mapping[str, object]


def corrected_call(
    tool: str, arguments: tuple[Argument, ...], given: Mapping[str, object], held: HeldNames
) -> Call | None:
    """The nearest call that keeps every rule; None if there is none, or it is the same again.

    Arguments that are unknown, or optional and against their rule, are left out; a number that can
    be meant as one other only is that one (`95` → 0.95), and one that can not leaves no call. A
    project that is not held becomes the one that the call names elsewhere or means by its spelling;
    else the call is a listing, which shows the names. So does the name of a prediction set.

    Args:
        tool: the name of the tool that was called.
        arguments: its arguments.
        given: what the caller sent.
        held: the names that are known.
    """
    try:
        own = own_arguments(given, [a.name for a in arguments])
    except CallerError:
        return None
    kept = {a.name: fit for a in arguments if (fit := _fitting(a, own.get(a.name))) is not None}
    numbers = [a.name for a in arguments if a.schema["type"] == "number"]
    if any(name not in kept and _has_number(own.get(name)) for name in numbers):
        return None  # without it the call would ask something else
    projects = held.projects
    if projects and kept.get(_PROJECT) not in projects:
        named = _named_elsewhere(own, projects) or _meant(own.get(_PROJECT), projects)
        kept.pop(_PROJECT, None)
        if named is not None:
            kept[_PROJECT], version = named
            kept |= _version_of(arguments, kept, version, projects)
    kept |= _sets_meant(arguments, own, kept, held)
    if _PROJECT in kept and _VERSION not in kept and not spellings.is_not_given(own.get(_VERSION)):
        return None  # without its version it would ask about the latest one
    try:
        parse(arguments, kept)
    except CallerError:
        # Without a project there is no question but which ones there are.
        return None if _PROJECT in kept else Call(_LISTING, {})
    ordered = {a.name: kept[a.name] for a in arguments if a.name in kept}
    said = {name: value for name, value in own.items() if not spellings.is_not_given(value)}
    return None if ordered == said else Call(tool, ordered)


def names_other_versions(call: Call, own: Mapping[str, object]) -> bool:
    """Whether a call names other versions or prediction sets than the one it is made instead of."""
    return any(
        name in call.arguments and call.arguments[name] != spellings.plain(own.get(name))
        for name in (_VERSION, _VERSIONS)
    )


def _fitting(argument: Argument, value: object) -> object:
    """A value that the argument takes; None if there is none, or it was not given."""
    if spellings.is_not_given(value):
        return None
    try:
        argument.parse(value)
    except CallerError:
        if argument.name == "status":
            return status_like(value)
        if argument.as_meant:
            return argument.as_meant(value)
        return _number_in(value) if argument.name == _VERSION else None
    return spellings.plain(value)


def _has_number(value: object) -> bool:
    """Whether a value is a number or has one in it: `12`, `"1,000"`, `"5 of 100"`."""
    if isinstance(value, str):
        return any(character.isdigit() for character in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _sets_meant(
    arguments: tuple[Argument, ...],
    own: Mapping[str, object],
    kept: Mapping[str, object],
    held: HeldNames,
) -> dict[str, object]:
    """The version arguments with held prediction sets for names that can only mean them."""
    names = held.sets.get(str(kept.get(_PROJECT)), ())
    if not names:
        return {}
    taken = [a.name for a in arguments]
    found: dict[str, object] = {}
    if _VERSION in taken and (one := _set_meant(own.get(_VERSION), names)) is not None:
        found[_VERSION] = one
    listed = spellings.items(own.get(_VERSIONS)) if _VERSIONS in taken else None
    if isinstance(listed, list):
        items = cast("list[object]", listed)
        sets = [_set_meant(item, names) for item in items]
        if any(sets):
            found[_VERSIONS] = [each or item for each, item in zip(sets, items, strict=True)]
    return found


def _set_meant(value: object, names: Sequence[str]) -> str | None:
    """The held prediction set that a word means that is no version and no set's name."""
    word = spellings.version(value)
    if not isinstance(word, str) or word in (LATEST, HOSTED) or word.isdigit():
        return None
    if is_prediction_set_name(word) and word.casefold() in map(str.casefold, names):
        return None
    return meant(word, names)


def _number_in(value: object) -> str | None:
    """The only number of a text that is no version: `sample-cap-seal/3` → `3`."""
    found = re.findall(r"\d+", value[:_MAX_TEXT]) if isinstance(value, str) else []
    return found[0].lstrip("0") or None if len(found) == 1 and len(found[0]) <= 10 else None


def _named_elsewhere(
    given: Mapping[str, object], projects: Sequence[str]
) -> tuple[str, str | None] | None:
    """The longest project whose name stands within an argument, and a number right after it.

    `sample-weld-bead-3`, `model/sample-weld-bead/3` and `sample-weld-bead, version 3` →
    `("sample-weld-bead", "3")`.
    """
    for name in sorted(projects, key=len, reverse=True):
        if len(name) < 3:  # stands in too many words
            continue
        follows = re.compile(rf"\b{re.escape(name)}(?i:{VERSION_AFTER_NAME})?\b")
        for argument in (_PROJECT, _VERSION):
            text = given.get(argument)
            found = isinstance(text, str) and follows.search(text[:_MAX_TEXT])
            if found:
                return name, found["version"]
    return None


def _meant(value: object, projects: Sequence[str]) -> tuple[str, str | None] | None:
    """The one project that a name is a part or another spelling of, and a version after it."""
    name = spellings.plain(value)
    return meant_with_version(name, projects) if isinstance(name, str) else None


def _version_of(
    arguments: tuple[Argument, ...],
    kept: Mapping[str, object],
    version: str | None,
    projects: Sequence[str],
) -> dict[str, object]:
    """The version beside a project that was found elsewhere, for a tool that has one."""
    if not any(a.name == _VERSION for a in arguments):
        return {}
    said = kept.get(_VERSION)
    if version is not None and not str(said).isdigit():
        return {_VERSION: version}
    return {_VERSION: LATEST} if said in projects else {}

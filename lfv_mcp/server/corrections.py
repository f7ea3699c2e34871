"""The call to make instead of a refused one, written out to be copied.

A small model that is told a rule often breaks another one with its next call; a whole call it
copies. Nothing here answers in the caller's place: what was asked stays refused, and the rule of
the refusal stands above the call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from lfv_mcp.catalog.held_names import HeldNames, name_of
from lfv_mcp.catalog.near_names import meant
from lfv_mcp.errors import CallerError
from lfv_mcp.identifiers import is_prediction_set_name
from lfv_mcp.model_query import HOSTED, LATEST, parse_model_query
from lfv_mcp.server import spellings
from lfv_mcp.server.arguments import Argument, own_arguments, parse, status_like
from lfv_mcp.server.evaluation_arguments import check_lookout_threshold, check_prices
from lfv_mcp.server.named_models import Named, named_project, named_within, version_in
from lfv_mcp.server.version_arns import versions_from_arns

_PROJECT: Final = "project_name"
_VERSION: Final = "model_version"
_VERSIONS: Final = "model_versions"
_LISTING: Final = "list_models"
_MAX_ARGUMENT: Final = 100
"""Characters of an argument's name that are looked at."""


class Call(NamedTuple):
    """A call of a tool, as a client would send it."""

    name: str
    arguments: Mapping[str, object]


def corrected_call(
    tool: str, arguments: tuple[Argument, ...], given: Mapping[str, object], held: HeldNames
) -> Call | None:
    """The nearest call that keeps every rule and asks the same; None if there is none.

    Left out is only what does not change the question: words against a rule, and arguments that the
    tool does not have, if they are no numbers and no other name of one that it has. A number that
    can be meant as one other only is that one (`95` → 0.95); one that can not leaves no call. A
    project that is not held becomes the one that the call means by its spelling or names elsewhere;
    else the call is a listing, which shows the names. So does the name of a prediction set.

    Args:
        tool: the name of the tool that was called.
        arguments: its arguments.
        given: what the caller sent.
        held: the names that are known.
    """
    names = [a.name for a in arguments]
    try:
        sent = own_arguments(given, names)
        said, own = versions_from_arns(sent), versions_from_arns(_renamed(sent, names))
    except CallerError:
        return None
    kept = {a.name: fit for a in arguments if (fit := _fitting(a, own.get(a.name))) is not None}
    if any(name not in kept and _has_number(own[name]) for name in _numbers(arguments, own)):
        return None  # without it the call would ask something else
    version = None
    if held.projects and name_of(kept.get(_PROJECT)) not in held.projects:
        named = _named(own, held.projects)
        kept.pop(_PROJECT, None)
        if named is not None:
            kept[_PROJECT], version = named
    if _PROJECT in kept and _VERSION in names:
        known = _version_meant(own.get(_VERSION), version, kept, held)
        if known is None:
            return None  # it would ask about another version
        kept |= known
    elif version is not None and _VERSIONS in names:
        return None  # a comparison has its own versions
    kept |= _sets_meant(arguments, own, kept, held)
    try:
        _check_together(parse(arguments, kept))
    except CallerError:
        # Without a project there is no question but which ones there are.
        return None if _PROJECT in kept else Call(_LISTING, {})
    ordered = {a.name: kept[a.name] for a in arguments if a.name in kept}
    repeated = {name: value for name, value in said.items() if not spellings.is_not_given(value)}
    return None if ordered == repeated else Call(tool, ordered)


def names_other_versions(call: Call, own: Mapping[str, object]) -> bool:
    """Whether a call names other versions or prediction sets than the one it is made instead of."""
    return any(
        name in call.arguments and call.arguments[name] != spellings.plain(own.get(name))
        for name in (_VERSION, _VERSIONS)
    )


def _renamed(own: Mapping[str, object], names: Sequence[str]) -> Mapping[str, object]:
    """The arguments; one of another name has that of the only one that can be meant by it.

    `modelVersion` and `version` → `model_version`, `escape_cost` → `cost_of_escape`.
    """
    found = dict(own)
    for name in own:
        words = _words(name)
        free = [each for each in names if each not in found]
        alike = [each for each in free if words == _words(each)]
        near = [each for each in free if words <= _words(each) or words >= _words(each)]
        meant_by = alike or near
        if words and name not in names and len(meant_by) == 1:
            found[meant_by[0]] = found.pop(name)
    return found


def _words(name: str) -> frozenset[str]:
    """The words of an argument's name: `modelVersion` → model, version."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+", " ", name[:_MAX_ARGUMENT])
    return frozenset(spaced.lower().split())


def _numbers(arguments: tuple[Argument, ...], own: Mapping[str, object]) -> list[str]:
    """The arguments that are numbers: those of the tool by their rule, others by their value."""
    kinds = {a.name: a.schema["type"] for a in arguments}
    return [
        name
        for name, value in own.items()
        if kinds.get(name) == "number" or (name not in kinds and _spells_number(value))
    ]


def _spells_number(value: object) -> bool:
    number = spellings.number(spellings.only_one(value), may_be_percent=True)
    return isinstance(number, int | float) and not isinstance(number, bool)


def _has_number(value: object) -> bool:
    """Whether a value is a number or has one in it: `12`, `"1,000"`, `"five percent"`, `[0.05]`."""
    if isinstance(value, str):
        return bool(re.search(r"\d|%|\bper\s?cent|prozent|hundred|thousand", value.casefold()))
    if isinstance(value, Mapping):
        return any(map(_has_number, cast("Mapping[str, object]", value).values()))
    if isinstance(value, list):
        return any(map(_has_number, cast("list[object]", value)))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fitting(argument: Argument, value: object) -> object:
    """A value that the argument takes; None if there is none, or it was not given."""
    if spellings.is_not_given(value):
        return None
    try:
        argument.parse(value)
    except CallerError:
        if argument.name == "status":
            return status_like(value)
        return argument.as_meant(value) if argument.as_meant else None
    return spellings.plain(value)


def _named(own: Mapping[str, object], projects: Sequence[str]) -> Named | None:
    """The project that the call means, in place of one that is not held."""
    project, version = spellings.only_one(own.get(_PROJECT)), own.get(_VERSION)
    if found := named_project(project, projects):
        return found
    return (
        None if spellings.version(version) in (LATEST, HOSTED) else named_within(version, projects)
    )


def _version_meant(
    said: object, in_name: str | None, kept: Mapping[str, object], held: HeldNames
) -> Mapping[str, object] | None:
    """The version for the call about a project; None if none can be told, or two are said.

    Args:
        said: the version as it was given.
        in_name: the number that stands beside the project's name.
        kept: the arguments of the call, with the project.
        held: the names that are known.
    """
    if spellings.is_not_given(said):
        return {_VERSION: in_name} if in_name else {}
    word, project = spellings.version(said), name_of(kept[_PROJECT])
    if word in held.projects and word not in (LATEST, HOSTED):  # in the wrong place
        return {_VERSION: in_name or LATEST} if word == project else None
    is_set = isinstance(word, str) and word in held.sets.get(project, ())
    told = None if is_set else version_in(word, project, held.projects)
    meant_word = told or kept.get(_VERSION)
    if meant_word is None:
        # The slip in a prediction set's name is mended with those of comparisons.
        return {} if in_name is None and _set_meant(said, held.sets.get(project, ())) else None
    if in_name and str(spellings.version(meant_word)) not in (LATEST, in_name):
        return None
    return {_VERSION: in_name or meant_word}


def _check_together(parsed: Mapping[str, Any]) -> None:
    """The rules of several arguments at once.

    Raises:
        CallerError: one is broken.
    """
    if not parsed.get(_PROJECT):
        return
    query = parse_model_query(parsed[_PROJECT], parsed.get(_VERSION, LATEST))
    if "cost_of_escape" in parsed:
        check_prices(parsed["cost_of_escape"], parsed["cost_of_false_reject"])
        if query.prediction_set is None:
            check_lookout_threshold(parsed["threshold"])


def _sets_meant(
    arguments: tuple[Argument, ...],
    own: Mapping[str, object],
    kept: Mapping[str, object],
    held: HeldNames,
) -> dict[str, object]:
    """The version arguments with held prediction sets for names that can only mean them."""
    names = held.sets.get(name_of(kept.get(_PROJECT)), ())
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

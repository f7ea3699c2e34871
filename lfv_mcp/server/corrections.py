"""The call to make instead of a refused one, written out to be copied.

A small model that is told a rule often breaks another one with its next call; a whole call it
copies. Nothing here answers in the caller's place: what was asked stays refused, and the rule of
the refusal stands above the call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final, NamedTuple

from lfv_mcp.errors import CallerError
from lfv_mcp.server import spellings
from lfv_mcp.server.arguments import Argument, own_arguments, parse, status_like

_PROJECT: Final = "project_name"
_VERSION: Final = "model_version"
_LISTING: Final = "list_models"
_CLOSE: Final = 0.8
"""How alike two names are that are taken for a slip of the keyboard (difflib's ratio)."""
_MAX_TEXT: Final = 2_048
"""Characters of a text that is searched for names."""


class Call(NamedTuple):
    """A call of a tool, as a client would send it."""

    name: str
    arguments: Mapping[str, object]


def corrected_call(
    tool: str, arguments: tuple[Argument, ...], given: Mapping[str, object], projects: Sequence[str]
) -> Call | None:
    """The nearest call that keeps every rule; None if there is none, or it is the same again.

    Arguments that are unknown, or optional and against their rule, are left out. A project that
    is not among the known ones becomes the one that the call names elsewhere or means by its
    spelling; else the call is a listing, which shows the names.

    Args:
        tool: the name of the tool that was called.
        arguments: its arguments.
        given: what the caller sent.
        projects: the known projects; empty if they are not known.
    """
    try:
        own = own_arguments(given, [a.name for a in arguments])
    except CallerError:
        return None
    kept = {a.name: fit for a in arguments if (fit := _fitting(a, own.get(a.name))) is not None}
    if projects and kept.get(_PROJECT) not in projects:
        named = _named_elsewhere(own, projects) or _meant(own.get(_PROJECT), projects)
        kept.pop(_PROJECT, None)
        if named is not None:
            kept[_PROJECT], version = named
            kept |= _version_of(arguments, kept, version, projects)
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


def _fitting(argument: Argument, value: object) -> object:
    """A value that the argument takes; None if there is none, or it was not given."""
    if spellings.is_not_given(value):
        return None
    try:
        argument.parse(value)
    except CallerError:
        if argument.name == "status":
            return status_like(value)
        return _number_in(value) if argument.name == _VERSION else None
    return spellings.plain(value)


def _number_in(value: object) -> str | None:
    """The only number of a text that is no version: `sample-cap-seal/3` → `3`."""
    found = re.findall(r"\d+", value[:_MAX_TEXT]) if isinstance(value, str) else []
    return found[0].lstrip("0") or None if len(found) == 1 and len(found[0]) <= 10 else None


def _named_elsewhere(
    given: Mapping[str, object], projects: Sequence[str]
) -> tuple[str, str | None] | None:
    """The longest project whose name stands within an argument, and a number right after it.

    `sample-weld-bead-3` and `model/sample-weld-bead/3` → `("sample-weld-bead", "3")`.
    """
    for name in sorted(projects, key=len, reverse=True):
        if len(name) < 3:  # stands in too many words
            continue
        follows = re.compile(rf"\b{re.escape(name)}(?:[-_/:#\s]*v?(?P<version>[1-9]\d{{0,9}}))?\b")
        for argument in (_PROJECT, _VERSION):
            text = given.get(argument)
            found = isinstance(text, str) and follows.search(text[:_MAX_TEXT])
            if found:
                return name, found["version"]
    return None


def _meant(value: object, projects: Sequence[str]) -> tuple[str, None] | None:
    """The one project that a name is a part or another spelling of."""
    name = spellings.plain(value)
    if not isinstance(name, str) or not 3 <= len(name) <= 255:
        return None
    folded = {project.lower(): project for project in projects}
    containing = [folded[f] for f in folded if name.lower() in f]
    if len(containing) == 1:
        return containing[0], None
    close = get_close_matches(name.lower(), folded, n=1, cutoff=_CLOSE)
    return (folded[close[0]], None) if close else None


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
    return {_VERSION: "latest"} if said in projects else {}

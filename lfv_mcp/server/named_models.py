"""Which held project and which version the texts of a refused call name.

Strict: a text that names two projects, or has a number that is no version, names none. A call that
is led on to another model than was meant is worse than one that is led on to none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from lfv_mcp.catalog.held_names import name_of
from lfv_mcp.catalog.near_names import VERSION_AFTER_NAME, VERSION_WORD, meant_with_version
from lfv_mcp.identifiers import parse_arn
from lfv_mcp.model_query import HOSTED, LATEST

_MAX_TEXT: Final = 2_048
"""Characters of a text that is searched for names."""
_MIN_NAME: Final = 3
"""Characters of a name that is looked for in texts; shorter ones stand in too many words."""
_VERSION_BEFORE_NAME: Final = re.compile(
    rf"\b{VERSION_WORD}[\W_]*(?P<version>[1-9][0-9]{{0,9}})\b", re.IGNORECASE
)
_NUMBER_ALONE: Final = re.compile(
    rf"[\s\"'(\[#:./_]*(?:(?:{VERSION_WORD}|no|nr|number)[\s.:#/_-]*){{0,2}}"
    r"0*(?P<version>[1-9][0-9]{0,9})[\s\"')\].,;]*",
    re.IGNORECASE,
)
"""A version that is spelled against its rule: `No. 3`, `versión 3`, `03`. Not `-3`, nor `3.5`."""
_IN_WORDS: Final[Mapping[str, re.Pattern[str]]] = {
    LATEST: re.compile(
        r"(?:the\s+)?(?:newest|most\s+recent|latest)(?:\s+(?:one|model|version))*|neueste|letzte",
        re.IGNORECASE,
    ),
    HOSTED: re.compile(r"(?:the\s+)?hosted(?:\s+(?:one|model|version))*", re.IGNORECASE),
}
"""What people write for a version without its number."""


class Named(NamedTuple):
    """A held project as a call names it, and the version that stands beside it.

    Args:
        project: its name, or an ARN of it.
        version: the number as text; None for none.
    """

    project: str
    version: str | None


def named_project(text: object, projects: Sequence[str]) -> Named | None:
    """The project that a text is a spelling or a part of, or that stands within it.

    `cap seal v3`, `model/cap-seal/3` and `version 3 of cap-seal` → `("cap-seal", "3")`.
    """
    if not isinstance(text, str) or len(_places(text, projects)[0]) > 1:
        return None
    found = meant_with_version(text, projects)
    return Named(*found) if found else named_within(text, projects)


def named_within(text: object, projects: Sequence[str]) -> Named | None:
    """The only project whose whole name stands within a text, with the only number beside it."""
    if not isinstance(text, str):
        return None
    for word in text[:_MAX_TEXT].split():
        arn = word.strip("\"'()[].,;")
        if parse_arn(arn):
            return Named(arn, None) if name_of(arn) in projects else None
    found, rest = _places(text, projects)
    if len(found) != 1:
        return None
    [only] = found
    before = _VERSION_BEFORE_NAME.search(rest)
    if only.version is None and before:
        only = only._replace(version=before["version"])
        rest = f"{rest[: before.start()]} {rest[before.end() :]}"
    return None if any(character.isdigit() for character in rest) else only


def _places(text: str, projects: Sequence[str]) -> tuple[list[Named], str]:
    """The projects whose whole names stand within a text, and the text without them."""
    text = text[:_MAX_TEXT]
    folded = text.casefold()
    # Most names stand nowhere in it, and a pattern for each of 10,000 takes seconds to build.
    within = [name for name in projects if len(name) >= _MIN_NAME and name.casefold() in folded]
    found: list[Named] = []
    for name in sorted(within, key=len, reverse=True):
        if place := _whole(name).search(text):
            found.append(Named(name, place["version"]))
            text = f"{text[: place.start()]} {text[place.end() :]}"
    return found, text


def version_in(word: object, project: str, projects: Sequence[str]) -> str | None:
    """The version that a word against the rule can only mean; None for any other word.

    `cap-seal/3`, `No. 3` and `03` → `"3"`, `the newest one` → `"latest"`.

    Args:
        word: as the caller wrote it.
        project: the name of the project that the call is about.
        projects: all held names.
    """
    if not isinstance(word, str) or len(word) > _MAX_TEXT:
        return None
    if found := next((v for v, said in _IN_WORDS.items() if said.fullmatch(word.strip())), None):
        return found
    if alone := _NUMBER_ALONE.fullmatch(word):
        return alone["version"]
    named = named_within(word, projects)
    return named.version if named and named.project == project else None


def _whole(name: str) -> re.Pattern[str]:
    """A name that is no part of a longer one, with a version after it."""
    return re.compile(
        rf"(?<![\w-]){re.escape(name)}(?:(?!\d){VERSION_AFTER_NAME})?(?![\w-])", re.IGNORECASE
    )

"""Held names that a name was probably meant for: people type `cap seal` for `sample-cap-seal`.

Pure, and for refusals alone: nothing is answered about a name that was not asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from lfv_mcp.text import first_of

_CLOSE: Final = 0.8
"""How alike two names are that are taken for a slip of the keyboard (difflib's ratio)."""
_NEAR: Final = 0.6
"""How alike two names are of which one is worth a mention beside the other."""
_CLEAR: Final = 0.1
"""By so much the nearest name is nearer than the next one, if it is the one that was meant."""
_MIN_PART: Final = 3
"""Characters of a part that tells one name from others; shorter ones stand in too many words."""
_MAX_NAME: Final = 255
"""Characters of a name; no distance to a longer text is worth its time."""
_MAX_NEAR: Final = 3
"""Names that are said to be near at most."""
_MAX_COMPARED: Final = 500
"""Held names that are compared letter by letter: each takes its time."""


VERSION_WORD: Final = r"(?:v|ver|versi[oó]n|versione|vers[aã]o|models?|modell|modelo)"
"""A word that may stand before a version's number, as a pattern in any letter case."""
VERSION_AFTER_NAME: Final = rf"[\W_]*(?:{VERSION_WORD}[\W_]*){{0,2}}(?P<version>[1-9][0-9]{{0,9}})"
"""A version after a name, as a pattern in any letter case: ` v3`, `, version 3`, ` (model 3`,
`/models/3`."""
_NAME_WITH_VERSION: Final = tuple(
    re.compile(rf"(?P<name>.*{most}[^\W\d_]){VERSION_AFTER_NAME}[\W_]*", re.IGNORECASE | re.DOTALL)
    for most in ("", "?")
)
"""A name, which ends with a letter, and a version after it: with the longest such name, because
`cap-model 3` may be version 3 of a project cap-model, and with the shortest."""


class _Likeness(NamedTuple):
    """How alike a held name is to the one that was typed; a kind beats any ratio below it."""

    kind: int
    ratio: float


_SAME: Final = 2
"""The same letters and digits, with or without a prefix that several held names share."""
_PART: Final = 1
"""The typed name is a part of the held one."""
_SLIP: Final = 0
"""Alike by difflib's ratio."""


class _Forms(NamedTuple):
    """A name without what makes no difference; and also without a first word that is shared, with
    which every name would be a little like every other."""

    whole: str
    bare: str


def nearest(name: str, held: Iterable[str]) -> list[str]:
    """The held names that are near to a typed one, the nearest first; at most three.

    Blanks, separators, case, accents and the width of letters make no difference, and a prefix that
    several held names share may be missing. Names that differ in their digits are not near:
    `line-2` is no slip for `line-3`.
    """
    return [near for near, _ in _ranked(name, held)]


def meant(name: str, held: Iterable[str], *, whole: bool = False) -> str | None:
    """The only held name that a typed one can be a spelling or a part of; None if there are several
    or none.

    Args:
        name: as it was typed.
        held: the names.
        whole: a part is not enough.
    """
    ranked = _ranked(name, held)
    if not ranked:
        return None
    (best, likeness), *others = ranked
    if whole and likeness.kind == _PART:
        return None
    if likeness.kind == _SLIP and likeness.ratio < _CLOSE:
        return None
    rivals = [other for _, other in others if other.kind == likeness.kind]
    if likeness.kind != _SLIP:
        return None if rivals else best
    return None if any(other.ratio > likeness.ratio - _CLEAR for other in rivals) else best


def meant_with_version(name: str, held: Iterable[str]) -> tuple[str, str | None] | None:
    """The held name that a typed one means and the version after it, if any.

    `weld bead v3`, `weld bead (version 3)` and `weld-bead/models/3` → `("weld-bead", "3")`.
    """
    names = list(held)
    if (found := meant(name, names)) is not None:
        return found, None
    for pattern in _NAME_WITH_VERSION:
        parts = pattern.fullmatch(name[:_MAX_NAME])
        # Whole, because `line 1` may well be another project than `line-100`.
        if parts and (found := meant(parts["name"], names, whole=True)) is not None:
            return found, parts["version"]
    return None


def closest_first(name: str, held: Sequence[str]) -> list[str]:
    """All held names, those that are near to a typed one before the others."""
    near = nearest(name, held)
    return [*near, *(other for other in held if other not in near)]


def did_you_mean(name: str, held: Iterable[str]) -> str:
    """A question after the held names that are near, with a blank at its end; empty for none.

    `"Did you mean sample-cap-seal? "`
    """
    names = list(held)
    found = meant_with_version(name, names)
    near = [found[0]] if found else nearest(name, names)
    if not near:
        return ""
    *first, last = (first_of([each]) for each in near)
    return f"Did you mean {' or '.join(filter(None, (', '.join(first), last)))}? "


def _ranked(name: str, held: Iterable[str]) -> list[tuple[str, _Likeness]]:
    """The near names with their likeness, the nearest first."""
    if len(name) > _MAX_NAME:
        return []
    names = list(dict.fromkeys(held))
    shared = _shared_prefixes(names)
    typed = _forms(name, shared)
    found: list[tuple[str, _Likeness]] = []
    for number, each in enumerate(names):
        likeness = _likeness(typed, _forms(each, shared), by_letter=number < _MAX_COMPARED)
        if likeness is not None:
            found.append((each, likeness))
    found.sort(key=lambda pair: (-pair[1].kind, -pair[1].ratio, pair[0]))
    best = [pair for pair in found if pair[1].kind == found[0][1].kind]
    # A word that stands in most names points to none of them.
    return [] if len(best) > _MAX_NEAR and best[0][1].kind == _PART else best[:_MAX_NEAR]


def _likeness(typed: _Forms, held: _Forms, *, by_letter: bool) -> _Likeness | None:
    if not typed.whole:
        return None
    if typed.whole in held:
        return _Likeness(_SAME, 1.0)
    if len(typed.bare) < _MIN_PART:
        return None
    if typed.bare in held.whole and set(_numbers(typed.bare)) <= set(_numbers(held.whole)):
        return _Likeness(_PART, len(typed.bare) / len(held.whole))
    if not by_letter:
        return None
    ratio = _ratio(typed.bare, held.bare)
    if typed.bare == typed.whole:  # a slip may be in the prefix itself
        ratio = max(ratio, _ratio(typed.whole, held.whole))
    return _Likeness(_SLIP, ratio) if ratio >= _NEAR else None


def _ratio(typed: str, held: str) -> float:
    """How alike two folded names are: 0 to 1; 0 for names that differ in their digits."""
    if _numbers(typed) != _numbers(held):
        return 0.0
    matcher = SequenceMatcher(None, typed, held, autojunk=False)
    if matcher.real_quick_ratio() < _NEAR or matcher.quick_ratio() < _NEAR:
        return 0.0
    return matcher.ratio()


def _forms(name: str, shared: frozenset[str]) -> _Forms:
    first, *rest = _words(name) or [""]
    whole = "".join([first, *rest])
    return _Forms(whole, "".join(rest) if rest and first in shared else whole)


def _shared_prefixes(names: Iterable[str]) -> frozenset[str]:
    """The first words that several names begin with."""
    firsts = Counter(words[0] for each in names if (words := _words(each)))
    return frozenset(word for word, count in firsts.items() if count > 1)


def _numbers(folded: str) -> list[str]:
    return re.findall(r"\d+", folded)


def _words(name: str) -> list[str]:
    """The words of a name in small plain letters: Sample_Cap-Seal → ["sample", "cap", "seal"]."""
    text = unicodedata.normalize("NFKD", name).casefold()
    bare = "".join(c for c in text if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", bare)

"""What hosts make of a value on its way here: text around numbers and lists, quotes, other cases.

A host may pass on `"0.01"` for 0.01, `"[\\"2\\", \\"3\\"]"` for a list, or `" v3 "` for a version.
A model that is refused for that sends the same again, because it never sent the text itself. Each
function returns the native value where a spelling has one meaning only, and everything else as it
is, so that the rule of the argument refuses it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Final, cast

from lfv_mcp.identifiers import is_prediction_set_name

_MAX_TEXT: Final = 4_096
"""Characters of a text that is looked into; no spelling of a good value is longer."""
_MAX_NUMBER: Final = 64
"""Characters of a number as text."""
_MAX_LAYERS: Final = 4
"""Quotes or lists around each other; hosts that quote what was quoted make two."""
_BLANKS: Final = " \t\r\n\f\v\u00a0\u200b\u2060\u3000\ufeff"
"""Characters that may stand around a value, those that show nothing among them."""
_QUOTES: Final = {
    '"': '"',
    "'": "'",
    "`": "`",
    "\u201c": "\u201d",
    "\u201e": "\u201c",
    "\u2018": "\u2019",
}
"""What may stand around a value, by the character that it begins with."""
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_DECIMAL_COMMA: Final = re.compile(r"(?P<whole>[+-]?[0-9]+),(?P<fraction>[0-9]+)")
_PERCENT: Final = re.compile(
    r"(?P<number>.*?)\s*(?:%|per\s?cent|pct\.?|prozent|\u30d1\u30fc\u30bb\u30f3\u30c8)",
    re.IGNORECASE,
)
_VERSION: Final = re.compile(
    r"(?:\#|v\.?\s?|(?:(?:model\s)?version|ver\.?|model)[\s_:#-]*)?"
    r"(?P<number>[1-9][0-9]{0,9})(?:\.0+)?",
    re.IGNORECASE,
)
_LATEST: Final = re.compile(
    r"[$@:]?(?:the\s+)?latest(?:[\s_-]+(?:model[\s_-]+)?version)?", re.IGNORECASE
)
_FENCE: Final = re.compile(r"```[a-z]*\s+(?P<inside>.*?)\s*```", re.DOTALL | re.IGNORECASE)
_BETWEEN_ITEMS: Final = re.compile(r"\s*(?:[,;|&\n]|\b(?:and|vs\.?|versus)\b)\s*", re.IGNORECASE)
_PLACEHOLDER: Final = re.compile(
    r"(?:(?:the|your|any|every|all|example)[-_ ]*)?projects?(?:[-_ ]*names?)?"
    r"|<[^<>]*>|\{+[^{}]*\}+|\*|all|any|every|string",
    re.IGNORECASE,
)
"""What models and templates write where a user has named no project."""
_WIDE: Final = ("<wide>", "<small", "<narro")
"""How Unicode's decompositions begin of characters that only differ in their width."""
_NOT_GIVEN: Final = frozenset({"", "null", "none", "undefined"})
"""What languages make of "no value" when they turn it into text, in lower case."""


def plain(value: object) -> object:
    """A text without the blanks and quotes around it; every other value as it is.

    `' "sample-cap-seal" '` → `"sample-cap-seal"`.
    """
    for _ in range(_MAX_LAYERS):
        if not isinstance(value, str) or len(value) > _MAX_TEXT:
            break
        value = _without_quotes(value.strip(_BLANKS))
        if fenced := _FENCE.fullmatch(value):
            value = fenced["inside"]
    return value


def _without_quotes(text: str) -> str:
    """What stands between the quotes of a text, if it is in quotes."""
    if text[:1] == '"':
        with suppress(ValueError):  # no JSON: another program's quotes
            return cast("str", json.loads(text))
    inside = text[1:-1]
    if len(text) > 1 and _QUOTES.get(text[0]) == text[-1] and text[0] not in inside:
        return inside  # one pair, not the first and last of several
    return text


def _narrow(text: str) -> str:
    """Text with plain characters for the wide ones of East Asian keyboards: `\uff13\uff05` → `3%`.

    Raised, circled and other such digits stay, for `0.5²` is not 0.52.
    """
    return "".join(
        unicodedata.normalize("NFKC", c) if unicodedata.decomposition(c)[:6] in _WIDE else c
        for c in text
    )


def is_placeholder(name: str) -> bool:
    """Whether a project's name says that none is named: `your-project-name`, `<project>`, `*`.

    It may be a project's name all the same: who knows the projects has the last word.
    """
    return _PLACEHOLDER.fullmatch(name.strip()) is not None


def is_not_given(value: object) -> bool:
    """Whether an optional argument was left out: absent, null, blank, or the text of a null."""
    bare = plain(value)
    return bare is None or (isinstance(bare, str) and bare.lower() in _NOT_GIVEN)


def number(value: object, *, may_be_percent: bool = False) -> object:
    """The number that a value spells; a value that spells none as it is.

    `" 0.01 "`, `"1e-2"` and `"0,01"` → 0.01; `"1,000"` stays text, for it may be a thousand.

    Args:
        value: as the host sent it.
        may_be_percent: whether `"1 %"` → 0.01, too.
    """
    bare = plain(value)
    if not isinstance(bare, str) or len(bare) > _MAX_NUMBER:
        return bare
    text, is_percent = _narrow(bare), False
    if may_be_percent and (percent := _PERCENT.fullmatch(text)):
        text, is_percent = percent["number"], True
    comma = _DECIMAL_COMMA.fullmatch(text)
    if comma and (len(comma["fraction"]) != 3 or comma["whole"] == "0"):
        text = f"{comma['whole']}.{comma['fraction']}"
    if not _NUMBER.fullmatch(text):
        return bare
    # In decimal, because 1.1 / 100 is 0.011000000000000001 in binary.
    exact = Decimal(text).scaleb(-2) if is_percent else Decimal(text)
    return float(exact)


def whole_number(value: object) -> object:
    """The whole number that a value spells; others as they are: `"10"` and `10.0` → 10."""
    spelled = number(value)
    if isinstance(spelled, float) and spelled.is_integer():
        return int(spelled)
    return spelled


def version(value: object) -> object:
    """A version as text: `3`, `3.0`, `"3.0"`, `"v3"`, `"#3"`, `"version 3"` → `"3"`.

    A list of one, and an object with one member, is that one; `"Latest version"` is `latest`. What
    may be the name of a prediction set stays as it is.
    """
    bare = only_one(value)
    if isinstance(bare, float) and bare.is_integer():
        return int(bare)
    if isinstance(bare, str) and len(bare) <= _MAX_NUMBER:
        text = _narrow(bare)
        if _LATEST.fullmatch(text):
            return "latest"
        if text.lower() == "hosted":
            return "hosted"
        if is_prediction_set_name(text):
            return text  # `model2` may be one; only who knows the sets can tell it from version 2
        if found := _VERSION.fullmatch(text):
            return found["number"]
    return bare


def only_one(value: object) -> object:
    """What a list of one item or an object of one member holds.

    `["3"]` and `{"version": "3"}` → `"3"`.

    Every other value as it is, without blanks and quotes.
    """
    bare = plain(value)
    for _ in range(_MAX_LAYERS):
        if isinstance(bare, str) and looks_like_json(bare):
            bare = _from_json(bare)
        if isinstance(bare, Mapping):
            bare = list(cast("Mapping[str, object]", bare).values())
        if not isinstance(bare, list):
            return bare
        held = cast("list[object]", bare)
        if len(held) != 1:
            return plain(value)
        bare = plain(held[0])
    return bare


def items(value: object) -> object:
    """The list that a value spells: JSON text, or text with commas; a value that spells none as is.

    `'["2", "3"]'`, `"[2, 3]"`, `"['2', '3']"`, `"2,3"`, `"2 and 3"`, `[["2", "3"]]`,
    `{"0": "2", "1": "3"}` and `{"items": ["2", "3"]}` → two items. Nulls and blanks, which
    strict hosts pad a list with, are left out.
    """
    bare = plain(value)
    for _ in range(_MAX_LAYERS):
        if isinstance(bare, Mapping):
            bare = _members(cast("Mapping[str, object]", bare))
        if isinstance(bare, list):
            given = cast("list[object]", bare)
            if not isinstance(value, str):
                given = [item for item in given if not is_not_given(item)]
            if len(given) != 1 or not isinstance(given[0], list | str | Mapping):
                return given
            bare = plain(cast("object", given[0]))
        elif isinstance(bare, str) and len(bare) <= _MAX_TEXT:
            bare = _split(bare)
    return bare


def _members(spelled: Mapping[str, object]) -> object:
    """The items of a list that a host made an object of; an object that spells none as it is."""
    if not spelled:
        return spelled
    if len(spelled) == 1:
        return next(iter(spelled.values()))  # {"items": […]}
    by_number = {int(name): v for name, v in spelled.items() if re.fullmatch("[0-9]{1,3}", name)}
    numbers = sorted(by_number)
    if len(numbers) < len(spelled) or numbers[-1] - numbers[0] != len(numbers) - 1:
        return spelled
    return [by_number[number] for number in numbers]


def _split(text: str) -> object:
    """The items of a text that is a JSON list, or that has commas or words between them."""
    if looks_like_json(text) and not isinstance(found := _from_json(text), str):
        return found
    inside = text[1:-1] if text[:1] + text[-1:] in ("[]", "()") else text
    if not _BETWEEN_ITEMS.search(inside) or re.search(r"[\[\](){}<>]", inside):
        return text
    return _BETWEEN_ITEMS.split(inside.strip(_BLANKS).strip(",;"))


def _from_json(text: str) -> object:
    """What a text is as JSON; the text if it is none."""
    with suppress(ValueError, RecursionError):
        return cast("object", json.loads(text))
    return text


def code_word(value: object) -> object:
    """A word in capitals with underscores: `" training failed "` → `"TRAINING_FAILED"`."""
    bare = plain(value)
    return re.sub(r"[\s-]+", "_", bare).upper() if isinstance(bare, str) else bare


def looks_like_json(value: object) -> bool:
    """Whether a value is text that was meant as a JSON list or object."""
    return isinstance(value, str) and value.strip(_BLANKS)[:1] in ("[", "{")

"""What hosts make of a value on its way here: text around numbers and lists, quotes, other cases.

A host may pass on `"0.01"` for 0.01, `"[\\"2\\", \\"3\\"]"` for a list, or `" v3 "` for a version.
A model that is refused for that sends the same again, because it never sent the text itself. Each
function returns the native value where a spelling has one meaning only, and everything else as it
is, so that the rule of the argument refuses it.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from decimal import Decimal
from typing import Final, cast

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
_PERCENT: Final = re.compile(r"(?P<number>.*?)[ \u00a0]*(?:%|percent|per cent)", re.IGNORECASE)
_VERSION: Final = re.compile(
    r"(?:v\.?\s?|(?:version|ver\.?)\s+)?(?P<number>[1-9][0-9]{0,9})(?:\.0+)?", re.IGNORECASE
)
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
    text, is_percent = bare, False
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
    """A version as text: `3`, `3.0`, `"3.0"`, `"v3"` and `"version 3"` → `"3"`.

    Of a name in letters only the case of `latest` is put right.
    """
    bare = plain(value)
    if isinstance(bare, float) and bare.is_integer():
        return int(bare)
    if isinstance(bare, str) and len(bare) <= _MAX_NUMBER:
        if bare.lower() == "latest":
            return "latest"
        if found := _VERSION.fullmatch(bare):
            return found["number"]
    return bare


def items(value: object) -> object:
    """The list that a value spells: JSON text, or text with commas; a value that spells none as is.

    `'["2", "3"]'`, `"[2, 3]"`, `"['2', '3']"`, `"2,3"` and `[["2", "3"]]` → two items.
    """
    bare = plain(value)
    for _ in range(_MAX_LAYERS):
        if isinstance(bare, list):
            only = cast("list[object]", bare)
            if len(only) != 1 or not isinstance(only[0], list | str):
                return only
            bare = plain(cast("object", only[0]))
        elif isinstance(bare, str) and len(bare) <= _MAX_TEXT:
            bare = _split(bare)
    return bare


def _split(text: str) -> object:
    """The items of a text that is a JSON list, or that has commas between them."""
    if text[:1] == "[":
        with suppress(ValueError, RecursionError):  # no JSON: looked at below
            return cast("object", json.loads(text))
    inside = text[1:-1] if text[:1] + text[-1:] in ("[]", "()") else text
    if not re.search("[,;]", inside) or re.search(r"[\[\](){}]", inside):
        return text
    return [part.strip(_BLANKS) for part in re.split("[,;]", inside)]


def code_word(value: object) -> object:
    """A word in capitals with underscores: `" training failed "` → `"TRAINING_FAILED"`."""
    bare = plain(value)
    return re.sub(r"[\s-]+", "_", bare).upper() if isinstance(bare, str) else bare


def looks_like_json(value: object) -> bool:
    """Whether a value is text that was meant as a JSON list or object."""
    return isinstance(value, str) and value.strip(_BLANKS)[:1] in ("[", "{")

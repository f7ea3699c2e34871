"""Python values as `print` and `pprint` write them, such as a boto3 response. Nothing is called.

A response has `datetime.datetime(2025, 8, 4, 10, 30, tzinfo=tzlocal())` in it. Of calls these times
alone are understood, from their integers; anything else stays the text that it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.repeats import object_of
from lfv_mcp.formats.work import Work

LIMIT: Final = 1024 * 1024
"""Characters of a printed value; the parser takes a hundred times as many bytes."""
_MAX_STRUCTURE: Final = 100_000
"""Items, members and calls of a printed value."""
_TOO_DEEP: Final = "nested too deeply"
_TOO_LARGE: Final = "larger than 1 MiB"
_CUT: Final = "cut off"
_DEPTH: Final = 64
"""Levels of nesting; the parser has been seen to crash on thousands."""
_ESCAPE: Final = r"\\(?:[\\'\"abfnrtv0]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"
_TEXTS: Final = (
    rf"[bBrRuU]{{0,2}}'[^'\\\n]*+(?:{_ESCAPE}[^'\\\n]*+)*+'"
    rf'|[bBrRuU]{{0,2}}"[^"\\\n]*+(?:{_ESCAPE}[^"\\\n]*+)*+"'
)
_to_bracket: Final = re.compile(
    rf"""(?:\s++
    | {_TEXTS}
    | [,:=.]
    | -?[0-9][0-9_.]*+(?:[eE][+-]?[0-9]++)?+
    | [A-Za-z_][A-Za-z_0-9]*+
    | -(?=inf\b|nan\b)
    )*+(?P<bracket>[\[{{(\]}})]?+)""",
    re.VERBOSE,
).match
_texts: Final = re.compile(_TEXTS)
_CLOSING: Final = {"[": "]", "{": "}", "(": ")"}
_SCAN_WORK: Final = 150
"""Work of each bracket of a printed value, beside the characters before it."""
_PARSE_WORK: Final = 40
"""Work of each character of a printed value that is parsed."""
_UTC: Final = {
    *("tzutc()", "datetime.timezone.utc", "timezone.utc", "datetime.UTC", "UTC", "pytz.UTC"),
    "<UTC>",
}
"""Zones that are UTC, as they are printed."""
_CONVERT: Final = (
    "where it was printed, save it instead: json.dump(response, open('answer.json', 'w'), "
    "default=str)"
)


def end_of_printed(
    content: str, start: int, line_at: Callable[[int], int], work: Work
) -> int | None:
    """Where the printed value ends that starts at a character; None if none does.

    Args:
        content: the text.
        start: the character.
        line_at: gives the number of a character's line.
        work: what the file may still take.

    Raises:
        UnrecognisedError: a printed value that is cut off, too large or nested too deeply.
        TooMuchWorkError: the file has taken more work than it may.
    """
    if not _is_printed(content, start):
        return None
    end, why = _end(content, start, work)
    if end is not None and _structure(content[start:end]) > _MAX_STRUCTURE:
        why = _TOO_LARGE
    if not why:
        return end
    if not _has_single_quotes(content, start):
        return None  # JSON that is cut off
    if why is not _CUT:
        raise UnrecognisedError(f"a printed Python value, {why}; {_CONVERT}", convertible=True)
    message = f"a printed Python value that is cut off (line {line_at(start)})"
    raise UnrecognisedError(message, corrupt=True)


def python_value(content: str, start: int, end: int, work: Work) -> Any:
    """The printed value between two characters; None if there is none.

    Times are datetimes: with a zone where UTC is printed, without one otherwise (`tzlocal()` is the
    zone of a machine that nobody knows any more).

    Raises:
        TooMuchWorkError: the file has taken more work than it may.
    """
    work.spend(_PARSE_WORK * (end - start))
    try:
        return _value(ast.parse(content[start:end], mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _end(content: str, start: int, work: Work) -> tuple[int | None, str]:
    """Where the brackets that open at a character are closed, or why that is not known.

    Neither if that is no printed value.
    """
    closing: list[str] = []
    position, brackets = start, 0
    while position - start <= LIMIT and brackets <= _MAX_STRUCTURE:
        found = _to_bracket(content, position)
        end = found.end() if found is not None else position
        work.spend(_SCAN_WORK + end - position)
        bracket = found["bracket"] if found is not None else ""
        if bracket in _CLOSING:
            closing.append(_CLOSING[bracket])
            if len(closing) > _DEPTH:
                return None, _TOO_DEEP
        elif bracket and closing[-1:] == [bracket]:
            closing.pop()
            if not closing and end - start <= LIMIT:
                return end, ""
        else:  # a text without an end is at the end, too
            is_cut = not bracket and content[end : end + 1] in ("", "'", '"')
            return None, _CUT if is_cut else ""
        position, brackets = end, brackets + 1
    return None, _TOO_LARGE


def _structure(printed: str) -> int:
    """How many items, members and calls a printed value has; what is in its texts is none."""
    marks = "[]{}(),:"
    count = sum(map(printed.count, marks))
    return sum(map(_texts.sub("", printed).count, marks)) if count > _MAX_STRUCTURE else count


_is_printed = re.compile(r"[\[{(\s]{0,256}+['\"]").match
"""Whether brackets may open a printed value."""
_has_single_quotes = re.compile(r"[\[{(\s]{0,256}+'").match
"""Whether they do: JSON has no single quotes."""


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Dict(keys, values):
            pairs = zip(keys, values, strict=True)
            return object_of(
                [(str(_value(key)), _value(value)) for key, value in pairs if key is not None]
            )
        case ast.List(items) | ast.Tuple(items) | ast.Set(items):
            return [_value(item) for item in items]
        case ast.Constant(str() | bool() | int() | float() | None as value):
            return value
        case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as number)):
            return -number
        case ast.Call(function, arguments, keywords):
            time = _time(_name(function), arguments, keywords)
            return ast.unparse(node) if time is None else time
        case _:
            return ast.unparse(node)


def _name(node: ast.expr) -> str:
    """What is printed of a name, or of a call without arguments; that of nearly every time."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(ast.Name(module), name):
            return f"{module}.{name}"
        case ast.Call(ast.Name(name), [], []):
            return f"{name}()"
        case _:
            return ast.unparse(node)


def _time(function: str, arguments: list[ast.expr], keywords: list[ast.keyword]) -> datetime | None:
    """The moment that a call would make; None if the call is another one."""
    if function not in ("datetime.datetime", "datetime"):
        return None
    numbers = [n.value for n in arguments if isinstance(n, ast.Constant) and type(n.value) is int]
    zone = ""
    for keyword in keywords:
        if keyword.arg == "tzinfo":
            zone = _name(keyword.value)
        elif keyword.arg != "fold":
            return None
    if len(numbers) != len(arguments) or not 3 <= len(numbers) <= 7:
        return None
    known: tuple[Any, ...] = tuple(numbers)
    try:
        moment = datetime(*known)  # noqa: DTZ001 - a zone that is not known is none
        return moment.replace(tzinfo=UTC) if zone in _UTC else moment
    except ValueError:
        return None

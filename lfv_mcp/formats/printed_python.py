"""Python values as `print` and `pprint` write them, such as a boto3 response. Nothing is called.

A response has `datetime.datetime(2025, 8, 4, 10, 30, tzinfo=tzlocal())` in it. Of calls these times
alone are understood, from their integers; anything else stays the text that it is.
"""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from typing import Any, Final

from lfv_mcp.formats.decoding import UnrecognisedError

LIMIT: Final = 1024 * 1024
"""Characters of a printed value; the parser takes a hundred times as many bytes."""
_MAX_STRUCTURE: Final = 100_000
"""Items, members and calls of a printed value."""
_DEPTH: Final = 64
"""Levels of nesting; the parser has been seen to crash on thousands."""
_ESCAPE: Final = r"\\(?:[\\'\"abfnrtv0]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"
_TOKEN: Final = re.compile(
    rf"""\s+
    | [bBrRuU]{{0,2}}'[^'\\\n]*(?:{_ESCAPE}[^'\\\n]*)*'
    | [bBrRuU]{{0,2}}"[^"\\\n]*(?:{_ESCAPE}[^"\\\n]*)*"
    | (?P<open>[\[{{(]) | (?P<close>[\]}})])
    | (?P<item>[,:])
    | -?[0-9][0-9_.]*(?:[eE][+-]?[0-9]+)?
    | [A-Za-z_][A-Za-z_0-9]*
    | [=.]
    | -(?=inf\b|nan\b)
    """,
    re.VERBOSE,
)
_UTC: Final = {
    *("tzutc()", "datetime.timezone.utc", "timezone.utc", "datetime.UTC", "UTC", "pytz.UTC"),
    "<UTC>",
}
"""Zones that are UTC, as they are printed."""
_CONVERT: Final = (
    "where it was printed, save it instead: json.dump(response, open('answer.json', 'w'), "
    "default=str)"
)


def python_value(content: str, start: int) -> tuple[Any, int] | None:
    """The printed value that starts at a character, and where it ends; None if there is none.

    Times are datetimes: with a zone where UTC is printed, without one otherwise (`tzlocal()` is the
    zone of a machine that nobody knows any more).

    Raises:
        UnrecognisedError: a printed value that is cut off, too large or nested too deeply.
    """
    end = _end(content, start) if _is_printed(content, start) else None
    if end is None:
        return None
    try:
        expression = ast.parse(content[start:end], mode="eval").body
        return _value(expression), end
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _end(content: str, start: int) -> int | None:
    """Where the brackets that open at a character are closed; None if that is no printed value."""
    depth = structure = 0
    position = start
    while position < len(content):
        found = _TOKEN.match(content, position)
        if found is None:
            if content[position] in "'\"":  # a text without an end
                break
            return None
        position = found.end()
        if found["open"]:
            depth += 1
        elif found["close"]:
            depth -= 1
            if not depth:
                return position
        structure += found.lastgroup is not None
        if depth > _DEPTH or structure > _MAX_STRUCTURE or position - start > LIMIT:
            if not _has_single_quotes(content, start):
                return None
            what = "nested too deeply" if depth > _DEPTH else "larger than 1 MiB"
            raise UnrecognisedError(f"a printed Python value, {what}; {_CONVERT}", convertible=True)
    if not _has_single_quotes(content, start):
        return None  # JSON that is cut off
    line = content.count("\n", 0, start) + 1
    raise UnrecognisedError(f"a printed Python value that is cut off (line {line})", corrupt=True)


_is_printed = re.compile(r"[\[{(\s]*['\"]").match
"""Whether brackets may open a printed value."""
_has_single_quotes = re.compile(r"[\[{(\s]*'").match
"""Whether they do: JSON has no single quotes."""


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Dict(keys, values):
            pairs = zip(keys, values, strict=True)
            return {str(_value(key)): _value(value) for key, value in pairs if key is not None}
        case ast.List(items) | ast.Tuple(items) | ast.Set(items):
            return [_value(item) for item in items]
        case ast.Constant(str() | bool() | int() | float() | None as value):
            return value
        case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as number)):
            return -number
        case ast.Call(function, arguments, keywords):
            time = _time(ast.unparse(function), arguments, keywords)
            return ast.unparse(node) if time is None else time
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
            zone = ast.unparse(keyword.value)
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

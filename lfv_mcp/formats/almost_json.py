"""JSON that a terminal, an editor or a table has changed, made JSON again.

Colours of the AWS CLI and jq, bold of a pager, blanks of a web page, comments, trailing commas, and
cells of CSV with doubled quotes. What stands inside a quoted text stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

LIMIT: Final = 256 * 1024
"""Characters of a text in which comments are looked for."""
_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
_OVERSTRUCK: Final = re.compile(r"[^\n]\x08")
_OUTSIDE: Final = re.compile(
    r"""(?P<text>"(?:[^"\\\n]|\\.)*+"?)
    | (?P<comment>//[^\n]*|/\*.{0,500}?\*/)
    | (?P<blank>[\u00a0\u2000-\u200b\u202f\u3000\ufeff]+)
    | (?P<comma>,)(?=\s*+(?>//[^\n]*+\n\s*+|/\*.{0,500}?\*/\s*+){0,9}+[}\]])
    """,
    re.VERBOSE | re.DOTALL,
)
"""What `without_comments` looks for. No part gives back what it has taken: a text without an end,
and comments one behind another, would be tried in every way that there is, for hours."""
_CELL: Final = re.compile(
    r'(?<![^,;\t\n|])"(\s*[\[{]\s*(?:[\[{]\s*)*""(?:[^"]|"")*)"(?![^,;\t\r\n|])'
)


def without_escapes(content: str) -> str:
    """The text without a terminal's colours and a pager's bold, none of which JSON may have."""
    if "\x1b" in content:
        content = _ESCAPES.sub("", content)
    return _OVERSTRUCK.sub("", content) if "\x08" in content else content


def without_comments(content: str) -> str:
    """The text with blanks for comments, trailing commas and blanks of other kinds.

    It has the same length, so that places in it stay what they were.
    """

    def blank(found: re.Match[str]) -> str:
        return found[0] if found["text"] else re.sub(r"[^\n]", " ", found[0])

    return _OUTSIDE.sub(blank, content)


def has_cells(content: str) -> bool:
    """Whether a text has JSON in a cell of CSV, with each of its quotes doubled."""
    return '""' in content and _CELL.search(content) is not None


def cells(content: str) -> Iterator[tuple[int, int, Callable[[], str]]]:
    """Where each cell of CSV with JSON in it starts and ends, and what gives that JSON."""
    for found in _CELL.finditer(content):
        yield found.start(), found.end(), partial(_undoubled, found)


def _undoubled(cell: re.Match[str]) -> str:
    return cell[1].replace('""', '"')

"""Text for people: wrapped and coloured on a terminal, and left as it is in a pipe or a file."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import IO, Final

import click

_NARROWEST: Final = 40
_INKS: Final = {
    **{"critical": "red", "FAIL": "red", "FAILED": "red"},
    **{"warning": "yellow", "PASSED": "green"},
}
_SEVERITY: Final = re.compile(
    r"^(- |  (?=\w)|(?=[FP]))(critical(?= )|warning(?= )|FAIL(?=  )|(?:FAILED|PASSED)(?=:))"
)
"""A severity of a finding, or how a rule of a gate or the gate has ended."""
_COLUMN: Final = re.compile(r"^ *\S.*?  +(?=\S)")
"""The start of a row up to its second column."""
_FIGURE: Final = re.compile(r"(?<=\d) (?=%)")
"""A blank at which no line ends, in a figure: 95 %."""
_NO_BREAK: Final = "\xa0"


def say(text: str, *, err: bool = False) -> None:
    """Print what people read: on a terminal no wider than that, and with grave findings in ink."""
    if not _is_terminal(sys.stderr if err else sys.stdout):
        click.echo(text, err=err)
        return
    width = max(_NARROWEST, shutil.get_terminal_size().columns)
    has_colour = "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    click.echo(laid_out(text, width, colour=has_colour), err=err)


def _is_terminal(stream: IO[str]) -> bool:
    try:
        return stream.isatty()
    except (OSError, ValueError):  # closed
        return False


def laid_out(text: str, width: int, *, colour: bool) -> str:
    """The text in lines of `width` characters, but for words that are longer.

    A row goes on below its second column, anything else two characters further in.

    Args:
        text: of whole sentences or rows, one a line.
        width: characters of a line, at least 40.
        colour: whether the severity of a finding gets a colour.
    """
    lines = [part for line in text.split("\n") for part in _wrapped(line, width)]
    return "\n".join(map(_inked, lines) if colour else lines)


def _wrapped(line: str, width: int) -> Iterator[str]:
    if len(line) <= width:
        yield line
        return
    column = _COLUMN.match(line)
    hangs = column.end() if column else 0
    if not 0 < hangs <= width // 3:
        hangs = len(line) - len(line.lstrip(" ")) + 2
    lines = textwrap.wrap(
        _FIGURE.sub(_NO_BREAK, line),
        width,
        subsequent_indent=" " * hangs,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    yield from (each.replace(_NO_BREAK, " ") for each in lines)


def _inked(line: str) -> str:
    found = _SEVERITY.match(line)
    if found is None:
        return line
    ink = click.style(found[2], fg=_INKS[found[2]], bold=True)
    return f"{found[1]}{ink}{line[found.end() :]}"

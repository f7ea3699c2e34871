"""Tables of separated values into rows, as a stream: CSV in any dialect, TSV.

The standard library's csv reads what is in quotes. A quote that is never closed would make one
cell of the rest of a file: such a line is named, and the lines behind it are read as they stand.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from lfv_mcp.formats.encodings import text_of_line
from lfv_mcp.formats.manifest_lines import lines_of
from lfv_mcp.formats.texts import LINE_LIMIT

_DELIMITERS: Final = (",", ";", "\t", "|")
_EXCEL_SEPARATOR: Final = re.compile(r"sep=([,;\t|:^~ ])", re.I)
"""The first line by which Excel is told the delimiter."""
_MAX_LINES: Final = 100
"""Lines of one row; with more of them a quote was not closed."""
_in_quotes: Final = re.compile(r'(?:[^"]|"")*+').match
"""What of a line that begins within quotes is still within them."""
_UNCLOSED: Final = "a quote that is not closed"
_TOO_LONG: Final = f"a line of more than {LINE_LIMIT >> 20} MiB"


class Line(NamedTuple):
    """A line of a text; its text is None if it is too long to be read."""

    number: int
    text: str | None


class NumberedRow(NamedTuple):
    """The cells of a row, without blanks around them; a text says why a line has none of use."""

    line: int
    cells: list[str] | str


class TextLines:
    """The lines of a text in UTF-8 or a code page, numbered.

    A code page is read as Windows-1252, which is what Excel writes where nobody asks it for UTF-8.
    Of another one the letters beyond ASCII are wrong: such a name is found nowhere, and differs
    from its neighbours' all the same.

    Args:
        chunks: the text, without a mark and not in UTF-16.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.has_code_page = False

    def __iter__(self) -> Iterator[Line]:
        """Each line without its end, also the empty ones."""
        for number, line in enumerate(lines_of(self._chunks), 1):
            yield Line(number, None if len(line) > LINE_LIMIT else self._text(line))

    def _text(self, line: bytes) -> str:
        try:
            return line.decode().removesuffix("\r")
        except UnicodeDecodeError:
            self.has_code_page = True
            return text_in_code_page(line).removesuffix("\r")


def text_in_code_page(data: bytes) -> str:
    """The text of bytes that are not UTF-8: UTF-8 with spoiled bytes, else Windows-1252."""
    text = text_of_line(data)
    return data.decode("cp1252", "replace") if text.pairs else text.content


def with_line_feeds(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """A text whose lines end as on an old Macintosh, with the ends that all others have."""
    if b"\n" in head or b"\r" not in head:
        return chunks
    return (chunk.replace(b"\r", b"\n") for chunk in chunks)


class Table:
    """A table: its header, and its rows one after another.

    Args:
        lines: its lines.
        known: how many cells of a line are names of columns; the delimiter with the most is it.
    """

    def __init__(self, lines: Iterable[Line], known: Callable[[Sequence[str]], int]) -> None:
        self._lines = iter(lines)
        self._returned: deque[Line] = deque()
        self.delimiter, self.header = self._head(known)

    def _next(self) -> Line | None:
        return self._returned.popleft() if self._returned else next(self._lines, None)

    def _head(self, known: Callable[[Sequence[str]], int]) -> tuple[str, list[str]]:
        """The delimiter and the header; no header if there is no text."""
        delimiters: Sequence[str] = _DELIMITERS
        while (line := self._next()) is not None:
            text = line.text or ""
            if not text.strip():
                continue
            if told := _EXCEL_SEPARATOR.fullmatch(text.strip('\ufeff "')):
                delimiters = (told[1],)
                continue
            found = [(each, *self._header(line, each)) for each in delimiters]
            delimiter, header, behind = max(found, key=lambda each: (known(each[1]), len(each[1])))
            for _ in range(behind):
                self._next()
            return delimiter, header
        return delimiters[0], []

    def _header(self, line: Line, delimiter: str) -> tuple[list[str], int]:
        """The header that begins with a line, and how many lines behind it belong to it."""
        cells, taken = self._cells(line, delimiter)
        self._returned.extendleft(reversed(taken[1:]))
        if isinstance(cells, str):
            return _split(line.text or "", delimiter), 0
        return cells, len(taken) - 1

    def rows(self, is_row: Callable[[list[str]], bool]) -> Iterator[NumberedRow]:
        """The rows behind the header, each with the number of its first line.

        Args:
            is_row: whether cells are a row of their own; where a line within quotes is one, the
                quote before it was not closed.
        """
        while (line := self._next()) is not None:
            if line.text is None:
                yield NumberedRow(line.number, _TOO_LONG)
            elif '"' not in line.text:
                cells = [cell.strip() for cell in line.text.split(self.delimiter)]
                if any(cells):
                    yield NumberedRow(line.number, cells)
            else:
                found, taken = self._cells(line, self.delimiter)
                if len(taken) > 1 and (isinstance(found, str) or self._has_row(taken, is_row)):
                    found = _UNCLOSED
                    self._returned.extendleft(reversed(taken[1:]))
                if isinstance(found, str) or any(found):
                    yield NumberedRow(line.number, found)

    def _has_row(self, taken: list[Line], is_row: Callable[[list[str]], bool]) -> bool:
        """Whether what is in quotes of a line behind the first of a row is a row of its own."""
        for line in taken[1:]:
            found = _in_quotes(line.text or "")
            inside = found[0] if found else ""
            if is_row([cell.strip() for cell in inside.split(self.delimiter)]):
                return True
        return False

    def _cells(self, first: Line, delimiter: str) -> tuple[list[str] | str, list[Line]]:
        """The cells of the row that begins with a line, and the lines that it took.

        A text in the place of the cells says what is wrong.
        """
        taken = [first]

        def feed() -> Iterator[str]:
            yield f"{first.text}\n"
            while len(taken) < _MAX_LINES and (line := self._next()) is not None:
                taken.append(line)
                if line.text is None:
                    return
                yield f"{line.text}\n"

        try:
            row = next(csv.reader(feed(), delimiter=delimiter, skipinitialspace=True, strict=True))
        except csv.Error as error:
            if "field limit" in str(error):
                return f"a cell of more than {csv.field_size_limit():,} characters", taken
            if "unexpected end" in str(error):
                return _UNCLOSED, taken
            return "quotes or line ends that do not fit", taken
        return [cell.strip() for cell in row], taken


def _split(text: str, delimiter: str) -> list[str]:
    """The cells of a line, whatever its quotes are."""
    return [cell.strip(' "\t') for cell in text.split(delimiter)]

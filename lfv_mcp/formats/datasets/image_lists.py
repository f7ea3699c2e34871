"""Lists of images without labels, such as the `train.txt` of a training script: what it has seen.

A list is no dataset, which has labels; it says what a model was trained on where a person names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from lfv_mcp.formats.containers import parts_of
from lfv_mcp.formats.datasets.dataset import DatasetLine
from lfv_mcp.formats.datasets.labels import image_named
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.encodings import utf8_chunks
from lfv_mcp.formats.json_values import is_array
from lfv_mcp.formats.predictions.columns import role_of
from lfv_mcp.formats.predictions.tables import Line, Table, TextLines, with_line_feeds
from lfv_mcp.formats.texts import gathered, is_foreign, peek_lines

_IMAGE: Final = re.compile(
    r".+\.(?:png|jpe?g|jpe|bmp|tiff?|gif|webp|jp2|ppm|pgm|pnm)(?:[?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
"""A name that ends as one of an image."""
_PREDICTED: Final = ("prediction", "score", "confidence")
"""Columns of what a model said."""
_FIRST: Final = 20
"""Rows that tell whether a text is a list, and in which column its images are."""


def images_in_list(chunks: Iterable[bytes]) -> Iterator[DatasetLine]:
    """The images that a file names, one a line, one a row, or in an array; none of another file.

    A table that says what a model predicted is none: its images are those of a test.

    Args:
        chunks: the file's bytes, cut anywhere, as they are stored.
    """
    for part in parts_of(chunks):
        if not isinstance(part, UnrecognisedError):
            yield from _images_in_text(part.chunks)


def _images_in_text(chunks: Iterator[bytes]) -> Iterator[DatasetLine]:
    head, chunks = peek_lines(chunks)
    if is_foreign(head) or head.lstrip().startswith((b"{", b"<")):
        return
    text = utf8_chunks(with_line_feeds(head, chunks))
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        yield from _images_in_array(gathered(text))
        return
    table = Table(_without_comments(TextLines(text)), _images_among)
    if any(role_of(name) in _PREDICTED for name in table.header):
        return
    column = None
    rows: list[tuple[int, list[str]]] = [(1, table.header)]
    for row in table.rows(lambda cells: _images_among(cells) > 0):
        cells = row.cells if isinstance(row.cells, list) else []
        if column is None:
            rows.append((row.line, cells))
            if len(rows) <= _FIRST:
                continue
            if (column := _column_of_images([cells for _, cells in rows])) is None:
                return
            yield from _lines(rows, column)
            rows.clear()
        else:
            yield from _lines([(row.line, cells)], column)
    if column is None and (column := _column_of_images([cells for _, cells in rows])) is not None:
        yield from _lines(rows, column)


def _images_in_array(data: bytes) -> Iterator[DatasetLine]:
    try:
        names = json.loads(data)
    except (ValueError, RecursionError):
        return
    if is_array(names) and all(isinstance(each, str) and _IMAGE.fullmatch(each) for each in names):
        yield from (DatasetLine(name, None, number=n) for n, name in enumerate(names, 1))


def _without_comments(lines: Iterable[Line]) -> Iterator[Line]:
    for line in lines:
        yield line._replace(text="") if (line.text or "").lstrip().startswith("#") else line


def _images_among(cells: Sequence[str]) -> int:
    return sum(_IMAGE.fullmatch(cell.strip("'\" ")) is not None for cell in cells)


def _column_of_images(rows: Sequence[Sequence[str]]) -> int | None:
    """The one column whose cells are all images, but for a header; None if there is none."""
    columns = range(max((len(row) for row in rows), default=0))
    # A header, if there is one, names no image.
    body = rows[1:] if rows and not _images_among(rows[0]) else rows
    found = [
        column
        for column in columns
        if body and all(column < len(row) and _images_among([row[column]]) for row in body)
    ]
    return found[0] if found else None


def _lines(rows: Iterable[tuple[int, Sequence[str]]], column: int) -> Iterator[DatasetLine]:
    for number, cells in rows:
        name = cells[column].strip("'\" ") if column < len(cells) else ""
        if _IMAGE.fullmatch(name) and image_named(name):
            yield DatasetLine(name, None, number=number)

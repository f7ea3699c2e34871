"""`read_datasets`: the bytes of a file into the datasets that it has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from lfv_mcp.formats.containers import parts_of
from lfv_mcp.formats.datasets.dataset import Dataset, DatasetForm, Split
from lfv_mcp.formats.datasets.gathering import Gathering
from lfv_mcp.formats.datasets.labels import IMAGE, dataset_line, is_evaluation
from lfv_mcp.formats.datasets.splits import split_of
from lfv_mcp.formats.datasets.tables import read_table
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.encodings import text_of, utf8_chunks
from lfv_mcp.formats.json_values import JsonObject, is_array, is_object
from lfv_mcp.formats.manifest_lines import NOT_JSON, TOO_LONG, lines_of, object_of_line
from lfv_mcp.formats.members import folded
from lfv_mcp.formats.predictions.json_items import (
    items_of_documents,
    starts_as_json,
    starts_as_json_lines,
    text_of_documents,
    wrapped_items,
)
from lfv_mcp.formats.predictions.prediction_file import starts_as_prediction_set
from lfv_mcp.formats.predictions.tables import text_in_code_page, with_line_feeds
from lfv_mcp.formats.texts import foreign_kind, gathered, is_foreign, peek_lines
from lfv_mcp.text import clean

ENTRIES: Final = "datasetentries"
"""The member of an answer of ListDatasetEntries that has the lines of a manifest, folded."""
_NOT_JSON: Final = "not JSON"
"""What a file is called that may be anything; a dataset need not be JSON."""
_digits: Final = re.compile(r"[^0-9]").sub


def read_datasets(name: str, chunks: Iterable[bytes]) -> list[Dataset]:
    """The datasets of a file: one for each split of a table, else one for each member.

    Lines that are of no use are counted and located in the dataset; an image that nobody labelled
    is one of its lines.

    Args:
        name: the file's URI, or its path, which may say what it is for.
        chunks: its bytes, cut anywhere, as they are stored.

    Raises:
        UnrecognisedError: it is no dataset, or it is damaged, or not read for safety.
    """
    found: list[Dataset] = []
    problem: UnrecognisedError | None = None
    for part in parts_of(chunks):
        try:
            if isinstance(part, UnrecognisedError):
                raise part
            label = clean(f"{part.name} in {name}" if part.name else name, 300)
            found += _datasets_of_part(label, part.name or name, part.chunks)
        except UnrecognisedError as error:
            if problem is None or (error.is_unread and not problem.is_unread):
                problem = error
    if problem is not None and (problem.is_unread or not found):
        raise problem
    if not found:
        raise UnrecognisedError("an archive without a dataset")
    return found


def _datasets_of_part(label: str, name: str, chunks: Iterator[bytes]) -> list[Dataset]:
    head, chunks = peek_lines(chunks)
    if not head.strip():
        raise UnrecognisedError("an empty file")
    if is_foreign(head):
        kind = foreign_kind(head)
        raise kind if str(kind) != _NOT_JSON else UnrecognisedError("not a text")
    if starts_as_prediction_set(head):
        raise UnrecognisedError("a prediction set, no dataset")
    if head.lstrip().startswith(b"<"):
        raise UnrecognisedError("HTML or XML")
    chunks = utf8_chunks(with_line_feeds(head, chunks))
    if not starts_as_json(head):
        return read_table(label, chunks)
    manifest = _Manifest()
    if starts_as_json_lines(head):
        manifest.read_lines(lines_of(chunks))
    else:
        manifest.read_documents(gathered(chunks))
    return [manifest.dataset(label, split_of(name))]


class _Manifest:
    """The lines of a manifest that were read so far."""

    def __init__(self) -> None:
        self._gathering = Gathering()
        self._is_evaluation = False
        self._is_cut = False

    def read_lines(self, lines: Iterable[bytes]) -> None:
        """Read a manifest with a line for each image."""
        is_cut = False
        for number, line in enumerate(lines, 1):
            item = object_of_line(line) if line.isascii() else _object_beyond_ascii(line)
            if item is None:
                continue
            is_cut = isinstance(item, str)
            if isinstance(item, str):
                is_cut = item != TOO_LONG and line.lstrip().startswith(b"{")
                self._gathering.add(item, number)
            else:
                self._add(item, number)
        self._is_cut = is_cut

    def read_documents(self, data: bytes) -> None:
        """Read an array, or objects of many lines each.

        Raises:
            UnrecognisedError: nothing of it can be read, or it is not read for safety.
        """
        content = _content_of(data)
        number = 0
        try:
            for item in items_of_documents(content):
                number = int(_digits("", item.place) or number + 1)
                if isinstance(item.value, str):
                    self._gathering.add(item.value, number)
                else:
                    self._add(item.value, number)
        except UnrecognisedError as problem:
            if not problem.corrupt or not self._gathering.lines:
                raise
            # Where the next image begins is not known.
            self._gathering.add(str(problem), number + 1)
            self._is_cut = True

    def _add(self, item: JsonObject, number: int) -> None:
        if IMAGE not in item and (entries := entries_of(item)) is not None:
            for place, entry in enumerate(entries, 1):
                read = object_of_line(entry.encode()) if isinstance(entry, str) else entry
                if is_object(read):
                    self._add_line(read, place)
                elif read is not None:
                    self._gathering.add(read if isinstance(read, str) else NOT_JSON, place)
            return
        self._add_line(item, number)

    def _add_line(self, item: JsonObject, number: int) -> None:
        self._is_evaluation = self._is_evaluation or is_evaluation(item)
        self._gathering.add(dataset_line(item, number), number)

    def dataset(self, name: str, split: Split) -> Dataset:
        """The whole manifest.

        Raises:
            UnrecognisedError: no line names an image.
        """
        if not self._gathering.lines:
            raise UnrecognisedError(f"no dataset: no line of it names an image ({IMAGE})")
        form: DatasetForm = "evaluation" if self._is_evaluation else "ground_truth"
        if self._is_evaluation:
            split = "test"
        return self._gathering.dataset(name, form, split, cut=self._is_cut)


def _object_beyond_ascii(line: bytes) -> JsonObject | str | None:
    """The object in a line whose letters may be those of a code page.

    Which one is not known, so they may be wrong; but two names that differ still do, unless the
    code page has two bytes to a letter and one of them breaks the JSON.
    """
    try:
        line.decode()
    except UnicodeDecodeError:
        item = object_of_line(text_in_code_page(line).encode())
        return object_of_line(line) if isinstance(item, str) else item
    return object_of_line(line)


def _content_of(data: bytes) -> str:
    """The text of a whole file, likewise."""
    content, is_in_code_page = text_of_documents(data)
    if not is_in_code_page:
        return content
    try:
        for _ in items_of_documents(content):
            pass
    except UnrecognisedError:
        return text_of(data).in_pairs()
    return content


def entries_of(item: JsonObject) -> list[object] | None:
    """The lines in an answer of ListDatasetEntries, or in another wrapper; None if it is none."""
    for name, value in item.items():
        if folded(name) == ENTRIES and is_array(value):
            return list(value)
    return wrapped_items(item)

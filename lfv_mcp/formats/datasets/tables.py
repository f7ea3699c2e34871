"""Datasets in tables: the guide's CSV, which has no header, and anomalib's table, which has one.

The guide's lines are `s3://bucket/image.jpg,anomaly`. anomalib's columns are image_path, label or
label_index (1 is an anomaly), split and mask_path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

from lfv_mcp.formats.datasets.dataset import Dataset, DatasetForm, DatasetLine
from lfv_mcp.formats.datasets.gathering import Gathering
from lfv_mcp.formats.datasets.labels import class_of_word, image_named, why_no_image
from lfv_mcp.formats.datasets.splits import split_of, split_of_folder
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.predictions.class_words import class_of, folded_word
from lfv_mcp.formats.predictions.column_choice import ColumnChoice
from lfv_mcp.formats.predictions.columns import folded_name, is_aggregate, listed, role_of
from lfv_mcp.formats.predictions.tables import Line, Table, TextLines

_Role = Literal["image", "label", "index", "split", "mask"]
_NAMES: Final[Mapping[str, _Role]] = {
    "labelindex": "index",
    "label": "label",
    "split": "split",
    "maskpath": "mask",
    "mask": "mask",
}
"""What a column says, by its folded name; images and labels also go by the names of predictions."""
_NORMAL_TEST: Final = "normal_test"
"""anomalib's class word for normal images of the test."""
_NOTHING_SAID: Final = ColumnChoice()
_URI: Final = "s3://"
_NO_SPLIT: Final = "no split"
_SHORT: Final = "fewer cells than the header"
_NO_DATASET: Final = "no dataset"


def table_form(lines: Iterable[bytes]) -> DatasetForm | None:
    """The form of the dataset in a table that starts with some lines; None if it is none."""
    rows = list(TextLines(line + b"\n" for line in lines))[:-1]
    try:
        table = _TableReader("", rows)
    except UnrecognisedError:
        return None
    if table.form == "anomalib":
        return table.form
    # Keys alone, one a line, are a listing; words of no known class are something else.
    found = [table.line(row) for row in table.rows()]
    is_labelled = any(not isinstance(line, str) and line.anomalous is not None for line in found)
    return table.form if is_labelled else None


def read_table(name: str, chunks: Iterable[bytes]) -> list[Dataset]:
    """The datasets of a table: one for each split that it has images of.

    Args:
        name: the file's name.
        chunks: its text, without a mark and not in UTF-16.

    Raises:
        UnrecognisedError: it is another table, or none, or has too many images.
    """
    text = _Text(chunks)
    return _TableReader(name, TextLines(text)).datasets(text)


class _Text:
    """The chunks of a text, which remembers whether the last of them ended a line."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.ends_line = True

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            if chunk:
                self.ends_line = chunk.endswith(b"\n")
            yield chunk


class _Row:
    """A row and the number of its line."""

    __slots__ = ("cells", "number")

    def __init__(self, number: int, cells: list[str] | str) -> None:
        self.number = number
        self.cells = cells


class _TableReader:
    """A table of images and labels.

    Args:
        name: the file's name.
        lines: its lines.

    Raises:
        UnrecognisedError: it is none.
    """

    def __init__(self, name: str, lines: Iterable[Line]) -> None:
        self._name = name
        self._first_line = 0
        self._table = Table(self._noted(lines), _known)
        self._header = self._table.header
        self.columns = _columns(self._header)
        if self.columns is None and not _is_uri(self._header[:1]):
            shown = f": its first line is {listed(self._header)}" if self._header else ""
            raise UnrecognisedError(f"{_NO_DATASET}{shown}")

    def _noted(self, lines: Iterable[Line]) -> Iterator[Line]:
        """The lines; the number of the first that is not empty is kept."""
        for line in lines:
            if not self._first_line and (line.text or "").strip():
                self._first_line = line.number
            yield line

    @property
    def form(self) -> DatasetForm:
        """anomalib's table if it has its columns, else a CSV of images and labels."""
        told = self.columns or {}
        return "anomalib" if {"index", "split", "mask"} & told.keys() else "csv"

    def rows(self) -> Iterator[_Row]:
        """The rows; where there is no header, the first line is one of them."""
        if self.columns is None:
            yield _Row(self._first_line, self._header)
        for number, cells in self._table.rows(lambda cells: self._is_row(cells)):
            yield _Row(number, cells)

    def _is_row(self, cells: list[str]) -> bool:
        """Whether what stands within quotes is a row of its own: the quote was not closed."""
        if self.columns is None:
            return _is_uri(cells)
        return len(cells) >= len(self._header) > 1

    def line(self, row: _Row) -> DatasetLine | str:
        """The image of a row; a text says why it is of no use."""
        if isinstance(row.cells, str):
            return row.cells
        if self.columns is None:
            return _guide_line(row.cells, row.number)
        return self._anomalib_line(row.cells, row.number, self.columns)

    def _anomalib_line(
        self, cells: list[str], number: int, columns: Mapping[_Role, int]
    ) -> DatasetLine | str:
        if cells == self._header:  # of tables that were appended to one another
            return "the header once more"
        if len(cells) <= max(columns.values()):
            return _SHORT
        told = {role: cells[place] for role, place in columns.items()}
        image = image_named(told["image"])
        if image is None:
            return why_no_image(told["image"])
        word = told.get("label", "")
        anomalous = False if word.strip().lower() == _NORMAL_TEST else class_of(word, _NOTHING_SAID)
        if index := folded_word(told.get("index", "")):
            if index not in ("0", "1"):
                return "a label_index that is neither 0 nor 1"
            if anomalous is not None and anomalous != (index == "1"):
                return "a label and a label_index that contradict each other"
            anomalous = index == "1"
        mask = told.get("mask", "")
        mask = "" if folded_word(mask) == "" else image_named(mask) or ""
        return DatasetLine(image, anomalous, word or told.get("index", ""), mask, number=number)

    def datasets(self, text: _Text) -> list[Dataset]:
        """The datasets of all rows; those of no use whose split is not known are of the first."""
        found: dict[str, Gathering] = {}
        lost = Gathering()
        is_cut = False
        place = None if self.columns is None else self.columns.get("split")
        for row in self.rows():
            read = self.line(row)
            group = ""
            if place is not None:
                cells = row.cells if isinstance(row.cells, list) else []
                group = cells[place].lower() if place < len(cells) else ""
                group = split_of_folder(group) or group or _NO_SPLIT
            is_kept = not isinstance(read, str) or group in found
            (found.setdefault(group, Gathering()) if is_kept else lost).add(read, row.number)
            is_cut = isinstance(read, str) or (read.anomalous is None and read.word != "")
        is_cut = is_cut and not text.ends_line
        if not found:
            found[""] = Gathering()
        next(iter(found.values())).take_unreadable(lost)
        return [
            gathered.dataset(
                f"{self._name} ({group})" if len(found) > 1 else self._name,
                self.form,
                split_of_folder(group) if place is not None else split_of(self._name),
                cut=is_cut,
            )
            for group, gathered in found.items()
        ]


def _columns(header: Sequence[str]) -> Mapping[_Role, int] | None:
    """Where the table has what; None if it has no header of a dataset.

    Raises:
        UnrecognisedError: it is a table of predictions, or of results.
    """
    found: dict[_Role, int] = {}
    others: list[str] = []
    for place, name in enumerate(header):
        role, folded = role_of(name), folded_name(name)
        if folded in _NAMES:
            found.setdefault(_NAMES[folded], place)
        elif role == "image" and ("image" not in found or folded == "imagepath"):
            found["image"] = place
        elif role == "truth":
            found.setdefault("label", place)
        elif (role is not None and role != "image") or is_aggregate(folded):
            others.append(name)
    if others and "image" in found:
        raise UnrecognisedError(f"predictions, no dataset: it has the columns {listed(others)}")
    return found if "image" in found and len(found) > 1 else None


def _known(names: Sequence[str]) -> int:
    """How many of a line's cells are names of columns, or what the guide's lines have."""
    return sum(
        folded_name(name) in _NAMES
        or role_of(name) is not None
        or _is_uri([name])
        or class_of_word(name) is not None
        for name in names
    )


def _is_uri(cells: Sequence[str]) -> bool:
    return bool(cells) and cells[0].lower().startswith(_URI)


def _guide_line(cells: list[str], number: int) -> DatasetLine | str:
    """A line of the guide's CSV; a comma in a key is not quoted there."""
    while len(cells) > 2 and not cells[-1]:  # a spreadsheet's
        cells = cells[:-1]
    *names, word = cells if len(cells) > 1 else (*cells, "")
    if class_of_word(word) is None and "." in word and len(cells) > 1:
        names, word = cells, ""  # no class, but the end of a key
    image = image_named(",".join(names))
    if image is None or not _is_uri([image]):
        return why_no_image(image)
    return DatasetLine(image, class_of_word(word), word, number=number)

"""`PredictionReader`: the files of one source into predicted images, all of them by one rule."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from lfv_mcp.formats.containers import parts_of
from lfv_mcp.formats.datasets.dataset import DatasetLine
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.encodings import utf8_chunks
from lfv_mcp.formats.json_values import is_object
from lfv_mcp.formats.predictions.column_choice import ColumnChoice, PredictionsRefusedError
from lfv_mcp.formats.predictions.columns import (
    NoPredictionsError,
    known_names,
    recognise,
    require_header,
)
from lfv_mcp.formats.predictions.items import ItemReader, RefusalOf, ShapeOf
from lfv_mcp.formats.predictions.json_items import (
    NOT_JSON,
    items_of_documents,
    items_of_lines,
    starts_as_json,
    starts_as_json_lines,
    text_of_documents,
)
from lfv_mcp.formats.predictions.prediction_file import (
    HEADER,
    is_training_line,
    starts_as_prediction_set,
    training_image,
)
from lfv_mcp.formats.predictions.prediction_set import (
    AboutPredictions,
    PredictedImage,
    about_from,
)
from lfv_mcp.formats.predictions.reading import Reading
from lfv_mcp.formats.predictions.source_rule import TABLE
from lfv_mcp.formats.predictions.table_cells import TableCells
from lfv_mcp.formats.predictions.tables import Table, TextLines, with_line_feeds
from lfv_mcp.formats.predictions.unusable import UnusableLine
from lfv_mcp.formats.texts import foreign_kind, gathered, is_foreign, peek_lines
from lfv_mcp.identifiers import PredictionSetKey
from lfv_mcp.text import clean

_PICKLE: Final = b"\x80"
_NO_TEXT: Final = "not a text"
_is_binary: Final = re.compile("[\0-\x08\x0e-\x1f]").search


class PredictionReader:
    """The files of one source, read one after another; at the end it says what they were.

    Args:
        choice: what a person said of their columns.
        shape_of: which format of another system a JSON object has; None for all that are known.
        refusal_of: why an object without a shape is refused; likewise.

    Raises:
        PredictionsRefusedError: a cut that is no finite number.
    """

    def __init__(
        self,
        choice: ColumnChoice,
        *,
        shape_of: ShapeOf | None = None,
        refusal_of: RefusalOf | None = None,
    ) -> None:
        if choice.cut is not None and not math.isfinite(choice.cut):
            raise PredictionsRefusedError(
                f"--cut {choice.cut} is no finite number.",
                "Say from which anomaly score an image is rejected, for example --cut 0.5.",
            )
        if shape_of is None or refusal_of is None:
            from lfv_mcp.formats.predictions import shapes

            shape_of, refusal_of = shape_of or shapes.shape_of, refusal_of or shapes.refusal_of
        self._choice = choice
        self._reading = Reading(choice)
        self._items = ItemReader(self._reading, shape_of, refusal_of)
        self.training: list[DatasetLine] = []
        """What sets that an archive wrote say that their model was trained on."""

    @property
    def unusable(self) -> Counter[str]:
        """Lines, items and files that were left out, by their cause."""
        return self._reading.unusable.counts

    @property
    def problems(self) -> list[UnusableLine]:
        """The first of them of each cause, with their places."""
        return self._reading.unusable.first

    def read(self, name: str, chunks: Iterable[bytes]) -> Iterator[PredictedImage]:
        """The images of one file of the source; what is of no use is counted and located.

        A file that is something else than predictions is counted as one thing that was left out.

        Args:
            name: the file's URI, or its path relative to the source, with slashes.
            chunks: its bytes, cut anywhere.

        Raises:
            PredictionsRefusedError: it allows two readings, or none, or another rule than the
                files before it.
            UnrecognisedError: it is damaged, or not read for safety: images may be missing.
        """
        self._reading.files += 1
        parts = 0
        for part in parts_of(chunks):
            parts += 1
            if isinstance(part, UnrecognisedError):
                self._leave_out(name, part)
                continue
            label = clean(f"{part.name} in {name}" if part.name else name, 300)
            try:
                yield from self._part(label, part.name or name, part.chunks)
            except NoPredictionsError as refusal:
                self._reading.refuse(label, "", refusal)
            except UnrecognisedError as problem:
                self._leave_out(label, problem)
            self._reading.require_known_words(label)
        if not parts:
            self._reading.unusable.add_file(
                name, "an archive without a file that may have predictions"
            )

    def about(
        self, key: PredictionSetKey, origin: str, *, same_names: bool = False
    ) -> AboutPredictions:
        """What the files were, after the last of them.

        Args:
            key: whose images, and the set's name.
            origin: where the files came from, as a text for people.
            same_names: a person vouched that equal names are the same images.

        Raises:
            PredictionsRefusedError: there was nothing to read, or what was read contradicts itself.
        """
        return self._reading.about(key, origin, same_names=same_names)

    def _leave_out(self, label: str, problem: UnrecognisedError) -> None:
        """Count a file that is something else; raise the problem of one that may hold images."""
        if problem.is_unread:
            raise problem
        self._reading.unusable.add_file(label, str(problem))

    def _part(self, label: str, name: str, chunks: Iterator[bytes]) -> Iterator[PredictedImage]:
        head, chunks = peek_lines(chunks)
        if not head.strip():
            raise UnrecognisedError("an empty file")
        if is_foreign(head):
            raise _foreign(head)
        if head.startswith(_PICKLE):
            raise UnrecognisedError(_NO_TEXT)
        if head.lstrip().startswith(b"<"):
            raise UnrecognisedError("HTML or XML")
        chunks = utf8_chunks(with_line_feeds(head, chunks))
        if not starts_as_json(head):
            yield from self._table(label, chunks)
        elif starts_as_prediction_set(head):
            yield from self._prediction_set(label, chunks)
        elif starts_as_json_lines(head):
            yield from self._lines(label, name, chunks)
        else:
            content, is_in_code_page = text_of_documents(gathered(chunks))
            self._reading.has_code_page = self._reading.has_code_page or is_in_code_page
            for item in items_of_documents(content):
                yield from self._items.images(label, name, item)

    def _lines(self, label: str, name: str, chunks: Iterator[bytes]) -> Iterator[PredictedImage]:
        lines = TextLines(chunks)
        for item in items_of_lines(lines):
            yield from self._items.images(label, name, item)
        self._reading.has_code_page = self._reading.has_code_page or lines.has_code_page

    def _prediction_set(self, label: str, chunks: Iterator[bytes]) -> Iterator[PredictedImage]:
        """The images of a file that an archive wrote."""
        items = items_of_lines(TextLines(chunks))
        header = next(items).value
        body = header.get(HEADER) if is_object(header) else None
        about = about_from(body if is_object(body) else {})
        self._reading.rule.follow(TABLE, {"image": "image"}, label)
        count, trained = 0, len(self.training)
        for item in items:
            if is_training_line(item.value):
                if (trained_on := training_image(item.value)) is not None:
                    self.training.append(trained_on)
                continue
            count += 1
            if isinstance(item.value, str):
                self._reading.unusable.add(label, item.place, item.value)
            else:
                yield from self._items.row(label, item.place, item.value)
        trained = len(self.training) - trained
        if about.trained_on and trained < about.trained_on.images:
            raise UnrecognisedError(
                f"a prediction set that names {trained:,} training images, and its first line says "
                f"{about.trained_on.images:,}",
                corrupt=True,
            )
        if count < about.images:
            missing = about.images - count
            raise UnrecognisedError(
                f"a prediction set of {about.images:,} images that ends {missing:,} lines early",
                corrupt=True,
            )

    def _table(self, label: str, chunks: Iterator[bytes]) -> Iterator[PredictedImage]:
        lines = TextLines(chunks)
        table = Table(lines, lambda names: known_names(names, self._choice))
        if any(map(_is_binary, table.header)):
            raise UnrecognisedError(_NO_TEXT)
        require_header(table.header, self._choice, label)
        columns = recognise(table.header, self._choice, label)
        self._reading.rule.note_names(table.header)
        self._reading.rule.follow(TABLE, columns, label, is_whole=True)
        cells = TableCells(table, columns, self._choice)
        for line, found in table.rows(cells.are_row):
            read = found if isinstance(found, str) else cells.image(found, self._reading.rows)
            image = self._reading.image(label, f"line {line:,}", read)
            if image is not None:
                yield image
        self._reading.has_code_page = self._reading.has_code_page or lines.has_code_page


def _foreign(head: bytes) -> UnrecognisedError:
    """What a file is that begins like no text, where a table is a text as well as JSON is."""
    kind = foreign_kind(head)
    return kind if kind.is_unread or str(kind) != NOT_JSON else UnrecognisedError(_NO_TEXT)

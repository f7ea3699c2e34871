"""`PredictionReader`: the files of one source into predicted images, all of them by one rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol

from lfv_mcp.formats.containers import parts_of
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.encodings import utf8_chunks
from lfv_mcp.formats.foreign import foreign_name
from lfv_mcp.formats.json_values import JsonObject, is_array, is_object
from lfv_mcp.formats.members import folded
from lfv_mcp.formats.predictions.class_words import folded_word, unknown_words
from lfv_mcp.formats.predictions.column_choice import ColumnChoice, PredictionsRefusedError
from lfv_mcp.formats.predictions.columns import (
    ROLES,
    Columns,
    NoPredictionsError,
    folded_name,
    known_names,
    listed,
    named_by_flags,
    names_alone,
    no_such_column,
    recognise,
    require_complete,
    require_header,
    without_image,
)
from lfv_mcp.formats.predictions.json_items import (
    Item,
    items_of_documents,
    items_of_lines,
    starts_as_json,
    starts_as_json_lines,
    text_of_documents,
    wrapped_items,
)
from lfv_mcp.formats.predictions.judgement import require_answers, require_sense
from lfv_mcp.formats.predictions.prediction_file import HEADER, starts_as_prediction_set
from lfv_mcp.formats.predictions.prediction_set import (
    AboutPredictions,
    PredictedImage,
    Scores,
    about_from,
)
from lfv_mcp.formats.predictions.rows import Row, RowReader, Verdicts
from lfv_mcp.formats.predictions.source_rule import TABLE, SourceRule
from lfv_mcp.formats.predictions.table_cells import TableCells
from lfv_mcp.formats.predictions.tables import Table, TextLines, with_line_feeds
from lfv_mcp.formats.predictions.unusable import Unusable, UnusableLine
from lfv_mcp.formats.texts import foreign_kind, gathered, is_foreign, peek_lines
from lfv_mcp.identifiers import PredictionSetKey
from lfv_mcp.text import clean

_HEADERS_KEPT: Final = 100
"""Sets of member names of which the columns are remembered."""
_PICKLE: Final = b"\x80"


class Shape(Protocol):
    """A format of another system, as `formats.predictions.shapes` has them."""

    @property
    def title(self) -> str:
        """What it is called, for people."""

    @property
    def columns(self) -> Mapping[str, str]:
        """By which member each role is read."""

    def read(self, item: JsonObject, name: str) -> Iterable[PredictedImage | str]:
        """The images of one object; a text says why it is of no use."""


ShapeOf = Callable[[JsonObject, str, ColumnChoice], Shape | None]
RefusalOf = Callable[[JsonObject, str], PredictionsRefusedError | None]


class PredictionReader:
    """The files of one source, read one after another; at the end it says what they were.

    Args:
        choice: what a person said of their columns.
        shape_of: which format of another system a JSON object has; None for all that are known.
        refusal_of: why an object without a shape is refused; likewise.
    """

    def __init__(
        self,
        choice: ColumnChoice,
        *,
        shape_of: ShapeOf | None = None,
        refusal_of: RefusalOf | None = None,
    ) -> None:
        if shape_of is None or refusal_of is None:
            from lfv_mcp.formats.predictions import shapes

            shape_of, refusal_of = shape_of or shapes.shape_of, refusal_of or shapes.refusal_of
        self._choice = choice
        self._shape_of, self._refusal_of = shape_of, refusal_of
        self._unusable = Unusable()
        self._rows = RowReader(choice)
        self._verdicts = Verdicts(choice.cut)
        self._rule = SourceRule()
        self._refusal: PredictionsRefusedError | None = None
        self._headers: dict[tuple[str, ...], Columns] = {}
        self._has_code_page = False

    @property
    def unusable(self) -> Counter[str]:
        """Lines, items and files that were left out, by their cause."""
        return self._unusable.counts

    @property
    def problems(self) -> list[UnusableLine]:
        """The first of them of each cause, with their places."""
        return self._unusable.first

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
                self._refusal = self._refusal or refusal
                self._unusable.add_file(label, refusal.message.removeprefix(label).strip())
            except UnrecognisedError as problem:
                self._leave_out(label, problem)
            if self._rows.unknown:
                self._refuse_words(label)
        if not parts:
            self._unusable.add_file(name, "an archive without a file that may have predictions")

    def _leave_out(self, label: str, problem: UnrecognisedError) -> None:
        """Count a file that is something else; raise the problem of one that may hold images."""
        if problem.is_unread:
            raise problem
        self._unusable.add_file(label, str(problem))

    def _part(self, label: str, name: str, chunks: Iterator[bytes]) -> Iterator[PredictedImage]:
        head, chunks = peek_lines(chunks)
        if not head.strip():
            raise UnrecognisedError("an empty file")
        if is_foreign(head):
            raise foreign_kind(head)
        if head.startswith(_PICKLE):
            raise UnrecognisedError("not a text")
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
            self._has_code_page = self._has_code_page or is_in_code_page
            for item in items_of_documents(content):
                yield from self._item(label, name, item)

    def _lines(self, label: str, name: str, chunks: Iterator[bytes]) -> Iterator[PredictedImage]:
        lines = TextLines(chunks)
        for item in items_of_lines(lines):
            yield from self._item(label, name, item)
        self._has_code_page = self._has_code_page or lines.has_code_page

    def _prediction_set(self, label: str, chunks: Iterator[bytes]) -> Iterator[PredictedImage]:
        """The images of a file that an archive wrote."""
        items = items_of_lines(TextLines(chunks))
        header = next(items).value
        body = header.get(HEADER) if is_object(header) else None
        about = about_from(body if is_object(body) else {})
        self._rule.follow(TABLE, {"image": "image"}, label)
        count = 0
        for item in items:
            count += 1
            if isinstance(item.value, str):
                self._unusable.add(label, item.place, item.value)
            else:
                yield from self._row_of_item(label, item.place, item.value)
        if count < about.images:
            missing = about.images - count
            raise UnrecognisedError(
                f"a prediction set of {about.images:,} images that ends {missing:,} lines early",
                corrupt=True,
            )

    # Tables

    def _table(self, label: str, chunks: Iterator[bytes]) -> Iterator[PredictedImage]:
        lines = TextLines(chunks)
        table = Table(lines, lambda names: known_names(names, self._choice))
        if not all(name.isprintable() for name in table.header):
            raise UnrecognisedError("not a text")
        require_header(table.header, self._choice, label)
        columns = recognise(table.header, self._choice, label)
        self._rule.note_names(table.header)
        self._rule.follow(TABLE, columns, label, is_whole=True)
        cells = TableCells(table, columns, self._choice)
        for line, found in table.rows(cells.are_row):
            read = found if isinstance(found, str) else cells.image(found, self._rows)
            image = self._row_read(label, f"line {line:,}", read)
            if image is not None:
                yield image
        self._has_code_page = self._has_code_page or lines.has_code_page

    def _row_read(
        self, label: str, place: str, read: PredictedImage | str
    ) -> PredictedImage | None:
        """The image of a row, counted; None for a row that is of no use."""
        if isinstance(read, str):
            self._unusable.add(label, place, read)
            if self._rows.is_refusable:
                self._refuse_words(label)
            return None
        return self._verdicts.add(read)

    # JSON

    def _item(self, label: str, name: str, item: Item) -> Iterator[PredictedImage]:
        """The images of a JSON object: of a known format, a row, or a wrapper around rows."""
        place, value = item
        if isinstance(value, str):
            self._unusable.add(label, place, value)
            return
        shape = self._shape_of(value, name, self._choice)
        if shape is not None and self._is_as_named(shape.columns):
            self._rule.follow(shape.title, shape.columns, label)
            for read in shape.read(value, name):
                if isinstance(read, str):
                    self._unusable.add(label, place, read)
                else:
                    yield self._verdicts.add(read)
            return
        if shape is None and (refusal := self._refusal_of(value, name)) is not None:
            self._refuse_item(label, place, refusal)
            return
        yield from self._row_of_item(label, place, value, name)

    def _is_as_named(self, columns: Mapping[str, str]) -> bool:
        """Whether a shape reads the members that a person named; else they are a row's."""
        return all(
            folded_name(column) == folded_name(columns.get(role, ""))
            for role, column in named_by_flags(self._choice).items()
        )

    def _refuse_item(self, label: str, place: str, refusal: PredictionsRefusedError) -> None:
        """Leave out an item; where the source has nothing else, that is why it is refused."""
        self._refusal = self._refusal or refusal
        self._unusable.add_file(label, refusal.message.removeprefix(label).strip(), place)

    def _row_of_item(
        self, label: str, place: str, value: JsonObject, wrapped_in: str | None = None
    ) -> Iterator[PredictedImage]:
        names = tuple(name for name, cell in value.items() if not _is_nested(cell))
        try:
            columns = self._columns_of(names, label)
        except NoPredictionsError as refusal:
            self._refuse_item(label, place, refusal)
            return
        # What says nothing but an id may be anything, unless the rows before it name images so.
        if "image" not in columns or (len(columns) == 1 and not self._rule.has_image(columns)):
            inner = wrapped_items(value) if wrapped_in is not None and not columns else None
            if inner is not None:
                for number, each in enumerate(inner, 1):
                    inside = Item(f"{place}, item {number:,}", each)
                    yield from self._inner_item(label, wrapped_in or "", inside)
                return
            self._refuse_item(label, place, self._not_a_row(value, names, columns, label))
            return
        self._rule.note_names(names)
        self._rule.follow(TABLE, columns, label)
        row = Row(**{role: value[column] for role, column in columns.items()})
        image = self._row_read(label, place, self._rows.read(row))
        if image is not None:
            yield image

    def _inner_item(self, label: str, name: str, item: Item) -> Iterator[PredictedImage]:
        """The images of an object in a wrapper, which is no wrapper itself."""
        value = item.value
        if is_object(value) and self._shape_of(value, name, self._choice) is None:
            yield from self._row_of_item(label, item.place, value)
        else:
            yield from self._item(label, name, item)

    def _columns_of(self, names: tuple[str, ...], label: str) -> Columns:
        """The columns of rows with such members."""
        columns = self._headers.get(names)
        if columns is None:
            columns = recognise(names, self._choice, label, partial=True)
            if len(self._headers) < _HEADERS_KEPT:
                self._headers[names] = columns
        return columns

    def _not_a_row(
        self, value: JsonObject, names: tuple[str, ...], columns: Columns, label: str
    ) -> PredictionsRefusedError:
        """The refusal of an object that names no image, or says nothing of it."""
        kind = foreign_name(value, {folded(str(name)) for name in value})
        if not columns and kind is not None:
            return NoPredictionsError(
                f"{label} is {kind}.", "Name the files with the predictions themselves."
            )
        for role, wanted in named_by_flags(self._choice).items():
            if role not in columns:
                return no_such_column(role, wanted, names, label)
        if "image" in columns:
            return names_alone(f"{label} has", f"its columns are {listed(names)}")
        return without_image(columns, names, label)

    def _refuse_words(self, label: str) -> None:
        """Refuse class words that are not known."""
        role, words = next(iter(self._rows.unknown.items()))
        raise unknown_words(words, self._rule.columns.get(role, role), label)

    # What they were

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
        place = clean(origin, 300)
        self._rule.require_named_columns(self._choice, place)
        self._require_images(place)
        require_answers(self._verdicts, self._choice, place)
        require_sense(self._verdicts, self._rows, self._rule.columns, self._choice, place)
        verdicts = self._verdicts
        scores: Scores = "none"
        if verdicts.scores or verdicts.confidences:
            scores = "anomaly_score" if verdicts.scores else "confidence"
        return AboutPredictions(
            key=key,
            origin=origin,
            columns=self._columns_for_people(),
            images=verdicts.images,
            answered=verdicts.answered,
            truth=verdicts.truth,
            scores=scores,
            cut=self._choice.cut,
            unusable=dict(sorted(self.unusable.items())),
            same_names=same_names,
        )

    def _require_images(self, place: str) -> None:
        """Refuse a source without an image, or without what makes a prediction."""
        if not self._verdicts.images:
            if self._refusal is not None:
                raise self._refusal.copy()
            first = "; ".join(map(str, self.problems[:3])) or "there is no file"
            raise PredictionsRefusedError(
                f"{place} has no predictions that can be read: {first}.",
                "Name a file, or a folder of files, with a line or an object for each image.",
            )
        if self._rule.is_table:
            require_complete(self._rule.columns, list(self._rule.names), self._choice, place)

    def _columns_for_people(self) -> dict[str, str]:
        """The columns of the roles, and by which rule classes and scores were read."""
        rule, verdicts, cut = self._rule, self._verdicts, self._choice.cut
        columns = {role: rule.columns[role] for role in ROLES if role in rule.columns}
        columns |= rule.columns
        if not rule.is_table:
            columns["format"] = rule.title
        if cut is not None:
            score = columns.get("score", "anomaly score")
            was = columns.get("prediction")
            columns["prediction"] = f"{score} >= {cut:g}"
            if was is not None:
                columns["cut"] = (
                    f"{cut:g} instead of {was}: "
                    f"{verdicts.changed:,} of {verdicts.predicted:,} verdicts changed"
                )
        if self._choice.anomaly_values:
            values = ", ".join(sorted({folded_word(v) for v in self._choice.anomaly_values}))
            columns["classes"] = f"anomaly: {values}; normal: every other word"
        if self._has_code_page:
            columns["encoding"] = "not UTF-8, read as Windows-1252; save it as UTF-8"
        return {role: clean(text, 300) for role, text in columns.items()}


def _is_nested(value: object) -> bool:
    return is_object(value) or is_array(value)

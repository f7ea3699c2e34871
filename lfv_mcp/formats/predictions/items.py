"""JSON objects into predicted images: those of a known format, rows, and wrappers around them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol

from lfv_mcp.formats.foreign import foreign_name
from lfv_mcp.formats.json_values import JsonObject, is_array, is_object
from lfv_mcp.formats.members import folded
from lfv_mcp.formats.predictions.column_choice import ColumnChoice, PredictionsRefusedError
from lfv_mcp.formats.predictions.columns import (
    Columns,
    NoPredictionsError,
    folded_name,
    listed,
    named_by_flags,
    names_alone,
    no_such_column,
    recognise,
    without_image,
)
from lfv_mcp.formats.predictions.json_items import Item, wrapped_items
from lfv_mcp.formats.predictions.prediction_set import PredictedImage
from lfv_mcp.formats.predictions.reading import Reading
from lfv_mcp.formats.predictions.rows import Row
from lfv_mcp.formats.predictions.source_rule import TABLE

_HEADERS_KEPT: Final = 100
"""Sets of member names of which the columns are remembered."""


class Shape(Protocol):
    """A format of another system, as `formats.predictions.shapes` has them."""

    @property
    def title(self) -> str:
        """What it is called, for people."""
        ...

    @property
    def columns(self) -> Mapping[str, str]:
        """By which member each role is read."""
        ...

    def read(self, item: JsonObject, name: str) -> Iterable[PredictedImage | str]:
        """The images of one object; a text says why it is of no use."""
        ...


ShapeOf = Callable[[JsonObject, str, ColumnChoice], Shape | None]
RefusalOf = Callable[[JsonObject, str], PredictionsRefusedError | None]


class ItemReader:
    """The items of JSON files, one after another.

    Args:
        reading: of the source that they belong to.
        shape_of: which format of another system an object has.
        refusal_of: why an object without a shape is refused.
    """

    def __init__(self, reading: Reading, shape_of: ShapeOf, refusal_of: RefusalOf) -> None:
        self._reading = reading
        self._choice = reading.choice
        self._shape_of, self._refusal_of = shape_of, refusal_of
        self._headers: dict[tuple[str, ...], Columns] = {}

    def images(self, label: str, name: str, item: Item) -> Iterator[PredictedImage]:
        """The images of a JSON object: of a known format, a row, or a wrapper around rows."""
        place, value = item
        if isinstance(value, str):
            self._reading.unusable.add(label, place, value)
            return
        shape = self._shape_of(value, name, self._choice)
        if shape is not None and self._is_as_named(shape.columns):
            self._reading.rule.follow(shape.title, shape.columns, label)
            for read in shape.read(value, name):
                if (image := self._reading.image(label, place, read)) is not None:
                    yield image
            return
        if shape is None and (refusal := self._refusal_of(value, name)) is not None:
            self._reading.refuse(label, place, refusal)
            return
        yield from self.row(label, place, value, name)

    def _is_as_named(self, columns: Mapping[str, str]) -> bool:
        """Whether a shape reads the members that a person named; else they are a row's."""
        return all(
            folded_name(column) == folded_name(columns.get(role, ""))
            for role, column in named_by_flags(self._choice).items()
        )

    def row(
        self, label: str, place: str, value: JsonObject, wrapped_in: str | None = None
    ) -> Iterator[PredictedImage]:
        """The image of an object whose members are the cells of a row.

        Args:
            label: the file.
            place: where in it.
            value: the object.
            wrapped_in: the file's own name, if the object may be a wrapper around others.
        """
        names = tuple(name for name, cell in value.items() if not _is_nested(cell))
        try:
            columns = self._columns_of(names, label)
        except NoPredictionsError as refusal:
            self._reading.refuse(label, place, refusal)
            return
        # What says nothing but an id may be anything, unless the rows before it name images so.
        if "image" not in columns or (
            len(columns) == 1 and not self._reading.rule.has_image(columns)
        ):
            inner = wrapped_items(value) if wrapped_in is not None and not columns else None
            if inner is not None:
                for number, each in enumerate(inner, 1):
                    inside = Item(f"{place}, item {number:,}", each)
                    yield from self._inner_item(label, wrapped_in or "", inside)
                return
            self._reading.refuse(label, place, self._not_a_row(value, names, columns, label))
            return
        self._reading.rule.note_names(names)
        self._reading.rule.follow(TABLE, columns, label)
        row = Row(**{role: value[column] for role, column in columns.items()})
        read = self._reading.rows.read(row)
        if (image := self._reading.image(label, place, read)) is not None:
            yield image

    def _inner_item(self, label: str, name: str, item: Item) -> Iterator[PredictedImage]:
        """The images of an object in a wrapper, which is no wrapper itself."""
        value = item.value
        if is_object(value) and self._shape_of(value, name, self._choice) is None:
            yield from self.row(label, item.place, value)
        else:
            yield from self.images(label, name, item)

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


def _is_nested(value: object) -> bool:
    return is_object(value) or is_array(value)

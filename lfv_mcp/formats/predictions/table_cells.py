"""The cells of a table's rows by their columns."""

from __future__ import annotations

from lfv_mcp.formats.predictions.column_choice import ColumnChoice
from lfv_mcp.formats.predictions.columns import Columns
from lfv_mcp.formats.predictions.prediction_set import PredictedImage
from lfv_mcp.formats.predictions.rows import Row, RowReader
from lfv_mcp.formats.predictions.tables import Table


class TableCells:
    """Which cell of a row says what.

    Args:
        table: the table, for its header and its delimiter.
        columns: the column of each role.
        choice: the words of the classes.
    """

    def __init__(self, table: Table, columns: Columns, choice: ColumnChoice) -> None:
        self._choice = choice
        self._header = table.header
        self._width = len(table.header)
        self._places = {role: table.header.index(column) for role, column in columns.items()}
        self._last = max(self._places.values())
        # Where a comma parts the cells, one within a number is no decimal point.
        self._decimal_comma = table.delimiter != ","

    def image(self, cells: list[str], rows: RowReader) -> PredictedImage | str:
        """The image of a row; a text says why it is of no use."""
        if cells == self._header:  # of tables that were appended to one another
            return "the header once more"
        if len(cells) <= self._last:
            return "fewer cells than the header"
        # Spreadsheets leave out cells that are empty at the end, or add some.
        if any(cells[self._width :]):
            return "more cells than the header"
        row = Row(**{role: cells[place] for role, place in self._places.items()})
        return rows.read(row, decimal_comma=self._decimal_comma)

    def are_row(self, cells: list[str]) -> bool:
        """Whether a line's cells are a whole row of the table."""
        if len(cells) < self._width:
            return False
        return not isinstance(self.image(cells, RowReader(self._choice)), str)

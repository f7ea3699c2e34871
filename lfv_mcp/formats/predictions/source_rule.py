"""The one rule by which all files of a source are read: which column, or member, says what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from lfv_mcp.formats.predictions.column_choice import ColumnChoice, PredictionsRefusedError
from lfv_mcp.formats.predictions.columns import folded_name, named_by_flags, no_such_column

TABLE: Final = "a table with a header"
"""The title of the rule by which rows are read, of separated values and of JSON."""
_NAMES_KEPT: Final = 100


class SourceRule:
    """The rule of a source: that of its first file, which every other one must follow."""

    def __init__(self) -> None:
        self.title = ""
        self.columns: dict[str, str] = {}
        self.names: dict[str, None] = {}
        self._file = ""

    @property
    def is_table(self) -> bool:
        """Whether rows were read by the names of their columns."""
        return self.title == TABLE

    def has_image(self, columns: Mapping[str, str]) -> bool:
        """Whether rows were read whose image is in the same column."""
        return self.is_table and folded_name(columns["image"]) == folded_name(self.columns["image"])

    def note_names(self, names: Iterable[str]) -> None:
        """Remember the columns of a row, for messages."""
        if len(self.names) < _NAMES_KEPT:
            self.names.update(dict.fromkeys(names))

    def follow(
        self, title: str, columns: Mapping[str, str], file: str, *, is_whole: bool = False
    ) -> None:
        """Hold the rule of a file, or of an object in it, against that of those before.

        Args:
            title: what its format is called.
            columns: the column of each role.
            file: its name.
            is_whole: the columns are all that the file has; an object may leave some out.

        Raises:
            PredictionsRefusedError: they differ.
        """
        if not self.title:
            self.title, self.columns, self._file = title, dict(columns), file
            return
        if columns == self.columns and title == self.title:
            return
        roles = self.columns.keys() | columns if is_whole else self.columns.keys() & columns
        if title != self.title or any(
            folded_name(self.columns.get(role, "")) != folded_name(columns.get(role, ""))
            for role in roles
        ):
            raise PredictionsRefusedError(
                f"Two rules in one source: {self._file} is {_described(self.title, self.columns)}; "
                f"{file} is {_described(title, columns)}.",
                "Give the files of each rule a prediction set of their own, or name the columns "
                "with --image, --truth, --prediction and --score.",
            )
        self.columns = {**columns, **self.columns}

    def require_named_columns(self, choice: ColumnChoice, place: str) -> None:
        """Refuse a flag whose column no row had.

        Raises:
            PredictionsRefusedError: there is one.
        """
        for role, wanted in named_by_flags(choice).items():
            if self.is_table and role not in self.columns:
                raise no_such_column(role, wanted, list(self.names), place)


def _described(title: str, columns: Mapping[str, str]) -> str:
    return f"{title} ({', '.join(f'{role} {column!r}' for role, column in columns.items())})"

"""Answers that become a table, a text and a picture in a notebook, by makers of the library.

This package draws and words nothing itself: without `lfv_mcp.library` an answer has none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lfv_mcp.results.base import Result

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Makers:
    """What makes the other forms of an answer.

    Args:
        frame: makes its table.
        html: makes the HTML that a notebook shows.
        text: makes the text that `print` shows.
    """

    frame: Callable[[Shown], DataFrame]
    html: Callable[[Shown], str]
    text: Callable[[Shown], str]


_registered: list[Makers] = []


def register(makers: Makers) -> None:
    """Let these make the other forms of answers in this process."""
    _registered[:] = [makers]


class _Printer(Protocol):
    """IPython's printer of values."""

    def text(self, text: str, /) -> object:
        """Print it."""


class Shown(Result):
    """An answer that is shown to a person.

    `repr` is pydantic's, with every member, for whoever looks for a fault.
    """

    def to_frame(self) -> DataFrame:
        """The answer as a pandas DataFrame; docs/python.md has the columns.

        Raises:
            LfvError: `part_not_installed`, there is no pandas.
            RuntimeError: `lfv_mcp.library` was never imported.
        """
        if not _registered:
            raise RuntimeError("import lfv_mcp.library first: it makes the tables")
        return _registered[0].frame(self)

    def __str__(self) -> str:
        """The text that a tool answers with; `repr`'s members if nobody words answers."""
        return _registered[0].text(self) if _registered else super().__str__()

    def _repr_html_(self) -> str | None:
        """What a notebook shows; None, so that it shows the text, if nobody draws answers."""
        return _registered[0].html(self) if _registered else None

    def _repr_pretty_(self, printer: _Printer, _is_cycle: bool) -> None:  # noqa: FBT001 - IPython's
        """What IPython shows in a terminal."""
        printer.text(str(self))

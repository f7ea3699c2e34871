"""Answers that become a table or a card in a notebook, by makers that the library registers.

This package draws nothing itself: without `lfv_mcp.library` an answer has no picture and no table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lfv_mcp.results.base import Result

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Makers:
    """What makes tables and cards.

    Args:
        frame: makes the table of an answer.
        card: makes the HTML that a notebook shows for an answer.
    """

    frame: Callable[[Framed], DataFrame]
    card: Callable[[Carded], str]


_registered: list[Makers] = []


def register(makers: Makers) -> None:
    """Let these make the tables and cards of this process."""
    _registered[:] = [makers]


class Framed(Result):
    """An answer that is also a table."""

    def to_frame(self) -> DataFrame:
        """The answer as a pandas DataFrame; docs/python.md has the columns.

        Raises:
            LfvError: `part_not_installed`, there is no pandas.
            RuntimeError: `lfv_mcp.library` was never imported.
        """
        if not _registered:
            raise RuntimeError("import lfv_mcp.library first: it makes the tables")
        return _registered[0].frame(self)


class Carded(Framed):
    """An answer that a notebook shows as a card."""

    def _repr_html_(self) -> str | None:
        """The card; None, so that a notebook shows the text, if nobody draws cards."""
        return _registered[0].card(self) if _registered else None

"""What a notebook shows for an answer: its card, or a table for answers that list something."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final, cast

from lfv_mcp.analysis.listing import set_in_words
from lfv_mcp.figures import count_of
from lfv_mcp.findings import as_line
from lfv_mcp.library.cards import Carded, card
from lfv_mcp.library.frames import Row, table
from lfv_mcp.library.words import in_python
from lfv_mcp.results.common import Finding
from lfv_mcp.results.model_list import ModelList, PredictionSetRow
from lfv_mcp.results.shown import Shown

_MOST_ROWS: Final = 60
"""Rows of a table; pandas shows as many."""


def html(answer: Shown) -> str:
    """The HTML of an answer: of one that lists something its summary, rows and findings."""
    if isinstance(answer, Carded):
        return card(answer)
    columns, rows = table(answer)
    filled = [name for name in columns if any(_is_filled(row.get(name)) for row in rows)]
    known = answer.present_members()
    notes = [set_in_words(each) for each in _sets(answer)]
    if len(rows) > _MOST_ROWS:
        more = count_of(len(rows) - _MOST_ROWS, "more row", "more rows")
        notes.insert(0, f"{more}: to_frame() has all.")
    findings: Sequence[Finding] = known.get("findings", ())
    notes += [in_python(as_line(found).removeprefix("- ")) for found in findings]
    return (
        f"<div><p>{escape(in_python(known['summary']))}</p>"
        f"<table>{_head(filled)}<tbody>{_body(filled, rows[:_MOST_ROWS])}</tbody></table>"
        f"{_list(notes)}</div>"
    )


def _sets(answer: Shown) -> Sequence[PredictionSetRow]:
    return (answer.prediction_sets or ()) if isinstance(answer, ModelList) else ()


def _is_filled(value: object) -> bool:
    return value is not None and value != ()


def _head(columns: Iterable[str]) -> str:
    return f"<thead><tr>{''.join(f'<th>{escape(name)}</th>' for name in columns)}</tr></thead>"


def _body(columns: Sequence[str], rows: Iterable[Row]) -> str:
    return "".join(f"<tr>{''.join(_cell(row, name) for name in columns)}</tr>" for row in rows)


def _cell(row: Row, name: str) -> str:
    return f"<td>{_in_cell(row.get(name))}</td>"


def _in_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple):
        items = [escape(str(item)) for item in cast("tuple[object, ...]", value)]
        return ("<br>" if any(" " in item for item in items) else ", ").join(items)
    return escape(str(value))


def _list(notes: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<ul>{items}</ul>" if items else ""

"""The card that a notebook shows for an answer: the page of `server/view`, framed."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from html import escape
from typing import Any, Final

from lfv_mcp.results.base import Result
from lfv_mcp.results.evaluation_report import EvaluationReport
from lfv_mcp.results.model_comparison import ModelComparison
from lfv_mcp.results.model_summary import ModelSummary
from lfv_mcp.server.view import page_with

Carded = ModelSummary | EvaluationReport | ModelComparison
"""Answers that the page can draw."""
_HEIGHT: Final = 720
"""Pixels; a frame without an origin cannot tell how high it is, so it scrolls, and can be drawn."""
_asked: Final[dict[int, dict[str, Any]]] = {}
"""What was asked, by the id of an answer that is alive: a report does not name its project."""


def remember_question(answer: Result, arguments: Mapping[str, Any]) -> None:
    """Keep the arguments of an answer for as long as it lives, for its card."""
    given = {name: value for name, value in arguments.items() if value not in (None, "")}
    _asked[id(answer)] = given
    weakref.finalize(answer, _asked.pop, id(answer), None)


def card(answer: Carded) -> str:
    """The page with the answer inside, as HTML for a notebook.

    The frame may run the page's own script, and nothing else: it has no origin, so it reaches
    neither the notebook nor its cookies, and the page's policy lets it load nothing.
    """
    shown = {"arguments": _asked.get(id(answer), {}), "result": answer.to_json()}
    page = escape(page_with([shown]), quote=True)
    return (
        f'<iframe sandbox="allow-scripts" title="lfv-mcp: {type(answer).__name__}" '
        f'style="width:100%;height:{_HEIGHT}px;border:0;resize:vertical" srcdoc="{page}"></iframe>'
    )

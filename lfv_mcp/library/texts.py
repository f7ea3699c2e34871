"""What `print` shows for an answer: the text of the tool of the same subject, in Python's words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from lfv_mcp.analysis.comparison_digest import comparison_digest
from lfv_mcp.analysis.datasets.inventory_text import inventory_digest
from lfv_mcp.analysis.evaluation_text import evaluation_digest
from lfv_mcp.analysis.listing import listing_digest
from lfv_mcp.analysis.model_summary import summary_digest
from lfv_mcp.figures import count_of
from lfv_mcp.findings import as_line
from lfv_mcp.library.words import in_python
from lfv_mcp.results.evaluation_report import EvaluationReport
from lfv_mcp.results.image_list import ImageList, JudgedImage
from lfv_mcp.results.inventory import Inventory
from lfv_mcp.results.model_comparison import ModelComparison
from lfv_mcp.results.model_list import ModelList
from lfv_mcp.results.model_summary import ModelSummary
from lfv_mcp.results.shown import Shown

_MOST_IMAGES: Final = 20
"""Images that the text of a list names; there may be thousands."""


def text(answer: Shown) -> str:
    """The readable text of an answer.

    Raises:
        TypeError: it is no answer of a question.
    """
    return in_python(_digest(answer))


def _digest(answer: Shown) -> str:
    match answer:
        case ModelSummary():
            return summary_digest(answer, sys.maxsize)
        case ModelList():
            return listing_digest(answer)
        case EvaluationReport():
            return evaluation_digest(answer)
        case ModelComparison():
            return comparison_digest(answer)
        case ImageList():
            return "\n".join(_images(answer))
        case Inventory():
            return "\n".join(_held(answer))
        case _:
            raise TypeError(f"{type(answer).__name__} has no text")


def _images(answer: ImageList) -> Iterator[str]:
    yield answer.summary
    yield from map(_image_in_words, answer.images[:_MOST_IMAGES])
    others = len(answer.images) - _MOST_IMAGES
    if others > 0:
        yield f"{count_of(others, 'more image', 'more images')}: `images` and to_frame() have all."
    yield from map(as_line, answer.findings)


def _image_in_words(each: JudgedImage) -> str:
    score = "" if each.anomaly_score is None else f", score {each.anomaly_score:.4g}"
    judged = f"{each.label}, predicted {each.prediction}{score}"
    return f"{each.image or '(not named)'}: {judged}"


def _held(answer: Inventory) -> Iterator[str]:
    if len(answer.projects) != 1:  # of one project its first line says the same
        yield answer.summary
    yield from inventory_digest(answer.projects)
    yield from map(as_line, answer.findings)

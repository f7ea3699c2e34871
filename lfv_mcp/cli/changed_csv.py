"""Every image that changed between a baseline and another model, as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from lfv_mcp.results.base import six_digits

if TYPE_CHECKING:
    from lfv_mcp.results.model_comparison import ModelComparison

COLUMNS: Final = (
    "model",
    "change",
    "image",
    "label",
    "anomaly_score",
    "confidence",
    "baseline_verdict",
    "baseline_score",
)
"""`model` is the version or prediction set that changed, or `every` for a label to doubt."""
_LABELS: Final = {
    "newly_missed": "anomaly",
    "newly_caught": "anomaly",
    "newly_rejected": "normal",
    "newly_passed": "normal",
}
_OPPOSITE: Final = {"anomaly": "normal", "normal": "anomaly"}
_BASELINE_RIGHT: Final = ("newly_missed", "newly_rejected")
"""The changes of images that the baseline judges right; it judges the others wrong."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for the start of a formula, and run."""


def changed_table(comparison: ModelComparison) -> bytes:
    """The table of a comparison that names all images, as CSV in UTF-8."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    table.writerows([defused(str(cell)) for cell in row] for row in _rows(comparison))
    return text.getvalue().encode("utf-8", "backslashreplace")


def _rows(comparison: ModelComparison) -> Iterator[tuple[object, ...]]:
    for model in comparison.models:
        for change, images in model.changed or ():
            label = _LABELS[change]
            verdict = label if change in _BASELINE_RIGHT else _OPPOSITE[label]
            for each in images.images:
                score, its = _score(each.anomaly_score), _score(each.baseline_score)
                yield model.model_version, change, each.image, label, score, "", verdict, its
    for each in comparison.labels_to_doubt or ():
        verdict = _OPPOSITE[each.label]
        sure, its = _score(each.confidence), _score(each.baseline_score)
        yield "every", "label_to_doubt", each.image, each.label, "", sure, verdict, its


def _score(value: float | None) -> object:
    """A score as answers have it; empty for none."""
    return "" if value is None else six_digits(value)


def defused(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; a number stays one."""
    if not cell.startswith(_FORMULA):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell

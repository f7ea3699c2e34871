"""Every image that changed between a baseline and another model, as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lfv_mcp.analysis.exports.tables import defused

COLUMNS: Final = ("model", "change", "image", "label", "anomaly_score", "confidence")
"""`model` is the version or prediction set that changed, or `every` for a label to doubt."""
_LABELS: Final = {
    "newly_missed": "anomaly",
    "newly_caught": "anomaly",
    "newly_rejected": "normal",
    "newly_passed": "normal",
}


def changed_table(comparison: Mapping[str, Any]) -> bytes:
    """The table of a comparison's structure that names all images, as CSV in UTF-8."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    table.writerows([defused(str(cell)) for cell in row] for row in _rows(comparison))
    return text.getvalue().encode("utf-8", "backslashreplace")


def _rows(comparison: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    for model in comparison["models"]:
        for change, images in model.get("changed", {}).items():
            for each in images["images"]:
                score = each.get("anomaly_score", "")
                yield model["model_version"], change, each["image"], _LABELS[change], score, ""
    for each in comparison.get("labels_to_doubt", ()):
        sure = each.get("confidence", "")
        yield "every", "label_to_doubt", each["image"], each["label"], "", sure

"""Tables for spreadsheets and data frames: a portfolio, a row a model; a model, a row an image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lfv_mcp.analysis.exports.carried import COUNTS, label_of, provenance_of
from lfv_mcp.analysis.exports.spreadsheet import defused_csv
from lfv_mcp.results.common import Source
from lfv_mcp.results.evaluation_report import EvaluationReport
from lfv_mcp.results.image_list import ImageList
from lfv_mcp.results.model_list import ModelRow

_CARRIED: Final = (
    *("source_kind", "source_basis", "source_captured_at", "source_location", "exported_by"),
    "note",
)
_RATES: Final = ("recall", "false_alarm_rate")
_ENDS: Final = {"value": "", "low": "_low", "high": "_high"}
_MEASURED: Final = (
    *COUNTS,
    *(f"measured_{rate}{end}" for rate in _RATES for end in _ENDS.values()),
)
PORTFOLIO_COLUMNS: Final = (*ModelRow.model_fields, *_MEASURED, *_CARRIED)
"""A listing's own members, counts and measured rates where counts are held, and the source."""
IMAGE_COLUMNS: Final = (
    *("project_name", "model_version", "image", "label", "prediction", "confidence"),
    *("anomaly_score", "outcome"),
    *_CARRIED,
)
_OUTCOMES: Final = {("anomaly", "normal"): "missed", ("normal", "anomaly"): "false_alarm"}
"""What a wrong verdict is called, by label and prediction."""


@dataclass(frozen=True, slots=True)
class PortfolioModel:
    """One model of a portfolio; `report` is None where it has no evaluation."""

    row: ModelRow
    source: Source
    report: EvaluationReport | None


def portfolio_table(models: Iterable[PortfolioModel], product: str) -> bytes:
    """A portfolio as CSV in UTF-8; an unknown cell is empty."""
    rows = (
        {
            **model.row.to_json(),
            **_measured(model.report),
            **_carried(model.source, product),
        }
        for model in models
    )
    return _csv(PORTFOLIO_COLUMNS, rows)


def images_table(project_name: str, model_version: str, images: ImageList, product: str) -> bytes:
    """Every test image of a model as CSV in UTF-8, in the order of its evaluation."""
    carried = _carried(images.source, product)
    rows = (
        {
            "project_name": project_name,
            "model_version": model_version,
            **each.to_json(),
            "outcome": _OUTCOMES.get((each.label, each.prediction), "right"),
            **carried,
        }
        for each in images.images
    )
    return _csv(IMAGE_COLUMNS, rows)


def _measured(report: EvaluationReport | None) -> dict[str, Any]:
    plain = {} if report is None else report.to_json()
    counts, metrics = plain.get("confusion"), plain.get("metrics", {})
    if counts is None:
        return {}
    rates = {
        f"measured_{rate}{suffix}": metrics.get(rate, {}).get(part)
        for rate in _RATES
        for part, suffix in _ENDS.items()
    }
    return {name: counts[name] for name in COUNTS} | rates


def _carried(source: Source, product: str) -> dict[str, str]:
    return provenance_of(source, product) | {"note": label_of(source)}


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    return defused_csv(columns, ([_cell(row.get(column)) for column in columns] for row in rows))


def _cell(value: object) -> str:
    """A value as a cell; a list by semicolons, and nothing for what is unknown."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType]
    return str(value)

"""analysis.recount."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from lfv_mcp.metrics import ROUNDING_TOLERANCE
from lfv_mcp.results.evaluation_report import EvaluationMetrics, EvaluationReport, Metric

RANKING_METRICS: Final = ("roc_auc", "average_precision")


def metric_values(block: EvaluationMetrics) -> dict[str, float]:
    """The metrics that have a value."""
    items = cast(Mapping[str, Metric], block).items()
    return {name: metric["value"] for name, metric in items if "value" in metric}


def best_known(report: EvaluationReport) -> dict[str, float]:
    """Every metric with a value: as recounted, else as reported."""
    return {**reported_metrics(report), **metric_values(report.get("metrics", {}))}


def compared(report: EvaluationReport) -> dict[str, bool]:
    """Every metric that is both reported and recounted: is it the same?"""
    recount = metric_values(report.get("metrics", {}))
    reported = reported_metrics(report).items()
    return {
        name: abs(value - recount[name]) <= ROUNDING_TOLERANCE
        for name, value in reported
        if name in recount
    }


def reported_metrics(report: EvaluationReport) -> Mapping[str, float]:
    return cast(Mapping[str, float], report.get("reported", {}))


def error_count(report: EvaluationReport) -> int:
    return report["confusion"]["false_positives"] + report["confusion"]["false_negatives"]

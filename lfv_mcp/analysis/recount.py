"""What the evaluation files say in numbers: metrics recounted from the counts, and agreement.

`EvaluationNumbers` holds every number of a report before any finding or sentence is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lfv_mcp import metrics
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
from lfv_mcp.formats.evaluation_result import EvaluationResult
from lfv_mcp.metrics import ROUNDING_TOLERANCE, Confusion, Undefined, Value
from lfv_mcp.results.evaluation_report import (
    EvaluationMetrics,
    Examples,
    LabelMetrics,
    ManifestCounts,
    Metric,
    OnTheLine,
    ReportedMetrics,
    ThresholdAnalysis,
)

RANKING_METRICS: Final = ("roc_auc", "average_precision")


@dataclass(frozen=True, slots=True)
class EvaluationNumbers:
    """Every number of an EvaluationReport, under the report's own member names; None is absent.

    `incomplete` says why the manifest is not the whole of its test; empty if nothing shows that.
    """

    test_images: int | None = None
    training_images: int | None = None
    confusion: ManifestCounts | None = None
    metrics: EvaluationMetrics | None = None
    reported: ReportedMetrics | None = None
    line: OnTheLine | None = None
    threshold: ThresholdAnalysis | None = None
    labels: tuple[LabelMetrics, ...] | None = None
    examples: Examples | None = None
    incomplete: str = ""

    def known_metrics(self) -> dict[str, float]:
        """Every metric with a value: as recounted, else as reported."""
        return {**reported_values(self.reported), **metric_values(self.metrics)}

    def agreement(self) -> dict[str, bool]:
        """Whether recount and report are equal, for every metric that has both."""
        recount = metric_values(self.metrics)
        return {
            name: abs(value - recount[name]) <= ROUNDING_TOLERANCE
            for name, value in reported_values(self.reported).items()
            if name in recount
        }

    def agrees(self) -> bool | None:
        """Whether every metric that is reported and recounted is equal; None if there is none."""
        by_metric = self.agreement()
        return all(by_metric.values()) if by_metric else None


def why_incomplete(manifest: EvaluationManifest | None, result: EvaluationResult | None) -> str:
    """What shows that a manifest is not the whole of its test, as a clause; empty if nothing.

    A part of a test says nothing of the whole: manifests list the classes one after the other, so
    the half of one that was cut off may be all the good parts.
    """
    if manifest is None:
        return ""
    reasons: list[str] = []
    if lines := sum(manifest.unusable.values()):
        reasons.append(f"{lines} of its lines cannot be used")
    found, tested = manifest.confusion.total, result.testing_images if result else None
    if tested is not None and found != tested:
        reasons.append(f"{found} test images are in it, and {tested} in the EvaluationResult")
    return "; ".join(reasons)


def metric_values(block: EvaluationMetrics | None) -> dict[str, float]:
    """The metrics that have a value, by name."""
    return {
        name: metric.value
        for name, metric in metrics_by_name(block).items()
        if metric.value is not None
    }


def metrics_by_name(block: EvaluationMetrics | None) -> dict[str, Metric]:
    """The metrics that are there, with a value or without, in the order of the answer."""
    return {} if block is None else block.present_members()


def reported_values(reported: ReportedMetrics | None) -> dict[str, float]:
    """The metrics that training reported, by name."""
    return {} if reported is None else reported.present_members()


def error_count(counts: Confusion | ManifestCounts) -> int:
    """Test images that were judged wrongly."""
    return counts.false_positives + counts.false_negatives


def metrics_of(
    counts: Confusion, roc_auc: Metric | None = None, average_precision: Metric | None = None
) -> EvaluationMetrics:
    """The metrics of a confusion matrix, shares with their Wilson intervals; and those by score."""
    tp, fp = counts.true_positives, counts.false_positives
    anomalies, normals = tp + counts.false_negatives, fp + counts.true_negatives
    return EvaluationMetrics(
        precision=metric_of(metrics.precision(counts), tp, tp + fp),
        recall=metric_of(metrics.recall(counts), tp, anomalies),
        false_alarm_rate=metric_of(metrics.false_alarm_rate(counts), fp, normals),
        f1_score=metric_of(metrics.f1_score(counts)),
        roc_auc=roc_auc,
        average_precision=average_precision,
    )


def metric_of(value: Value, successes: int = 0, trials: int = 0) -> Metric:
    """A metric as it is answered; with an interval if it is the share `successes` of `trials`."""
    if isinstance(value, Undefined):
        return Metric(undefined=value.reason)
    interval = metrics.wilson_interval(successes, trials)
    if isinstance(interval, Undefined):
        return Metric(value=value)
    return Metric(value=value, low=interval.low, high=interval.high)

"""What the evaluation files say in numbers: metrics recounted from the counts, and agreement.

`EvaluationNumbers` holds every number of a report before any finding or sentence is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from lfv_mcp import metrics
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
from lfv_mcp.formats.evaluation_result import EvaluationResult
from lfv_mcp.metrics import (
    ROUNDING_TOLERANCE,
    Confusion,
    Interval,
    Undefined,
    Value,
    wilson_interval,
)
from lfv_mcp.results.evaluation_report import (
    Counts,
    EvaluationMetrics,
    Examples,
    LabelMetrics,
    LineCost,
    ManifestCounts,
    Metric,
    OnTheLine,
    ReportedMetrics,
    RequirementVerdict,
    ThresholdAnalysis,
    ThresholdRow,
)

NO_MANIFEST: Final = "there is no EvaluationManifest with the images one by one"
"""Why nothing is known by score where counts are recovered, as a clause."""
RANKING_METRICS: Final = ("roc_auc", "average_precision")


@dataclass(frozen=True, slots=True)
class EvaluationNumbers:
    """Every number of an EvaluationReport, under the report's own member names; None is absent.

    `threshold` is made wherever scores allow it, also where the answer leaves it out.

    Args:
        asked: the counts that the answer is about: at the cut that was asked for, else those of the
            model's own verdicts; None if they are not known.
        cut_unanswerable: why nothing can be said about the cut that was asked for, as a clause.
        cut_is_best: whether no other cut has a better F1 on these images.
        possible_counts: without a manifest, all counts that give the reported figures, if several.
        counts_why_unknown: without a manifest, why no counts give them, as a clause.
        candidates_left_out: telling cuts that have no row, because an answer has room for so many.
        reaching: by the name of a requirement, the cut that reaches it on these images.
        incomplete: why the manifest is not the whole of its test; empty if nothing shows that.
        trained_on: how many images of the test a set was trained on, as a sentence, or empty.
        of_predictions: they are of a prediction set, with its own scores and a cut of unknown
            origin, and not of a Lookout for Vision model.
    """

    test_images: int | None = None
    training_images: int | None = None
    confusion: ManifestCounts | None = None
    metrics: EvaluationMetrics | None = None
    reported: ReportedMetrics | None = None
    line: OnTheLine | None = None
    cost: LineCost | None = None
    requirements: tuple[RequirementVerdict, ...] | None = None
    threshold: ThresholdAnalysis | None = None
    labels: tuple[LabelMetrics, ...] | None = None
    examples: Examples | None = None
    asked: Confusion | None = None
    cut_unanswerable: str = ""
    cut_is_best: bool = False
    possible_counts: tuple[Confusion, ...] = ()
    counts_why_unknown: str = ""
    candidates_left_out: int = 0
    reaching: Mapping[str, ThresholdRow] = field(default_factory=dict[str, ThresholdRow])
    incomplete: str = ""
    trained_on: str = ""
    of_predictions: bool = False

    def known_metrics(self) -> dict[str, float]:
        """Every metric with a value: as recounted, else as reported."""
        return {**reported_values(self.reported), **metric_values(self.metrics)}

    def agreement(self) -> dict[str, bool]:
        """Whether recount and report are equal, for every metric that has both.

        Counts that were recovered from the report agree with it, which proves nothing.
        """
        if self.confusion and self.confusion.recovered:
            return {}
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
    """The metrics of a confusion matrix with their 95 % intervals; and those by score."""
    tp, fp = counts.true_positives, counts.false_positives
    return EvaluationMetrics(
        precision=metric_of(metrics.precision(counts), wilson_interval(tp, tp + fp)),
        recall=recall_of(counts),
        false_alarm_rate=false_alarm_rate_of(counts),
        f1_score=metric_of(metrics.f1_score(counts), metrics.f1_interval(counts)),
        roc_auc=roc_auc,
        average_precision=average_precision,
    )


def recall_of(counts: Confusion) -> Metric:
    """Recall with its 95 % interval."""
    defects, _ = defects_and_good_parts(counts)
    return metric_of(metrics.recall(counts), wilson_interval(counts.true_positives, defects))


def false_alarm_rate_of(counts: Confusion) -> Metric:
    """The false-alarm rate with its 95 % interval."""
    _, good = defects_and_good_parts(counts)
    return metric_of(
        metrics.false_alarm_rate(counts), wilson_interval(counts.false_positives, good)
    )


def ranking_metrics(
    roc_auc: Value, average_precision: Value, anomalous: int, normal: int
) -> tuple[Metric, Metric]:
    """ROC AUC and average precision over so many images of each class, with their intervals."""
    areas: list[Metric] = []
    for value, interval in (
        (roc_auc, partial(metrics.roc_auc_interval, anomalous=anomalous, normal=normal)),
        (average_precision, partial(metrics.average_precision_interval, anomalous=anomalous)),
    ):
        why_none = Undefined("there is no value")
        areas.append(
            metric_of(value, why_none if isinstance(value, Undefined) else interval(value))
        )
    return areas[0], areas[1]


def metric_of(value: Value, interval: Interval | Undefined) -> Metric:
    """A figure as it is answered: with its interval, or the reason why it has none."""
    if isinstance(value, Undefined):
        return Metric(undefined=value.reason)
    if isinstance(interval, Undefined):
        return Metric(value=value, no_interval=interval.reason)
    return Metric(value=value, low=interval.low, high=interval.high)


def interval_of(metric: Metric | None) -> Interval | None:
    """The 95 % interval of a metric, if it has one."""
    if metric is None or metric.low is None or metric.high is None:
        return None
    return Interval(metric.low, metric.high)


def confusion_of(counts: Counts) -> Confusion:
    """The counts of an answer as what metrics are computed from."""
    return Confusion(
        counts.true_positives,
        counts.false_positives,
        counts.false_negatives,
        counts.true_negatives,
    )


def defects_and_good_parts(counts: Confusion | Counts) -> tuple[int, int]:
    """Test images of each class: defects, and good parts."""
    return (
        counts.true_positives + counts.false_negatives,
        counts.false_positives + counts.true_negatives,
    )

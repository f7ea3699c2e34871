"""results.evaluation_report."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from lfv_mcp.results.common import Finding, Source

# Docstrings below are published and paid for by every client: only what a name does not say. What
# an answer always holds whole is not repeated as `required` (total=False).


class Metric(TypedDict, total=False):
    """Shares have a 95 % Wilson interval; `undefined` says why there is no value."""

    value: float
    low: float
    high: float
    undefined: str


class EvaluationMetrics(TypedDict, total=False):
    precision: Metric
    recall: Metric
    false_alarm_rate: Metric
    f1_score: Metric
    roc_auc: Metric
    average_precision: Metric


class Counts(TypedDict, total=False):
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int


class ManifestCounts(Counts, total=False):
    unusable_lines: int


class ReportedMetrics(TypedDict, total=False):
    f1_score: float
    precision: float
    recall: float
    roc_auc: float
    average_precision: float


class OnTheLine(TypedDict, total=False):
    defect_rate: float
    expected_precision: float
    escapes_per_million: float
    false_rejects_per_million: float


class ThresholdRow(Counts, total=False):
    """Predicted anomalous if score >= threshold."""

    threshold: float
    precision: float
    recall: float
    false_alarm_rate: float
    f1_score: float


class OperatingRange(TypedDict, total=False):
    """Built-in threshold: above the first, at most the second."""

    max_normal_score: float
    min_anomaly_score: float


class ThresholdAnalysis(TypedDict):
    """score = confidence if predicted anomalous, else 1 - confidence."""

    rule_holds: Annotated[bool, Field(description="one cut explains all predictions")]
    operating_range: NotRequired[OperatingRange]
    candidates: NotRequired[list[ThresholdRow]]
    at: NotRequired[ThresholdRow]


class LabelMetrics(TypedDict, total=False):
    name: str
    precision: float
    recall: float
    f1_score: float
    average_iou: float


class Example(TypedDict, total=False):
    image: str
    confidence: Annotated[float, Field(description="in the predicted class")]


class Examples(TypedDict, total=False):
    """Worst first."""

    missed_defects: list[Example]
    false_alarms: list[Example]


class EvaluationReport(TypedDict):  # what analyze_evaluation answers
    summary: str
    test_images: NotRequired[int]
    training_images: NotRequired[int]
    confusion: NotRequired[ManifestCounts]
    metrics: NotRequired[EvaluationMetrics]
    reported: NotRequired[ReportedMetrics]
    agrees: NotRequired[Annotated[bool, Field(description="reported equals metrics")]]
    line: NotRequired[OnTheLine]
    threshold: NotRequired[ThresholdAnalysis]
    labels: NotRequired[list[LabelMetrics]]
    examples: NotRequired[Examples]
    findings: list[Finding]
    source: Source

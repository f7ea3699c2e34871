"""`EvaluationReport`, the answer of analyze_evaluation, and the records inside it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from lfv_mcp.results.base import Count, Number, Result
from lfv_mcp.results.common import Finding, Source


class Metric(Result):
    """A metric, 0 to 1, with its 95 % Wilson interval; or `undefined`, why it has no value.

    Raises:
        ValueError: both a value and `undefined` are given, or neither; or half an interval.
    """

    schema_description: ClassVar[str] = (
        "Shares have a 95 % Wilson interval; `undefined` says why there is no value."
    )

    value: Number | None = None
    low: Number | None = None
    high: Number | None = None
    undefined: str | None = None

    @model_validator(mode="after")
    def _value_or_reason(self) -> Self:
        if (self.value is None) is (self.undefined is None):
            raise ValueError("a metric has either a value or a reason for having none")
        if (self.low is None) is not (self.high is None):
            raise ValueError("an interval has two ends")
        return self


class EvaluationMetrics(Result):
    """Image-level metrics of a model; the positive class is anomaly."""

    precision: Metric | None = None
    recall: Metric | None = None
    false_alarm_rate: Metric | None = None
    f1_score: Metric | None = None
    roc_auc: Metric | None = None
    average_precision: Metric | None = None


class Counts(Result):
    """A confusion matrix: test images by true and by predicted class."""

    schema_lists_required: ClassVar[bool] = False

    true_positives: Count
    false_positives: Count
    false_negatives: Count
    true_negatives: Count


class ManifestCounts(Counts):
    """The confusion matrix of an EvaluationManifest, and how many of its lines are not in it."""

    unusable_lines: Count


class ReportedMetrics(Result):
    """The metrics, 0 to 1, that training wrote into the EvaluationResult."""

    f1_score: Number | None = None
    precision: Number | None = None
    recall: Number | None = None
    roc_auc: Number | None = None
    average_precision: Number | None = None


class OnTheLine(Result):
    """What a model's rates mean on a line where `defect_rate` (0 to 1) of the parts have a defect.

    Escapes and false rejects are parts per million inspected.
    """

    schema_lists_required: ClassVar[bool] = False

    defect_rate: Number
    expected_precision: Number | None = None
    escapes_per_million: Number | None = None
    false_rejects_per_million: Number | None = None


class ThresholdRow(Counts):
    """The test set's counts and metrics at one threshold on the anomaly score, 0 to 1."""

    schema_description: ClassVar[str] = "Predicted anomalous if score >= threshold."

    threshold: Number
    precision: Number | None = None
    recall: Number | None = None
    false_alarm_rate: Number | None = None
    f1_score: Number | None = None


class OperatingRange(Result):
    """The scores between which the model's built-in threshold lies; None: no bound on that side."""

    schema_description: ClassVar[str] = "Built-in threshold: above the first, at most the second."

    max_normal_score: Number | None = None
    min_anomaly_score: Number | None = None


class ThresholdAnalysis(Result):
    """What thresholds on the anomaly score do; only `rule_holds` if scores explain nothing."""

    schema_description: ClassVar[str] = (
        "score = confidence if predicted anomalous, else 1 - confidence."
    )

    rule_holds: Annotated[bool, Field(description="one cut explains all predictions")]
    operating_range: OperatingRange | None = None
    candidates: tuple[ThresholdRow, ...] | None = None
    at: ThresholdRow | None = None


class LabelMetrics(Result):
    """Pixel-level metrics, 0 to 1, of one anomaly label of a segmentation model."""

    schema_lists_required: ClassVar[bool] = False

    name: str
    precision: Number | None = None
    recall: Number | None = None
    f1_score: Number | None = None
    average_iou: Number | None = None


class Example(Result):
    """A test image that was judged wrongly, by its S3 URI."""

    schema_lists_required: ClassVar[bool] = False

    image: str
    confidence: Annotated[Number | None, Field(description="in the predicted class")] = None


class Examples(Result):
    """Test images that were judged wrongly, the surest errors first."""

    schema_description: ClassVar[str] = "Worst first."
    schema_lists_required: ClassVar[bool] = False

    missed_defects: tuple[Example, ...]
    false_alarms: tuple[Example, ...]


class EvaluationReport(Result):
    """What analyze_evaluation answers: all that the evaluation files of a model prove."""

    summary: str
    test_images: Count | None = None
    training_images: Count | None = None
    confusion: ManifestCounts | None = None
    metrics: EvaluationMetrics | None = None
    reported: ReportedMetrics | None = None
    agrees: Annotated[bool | None, Field(description="reported equals metrics")] = None
    line: OnTheLine | None = None
    threshold: ThresholdAnalysis | None = None
    labels: tuple[LabelMetrics, ...] | None = None
    examples: Examples | None = None
    findings: tuple[Finding, ...]
    source: Source

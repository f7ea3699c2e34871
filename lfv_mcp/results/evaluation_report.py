"""`EvaluationReport`, the answer of analyze_evaluation, and the records inside it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lfv_mcp.results.base import Count, Figure, Number, Result
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.shown import Shown


class Metric(Result):
    """A figure with its 95 % interval; or `undefined`, why it has no value.

    `no_interval` says why a value has no interval, where that is so.

    Raises:
        ValueError: both a value and `undefined` are given, or neither; or half an interval.
    """

    schema_description: ClassVar[str] = (
        "low, high: 95 % interval; no_interval, undefined: why there is none, or no value."
    )

    value: Figure | None = None
    low: Figure | None = None
    high: Figure | None = None
    no_interval: str | None = None
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
    """The confusion matrix of a test, and how many lines of its manifest are not in it.

    `recovered`: without a manifest, the only counts that give the figures of the EvaluationResult.
    """

    unusable_lines: Count | None = None
    recovered: Annotated[
        bool | None, Field(description="no manifest: the only counts that give `reported`")
    ] = None


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
    expected_precision: Metric | None = None
    escapes_per_million: Metric | None = None
    false_rejects_per_million: Metric | None = None


class CutRange(Result):
    """Cuts from `low` to `high`; an end that is absent is open."""

    low: Number | None = None
    high: Number | None = None


class OperatingRange(Result):
    """The scores between which the model's built-in threshold lies; None: no bound on that side."""

    schema_description: ClassVar[str] = "Built-in threshold: above the first, at most the second."

    max_normal_score: Number | None = None
    min_anomaly_score: Number | None = None


class PricedPolicy(Counts):
    """What a way to treat the parts costs on the line, and its counts on the test images."""

    cost_per_part: Metric


class PricedBuiltIn(PricedPolicy):
    """What the model's own cut costs; `threshold` is where it lies, if scores tell."""

    threshold: OperatingRange | None = None


class PricedCut(PricedPolicy):
    """What a cut costs. Every cut above `gap.low`, up to `gap.high`, judges the test images alike.

    Without `threshold` it lies above all scores: nothing is rejected.
    """

    threshold: Number | None = None
    gap: Annotated[CutRange | None, Field(description="cuts within judge these images alike")] = (
        None
    )


class LineCost(Result):
    """What cuts cost per part inspected, in the unit of the two prices.

    `difference` is the cheapest cut's cost minus the built-in one's; `decided` is whether its
    interval leaves out 0. `saved_per_million` is what the model's own cut saves of a million parts
    against rejecting nothing. Cuts of `indistinguishable` are not shown to cost more than the
    cheapest.
    """

    schema_description: ClassVar[str] = "Cheapest of all cuts, chosen on these images."
    schema_lists_required: ClassVar[bool] = False

    cost_of_escape: Number
    cost_of_false_reject: Number
    cheapest: PricedCut | None = None
    built_in: PricedBuiltIn
    reject_nothing: PricedPolicy
    reject_everything: PricedPolicy
    difference: Annotated[Metric | None, Field(description="cheapest minus built-in")] = None
    difference_per_million: Figure | None = None
    saved_per_million: Annotated[
        Metric | None, Field(description="by built-in, against rejecting nothing")
    ] = None
    decided: bool | None = None
    indistinguishable: CutRange | None = None
    at: PricedCut | None = None


class ThresholdRow(Counts):
    """The test set's counts and metrics at one threshold on the anomaly score.

    With a defect rate also what of a million parts of the line would escape or be rejected wrongly.
    """

    schema_description: ClassVar[str] = "Predicted anomalous if score >= threshold."

    threshold: Number
    precision: Metric | None = None
    recall: Metric | None = None
    false_alarm_rate: Metric | None = None
    f1_score: Figure | None = None
    escapes_per_million: Figure | None = None
    false_rejects_per_million: Figure | None = None


class RequirementVerdict(Result):
    """Whether the test shows a required rate, and how many images of the class that would take.

    `images_needed`: further ones, all without an error; `images_needed_as_measured`: with 80 %
    chance if the rate is in truth as measured. `cut`: which reaches it on these images and makes
    the fewest errors of the other kind; absent without scores, or where only to reject nothing, or
    everything, would.
    """

    schema_lists_required: ClassVar[bool] = False

    requirement: Literal["recall_at_least", "false_alarms_at_most"]
    needed: Number
    seen: Metric
    verdict: Literal["shown", "not_shown", "refuted"]
    images_needed: Annotated[Count | None, Field(description="further ones, without an error")] = (
        None
    )
    images_needed_as_measured: Annotated[
        Count | None, Field(description="further ones, 80 % chance")
    ] = None
    cut: Annotated[ThresholdRow | None, Field(description="best that reaches it here")] = None


class ThresholdAnalysis(Result):
    """What thresholds on the anomaly score do; only `rule_holds` if scores explain nothing."""

    schema_description: ClassVar[str] = (
        "score = confidence if predicted anomalous, else 1 - confidence."
    )

    rule_holds: Annotated[bool, Field(description="one cut explains all predictions")]
    operating_range: OperatingRange | None = None
    candidates: Annotated[
        tuple[ThresholdRow, ...] | None, Field(description="those that can be cheapest")
    ] = None
    at: ThresholdRow | None = None


class LabelMetrics(Result):
    """Metrics, 0 to 1, of one anomaly label of a segmentation model, as the service gave them.

    Whether they are of pixels or of images it did not say, but for the overlap of masks.
    """

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
    anomaly_score: Number | None = None
    confidence: Annotated[Number | None, Field(description="in the predicted class")] = None


class ExampleList(Result):
    """How many test images were judged wrongly in one way, and the worst of them."""

    schema_description: ClassVar[str] = "Worst first."
    schema_lists_required: ClassVar[bool] = False

    count: Count
    images: tuple[Example, ...]


class Examples(Result):
    """Test images that were judged wrongly, the surest errors first."""

    schema_lists_required: ClassVar[bool] = False

    missed_defects: ExampleList
    false_alarms: ExampleList


class UnjudgedVerdicts(Result):
    """What a prediction set says of images whose truth is not known.

    `rejected` are predicted anomalies, `rejected_at` those at the cut that was asked for.
    """

    schema_description: ClassVar[str] = "Of a prediction set without truth: right or wrong unknown."
    schema_lists_required: ClassVar[bool] = False

    images: Count
    unanswered: Count | None = None
    rejected: Count | None = None
    rejected_share: Metric | None = None
    lowest_score: Number | None = None
    highest_score: Number | None = None
    rejected_at: Annotated[Count | None, Field(description="at the threshold asked for")] = None


class EvaluationReport(Shown):
    """What analyze_evaluation answers: all that the evaluation files of a model prove."""

    summary: str
    test_images: Count | None = None
    training_images: Count | None = None
    confusion: ManifestCounts | None = None
    metrics: EvaluationMetrics | None = None
    reported: ReportedMetrics | None = None
    agrees: Annotated[bool | None, Field(description="reported equals metrics")] = None
    line: OnTheLine | None = None
    cost: LineCost | None = None
    requirements: tuple[RequirementVerdict, ...] | None = None
    threshold: ThresholdAnalysis | None = None
    labels: tuple[LabelMetrics, ...] | None = None
    examples: Examples | None = None
    unjudged: UnjudgedVerdicts | None = None
    findings: tuple[Finding, ...]
    source: Source

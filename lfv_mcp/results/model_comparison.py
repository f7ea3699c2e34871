"""`ModelComparison`, the answer of compare_models, and the records inside it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from lfv_mcp.results.base import Count, Figure, Number, Result
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import EvaluationMetrics, LabelMetrics
from lfv_mcp.results.shown import Shown

QuestionVerdict = Literal["better", "worse", "not_worse", "undecided"]
Verdict = Literal["better", "worse", "trade_off", "not_worse", "undecided", "not_comparable"]
Replacement = Literal["accept", "reject", "undecided"]
Class = Literal["recall", "false_alarm"]
ForTable: TypeAlias = Annotated[SkipJsonSchema[Number | None], Field(exclude=True)]
"""A member for the table of all images (`--csv`) alone: in no answer and in no schema."""


class ComparedRate(Result):
    """Recall or the false-alarm rate of a version against the baseline; or why it is `undefined`.

    `difference` is this version's rate minus the baseline's: higher is better for recall, and worse
    for the false-alarm rate. Counts, p-values, margins and images needed exist only where both
    judged the same images.

    Raises:
        ValueError: both a difference and `undefined` are given, or neither.
    """

    schema_description: ClassVar[str] = (
        "difference: this minus baseline, low and high its 95 % interval."
    )

    images: Count | None = None
    only_baseline_right: Count | None = None
    only_this_right: Count | None = None
    difference: Figure | None = None
    low: Figure | None = None
    high: Figure | None = None
    decision_low: Annotated[
        Figure | None, Field(description="stricter, for several candidates")
    ] = None
    decision_high: Figure | None = None
    p_value: Figure | None = None
    p_adjusted: Figure | None = None
    verdict: QuestionVerdict | None = None
    smallest_margin_shown: Number | None = None
    images_needed: Annotated[
        Count | None, Field(description="further ones, 80 % chance if in truth equal")
    ] = None
    undefined: str | None = None

    @model_validator(mode="after")
    def _difference_or_reason(self) -> Self:
        if (self.difference is None) is (self.undefined is None):
            raise ValueError("a rate has either a difference or a reason for having none")
        return self


class AucDifference(Result):
    """ROC AUC of a version minus the baseline's on the same images (DeLong); not a verdict."""

    schema_description: ClassVar[str] = "DeLong, same images; no verdict rests on it."
    schema_lists_required: ClassVar[bool] = False

    difference: Figure
    low: Figure
    high: Figure
    p_value: Figure


class ChangedImage(Result):
    """An image that the two models judge differently; `anomaly_score` is this version's."""

    schema_lists_required: ClassVar[bool] = False

    image: str
    anomaly_score: Figure | None = None
    baseline_score: ForTable = None


class ChangedImages(Result):
    """How many images changed in one way, and some of them."""

    schema_lists_required: ClassVar[bool] = False

    count: Count
    images: tuple[ChangedImage, ...]


class ChangedVerdicts(Result):
    """The images that the two models judge differently: defects, then good parts."""

    schema_lists_required: ClassVar[bool] = False

    newly_missed: ChangedImages
    newly_caught: ChangedImages
    newly_rejected: ChangedImages
    newly_passed: ChangedImages


class DoubtedLabel(Result):
    """An image whose label every model tested on it contradicts.

    `confidence` is the least sure model's.
    """

    schema_lists_required: ClassVar[bool] = False

    image: str
    label: Literal["anomaly", "normal"]
    confidence: Figure | None = None
    baseline_score: ForTable = None


class ImageMatching(Result):
    """How the images of a candidate were found among the baseline's, and what was not found.

    `by_uri`, `by_key` and `by_name` count matched images by the rule that matched them;
    `unanswered` the test images that the candidate did not answer, `extra` its answers on other
    images, `collisions` images whose key or name is not unique, `labels_differ` images on which
    the sources of truth differ. `trained_on` counts the test images that the candidate was trained
    on, which are in no other count and no figure.
    """

    schema_lists_required: ClassVar[bool] = False

    by_uri: Count
    by_key: Count
    by_name: Count
    unanswered: Count
    extra: Count
    collisions: Count
    labels_differ: Count
    trained_on: Count | None = None


class ComparedModel(Result):
    """One version in a comparison; the baseline has status, metrics and labels alone.

    `labels` are what the service reported of a segmentation model's kinds of defects; without
    counts no difference between two of them can be tested.
    """

    model_version: str
    status: str | None = None
    metrics: EvaluationMetrics | None = None
    recall: ComparedRate | None = None
    false_alarm_rate: ComparedRate | None = None
    roc_auc: AucDifference | None = None
    labels: Annotated[tuple[LabelMetrics, ...] | None, Field(description="reported, untested")] = (
        None
    )
    verdict: Annotated[Verdict | None, Field(description="against the baseline")] = None
    replacement: Annotated[Replacement | None, Field(description="may it replace the baseline")] = (
        None
    )
    changed: ChangedVerdicts | None = None
    matching: ImageMatching | None = None


class ModelComparison(Shown):
    """What compare_models answers: each version against the first, and the best if there is one."""

    summary: str
    baseline: str
    recall_margin: Number | None = None
    false_alarm_margin: Number | None = None
    margins_given: tuple[Class, ...] = ()
    models: tuple[ComparedModel, ...]
    labels_to_doubt: Annotated[
        tuple[DoubtedLabel, ...] | None,
        Field(description="all models tested on it judge against it"),
    ] = None
    best: Annotated[str | None, Field(description="absent: undecided")] = None
    best_reason: str
    same_test_set: Annotated[bool | None, Field(description="absent: unknown")] = None
    findings: tuple[Finding, ...]
    source: Source

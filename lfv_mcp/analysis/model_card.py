"""`model_card`: one model as a Markdown document that a person can read and file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lfv_mcp.analysis.grades import ERROR_BAR, grade_errors, grade_in_words
from lfv_mcp.analysis.recount import metrics_by_name
from lfv_mcp.figures import (
    count_of,
    exact_score,
    fraction,
    limit_in_percent,
    percent,
    percent_range_beside,
    score,
)
from lfv_mcp.metrics import Undefined, wilson_interval
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import (
    EvaluationReport,
    LabelMetrics,
    ManifestCounts,
    Metric,
    UnjudgedVerdicts,
)
from lfv_mcp.results.model_summary import (
    Artifacts,
    ModelSummary,
    Performance,
    PredictionSetFacts,
)


def model_card(
    model: ModelSummary, report: EvaluationReport | None = None, unread: str = ""
) -> str:
    """A model as a Markdown document: state, quality, evidence, use, limits, provenance.

    `report` is what its evaluation files prove; without them `unread` says why there is none.
    """
    labels = report.labels if report else None
    sections = (
        (
            f"# Model card: {model.project_name} {_which(model)}",
            [as_text(model.summary)],
        ),
        ("## Predictions" if model.prediction_set else "## State", _state(model)),
        ("## Quality", _quality(model, report)),
        ("## Findings", [_finding(each, advice=True) for each in model.findings]),
        ("## Evidence", [*_held(model), *_evidence(report, unread)]),
        ("## Intended use", _INTENDED_USE_OF_SEGMENTATION if labels else _INTENDED_USE),
        ("## Limits", _LIMITS_OF_PREDICTIONS if model.prediction_set else _LIMITS),
        ("## Provenance", _provenance(model.source)),
    )
    lines = [line for heading, body in sections for line in (heading, "", *body, "")]
    return "\n".join(lines)


def _which(model: ModelSummary) -> str:
    if model.prediction_set:
        return f"{model.model_version} (predictions)"
    return f"version {model.model_version}"


def _quality(model: ModelSummary, report: EvaluationReport | None) -> list[str]:
    counted = list(_counted(report))
    if not model.prediction_set:
        return [*_recorded(model.performance), *counted]
    return counted[1:] or ["Nothing can be counted without the truth of its images."]


def _held(model: ModelSummary) -> list[str]:
    """Where a version's files are; a prediction set has none."""
    return [] if model.prediction_set else [*_places(model.artifacts or Artifacts()), ""]


_INTENDED_USE: Final = (
    "Visual inspection of the one object type its project was trained on, under the conditions",
    "of its training images: telling normal parts from anomalous ones.",
)
_INTENDED_USE_OF_SEGMENTATION: Final = (
    "Visual inspection of the one object type its project was trained on, under the conditions",
    "of its training images: telling normal parts from anomalous ones, and marking the anomalies.",
)
_METRICS_HEAD: Final = "| metric, 0 to 1 | value | 95 % interval from | to |"
_LIMITS: Final = (
    "- Precision, recall and F1 were measured on the test set alone, most likely at the cut",
    "  with the best F1 on that very set. Recall and precision on new parts may be 3 to 5 points",
    "  lower if 40 defects were tested, 1 to 1.5 if 400.",
    "- They do not tell how often defects occur on a line. Where defects are rare, far",
    "  more of the rejects are good parts than on the test set: an evaluation at the defect rate",
    "  of a line tells how many.",
    "- They say nothing about images unlike the test images.",
    "- `confidence` belongs to the predicted class; it is not the probability of an anomaly.",
)


_LIMITS_OF_PREDICTIONS: Final = (
    "- Its figures are those of the images that it answered and whose truth is known.",
    "- Whether its cut was chosen on these images, and whether it was trained on them, is not",
    "  known.",
    "- They do not tell how often defects occur on a line: an evaluation at its defect rate",
    "  tells what that makes of them.",
    "- They say nothing about images unlike the test images.",
)


def _state(model: ModelSummary) -> list[str]:
    description = model.model_description
    if description is None:
        return _predictions(model.prediction_set)
    return _table(
        ("Status", "unknown" if model.status is None else model.status),
        ("Meaning", model.status_meaning),
        ("Status message", model.status_message),
        ("Description", description.Description),
        ("Model ARN", description.ModelArn),
        ("Region", model.region),
        ("Created", description.CreationTimestamp),
        ("KMS key", description.KmsKeyId),
        ("Inference units requested", _units(model)),
    )


def _predictions(facts: PredictionSetFacts | None) -> list[str]:
    """What a prediction set is; it has no state."""
    if facts is None:
        return ["Nothing is recorded."]
    return _table(
        ("Kind", "prediction set: what another system said; it has no status"),
        ("Images", _whole(facts.images)),
        ("With a label of its own", _whole(facts.truth)),
        ("Ranked by", facts.scores.replace("_", " ")),
        ("Cut", None if facts.cut is None else exact_score(facts.cut)),
        ("Lines left out", _whole(facts.unusable_lines)),
        ("Origin", facts.origin),
        *((f"Read as {role}", how) for role, how in facts.columns.items()),
    )


def _recorded(performance: Performance | None) -> list[str]:
    """The metrics of the record, which has no counts."""
    if performance is None:
        return ["No metrics are recorded."]
    return _table(
        ("Precision", _number(performance.precision)),
        ("Recall", _number(performance.recall)),
        ("F1", _number(performance.f1_score)),
        ("Escape rate (1 - recall)", _number(performance.escape_rate)),
        ("False-reject share (1 - precision)", _number(performance.false_reject_share)),
        ("Evaluated", performance.evaluated_at),
        heading="recorded, 0 to 1",
    )


def _counted(report: EvaluationReport | None) -> Iterator[str]:
    """What the counts of the test set show of both error rates, by their intervals."""
    if report is None or report.confusion is None:
        return
    counts = report.confusion
    missed, rejected = counts.false_negatives, counts.false_positives
    defects, good = missed + counts.true_positives, rejected + counts.true_negatives
    lines = (
        *_graded("missed", missed, defects, ("defect", "defects")),
        *_graded("rejected", rejected, good, ("good part", "good parts")),
    )
    if lines:
        yield from ("", *lines)
        yield "- The intervals hold if the test images are independent, and drawn like the parts"
        yield "  of the line; they cover sampling error only."
    if lines and counts.recovered:
        yield "- The counts are recovered: the only ones that give the reported metrics."


def _graded(what: str, errors: int, images: int, noun: tuple[str, str]) -> Iterator[str]:
    interval, grade = wilson_interval(errors, images), grade_errors(errors, images)
    if isinstance(interval, Undefined) or grade is None:
        return
    seen = f"{errors:,} of {count_of(images, *noun)}, {percent(errors / images, images)}"
    # Beside the bar, because an end rounded onto it would contradict the grade.
    ends = percent_range_beside(interval.low, interval.high, ERROR_BAR, images)
    against = f"against our bar of {limit_in_percent(ERROR_BAR)}, {grade_in_words(grade)}"
    yield f"- On the test set it {what} {seen} (95 % interval {ends}): {against}."


def _finding(each: Finding, *, advice: bool) -> str:
    added = f" *{as_text(each.advice)}*" if advice and each.advice is not None else ""
    return f"- **{each.severity}** `{each.code}`: {as_text(each.message)}{added}"


def _places(artifacts: Artifacts) -> list[str]:
    places = _table(
        ("Evaluation result", artifacts.evaluation_result),
        ("Evaluation manifest", artifacts.evaluation_manifest),
        ("Training output", artifacts.output),
    )
    return places or ["No S3 location is recorded."]


def _evidence(report: EvaluationReport | None, unread: str) -> Iterator[str]:
    """What the evaluation files prove, or why they say nothing."""
    if report is None:
        yield as_text(unread)
        return
    yield as_text(report.summary)
    yield ""
    yield from _table(
        ("Training images", _whole(report.training_images)),
        ("Test images", _whole(report.test_images)),
        *_unjudged(report.unjudged),
    )
    if report.confusion:
        yield from ("", *_confusion_table(report.confusion))
    if report.metrics:
        yield from ("", _METRICS_HEAD, "|---|---|---|---|")
        yield from (_metric_row(*item) for item in metrics_by_name(report.metrics).items())
    if report.labels:
        yield from ("", "| anomaly label | precision | recall | average IoU |", "|---|---|---|---|")
        yield from map(_label_row, report.labels)
    yield ""
    yield from (_finding(each, advice=False) for each in report.findings)


def _unjudged(said: UnjudgedVerdicts | None) -> Iterator[tuple[str, str | None]]:
    """What a prediction set says of images whose truth is not known, as rows."""
    if said is not None:
        yield "Images, truth not known", _whole(said.images)
        yield "Unanswered", _whole(said.unanswered)
        yield "Rejected", _whole(said.rejected)
        yield "Lowest score", None if said.lowest_score is None else score(said.lowest_score)
        yield "Highest score", None if said.highest_score is None else score(said.highest_score)


def _confusion_table(counts: ManifestCounts) -> tuple[str, ...]:
    return (
        "| | predicted anomaly | predicted normal |",
        "|---|---|---|",
        f"| anomaly | {counts.true_positives} | {counts.false_negatives} |",
        f"| normal | {counts.false_positives} | {counts.true_negatives} |",
    )


def _metric_row(name: str, metric: Metric) -> str:
    cells = [_number(value) or "" for value in (metric.value, metric.low, metric.high)]
    if metric.undefined is not None:
        cells[0] = f"undefined: {metric.undefined}"
    return f"| {name.replace('_', ' ')} | {' | '.join(cells)} |"


def _label_row(label: LabelMetrics) -> str:
    values = (label.precision, label.recall, label.average_iou)
    numbers = " | ".join(_number(value) or "" for value in values)
    return f"| {as_text(label.name)} | {numbers} |"


def _provenance(source: Source) -> list[str]:
    return _table(
        ("Source", source.kind),
        ("Rests on", source.basis),
        ("Captured", "not recorded" if source.captured_at is None else source.captured_at),
        ("Location", source.location),
    )


def _whole(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"


def _table(*rows: tuple[str, str | None], heading: str = "") -> list[str]:
    known = [(name, value) for name, value in rows if value]
    if not known:
        return []
    head = f"| {heading} | |" if heading else "| | |"
    return [head, "|---|---|", *(f"| {name} | {as_text(value)} |" for name, value in known)]


def as_text(value: str) -> str:
    """Account text as text: what Markdown or HTML would read as markup is escaped."""
    return re.sub(r"([\\`*_{}\[\]<>|#!])", r"\\\1", value)


def _units(model: ModelSummary) -> str | None:
    hosting = model.hosting
    if hosting is None:
        return None
    low, high = hosting.min_inference_units, hosting.max_inference_units
    if not hosting.autoscaling:
        return f"{low} (fixed)"
    return f"{low} to {high} (autoscaling)" if low is not None else f"up to {high} (autoscaling)"


def _number(value: float | None) -> str | None:
    return None if value is None else fraction(value)

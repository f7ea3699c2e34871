"""Findings about evaluation files: whose they are, whether they agree, how far to trust them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from lfv_mcp.analysis.evaluation_text import rate_of_line
from lfv_mcp.analysis.quality import F1_TOLERANCE
from lfv_mcp.analysis.recount import (
    RANKING_METRICS,
    EvaluationNumbers,
    error_count,
    metric_values,
    reported_values,
)
from lfv_mcp.findings import by_severity, finding
from lfv_mcp.formats.evaluation_manifest import LINES_KEPT, EvaluationManifest
from lfv_mcp.formats.evaluation_result import REPORTED_METRICS, EvaluationResult
from lfv_mcp.metrics import f1_from
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import EvaluationMetrics, LabelMetrics, OnTheLine
from lfv_mcp.results.model_description import ModelDescription, ModelPerformance
from lfv_mcp.text import TEXT_LIMIT, clean, digits
from lfv_mcp.times import epoch_seconds, iso_utc

SAME_TIME: Final = 1.0
"""Seconds by which two records of one end of evaluation may differ."""
FEW: Final = 30
"""Anomalous or normal images below which a test set is small: 27 of 30 is 0.74 to 0.97."""
FEW_IF_PERFECT: Final = 100
"""Anomalous or normal images below which "no error" says little: 100 of 100 is 0.96 to 1."""
PRECISION_FALL: Final = 0.10
"""Loss of precision, from the test set to the line, from which it is a warning."""
LABEL_RECALL_LOW: Final = 0.70
"""Recall below which a segmentation label is weak."""
LABEL_IOU_LOW: Final = 0.50
"""Average IoU below which a segmentation label is weak."""
_OTHER_TRAINING: Final = "Do not judge the model by it; look for the file of its own training."


def evaluation_findings(
    numbers: EvaluationNumbers,
    description: ModelDescription,
    result: EvaluationResult | None,
    manifest: EvaluationManifest | None,
    source: Source,
    others: Sequence[Finding] = (),
) -> list[Finding]:
    """Every finding about the files and their numbers, and `others`; the gravest first."""
    return by_severity(
        (
            *others,
            *mismatch_findings(description, result, manifest),
            *(_result_findings(result) if result else ()),
            *(_manifest_findings(manifest) if manifest else ()),
            *_agreement_findings(numbers, result),
            *_description_findings(numbers, description, result),
            *_size_findings(numbers, source),
            *_best_case_findings(numbers),
            *_score_findings(numbers),
            *_line_findings(numbers),
        )
    )


def mismatch_findings(
    description: ModelDescription,
    result: EvaluationResult | None,
    manifest: EvaluationManifest | None,
) -> Iterator[Finding]:
    """What shows that a file is of another model, or of an earlier one of the same name."""
    named = [("EvaluationResult", result.model_arn)] if result and result.model_arn else []
    named += [("EvaluationManifest", arn) for arn in (manifest.model_arns if manifest else ())]
    own = description.ModelArn or (named[0][1] if named else "")
    for file, arn in named:
        if arn != own:
            yield finding("evaluation_mismatch", f"The {file} is of {arn}.", _OTHER_TRAINING)
    ended = epoch_seconds(description.EvaluationEndTimestamp)
    found = result.evaluated_at if result else None
    if ended is not None and found is not None and abs(ended - found) > SAME_TIME:
        yield finding(
            "evaluation_mismatch",
            f"The EvaluationResult is of an evaluation that ended {_time(found)}, but this model's "
            f"ended {_time(ended)}.",
            _OTHER_TRAINING,
        )


def _time(seconds: float) -> str:
    return iso_utc(datetime.fromtimestamp(seconds, UTC))


def _result_findings(result: EvaluationResult) -> Iterator[Finding]:
    """What was left out, and which labels are weak."""
    if result.unusable:
        names = ", ".join(result.unusable[:8])
        yield finding("member_unusable", f"Left out of the EvaluationResult, of no use: {names}.")
    if any(len(label.name) > TEXT_LIMIT for label in result.labels):
        yield finding("text_shortened", "Cut at 500 characters: the name of a label.")
    if weak := [words for label in result.labels if (words := _weakness(label))]:
        more = f", and {len(weak) - 5} more" if len(weak) > 5 else ""
        yield finding(
            "weak_label",
            f"Weak labels: {', '.join(weak[:5])}{more}.",
            "Look at the masks first: thin defects can be found and still overlap badly.",
        )


def _weakness(label: LabelMetrics) -> str:
    measures = (
        ("recall", label.recall, LABEL_RECALL_LOW),
        ("average IoU", label.average_iou, LABEL_IOU_LOW),
    )
    low = [f"{name} {digits(v)}" for name, v, bar in measures if v is not None and v < bar]
    return f"{clean(label.name, 40)!r} ({', '.join(low)})" if low else ""


def _manifest_findings(manifest: EvaluationManifest) -> Iterator[Finding]:
    """What was left out, and what is counted but should be known."""
    if manifest.unusable:
        causes = ", ".join(f"{n} {cause}" for cause, n in manifest.unusable.items())
        yield finding(
            "unusable_lines",
            f"Lines left out of every count: {causes}.",
            "Look whether the manifest is whole, and that of an evaluation.",
        )
    if manifest.repeated:
        yield finding(
            "duplicate_images",
            f"Lines that repeat the image of another: {manifest.repeated}. Each is counted.",
            "Take the intervals for too narrow: a repeated image proves nothing new.",
        )
    if manifest.images is None:
        message = f"More than {LINES_KEPT:,} images: counted, but not analysed one by one."
        yield finding("manifest_too_long", message)


def _agreement_findings(
    numbers: EvaluationNumbers, result: EvaluationResult | None
) -> Iterator[Finding]:
    """Whether the manifest and the EvaluationResult say the same."""
    known, reported = numbers.known_metrics(), reported_values(numbers.reported)
    if numbers.confusion is None:
        yield finding(
            "counts_unknown",
            "No EvaluationManifest, so no counts, intervals, thresholds or images: how many test "
            "images were anomalous is not in the EvaluationResult.",
        )
    elif result and result.testing_images not in (None, numbers.test_images):
        yield finding(
            "test_set_size_differs",
            f"Test images: {result.testing_images} by the EvaluationResult, "
            f"{numbers.test_images} by the manifest.",
            "Look whether the manifest is whole.",
        )
    if differing := [name for name, same in numbers.agreement().items() if not same]:
        listed = ", ".join(f"{n} {reported[n]:.6g}, not {known[n]:.6g}" for n in differing)
        yield finding(
            "metrics_disagree",
            f"The EvaluationResult reports what the manifest does not give: {listed}.",
            "Go by the EvaluationResult: the manifest is not whole."
            if numbers.incomplete
            else "Find out whether both files are of this training before trusting either.",
        )
    if "precision" in known and "recall" in known and "f1_score" not in known:
        f1 = f1_from(known["precision"], known["recall"])
        if isinstance(f1, float):
            message = f"The file has no F1; from its precision and recall it is {f1:.6g}."
            yield finding("metrics_incomplete", message)


def _description_findings(
    numbers: EvaluationNumbers, description: ModelDescription, result: EvaluationResult | None
) -> Iterator[Finding]:
    """Whether DescribeModel says the same as the evaluation files, and which of them to go by.

    A manifest that is not whole outweighs nothing: it is one part of the test.
    """
    described = (description.Performance or ModelPerformance()).present_members()
    if numbers.incomplete:
        yield from _findings_against_a_part(numbers, described)
        return
    if differing := _differing(described, numbers.known_metrics()):
        proven = numbers.confusion is None or (result and result.testing_images is not None)
        yield finding(
            "description_disagrees",
            f"DescribeModel says what the evaluation files do not give: {differing}.",
            "Go by the evaluation files."
            if proven
            else "Look whether the manifest is whole: the EvaluationResult, which is not at hand, "
            "says how many test images there were.",
        )


def _findings_against_a_part(
    numbers: EvaluationNumbers, described: Mapping[str, float]
) -> Iterator[Finding]:
    """Whether DescribeModel disagrees with the EvaluationResult, else with what is counted."""
    reported = reported_values(numbers.reported)
    if differing := _differing(described, reported):
        yield finding(
            "description_disagrees",
            f"DescribeModel says what the EvaluationResult does not: {differing}.",
            f"Get the whole manifest, which tells who is right: {numbers.incomplete}.",
        )
    elif differing := _differing(described, metric_values(numbers.metrics)):
        confirmed = any(REPORTED_METRICS[name] in described for name in reported)
        yield finding(
            "description_disagrees",
            f"DescribeModel says what the manifest does not give: {differing}. But the manifest "
            f"is not whole: {numbers.incomplete}.",
            "Go by DescribeModel and the EvaluationResult, which agree."
            if confirmed
            else "Go by DescribeModel until the whole manifest is at hand.",
        )


def _differing(described: Mapping[str, float], known: Mapping[str, float]) -> str:
    """The metrics that DescribeModel gives another value than is known, each with both values."""
    return ", ".join(
        f"{name} {theirs:.6g}, not {known[name]:.6g}"
        for name in sorted(REPORTED_METRICS.keys() & known)
        if (theirs := described.get(REPORTED_METRICS[name])) is not None
        and abs(theirs - known[name]) > F1_TOLERANCE
    )


def _size_findings(numbers: EvaluationNumbers, source: Source) -> Iterator[Finding]:
    """How far a test set of this size can be trusted."""
    images = numbers.test_images or 0
    if not images:
        return
    advice = (
        "Add verified images to the test set, then retrain."
        if source.kind == "live"
        else "Rely on the worse end of each interval only, for this model and for its successor."
    )
    if numbers.confusion is None or numbers.metrics is None:
        known = numbers.known_metrics()
        if known.get("precision") == known.get("recall") == 1 and images < 2 * FEW_IF_PERFECT:
            yield finding("perfect_on_few", f"No error in {images} images, which are few.", advice)
        return
    anomalies = numbers.confusion.true_positives + numbers.confusion.false_negatives
    fewest = min(anomalies, images - anomalies)
    if fewest < FEW:
        message = f"Only {anomalies} anomalous and {images - anomalies} normal test images."
        yield finding("small_test_set", message, advice)
    if fewest < FEW_IF_PERFECT and not error_count(numbers.confusion):
        bounds = ", ".join(_worst_ends(numbers.metrics))
        message = f"No error in {images} images: {bounds} (95 % interval)."
        yield finding("perfect_on_few", message, advice)


def _worst_ends(block: EvaluationMetrics) -> Iterator[str]:
    if block.recall and block.recall.low is not None:
        yield f"recall may be as low as {digits(block.recall.low)}"
    if block.false_alarm_rate and block.false_alarm_rate.high is not None:
        yield f"false alarms as frequent as {digits(block.false_alarm_rate.high)}"


def _best_case_findings(numbers: EvaluationNumbers) -> Iterator[Finding]:
    """Whether the built-in threshold was chosen on these very images."""
    known, rows = numbers.known_metrics(), numbers.threshold and numbers.threshold.candidates
    if rows and known.get("f1_score", -1) >= max(row.f1_score or 0 for row in rows):
        message = "The built-in cut has the best F1 of all on these very images: expect less on "
        yield finding("metrics_best_case", message + "others.")
    elif "recall" in known and not rows:
        message = "Measured on its own test set, most likely at the cut with the best F1 there."
        yield finding("metrics_best_case", message)


def _score_findings(numbers: EvaluationNumbers) -> Iterator[Finding]:
    """What the numbers by score rest on."""
    analysis = numbers.threshold
    if analysis and analysis.candidates:
        areas = [same for name, same in numbers.agreement().items() if name in RANKING_METRICS]
        if areas and all(areas):
            message = "Scores computed from confidence reproduce the reported ranking metrics."
            yield finding("scores_confirmed", message)
        else:
            but = "the reported ranking metrics are others" if areas else "nothing else confirms it"
            message = f"Scores computed from confidence explain all predictions, but {but}."
            yield finding("scores_unconfirmed", message)
    elif numbers.examples and numbers.metrics and numbers.metrics.roc_auc:  # so there are images
        yield finding(
            "scores_unusable",
            f"No analysis by score: {numbers.metrics.roc_auc.undefined}.",
            "Judge the model by its counts alone; no threshold can be chosen.",
        )
    if analysis and analysis.at:
        yield finding(
            "threshold_client_side",
            "The service has no threshold to set: any cut but the built-in one is a rule of the "
            "caller on DetectAnomalies output (score = Confidence, or 1 - Confidence if normal).",
        )


def _line_findings(numbers: EvaluationNumbers) -> Iterator[Finding]:
    """What is not known of the line, and whether precision survives there."""
    line, known = numbers.line, numbers.known_metrics()
    if line is None:
        return
    present = line.present_members()
    if missing := [name for name in OnTheLine.model_fields if name not in present]:
        rates = [name for name in ("recall", "false_alarm_rate") if name not in known]
        why = f"{' and '.join(rates)} not known" if rates else "no part would be rejected"
        yield finding("line_incomplete", f"Absent: {', '.join(missing)} ({why}).")
    expected, tested = line.expected_precision, known.get("precision")
    if expected is not None and tested is not None and tested - expected >= PRECISION_FALL:
        yield finding(
            "precision_falls_on_line",
            f"At {rate_of_line(line)} defects precision falls from {digits(tested)} to "
            f"{digits(expected)}: "
            f"of 100 rejects about {100 * (1 - expected):.0f} would be good parts.",
            "Plan the line with these numbers, not with the precision of the test set.",
        )

"""analysis.evaluation_findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, cast

from lfv_mcp.analysis.evaluation_text import model_name, rate_of_line, report_summary
from lfv_mcp.analysis.quality import F1_TOLERANCE
from lfv_mcp.analysis.recount import (
    RANKING_METRICS,
    best_known,
    compared,
    error_count,
    reported_metrics,
)
from lfv_mcp.findings import by_severity, finding
from lfv_mcp.formats.evaluation_manifest import LINES_KEPT, EvaluationManifest
from lfv_mcp.formats.evaluation_result import REPORTED_METRICS, EvaluationResult
from lfv_mcp.metrics import f1_from
from lfv_mcp.results.common import Finding
from lfv_mcp.results.evaluation_report import EvaluationReport, LabelMetrics, OnTheLine
from lfv_mcp.results.model_description import ModelDescription
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


# Findings


def conclude(
    report: EvaluationReport,
    description: ModelDescription,
    result: EvaluationResult | None,
    manifest: EvaluationManifest | None,
    others: Sequence[Finding] = (),
) -> None:
    """Add findings and summary to a report that has its numbers."""
    found = [
        *others,
        *mismatches(description, result, manifest),
        *(_about_result(result) if result else ()),
        *(_about_manifest(manifest) if manifest else ()),
        *_agreement(report, description, result),
        *_about_size(report),
        *_about_scores(report),
        *_about_line(report),
    ]
    report["findings"] = by_severity(found)
    report["summary"] = report_summary(report, model_name(description, result, manifest))


def mismatches(
    description: ModelDescription,
    result: EvaluationResult | None,
    manifest: EvaluationManifest | None,
) -> Iterator[Finding]:
    """What shows that a file is of another model, or of an earlier one of the same name."""
    named = [("EvaluationResult", result.model_arn)] if result and result.model_arn else []
    named += [("EvaluationManifest", arn) for arn in (manifest.model_arns if manifest else ())]
    own = description.get("ModelArn") or (named[0][1] if named else "")
    for file, arn in named:
        if arn != own:
            yield finding("evaluation_mismatch", f"The {file} is of {arn}.", _OTHER_TRAINING)
    ended = epoch_seconds(description.get("EvaluationEndTimestamp"))
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


def _about_result(result: EvaluationResult) -> Iterator[Finding]:
    """What was left out, and which labels are weak."""
    if result.unusable:
        names = ", ".join(result.unusable[:8])
        yield finding("member_unusable", f"Left out of the EvaluationResult, of no use: {names}.")
    if any(len(label["name"]) > TEXT_LIMIT for label in result.labels):
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
        ("recall", label.get("recall"), LABEL_RECALL_LOW),
        ("average IoU", label.get("average_iou"), LABEL_IOU_LOW),
    )
    low = [f"{name} {digits(v)}" for name, v, bar in measures if v is not None and v < bar]
    return f"{clean(label['name'], 40)!r} ({', '.join(low)})" if low else ""


def _about_manifest(manifest: EvaluationManifest) -> Iterator[Finding]:
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


def _agreement(
    report: EvaluationReport, description: ModelDescription, result: EvaluationResult | None
) -> Iterator[Finding]:
    """Do the manifest, the EvaluationResult and DescribeModel say the same?"""
    known, reported = best_known(report), reported_metrics(report)
    if "confusion" not in report:
        yield finding(
            "counts_unknown",
            "No EvaluationManifest, so no counts, intervals, thresholds or images: how many test "
            "images were anomalous is not in the EvaluationResult.",
        )
    elif result and result.testing_images not in (None, report.get("test_images")):
        yield finding(
            "test_set_size_differs",
            f"Test images: {result.testing_images} by the EvaluationResult, "
            f"{report.get('test_images')} by the manifest.",
            "Look whether the manifest is whole.",
        )
    if differing := [name for name, same in compared(report).items() if not same]:
        listed = ", ".join(f"{n} {reported[n]:.6g}, not {known[n]:.6g}" for n in differing)
        yield finding(
            "metrics_disagree",
            f"The EvaluationResult reports what the manifest does not give: {listed}.",
            "Find out whether both files are of this training before trusting either.",
        )
    if "precision" in known and "recall" in known and "f1_score" not in known:
        f1 = f1_from(known["precision"], known["recall"])
        if isinstance(f1, float):
            message = f"The file has no F1; from its precision and recall it is {f1:.6g}."
            yield finding("metrics_incomplete", message)
    described = cast(Mapping[str, float], description.get("Performance", {}))
    pairs = [
        (name, described.get(REPORTED_METRICS[name]), known[name])
        for name in REPORTED_METRICS.keys() & known
    ]
    if differing := [
        f"{name} {theirs:.6g}, not {ours:.6g}"
        for name, theirs, ours in sorted(pairs)
        if theirs is not None and abs(theirs - ours) > F1_TOLERANCE
    ]:
        yield finding(
            "description_disagrees",
            f"DescribeModel says what the evaluation files do not give: {', '.join(differing)}.",
            "Go by the evaluation files.",
        )


def _about_size(report: EvaluationReport) -> Iterator[Finding]:
    """How far a test set of this size can be trusted."""
    images, counts = report.get("test_images", 0), report.get("confusion")
    advice = (
        "Add verified images to the test set, then retrain."
        if report["source"]["kind"] == "live"
        else "Rely on the worse end of each interval only, for this model and for its successor."
    )
    if counts is None:
        known = best_known(report)
        if known.get("precision") == known.get("recall") == 1 and 0 < images < 2 * FEW_IF_PERFECT:
            yield finding("perfect_on_few", f"No error in {images} images, which are few.", advice)
        return
    anomalies = counts["true_positives"] + counts["false_negatives"]
    fewest = min(anomalies, images - anomalies)
    if images and fewest < FEW:
        message = f"Only {anomalies} anomalous and {images - anomalies} normal test images."
        yield finding("small_test_set", message, advice)
    if images and fewest < FEW_IF_PERFECT and not error_count(report):
        low = report["metrics"]["recall"].get("low")
        high = report["metrics"]["false_alarm_rate"].get("high")
        bounds = [f"recall may be as low as {digits(low)}"] if low is not None else []
        bounds += [f"false alarms as frequent as {digits(high)}"] if high is not None else []
        message = f"No error in {images} images: {', '.join(bounds)} (95 % interval)."
        yield finding("perfect_on_few", message, advice)


def _about_scores(report: EvaluationReport) -> Iterator[Finding]:
    """What the numbers by score rest on, and whether the built-in cut is the best one here."""
    known, analysis = best_known(report), report.get("threshold", {})
    rows = analysis.get("candidates", [])
    if rows and known.get("f1_score", -1) >= max(row.get("f1_score", 0) for row in rows):
        message = "The built-in cut has the best F1 of all on these very images: expect less on "
        yield finding("metrics_best_case", message + "others.")
    elif "recall" in known and not rows:
        message = "Measured on its own test set, most likely at the cut with the best F1 there."
        yield finding("metrics_best_case", message)
    if rows:
        areas = [same for name, same in compared(report).items() if name in RANKING_METRICS]
        if areas and all(areas):
            message = "Scores computed from confidence reproduce the reported ranking metrics."
            yield finding("scores_confirmed", message)
        else:
            but = "the reported ranking metrics are others" if areas else "nothing else confirms it"
            message = f"Scores computed from confidence explain all predictions, but {but}."
            yield finding("scores_unconfirmed", message)
    elif "examples" in report:  # so there are images
        reason = report["metrics"]["roc_auc"]["undefined"]
        message = f"No analysis by score: {reason}."
        yield finding(
            "scores_unusable",
            message,
            "Judge the model by its counts alone; no threshold can be chosen.",
        )
    if "at" in analysis:
        yield finding(
            "threshold_client_side",
            "The service has no threshold to set: any cut but the built-in one is a rule of the "
            "caller on DetectAnomalies output (score = Confidence, or 1 - Confidence if normal).",
        )


def _about_line(report: EvaluationReport) -> Iterator[Finding]:
    """What is not known of the line, and whether precision survives there."""
    if "line" not in report:
        return
    line, known = report["line"], best_known(report)
    if missing := [name for name in OnTheLine.__annotations__ if name not in line]:
        rates = [name for name in ("recall", "false_alarm_rate") if name not in known]
        why = f"{' and '.join(rates)} not known" if rates else "no part would be rejected"
        yield finding("line_incomplete", f"Absent: {', '.join(missing)} ({why}).")
    expected, tested = line.get("expected_precision"), known.get("precision")
    if expected is not None and tested is not None and tested - expected >= PRECISION_FALL:
        yield finding(
            "precision_falls_on_line",
            f"At {rate_of_line(line)} defects precision falls from {digits(tested)} to "
            f"{digits(expected)}: "
            f"of 100 rejects about {100 * (1 - expected):.0f} would be good parts.",
            "Plan the line with these numbers, not with the precision of the test set.",
        )

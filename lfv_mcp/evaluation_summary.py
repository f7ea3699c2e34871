"""What a reader is told about the evidence: findings and words of an EvaluationReport. Pure.

The same rules as in `summary`: codes and severities are a committed list, status is history, and
advice needs the service only if the source is live.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, cast

from lfv_mcp.evaluation_files import LINES_KEPT, REPORTED, Manifest, Result
from lfv_mcp.metrics import escapes_per_million, f1_from, false_rejects_per_million
from lfv_mcp.model import (
    TEXT_LIMIT,
    EvaluationMetrics,
    EvaluationReport,
    Example,
    Finding,
    LabelMetrics,
    Metric,
    ModelDescription,
    OnTheLine,
    Performance,
    ThresholdRow,
    clean,
    iso,
)
from lfv_mcp.records import epoch
from lfv_mcp.summary import (
    F1_TOLERANCE,
    complement,
    digits,
    finding,
    grade,
    percent,
    source_in_words,
    within,
)

AGREEMENT: Final = 5e-7 + 1e-9
"""How far a reported metric may be from its recount: six decimals, and float noise."""
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
DIGEST_LIMIT: Final = 1600
"""Characters of the readable text."""

_AREAS: Final = ("roc_auc", "average_precision")
_OTHER_TRAINING: Final = "Do not judge the model by it; look for the file of its own training."


def values(block: EvaluationMetrics) -> dict[str, float]:
    """The metrics that have a value."""
    items = cast(Mapping[str, Metric], block).items()
    return {name: metric["value"] for name, metric in items if "value" in metric}


def best_known(report: EvaluationReport) -> dict[str, float]:
    """Every metric with a value: as recounted, else as reported."""
    return {**_reported(report), **values(report.get("metrics", {}))}


def compared(report: EvaluationReport) -> dict[str, bool]:
    """Every metric that is both reported and recounted: is it the same?"""
    recount = values(report.get("metrics", {}))
    reported = _reported(report).items()
    return {name: abs(v - recount[name]) <= AGREEMENT for name, v in reported if name in recount}


def _reported(report: EvaluationReport) -> Mapping[str, float]:
    return cast(Mapping[str, float], report.get("reported", {}))


# Findings


def conclude(
    report: EvaluationReport,
    description: ModelDescription,
    result: Result | None,
    manifest: Manifest | None,
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
    order = ("critical", "warning", "info")
    report["findings"] = sorted(found, key=lambda f: order.index(f["severity"]))
    report["summary"] = _sentences(report, _name(description, result, manifest))


def mismatches(
    description: ModelDescription, result: Result | None, manifest: Manifest | None
) -> Iterator[Finding]:
    """What shows that a file is of another model, or of an earlier one of the same name."""
    named = [("EvaluationResult", result.model_arn)] if result and result.model_arn else []
    named += [("EvaluationManifest", arn) for arn in (manifest.model_arns if manifest else ())]
    own = description.get("ModelArn") or (named[0][1] if named else "")
    for file, arn in named:
        if arn != own:
            yield finding("evaluation_mismatch", f"The {file} is of {arn}.", _OTHER_TRAINING)
    ended = epoch(description.get("EvaluationEndTimestamp"))
    found = result.evaluated_at if result else None
    if ended is not None and found is not None and abs(ended - found) > SAME_TIME:
        yield finding(
            "evaluation_mismatch",
            f"The EvaluationResult is of an evaluation that ended {_time(found)}, but this model's "
            f"ended {_time(ended)}.",
            _OTHER_TRAINING,
        )


def _time(seconds: float) -> str:
    return iso(datetime.fromtimestamp(seconds, UTC))


def _about_result(result: Result) -> Iterator[Finding]:
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


def _about_manifest(manifest: Manifest) -> Iterator[Finding]:
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
    report: EvaluationReport, description: ModelDescription, result: Result | None
) -> Iterator[Finding]:
    """Do the manifest, the EvaluationResult and DescribeModel say the same?"""
    known, reported = best_known(report), _reported(report)
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
    pairs = [(name, described.get(REPORTED[name]), known[name]) for name in REPORTED.keys() & known]
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
    if images and fewest < FEW_IF_PERFECT and not _errors(report):
        low = report["metrics"]["recall"].get("low")
        high = report["metrics"]["false_alarm_rate"].get("high")
        bounds = [f"recall may be as low as {digits(low)}"] if low is not None else []
        bounds += [f"false alarms as frequent as {digits(high)}"] if high is not None else []
        message = f"No error in {images} images: {', '.join(bounds)} (95 % interval)."
        yield finding("perfect_on_few", message, advice)


def _errors(report: EvaluationReport) -> int:
    return report["confusion"]["false_positives"] + report["confusion"]["false_negatives"]


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
        areas = [same for name, same in compared(report).items() if name in _AREAS]
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
            f"At {_rate(line)} defects precision falls from {digits(tested)} to {digits(expected)}:"
            f" of 100 rejects about {100 * (1 - expected):.0f} would be good parts.",
            "Plan the line with these numbers, not with the precision of the test set.",
        )


# Words


def evaluation_digest(report: EvaluationReport) -> str:
    """The readable half of the answer: at most DIGEST_LIMIT characters, whole lines only."""
    found = [
        f"- {f['severity']} {f['code']}: {f['message']}"
        + (f" {f['advice']}" if "advice" in f else "")
        for f in report["findings"]
    ]
    grave = sum(f["severity"] != "info" for f in report["findings"])
    source = f"Source: {source_in_words(report['source'])}."
    # Numbers before notes, but no warning may fall to the limit for the sake of an example.
    lines = [report["summary"], *_numbers(report), *found[:grave], *_details(report)]
    return within([*lines, *found[grave:], source], DIGEST_LIMIT)


def _numbers(report: EvaluationReport) -> Iterator[str]:
    if counts := report.get("confusion"):
        unusable = counts["unusable_lines"]
        yield (
            f"Test images: {counts['true_positives']} defects caught, "
            f"{counts['false_negatives']} missed; {counts['true_negatives']} good parts passed, "
            f"{counts['false_positives']} rejected"
            + f"; {unusable} lines unusable"
            * bool(unusable)
        )
        block = cast(Mapping[str, Metric], report["metrics"])
        yield "Recounted (95 %): " + ", ".join(map(shown, block, block.values()))
    if "agrees" in report:
        agrees = "agrees" if report["agrees"] else "DISAGREES"
        yield f"The EvaluationResult {agrees} with the recount."
    elif "reported" in report:
        listed = ", ".join(f"{_words(n)} {digits(v)}" for n, v in _reported(report).items())
        yield f"Reported: {listed}"
    if line := report.get("line"):
        listed = ", ".join(
            f"{_words(n)} {v:,.6g}" for n, v in cast(Mapping[str, float], line).items()
        )
        yield f"On the line: {listed}"


def _details(report: EvaluationReport) -> Iterator[str]:
    analysis = report.get("threshold", {})
    if rows := analysis.get("candidates"):
        ends = analysis.get("operating_range", {})
        low, high = ends.get("max_normal_score", 0.0), ends.get("min_anomaly_score", 1.0)
        cuts = "; ".join(map(_cut, rows))
        yield f"Built-in cut: {digits(low)} to {digits(high)}. Cut missed/false alarms: {cuts}"
    if at := analysis.get("at"):
        yield f"At a cut of your own (the service has none to set): {_cut(at)}"
    for kind, images in cast(Mapping[str, list[Example]], report.get("examples", {})).items():
        if images:
            listed = ", ".join("/".join(image["image"].split("/")[-2:]) for image in images[:3])
            yield f"Worst {_words(kind)}: {clean(listed, 150)}"


def shown(name: str, metric: Metric) -> str:
    """A metric with its interval, in words."""
    if "value" not in metric:
        return f"{_words(name)} undefined ({metric['undefined']})"
    ends = f" ({digits(metric['low'])} to {digits(metric['high'])})" if "low" in metric else ""
    return f"{_words(name)} {digits(metric['value'])}{ends}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _cut(row: ThresholdRow) -> str:
    return f"{row['threshold']:.6g} {row['false_negatives']}/{row['false_positives']}"


def _rate(line: OnTheLine) -> str:
    return f"{100 * line['defect_rate']:.3g}%"


def _name(description: ModelDescription, result: Result | None, manifest: Manifest | None) -> str:
    """Whose report it is, in words."""
    arns = [description.get("ModelArn"), result.model_arn if result else ""]
    arn = next(filter(None, [*arns, *(manifest.model_arns if manifest else ())]), "")
    project, _, version = arn.partition(":model/")[2].rpartition("/")
    return f"{clean(project, 255)} version {version}" if project else "This model"


def _sentences(report: EvaluationReport, name: str) -> str:
    """The verdict, the line if it was asked for, and the first thing to do."""
    name += " (synthetic sample)" if report["source"]["kind"] == "sample" else ""
    findings, outcome = report["findings"], " and ".join(_outcome(report))
    sentences = [f"{name} {_quality(report)}{outcome}."]
    if not outcome:
        sentences = [f"How good {name} is cannot be said: nothing is left to count."]
    if any(f["code"] == "evaluation_mismatch" for f in findings):
        sentences = [f"These may not be the files of {name}."]
        sentences += [f"The model that they judge {_quality(report)}{outcome}."] * bool(outcome)
    elif expected := " and ".join(_expected(report)):
        rate = _rate(report["line"])
        sentences.append(f"At {rate} defects expect {expected} per million parts.")
    return " ".join(sentences + [f["advice"] for f in findings if "advice" in f][:1])


def _quality(report: EvaluationReport) -> str:
    known, performance = best_known(report), Performance()
    if report.get("test_images") and "confusion" in report and not _errors(report):
        return f"made no error in {report['test_images']} test images: it "
    if "precision" in known and "recall" in known:
        performance["escape_rate"] = complement(known["recall"])
        performance["false_reject_share"] = complement(known["precision"])
    word = grade(performance)
    return f"was {word} on its test set: it " if word else ""


def _outcome(report: EvaluationReport) -> Iterator[str]:
    """What became of defects and of good parts."""
    known = best_known(report)
    if counts := report.get("confusion"):
        recall, alarms = report["metrics"]["recall"], report["metrics"]["false_alarm_rate"]
        tp, fn = counts["true_positives"], counts["false_negatives"]
        fp, tn = counts["false_positives"], counts["true_negatives"]
        if "low" in recall:
            yield f"caught {tp} of {tp + fn} defects ({_interval(recall)})"
        if "low" in alarms:
            yield f"rejected {fp} of {fp + tn} good parts ({_interval(alarms)})"
        return
    if "recall" in known:
        yield f"caught {percent(known['recall'])} of the defects"
    if "precision" in known:
        yield f"was right in {percent(known['precision'])} of its rejects"


def _interval(metric: Metric) -> str:
    return f"95% interval {percent(metric['low'])} to {percent(metric['high'])}"


def _expected(report: EvaluationReport) -> Iterator[str]:
    """What the line will see, each with the ends that the interval behind it gives."""
    line, block = report.get("line", {}), report.get("metrics", {})
    recall, alarms = block.get("recall", {}), block.get("false_alarm_rate", {})
    if "defect_rate" in line and "low" in recall:
        ends = [escapes_per_million(end, line["defect_rate"]) for end in _ends(recall)]
        yield f"{line['escapes_per_million']:,.0f} escapes ({ends[1]:,.0f} to {ends[0]:,.0f})"
    if "defect_rate" in line and "low" in alarms:
        ends = [false_rejects_per_million(end, line["defect_rate"]) for end in _ends(alarms)]
        number = line["false_rejects_per_million"]
        yield f"{number:,.0f} false rejects ({ends[0]:,.0f} to {ends[1]:,.0f})"


def _ends(metric: Metric) -> tuple[float, float]:
    return metric["low"], metric["high"]

"""The words of an EvaluationReport: its summary, and the readable text of the whole answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from lfv_mcp.analysis.quality import grade
from lfv_mcp.analysis.recount import (
    EvaluationNumbers,
    error_count,
    metrics_by_name,
    reported_values,
)
from lfv_mcp.findings import as_line
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
from lfv_mcp.formats.evaluation_result import EvaluationResult
from lfv_mcp.metrics import Interval, escapes_per_million, false_rejects_per_million
from lfv_mcp.provenance import source_in_words
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import (
    EvaluationReport,
    Metric,
    OnTheLine,
    OperatingRange,
    ThresholdAnalysis,
    ThresholdRow,
)
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.text import clean, complement, digits, percent, truncate_lines

EVALUATION_DIGEST_LIMIT: Final = 1600
"""Characters of the readable text of an analyze_evaluation answer."""


# The readable text of an answer


def evaluation_digest(report: EvaluationReport) -> str:
    """The readable half of an answer: EVALUATION_DIGEST_LIMIT characters at most, whole lines."""
    found = [*map(as_line, report.findings)]
    grave = sum(f.severity != "info" for f in report.findings)
    source = f"Source: {source_in_words(report.source)}."
    # Numbers before notes, but no warning may fall to the limit for the sake of an example.
    lines = [report.summary, *_number_lines(report), *found[:grave], *_detail_lines(report)]
    return truncate_lines([*lines, *found[grave:], source], EVALUATION_DIGEST_LIMIT)


def _number_lines(report: EvaluationReport) -> Iterator[str]:
    if counts := report.confusion:
        unusable = counts.unusable_lines
        yield (
            f"Test images: {counts.true_positives} defects caught, "
            f"{counts.false_negatives} missed; {counts.true_negatives} good parts passed, "
            f"{counts.false_positives} rejected"
            + (f"; {unusable} lines unusable" if unusable else "")
        )
        listed = ", ".join(
            metric_in_words(*item) for item in metrics_by_name(report.metrics).items()
        )
        yield f"Recounted (95 %): {listed}"
    if report.agrees is not None:
        agrees = "agrees" if report.agrees else "DISAGREES"
        yield f"The EvaluationResult {agrees} with the recount."
    elif report.reported is not None:
        values = reported_values(report.reported)
        listed = ", ".join(f"{name_in_words(n)} {digits(v)}" for n, v in values.items())
        yield f"Reported: {listed}"
    if line := report.line:
        values = line.present_members()
        listed = ", ".join(f"{name_in_words(n)} {v:,.6g}" for n, v in values.items())
        yield f"On the line: {listed}"


def _detail_lines(report: EvaluationReport) -> Iterator[str]:
    if report.threshold:
        yield from _threshold_lines(report.threshold)
    if report.examples:
        kinds = (
            ("missed_defects", report.examples.missed_defects),
            ("false_alarms", report.examples.false_alarms),
        )
        for kind, images in kinds:
            if images:
                listed = ", ".join("/".join(image.image.split("/")[-2:]) for image in images[:3])
                yield f"Worst {name_in_words(kind)}: {clean(listed, 150)}"


def _threshold_lines(analysis: ThresholdAnalysis) -> Iterator[str]:
    if analysis.candidates:
        ends = analysis.operating_range or OperatingRange()
        low = 0.0 if ends.max_normal_score is None else ends.max_normal_score
        high = 1.0 if ends.min_anomaly_score is None else ends.min_anomaly_score
        rows = "; ".join(map(_row_in_words, analysis.candidates))
        yield f"Built-in cut: {digits(low)} to {digits(high)}. Cut missed/false alarms: {rows}"
    if analysis.at:
        row = _row_in_words(analysis.at)
        yield f"At a cut of your own (the service has none to set): {row}"


def metric_in_words(name: str, metric: Metric) -> str:
    """A metric with its interval, in words."""
    if metric.value is None:
        return f"{name_in_words(name)} undefined ({metric.undefined})"
    interval = interval_of(metric)
    ends = f" ({digits(interval.low)} to {digits(interval.high)})" if interval else ""
    return f"{name_in_words(name)} {digits(metric.value)}{ends}"


def interval_of(metric: Metric | None) -> Interval | None:
    """The 95 % interval of a metric, if it has one."""
    if metric is None or metric.low is None or metric.high is None:
        return None
    return Interval(metric.low, metric.high)


def name_in_words(name: str) -> str:
    """A member's name as words: `false_alarm_rate` → "false alarm rate"."""
    return name.replace("_", " ")


def _row_in_words(row: ThresholdRow) -> str:
    return f"{row.threshold:.6g} {row.false_negatives}/{row.false_positives}"


def rate_of_line(line: OnTheLine) -> str:
    """The defect rate of a line, as a percentage."""
    return f"{100 * line.defect_rate:.3g}%"


# The summary


def model_name(
    description: ModelDescription,
    result: EvaluationResult | None,
    manifest: EvaluationManifest | None,
) -> str:
    """Whose report it is, in words."""
    arns = [description.ModelArn, result.model_arn if result else ""]
    arn = next(filter(None, [*arns, *(manifest.model_arns if manifest else ())]), "")
    project, _, version = arn.partition(":model/")[2].rpartition("/")
    return f"{clean(project, 255)} version {version}" if project else "This model"


def report_summary(
    numbers: EvaluationNumbers, findings: Sequence[Finding], source: Source, name: str
) -> str:
    """The verdict, the line if it was asked for, and the first thing to do."""
    name += " (synthetic sample)" if source.kind == "sample" else ""
    quality, outcome = _quality_in_words(numbers), " and ".join(_outcome_in_words(numbers))
    sentences = [f"{name} {quality}{outcome}."]
    if not outcome:
        sentences = [f"How good {name} is cannot be said: nothing is left to count."]
    if any(f.code == "evaluation_mismatch" for f in findings):
        sentences = [f"These may not be the files of {name}."]
        if outcome:
            sentences.append(f"The model that they judge {quality}{outcome}.")
    elif numbers.line and (expected := " and ".join(_line_in_words(numbers.line, numbers))):
        rate = rate_of_line(numbers.line)
        sentences.append(f"At {rate} defects expect {expected} per million parts.")
    if numbers.incomplete:
        sentences.insert(
            -1 if numbers.line else len(sentences),
            f"Its manifest is not whole ({numbers.incomplete}), so these are not the counts of the "
            "whole test.",
        )
    return " ".join(sentences + [f.advice for f in findings if f.advice is not None][:1])


def _quality_in_words(numbers: EvaluationNumbers) -> str:
    known = numbers.known_metrics()
    if numbers.test_images and numbers.confusion and not error_count(numbers.confusion):
        return f"made no error in {numbers.test_images} test images: it "
    if "precision" not in known or "recall" not in known:
        return ""
    word = grade(complement(known["recall"]), complement(known["precision"]))
    return f"was {word} on its test set: it "


def _outcome_in_words(numbers: EvaluationNumbers) -> Iterator[str]:
    """What became of defects and of good parts."""
    if (counts := numbers.confusion) and numbers.metrics:
        tp, fn = counts.true_positives, counts.false_negatives
        fp, tn = counts.false_positives, counts.true_negatives
        if interval := interval_of(numbers.metrics.recall):
            yield f"caught {tp} of {tp + fn} defects ({_interval_in_words(interval)})"
        if interval := interval_of(numbers.metrics.false_alarm_rate):
            yield f"rejected {fp} of {fp + tn} good parts ({_interval_in_words(interval)})"
        return
    known = numbers.known_metrics()
    if "recall" in known:
        yield f"caught {percent(known['recall'])} of the defects"
    if "precision" in known:
        yield f"was right in {percent(known['precision'])} of its rejects"


def _interval_in_words(interval: Interval) -> str:
    return f"95% interval {percent(interval.low)} to {percent(interval.high)}"


def _line_in_words(line: OnTheLine, numbers: EvaluationNumbers) -> Iterator[str]:
    """What the line will see, each with the ends that the interval behind it gives."""
    if numbers.metrics is None:
        return
    recall = interval_of(numbers.metrics.recall)
    alarms = interval_of(numbers.metrics.false_alarm_rate)
    if recall and line.escapes_per_million is not None:
        most = escapes_per_million(recall.low, line.defect_rate)
        least = escapes_per_million(recall.high, line.defect_rate)
        yield f"{line.escapes_per_million:,.0f} escapes ({least:,.0f} to {most:,.0f})"
    if alarms and line.false_rejects_per_million is not None:
        least = false_rejects_per_million(alarms.low, line.defect_rate)
        most = false_rejects_per_million(alarms.high, line.defect_rate)
        yield (f"{line.false_rejects_per_million:,.0f} false rejects ({least:,.0f} to {most:,.0f})")

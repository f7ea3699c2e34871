"""What a reader is told about the evidence: findings and words of an EvaluationReport. Pure.

The same rules as in `summary`: codes and severities are a committed list, status is history, and
advice needs the service only if the source is live.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, cast

from lfv_mcp.analysis.quality import grade
from lfv_mcp.analysis.recount import best_known, error_count, reported_metrics
from lfv_mcp.findings import as_line
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
from lfv_mcp.formats.evaluation_result import EvaluationResult
from lfv_mcp.metrics import escapes_per_million, false_rejects_per_million
from lfv_mcp.provenance import source_in_words
from lfv_mcp.results.evaluation_report import (
    EvaluationReport,
    Example,
    Metric,
    OnTheLine,
    ThresholdRow,
)
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.results.model_summary import Performance
from lfv_mcp.text import clean, complement, digits, percent, truncate_lines

DIGEST_LIMIT: Final = 1600
"""Characters of the readable text."""


# Words


def evaluation_digest(report: EvaluationReport) -> str:
    """The readable half of the answer: at most DIGEST_LIMIT characters, whole lines only."""
    found = [*map(as_line, report["findings"])]
    grave = sum(f["severity"] != "info" for f in report["findings"])
    source = f"Source: {source_in_words(report['source'])}."
    # Numbers before notes, but no warning may fall to the limit for the sake of an example.
    lines = [report["summary"], *_numbers(report), *found[:grave], *_details(report)]
    return truncate_lines([*lines, *found[grave:], source], DIGEST_LIMIT)


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
        yield "Recounted (95 %): " + ", ".join(map(metric_in_words, block, block.values()))
    if "agrees" in report:
        agrees = "agrees" if report["agrees"] else "DISAGREES"
        yield f"The EvaluationResult {agrees} with the recount."
    elif "reported" in report:
        listed = ", ".join(f"{spaced(n)} {digits(v)}" for n, v in reported_metrics(report).items())
        yield f"Reported: {listed}"
    if line := report.get("line"):
        listed = ", ".join(
            f"{spaced(n)} {v:,.6g}" for n, v in cast(Mapping[str, float], line).items()
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
            yield f"Worst {spaced(kind)}: {clean(listed, 150)}"


def metric_in_words(name: str, metric: Metric) -> str:
    """A metric with its interval, in words."""
    if "value" not in metric:
        return f"{spaced(name)} undefined ({metric['undefined']})"
    ends = f" ({digits(metric['low'])} to {digits(metric['high'])})" if "low" in metric else ""
    return f"{spaced(name)} {digits(metric['value'])}{ends}"


def spaced(name: str) -> str:
    return name.replace("_", " ")


def _cut(row: ThresholdRow) -> str:
    return f"{row['threshold']:.6g} {row['false_negatives']}/{row['false_positives']}"


def rate_of_line(line: OnTheLine) -> str:
    return f"{100 * line['defect_rate']:.3g}%"


def model_name(
    description: ModelDescription,
    result: EvaluationResult | None,
    manifest: EvaluationManifest | None,
) -> str:
    """Whose report it is, in words."""
    arns = [description.get("ModelArn"), result.model_arn if result else ""]
    arn = next(filter(None, [*arns, *(manifest.model_arns if manifest else ())]), "")
    project, _, version = arn.partition(":model/")[2].rpartition("/")
    return f"{clean(project, 255)} version {version}" if project else "This model"


def report_summary(report: EvaluationReport, name: str) -> str:
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
        rate = rate_of_line(report["line"])
        sentences.append(f"At {rate} defects expect {expected} per million parts.")
    return " ".join(sentences + [f["advice"] for f in findings if "advice" in f][:1])


def _quality(report: EvaluationReport) -> str:
    known, performance = best_known(report), Performance()
    if report.get("test_images") and "confusion" in report and not error_count(report):
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

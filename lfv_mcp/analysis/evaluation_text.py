"""The readable text of an EvaluationReport: the digest that stands beside its structure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lfv_mcp.analysis.recount import (
    RANKING_METRICS,
    confusion_of,
    defects_and_good_parts,
    interval_of,
    metrics_by_name,
    reported_values,
)
from lfv_mcp.figures import count_of, exact_score, fraction, range_of_cuts, score, two_digits
from lfv_mcp.findings import as_line
from lfv_mcp.provenance import source_in_words
from lfv_mcp.results.common import Finding
from lfv_mcp.results.evaluation_report import (
    CutRange,
    EvaluationReport,
    Example,
    ExampleList,
    Metric,
    OperatingRange,
    ThresholdAnalysis,
    ThresholdRow,
)
from lfv_mcp.text import clean, truncate_lines

EVALUATION_DIGEST_LIMIT: Final = 3000
"""Characters of the readable text of an analyze_evaluation answer, without its images."""
EXAMPLES_LIMIT: Final = 6000
"""Characters that the images of one kind may take: 20 images with long names."""
_CAVEATS: Final = ("metrics_best_case", "cost_chosen_here", "threshold_client_side")
"""Notes on how far the figures flatter: they stand before all that a limit may cut."""
_ROWS: Final = 12
"""Cuts that the text names; the structure has all."""


def evaluation_digest(report: EvaluationReport, limit: int = EVALUATION_DIGEST_LIMIT) -> str:
    """The readable half of an answer: `limit` characters, and images as asked."""
    findings = [f for f in report.findings if not _is_told(report, f)]
    if report.threshold and report.threshold.at:  # its own cut is not what was asked about
        findings = [f for f in findings if f.code != "metrics_best_case"]
    caveats = [as_line(f) for f in findings if f.code in _CAVEATS]
    grave = [as_line(f) for f in findings if f.severity != "info"]
    notes = [as_line(f) for f in findings if f.severity == "info" and f.code not in _CAVEATS]
    source = f"Source: {source_in_words(report.source)}."
    # Numbers before notes, but no warning may fall to the limit for the sake of an example.
    lines = [report.summary, *caveats, *_number_lines(report), *grave, *_threshold_lines(report)]
    text = truncate_lines([*lines, *notes, source], limit)
    body, _, last = text.rpartition("\n")
    return "\n".join([body, *_example_lines(report), last])


def _is_told(report: EvaluationReport, found: Finding) -> bool:
    """Whether the summary says already what was found, in these words or in better ones."""
    if found.code == "precision_falls_on_line":
        return "Of 100 rejects" in report.summary
    return found.message in report.summary


def _number_lines(report: EvaluationReport) -> Iterator[str]:
    if images := _images_in_words(report):
        yield images
    asked = report.threshold.at if report.threshold else None
    if asked is not None:
        yield from _lines_at(report, asked)
    elif counts := report.confusion:
        unusable = counts.unusable_lines
        whose = "Counts recovered" if counts.recovered else "Test images"
        yield (
            f"{whose}: {counts.true_positives} defects "
            f"caught, {counts.false_negatives} missed; {counts.true_negatives} good parts passed, "
            f"{counts.false_positives} rejected"
            + (f"; {unusable} lines unusable" if unusable else "")
        )
        how = "From them" if counts.recovered else "Recounted"
        yield f"{how} (95 % intervals): {_listed(metrics_by_name(report.metrics))}"
    if report.unjudged and (share := report.unjudged.rejected_share):
        yield f"With its 95 % interval: {metric_in_words('rejected share', share)}"
    if report.agrees is not None:
        agrees = "agrees" if report.agrees else "DISAGREES"
        yield f"The EvaluationResult {agrees} with the recount."
    elif report.reported is not None and not (report.confusion and report.confusion.recovered):
        values = reported_values(report.reported)
        listed = ", ".join(f"{name_in_words(n)} {fraction(v)}" for n, v in values.items())
        yield f"Reported: {listed}"
    if report.cost and (alike := report.cost.indistinguishable):
        yield f"{_range_in_words(alike)} not shown to cost more than the cheapest."
    for label in report.labels or ():
        figures = {n: v for n, v in label.present_members().items() if n != "name"}
        listed = ", ".join(f"{name_in_words(n)} {fraction(v)}" for n, v in figures.items())
        yield f"Label {clean(label.name, 40)}: {listed}"
    if report.labels:
        yield (
            "Whether labels count pixels or images AWS does not say; it gives no counts, so they "
            "have no interval."
        )


def _images_in_words(report: EvaluationReport) -> str:
    """How many images it was trained with, and how many of each class it was tested with."""
    tested = report.test_images
    told = [] if report.training_images is None else [f"trained with {report.training_images:,}"]
    told += [] if tested is None else [f"tested with {tested:,}"]
    if not told:
        return ""
    words = " images, ".join(told) if len(told) > 1 else f"{told[0]} images"
    if report.confusion:
        defects, good = defects_and_good_parts(report.confusion)
        classes = ((defects, "defect"), (good, "good part"))
        words += ": " + ", ".join(count_of(n, noun, f"{noun}s") for n, noun in classes)
    return f"{words[0].upper()}{words[1:]}."


def _lines_at(report: EvaluationReport, asked: ThresholdRow) -> Iterator[str]:
    """The figures at the cut that is asked for, and those that no cut changes."""
    at = {
        name: metric
        for name, metric in asked.present_members().items()
        if isinstance(metric, Metric)
    }
    f1 = "" if asked.f1_score is None else f", F1 {fraction(asked.f1_score)}"
    yield f"At {exact_score(asked.threshold)} (95 % intervals): {_listed(at)}{f1}"
    areas = {n: m for n, m in metrics_by_name(report.metrics).items() if n in RANKING_METRICS}
    if areas:
        yield f"Whatever the cut: {_listed(areas)}"


def _listed(figures: Mapping[str, Metric]) -> str:
    return ", ".join(metric_in_words(*item) for item in figures.items())


def _range_in_words(cuts: CutRange) -> str:
    if cuts.low is None:
        return "To reject nothing alone is"
    if cuts.high is None:
        return f"Cuts from {exact_score(cuts.low)} up, and to reject nothing, are"
    return f"Cuts from {exact_score(cuts.low)} to {exact_score(cuts.high)} are"


def _threshold_lines(report: EvaluationReport) -> Iterator[str]:
    analysis = report.threshold
    if analysis is None or not analysis.rule_holds:
        return
    if analysis.at:
        yield built_in_in_words(analysis)
        yield from _other_cuts(report, analysis.at)
    elif any(f.code == "defect_rate_needed" for f in report.findings):
        yield built_in_in_words(analysis)
        if rows := _rows_in_words(analysis.candidates or ()):
            yield f"Which cut is cheapest hangs on the rate: {rows}."


def _other_cuts(report: EvaluationReport, asked: ThresholdRow) -> Iterator[str]:
    """Cuts that may be better, if no costs say which is; the two that are told are left out."""
    told = [asked, *filter(None, [report.confusion])]
    known = [confusion_of(each) for each in told]
    candidates = (report.threshold and report.threshold.candidates) or ()
    others = [row for row in candidates if confusion_of(row) not in known]
    if others and report.cost is None:
        yield f"Other cuts: {_rows_in_words(others)}."


def built_in_in_words(analysis: ThresholdAnalysis) -> str:
    """Where the model's own cut lies."""
    ends = analysis.operating_range or OperatingRange()
    low, high = range_of_cuts(ends.max_normal_score, ends.min_anomaly_score)
    if low and high:
        return f"The model's own cut lies above {low}, up to {high}."
    if low:
        return f"The model's own cut lies above {low}."
    if high:
        return f"The model's own cut lies at {high} or below."
    return "Where the model's own cut lies is not known."


def _rows_in_words(rows: Sequence[ThresholdRow]) -> str:
    listed = "; ".join(map(_row_in_words, rows[:_ROWS]))
    more = f"; and {len(rows) - _ROWS} more in the structure" if len(rows) > _ROWS else ""
    return f"{listed}{more}"


def _row_in_words(row: ThresholdRow) -> str:
    return (
        f"at {exact_score(row.threshold)}, {row.false_negatives} missed, "
        f"{row.false_positives} rejected{_on_the_line(row)}"
    )


def _on_the_line(row: ThresholdRow) -> str:
    escapes, rejects = row.escapes_per_million, row.false_rejects_per_million
    if escapes is None or rejects is None:
        return ""
    return f" (per million parts {two_digits(escapes)} and {two_digits(rejects)})"


def _example_lines(report: EvaluationReport) -> Iterator[str]:
    if report.examples is None:
        return
    for kind, wrong in (
        ("Missed defects", report.examples.missed_defects),
        ("False alarms", report.examples.false_alarms),
    ):
        if wrong.images:
            yield _examples_in_words(kind, wrong)


def _examples_in_words(kind: str, wrong: ExampleList) -> str:
    """The images of one kind, by full name; the folder that all share is said once."""
    names = [image.image for image in wrong.images]
    folder = names[0].rpartition("/")[0] + "/"
    if len(names) < 2 or not all(name.startswith(folder) for name in names):
        folder = ""
    shown: list[str] = []
    left = EXAMPLES_LIMIT
    for image in wrong.images:
        words = _example_in_words(image, folder)
        if len(words) > left and shown:
            break
        shown.append(words)
        left -= len(words)
    how_many = f"{len(shown)} of {wrong.count}, worst first" if wrong.count > 1 else "1"
    where = f", in {clean(folder, 1200)}" if folder else ""
    scored = "" if wrong.images[0].anomaly_score is None else ", with anomaly score"
    return f"{kind} ({how_many}{scored}{where}): {'; '.join(shown)}"


def _example_in_words(image: Example, folder: str) -> str:
    name = clean(image.image[len(folder) :], 1200)
    return name if image.anomaly_score is None else f"{name} {score(image.anomaly_score)}"


def metric_in_words(name: str, metric: Metric) -> str:
    """A metric with its interval, in words."""
    if metric.value is None:
        return f"{name_in_words(name)} undefined ({metric.undefined})"
    interval = interval_of(metric)
    if interval is None:
        return f"{name_in_words(name)} {fraction(metric.value)} (no interval: {metric.no_interval})"
    return (
        f"{name_in_words(name)} {fraction(metric.value)} "
        f"({fraction(interval.low)} to {fraction(interval.high)})"
    )


def name_in_words(name: str) -> str:
    """A member's name as words: `false_alarm_rate` → "false alarm rate"."""
    return {"f1_score": "F1", "roc_auc": "ROC AUC"}.get(name, name.replace("_", " "))

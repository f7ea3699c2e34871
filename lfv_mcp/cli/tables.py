"""An evaluation report for a person at a terminal: tables made from the structured result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def evaluation_tables(report: Mapping[str, Any]) -> str:
    """The confusion table, metrics with intervals, thresholds, examples and findings."""
    sections = (_counts, _metrics, _on_the_line, _thresholds, _labels, _examples, _findings)
    lines = (line for section in sections for line in section(report))
    return "\n".join((report["summary"], *lines, _source(report["source"])))


def _counts(report: Mapping[str, Any]) -> Iterator[str]:
    """The confusion table."""
    if counts := report.get("confusion"):
        yield "\nTest images, by truth and prediction"
        yield from table(
            ("", "predicted anomaly", "predicted normal"),
            (
                ("anomaly", counts["true_positives"], f"{counts['false_negatives']} missed"),
                ("normal", f"{counts['false_positives']} false alarms", counts["true_negatives"]),
            ),
        )


def _metrics(report: Mapping[str, Any]) -> Iterator[str]:
    """Metrics with their intervals, or else as they were reported."""
    if measured := report.get("metrics"):
        yield "\nMetrics, with 95 % Wilson intervals"
        yield from table(("", "value", "low", "high"), map(_metric, measured.items()))
    elif reported := report.get("reported"):
        yield "\nMetrics as reported; without the manifest there are no intervals"
        yield from table(("", "value"), ((_words(n), f"{v:.4f}") for n, v in reported.items()))


def _on_the_line(report: Mapping[str, Any]) -> Iterator[str]:
    """What the line will see at the defect rate that was asked for."""
    if line := report.get("line"):
        yield "\nOn the line"
        yield from table(
            ("", "per part or per million"),
            ((_words(n), f"{v:,.0f}" if "million" in n else _number(v)) for n, v in line.items()),
        )


def _thresholds(report: Mapping[str, Any]) -> Iterator[str]:
    """The trade-off at other thresholds."""
    if rows := _threshold_rows(report.get("threshold", {})):
        yield "\nThresholds: reject when score >= threshold"
        yield from table(
            ("threshold", "missed", "false alarms", "precision", "recall", "F1", ""), rows
        )


def _labels(report: Mapping[str, Any]) -> Iterator[str]:
    """Metrics of each anomaly label."""
    if labels := report.get("labels"):
        yield "\nAnomaly labels"
        names = ("precision", "recall", "f1_score", "average_iou")
        yield from table(
            ("", "precision", "recall", "F1", "average IoU"),
            ((label["name"], *(_number(label.get(n)) for n in names)) for label in labels),
        )


def _examples(report: Mapping[str, Any]) -> Iterator[str]:
    """Images that the model got wrong, each kind under its own heading."""
    for name, images in report.get("examples", {}).items():
        if images:
            yield f"\n{_words(name).capitalize()}, worst first"
            yield from map(_example, images)


def _example(image: Mapping[str, Any]) -> str:
    confidence = f"  confidence {image['confidence']:.3g}" if "confidence" in image else ""
    return f"  {image['image']}{confidence}"


def _findings(report: Mapping[str, Any]) -> Iterator[str]:
    """Findings, with advice on a line of its own."""
    yield "\nFindings"
    for finding in report["findings"]:
        yield f"  {finding['severity']:8} {finding['code']}: {finding['message']}"
        if "advice" in finding:
            yield f"  {'':8} {finding['advice']}"


def _source(source: Mapping[str, Any]) -> str:
    captured = source.get("captured_at", "at an unknown time")
    return f"\nSource: {source['kind']}, {source['basis']}, captured {captured}"


def _metric(item: tuple[str, Mapping[str, Any]]) -> tuple[str, str, str, str]:
    name, metric = item
    if "undefined" in metric:
        return _words(name), "undefined", metric["undefined"], ""
    value, low, high = (_number(metric.get(part)) for part in ("value", "low", "high"))
    return _words(name), value, low, high


def _threshold_rows(block: Mapping[str, Any]) -> list[tuple[object, ...]]:
    rows = [(row, "") for row in block.get("candidates", [])]
    if "at" in block:
        rows.append((block["at"], "<- asked"))
    built_in = block.get("operating_range", {}).get("min_anomaly_score")
    return [
        (
            f"{row['threshold']:.4f}",
            row["false_negatives"],
            row["false_positives"],
            *(_number(row.get(name)) for name in ("precision", "recall", "f1_score")),
            note or ("<- built in" if row["threshold"] == built_in else ""),
        )
        for row, note in rows
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _words(name: str) -> str:
    known = {"f1_score": "F1", "roc_auc": "ROC AUC"}
    return known.get(name, name.replace("_", " "))


def table(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    """Aligned columns: the first to the left, numbers to the right."""
    lines = [tuple(map(str, row)) for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for row in lines:
        first, *others = (
            cell.ljust(width) if not i else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(("", first, *others)).rstrip()

"""An evaluation report for a person at a terminal: tables made from the structured result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from lfv_mcp.figures import exact_score, score, two_digits

_WORDS: Final = {"f1_score": "F1", "roc_auc": "ROC AUC"}
"""Names of members that are not words with `_` for blanks."""
_POLICIES: Final = (
    ("cheapest", "cheapest here"),
    ("built_in", "model's own cut"),
    ("at", "cut asked for"),
    ("reject_nothing", "reject nothing"),
    ("reject_everything", "reject everything"),
)


def evaluation_tables(report: Mapping[str, Any]) -> str:
    """The confusion table, metrics with intervals, what was asked, examples and findings."""
    sections = (
        _counts,
        _unjudged,
        _metrics,
        _on_the_line,
        _requirements,
        _cost,
        _thresholds,
        _labels,
        _examples,
        _findings,
    )
    lines = (line for section in sections for line in section(report))
    return "\n".join((report["summary"], *lines, _source(report["source"])))


def _counts(report: Mapping[str, Any]) -> Iterator[str]:
    """The confusion table."""
    if counts := report.get("confusion"):
        how = ", recovered from the reported figures" if counts.get("recovered") else ""
        yield f"\nTest images, by truth and the model's own prediction{how}"
        yield from table(
            ("", "predicted anomaly", "predicted normal"),
            (
                ("anomaly", counts["true_positives"], f"{counts['false_negatives']} missed"),
                ("normal", f"{counts['false_positives']} false alarms", counts["true_negatives"]),
            ),
        )


def _unjudged(report: Mapping[str, Any]) -> Iterator[str]:
    """What a prediction set says of images whose truth is not known."""
    if said := report.get("unjudged"):
        yield "\nVerdicts on images whose truth is not known"
        shown = {name: value for name, value in said.items() if name != "rejected_share"}
        yield from table(
            ("", ""),
            (
                (_words(name), score(value) if name.endswith("score") else f"{value:,}")
                for name, value in shown.items()
            ),
        )
        if share := said.get("rejected_share"):
            yield "\nShare that it rejects, with its 95 % interval"
            yield from table(("", "value", "low", "high", ""), (_figure("rejected_share", share),))


def _metrics(report: Mapping[str, Any]) -> Iterator[str]:
    """Metrics with their intervals, or else as they were reported."""
    if measured := report.get("metrics"):
        yield "\nMetrics of the model's own predictions, with 95 % intervals"
        yield from table(
            ("", "value", "low", "high", ""), (_figure(*item) for item in measured.items())
        )
    elif reported := report.get("reported"):
        yield "\nMetrics as reported; without the manifest there are no intervals"
        yield from table(("", "value"), ((_words(n), _number(v)) for n, v in reported.items()))


def _on_the_line(report: Mapping[str, Any]) -> Iterator[str]:
    """What the line will see at the defect rate that was asked for."""
    if line := report.get("line"):
        at = _asked_cut(report)
        yield f"\nOn the line{at}, at a defect rate of {line['defect_rate']:.6g}"
        figures = ((name, line[name]) for name in line if name != "defect_rate")
        yield from table(
            ("", "value", "low", "high", ""), (_figure(name, metric) for name, metric in figures)
        )


def _asked_cut(report: Mapping[str, Any]) -> str:
    row = report.get("threshold", {}).get("at")
    return f" at a cut of {row['threshold']:.6g}" if row else ""


def _requirements(report: Mapping[str, Any]) -> Iterator[str]:
    """Whether what was required is shown, and how many images more it would take."""
    if required := report.get("requirements"):
        yield f"\nRequirements{_asked_cut(report)}"
        yield from table(
            (
                "",
                "needed",
                "seen",
                "low",
                "high",
                "verdict",
                "images without an error",
                "images as measured",
            ),
            (
                (
                    _words(each["requirement"]),
                    _number(each["needed"]),
                    *(_number(each["seen"].get(part)) for part in ("value", "low", "high")),
                    each["verdict"].replace("_", " "),
                    # Of a rate that is refuted nobody should go and take more images.
                    _images(each.get("images_needed") if each["verdict"] != "refuted" else None),
                    _images(each.get("images_needed_as_measured")),
                )
                for each in required
            ),
        )


def _images(count: int | None) -> str:
    return "" if count is None else f"{count:,} more"


def _cost(report: Mapping[str, Any]) -> Iterator[str]:
    """What each cut and each policy costs."""
    if cost := report.get("cost"):
        yield "\nCost per part, in the unit of the two costs"
        yield from table(
            ("", "cut", "missed", "alarms", "cost", "low", "high"),
            (*_policies(cost), *_cost_difference(cost)),
        )
        yield from _decided(cost)


def _policies(cost: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    for name, words in _POLICIES:
        if name in cost:
            priced = cost[name]
            yield (
                words,
                _cut(priced.get("threshold"), priced.get("gap")),
                priced["false_negatives"],
                priced["false_positives"],
                *map(_estimate, _ends(priced["cost_per_part"])),
            )


def _cost_difference(cost: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    """What the cheapest cut costs more or less than the model's own."""
    if difference := cost.get("difference"):
        yield "cheapest - own", "", "", "", *map(_signed, _ends(difference))


def _decided(cost: Mapping[str, Any]) -> Iterator[str]:
    """Whether the difference is decided; nothing where there is none."""
    difference = cost.get("difference")
    if difference is None:
        return
    if difference["value"] == 0:
        yield "  The model's own cut is as cheap as the cheapest."
    elif cost.get("decided"):
        yield "  The difference (cheapest - own) is decided: its interval leaves out 0."
    else:
        yield "  The difference (cheapest - own) is undecided: its interval holds 0."


def _ends(metric: Mapping[str, float]) -> Iterator[float | None]:
    """A figure and the ends of its interval."""
    return (metric.get(part) for part in ("value", "low", "high"))


def _cut(threshold: float | Mapping[str, float] | None, gap: Mapping[str, float] | None) -> str:
    """Where a cut lies: between two scores, or nowhere."""
    if isinstance(threshold, Mapping):
        ends = (("low", "max_normal_score"), ("high", "min_anomaly_score"))
        gap = {end: threshold[name] for end, name in ends if name in threshold}
    if gap is None or gap.get("high") is None:
        return "" if gap is None or gap.get("low") is None else f"> {score(gap['low'])}"
    if gap.get("low") is None:
        return f"<= {score(gap['high'])}"
    return f"{score(gap['low'])} to {score(gap['high'])}"


def _thresholds(report: Mapping[str, Any]) -> Iterator[str]:
    """The cuts that can be cheapest."""
    if rows := _threshold_rows(report.get("threshold", {})):
        yield "\nThresholds that can be cheapest: reject when score >= threshold"
        yield from table(
            (
                "threshold",
                "missed",
                "false alarms",
                "precision",
                "recall",
                "low",
                "high",
                "false alarm rate",
                "low",
                "high",
                "",
            ),
            rows,
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
    """Images that were judged wrongly, each kind under its own heading, with how many there are."""
    for name, wrong in report.get("examples", {}).items():
        if images := wrong["images"]:
            how_many = f"{len(images)} of {wrong['count']}"
            yield f"\n{_words(name).capitalize()}{_asked_cut(report)} ({how_many}), worst first"
            yield from map(_example, images)


def _example(image: Mapping[str, Any]) -> str:
    shown = ""
    if "anomaly_score" in image:
        shown = f"  anomaly score {score(image['anomaly_score'])}"
    return f"  {image['image']}{shown}"


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


def _figure(name: str, metric: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    """A figure with its interval, or why it has none."""
    shown = _per_million if "million" in name else _number
    value, low, high = (shown(metric.get(part)) for part in ("value", "low", "high"))
    if "undefined" in metric:
        value = "undefined"
    return _words(name), value, low, high, metric.get("undefined", metric.get("no_interval", ""))


def _threshold_rows(block: Mapping[str, Any]) -> list[tuple[object, ...]]:
    rows = [(row, "") for row in block.get("candidates", [])]
    if "at" in block:
        rows.append((block["at"], "<- asked"))
    built_in = block.get("operating_range", {}).get("min_anomaly_score")
    return [
        (
            _typed_cut(row["threshold"]),
            row["false_negatives"],
            row["false_positives"],
            _number(row["precision"].get("value")),
            *(_number(row["recall"].get(part)) for part in ("value", "low", "high")),
            *(_number(row["false_alarm_rate"].get(part)) for part in ("value", "low", "high")),
            note or ("<- built in" if row["threshold"] == built_in else ""),
        )
        for row, note in rows
    ]


def _typed_cut(threshold: float) -> str:
    """A cut that, typed back as `--threshold`, rejects the same images."""
    aligned = f"{threshold:.6f}"
    return aligned if float(aligned) == threshold else exact_score(threshold)


def _number(value: float | None) -> str:
    """A figure in four decimals; more digits rather than 0 or 1 by rounding."""
    if value is None:
        return ""
    short = f"{value:.4f}"
    return f"{value:.6g}" if float(short) in (0, 1) and float(short) != value else short


def _per_million(value: float | None) -> str:
    return "" if value is None else two_digits(value)


def _estimate(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.3g}" if value else "0"


def _words(name: str) -> str:
    return _WORDS.get(name, name.replace("_", " "))


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

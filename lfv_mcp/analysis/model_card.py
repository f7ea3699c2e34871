"""The model card: one model as Markdown that a person can read and file. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import cast

from lfv_mcp.results.evaluation_report import EvaluationReport, Metric
from lfv_mcp.results.model_summary import ModelSummary


def model_card(
    model: ModelSummary, report: EvaluationReport | None = None, unread: str = ""
) -> str:
    """A model as a Markdown document: state, quality, evidence, use, limits, provenance.

    `report` is what its evaluation files prove; without them `unread` says why there is none.
    """
    description = model["model_description"]
    source = model["source"]
    lines = [
        f"# Model card: {model['project_name']} version {model['model_version']}",
        "",
        _text(model["summary"]),
        "",
        "## State",
        "",
        *_table(
            ("Status", model.get("status", "unknown")),
            ("Meaning", model.get("status_meaning")),
            ("Status message", model.get("status_message")),
            ("Description", description.get("Description")),
            ("Model ARN", description.get("ModelArn")),
            ("Region", model.get("region")),
            ("Created", description.get("CreationTimestamp")),
            ("KMS key", description.get("KmsKeyId")),
            ("Inference units requested", _units(model)),
        ),
        "",
        "## Quality",
        "",
    ]
    performance = model.get("performance")
    if performance:
        lines += _table(
            ("Precision", _fraction(performance.get("precision"))),
            ("Recall", _fraction(performance.get("recall"))),
            ("F1", _fraction(performance.get("f1_score"))),
            ("Escape rate (1 - recall)", _fraction(performance.get("escape_rate"))),
            (
                "False-reject share (1 - precision)",
                _fraction(performance.get("false_reject_share")),
            ),
            ("Evaluated", performance.get("evaluated_at")),
        )
    else:
        lines.append("No metrics are recorded.")
    lines += ["", "## Findings", ""]
    for finding in model["findings"]:
        advice = f" *{_text(finding['advice'])}*" if "advice" in finding else ""
        code, severity = finding["code"], finding["severity"]
        lines.append(f"- **{severity}** `{code}`: {_text(finding['message'])}{advice}")
    lines += ["", "## Evidence", "", *_evidence(model, report, unread)]
    lines += [
        "",
        "## Intended use",
        "",
        "Visual inspection of the one object type its project was trained on, under the conditions",
        "of its training images: telling normal parts from anomalous ones"
        + (", and marking the anomalies." if report and report.get("labels") else "."),
        "",
        "## Limits",
        "",
        "- Precision, recall and F1 speak about the test set alone, most likely at the cut with",
        "  the best F1 on that very set: they are a best case.",
        "- They say nothing about how often defects occur on a line. Where defects are rare, far",
        "  more of the rejects are good parts than on the test set.",
        "- They say nothing about images unlike the test images.",
        "- `confidence` belongs to the predicted class; it is not the probability of an anomaly.",
    ]
    lines += [
        "",
        "## Provenance",
        "",
        *_table(
            ("Source", source["kind"]),
            ("Rests on", source["basis"]),
            ("Captured", source.get("captured_at", "not recorded")),
            ("Location", source.get("location")),
        ),
        "",
    ]
    return "\n".join(lines)


def _evidence(model: ModelSummary, report: EvaluationReport | None, unread: str) -> Iterator[str]:
    artifacts = model.get("artifacts", {})
    places = _table(
        ("Evaluation result", artifacts.get("evaluation_result")),
        ("Evaluation manifest", artifacts.get("evaluation_manifest")),
        ("Training output", artifacts.get("output")),
    )
    yield from places or ["No S3 location is recorded."]
    yield ""
    if report is None:
        yield _text(unread)
        return
    yield _text(report["summary"])
    yield ""
    yield from _table(
        ("Training images", _whole(report.get("training_images"))),
        ("Test images", _whole(report.get("test_images"))),
    )
    if counts := report.get("confusion"):
        yield from (
            "",
            "| | predicted anomaly | predicted normal |",
            "|---|---|---|",
            f"| anomaly | {counts['true_positives']} | {counts['false_negatives']} |",
            f"| normal | {counts['false_positives']} | {counts['true_negatives']} |",
        )
    if measured := report.get("metrics"):
        yield from ("", "| metric | value | low (95 %) | high (95 %) |", "|---|---|---|---|")
        for name, metric in cast(Mapping[str, Metric], measured).items():
            values = (metric.get("value"), metric.get("low"), metric.get("high"))
            cells = [_fraction(value) or "" for value in values]
            if "undefined" in metric:
                cells[0] = f"undefined: {metric['undefined']}"
            yield f"| {name.replace('_', ' ')} | {' | '.join(cells)} |"
    if labels := report.get("labels"):
        yield from ("", "| anomaly label | precision | recall | average IoU |", "|---|---|---|---|")
        for label in labels:
            parts = (label.get("precision"), label.get("recall"), label.get("average_iou"))
            numbers = " | ".join(_fraction(value) or "" for value in parts)
            yield f"| {_text(label['name'])} | {numbers} |"
    yield ""
    for finding in report["findings"]:
        code, severity = finding["code"], finding["severity"]
        yield f"- **{severity}** `{code}`: {_text(finding['message'])}"


def _whole(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"


def _table(*rows: tuple[str, str | None]) -> list[str]:
    known = [(name, value) for name, value in rows if value]
    if not known:
        return []
    return ["| | |", "|---|---|", *(f"| {name} | {_text(value)} |" for name, value in known)]


def _text(value: str) -> str:
    """Account text as text: what Markdown or HTML would read as markup is escaped."""
    return re.sub(r"([\\`*_{}\[\]<>|#!])", r"\\\1", value)


def _units(model: ModelSummary) -> str | None:
    hosting = model.get("hosting")
    if hosting is None:
        return None
    low, high = hosting.get("min_inference_units"), hosting.get("max_inference_units")
    return f"{low or '?'} to {high} (autoscaling)" if hosting["autoscaling"] else f"{low} (fixed)"


def _fraction(value: float | None) -> str | None:
    return None if value is None else f"{value:.4g}"

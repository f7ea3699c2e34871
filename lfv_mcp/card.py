"""The model card: one model as Markdown that a person can read and file. Pure."""

from __future__ import annotations

import re

from lfv_mcp.model import ModelSummary


def card(model: ModelSummary) -> str:
    """A ModelSummary → a Markdown document: state, quality, limits, provenance."""
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
    lines += [
        "",
        "## Limits",
        "",
        "Precision, recall and F1 speak about the test set alone, at the cut that most likely",
        "maximises F1 on that very set. They say nothing about how often defects occur on a line,",
        "and nothing about images unlike the test images.",
        "",
        "## Evidence",
        "",
    ]
    artifacts = model.get("artifacts", {})
    lines += _table(
        ("Evaluation result", artifacts.get("evaluation_result")),
        ("Evaluation manifest", artifacts.get("evaluation_manifest")),
        ("Training output", artifacts.get("output")),
    ) or ["No S3 location is recorded."]
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
    return None if value is None else f"{value:.6g}"

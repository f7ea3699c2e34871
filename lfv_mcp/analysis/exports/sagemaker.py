"""The Content of a SageMaker model card, after its JSON schema 0.1.0.

The schema takes no member that it does not name, and has none for an interval: its ends are metrics
of their own. Lengths are the schema's.
"""

from __future__ import annotations

import json
from typing import Any, Final

from lfv_mcp.analysis.exports.carried import (
    COUNTS,
    NO_COUNTS,
    ExportedModel,
    caveats_of,
    figures_of,
    fitting,
    provenance_of,
    undefined_of,
    whole_sentences,
)
from lfv_mcp.results.evaluation_report import ThresholdRow

MAX_CONTENT: Final = 100_000
"""Characters of a card."""
_NAME: Final = 63
_TEXT: Final = 2048
_SHORT: Final = 1024
_OBSERVATION: Final = 2096
_USES: Final = (
    "Visual inspection of the one object type its project was trained on, under the conditions of "
    "its training images: telling normal parts from anomalous ones."
)


def sagemaker_content(model: ExportedModel) -> str:
    """The card as compact JSON in one line, at most `MAX_CONTENT` characters."""
    summary = model.summary
    caveats = caveats_of(model)
    card: dict[str, Any] = {
        "model_overview": _overview(model),
        "intended_uses": {
            "intended_uses": _USES,
            "factors_affecting_model_efficiency": fitting(caveats[1], _TEXT),
            "risk_rating": "Unknown",
        },
        "evaluation_details": [_evaluation(model)],
        "additional_information": {
            "caveats_and_recommendations": whole_sentences(caveats, _TEXT),
            "custom_details": _details(model),
        },
    }
    if summary.prediction_set:
        card["intended_uses"].pop("intended_uses")
    if model.report and model.report.training_images is not None:
        observed = f"{model.report.training_images} training images"
        card["training_details"] = {"training_observations": observed}
    return _fitted(card)


def _overview(model: ExportedModel) -> dict[str, Any]:
    summary = model.summary
    record = summary.model_description
    overview: dict[str, Any] = {
        "model_name": fitting(summary.project_name, _SHORT),
        "model_description": fitting(summary.summary, _SHORT),
        "problem_type": "Visual anomaly detection: normal or anomaly",
    }
    if summary.prediction_set:
        overview["model_name"] = fitting(model.name, _SHORT)
        return overview
    overview["algorithm_type"] = "Amazon Lookout for Vision"
    if record and record.ModelArn:
        overview["model_id"] = fitting(record.ModelArn, _SHORT)
    if summary.model_version.isascii() and summary.model_version.isdigit():
        overview["model_version"] = int(summary.model_version)  # a prediction set's is a name
    places = _places(summary.artifacts.output if summary.artifacts else None)
    return overview | ({"model_artifact": places} if places else {})


def _places(*uris: str | None) -> list[str]:
    """Places that a card can hold whole; half a URI would be another place."""
    return [uri for uri in uris if uri and fitting(uri, _SHORT) == uri]


def _evaluation(model: ExportedModel) -> dict[str, Any]:
    artifacts = model.summary.artifacts
    evaluation: dict[str, Any] = {
        "name": fitting(f"Test images of {model.name}", _NAME),
        "evaluation_observation": fitting(
            model.report.summary if model.report else NO_COUNTS, _OBSERVATION
        ),
        "metric_groups": [
            {"name": "Figures of the test images", "metric_data": _numbers(model)},
            *_graphs(model),
        ],
    }
    held = (artifacts.evaluation_manifest, artifacts.evaluation_result) if artifacts else ()
    places = _places(*held)
    return evaluation | ({"datasets": places} if places else {})


def _numbers(model: ExportedModel) -> list[dict[str, Any]]:
    numbers = [
        {"name": each.name, "type": "number", "value": each.value}
        | ({"notes": fitting(each.notes, _SHORT)} if each.notes else {})
        for each in figures_of(model)
    ]
    return numbers + [
        {"name": name, "type": "string", "value": "undefined", "notes": fitting(why, _SHORT)}
        for name, why in undefined_of(model).items()
    ]


def _graphs(model: ExportedModel) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = []
    if model.report is None:
        return groups
    if counts := model.report.confusion:
        positives, false_positives, false_negatives, negatives = (
            getattr(counts, name) for name in COUNTS
        )
        matrix = {
            "name": "confusion_matrix",
            "type": "matrix",
            "value": [[positives, false_negatives], [false_positives, negatives]],
            "x_axis_name": ["predicted anomaly", "predicted normal"],
            "y_axis_name": ["anomaly", "normal"],
            "notes": "Test images; a row is a true class, a column a predicted one.",
        }
        groups.append({"name": "Confusion matrix", "metric_data": [matrix]})
    cuts = model.report.threshold
    rows = sorted((cuts and cuts.candidates) or (), key=lambda row: row.threshold)
    if rows:
        curves = [_curve(rows, "recall"), _curve(rows, "false_alarm_rate")]
        known = [curve for curve in curves if curve["value"]]
        groups += [{"name": "Thresholds", "metric_data": known}] if known else []
    return groups


def _curve(rows: list[ThresholdRow], rate: str) -> dict[str, Any]:
    plain = [row.to_json() for row in rows]
    return {
        "name": f"{rate}_by_threshold",
        "type": "linear_graph",
        "value": [
            [row["threshold"], row[rate]["value"]] for row in plain if "value" in row.get(rate, {})
        ],
        "x_axis_name": "threshold on the anomaly score",
        "y_axis_name": rate,
        "notes": "Thresholds that can be cheapest; a part is rejected from its threshold on.",
    }


def _details(model: ExportedModel) -> dict[str, str]:
    summary = model.summary
    record = summary.model_description
    details = provenance_of(summary.source, model.product) | {
        "project_name": summary.project_name,
        "model_version": summary.model_version,
        "status": summary.status or "",
        "created_at": (record and record.CreationTimestamp) or "",
        "description": (record and record.Description) or "",
    }
    findings = summary.findings if model.report is None else model.report.findings
    for number, found in enumerate(findings, 1):
        details[f"finding_{number:02}_{found.code}"] = f"{found.severity}: {found.message}"
    return {name: fitting(text, _SHORT) for name, text in details.items() if text}


def _fitted(card: dict[str, Any]) -> str:
    """The card as text; findings go first if it would be too long, they are in the caveats too."""
    details: dict[str, str] = card["additional_information"]["custom_details"]
    text = _text(card)
    while len(text.encode("utf-16-le")) // 2 > MAX_CONTENT and details:
        details.popitem()
        text = _text(card)
    return text


def _text(card: dict[str, Any]) -> str:
    return json.dumps(card, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

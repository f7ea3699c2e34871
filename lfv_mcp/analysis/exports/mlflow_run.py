"""What an MLflow run holds of a model: flat metrics, parameters, tags and files. No MLflow here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lfv_mcp.analysis.exports.carried import (
    NO_COUNTS,
    ExportedModel,
    caveats_of,
    figures_of,
    fitting,
    label_of,
    provenance_of,
    undefined_of,
    whole_sentences,
)
from lfv_mcp.analysis.model_card import model_card

_VALUE: Final = 5000
"""Characters of a tag that every MLflow since 1.0 takes."""
_PARAMETER: Final = 500
"""Characters of a parameter that every MLflow since 1.0 takes."""


@dataclass(frozen=True, slots=True)
class RunContent:
    """One run.

    Args:
        experiment: the experiment's name, which is the project's.
        name: the run's name.
        metrics: figures by flat names.
        parameters: what does not change from test to test.
        tags: where it comes from, and what limits it.
        files: artifacts by file name.
    """

    experiment: str
    name: str
    metrics: Mapping[str, float]
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    files: Mapping[str, bytes]


PROJECT_TAG: Final = "lfv.project_name"
VERSION_TAG: Final = "lfv.model_version"


def run_content(model: ExportedModel, page: str) -> RunContent:
    """The run of a model.

    Args:
        model: what is exported.
        page: the HTML page that shows it.
    """
    summary = model.summary
    record = summary.model_description
    answers = {"describe_model": summary.to_json()}
    if model.report is not None:
        answers["analyze_evaluation"] = model.report.to_json()
    first = model.report or summary
    card = model_card(summary, model.report, NO_COUNTS)
    parameters = {
        "project_name": summary.project_name,
        "model_version": summary.model_version,
        "status": summary.status,
        "model_arn": record and record.ModelArn,
        "created_at": record and record.CreationTimestamp,
        "description": record and record.Description,
    }
    tags = {
        PROJECT_TAG: summary.project_name,
        VERSION_TAG: summary.model_version,
        "lfv.label": label_of(summary.source),
        "mlflow.note.content": whole_sentences([first.summary, *caveats_of(model)], _VALUE),
        **{f"lfv.{n}": v for n, v in provenance_of(summary.source, model.product).items()},
        **{f"lfv.undefined.{name}": why for name, why in undefined_of(model).items()},
    }
    return RunContent(
        experiment=summary.project_name,
        name=model.name,
        metrics={each.name: float(each.value) for each in figures_of(model)},
        parameters={n: fitting(v, _PARAMETER) for n, v in parameters.items() if v},
        tags={name: fitting(value, _VALUE) for name, value in tags.items()},
        files={
            "model-card.html": page.encode(),
            "model-card.md": card.encode("utf-8", "replace"),
            "answers.json": json.dumps(answers, ensure_ascii=False, indent=2).encode(),
        },
    )

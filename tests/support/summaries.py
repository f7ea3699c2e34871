"""Summaries of records that a test wrote, and their findings."""

from __future__ import annotations

from typing import Final

from lfv_mcp.analysis.description import readable_description
from lfv_mcp.analysis.model_summary import summarise
from lfv_mcp.results.common import Finding, Source, SourceKind
from lfv_mcp.results.model_summary import ModelSummary

CAPTURED: Final = "2025-10-28T09:00:00.000Z"


def summary_of(kind: SourceKind = "archive", /, **members: object) -> ModelSummary:
    """The summary of a record with these members."""
    source = Source(kind=kind, basis="describe_model", captured_at=CAPTURED)
    return summarise("caps", "3", "eu-west-1", readable_description(members), source)


def judged(precision: object, recall: object, f1_score: object = None) -> ModelSummary:
    """The summary of a trained model with these metrics; None is absent."""
    sent = {"Precision": precision, "Recall": recall, "F1Score": f1_score}
    performance = {name: value for name, value in sent.items() if value is not None}
    return summary_of(Status="TRAINED", Performance=performance)


def codes(model: ModelSummary) -> list[str]:
    """The codes of a summary's findings, in order."""
    return [f.code for f in model.findings]


def found(model: ModelSummary, code: str) -> Finding:
    """The first finding with this code."""
    return next(f for f in model.findings if f.code == code)

"""results.model_comparison."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import EvaluationMetrics

Verdict = Literal["better", "worse", "no_difference", "not_comparable"]


class PairedTest(TypedDict, total=False):
    """Exact McNemar test, same images."""

    only_baseline_right: int
    only_this_right: int
    p_value: float


class ComparedModel(TypedDict):
    model_version: str
    status: NotRequired[str]
    metrics: NotRequired[EvaluationMetrics]
    deltas: NotRequired[Annotated[dict[str, float], Field(description="this minus baseline")]]
    verdict: NotRequired[Annotated[Verdict, Field(description="against the baseline")]]
    paired: NotRequired[PairedTest]


class ModelComparison(TypedDict):  # what compare_models answers
    summary: str
    baseline: str
    models: list[ComparedModel]
    best: NotRequired[Annotated[str, Field(description="absent: undecided")]]
    best_reason: str
    same_test_set: NotRequired[Annotated[bool, Field(description="absent: unknown")]]
    findings: list[Finding]
    source: Source

"""`ModelComparison`, the answer of compare_models, and the records inside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from lfv_mcp.results.base import Count, Number, Result
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import EvaluationMetrics

Verdict = Literal["better", "worse", "no_difference", "not_comparable"]


class PairedTest(Result):
    """McNemar's exact test of a version against the baseline, on the images that both judged."""

    schema_description: ClassVar[str] = "Exact McNemar test, same images."
    schema_lists_required: ClassVar[bool] = False

    only_baseline_right: Count
    only_this_right: Count
    p_value: Number


class ComparedModel(Result):
    """One version in a comparison; the baseline has no deltas, verdict or paired test."""

    model_version: str
    status: str | None = None
    metrics: EvaluationMetrics | None = None
    deltas: Annotated[Mapping[str, Number] | None, Field(description="this minus baseline")] = None
    verdict: Annotated[Verdict | None, Field(description="against the baseline")] = None
    paired: PairedTest | None = None


class ModelComparison(Result):
    """What compare_models answers: each version against the first, and the best if there is one."""

    summary: str
    baseline: str
    models: tuple[ComparedModel, ...]
    best: Annotated[str | None, Field(description="absent: undecided")] = None
    best_reason: str
    same_test_set: Annotated[bool | None, Field(description="absent: unknown")] = None
    findings: tuple[Finding, ...]
    source: Source

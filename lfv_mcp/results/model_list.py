"""`ModelList`, the answer of list_models, and its rows."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from lfv_mcp.results.base import Count, Number, Result
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.shown import Shown

HeldRecord = Literal["description", "result", "manifest"]
"""A record that an archive holds of a model: what DescribeModel or ListModels answered, the
EvaluationResult, the EvaluationManifest."""


class ModelRow(Result):
    """One model version in a listing; metrics are as reported, 0 to 1: by the record, else by the
    EvaluationResult.

    `captured_at` is when the record that answers was taken, `test_images` the number that the
    EvaluationResult tells; both and `held` are of an archive's records.
    """

    schema_description: ClassVar[str] = "One model in a listing."

    project_name: str
    model_version: str
    model_arn: str | None = None
    status: str | None = None
    created_at: str | None = None
    f1_score: Number | None = None
    precision: Number | None = None
    recall: Number | None = None
    description: str | None = None
    captured_at: str | None = None
    test_images: Count | None = None
    held: tuple[HeldRecord, ...] | None = None
    finding: Annotated[
        str | None, Field(description="code of the gravest finding of describe_model")
    ] = None


class PredictionSetRow(Result):
    """A prediction set in a listing."""

    schema_description: ClassVar[str] = "What another system predicted on a project's images."

    project_name: str
    name: str
    images: Count


class ModelList(Shown):
    """What list_models answers: one page of model versions."""

    schema_description: ClassVar[str] = "What list_models answers."

    summary: str
    models: tuple[ModelRow, ...]
    prediction_sets: tuple[PredictionSetRow, ...] | None = None
    next_token: Annotated[str | None, Field(description="present when there is more")] = None
    findings: tuple[Finding, ...] | None = None
    source: Source

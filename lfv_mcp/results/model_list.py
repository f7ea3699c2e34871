"""results.model_list."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from lfv_mcp.results.common import Finding, Source


class ModelRow(TypedDict):
    """One model in a listing."""

    project_name: str
    model_version: str
    model_arn: NotRequired[str]
    status: NotRequired[str]
    created_at: NotRequired[str]
    f1_score: NotRequired[float]
    precision: NotRequired[float]
    recall: NotRequired[float]
    description: NotRequired[str]


class ModelList(TypedDict):
    """What list_models answers."""

    summary: str
    models: list[ModelRow]
    next_token: NotRequired[Annotated[str, Field(description="present when there is more")]]
    findings: NotRequired[list[Finding]]
    source: Source

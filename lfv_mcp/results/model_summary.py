"""results.model_summary."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.model_description import ModelDescription


class Performance(TypedDict, total=False):
    """The reported metrics, and the same two facts as an inspection line feels them."""

    f1_score: float
    precision: float
    recall: float
    escape_rate: Annotated[float, Field(description="1 - recall: share of defects let through")]
    false_reject_share: Annotated[
        float, Field(description="1 - precision: share of rejects that were good parts")
    ]
    evaluated_at: str


class Hosting(TypedDict):
    """Inference units requested for hosting."""

    min_inference_units: NotRequired[int]
    max_inference_units: NotRequired[int]
    autoscaling: bool


class Artifacts(TypedDict, total=False):
    """Where training's results are, as s3:// URIs."""

    output: str
    evaluation_manifest: str
    evaluation_result: str


class ModelSummary(TypedDict):
    """What describe_model answers."""

    summary: str
    project_name: str
    model_version: str
    region: NotRequired[str]
    status: NotRequired[Annotated[str, Field(description="history unless source.kind is live")]]
    status_message: NotRequired[str]
    status_meaning: NotRequired[str]
    performance: NotRequired[Performance]
    hosting: NotRequired[Hosting]
    artifacts: NotRequired[Artifacts]
    findings: list[Finding]
    source: Source
    model_description: ModelDescription

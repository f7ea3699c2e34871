"""`ModelSummary`, the answer of describe_model, and the records inside it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from lfv_mcp.results.base import Count, Number, Result
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.results.shown import Shown


class Performance(Result):
    """Reported metrics, 0 to 1, and what they mean on an inspection line."""

    schema_description: ClassVar[str] = (
        "The reported metrics, and the same two facts as an inspection line feels them."
    )

    f1_score: Number | None = None
    precision: Number | None = None
    recall: Number | None = None
    escape_rate: Annotated[
        Number | None, Field(description="1 - recall: share of defects let through")
    ] = None
    false_reject_share: Annotated[
        Number | None,
        Field(description="1 - precision: share of rejects that were good parts"),
    ] = None
    evaluated_at: str | None = None
    test_images: Count | None = None


class Hosting(Result):
    """The inference units that were requested for hosting."""

    schema_description: ClassVar[str] = "Inference units requested for hosting."

    min_inference_units: Count | None = None
    max_inference_units: Count | None = None
    autoscaling: bool


class Artifacts(Result):
    """Where the results of training are, as s3:// URIs."""

    schema_description: ClassVar[str] = "Where training's results are, as s3:// URIs."

    output: str | None = None
    evaluation_manifest: str | None = None
    evaluation_result: str | None = None


class TrainedOnFacts(Result):
    """What the model behind a prediction set was trained on; `origin` is a text."""

    schema_lists_required: ClassVar[bool] = False

    origin: str
    images: Count


class PredictionSetFacts(Result):
    """What a prediction set is: another system's verdicts on a project's images.

    `truth` counts the images whose label the set brings itself; `columns` says by which column or
    member each role was read; `origin` is a text and is never opened.
    """

    schema_description: ClassVar[str] = "What another system predicted, and how it was read."

    images: Count
    truth: Annotated[Count, Field(description="images with a label of the set's own")]
    scores: Literal["anomaly_score", "confidence", "none"]
    cut: Number | None = None
    columns: dict[str, str]
    origin: str
    unusable_lines: Count | None = None
    same_names: Annotated[
        bool | None, Field(description="a person vouched that equal names are the same images")
    ] = None
    trained_on: Annotated[TrainedOnFacts | None, Field(description="absent: unknown")] = None


class ModelSummary(Shown):
    """What describe_model answers: state and quality of one model version, and findings on them."""

    schema_description: ClassVar[str] = "What describe_model answers."

    summary: str
    project_name: str
    model_version: str
    region: str | None = None
    status: Annotated[str | None, Field(description="history unless source.kind is live")] = None
    status_message: str | None = None
    status_meaning: str | None = None
    performance: Performance | None = None
    hosting: Hosting | None = None
    artifacts: Artifacts | None = None
    prediction_set: PredictionSetFacts | None = None
    findings: tuple[Finding, ...]
    source: Source
    model_description: Annotated[
        ModelDescription | None, Field(description="absent for a prediction set")
    ] = None

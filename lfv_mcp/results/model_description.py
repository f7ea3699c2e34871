"""`ModelDescription`, the API's record of a model, under the API's own member names."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from lfv_mcp.results.base import Count, Number, Result


class ModelPerformance(Result):
    """The three metrics in a DescribeModel answer, 0 to 1, with every digit that was sent."""

    schema_description: ClassVar[str] = "DescribeModel's three numbers, fractions 0..1, as sent."

    F1Score: Number | None = None
    Recall: Number | None = None
    Precision: Number | None = None


class S3Location(Result):
    """A place in S3, by bucket and key prefix."""

    schema_description: ClassVar[str] = "Bucket and key prefix."

    Bucket: str | None = None
    Prefix: str | None = None


# Inside the class below, `S3Location` is the member's default and no longer the type.
_S3Location: TypeAlias = S3Location


class OutputConfig(Result):
    """Where training wrote its results."""

    schema_description: ClassVar[str] = "Where training wrote its results."

    S3Location: _S3Location | None = None


class S3Object(Result):
    """An object in S3, by bucket and key."""

    schema_description: ClassVar[str] = "One object, by bucket and key."

    Bucket: str | None = None
    Key: str | None = None


_OutputConfig: TypeAlias = OutputConfig


class ModelDescription(Result):
    """The API's record of a model: its 14 members, named as in the API; times in ISO 8601 UTC."""

    schema_description: ClassVar[str] = (
        "The API's own record: its 14 members under their own names; times in ISO 8601 UTC."
    )

    ModelVersion: str | None = None
    ModelArn: str | None = None
    CreationTimestamp: str | None = None
    Description: str | None = None
    Status: str | None = None
    StatusMessage: str | None = None
    Performance: ModelPerformance | None = None
    OutputConfig: _OutputConfig | None = None
    EvaluationManifest: S3Object | None = None
    EvaluationResult: S3Object | None = None
    EvaluationEndTimestamp: str | None = None
    KmsKeyId: str | None = None
    MinInferenceUnits: Count | None = None
    MaxInferenceUnits: Count | None = None

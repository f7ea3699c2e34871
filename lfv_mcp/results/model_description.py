"""results.model_description."""

from __future__ import annotations

from typing_extensions import TypedDict


class ModelPerformance(TypedDict, total=False):
    """DescribeModel's three numbers, fractions 0..1, as sent."""

    F1Score: float
    Recall: float
    Precision: float


class S3Location(TypedDict, total=False):
    """Bucket and key prefix."""

    Bucket: str
    Prefix: str


class OutputConfig(TypedDict, total=False):
    """Where training wrote its results."""

    S3Location: S3Location


class S3Object(TypedDict, total=False):
    """One object, by bucket and key."""

    Bucket: str
    Key: str


class ModelDescription(TypedDict, total=False):
    """The API's own record: its 14 members under their own names; times in ISO 8601 UTC."""

    ModelVersion: str
    ModelArn: str
    CreationTimestamp: str
    Description: str
    Status: str
    StatusMessage: str
    Performance: ModelPerformance
    OutputConfig: OutputConfig
    EvaluationManifest: S3Object
    EvaluationResult: S3Object
    EvaluationEndTimestamp: str
    KmsKeyId: str
    MinInferenceUnits: int
    MaxInferenceUnits: int

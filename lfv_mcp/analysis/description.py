"""The API's record of a model, as botocore parsed it, made safe to show: `readable_description`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeGuard

from lfv_mcp.formats.json_values import is_array
from lfv_mcp.formats.members import why_left_out
from lfv_mcp.provenance import LeftOut
from lfv_mcp.results.model_description import (
    ModelDescription,
    ModelPerformance,
    OutputConfig,
    S3Location,
    S3Object,
)
from lfv_mcp.text import TEXT_LIMIT, clean, strip_invisible
from lfv_mcp.times import iso_utc


@dataclass(frozen=True, slots=True)
class ReadableDescription:
    """A ModelDescription made safe to show, and the names of the members that were changed."""

    description: ModelDescription
    shortened: tuple[str, ...]
    """Members whose text was too long."""
    unusable: tuple[LeftOut, ...]
    """Members left out because their value has another type, or is no fraction, and why."""


_LIMITS: Final = {"ModelArn": 2048, "KmsKeyId": 2048, "Bucket": 63, "Key": 1024, "Prefix": 1024}
"""The API's own maxima: an ARN or a key is never cut below them."""


def readable_description(parsed: Mapping[str, Any]) -> ReadableDescription:
    """botocore's parsed ModelDescription → the same members, ready to be shown as JSON.

    Numbers keep every digit. What does not have its member's type (a metric that is NaN
    or text, say) is left out and named: nobody should compute with it.
    """
    record = _Members(parsed)
    description = ModelDescription(
        ModelVersion=record.text("ModelVersion"),
        ModelArn=record.text("ModelArn"),
        CreationTimestamp=record.text("CreationTimestamp"),
        Description=record.text("Description"),
        Status=record.text("Status"),
        StatusMessage=record.text("StatusMessage"),
        Performance=_performance(record.members("Performance")),
        OutputConfig=_output_config(record.members("OutputConfig")),
        EvaluationManifest=_s3_object(record.members("EvaluationManifest")),
        EvaluationResult=_s3_object(record.members("EvaluationResult")),
        EvaluationEndTimestamp=record.text("EvaluationEndTimestamp"),
        KmsKeyId=record.text("KmsKeyId"),
        MinInferenceUnits=record.count("MinInferenceUnits"),
        MaxInferenceUnits=record.count("MaxInferenceUnits"),
    )
    return ReadableDescription(description, tuple(record.shortened), tuple(record.unusable))


def _performance(sent: _Members) -> ModelPerformance | None:
    return ModelPerformance(
        F1Score=sent.fraction("F1Score"),
        Recall=sent.fraction("Recall"),
        Precision=sent.fraction("Precision"),
    ).or_none()


def _output_config(sent: _Members) -> OutputConfig | None:
    location = sent.members("S3Location")
    at = S3Location(Bucket=location.text("Bucket"), Prefix=location.text("Prefix"))
    return OutputConfig(S3Location=at if at.Bucket or at.Prefix else None).or_none()


def _s3_object(sent: _Members) -> S3Object | None:
    return S3Object(Bucket=sent.text("Bucket"), Key=sent.text("Key")).or_none()


@dataclass(frozen=True, slots=True)
class _Members:
    """Reads members of a parsed structure by type; notes those that had to be changed."""

    parsed: Mapping[str, Any]
    shortened: list[str] = field(default_factory=list[str])
    unusable: list[LeftOut] = field(default_factory=list[LeftOut])

    def text(self, name: str) -> str | None:
        """A text without invisible characters, or a time as ISO 8601."""
        value = self.parsed.get(name)
        if value == "" and name != "Prefix":  # what an endpoint sends that has nothing to say
            return None
        if isinstance(value, datetime):
            return iso_utc(value)
        if not isinstance(value, str):
            self._note_unusable(name, value)
            return None
        shown, limit = strip_invisible(value), _LIMITS.get(name, TEXT_LIMIT)
        if len(shown) > limit:
            self.shortened.append(name)
        return clean(shown, limit)

    def count(self, name: str) -> int | None:
        """A whole number above 0; 0, which was never requested, is absent."""
        value = self.parsed.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value or None
        self._note_unusable(name, value)
        return None

    def fraction(self, name: str) -> float | None:
        """A number within 0..1."""
        value = self.parsed.get(name)
        if is_fraction(value):
            return value
        self._note_unusable(name, value)
        return None

    def members(self, name: str) -> _Members:
        """The members of a structure inside this one; none if it is absent or unusable."""
        value = self.parsed.get(name)
        if _is_structure(value):
            return _Members(value, self.shortened, self.unusable)
        self._note_unusable(name, value)
        return _Members({}, self.shortened, self.unusable)

    def _note_unusable(self, name: str, value: object) -> None:
        if value is not None:
            # A reply's mistyped member comes alone in a list: see `aws.lenient_parsing`.
            if is_array(value) and len(value) == 1:
                value = value[0]
            self.unusable.append(why_left_out(name, value))


def _is_structure(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def is_fraction(value: object) -> TypeGuard[float]:
    """A finite number within 0..1."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 <= value <= 1  # also refuses NaN
    )

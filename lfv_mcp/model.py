"""The types that users see, and the one step from a parsed API answer to them.

Results are TypedDicts: what a tool returns *is* the JSON that the client gets. An
absent member is left out, never null. pydantic reads the published schemas off them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from inspect import getdoc
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NotRequired,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)
from unicodedata import category

from pydantic import Field
from typing_extensions import TypedDict, is_typeddict  # pydantic needs this one before Python 3.12

Severity = Literal["info", "warning", "critical"]
Kind = Literal["live", "archive", "sample"]
Basis = Literal["describe_model", "list_models", "evaluation_files"]


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


class Finding(TypedDict):
    """One thing worth knowing; `code` is stable, for agents to act on."""

    code: str
    severity: Severity
    message: str
    advice: NotRequired[str]


class Source(TypedDict):
    """Where an answer came from and what it rests on."""

    kind: Kind
    basis: Basis
    captured_at: NotRequired[Annotated[str, Field(description="when the record was taken")]]
    location: NotRequired[str]


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


# Docstrings below are published and paid for by every client: only what a name does not say. What
# an answer always holds whole is not repeated as `required` (total=False).


class Metric(TypedDict, total=False):
    """Shares have a 95 % Wilson interval; `undefined` says why there is no value."""

    value: float
    low: float
    high: float
    undefined: str


class EvaluationMetrics(TypedDict, total=False):
    precision: Metric
    recall: Metric
    false_alarm_rate: Metric
    f1_score: Metric
    roc_auc: Metric
    average_precision: Metric


class Counts(TypedDict, total=False):
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int


class ManifestCounts(Counts, total=False):
    unusable_lines: int


class ReportedMetrics(TypedDict, total=False):
    f1_score: float
    precision: float
    recall: float
    roc_auc: float
    average_precision: float


class OnTheLine(TypedDict, total=False):
    defect_rate: float
    expected_precision: float
    escapes_per_million: float
    false_rejects_per_million: float


class ThresholdRow(Counts, total=False):
    """Predicted anomalous if score >= threshold."""

    threshold: float
    precision: float
    recall: float
    false_alarm_rate: float
    f1_score: float


class OperatingRange(TypedDict, total=False):
    """Built-in threshold: above the first, at most the second."""

    max_normal_score: float
    min_anomaly_score: float


class ThresholdAnalysis(TypedDict):
    """score = confidence if predicted anomalous, else 1 - confidence."""

    rule_holds: Annotated[bool, Field(description="one cut explains all predictions")]
    operating_range: NotRequired[OperatingRange]
    candidates: NotRequired[list[ThresholdRow]]
    at: NotRequired[ThresholdRow]


class LabelMetrics(TypedDict, total=False):
    name: str
    precision: float
    recall: float
    f1_score: float
    average_iou: float


class Example(TypedDict, total=False):
    image: str
    confidence: Annotated[float, Field(description="in the predicted class")]


class Examples(TypedDict, total=False):
    """Worst first."""

    missed_defects: list[Example]
    false_alarms: list[Example]


class EvaluationReport(TypedDict):  # what analyze_evaluation answers
    summary: str
    test_images: NotRequired[int]
    training_images: NotRequired[int]
    confusion: NotRequired[ManifestCounts]
    metrics: NotRequired[EvaluationMetrics]
    reported: NotRequired[ReportedMetrics]
    agrees: NotRequired[Annotated[bool, Field(description="reported equals metrics")]]
    line: NotRequired[OnTheLine]
    threshold: NotRequired[ThresholdAnalysis]
    labels: NotRequired[list[LabelMetrics]]
    examples: NotRequired[Examples]
    findings: list[Finding]
    source: Source


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


@dataclass(frozen=True, slots=True)
class Record:
    """A ModelDescription made safe to show, and what had to be done for that."""

    description: ModelDescription
    shortened: tuple[str, ...]  # members whose text was cut
    unusable: tuple[str, ...]  # members left out because their value is of no use


_LIMITS: Final = {"ModelArn": 2048, "KmsKeyId": 2048, "Bucket": 63, "Key": 1024, "Prefix": 1024}
"""The API's own maxima: an ARN or a key is never cut below them."""
TEXT_LIMIT: Final = 500
_ANSI: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)?", re.DOTALL
)


def showable(text: str) -> str:
    """Text without ANSI sequences, control, bidi and other invisible characters."""
    if text.isprintable():
        return text
    text = _ANSI.sub("", text)  # first, so that its letters go with the escape character
    return "".join(
        " " if c in "\t\n\r" else c
        for c in text
        if c in "\t\n\r" or category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    )


def clean(text: str, limit: int = TEXT_LIMIT) -> str:
    """Text from an account or an archive, as data: no control, bidi or ANSI characters.

    Longer than `limit` characters it is cut, and `…[+N]` says how many are missing.
    """
    shown = showable(text)
    return shown if len(shown) <= limit else f"{shown[:limit]}…[+{len(shown) - limit}]"


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC, milliseconds as the API sends them (finer only if there is more)."""
    utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    spec = "microseconds" if utc.microsecond % 1000 else "milliseconds"
    return utc.isoformat(timespec=spec).replace("+00:00", "Z")


def record(parsed: Mapping[str, Any]) -> Record:
    """botocore's parsed ModelDescription → the same members, ready to be shown as JSON.

    Numbers keep every digit. What does not have its member's type (a metric that is NaN
    or text, say) is left out and named: nobody should compute with it.
    """
    shortened: list[str] = []
    unusable: list[str] = []

    def text(name: str, value: str) -> str:
        shown, limit = showable(value), _LIMITS.get(name, TEXT_LIMIT)
        if len(shown) > limit:
            shortened.append(name)
        return clean(shown, limit)

    def members(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for name, wanted in _hints(kind).items():
            value = values.get(name)
            match value:
                case None:
                    pass
                case Mapping() if is_typeddict(wanted):
                    if inner := members(wanted, value):
                        shown[name] = inner
                case datetime() if wanted is str:
                    shown[name] = iso(value)
                case str() if wanted is str:
                    shown[name] = text(name, value)
                case int() if wanted is int and not isinstance(value, bool):
                    shown[name] = value
                case _ if wanted is float and is_fraction(value):
                    shown[name] = value
                case _:
                    unusable.append(name)
        return shown

    description = cast(ModelDescription, members(ModelDescription, parsed))
    return Record(description, tuple(shortened), tuple(unusable))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def is_fraction(value: object) -> bool:
    """A finite number within 0..1."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 <= value <= 1  # also refuses NaN
    )


@cache
def published_schema(result: type) -> dict[str, Any]:
    """The JSON Schema of a result type.

    It is what pydantic makes of it, without the `title` noise: a test holds the two together.
    pydantic itself would take longer for it than everything else before the first answer.
    """
    shared: dict[str, Any] = {}
    schema = _members_schema(result, shared)
    return schema | {"$defs": dict(sorted(shared.items()))} if shared else schema


def _members_schema(kind: Any, shared: dict[str, Any]) -> dict[str, Any]:
    """The schema of a TypedDict; those inside it go to `shared`."""
    hints = get_type_hints(kind, include_extras=True)
    schema: dict[str, Any] = {"description": getdoc(kind)} if kind.__doc__ else {}
    schema["properties"] = {name: _schema(hint, shared) for name, hint in hints.items()}
    if kind.__total__:
        schema["required"] = [n for n, h in hints.items() if get_origin(h) is not NotRequired]
    return schema | {"type": "object"}


def _schema(kind: Any, shared: dict[str, Any]) -> dict[str, Any]:
    parts = get_args(kind)
    match get_origin(kind):
        case None if is_typeddict(kind):
            if kind.__name__ not in shared:
                shared[kind.__name__] = _members_schema(kind, shared)
            return {"$ref": f"#/$defs/{kind.__name__}"}
        case None:
            return {"type": _JSON_TYPES[kind]}
        case origin if origin is NotRequired:
            return _schema(parts[0], shared)
        case origin if origin is Annotated:
            return {"description": parts[1].description} | _schema(parts[0], shared)
        case origin if origin is Literal:
            return {"enum": list(parts), "type": "string"}
        case origin if origin is list:
            return {"items": _schema(parts[0], shared), "type": "array"}
        case origin if origin is dict:
            return {"additionalProperties": _schema(parts[1], shared), "type": "object"}
    raise TypeError(f"no schema is known for {kind}")


_JSON_TYPES: Final = {str: "string", int: "integer", float: "number", bool: "boolean"}

"""The EvaluationResult that training leaves in S3: the metrics that training computed.

Documented for 2021 (numbers as text, no F1Score) and 2022 (numbers, F1Score, and metrics for each
anomaly label of a segmentation model). Both are read through the pydantic models below, which
ignore members that they do not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictStr, ValidationError

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.json_values import fraction, image_count, is_object
from lfv_mcp.formats.repeats import values_given
from lfv_mcp.results.base import build_models
from lfv_mcp.results.evaluation_report import LabelMetrics, ReportedMetrics
from lfv_mcp.text import clean
from lfv_mcp.times import epoch_seconds_in_utc

REPORTED_METRICS: Final = {
    "f1_score": "F1Score",
    "precision": "Precision",
    "recall": "Recall",
    "roc_auc": "ROCAUC",
    "average_precision": "AveragePrecision",
}
"""Our names of the metrics, and the API's."""
_LABEL_METRICS: Final = {
    "precision": "Precision",
    "recall": "Recall",
    "f1_score": "F1Score",
    "average_iou": "AIOU",
}
"""Our names of a label's metrics, and the API's."""
_MAX_LABELS: Final = 100
"""Labels that are read: as many as a project may have."""
REKOGNITION_FILE: Final = "an evaluation file of Rekognition Custom Labels"
"""What a file of the sister service is called; its evaluation summary looks alike."""


# Members as they may be written


_T = TypeVar("_T")


def _usable(parse: Callable[[object], _T | None]) -> BeforeValidator:
    """A validator that refuses what `parse` cannot use; null is as good as absent."""

    def validate(value: object) -> _T | None:
        parsed = None if value is None else parse(value)
        if parsed is None and value is not None:
            raise ValueError("of no use")
        return parsed

    return BeforeValidator(validate)


_Fraction = Annotated[float | None, _usable(fraction)]
_Count = Annotated[int | None, _usable(image_count)]
_Time = Annotated[float | None, _usable(epoch_seconds_in_utc)]


class _FileModel(BaseModel):
    """A part of an EvaluationResult file; its fields have the file's own names."""

    # Built when the first file is read: at import, every start of the server would take 15 ms more.
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class _Metrics(_FileModel):
    """AggregatedEvaluationResults.Metrics: fractions over all test images."""

    PixelAnomalyClassMetrics: list[object] | None = None
    F1Score: _Fraction = None
    Precision: _Fraction = None
    Recall: _Fraction = None
    ROCAUC: _Fraction = None
    AveragePrecision: _Fraction = None


class _Label(_FileModel):
    """An item of PixelAnomalyClassMetrics: how well a segmentation model finds one label."""

    ClassName: StrictStr
    Precision: _Fraction = None
    Recall: _Fraction = None
    F1Score: _Fraction = None
    AIOU: _Fraction = None


class _Details(_FileModel):
    """EvaluationDetails: which model was evaluated, when, and on how many images."""

    ModelArn: Annotated[str, BeforeValidator(lambda v: v if isinstance(v, str) else "")] = ""
    EvaluationEndTimestamp: _Time = None
    NumberOfTrainingImages: _Count = None
    NumberOfTestingImages: _Count = None


def build_file_models() -> None:
    """Build the models of this file's parts: see `build_models` for when to call this."""
    for model in (_Metrics, _Label, _Details):
        build_models(model)


_Model = TypeVar("_Model", bound=_FileModel)


def _read_usable(model: type[_Model], members: Mapping[str, Any]) -> tuple[_Model, list[str]]:
    """The members as the model has them, without those of no use, and the names of these."""
    try:
        return model.model_validate(dict(members)), []
    except ValidationError as error:
        unusable = list(dict.fromkeys(str(each["loc"][0]) for each in error.errors()))
        usable = {name: value for name, value in members.items() if name not in unusable}
        return model.model_validate(usable), [_named(name, members[name]) for name in unusable]


def _named(name: str, value: object) -> str:
    """A member of no use, as it is named."""
    return name if values_given(value) is None else f"{name} (given twice, with different values)"


# The file


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """What an EvaluationResult file says; None or absent where it does not say it.

    Args:
        model_arn: the model that was evaluated, made safe to show; empty if not known.
        evaluated_at: the end of the evaluation, in epoch seconds.
        training_images: number of images that the model was trained on.
        testing_images: number of images that the model was evaluated on.
        reported: the metrics over all test images, fractions from 0 to 1.
        labels: the metrics of each anomaly label, in the file's order.
        unusable: members left out because their value is of no use, each as a reader can find it.
    """

    model_arn: str
    evaluated_at: float | None
    training_images: int | None
    testing_images: int | None
    reported: ReportedMetrics
    labels: tuple[LabelMetrics, ...]
    unusable: tuple[str, ...]


def read_evaluation_result(document: Mapping[str, Any]) -> EvaluationResult:
    """Read an EvaluationResult of any year from its decoded JSON.

    Raises:
        UnrecognisedError: it is another kind of file; the message names it.
    """
    members, values = _require_parts(document)
    unusable: list[str] = []
    if is_object(values) and values_given(values) is not None:
        unusable.append(_named("Metrics", values))
        values = dict[str, Any]()
    metrics, unusable_metrics = _read_usable(_Metrics, values)
    of_labels = [each for each in unusable_metrics if each.startswith("PixelAnomalyClassMetrics")]
    unusable += of_labels
    labels: list[LabelMetrics] = []
    for item in (metrics.PixelAnomalyClassMetrics or [])[:_MAX_LABELS]:
        label, unusable_of_label = _read_label(item)
        unusable += unusable_of_label
        labels += [label] if label is not None else []
    details, unusable_details = _read_usable(_Details, members)
    return EvaluationResult(
        model_arn=clean(details.ModelArn, 2048),
        evaluated_at=details.EvaluationEndTimestamp,
        training_images=details.NumberOfTrainingImages,
        testing_images=details.NumberOfTestingImages,
        reported=ReportedMetrics(**_known(metrics, REPORTED_METRICS)),
        labels=tuple(labels),
        unusable=(
            *unusable,
            *unusable_details,
            *(each for each in unusable_metrics if each not in of_labels),
        ),
    )


def _require_parts(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The two parts of the file: EvaluationDetails, and the Metrics.

    Raises:
        UnrecognisedError: it is another kind of file.
    """
    details = document.get("EvaluationDetails")
    aggregated = document.get("AggregatedEvaluationResults")
    if not is_object(details) or not is_object(aggregated):
        raise UnrecognisedError("JSON, but not an EvaluationResult")
    arn = details.get("ModelArn")
    if (
        "ProjectVersionArn" in details
        or "ConfusionMatrix" in aggregated
        or (isinstance(arn, str) and ":rekognition:" in arn)
    ):
        raise UnrecognisedError(REKOGNITION_FILE)
    metrics = aggregated.get("Metrics")
    if not is_object(metrics):
        raise UnrecognisedError("JSON, but an EvaluationResult without metrics")
    return details, metrics


def _read_label(item: object) -> tuple[LabelMetrics | None, list[str]]:
    """One label's metrics, or None, and what of it is of no use."""
    if not is_object(item) or not isinstance(item.get("ClassName"), str):
        twice = is_object(item) and values_given(item.get("ClassName")) is not None
        return None, ["a label with two ClassNames" if twice else "a label without ClassName"]
    label, unusable = _read_usable(_Label, item)
    name = clean(label.ClassName)
    found = LabelMetrics(name=name, **_known(label, _LABEL_METRICS))
    return found, [f"{member} of {name[:40]!r}" for member in unusable]


def _known(part: _FileModel, names: Mapping[str, str]) -> dict[str, float]:
    """The metrics that have a value, under our names."""
    values = {ours: getattr(part, theirs) for ours, theirs in names.items()}
    return {ours: value for ours, value in values.items() if value is not None}

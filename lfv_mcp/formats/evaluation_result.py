"""formats.evaluation_result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.results.evaluation_report import LabelMetrics, ReportedMetrics
from lfv_mcp.text import clean
from lfv_mcp.times import epoch_seconds

REPORTED_METRICS: Final = {
    "f1_score": "F1Score",
    "precision": "Precision",
    "recall": "Recall",
    "roc_auc": "ROCAUC",
    "average_precision": "AveragePrecision",
}
"""Our names of the metrics, and the API's."""
_LABEL: Final = {
    "precision": "Precision",
    "recall": "Recall",
    "f1_score": "F1Score",
    "average_iou": "AIOU",
}
_LABELS_MOST: Final = 100  # as many as a project may have
REKOGNITION_FILE: Final = "an evaluation file of Rekognition Custom Labels"


# The evaluation result


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """What an EvaluationResult file says; None or absent where it does not say it."""

    model_arn: str  # may be empty
    evaluated_at: float | None  # epoch seconds
    training_images: int | None
    testing_images: int | None
    reported: ReportedMetrics
    labels: tuple[LabelMetrics, ...]
    unusable: tuple[str, ...]  # members left out because their value is of no use


def read_evaluation_result(document: Mapping[str, Any]) -> EvaluationResult:
    """An EvaluationResult of any year: numbers or numeric text, with or without F1 and labels.

    Raises:
        UnrecognisedError: it is another kind of file; the message names it.
    """
    details = document.get("EvaluationDetails")
    aggregated = document.get("AggregatedEvaluationResults")
    if not isinstance(details, Mapping) or not isinstance(aggregated, Mapping):
        raise UnrecognisedError("JSON, but not an EvaluationResult")
    arn = details.get("ModelArn")
    if (
        "ProjectVersionArn" in details
        or "ConfusionMatrix" in aggregated
        or (isinstance(arn, str) and ":rekognition:" in arn)
    ):
        raise UnrecognisedError(REKOGNITION_FILE)
    values = aggregated.get("Metrics")
    if not isinstance(values, Mapping):
        raise UnrecognisedError("JSON, but an EvaluationResult without metrics")
    unusable: list[str] = []

    def known(
        holder: Mapping[str, Any], name: str, parse: Callable[[Any], Any], what: str = ""
    ) -> Any:
        if (value := holder.get(name)) is None:
            return None
        if (parsed := parse(value)) is None:
            unusable.append(what or name)
        return parsed

    def fractions(holder: Mapping[str, Any], names: Mapping[str, str], what: str = "") -> Any:
        found = {
            ours: known(holder, theirs, fraction, what and f"{theirs} {what}")
            for ours, theirs in names.items()
        }
        return {ours: value for ours, value in found.items() if value is not None}

    labels: list[LabelMetrics] = []
    listed = known(values, "PixelAnomalyClassMetrics", lambda v: v if isinstance(v, list) else None)
    for item in (listed or [])[:_LABELS_MOST]:
        if not isinstance(item, Mapping) or not isinstance(item.get("ClassName"), str):
            unusable.append("a label without ClassName")
            continue
        name = clean(item["ClassName"])
        labels.append(
            cast(LabelMetrics, {"name": name} | fractions(item, _LABEL, f"of {name[:40]!r}"))
        )
    return EvaluationResult(
        model_arn=clean(arn, 2048) if isinstance(arn, str) else "",
        evaluated_at=known(details, "EvaluationEndTimestamp", epoch_seconds),
        training_images=known(details, "NumberOfTrainingImages", _count),
        testing_images=known(details, "NumberOfTestingImages", _count),
        reported=fractions(values, REPORTED_METRICS),
        labels=tuple(labels),
        unusable=tuple(unusable),
    )


def fraction(value: object) -> float | None:
    """A number from 0 to 1, also as text; None for anything else, NaN included."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        # Compared as it is: an integer may be too large for a float.
        number = float(value) if isinstance(value, str) else value
        return float(number) if 0 <= number <= 1 else None
    except ValueError:
        return None


def _count(value: object) -> int | None:
    """A number of images, also as text."""
    try:
        number = int(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return number if type(number) is int and 0 <= number < 10**9 else None

"""Roboflow's answers: of a classification model, and of an anomaly block of a workflow.

{"predictions": [{"class": "defect", "confidence": 0.91}], "top": "defect", "confidence": 0.91,
 "image_path": "caps/0001.png"}
{"is_anomalous": true, "anomaly_score": 3.7, "anomaly_threshold": 2.5}
"""

from __future__ import annotations

import math
from typing import Final

from lfv_mcp.formats.json_values import JsonObject, fraction, is_array, is_object, number
from lfv_mcp.formats.predictions.column_choice import ColumnChoice
from lfv_mcp.formats.predictions.columns import recognise_image
from lfv_mcp.formats.predictions.items import Shape
from lfv_mcp.formats.predictions.prediction_set import PredictedImage
from lfv_mcp.formats.predictions.shapes.detect_anomalies import image_name
from lfv_mcp.formats.predictions.shapes.shape import NO_CONFIDENCE, ReadObject, known_class

_CLASSIFICATION: Final = "Roboflow's classification"
_ANOMALY: Final = "Roboflow's anomaly block"


def roboflow(item: JsonObject, name: str, choice: ColumnChoice) -> Shape | None:
    """One of Roboflow's answers; None for any other object."""
    if "top" in item and (is_array(item.get("predictions")) or is_object(item.get("predictions"))):
        return _classification(item, name, choice)
    if {"is_anomalous", "anomaly_score", "anomaly_threshold"} <= item.keys():
        return _anomaly(item, name, choice)
    return None


def _named(item: JsonObject, name: str) -> tuple[str, dict[str, str]]:
    """The image, and where it was named: in the object, else by the file."""
    if image := recognise_image(item):
        return image, {}
    return image_name(name), {"image": "the file's name"}


def _classification(item: JsonObject, name: str, choice: ColumnChoice) -> Shape:
    image, columns = _named(item, name)
    columns |= {"prediction": "top", "confidence": "confidence"}
    flagged = known_class(item["top"], "top", name, choice)
    confidence = fraction(item.get("confidence"))
    read: PredictedImage | str = PredictedImage(image, None, flagged, None, confidence)
    if flagged is None:
        read = "it has no predicted class (top)"
    elif confidence is None and item.get("confidence") is not None:
        read = NO_CONFIDENCE
    return ReadObject(_CLASSIFICATION, columns, (read,))


def _anomaly(item: JsonObject, name: str, choice: ColumnChoice) -> Shape:
    image, columns = _named(item, name)
    columns |= {"prediction": "is_anomalous", "score": "anomaly_score"}
    flagged = known_class(item["is_anomalous"], "is_anomalous", name, choice)
    score = number(item["anomaly_score"])
    read: PredictedImage | str = PredictedImage(image, None, flagged, score)
    if flagged is None:
        read = "is_anomalous is neither true nor false"
    elif score is None or not math.isfinite(score):
        read = "its anomaly_score is no finite number"
    return ReadObject(_ANOMALY, columns, (read,))

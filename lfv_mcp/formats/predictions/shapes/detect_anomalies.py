"""Answers of DetectAnomalies, and `.out` objects of the Marketplace model's batch transform.

    {"Source": {"Type": "direct"}, "IsAnomalous": true, "Confidence": 0.9378743361326908}
    {"DetectAnomalyResult": {"Source": {...}, "IsAnomalous": false, "Confidence": 0.71}}

Neither says of which image it is: that is the file's name, without `.out`.
"""

from __future__ import annotations

import re
from typing import Final

from lfv_mcp.formats.containers import IMAGE_NAMES
from lfv_mcp.formats.json_values import JsonObject, fraction, is_object
from lfv_mcp.formats.members import folded
from lfv_mcp.formats.predictions.column_choice import ColumnChoice
from lfv_mcp.formats.predictions.columns import recognise_image
from lfv_mcp.formats.predictions.items import Shape
from lfv_mcp.formats.predictions.prediction_set import PredictedImage
from lfv_mcp.formats.predictions.shapes.shape import NO_CONFIDENCE, ReadObject, known_class

_TITLE: Final = "an answer of DetectAnomalies"
_MEMBERS: Final = frozenset({"source", "isanomalous", "confidence", "anomalies", "anomalymask"})
"""What an answer has, folded; another member makes it a row of somebody's own."""
_ENDING: Final = re.compile(r"\.(?:out|json)$", re.IGNORECASE)
_MANY: Final = re.compile(r"\.(?:jsonl|ndjson|csv|txt|log)$", re.IGNORECASE)


def detect_anomalies(item: JsonObject, name: str, choice: ColumnChoice) -> Shape | None:
    """An answer, bare or wrapped, whose image is named by the file or beside the wrapper."""
    body, image = item, ""
    for member, value in item.items():
        if folded(str(member)) == "detectanomalyresult" and is_object(value):
            body, image = value, recognise_image(item)
    members = {folded(str(member)): value for member, value in body.items()}
    if "isanomalous" not in members or (body is item and not members.keys() <= _MEMBERS):
        return None
    columns = {"prediction": "IsAnomalous", "confidence": "Confidence"}
    if image:
        return ReadObject(_TITLE, columns, (_answer(members, image, choice),))
    columns["image"] = "the file's name"
    if _MANY.search(name):
        return ReadObject(_TITLE, columns, ("it does not say of which image it is",))
    return ReadObject(_TITLE, columns, (_answer(members, image_name(name), choice),))


def _answer(members: JsonObject, image: str, choice: ColumnChoice) -> PredictedImage | str:
    flagged = known_class(members["isanomalous"], "IsAnomalous", image, choice)
    if flagged is None:
        return "IsAnomalous is neither true nor false"
    confidence = fraction(members.get("confidence"))
    if confidence is None and members.get("confidence") is not None:
        return NO_CONFIDENCE
    return PredictedImage(image, None, flagged, None, confidence)


def image_name(file: str) -> str:
    """The image that a file of one answer is about: `a/1.png.out`, `a/1.png.json` → `a/1.png`.

    Of `a/1.json` it is `a/1`: nobody knows the extension of the image.
    """
    bare = _ENDING.sub("", file)
    return bare if bare.lower().endswith(IMAGE_NAMES) else _ENDING.sub("", bare)

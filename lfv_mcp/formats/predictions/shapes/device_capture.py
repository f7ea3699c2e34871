"""Captures of the Defect Detection Application on a station, one JSON line each.

`deviceGroundTruthData` has the image and the predicted class, in the shape of Ground Truth, and
`deviceFleetAuxiliaryOutputs` the scores, as JSON in base64. No label is in them.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any, Final

from lfv_mcp.formats.json_values import JsonObject, fraction, is_array, is_object, number
from lfv_mcp.formats.members import folded
from lfv_mcp.formats.predictions.column_choice import ColumnChoice
from lfv_mcp.formats.predictions.items import Shape
from lfv_mcp.formats.predictions.prediction_set import PredictedImage
from lfv_mcp.formats.predictions.shapes.shape import NO_CONFIDENCE, ReadObject, known_class

_TITLE: Final = "a capture of the Defect Detection Application"
_LABEL: Final = "anomaly-label-detected"
_LONGEST: Final = 1 << 16
"""Characters of an auxiliary output that are decoded; it has a handful of numbers."""


def device_capture(item: JsonObject, name: str, choice: ColumnChoice) -> Shape | None:
    """A capture; None for any other object."""
    entries = item.get("deviceGroundTruthData")
    if not is_array(entries):
        return None
    outputs = item.get("deviceFleetAuxiliaryOutputs")
    scores = [_output(each) for each in outputs] if is_array(outputs) else []
    columns = {"image": "source-ref", "prediction": "class-name", "confidence": "confidence"}
    images = tuple(_images(entries, scores, name, choice))
    if any(not isinstance(each, str) and each.score is not None for each in images):
        columns["score"] = "Anomaly_score"
    return ReadObject(_TITLE, columns, images or ("it has no image",))


def _images(
    entries: list[Any], scores: list[JsonObject], place: str, choice: ColumnChoice
) -> Iterator[PredictedImage | str]:
    for number_, entry in enumerate(entries):
        if not is_object(entry):
            yield "an entry that is no object"
            continue
        # One output for each entry; where there are fewer, one is of the only entry.
        aligned = len(scores) == len(entries) or len(entries) == 1
        own = scores[number_] if aligned and number_ < len(scores) else {}
        yield _image(entry, own, place, choice)


def _image(
    entry: JsonObject, output: JsonObject, place: str, choice: ColumnChoice
) -> PredictedImage | str:
    ref = entry.get("source-ref") or entry.get("data-ref")
    if not isinstance(ref, str) or not ref:
        return "it names no image"
    metadata = entry.get(f"{_LABEL}-metadata")
    metadata = metadata if is_object(metadata) else {}
    word = metadata.get("class-name")
    if word is None:
        word = output.get("inferenceresult", entry.get(_LABEL))
    flagged = known_class(word, "class-name", place, choice)
    if flagged is None:
        return "it has no predicted class"
    confidence = metadata.get("confidence", output.get("confidence"))
    if confidence is not None and fraction(confidence) is None:
        return NO_CONFIDENCE
    return PredictedImage(ref, None, flagged, _score(output), fraction(confidence))


def _score(output: JsonObject) -> float | None:
    """The anomaly score; old lines have 0.0 with a threshold of 0.0 in the place of none."""
    score, threshold = number(output.get("anomalyscore")), number(output.get("anomalythreshold"))
    return None if score is None or (score == 0 and threshold == 0) else score


def _output(value: object) -> JsonObject:
    """The numbers of an auxiliary output, by folded name; nothing if it cannot be read."""
    data = value.get("data") if is_object(value) else None
    if not isinstance(data, str) or len(data) > _LONGEST:
        return {}
    bare = data.rstrip("=")
    try:
        decoded = json.loads(base64.b64decode(bare + "=" * (-len(bare) % 4)))
    except (ValueError, RecursionError, binascii.Error):
        return {}
    if not is_object(decoded):
        return {}
    return {folded(str(name)).replace(" ", ""): each for name, each in decoded.items()}

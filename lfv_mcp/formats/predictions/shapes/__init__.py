"""The JSON formats in which other systems write what they predict, one module a format.

`shape_of` knows which of them an object has; an object of none may still be a row of a table.
`refusal_of` says of what is shaped as an answer, and names no images, why it cannot be used.
"""

from __future__ import annotations

from typing import Final

from lfv_mcp.formats.json_values import JsonObject
from lfv_mcp.formats.predictions.column_choice import ColumnChoice
from lfv_mcp.formats.predictions.items import Shape
from lfv_mcp.formats.predictions.shapes.detect_anomalies import detect_anomalies
from lfv_mcp.formats.predictions.shapes.device_capture import device_capture
from lfv_mcp.formats.predictions.shapes.label_manifest import label_manifest
from lfv_mcp.formats.predictions.shapes.refusals import refusal_of
from lfv_mcp.formats.predictions.shapes.roboflow import roboflow
from lfv_mcp.formats.predictions.shapes.shape import ShapeReader

__all__ = ["refusal_of", "shape_of"]

_READERS: Final[tuple[ShapeReader, ...]] = (
    device_capture,
    label_manifest,
    detect_anomalies,
    roboflow,
)


def shape_of(item: JsonObject, name: str, choice: ColumnChoice = ColumnChoice()) -> Shape | None:  # noqa: B008 - frozen
    """The format that an object of another system has; None if it has none that is known.

    Args:
        item: one JSON object.
        name: the file it is in: its URI, or its path below the source.
        choice: what a person says of columns and class words.

    Raises:
        PredictionsRefusedError: it allows two readings.
    """
    for read in _READERS:
        shape = read(item, name, choice)
        if shape is not None:
            return shape
    return None

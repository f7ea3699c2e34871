"""What is shaped as another system's answer and says nothing of single images: named, not read."""

from __future__ import annotations

from typing import Final

from lfv_mcp.formats.json_values import JsonObject, is_array, is_object
from lfv_mcp.formats.members import folded
from lfv_mcp.formats.predictions.column_choice import PredictionsRefusedError
from lfv_mcp.formats.predictions.columns import NoPredictionsError, folded_name, is_aggregate

_NEEDED: Final = (
    "Save what was predicted for each image: models are compared on the same images, one by one."
)
_BOX: Final = frozenset({"x", "y", "width", "height"})


def refusal_of(item: JsonObject, name: str) -> PredictionsRefusedError | None:
    """Why an object that has no known format is refused; None if nothing is known against it.

    Args:
        item: one JSON object.
        name: the file it is in.
    """
    members = {folded(str(member)): value for member, value in item.items()}
    if "aggregatedevaluationresults" in members or "evaluationdetails" in members:
        what = "an evaluation result: metrics of a whole test set"
        step = "Import it without --predictions, as the record of a Lookout for Vision model."
        if ":rekognition:" in str(members.get("evaluationdetails")):
            what = "an evaluation summary of Rekognition Custom Labels: metrics of a whole test set"
            step = "Name its evaluation manifest, which has a line for each image."
        return NoPredictionsError(f"{name} is {what}.", step)
    if _is_summary(members):
        what = "metrics of a whole model (such as anomalib's benchmark), without images"
        return NoPredictionsError(f"{name} has {what}: it cannot be paired.", _NEEDED)
    if _has_boxes(members):
        what = "boxes of an object detector, which say nothing of a whole image"
        step = "Save a class or a score for each image, for example that of its surest box."
        return NoPredictionsError(f"{name} has {what}.", step)
    if "modeldescription" in members or "modelarn" in members:
        step = "Import it without --predictions."
        return NoPredictionsError(f"{name} is a record of the service, no prediction.", step)
    return None


def _is_summary(members: JsonObject) -> bool:
    """Whether all that is known of it are metrics."""
    numbers = [name for name, value in members.items() if isinstance(value, int | float)]
    return bool(numbers) and all(is_aggregate(folded_name(name)) for name in numbers)


def _has_boxes(members: JsonObject) -> bool:
    if any(is_object(value) and "annotations" in value for value in members.values()):
        return True  # Ground Truth's
    found = members.get("predictions")
    if not is_array(found) or not found:
        return False
    return all(is_object(each) and each.keys() >= _BOX for each in found)

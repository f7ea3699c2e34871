"""Lines in the shape of Ground Truth: an image, and labels that a person gave or a model predicted.

Ground Truth's own output, exports of the Defect Detection Application, evaluation manifests of
Lookout for Vision and of Rekognition Custom Labels. Each label `X` has `X-metadata` with a
`class-name`; `human-annotated: no` is a prediction and never the truth.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from lfv_mcp.formats.json_values import JsonObject, fraction, is_object
from lfv_mcp.formats.predictions.column_choice import ColumnChoice, PredictionsRefusedError
from lfv_mcp.formats.predictions.columns import folded_name
from lfv_mcp.formats.predictions.items import Shape
from lfv_mcp.formats.predictions.prediction_set import PredictedImage
from lfv_mcp.formats.predictions.shapes.shape import NO_CONFIDENCE, ReadObject, known_class
from lfv_mcp.text import clean

_TITLE: Final = "lines in the shape of Ground Truth"
_REKOGNITION_TITLE: Final = "an evaluation manifest of Rekognition Custom Labels"
_REKOGNITION: Final = re.compile(
    r"rekognition-custom-labels-(?P<kind>training|evaluation)-(?P<number>\d{1,4})"
)
_METADATA: Final = "-metadata"
_DETECTED: Final = "-detected"
_PIXELS: Final = ("-ref", "-mask")
"""Endings of labels that are masks, which say nothing of an image's class."""


class _Label(NamedTuple):
    """One label of a line."""

    name: str
    metadata: JsonObject
    value: object

    @property
    def word(self) -> object:
        """The class: `class-name`, and only without one the number beside it, which differs."""
        word = self.metadata.get("class-name")
        return self.value if word is None else word

    @property
    def is_predicted(self) -> bool | None:
        """Whether a model gave it; None if it does not say."""
        human = str(self.metadata.get("human-annotated", "")).strip().lower()
        if self.name.endswith(_DETECTED) or human == "no":
            return True
        return False if human == "yes" else None


def label_manifest(item: JsonObject, name: str, choice: ColumnChoice) -> Shape | None:
    """A line with an image and labels; None for any other object.

    Raises:
        PredictionsRefusedError: several labels may be the truth, or the prediction.
    """
    labels = _labels(item)
    if not labels or "source-ref" not in item:
        return None
    ref = item["source-ref"]
    if any(_REKOGNITION.fullmatch(label.name) for label in labels):
        return _rekognition(ref, labels, name, choice)
    predictions = [label for label in labels if label.is_predicted]
    prediction = _only(predictions, choice.prediction, "prediction", name)
    truths = [label for label in labels if label.is_predicted is False]
    if prediction is not None and choice.truth is None:
        paired = prediction.name.removesuffix(_DETECTED)
        truths = [label for label in truths if label.name == paired] or truths
    truth = _only(truths, choice.truth, "truth", name)
    columns = {"image": "source-ref"}
    if truth is not None:
        columns["truth"] = truth.name
    if prediction is not None:
        columns |= {"prediction": prediction.name, "confidence": "confidence"}
    if truth is prediction is None:
        why = "its labels do not say whether a person gave them (human-annotated)"
        return ReadObject(_TITLE, columns, (why,))
    image = _image(ref, truth, prediction, name, choice)
    # A human-annotated line of a DDA export has its prediction's name: that is one rule.
    if truth is not None and prediction is None:
        columns.pop("truth")
    return ReadObject(_TITLE, columns, (image,))


def _labels(item: JsonObject) -> list[_Label]:
    """The labels of a whole image, in the order of the line."""
    found: list[_Label] = []
    for member, metadata in item.items():
        name = member.removesuffix(_METADATA)
        if name == member or not is_object(metadata) or name.endswith(_PIXELS):
            continue
        if is_object(item.get(name)):
            continue  # boxes, or whatever else is no class of the whole image
        if "class-name" in metadata or "human-annotated" in metadata:
            found.append(_Label(name, metadata, item.get(name)))
    return found


def _only(labels: Sequence[_Label], wanted: str | None, role: str, place: str) -> _Label | None:
    """The one label of a role; that which a person named, if one did.

    Raises:
        PredictionsRefusedError: there are several.
    """
    if wanted is not None:
        labels = [label for label in labels if folded_name(label.name) == folded_name(wanted)]
    if len(labels) > 1:
        names = ", ".join(repr(clean(label.name, 60)) for label in labels)
        raise PredictionsRefusedError(
            f"{place}: {names} may each be the {role}.",
            f"Say which it is: --{role} {clean(labels[0].name, 60)}.",
        )
    return labels[0] if labels else None


def _image(
    ref: object,
    truth: _Label | None,
    prediction: _Label | None,
    place: str,
    choice: ColumnChoice,
) -> PredictedImage | str:
    if not isinstance(ref, str) or not ref:
        return "it names no image"
    anomalous = flagged = None
    if truth is not None:
        anomalous = known_class(truth.word, truth.name, place, choice)
        if anomalous is None:
            return f"its label {clean(truth.name, 60)} has no class"
    if prediction is None:
        return PredictedImage(ref, anomalous, None)
    flagged = known_class(prediction.word, prediction.name, place, choice)
    if flagged is None:
        return f"its label {clean(prediction.name, 60)} has no class"
    confidence = prediction.metadata.get("confidence")
    if confidence is not None and fraction(confidence) is None:
        return NO_CONFIDENCE
    return PredictedImage(ref, anomalous, flagged, None, fraction(confidence))


def _rekognition(ref: object, labels: Sequence[_Label], place: str, choice: ColumnChoice) -> Shape:
    """A line of Rekognition's, which may have several labels of each kind."""
    by_kind: dict[str, list[tuple[bool, float]]] = {"training": [], "evaluation": []}
    for label in labels:
        found = _REKOGNITION.fullmatch(label.name)
        anomalous = known_class(label.word, f"{label.name}: class-name", place, choice)
        if found is not None and anomalous is not None:
            if found["kind"] == "training" and label.is_predicted:
                continue  # what a person did not label is no truth
            sure = fraction(label.metadata.get("confidence"))
            by_kind[found["kind"]].append((anomalous, -1.0 if sure is None else sure))
    columns = {
        "image": "source-ref",
        "truth": "rekognition-custom-labels-training-N",
        "prediction": "rekognition-custom-labels-evaluation-N",
        "confidence": "confidence",
    }
    image = _of_rekognition(ref, by_kind["training"], by_kind["evaluation"])
    return ReadObject(_REKOGNITION_TITLE, columns, (image,))


def _of_rekognition(
    ref: object, truths: Sequence[tuple[bool, float]], said: Sequence[tuple[bool, float]]
) -> PredictedImage | str:
    if not isinstance(ref, str) or not ref:
        return "it names no image"
    labels = {anomalous for anomalous, _ in truths}
    if len(labels) > 1:
        return "a person labelled it both anomaly and normal"
    truth = labels.pop() if labels else None
    surest = max((sure for _, sure in said), default=-1.0)
    classes = {flagged for flagged, sure in said if sure == surest}
    if len(classes) > 1:
        return "two classes are predicted with one confidence"
    flagged = classes.pop() if classes else None
    return PredictedImage(ref, truth, flagged, None, surest if surest >= 0 else None)

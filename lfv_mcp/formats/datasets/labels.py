"""A line in the shape of Ground Truth as an image of a dataset: what a person said of it.

The label may have any name: `X` with `X-metadata`. Its class is `class-name`; the integer beside it
is not read, for AWS's own samples write both 1 and 0 for an anomaly. A label with
`human-annotated: no`, and one whose name ends in `-detected`, is what a model predicted.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

from lfv_mcp.formats.datasets.dataset import DatasetLine, LabelStyle, MaskColour
from lfv_mcp.formats.decoding import SERVICE
from lfv_mcp.formats.evaluation_manifest import REF_LIMIT
from lfv_mcp.formats.json_values import JsonObject, is_object
from lfv_mcp.formats.predictions.class_words import class_of, folded_word
from lfv_mcp.formats.predictions.column_choice import ColumnChoice

NO_IMAGE: Final = "no image named"
LONG_NAME: Final = f"an image name of more than {REF_LIMIT:,} characters"
IMAGE: Final = "source-ref"
_LABEL: Final = "anomaly-label"
_MASK: Final = "anomaly-mask-ref"
_METADATA: Final = "-metadata"
_DETECTED: Final = "-detected"
_PIXELS: Final = ("-ref", "-mask")
"""Endings of members that are masks."""
_EVALUATION: Final = "rekognition-custom-labels-evaluation"
"""How Rekognition Custom Labels names what its models predicted."""
_BARE: Final = ("label", "class", "anomaly")
"""What the name of a label has that comes without metadata."""
_UNSURE: Final = frozenset(("1", "0", "true", "false", "yes", "no"))
"""Words that say nothing before it is known what was asked: AWS's samples write anomaly = 0."""
_NOTHING_SAID: Final = ColumnChoice()
_HUMAN: Final = {"yes": True, "true": True, "no": False, "false": False}

Value = Literal["integer", "string", "other", ""]


@lru_cache(maxsize=256)  # a dataset has two words, or a few more
def class_of_word(word: str) -> bool | None:
    """Whether a class word means an anomaly; None if it does not say, or is not known.

    `"Anomaly"` → True, `"good"` → False, `"1"` → None, `"scratch"` → None
    """
    return None if folded_word(word) in _UNSURE else class_of(word, _NOTHING_SAID)


def image_named(ref: object) -> str | None:
    """The image that a member or a cell names; None if it names none of a possible length."""
    return ref if isinstance(ref, str) and ref.strip() and len(ref) <= REF_LIMIT else None


def why_no_image(ref: object) -> str:
    """Why `image_named` has none."""
    return LONG_NAME if isinstance(ref, str) and len(ref) > REF_LIMIT else NO_IMAGE


class _Members(NamedTuple):
    """Which members of a line say what, likeliest first.

    Args:
        labels: names of labels that a person may have given.
        predictions: names of labels that a model gave.
        masks: names of masks.
    """

    labels: tuple[str, ...]
    predictions: frozenset[str]
    masks: tuple[str, ...]


class _Label(NamedTuple):
    """One label of a line."""

    name: str
    metadata: JsonObject | None
    value: object
    human_annotated: bool | None
    word: str
    anomalous: bool | None


def dataset_line(item: JsonObject, number: int) -> DatasetLine | str:
    """The image of a line; a text says why the line is of no use.

    Args:
        item: the line.
        number: of the line in its file.
    """
    ref = image_named(item.get(IMAGE))
    if ref is None:
        return why_no_image(item.get(IMAGE))
    members = _members(tuple(item))
    label = _label(item, members)
    if isinstance(label, str):
        return label
    metadata = label.metadata if label and label.metadata else {}
    mask, mask_name, mask_metadata = _mask(item, members)
    style = _style(
        label.name if label else "",
        _value_kind(label.value) if label else "",
        label is not None and label.metadata is not None,
        _text(metadata.get("job-name")),
        label.human_annotated if label else None,
        mask_name,
        _text(mask_metadata.get("job-name")),
        _colours(mask_metadata),
    )
    return DatasetLine(
        image=ref,
        anomalous=label.anomalous if label else None,
        word=label.word if label else "",
        mask=mask,
        style=style,
        number=number,
        created=_text(metadata.get("creation-date")) or "",
    )


def is_evaluation(item: JsonObject) -> bool:
    """Whether a line has what a model of this service predicted: an EvaluationManifest's."""
    return any(
        is_object(metadata := item.get(f"{name}{_METADATA}"))
        and SERVICE in str(metadata.get("model-arn"))
        for name in _members(tuple(item)).predictions
    )


def is_prediction_alone(item: JsonObject) -> bool:
    """Whether all that a line says of its image is what a model predicted."""
    members = _members(tuple(item))
    label = _label(item, members)
    if label is None:
        return bool(members.predictions)
    return not isinstance(label, str) and label.human_annotated is False


@lru_cache(maxsize=64)  # the lines of a manifest are alike
def _members(names: tuple[str, ...]) -> _Members:
    present = frozenset(names)
    with_metadata = [
        name
        for member in names
        if (name := member.removesuffix(_METADATA)) != member and name != IMAGE
    ]
    masks = [
        name
        for name in names
        if name.endswith(_PIXELS) and name != IMAGE and "-detected" not in name
    ]
    masks.sort(key=lambda name: (name != _MASK, f"{name}{_METADATA}" not in present))
    predictions = {
        name
        for name in (*with_metadata, *names)
        if name.endswith(_DETECTED) or name.startswith(_EVALUATION)
        if not name.endswith(_METADATA)
    }
    labels = [name for name in with_metadata if not name.endswith(_PIXELS)]
    labels = [name for name in labels if name not in predictions] or [
        name
        for name in names
        if not name.endswith((_METADATA, *_PIXELS)) and name not in predictions
        if any(word in name.lower() for word in _BARE)
    ]
    labels.sort(key=lambda name: (f"{name}{_DETECTED}" not in predictions, name != _LABEL))
    return _Members(tuple(labels), frozenset(predictions), tuple(masks))


def _label(item: JsonObject, members: _Members) -> _Label | str | None:
    """What says the class of a line's image; None if nothing does.

    That is the label of a person whose class is known, else any of a person, else a model's. A
    text says that a person gave two that contradict each other.
    """
    if len(members.labels) == 1:  # nearly always
        return _one_label(item, members.labels[0])
    found = [label for name in members.labels if (label := _one_label(item, name)) is not None]
    by_persons = [label for label in found if label.human_annotated is not False]
    known = [label for label in by_persons if label.anomalous is not None]
    if known and f"{known[0].name}{_DETECTED}" in members.predictions:
        return known[0]
    if len({label.anomalous for label in known}) > 1:
        return "two labels that contradict each other"
    return next(iter((*known, *by_persons, *found)), None)


def _one_label(item: JsonObject, name: str) -> _Label | None:
    """A label of a whole image; None if it is boxes, or whatever else is no class."""
    metadata, value = item.get(f"{name}{_METADATA}"), item.get(name)
    if type(value) is dict or type(value) is list:
        return None
    if not is_object(metadata):
        metadata = None
    human = None if metadata is None else _is_human(metadata)
    if human is False:
        return _Label(name, metadata, value, human, "", None)
    word = None if metadata is None else metadata.get("class-name")
    if not isinstance(word, str) or not word.strip():
        word = value if isinstance(value, str) and not value.strip().isdecimal() else ""
    return _Label(name, metadata, value, human, word, class_of_word(word))


def _is_human(metadata: JsonObject) -> bool | None:
    """What a label's metadata says of who gave it; None if it does not say."""
    said = metadata.get("human-annotated")
    return True if said == "yes" else _HUMAN.get(str(said).strip().lower())


def _mask(item: JsonObject, members: _Members) -> tuple[str, str, JsonObject]:
    """The mask of a line, the member that names it, and its metadata; empty if it has none.

    What `human-annotated: no` says of is what a model predicted.
    """
    for name in members.masks:
        metadata = item.get(f"{name}{_METADATA}")
        if not is_object(metadata):
            metadata = {}
        if _is_human(metadata) is not False and (mask := image_named(item[name])):
            return mask, name, metadata
    return "", "", {}


def _value_kind(value: object) -> Value:
    if type(value) is int:
        return "integer"
    if value is None:
        return ""
    return "string" if isinstance(value, str) and value.strip().isdecimal() else "other"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _colours(metadata: JsonObject) -> tuple[MaskColour, ...]:
    """The colour map of a mask, in its order; a device writes `name` where others have a class."""
    colours = metadata.get("internal-color-map")
    if not is_object(colours):
        return ()
    return tuple(
        MaskColour(
            number,
            str(entry.get("class-name", entry.get("name", ""))),
            str(entry.get("hex-color", "")),
        )
        for number, entry in colours.items()
        if is_object(entry)
    )


@lru_cache(maxsize=1024)
def _style(
    label: str,
    value: Value,
    has_metadata: bool,  # noqa: FBT001 - a cache's key
    job_name: str | None,
    human_annotated: bool | None,  # noqa: FBT001
    mask: str,
    mask_job_name: str | None,
    colours: tuple[MaskColour, ...],
) -> LabelStyle:
    return LabelStyle(
        label, value, has_metadata, job_name, human_annotated, mask, mask_job_name, colours
    )

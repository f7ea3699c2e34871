"""The file of a prediction set: JSON lines, of which the first says what the others are.

{"PredictionSet": {"Project": "caps", "Name": "padim", "Origin": "...", "Columns": {...}, ...}}
{"image": "s3://lines/caps/0001.png", "truth": "anomaly", "prediction": "normal", "score": 0.31}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.evaluation_manifest import LINES_KEPT
from lfv_mcp.formats.json_values import fraction, is_object, number
from lfv_mcp.formats.predictions.prediction_set import (
    AboutPredictions,
    PredictedImage,
    PredictionSet,
    about_as_json,
    about_from,
)
from lfv_mcp.formats.texts import LINE_LIMIT

HEADER: Final = "PredictionSet"
"""The one member of the first line."""
_START: Final = b'{"PredictionSet"'
_CLASSES: Final = {"anomaly": True, "normal": False, None: None}
_WORDS: Final = {True: "anomaly", False: "normal"}


def starts_as_prediction_set(head: bytes) -> bool:
    """Whether a text that starts so is the file of a prediction set."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().replace(b" ", b"", 4).startswith(_START)


def header_line(about: AboutPredictions) -> bytes:
    """The first line of a set's file, with its line end."""
    return _line({HEADER: about_as_json(about)})


def image_line(image: PredictedImage) -> bytes:
    """The line of one image, with its line end; what is not known is left out."""
    members = {
        "image": image.image,
        "truth": None if image.anomalous is None else _WORDS[image.anomalous],
        "prediction": None if image.flagged is None else _WORDS[image.flagged],
        "score": image.score,
        "confidence": image.confidence,
    }
    return _line({name: value for name, value in members.items() if value is not None})


def _line(value: object) -> bytes:
    # ASCII, so that a terminal shows a text's control characters and does not obey them.
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def read_prediction_file(lines: Iterable[bytes], *, keep: int = LINES_KEPT) -> PredictionSet:
    """Read the file of a prediction set in one pass; a bad line is counted, never fatal.

    Args:
        lines: the file's lines, with or without their line ends.
        keep: images to keep one by one; of more than that none is.

    Raises:
        UnrecognisedError: it does not begin as one, or a line is missing at its end.
    """
    rest = iter(lines)
    about = _about(next(rest, b""))
    images: list[PredictedImage] | None = []
    read = unreadable = 0
    for image in _images(rest):
        read += 1
        if image is None:
            unreadable += 1
        elif images is not None:
            images.append(image)
            if len(images) > keep:
                images = None
    if read < about.images:
        missing = about.images - read
        raise UnrecognisedError(
            f"a prediction set of {about.images:,} images that ends {missing:,} lines early",
            corrupt=True,
        )
    return PredictionSet(about, None if images is None else tuple(images), unreadable)


def _about(line: bytes) -> AboutPredictions:
    try:
        first = json.loads(line.removeprefix(b"\xef\xbb\xbf")) if len(line) <= LINE_LIMIT else None
    except (ValueError, RecursionError):
        first = None
    if not is_object(first) or not is_object(first.get(HEADER)):
        raise UnrecognisedError("not a prediction set: its first line does not say so")
    return about_from(first[HEADER])


def _images(lines: Iterable[bytes]) -> Iterator[PredictedImage | None]:
    """The image of each line that is not empty; None for one that cannot be read."""
    for line in lines:
        if not line.strip():
            continue
        try:
            item = json.loads(line) if len(line) <= LINE_LIMIT else None
        except (ValueError, RecursionError):
            item = None
        yield _image(item)


def _image(item: object) -> PredictedImage | None:
    if not is_object(item) or not isinstance(item.get("image"), str) or not item["image"]:
        return None
    truth, prediction = item.get("truth"), item.get("prediction")
    if truth not in _CLASSES or prediction not in _CLASSES:
        return None
    return PredictedImage(
        item["image"],
        _CLASSES[truth],
        _CLASSES[prediction],
        number(item.get("score")),
        fraction(item.get("confidence")),
    )

"""The file of a prediction set: JSON lines, of which the first says what the others are.

{"PredictionSet": {"Project": "caps", "Name": "padim", "Origin": "...", "Columns": {...}, ...}}
{"image": "s3://lines/caps/0001.png", "truth": "anomaly", "prediction": "normal", "score": 0.31}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.evaluation_manifest import LINES_KEPT
from lfv_mcp.formats.json_values import JsonObject, fraction, is_object, number
from lfv_mcp.formats.manifest_lines import line_object, lines_of
from lfv_mcp.formats.predictions.prediction_set import (
    BROKEN,
    AboutPredictions,
    PredictedImage,
    PredictionSet,
    about_as_json,
    about_from,
)
from lfv_mcp.formats.texts import HEAD, LINE_LIMIT

HEADER: Final = "PredictionSet"
"""The one member of the first line."""
_START: Final = b'{"PredictionSet"'
_CLASSES: Final = {"anomaly": True, "normal": False, None: None}
_WORDS: Final = {True: "anomaly", False: "normal"}


def starts_as_prediction_set(head: bytes) -> bool:
    """Whether a text that starts so is the file of a prediction set."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().replace(b" ", b"", 4).startswith(_START)


def prediction_set_document(chunks: Iterable[bytes]) -> Iterator[Any]:
    """The first line of a set's file as an object, and the problem if its end is cut off.

    Args:
        chunks: all of it, or its first and its last lines.
    """
    size = count = 0
    first, last = b"", b""

    def counted() -> Iterator[bytes]:
        nonlocal size
        for chunk in chunks:
            size += len(chunk)
            yield chunk

    for line in lines_of(counted()):
        if not first:
            first = line
        elif line.strip():
            last, count = line, count + 1
    body = _body(first)
    yield UnrecognisedError(BROKEN, corrupt=True) if body is None else {HEADER: body}
    if last and line_object(last) is None:
        yield UnrecognisedError("a prediction set that is cut off in its last line", corrupt=True)
    elif size <= HEAD and body is not None:  # it was all there to be counted
        images = body.get("Images")
        if type(images) is int and images > count:
            yield _ends_early(images, images - count)


def _ends_early(images: int, missing: int) -> UnrecognisedError:
    return UnrecognisedError(
        f"a prediction set that ends early ({missing:,} of its {images:,} images are missing)",
        corrupt=True,
    )


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
        raise _ends_early(about.images, about.images - read)
    return PredictionSet(about, None if images is None else tuple(images), unreadable)


def _about(line: bytes) -> AboutPredictions:
    body = _body(line)
    if body is None:
        raise UnrecognisedError("not a prediction set: its first line does not say so")
    return about_from(body)


def _body(line: bytes) -> JsonObject | None:
    """What the first line says of a set; None if it is no first line of one."""
    try:
        first = json.loads(line.removeprefix(b"\xef\xbb\xbf")) if len(line) <= LINE_LIMIT else None
    except (ValueError, RecursionError):
        return None
    body = first.get(HEADER) if is_object(first) else None
    return body if is_object(body) else None


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

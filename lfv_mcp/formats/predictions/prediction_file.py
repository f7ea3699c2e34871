"""The file of a prediction set: JSON lines, of which the first says what the others are.

{"PredictionSet": {"Project": "caps", "Name": "padim", "Origin": "...", "Columns": {...}, ...}}
{"image": "s3://lines/caps/0001.png", "truth": "anomaly", "prediction": "normal", "score": 0.31}
{"trained_on": "s3://lines/caps/train/0900.png", "size": 48213, "etag": "9b2c..."}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from lfv_mcp.formats.containers import parts_of
from lfv_mcp.formats.datasets.dataset import DatasetLine
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.encodings import utf8_chunks
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
from lfv_mcp.formats.texts import HEAD, LINE_LIMIT, peek_lines

HEADER: Final = "PredictionSet"
"""The one member of the first line."""
_START: Final = b'{"PredictionSet"'
_LIMIT: Final = 1 << 36
"""Bytes that a set may have: its lines are longer than those of the gigabyte it was made from."""
_CLASSES: Final = {"anomaly": True, "normal": False, None: None}
_WORDS: Final = {True: "anomaly", False: "normal"}


class SetDocument(dict[str, Any]):
    """The first line of a set whose other lines follow it, as they do in a file of its own."""


def starts_as_prediction_set(head: bytes) -> bool:
    """Whether a text that starts so is the file of a prediction set."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().replace(b" ", b"", 4).startswith(_START)


def prediction_set_document(chunks: Iterable[bytes]) -> Iterator[Any]:
    """The first line of a set's file as an object; a problem instead if not all lines are there.

    Args:
        chunks: all of it, or its first and its last lines.
    """
    size = 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for chunk in chunks:
            size += len(chunk)
            yield chunk

    lines = filter(bytes.strip, lines_of(counted()))
    body = _body(next(lines, b""))
    last, count = b"", 0
    for line in lines:
        last, count = line, count + 1
    if body is None:
        yield UnrecognisedError(BROKEN, corrupt=True)
    elif last and line_object(last) is None:
        yield UnrecognisedError("a prediction set that is cut off in its last line", corrupt=True)
    # What is no longer than a first look was all there to be counted.
    elif size <= HEAD and (problem := _miscounted(_lines_said(body), count)) is not None:
        yield problem
    else:
        yield SetDocument({HEADER: body})


def _lines_said(body: JsonObject) -> object:
    """How many lines follow a first line; something else than a number if it does not tell."""
    images, training = body.get("Images"), body.get("TrainedOn")
    more = training.get("Images") if is_object(training) else 0
    return images + more if type(images) is int and type(more) is int else None


def _miscounted(said: object, lines: int, what: str = "images") -> UnrecognisedError | None:
    """The problem of a set with another number of lines than its first one says; None for none."""
    if type(said) is not int or said == lines:
        return None
    how = "ends early" if said > lines else "has lines too many"
    return UnrecognisedError(
        f"a prediction set that {how} ({lines:,} {what}, and its first line says {said:,})",
        corrupt=True,
    )


def prediction_set_text(
    chunks: Iterable[bytes], is_meant: Callable[[JsonObject], bool]
) -> Iterator[bytes]:
    """The text of a prediction set in a file, whatever that was packed or encoded as, in UTF-8.

    Args:
        chunks: the file's bytes, cut anywhere.
        is_meant: whether a set is the one that is meant, by what its first line says: an archive
            may hold several.

    Raises:
        UnrecognisedError: the file is damaged, or holds no such set.
    """
    problem = UnrecognisedError("it holds no such prediction set")
    for part in parts_of(chunks):
        if isinstance(part, UnrecognisedError):
            problem = part
            continue
        head, content = peek_lines(part.chunks)
        if not starts_as_prediction_set(head):
            continue
        body = _body(head.lstrip().partition(b"\n")[0])
        if body is not None and is_meant(body):
            yield from utf8_chunks(content, limit=_LIMIT)
            return
    raise problem


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


def training_line(image: DatasetLine) -> bytes:
    """The line of an image that the model was trained on; it has no label."""
    members = {"trained_on": image.image, "size": image.size, "etag": image.etag or None}
    return _line({name: value for name, value in members.items() if value is not None})


def _line(value: object) -> bytes:
    # ASCII, so that a terminal shows a text's control characters and does not obey them.
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def read_prediction_file(lines: Iterable[bytes], *, keep: int = LINES_KEPT) -> PredictionSet:
    """Read the file of a prediction set in one pass; a bad line is counted, never fatal.

    Args:
        lines: the file's lines, with or without their line ends.
        keep: images to keep one by one; of more than that none is. Of training images the first
            so many are.

    Raises:
        UnrecognisedError: it does not begin as one, or has more or fewer lines than it says.
    """
    rest = iter(lines)
    about = about_in(next(rest, b""))
    images: list[PredictedImage] | None = []
    training: list[DatasetLine] = []
    read = unreadable = trained = 0
    for line in _lines(rest):
        if line.is_training or read == about.images:
            trained += 1
            if line.training is not None and len(training) < keep:
                training.append(line.training)
            continue
        read += 1
        if line.image is None:
            unreadable += 1
        elif images is not None:
            images.append(line.image)
            if len(images) > keep:
                images = None
    said = about.trained_on.images if about.trained_on else 0
    problem = _miscounted(about.images, read + (trained if not said else 0))
    problem = problem or _miscounted(said, trained if said else 0, "training images")
    if problem is not None:
        raise problem
    return PredictionSet(
        about,
        None if images is None else tuple(images),
        unreadable,
        tuple(training) if about.trained_on else None,
        trained - len(training),
    )


def about_in(line: bytes) -> AboutPredictions:
    """What the first line of a set's file says.

    Raises:
        UnrecognisedError: it does not say what it must, or is no first line of a set.
    """
    body = _body(line)
    if body is None:
        raise UnrecognisedError("not a prediction set: its first line does not say so")
    return about_from(body)


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN, which is no cut, and no JSON


def _body(line: bytes) -> JsonObject | None:
    """What the first line says of a set; None if it is no first line of one."""
    try:
        text = line.removeprefix(b"\xef\xbb\xbf")
        first = json.loads(text, parse_constant=_refuse) if len(line) <= LINE_LIMIT else None
    except (ValueError, RecursionError):
        return None
    body = first.get(HEADER) if is_object(first) else None
    return body if is_object(body) else None


class _Line(NamedTuple):
    """What a line after the first one has; nothing where it cannot be read."""

    image: PredictedImage | None
    training: DatasetLine | None = None
    is_training: bool = False


def _lines(lines: Iterable[bytes]) -> Iterator[_Line]:
    """What each line has that is not empty."""
    for line in lines:
        if not line.strip():
            continue
        try:
            item = json.loads(line) if len(line) <= LINE_LIMIT else None
        except (ValueError, RecursionError):
            item = None
        if is_training_line(item):
            yield _Line(None, training_image(item), is_training=True)
        else:
            yield _Line(_image(item))


def is_training_line(item: object) -> bool:
    """Whether the object of a line is about an image of the training."""
    return is_object(item) and "trained_on" in item and "image" not in item


def training_image(item: object) -> DatasetLine | None:
    """The image of a training line, from the line's object; None for one of no use."""
    if not is_object(item):
        return None
    image, size, etag = item.get("trained_on"), item.get("size"), item.get("etag", "")
    if not isinstance(image, str) or not image or not isinstance(etag, str):
        return None
    if size is not None and (type(size) is not int or size < 0):
        return None
    return DatasetLine(image, None, size=size, etag=etag)


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

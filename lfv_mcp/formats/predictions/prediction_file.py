"""The file of a prediction set: JSON lines, of which the first says what the others are.

{"PredictionSet": {"Project": "caps", "Name": "padim", "Origin": "...", "Columns": {...}, ...}}
{"image": "s3://lines/caps/0001.png", "truth": "anomaly", "prediction": "normal", "score": 0.31}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from lfv_mcp.formats.containers import parts_of
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
    elif size <= HEAD and (problem := _miscounted(body.get("Images"), count)) is not None:
        yield problem
    else:
        yield SetDocument({HEADER: body})


def _miscounted(said: object, lines: int) -> UnrecognisedError | None:
    """The problem of a set with another number of lines than its first one says; None for none."""
    if type(said) is not int or said == lines:
        return None
    what = "ends early" if said > lines else "has lines too many"
    return UnrecognisedError(
        f"a prediction set that {what} ({lines:,} images, and its first line says {said:,})",
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


def _line(value: object) -> bytes:
    # ASCII, so that a terminal shows a text's control characters and does not obey them.
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def read_prediction_file(lines: Iterable[bytes], *, keep: int = LINES_KEPT) -> PredictionSet:
    """Read the file of a prediction set in one pass; a bad line is counted, never fatal.

    Args:
        lines: the file's lines, with or without their line ends.
        keep: images to keep one by one; of more than that none is.

    Raises:
        UnrecognisedError: it does not begin as one, or has more or fewer lines than it says.
    """
    rest = iter(lines)
    about = about_in(next(rest, b""))
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
    if (problem := _miscounted(about.images, read)) is not None:
        raise problem
    return PredictionSet(about, None if images is None else tuple(images), unreadable)


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

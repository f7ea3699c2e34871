"""The two files that training leaves in S3: bytes in, what they say out. Pure.

The EvaluationResult holds the metrics that training computed. The EvaluationManifest has one JSON
line per test image, with its truth and its prediction, so everything can be recounted from it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.evaluation_result import REKOGNITION_FILE, fraction
from lfv_mcp.metrics import Confusion
from lfv_mcp.text import clean

LINES_KEPT: Final = 100_000
"""Images kept for analysis one by one (the service allows 4,000); beyond it lines only count."""
LINE_LIMIT: Final = 1 << 20
"""Bytes of a manifest line; a longer one is never parsed."""
REF_LIMIT: Final = len("s3://") + 63 + len("/") + 1024
"""Characters of the longest S3 URI; a longer `source-ref` names no image."""


# The evaluation manifest


class ImagePrediction(NamedTuple):
    """One test image as the manifest judges it."""

    source_ref: str  # empty: the line names no image
    anomalous: bool
    flagged: bool  # predicted anomalous
    confidence: float | None  # in the predicted class


@dataclass(frozen=True, slots=True)
class EvaluationManifest:
    """What the lines of an EvaluationManifest say."""

    confusion: Confusion
    images: tuple[ImagePrediction, ...] | None  # None: more than LINES_KEPT
    repeated: int  # lines that name an image of an earlier line; unknown (0) without `images`
    unusable: Mapping[str, int]  # lines left out, by cause
    model_arns: tuple[str, ...]  # of the predictions; more than one is a mixture


_IMAGE_LABEL: Final = "groundtruth/image-classification"
_CLASSES: Final = {"anomaly": True, "normal": False}
_TOO_LONG: Final = "longer than 1 MiB"
_NOT_JSON: Final = "not a JSON object"
_NO_TRUTH: Final = "without ground truth"
_NO_PREDICTION: Final = "without a prediction"
_FOREIGN: Final = {
    "deviceGroundTruthData": "a capture record of an edge device (DefectDetectionApplication), "
    "without ground truth",
    "rekognition-custom-labels-evaluation-0": REKOGNITION_FILE,
}
_ARNS_MOST: Final = 3
_decode: Final = json.JSONDecoder().raw_decode


def lines_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a stream read in chunks, in bounded memory: an endless line is cut."""
    pending = b""
    for chunk in chunks:
        *whole, pending = (pending + chunk).split(b"\n")
        yield from whole
        pending = pending[: LINE_LIMIT + 1]  # still too long to be parsed
    yield pending


def read_evaluation_manifest(lines: Iterable[bytes]) -> EvaluationManifest:
    """The lines of an EvaluationManifest, in one pass; a bad line is counted, never fatal.

    Raises:
        UnrecognisedError: no line is one of a manifest, or the text is UTF-16.
    """
    cells = [0, 0, 0, 0]  # TN, FP, FN, TP: at 2 x anomalous + flagged
    images: list[ImagePrediction] | None = []
    unusable: Counter[str] = Counter()
    arns: list[str] = []
    last_arn = ""
    recognised, foreign = False, ""
    for line in lines:
        if len(line) > LINE_LIMIT:
            unusable[_TOO_LONG] += 1
            continue
        try:
            item = _parse(line)
        except (ValueError, RecursionError):
            if line.strip():
                unusable[_NOT_JSON] += 1
            continue
        if type(item) is not dict:
            unusable[_NOT_JSON] += 1
            continue
        judged = _judged(item)
        if isinstance(judged, str):
            unusable[judged] += 1
            recognised = recognised or "source-ref" in item
            foreign = foreign or next((_FOREIGN[name] for name in item if name in _FOREIGN), "")
            continue
        image, arn = judged
        cells[2 * image.anomalous + image.flagged] += 1
        if isinstance(arn, str) and arn != last_arn:
            last_arn = arn
            arns = sorted({*arns, clean(arn, 2048)})[:_ARNS_MOST]
        if images is not None:
            images.append(image)
            if len(images) > LINES_KEPT:
                images = None
    negatives, false_positives, false_negatives, positives = cells
    if not sum(cells) and unusable and (foreign or not recognised):
        raise UnrecognisedError(foreign or "not an EvaluationManifest: no line names an image")
    refs = [image.source_ref for image in images or () if image.source_ref]
    return EvaluationManifest(
        Confusion(positives, false_positives, false_negatives, negatives),
        None if images is None else tuple(images),
        len(refs) - len(set(refs)),
        dict(sorted(unusable.items())),
        tuple(arns),
    )


def _parse(line: bytes) -> Any:
    """json.loads, without its preparations for what an ordinary line does not have."""
    try:
        value, end = _decode(text := line.decode())
        if text[end:] in ("", "\n", "\r\n"):
            return value
    except ValueError:
        pass
    if line[:2] in (b"\xff\xfe", b"\xfe\xff"):  # its lines are not cut where they end
        raise UnrecognisedError("UTF-16 text; an EvaluationManifest is UTF-8")
    return json.loads(line)  # a byte-order mark, blanks around it, or an error of its own


def _judged(item: dict[str, Any]) -> tuple[ImagePrediction, object] | str:
    """One line → its image and the model's ARN, or why it has none."""
    truths, predictions = _attributes(tuple(item))
    for name in truths:
        metadata = item[name]
        if type(metadata) is dict and metadata.get("type") == _IMAGE_LABEL:
            anomalous = _class(metadata)
            break
    else:
        return _NO_TRUTH
    if anomalous is None:
        return _NO_TRUTH
    for name, label in predictions:
        metadata = item.get(name)
        if type(metadata) is not dict:
            metadata = {}
        flagged = _class(metadata)
        if flagged is None and "class-name" not in metadata:
            integer = item.get(label)
            flagged = bool(integer) if type(integer) is int and integer in (0, 1) else None
        if flagged is not None:
            break
    else:
        return _NO_PREDICTION
    confidence = metadata.get("confidence")
    if type(confidence) is not float or not 0 <= confidence <= 1:
        confidence = fraction(confidence)
    ref = item.get("source-ref")
    if type(ref) is not str or len(ref) > REF_LIMIT:
        ref = ""
    return ImagePrediction(ref, anomalous, flagged, confidence), metadata.get("model-arn")


@lru_cache(maxsize=16)  # the lines of a manifest are alike
def _attributes(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Where lines with these members may hold truth and prediction, likeliest first.

    (X-metadata, ...) and ((Y-detected-metadata, Y-detected), ...): labels may have any name, and
    the truth X that has a prediction X-detected goes first.
    """
    bases = {name.removesuffix("-metadata") for name in names}
    detected = sorted(
        (base for base in bases if base.endswith("-detected")),
        key=lambda base: (f"{base.removesuffix('-detected')}-metadata" not in names, base),
    )
    truths = sorted(
        (f"{base}-detected" not in detected, f"{base}-metadata")
        for base in bases
        if f"{base}-metadata" in names and base not in detected
    )
    return (
        tuple(name for _, name in truths),
        tuple((f"{base}-metadata", base) for base in detected),
    )


def _class(metadata: dict[str, Any]) -> bool | None:
    """Whether class-name says anomaly; None if it says neither that nor normal."""
    name = metadata.get("class-name")
    if type(name) is not str:
        return None
    known = _CLASSES.get(name)
    return _CLASSES.get(name.strip().lower()) if known is None else known

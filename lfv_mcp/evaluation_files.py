"""The two files that training leaves in S3: bytes in, what they say out. Pure.

The EvaluationResult holds the metrics that training computed. The EvaluationManifest has one JSON
line per test image, with its truth and its prediction, so everything can be recounted from it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast

from lfv_mcp.metrics import Confusion
from lfv_mcp.model import LabelMetrics, ReportedMetrics, clean
from lfv_mcp.records import UnrecognisedError, epoch

LINES_KEPT: Final = 100_000
"""Images kept for analysis one by one (the service allows 4,000); beyond it lines only count."""
LINE_LIMIT: Final = 1 << 20
"""Bytes of a manifest line; a longer one is never parsed."""
REF_LIMIT: Final = len("s3://") + 63 + len("/") + 1024
"""Characters of the longest S3 URI; a longer `source-ref` names no image."""
REPORTED: Final = {
    "f1_score": "F1Score",
    "precision": "Precision",
    "recall": "Recall",
    "roc_auc": "ROCAUC",
    "average_precision": "AveragePrecision",
}
"""Our names of the metrics, and the API's."""
_LABEL: Final = {
    "precision": "Precision",
    "recall": "Recall",
    "f1_score": "F1Score",
    "average_iou": "AIOU",
}
_LABELS_MOST: Final = 100  # as many as a project may have
_REKOGNITION: Final = "an evaluation file of Rekognition Custom Labels"


# The evaluation result


@dataclass(frozen=True, slots=True)
class Result:
    """What an EvaluationResult file says; None or absent where it does not say it."""

    model_arn: str  # may be empty
    evaluated_at: float | None  # epoch seconds
    training_images: int | None
    testing_images: int | None
    reported: ReportedMetrics
    labels: tuple[LabelMetrics, ...]
    unusable: tuple[str, ...]  # members left out because their value is of no use


def read_result(document: Mapping[str, Any]) -> Result:
    """An EvaluationResult of any year: numbers or numeric text, with or without F1 and labels.

    Raises:
        UnrecognisedError: it is another kind of file; the message names it.
    """
    details = document.get("EvaluationDetails")
    aggregated = document.get("AggregatedEvaluationResults")
    if not isinstance(details, Mapping) or not isinstance(aggregated, Mapping):
        raise UnrecognisedError("JSON, but not an EvaluationResult")
    arn = details.get("ModelArn")
    if (
        "ProjectVersionArn" in details
        or "ConfusionMatrix" in aggregated
        or (isinstance(arn, str) and ":rekognition:" in arn)
    ):
        raise UnrecognisedError(_REKOGNITION)
    values = aggregated.get("Metrics")
    if not isinstance(values, Mapping):
        raise UnrecognisedError("JSON, but an EvaluationResult without metrics")
    unusable: list[str] = []

    def known(
        holder: Mapping[str, Any], name: str, parse: Callable[[Any], Any], what: str = ""
    ) -> Any:
        if (value := holder.get(name)) is None:
            return None
        if (parsed := parse(value)) is None:
            unusable.append(what or name)
        return parsed

    def fractions(holder: Mapping[str, Any], names: Mapping[str, str], what: str = "") -> Any:
        found = {
            ours: known(holder, theirs, fraction, what and f"{theirs} {what}")
            for ours, theirs in names.items()
        }
        return {ours: value for ours, value in found.items() if value is not None}

    labels: list[LabelMetrics] = []
    listed = known(values, "PixelAnomalyClassMetrics", lambda v: v if isinstance(v, list) else None)
    for item in (listed or [])[:_LABELS_MOST]:
        if not isinstance(item, Mapping) or not isinstance(item.get("ClassName"), str):
            unusable.append("a label without ClassName")
            continue
        name = clean(item["ClassName"])
        labels.append(
            cast(LabelMetrics, {"name": name} | fractions(item, _LABEL, f"of {name[:40]!r}"))
        )
    return Result(
        model_arn=clean(arn, 2048) if isinstance(arn, str) else "",
        evaluated_at=known(details, "EvaluationEndTimestamp", epoch),
        training_images=known(details, "NumberOfTrainingImages", _count),
        testing_images=known(details, "NumberOfTestingImages", _count),
        reported=fractions(values, REPORTED),
        labels=tuple(labels),
        unusable=tuple(unusable),
    )


def fraction(value: object) -> float | None:
    """A number from 0 to 1, also as text; None for anything else, NaN included."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        # Compared as it is: an integer may be too large for a float.
        number = float(value) if isinstance(value, str) else value
        return float(number) if 0 <= number <= 1 else None
    except ValueError:
        return None


def _count(value: object) -> int | None:
    """A number of images, also as text."""
    try:
        number = int(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return number if type(number) is int and 0 <= number < 10**9 else None


# The evaluation manifest


class Image(NamedTuple):
    """One test image as the manifest judges it."""

    source_ref: str  # empty: the line names no image
    anomalous: bool
    flagged: bool  # predicted anomalous
    confidence: float | None  # in the predicted class


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the lines of an EvaluationManifest say."""

    confusion: Confusion
    images: tuple[Image, ...] | None  # None: more than LINES_KEPT
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
    "rekognition-custom-labels-evaluation-0": _REKOGNITION,
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


def read_manifest(lines: Iterable[bytes]) -> Manifest:
    """The lines of an EvaluationManifest, in one pass; a bad line is counted, never fatal.

    Raises:
        UnrecognisedError: no line is one of a manifest, or the text is UTF-16.
    """
    cells = [0, 0, 0, 0]  # TN, FP, FN, TP: at 2 x anomalous + flagged
    images: list[Image] | None = []
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
    return Manifest(
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


def _judged(item: dict[str, Any]) -> tuple[Image, object] | str:
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
    return Image(ref, anomalous, flagged, confidence), metadata.get("model-arn")


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

"""The EvaluationManifest that training leaves in S3: lines of bytes in, counts and images out.

It has one JSON line per test image, with its truth and its prediction, so that every metric of the
EvaluationResult can be recounted from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.evaluation_result import REKOGNITION_FILE
from lfv_mcp.formats.json_values import JsonObject, fraction, is_object
from lfv_mcp.formats.manifest_lines import TOO_LONG, object_of_line
from lfv_mcp.metrics import Confusion
from lfv_mcp.text import clean

LINES_KEPT: Final = 100_000
"""Images kept for analysis one by one (the service allows 4,000); beyond it lines only count."""
REF_LIMIT: Final = len("s3://") + 63 + len("/") + 1024
"""Characters of the longest S3 URI; a longer `source-ref` names no image."""


class ImagePrediction(NamedTuple):
    """One test image: its true class and what the model predicted.

    Args:
        source_ref: the image's S3 URI as the line has it; empty if the line names no image.
        anomalous: whether the image shows an anomaly.
        flagged: whether the model predicted an anomaly.
        confidence: in the predicted class, 0 to 1; None if the line has none of use.
        score: the anomaly score that another system wrote, of any range, higher is more anomalous;
            None for the service's own predictions, whose score is made of the confidence.
    """

    source_ref: str
    anomalous: bool
    flagged: bool
    confidence: float | None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class EvaluationManifest:
    """What the lines of an EvaluationManifest say.

    Args:
        confusion: test images by true and predicted class, from every usable line.
        images: the usable lines in the file's order; None if they are too many to keep.
        repeated: lines that name the image of an earlier line; 0 (not known) without `images`.
        unusable: number of lines left out of every count, by their cause.
        model_arns: the models that made the predictions, sorted; more than one is a mixture.
        cut: the file ends within a line, so nobody knows how many lines are missing.
    """

    confusion: Confusion
    images: tuple[ImagePrediction, ...] | None
    repeated: int
    unusable: Mapping[str, int]
    model_arns: tuple[str, ...]
    cut: bool = False


_IMAGE_LABEL: Final = "groundtruth/image-classification"
_CLASSES: Final = {"anomaly": True, "normal": False}
_NO_TRUTH: Final = "without ground truth"
_NO_PREDICTION: Final = "without a prediction"
_FOREIGN_MEMBERS: Final = {
    "deviceGroundTruthData": "a capture record of an edge device (DefectDetectionApplication), "
    "without ground truth",
    "rekognition-custom-labels-evaluation-0": REKOGNITION_FILE,
}
"""Members that tell another kind of file, and what that file is."""
_MAX_ARNS: Final = 3
"""ARNs that are kept of a mixture."""


def read_evaluation_manifest(
    lines: Iterable[bytes | JsonObject | UnrecognisedError], *, keep: int = LINES_KEPT
) -> EvaluationManifest:
    """Read the lines of an EvaluationManifest, in one pass; a bad line is counted, never fatal.

    Args:
        lines: the file's lines, with or without their line ends, or as `manifest_lines` has them.
        keep: images to keep one by one; of more than that only the counts are known.

    Raises:
        UnrecognisedError: no line is one of a manifest.
    """
    tally = _Tally(keep)
    for line in lines:
        if isinstance(line, bytes):
            item = object_of_line(line)
        else:
            item = str(line) if isinstance(line, UnrecognisedError) else line
        if item is None:
            continue
        judged = _judge_line(item) if type(item) is dict else item
        if type(judged) is tuple:
            tally.count(*judged)
        else:
            tally.leave_out(str(judged), item)
    return tally.manifest()


class _Tally:
    """What the lines read so far have said."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._cells = [0, 0, 0, 0]  # TN, FP, FN, TP: at 2 x anomalous + flagged
        self._images: list[ImagePrediction] | None = []
        self._unusable: Counter[str] = Counter()
        self._arns: list[str] = []
        self._last_arn = ""
        self._recognised = False  # some line names an image
        self._foreign = ""  # what the file is instead
        self._cut = False  # the last line is broken

    def count(self, image: ImagePrediction, arn: object) -> None:
        """Count a usable line."""
        self._cells[2 * image.anomalous + image.flagged] += 1
        self._cut = False
        if isinstance(arn, str) and arn != self._last_arn:
            self._last_arn = arn
            self._arns = sorted({*self._arns, clean(arn, 2048)})[:_MAX_ARNS]
        if self._images is not None:
            self._images.append(image)
            if len(self._images) > self._keep:
                self._images = None

    def leave_out(self, cause: str, item: JsonObject | str) -> None:
        """Count a line of no use, and see whether it tells what the file is."""
        self._unusable[cause] += 1
        self._cut = type(item) is str and item != TOO_LONG
        if is_object(item):
            self._recognised = self._recognised or "source-ref" in item
            names = (_FOREIGN_MEMBERS[name] for name in item if name in _FOREIGN_MEMBERS)
            self._foreign = self._foreign or next(names, "")

    def manifest(self) -> EvaluationManifest:
        """The manifest that all lines make.

        Raises:
            UnrecognisedError: they are lines of another kind of file.
        """
        if not sum(self._cells) and self._unusable and (self._foreign or not self._recognised):
            raise UnrecognisedError(
                self._foreign or "not an EvaluationManifest: no line names an image"
            )
        negatives, false_positives, false_negatives, positives = self._cells
        refs = [image.source_ref for image in self._images or () if image.source_ref]
        return EvaluationManifest(
            Confusion(positives, false_positives, false_negatives, negatives),
            None if self._images is None else tuple(self._images),
            len(refs) - len(set(refs)),
            dict(sorted(self._unusable.items())),
            tuple(self._arns),
            self._cut,
        )


def _judge_line(item: JsonObject) -> tuple[ImagePrediction, object] | str:
    """A line's image and its model's ARN as the line has it, or why the line is of no use."""
    truths, predictions = _attributes(tuple(item))
    for name in truths:
        metadata = item[name]
        if is_object(metadata) and metadata.get("type") == _IMAGE_LABEL:
            anomalous = _class(metadata)
            break
    else:
        return _NO_TRUTH
    if anomalous is None:
        return _NO_TRUTH
    for name, label in predictions:
        metadata = item.get(name)
        if not is_object(metadata):
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


def _class(metadata: JsonObject) -> bool | None:
    """Whether class-name says anomaly; None if it says neither that nor normal."""
    name = metadata.get("class-name")
    if type(name) is not str:
        return None
    known = _CLASSES.get(name)
    return _CLASSES.get(name.strip().lower()) if known is None else known

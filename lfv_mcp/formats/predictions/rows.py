"""The cells of one row into a `PredictedImage`: words into classes, texts into numbers, the cut."""

from __future__ import annotations

import math
import re
from typing import Final, NamedTuple

from lfv_mcp import metrics
from lfv_mcp.formats.evaluation_manifest import REF_LIMIT
from lfv_mcp.formats.json_values import is_array, is_object
from lfv_mcp.formats.predictions.class_words import class_of, folded_word, is_unknown
from lfv_mcp.formats.predictions.column_choice import ColumnChoice
from lfv_mcp.formats.predictions.prediction_set import PredictedImage, Role

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_WORDS_KEPT: Final = 5
"""Class words of a column that are remembered for messages."""
_ROUNDING: Final = 1e-6
"""By how much a confidence may exceed 1, for softmax sums up in single precision."""
UNKNOWN_WORD: Final = "a class word that is not known"
NO_IMAGE: Final = "no image named"


class Row(NamedTuple):
    """What a row has in the column of each role, as it stands there; None for nothing."""

    image: object
    truth: object = None
    prediction: object = None
    score: object = None
    confidence: object = None


class RowReader:
    """Rows into images; what the rows are in all is kept for the judgement at the end.

    Args:
        choice: the words of the classes.
    """

    def __init__(self, choice: ColumnChoice) -> None:
        self._choice = choice
        self._classes: dict[str, bool | None] = {}
        self.unknown: dict[Role, dict[str, None]] = {}
        self.words: dict[str, None] = {}
        self.has_known_anomaly = False
        self.with_comma = self.with_point = False
        self.confidences = self.percentages = 0

    @property
    def is_refusable(self) -> bool:
        """Whether so many class words are not known that the rest will not change it."""
        return any(len(words) >= _WORDS_KEPT for words in self.unknown.values())

    def read(self, row: Row, *, decimal_comma: bool = False) -> PredictedImage | str:
        """The image of a row; a text says why it is of no use.

        Args:
            row: its cells.
            decimal_comma: a comma in a number is its decimal point.
        """
        name = _image_name(row.image)
        if problem := _problem_of_name(name):
            return problem
        truth, prediction = self._class(row.truth, "truth"), self._class(row.prediction)
        if isinstance(truth, str) or isinstance(prediction, str):
            return UNKNOWN_WORD
        score = self._number(row.score, decimal_comma=decimal_comma)
        if score is _BAD:
            return "a score that is not a finite number"
        confidence = self._confidence(row.confidence, decimal_comma=decimal_comma)
        if confidence is _BAD:
            return "a confidence outside 0 to 1"
        if prediction is None:
            confidence = None  # it belongs to the predicted class
        return PredictedImage(name, truth, prediction, score, confidence)

    def _class(self, word: object, role: Role = "prediction") -> bool | str | None:
        """Whether a word means an anomaly; None if there is none, a text if it is not known."""
        if isinstance(word, str) and word in self._classes:
            return self._classes[word]
        if is_array(word) or is_object(word) or is_unknown(word, self._choice):
            self._remember(str(word), role)
            return UNKNOWN_WORD
        found = class_of(word, self._choice)
        if found is not None:
            self.has_known_anomaly = self.has_known_anomaly or found
            if len(self.words) < _WORDS_KEPT:
                self.words[folded_word(word)] = None
        # Where a person says what an anomaly is, the other words may be a million.
        if isinstance(word, str) and len(self._classes) < 1000:
            self._classes[word] = found
        return found

    def _remember(self, word: str, role: Role) -> None:
        words = self.unknown.setdefault(role, {})
        if len(words) < _WORDS_KEPT:
            words[word] = None

    def _number(self, value: object, *, decimal_comma: bool) -> float | None:
        """A finite number, also as text; None for an empty cell, `_BAD` for anything else."""
        if value is None or isinstance(value, bool):
            return None if value is None else _BAD
        if isinstance(value, int | float):
            return _finite(value)
        if not isinstance(value, str):
            return _BAD
        text = value.strip()
        if not text:
            return None
        if decimal_comma and "," in text:
            if "." in text:
                return _BAD
            self.with_comma = True
            text = text.replace(",", ".")
        elif decimal_comma and "." in text:
            self.with_point = True
        return _finite(text) if _NUMBER.fullmatch(text) else _BAD

    def _confidence(self, value: object, *, decimal_comma: bool) -> float | None:
        """As `_number`, from 0 to 1; a percentage only if it has its sign."""
        scale = 1.0
        if isinstance(value, str) and value.rstrip().endswith("%"):
            value, scale = value.rstrip()[:-1], 100.0
        found = self._number(value, decimal_comma=decimal_comma)
        if found is None or found is _BAD:
            return found
        found /= scale
        self.confidences += 1
        self.percentages += 1 + _ROUNDING < found <= 100
        return min(found, 1.0) if 0 <= found <= 1 + _ROUNDING else _BAD


_BAD: Final = math.nan
"""What is no number; compared by identity."""


def _finite(value: float | str) -> float:
    try:
        found = float(value)
    except OverflowError:
        return _BAD
    return found if math.isfinite(found) else _BAD


def _image_name(value: object) -> str:
    if isinstance(value, str):
        return value.strip("\r\n") if value.strip() else ""
    return str(value) if type(value) is int and abs(value) < 10**18 else ""


def _problem_of_name(name: str) -> str:
    if not name:
        return NO_IMAGE
    if len(name) > REF_LIMIT:
        return f"an image name of more than {REF_LIMIT:,} characters"
    return "a line break in the image's name" if "\n" in name or "\r" in name else ""


class Verdicts:
    """The verdicts of a source and its scores: do they fit each other, and what a cut changes.

    Args:
        cut: the score from which an image is flagged; None for the source's own predictions.
    """

    def __init__(self, cut: float | None) -> None:
        self._cut = cut
        self.images = self.answered = self.truth = self.scores = self.confidences = 0
        self.predicted = self.changed = 0
        self._means: dict[bool, tuple[int, float]] = {}

    @property
    def runs_against(self) -> bool:
        """Whether predicted anomalies do not have the higher scores in the mean."""
        if len(self._means) < 2:
            return False
        return self.mean(of_anomalies=True) <= self.mean(of_anomalies=False)

    def mean(self, *, of_anomalies: bool) -> float:
        """The mean score of the images predicted so; there is one."""
        return self._means[of_anomalies][1]

    def add(self, image: PredictedImage) -> PredictedImage:
        """Count an image, with the verdict of the cut if there is one."""
        self.predicted += image.flagged is not None
        if image.flagged is not None and image.score is not None and not _is_derived(image):
            count, mean = self._means.get(image.flagged, (0, 0.0))
            # Divided first: the difference of two large scores may be infinite.
            mean += image.score / (count + 1) - mean / (count + 1)
            self._means[image.flagged] = count + 1, mean
        if self._cut is not None:
            image = self._by_cut(image, self._cut)
        self.images += 1
        self.answered += image.flagged is not None
        self.truth += image.anomalous is not None
        self.scores += image.score is not None
        self.confidences += image.confidence is not None
        return image

    def _by_cut(self, image: PredictedImage, cut: float) -> PredictedImage:
        score, was = image.score, image.flagged
        if score is None and was is not None and image.confidence is not None:
            score = metrics.anomaly_score(was, image.confidence)
        flagged = None if score is None else score >= cut
        is_changed = was is not None and flagged is not was
        self.changed += is_changed
        # The confidence was in the other class.
        confidence = None if is_changed or was is None else image.confidence
        return image._replace(flagged=flagged, score=score, confidence=confidence)


def _is_derived(image: PredictedImage) -> bool:
    """Whether a score was made of the prediction and its confidence, and so says nothing more."""
    return (
        image.flagged is not None
        and image.confidence is not None
        and image.score == metrics.anomaly_score(image.flagged, image.confidence)
    )

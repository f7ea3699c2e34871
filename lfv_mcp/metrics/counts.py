"""Counts of test images at one threshold, the rates that follow from them, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf, isnan
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Undefined:
    """A metric without a value; `reason` is a plain clause that says why."""

    reason: str


Value: TypeAlias = float | Undefined


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval, at 95 % confidence unless said otherwise."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """A confusion matrix: test images by true class and predicted class."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def total(self) -> int:
        """All test images."""
        return (
            self.true_positives + self.false_positives + self.false_negatives + self.true_negatives
        )


NO_ANOMALOUS = Undefined("no test image is anomalous")
NO_NORMAL = Undefined("no test image is normal")
NONE_FLAGGED = Undefined("no test image is predicted anomalous")


# At one threshold


def precision(c: Confusion) -> Value:
    """TP / (TP + FP): share of the flagged images that are anomalous.

    Undefined when nothing is flagged.
    """
    flagged = c.true_positives + c.false_positives
    return c.true_positives / flagged if flagged else NONE_FLAGGED


def recall(c: Confusion) -> Value:
    """TP / (TP + FN): share of the anomalous images that are flagged.

    Undefined when no image is anomalous.
    """
    anomalies = c.true_positives + c.false_negatives
    return c.true_positives / anomalies if anomalies else NO_ANOMALOUS


def f1_score(c: Confusion) -> Value:
    """2 TP / (2 TP + FP + FN): harmonic mean of precision and recall.

    A true 0 when every anomaly is missed, flagged images or not. Undefined when no image is
    anomalous: whatever the model did, the formula could then only say 0 or 0/0.
    """
    if not c.true_positives + c.false_negatives:
        return NO_ANOMALOUS
    return 2 * c.true_positives / (2 * c.true_positives + c.false_positives + c.false_negatives)


def false_alarm_rate(c: Confusion) -> Value:
    """FP / (FP + TN), the false positive rate: share of the normal images that are flagged.

    Undefined when no image is normal.
    """
    normals = c.false_positives + c.true_negatives
    return c.false_positives / normals if normals else NO_NORMAL


def f1_from(precision: float, recall: float) -> Value:
    """2 P R / (P + R). Undefined when both are 0 (rates alone then leave 0/0) or one is NaN."""
    if isnan(precision) or isnan(recall):  # what the service writes for 0/0 is not known
        return Undefined("precision or recall is not a number")
    if precision + recall == 0:
        return Undefined("precision and recall are both 0")
    return 2 * precision * recall / (precision + recall)


# From published rates back to counts

ROUNDING_TOLERANCE = 5e-7 + 1e-9
"""How far a rate of the service may lie from the exact one and still be the same.

Half a unit of the sixth decimal, to which the service often rounds its figures, plus float noise.
"""


def counts_from_rates(
    precision: float, recall: float, images: int, anomalies: int
) -> Confusion | Undefined:
    """The one confusion matrix behind a precision and a recall rounded to six decimals.

    `images` is the size of the test set, `anomalies` how many of them are anomalous. TP = R x A
    and FP = TP (1/P - 1), taken only when exactly one whole number fits each within rounding.
    Undefined when none or several fit, and when recall is 0: precision then hides FP.
    """
    normals = images - anomalies
    if impossible := _why_impossible(precision, recall, normals, anomalies):
        return impossible
    slack = ROUNDING_TOLERANCE
    tp = _only_integer(anomalies * (recall - slack), anomalies * (recall + slack))
    if tp is None:
        return Undefined(f"no single count among {anomalies} anomalous images gives this recall")
    if tp == 0:
        return Undefined("recall is 0, so precision does not tell how many images were flagged")
    fewest = tp / (precision + slack) - tp
    most = tp / (precision - slack) - tp if precision > slack else inf
    fp = _only_integer(fewest, min(normals, most))
    if fp is None:
        return Undefined(f"no single count among {normals} normal images gives this precision")
    return Confusion(tp, fp, anomalies - tp, normals - fp)


def _why_impossible(
    precision: float, recall: float, normals: int, anomalies: int
) -> Undefined | None:
    """Why no confusion matrix can have these rates on so many images, if that is so."""
    if not (0 <= precision <= 1 and 0 <= recall <= 1):  # NaN ends here too
        return Undefined("precision and recall are not both numbers from 0 to 1")
    if anomalies <= 0:
        return NO_ANOMALOUS
    if normals < 0:
        return Undefined("the test set has fewer images than anomalous images")
    return None


def _only_integer(low: float, high: float) -> int | None:
    """The integer in low..high, if there is exactly one."""
    first = ceil(low)
    return first if first == floor(high) else None

"""Image-level metrics of a Lookout for Vision model: pure functions, standard library only.

The positive class is *anomaly*. Rates are fractions from 0 to 1, scores are finite anomaly scores
(higher means more anomalous), counts are test images. What a test set cannot tell is `Undefined`
with a reason: never NaN, and never a zero that nothing measured.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, fsum, inf, isnan, sqrt, ulp
from statistics import NormalDist
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


# At one operating point


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

# Half a unit of the sixth decimal, as the service's figures are often rounded, and float noise.
_ROUNDING = 5e-7 + 1e-9


def counts_from_rates(
    precision: float, recall: float, images: int, anomalies: int
) -> Confusion | Undefined:
    """The one confusion matrix behind a precision and a recall rounded to six decimals.

    `images` is the size of the test set, `anomalies` how many of them are anomalous. TP = R x A
    and FP = TP (1/P - 1), taken only when exactly one whole number fits each within rounding.
    Undefined when none or several fit, and when recall is 0: precision then hides FP.
    """
    normals = images - anomalies
    if not (0 <= precision <= 1 and 0 <= recall <= 1):  # NaN ends here too
        return Undefined("precision and recall are not both numbers from 0 to 1")
    if anomalies <= 0:
        return NO_ANOMALOUS
    if normals < 0:
        return Undefined("the test set has fewer images than anomalous images")
    tp = _only_integer(anomalies * (recall - _ROUNDING), anomalies * (recall + _ROUNDING))
    if tp is None:
        return Undefined(f"no single count among {anomalies} anomalous images gives this recall")
    if tp == 0:
        return Undefined("recall is 0, so precision does not tell how many images were flagged")
    fewest = tp / (precision + _ROUNDING) - tp
    most = tp / (precision - _ROUNDING) - tp if precision > _ROUNDING else inf
    fp = _only_integer(fewest, min(normals, most))
    if fp is None:
        return Undefined(f"no single count among {normals} normal images gives this precision")
    return Confusion(tp, fp, anomalies - tp, normals - fp)


def _only_integer(low: float, high: float) -> int | None:
    """The integer in low..high, if there is exactly one."""
    first = ceil(low)
    return first if first == floor(high) else None


# Ranking


def roc_auc(anomalous: Sequence[float], normal: Sequence[float]) -> Value:
    """Area under the ROC curve: the chance that an anomalous image outscores a normal one.

    Pairs in order / all pairs, a tie counting one half; 0.5 is chance. The arguments are the
    scores of each *true* class, in any order. Undefined when either class is empty.
    """
    if not anomalous:
        return NO_ANOMALOUS
    if not normal:
        return NO_NORMAL
    ranked = sorted(normal)
    # Below counts in both terms and equal in one: twice the pairs won, in exact integers.
    doubled = sum(bisect_left(ranked, s) + bisect_right(ranked, s) for s in anomalous)
    return doubled / (2 * len(anomalous) * len(normal))


def average_precision(anomalous: Sequence[float], normal: Sequence[float]) -> Value:
    """Step-wise area under precision over recall: sum of (R_k - R_(k-1)) P_k, not interpolated.

    k runs over the distinct scores, descending, so tied images enter together. Chance is the share
    of anomalies. Undefined when no image is anomalous; 1 when none is normal.
    """
    if not anomalous:
        return NO_ANOMALOUS
    steps = []
    found = 0
    for _, tp, fp in _operating_points(anomalous, normal):
        steps.append((tp - found) * tp / (tp + fp))
        found = tp
    return fsum(steps) / len(anomalous)


def threshold_sweep(
    anomalous: Sequence[float], normal: Sequence[float]
) -> list[tuple[float, Confusion]]:
    """(threshold, counts) for every distinct score, thresholds descending, so recall never falls.

    Each row is `at_threshold` there; the last one flags every image. Empty without images.
    """
    return [
        (threshold, Confusion(tp, fp, len(anomalous) - tp, len(normal) - fp))
        for threshold, tp, fp in _operating_points(anomalous, normal)
    ]


def at_threshold(
    anomalous: Sequence[float], normal: Sequence[float], threshold: float
) -> Confusion:
    """The counts when every image with score >= threshold is predicted anomalous."""
    tp = sum(score >= threshold for score in anomalous)
    fp = sum(score >= threshold for score in normal)
    return Confusion(tp, fp, len(anomalous) - tp, len(normal) - fp)


def _operating_points(
    anomalous: Sequence[float], normal: Sequence[float]
) -> Iterator[tuple[float, int, int]]:
    """(threshold, TP, FP) at every distinct score, descending."""
    anomalous_at, normal_at = Counter(anomalous), Counter(normal)
    tp = fp = 0
    for threshold in sorted({*anomalous, *normal}, reverse=True):
        tp += anomalous_at.get(threshold, 0)
        fp += normal_at.get(threshold, 0)
        yield threshold, tp, fp


# From confidence to score


def anomaly_score(predicted_anomaly: bool, confidence: float) -> float:
    """The anomaly score behind a prediction, 0 to 1: confidence, or 1 - confidence if normal.

    `confidence` belongs to the predicted class. Whether a model follows this rule is for
    `separability` to say.
    """
    # Rounding undoes subtraction noise, so 1 - 0.9 ties with 0.1 as it should.
    return round(confidence if predicted_anomaly else 1 - confidence, 12)


@dataclass(frozen=True, slots=True)
class Separability:
    """Do scores and predictions agree with one threshold? See `separability`."""

    rule_holds: bool
    max_normal_score: float | None  # None: nothing is predicted normal
    min_anomaly_score: float | None  # None: nothing is predicted anomalous


def separability(
    predicted_anomaly_scores: Sequence[float], predicted_normal_scores: Sequence[float]
) -> Separability:
    """Check the rule of `anomaly_score`: predicted anomalies score >= all predicted normals.

    If it holds, the model's threshold lies in (max_normal_score, min_anomaly_score]; the two are
    equal only where rounding hides the gap. If it fails, the scores are not what the model decided
    on: analyse nothing by score. With one side empty it holds trivially: no evidence for the rule,
    and the threshold is bounded on one side only.
    """
    highest = max(predicted_normal_scores, default=None)
    lowest = min(predicted_anomaly_scores, default=None)
    return Separability(highest is None or lowest is None or highest <= lowest, highest, lowest)


# On the line: what the rates mean at a real defect rate


def expected_precision(recall: float, false_alarm_rate: float, defect_rate: float) -> Value:
    """R d / (R d + FPR (1 - d)): share of the line's rejects that are defective.

    Test sets are rich in defects; d is the share of defective parts on the line. Undefined when
    nothing would be rejected.
    """
    caught = recall * defect_rate
    rejected = caught + false_alarm_rate * (1 - defect_rate)
    return caught / rejected if rejected else Undefined("no part would be rejected")


def escapes_per_million(recall: float, defect_rate: float) -> float:
    """d (1 - R) 10^6: defective parts passed as good, per million parts inspected."""
    return defect_rate * (1 - recall) * 1e6


def false_rejects_per_million(false_alarm_rate: float, defect_rate: float) -> float:
    """(1 - d) FPR 10^6: good parts rejected, per million parts inspected."""
    return (1 - defect_rate) * false_alarm_rate * 1e6


# How sure can a small test set be?

_Z = NormalDist().inv_cdf(0.975)  # two-sided 95 %


def wilson_interval(successes: int, trials: int) -> Interval | Undefined:
    """Wilson score interval, 95 %, for the probability behind `successes` of `trials`.

    (k + z^2/2 -+ z sqrt(k (n - k) / n + z^2/4)) / (n + z^2). Starts at exactly 0 when k = 0, ends
    at exactly 1 when k = n. Undefined without trials; ValueError unless 0 <= k <= n.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    if trials == 0:
        return Undefined("there is no image to estimate it from")
    failures = trials - successes
    centre = successes + _Z**2 / 2
    reach = _Z * sqrt(successes * failures / trials + _Z**2 / 4)
    return Interval(
        low=(centre - reach) / (trials + _Z**2) if successes else 0.0,
        high=(centre + reach) / (trials + _Z**2) if failures else 1.0,
    )


def intervals_overlap(a: Interval, b: Interval) -> bool:
    """Whether the intervals share a point, touching ends included.

    Disjoint intervals speak for a difference; overlapping ones do not rule it out.
    """
    return a.low <= b.high and b.low <= a.high


def mcnemar_exact(only_first_right: int, only_second_right: int) -> float:
    """Exact two-sided p-value of McNemar's test: do two models differ on the same images?

    The arguments count the discordant images, those one model alone gets right. Under "no
    difference" each falls either way with chance 1/2: p = min(1, 2 P(X <= min)), with X binomial
    (n, 1/2). 1 without a discordant image; never 0, at least the smallest positive float.
    """
    n = only_first_right + only_second_right
    # Exact integers throughout: neither 2^n nor a binomial coefficient need fit into a float.
    tail = coefficient = 1
    for i in range(min(only_first_right, only_second_right)):
        coefficient = coefficient * (n - i) // (i + 1)
        tail += coefficient
    return min(1.0, max(2 * tail / (1 << n), ulp(0.0)))

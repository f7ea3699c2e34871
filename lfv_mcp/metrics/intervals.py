"""Confidence intervals: how sure a figure measured on few test images can be.

Every interval is two-sided and, unless a `z` says otherwise, of 95 % confidence. It holds if the
test images are independent and drawn like the parts of the line; it covers sampling error only.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, sqrt
from statistics import NormalDist
from typing import Final

from lfv_mcp.metrics.counts import NO_ANOMALOUS, Confusion, Interval, Undefined

Z95: Final = NormalDist().inv_cdf(0.975)
"""Standard errors on either side of a two-sided 95 % interval."""
_NO_IMAGE: Final = Undefined("there is no image to estimate it from")


def wilson_interval(successes: int, trials: int, z: float = Z95) -> Interval | Undefined:
    """Wilson score interval for the probability behind `successes` of `trials`.

    (k + z^2/2 -+ z sqrt(k (n - k) / n + z^2/4)) / (n + z^2). Starts at exactly 0 when k = 0, ends
    at exactly 1 when k = n. Undefined without trials.

    Raises:
        ValueError: unless 0 <= successes <= trials.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    if trials == 0:
        return _NO_IMAGE
    failures = trials - successes
    centre = successes + z**2 / 2
    reach = z * sqrt(successes * failures / trials + z**2 / 4)
    return Interval(
        low=(centre - reach) / (trials + z**2) if successes else 0.0,
        high=(centre + reach) / (trials + z**2) if failures else 1.0,
    )


def f1_interval(c: Confusion) -> Interval | Undefined:
    """Interval of F1 = 2 J / (1 + J), of which J = TP / (TP + FP + FN) is a proportion: Wilson's.

    Undefined when no image is anomalous.
    """
    if not c.true_positives + c.false_negatives:
        return NO_ANOMALOUS
    involved = c.true_positives + c.false_positives + c.false_negatives
    jaccard = wilson_interval(c.true_positives, involved)
    if isinstance(jaccard, Undefined):
        return jaccard
    return Interval(*(2 * j / (1 + j) for j in (jaccard.low, jaccard.high)))


def roc_auc_interval(auc: float, anomalous: int, normal: int) -> Interval | Undefined:
    """Interval of a ROC AUC over so many images of each class: Newcombe's method 5 (2006).

    The limits t solve |auc - t| = z sqrt(V(t)), with V(t) = t (1 - t) [1 + N (1 - t) / (2 - t) +
    N t / (1 + t)] / (m n) and N = (m + n) / 2 - 1, so that an AUC of 1 has an interval too.
    Undefined when either class is empty.
    """
    if not anomalous or not normal:
        return _NO_IMAGE
    weight = (anomalous + normal) / 2 - 1

    def distance(t: float) -> float:
        """How far t lies from the AUC, in standard errors at t, squared; less the limit's."""
        variance = t * (1 - t) * (1 + weight * (1 - t) / (2 - t) + weight * t / (1 + t))
        return (auc - t) ** 2 * anomalous * normal - Z95**2 * variance

    low = _root(distance, 0.0, auc) if auc > 0 else 0.0
    high = _root(distance, 1.0, auc) if auc < 1 else 1.0
    return Interval(low, high)


def average_precision_interval(value: float, anomalous: int) -> Interval | Undefined:
    """Interval of an average precision over so many anomalous images: on the logit scale.

    logit(AP) -+ z / sqrt(n AP (1 - AP)) (Boyd, Eng and Page 2013). Undefined at 0 and 1, where
    the method has none.
    """
    if not anomalous:
        return NO_ANOMALOUS
    if not 0 < value < 1:
        return Undefined("no method gives an interval where every anomalous image ranks alike")
    reach = Z95 / sqrt(anomalous * value * (1 - value))
    middle = log(value / (1 - value))
    return Interval(*(1 / (1 + exp(-(middle + side * reach))) for side in (-1, 1)))


def newcombe_difference(first: tuple[int, int], second: tuple[int, int]) -> Interval | Undefined:
    """Interval of p2 - p1 for two shares of *different* images: Newcombe's method 10 (1998).

    Args:
        first: successes and trials of the share p1.
        second: those of p2.

    Undefined without trials on either side.
    """
    before, after = wilson_interval(*first), wilson_interval(*second)
    if isinstance(before, Undefined) or isinstance(after, Undefined):
        return _NO_IMAGE
    p1, p2 = first[0] / first[1], second[0] / second[1]
    return Interval(
        low=p2 - p1 - sqrt((p2 - after.low) ** 2 + (before.high - p1) ** 2),
        high=p2 - p1 + sqrt((after.high - p2) ** 2 + (p1 - before.low) ** 2),
    )


def _root(function: Callable[[float], float], positive: float, negative: float) -> float:
    """The point between two at which the function, positive at one and not at the other, is 0."""
    for _ in range(80):  # past the last bit of a float
        middle = (positive + negative) / 2
        if function(middle) > 0:
            positive = middle
        else:
            negative = middle
    return (positive + negative) / 2

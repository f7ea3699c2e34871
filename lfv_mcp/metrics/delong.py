"""DeLong's test: whether two models rank the same images differently well."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, fsum, sqrt

from lfv_mcp.metrics.counts import NO_ANOMALOUS, NO_NORMAL, Interval, Undefined
from lfv_mcp.metrics.intervals import Z95


@dataclass(frozen=True, slots=True)
class AucDifference:
    """The candidate's ROC AUC minus the baseline's, with its 95 % interval and p-value."""

    difference: float
    interval: Interval
    p_value: float


def delong_difference(
    baseline: tuple[Sequence[float], Sequence[float]],
    candidate: tuple[Sequence[float], Sequence[float]],
) -> AucDifference | Undefined:
    """Paired comparison of two ROC AUCs (DeLong, DeLong and Clarke-Pearson 1988).

    Args:
        baseline: scores of the anomalous and of the normal images.
        candidate: the other model's scores of the same images, in the same order.

    Undefined when either class has fewer than two images, and when the two rank every image
    alike, for then nothing varies.
    """
    if len(baseline[0]) < 2:
        return NO_ANOMALOUS if not baseline[0] else _TOO_FEW
    if len(baseline[1]) < 2:
        return NO_NORMAL if not baseline[1] else _TOO_FEW
    anomalous = _differences(*(_shares_below(a, n) for a, n in (baseline, candidate)))
    normal = _differences(*(_shares_above(n, a) for a, n in (baseline, candidate)))
    difference = fsum(anomalous) / len(anomalous)
    error = sqrt(_variance(anomalous) / len(anomalous) + _variance(normal) / len(normal))
    if error == 0:
        return Undefined("both models rank the images alike")
    return AucDifference(
        difference,
        Interval(difference - Z95 * error, difference + Z95 * error),
        erfc(abs(difference) / error / sqrt(2)),
    )


_TOO_FEW = Undefined("a class has one image only, which does not show how scores vary")


def _shares_below(scores: Sequence[float], others: Sequence[float]) -> list[float]:
    """Of each score the share of the others that it exceeds, a tie counting one half."""
    ranked = sorted(others)
    doubled = 2 * len(ranked)
    return [(bisect_left(ranked, s) + bisect_right(ranked, s)) / doubled for s in scores]


def _shares_above(scores: Sequence[float], others: Sequence[float]) -> list[float]:
    return [1 - share for share in _shares_below(scores, others)]


def _differences(baseline: Sequence[float], candidate: Sequence[float]) -> list[float]:
    return [after - before for before, after in zip(baseline, candidate, strict=True)]


def _variance(values: Sequence[float]) -> float:
    mean = fsum(values) / len(values)
    return fsum((value - mean) ** 2 for value in values) / (len(values) - 1)

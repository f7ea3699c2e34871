"""Confidence intervals: how sure a share measured on few test images can be."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

from lfv_mcp.metrics.counts import Interval, Undefined

_Z = NormalDist().inv_cdf(0.975)  # two-sided 95 %


def wilson_interval(successes: int, trials: int) -> Interval | Undefined:
    """Wilson score interval, 95 %, for the probability behind `successes` of `trials`.

    (k + z^2/2 -+ z sqrt(k (n - k) / n + z^2/4)) / (n + z^2). Starts at exactly 0 when k = 0, ends
    at exactly 1 when k = n. Undefined without trials.

    Raises:
        ValueError: unless 0 <= successes <= trials.
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

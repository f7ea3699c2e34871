"""Non-inferiority: how much worse a replacement may be, and what so many images show of it.

A margin is a share of images, above 0. A replacement is *not worse* by more than a margin if the
lower end of the interval of its difference lies above minus that margin.
"""

from __future__ import annotations

from math import ceil, floor, inf, log10, sqrt
from statistics import NormalDist
from typing import Final

from lfv_mcp.metrics.counts import Interval, Undefined
from lfv_mcp.metrics.intervals import Z95, wilson_interval
from lfv_mcp.metrics.paired import discordant_share

MAX_DEFAULT_MARGIN: Final = 0.05
"""The margin of a question for which nobody named one, at most."""
_MOST_IMAGES: Final = 10**15
"""Images beyond which a number says no more, and JSON no whole number; margins may be tiny."""
_Z_POWER: Final = NormalDist().inv_cdf(0.8)
"""Of the power with which a sample size finds what is there: 80 %."""


def decision_z(candidates: int) -> float:
    """Standard errors of the interval that accepts one of so many candidates for a baseline.

    The normal quantile at 1 - 0.025/k: all acceptances of one comparison together err in 2.5 %.
    """
    return NormalDist().inv_cdf(1 - 0.025 / candidates)


def default_margin(errors: int, images: int) -> float | Undefined:
    """The margin where nobody named one, by the baseline's errors on its whole test set.

    min(0.05, the upper Wilson end for one error more, rounded up to two significant digits): a
    baseline that hardly errs may not be replaced by one that errs ten times as often. Undefined
    without images.
    """
    interval = wilson_interval(min(errors + 1, images), images)
    if isinstance(interval, Undefined):
        return interval
    return min(MAX_DEFAULT_MARGIN, _rounded_up(interval.high))


def smallest_margin_shown(decision: Interval) -> float:
    """The smallest margin by which the candidate is shown not to be worse: six decimals.

    Args:
        decision: the interval of the difference at `decision_z`.
    """
    return round(max(0.0, -decision.low), 6)


def images_needed(
    only_baseline_right: int,
    only_candidate_right: int,
    images: int,
    margin: float,
    z: float = Z95,
    *,
    is_worse: bool = False,
) -> int | None:
    """Further images of a class until a loss within the margin is shown to be no larger.

    With 80 % chance, if the two models are in truth equal; or if so many are there already, or
    the candidate is proven worse, if the difference is in truth as measured. Nam's sample size
    (1997) at the share of discordant images (n10 + n01 + 1) / (n + 2). Two significant digits from
    100 on. None without images, for nothing then tells how often the two differ, and where the
    estimate itself lies beyond the margin and equal models are ruled out or had images enough.
    """
    if images == 0:
        return None
    share = (only_baseline_right + only_candidate_right + 1) / (images + 2)
    needed = nam_sample_size(share, 0.0, margin, z)
    if is_worse or needed <= images:
        difference = min(0.0, (only_candidate_right - only_baseline_right) / images)
        if difference <= -margin:
            return None
        needed = nam_sample_size(share, difference, margin, z)
    return rounded_count(max(0, ceil(min(needed, _MOST_IMAGES)) - images))


def rounded_count(count: int) -> int:
    """A number of images as it is said: exact below 100, else two significant digits.

    `43` → 43, `389` → 390, `1249` → 1200
    """
    if count < 100:
        return count
    unit = int(10 ** (len(str(count)) - 2))
    return (count + unit // 2) // unit * unit


def nam_sample_size(share: float, difference: float, margin: float, z: float) -> float:
    """Images at which the score test finds a difference to lie above -margin, with 80 % power.

    Args:
        share: of images that one model alone judges right.
        difference: the true one.
        margin: the largest loss that is tolerated.
        z: of the test.
    """
    if margin + difference <= 0:
        return inf
    lost, won = (share - difference) / 2, (share + difference) / 2
    at_margin = discordant_share(lost, won, 1.0, -margin)
    variance_at_margin = 2 * at_margin - margin * (1 + margin)
    variance = share - difference * difference
    reach = z * sqrt(max(0.0, variance_at_margin)) + _Z_POWER * sqrt(max(0.0, variance))
    ratio = reach / (margin + difference)
    return ratio * ratio


def _rounded_up(value: float) -> float:
    """A number of 0 to 1, rounded up to two significant digits."""
    digits = 1 - floor(log10(value))
    scale = 10.0**digits
    return round(ceil(round(value * scale, 9)) / scale, digits)

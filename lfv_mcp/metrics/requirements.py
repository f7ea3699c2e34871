"""Whether a test set shows that a rate meets a requirement, and how many images that would take."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist
from typing import Final, Literal

from lfv_mcp.metrics.counts import Interval, Undefined
from lfv_mcp.metrics.intervals import Z95, wilson_interval

Shown = Literal["shown", "not_shown", "refuted"]
_Z_POWER: Final = NormalDist().inv_cdf(0.8)
_MOST_IMAGES: Final = 1 << 40
"""Where the search for a number of images ends; a requirement of 0 errors is never shown."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a test set says of an error rate that may be so large at most.

    Args:
        verdict: `shown` if the worse end of the interval meets it, `refuted` if the better end
            misses it.
        interval: of the error rate, 95 %.
        images_needed: further images of the class, all without an error, until it is shown; None
            if it is shown or no number would do.
        images_needed_as_measured: further images until it is shown with 80 % chance if the rate is
            in truth as measured; None if it is shown, or the measured rate itself misses it.
    """

    verdict: Shown
    interval: Interval
    images_needed: int | None
    images_needed_as_measured: int | None


def error_requirement(errors: int, images: int, at_most: float) -> Requirement | Undefined:
    """Whether so many errors show that the error rate is at most so large.

    A recall of at least r is an escape rate of at most 1 - r. Undefined without images.
    """
    interval = wilson_interval(errors, images)
    if isinstance(interval, Undefined):
        return interval
    if interval.high <= at_most:
        return Requirement("shown", interval, None, None)
    verdict: Shown = "refuted" if interval.low > at_most else "not_shown"
    return Requirement(
        verdict,
        interval,
        _more_without_errors(errors, images, at_most),
        _more_as_measured(errors, images, at_most),
    )


def _more_without_errors(errors: int, images: int, at_most: float) -> int | None:
    def shows(total: int) -> bool:
        interval = wilson_interval(errors, total)
        return isinstance(interval, Interval) and interval.high <= at_most

    enough = images
    while not shows(enough):
        enough *= 2
        if enough > _MOST_IMAGES:
            return None
    short = enough // 2
    while enough - short > 1:
        middle = (enough + short) // 2
        if shows(middle):
            enough = middle
        else:
            short = middle
    return enough - images


def _more_as_measured(errors: int, images: int, at_most: float) -> int | None:
    rate = errors / images
    if rate >= at_most:
        return None
    reach = Z95 * sqrt(at_most * (1 - at_most)) + _Z_POWER * sqrt(rate * (1 - rate))
    return max(0, ceil((reach / (at_most - rate)) ** 2) - images)

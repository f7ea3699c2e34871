"""Two models judged on the same images: what differs, how sure that is, and how much it can be.

Counts are of *discordant* images, those that one model alone judges right. The baseline is the
model in use, the candidate the one that may replace it; a difference is the candidate's share of
images judged right minus the baseline's, so a positive one speaks for the candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt, ulp
from typing import Final

from lfv_mcp.metrics.counts import Interval, Undefined
from lfv_mcp.metrics.intervals import Z95

_NO_IMAGE: Final = Undefined("there is no image that both models judged")


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


def mcnemar_mid_p(only_baseline_right: int, only_candidate_right: int) -> float:
    """Two-sided mid-p value of McNemar's test: do two models differ on the same images?

    Under "no difference" each discordant image falls either way with chance 1/2. With X binomial
    (n, 1/2) and b the smaller count, p = min(1, 2 P(X <= b) - P(X = b)); 1 without a discordant
    image; never 0, at least the smallest positive float. The exact test counts P(X = b) whole, and
    so finds less than its 5 % allow.
    """
    n = only_baseline_right + only_candidate_right
    if n == 0:
        return 1.0
    # Exact integers throughout: neither 2^n nor a binomial coefficient need fit into a float.
    tail = coefficient = 1
    for i in range(min(only_baseline_right, only_candidate_right)):
        coefficient = coefficient * (n - i) // (i + 1)
        tail += coefficient
    return min(1.0, max((2 * tail - coefficient) / (1 << n), ulp(0.0)))


def holm_adjusted(p_values: Sequence[float]) -> list[float]:
    """p-values of one family, each made so much larger that all of them together err in 5 %.

    Holm's step-down correction: the smallest is multiplied by their number, the next by one less,
    and none is smaller than the one before it. In the order given.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, place in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = running
    return adjusted


def tango_interval(
    only_baseline_right: int, only_candidate_right: int, images: int, z: float = Z95
) -> Interval | Undefined:
    """Score interval of a difference on the same images (Tango 1998).

    The limits are where the score statistic of `only_candidate_right - only_baseline_right`,
    with the nuisance parameter estimated under that difference, is z. It exists without any
    discordant image too. Undefined without images.

    Args:
        only_baseline_right: images that the baseline alone judges right.
        only_candidate_right: images that the candidate alone judges right.
        images: all images that both judged, those included.
        z: standard errors on either side.
    """
    if images == 0:
        return _NO_IMAGE
    lost, won, n = only_baseline_right, only_candidate_right, images

    def score(difference: float) -> float:
        discordant = discordant_share(lost, won, n, difference)
        variance = n * (2 * discordant + difference * (1 - difference))
        numerator = won - lost - n * difference
        if variance <= 0:
            return 0.0 if abs(numerator) < 1e-12 else numerator * float("inf")
        return numerator / sqrt(variance)

    def limit(target: float, outside: float) -> float:
        # The score falls as the difference grows: bisect between the estimate and the end.
        inside = (won - lost) / n
        for _ in range(80):  # past the last bit of a float
            middle = (inside + outside) / 2
            if abs(score(middle)) < abs(target):
                inside = middle
            else:
                outside = middle
        return (inside + outside) / 2

    return Interval(
        low=-1.0 if lost == n else limit(z, -1.0),
        high=1.0 if won == n else limit(-z, 1.0),
    )


def discordant_share(lost: float, won: float, n: float, difference: float) -> float:
    """The share of images that the baseline alone judges right, most likely under a difference."""
    a = 2 * n
    b = -won - lost + (2 * n - won + lost) * difference
    c = -lost * difference * (1 - difference)
    return (sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)

"""What a cut costs on the line: a price for each escape and for each good part rejected.

Costs are per part inspected, in the unit of the two prices. Intervals are MOVER's (Zou and Donner
2008): the distances to Wilson's ends of both rates, each times its price, added as squares.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

from lfv_mcp.metrics.counts import NO_ANOMALOUS, NO_NORMAL, Confusion, Interval, Undefined
from lfv_mcp.metrics.intervals import wilson_interval


@dataclass(frozen=True, slots=True)
class Prices:
    """What is paid, and how often a part is defective.

    Args:
        escape: for a defective part that is passed as good.
        false_reject: for a good part that is rejected.
        defect_rate: share of the line's parts that are defective, 0 to 1.
    """

    escape: float
    false_reject: float
    defect_rate: float

    @property
    def reject_nothing(self) -> float:
        """Cost per part without any inspection: every defective part escapes."""
        return self.defect_rate * self.escape

    @property
    def reject_everything(self) -> float:
        """Cost per part if every part is rejected."""
        return (1 - self.defect_rate) * self.false_reject


@dataclass(frozen=True, slots=True)
class Cost:
    """A cost per part, or the difference of two, with its 95 % interval."""

    value: float
    interval: Interval


def cost_per_part(c: Confusion, prices: Prices) -> Cost | Undefined:
    """d Ce FN/A + (1 - d) Cf FP/N. Undefined when either class has no image."""
    return _weighted_sum(
        (prices.reject_nothing, c.false_negatives, c.true_positives + c.false_negatives),
        (prices.reject_everything, c.false_positives, c.false_positives + c.true_negatives),
    )


def cost_difference(cut: Confusion, other: Confusion, prices: Prices) -> Cost | Undefined:
    """The cost of one cut minus that of another, over the same images and scores.

    Only the images between the two cuts differ, and that is what the interval rests on: between
    them lie u defects and v good parts, d Ce u/A - (1 - d) Cf v/N if `cut` is the higher one. If
    no image lies between them, the counts do not tell which one is higher: the interval then holds
    for either order. Undefined when either class has no image.

    Raises:
        ValueError: if one of the two cuts both misses more defects and rejects more good parts.
    """
    missed_more = cut.false_negatives - other.false_negatives
    alarms_more = cut.false_positives - other.false_positives
    if missed_more * alarms_more > 0:
        raise ValueError(f"{cut} and {other} are no two cuts of the same scores")
    # The sign of a term is that of the cut's direction: also a term of 0 has its uncertainty there.
    sign = 1 if missed_more > 0 or alarms_more < 0 else -1
    defects = cut.true_positives + cut.false_negatives
    good = cut.false_positives + cut.true_negatives
    found = _weighted_sum(
        (sign * prices.reject_nothing, abs(missed_more), defects),
        (-sign * prices.reject_everything, abs(alarms_more), good),
    )
    if isinstance(found, Cost) and not missed_more and not alarms_more:
        reach = max(found.interval.high, -found.interval.low)
        return Cost(0.0, Interval(-reach, reach))
    return found


def _weighted_sum(
    defects: tuple[float, int, int], good: tuple[float, int, int]
) -> Cost | Undefined:
    """The sum of two rates, each (weight, count, images of its class), with MOVER's interval."""
    total = below = above = 0.0
    for (weight, count, images), missing in ((defects, NO_ANOMALOUS), (good, NO_NORMAL)):
        interval = wilson_interval(count, images)
        if isinstance(interval, Undefined):
            return missing
        rate = count / images
        ends = sorted((weight * interval.low, weight * interval.high))
        total += weight * rate
        # hypot, for the square of a price of 10^200 is no float.
        below = hypot(below, weight * rate - ends[0])
        above = hypot(above, ends[1] - weight * rate)
    return Cost(total, Interval(total - below, total + above))

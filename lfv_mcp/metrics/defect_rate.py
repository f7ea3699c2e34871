"""What a model's rates mean on a production line with a known share of defective parts."""

from __future__ import annotations

from math import inf, sqrt

from lfv_mcp.metrics.counts import Confusion, Interval, Undefined, Value
from lfv_mcp.metrics.intervals import wilson_interval


def expected_precision(recall: float, false_alarm_rate: float, defect_rate: float) -> Value:
    """R d / (R d + FPR (1 - d)): share of the line's rejects that are defective.

    Test sets are rich in defects; d is the share of defective parts on the line. Undefined when
    nothing would be rejected.
    """
    caught = recall * defect_rate
    rejected = caught + false_alarm_rate * (1 - defect_rate)
    return caught / rejected if rejected else Undefined("no part would be rejected")


def expected_precision_interval(c: Confusion, defect_rate: float) -> Interval | Undefined:
    """95 % interval of `expected_precision`: d LR / (d LR + 1 - d), LR = recall / FPR.

    The interval of the ratio is MOVER-R with Wilson's ends (Donner and Zou 2012), which exists
    without any false alarm. Undefined when either class has no image.
    """
    defects = c.true_positives + c.false_negatives
    good = c.false_positives + c.true_negatives
    caught, alarms = (
        wilson_interval(c.true_positives, defects),
        wilson_interval(c.false_positives, good),
    )
    if isinstance(caught, Undefined) or isinstance(alarms, Undefined):
        return Undefined("both classes need test images")
    ratio = _ratio_interval(c.true_positives / defects, caught, c.false_positives / good, alarms)

    def precision(likelihood_ratio: float) -> float:
        for_defects = defect_rate * likelihood_ratio if defect_rate else 0.0  # 0 x infinity
        return 1 / (1 + (1 - defect_rate) / for_defects) if for_defects else 0.0

    return Interval(precision(ratio.low), precision(ratio.high))


def _ratio_interval(p1: float, first: Interval, p2: float, second: Interval) -> Interval:
    """MOVER-R: the interval of p1 / p2 from those of p1 and p2; its upper end may be infinite."""
    product = p1 * p2
    lowest = first.low * (2 * p1 - first.low)
    highest = first.high * (2 * p1 - first.high)
    root = sqrt(max(0.0, product**2 - lowest * second.high * (2 * p2 - second.high)))
    # Multiplied out, so that it holds where 2 p2 is the upper end of p2's interval.
    low = lowest / (product + root) if lowest > 0 else 0.0
    below = second.low * (2 * p2 - second.low)
    if below <= 0:
        return Interval(low, inf)
    root = sqrt(max(0.0, product**2 - highest * below))
    return Interval(low, (product + root) / below)


def escapes_per_million(recall: float, defect_rate: float) -> float:
    """d (1 - R) 10^6: defective parts passed as good, per million parts inspected."""
    return defect_rate * (1 - recall) * 1e6


def false_rejects_per_million(false_alarm_rate: float, defect_rate: float) -> float:
    """(1 - d) FPR 10^6: good parts rejected, per million parts inspected."""
    return (1 - defect_rate) * false_alarm_rate * 1e6

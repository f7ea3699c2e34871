"""What cuts cost on a line: the cheapest of all, the model's own, and no cut at all.

The cheapest is looked for among every way to divide the test images by score, and so is the best of
many on these very images: its cost is too low by `CHOSEN_TOO_LOW`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from lfv_mcp.analysis.recount import defects_and_good_parts, metric_of
from lfv_mcp.analysis.thresholds import Cut, Scores
from lfv_mcp.metrics import (
    Confusion,
    Cost,
    Interval,
    Prices,
    Undefined,
    cost_difference,
    cost_per_part,
)
from lfv_mcp.results.evaluation_report import (
    CutRange,
    LineCost,
    Metric,
    OperatingRange,
    PricedBuiltIn,
    PricedCut,
    PricedPolicy,
)

CHOSEN_TOO_LOW: Final = (10, 25)
"""By how many percent the cost of a cut that was chosen on the same images is too low."""


def line_cost(
    built_in: Confusion,
    scores: Scores | None,
    cuts: Sequence[Cut],
    prices: Prices,
    asked: float | None,
) -> LineCost:
    """What cuts cost at these prices.

    Args:
        built_in: the counts of the model's own verdicts.
        scores: those behind the verdicts; None if there are none that explain them, and then three
            policies only can be priced.
        cuts: every cut of the scores.
        prices: of the line.
        asked: a cut to price too.
    """
    defects, good = defects_and_good_parts(built_in)
    nothing = Confusion(0, 0, defects, good)
    everything = Confusion(defects, good, 0, 0)
    priced = LineCost(
        cost_of_escape=prices.escape,
        cost_of_false_reject=prices.false_reject,
        built_in=PricedBuiltIn(
            **asdict(built_in), cost_per_part=_cost(built_in, prices), threshold=None
        ),
        # What every part costs alike needs no test: its interval is the price itself.
        reject_nothing=PricedPolicy(**asdict(nothing), cost_per_part=_exact(prices.reject_nothing)),
        reject_everything=PricedPolicy(
            **asdict(everything), cost_per_part=_exact(prices.reject_everything)
        ),
    )
    priced = priced.model_copy(update={"saved_per_million": _saved(built_in, prices)})
    if scores is None or not defects or not good:
        return priced
    rule = scores.rule
    cheapest = cheapest_cut(cuts, prices, built_in)
    difference = _difference(cheapest.counts, built_in, prices)
    return priced.model_copy(
        update={
            "cheapest": _priced(cheapest, prices),
            "built_in": priced.built_in.model_copy(
                update={
                    "threshold": OperatingRange(
                        max_normal_score=rule.max_normal_score,
                        min_anomaly_score=rule.min_anomaly_score,
                    )
                }
            ),
            "difference": metric_of(difference.value, difference.interval),
            "difference_per_million": difference.value * 1e6,
            "decided": not _holds_zero(difference),
            "indistinguishable": _indistinguishable(cheapest, cuts, prices),
            "at": None if asked is None else _priced(_cut_at(asked, scores, cuts), prices),
        }
    )


def is_own_cheapest(cost: LineCost) -> bool:
    """Whether no cut is cheaper on these images than the one that the model has."""
    return cost.difference is not None and (cost.difference.value or 0.0) >= 0


def cheapest_cut(cuts: Sequence[Cut], prices: Prices, built_in: Confusion) -> Cut:
    """The cut that costs least on these images; of equal ones the model's own, else that with the
    fewest errors.

    Args:
        cuts: every cut of the scores.
        prices: of the line.
        built_in: the counts of the model's own cut; nobody sets another that saves nothing.
    """

    def order(cut: Cut) -> tuple[float, bool, int, int]:
        counts = cut.counts
        cost = cost_per_part(counts, prices)
        value = cost.value if isinstance(cost, Cost) else 0.0
        # Twelve digits: sums in another order must not decide between equal costs.
        errors = counts.false_negatives + counts.false_positives
        return float(f"{value:.12g}"), counts != built_in, errors, counts.false_negatives

    return min(cuts, key=order)


def _indistinguishable(cheapest: Cut, cuts: Sequence[Cut], prices: Prices) -> CutRange:
    """The range of all cuts that are not shown to cost more than the cheapest one.

    Within it some may be shown to; outside of it all are. An absent `high` has no bound: to reject
    nothing is among them.
    """
    alike = [cut for cut in cuts if _holds_zero(_difference(cut.counts, cheapest.counts, prices))]
    thresholds = [cut.threshold for cut in alike if cut.threshold is not None]
    return CutRange(
        low=min(thresholds, default=None),
        high=max(thresholds, default=None) if len(thresholds) == len(alike) else None,
    )


def _difference(cut: Confusion, other: Confusion, prices: Prices) -> Cost:
    """The cost of one cut minus another's; exactly 0 between a cut and itself.

    Asked only where both classes have images, so that there is one.
    """
    difference = cost_difference(cut, other, prices)
    if cut == other or isinstance(difference, Undefined):
        return Cost(0.0, Interval(0.0, 0.0))
    return difference


def _holds_zero(difference: Cost) -> bool:
    return difference.interval.low <= 0 <= difference.interval.high


def _cut_at(threshold: float, scores: Scores, cuts: Sequence[Cut]) -> Cut:
    """The cut as it was asked for; its gap is that of the cut which divides the images alike."""
    counts = scores.at(threshold)
    alike = next(cut for cut in cuts if cut.counts == counts)
    return Cut(threshold, alike.above, alike.counts)


def _priced(cut: Cut, prices: Prices) -> PricedCut:
    top = cut.threshold
    return PricedCut(
        **asdict(cut.counts),
        cost_per_part=_exact(prices.reject_nothing) if top is None else _cost(cut.counts, prices),
        threshold=top,
        gap=CutRange(low=cut.above, high=top).or_none(),
    )


def _cost(counts: Confusion, prices: Prices) -> Metric:
    cost = cost_per_part(counts, prices)
    if isinstance(cost, Undefined):
        return metric_of(cost, cost)
    return metric_of(cost.value, cost.interval)


def _saved(built_in: Confusion, prices: Prices) -> Metric | None:
    """What the model's own cut saves of a million parts against rejecting nothing."""
    cost = cost_per_part(built_in, prices)
    if isinstance(cost, Undefined):
        return None
    value, low, high = (
        1e6 * (prices.reject_nothing - each)
        for each in (cost.value, cost.interval.high, cost.interval.low)
    )
    return Metric(value=value, low=low, high=high)


def _exact(value: float) -> Metric:
    return Metric(value=value, low=value, high=value)

"""What cuts cost on a line, in words: one number to set, and what that saves per million parts."""

from __future__ import annotations

from collections.abc import Iterator

from lfv_mcp.analysis.line_cost import CHOSEN_TOO_LOW, is_own_cheapest
from lfv_mcp.analysis.recount import confusion_of
from lfv_mcp.figures import (
    count_of,
    estimate_with_interval,
    exact_score,
    number_between,
    plain_number,
    range_of_cuts,
    share_of_line,
    signed_estimate,
    two_digits,
)
from lfv_mcp.results.evaluation_report import LineCost, Metric, PricedCut


def cost_in_words(cost: LineCost, defect_rate: float) -> Iterator[str]:
    """The cheapest cut, the model's own, and no cut at all; and whether that is decided."""
    prices = (
        f"At {share_of_line(defect_rate)} defects, {plain_number(cost.cost_of_escape)} per escape "
        f"and {plain_number(cost.cost_of_false_reject)} per false reject"
    )
    built_in = cost.built_in.cost_per_part
    if built_in.value is None:
        yield f"{prices} {_policies(cost)}; the model as it is cannot be priced."
        return
    own = _estimate(built_in)
    if cost.cheapest is None:
        yield f"{prices} the model as it is costs {own} per part; {_policies(cost)}."
        yield from _saved(cost)
        return
    if is_own_cheapest(cost):
        yield f"{prices} no cut is cheaper on these images than the model's own: {own} per part."
        number = _number_to_set(cost.cheapest)
        if number and confusion_of(cost.cheapest) == confusion_of(cost.built_in):
            yield f"Set {number}: {_range_in_words(cost.cheapest)} judges these images alike."
    else:
        yield (
            f"{prices} the cheapest on these images is {cut_in_words(cost.cheapest)}: "
            f"{_cheapest_price(cost.cheapest)}; the model's own cut costs {own} per part."
        )
        if number := _number_to_set(cost.cheapest):
            yield f"To use it set {number}, a value in that range."
        yield from _difference(cost)
    if cost.at:
        yield f"The cut asked for costs {_estimate(cost.at.cost_per_part)} per part."
    else:
        yield from _saved(cost)
    told = _policies(cost)
    yield f"{told[0].upper()}{told[1:]}."


def _cheapest_price(cut: PricedCut) -> str:
    if cut.threshold is None:  # what needs no test is no estimate, and nothing flatters it
        return f"{two_digits(cut.cost_per_part.value or 0.0)} per part"
    low, high = CHOSEN_TOO_LOW
    return (
        f"{_estimate(cut.cost_per_part)} per part, which is {low} to {high} % too low because it "
        "was chosen here"
    )


def _policies(cost: LineCost) -> str:
    nothing = two_digits(cost.reject_nothing.cost_per_part.value or 0.0)
    everything = two_digits(cost.reject_everything.cost_per_part.value or 0.0)
    return f"to reject nothing costs {nothing} per part, to reject everything {everything} per part"


def _number_to_set(cut: PricedCut) -> str:
    """One number within the range of a cut, for a person who has to type one; empty for none."""
    if cut.threshold is None:
        return ""
    return exact_score(number_between(_above(cut), cut.threshold))


def _above(cut: PricedCut) -> float | None:
    """The lower end of the range of a cut; None if any lower cut is alike."""
    return cut.gap.low if cut.gap else None


def _difference(cost: LineCost) -> Iterator[str]:
    """What the cheapest cut saves, per part and per million parts."""
    if cost.difference is None:
        return
    decided = "proven" if cost.decided else "undecided"
    words = f"The difference, {_signed(cost.difference)} per part"
    if cost.difference_per_million is not None:
        words += f" or {signed_estimate(cost.difference_per_million)} per million parts"
    yield f"{words}, is {decided}."


def _saved(cost: LineCost) -> Iterator[str]:
    """What the model as it is saves against passing every part."""
    saved, own = cost.saved_per_million, cost.built_in
    if saved is None or saved.value is None or not (own.true_positives or own.false_positives):
        return  # its own cut may reject nothing
    low, high = (saved.value if end is None else end for end in (saved.low, saved.high))
    loss = ", so it costs more" if high < 0 else ""
    if low <= 0 <= high:
        loss = ", which is not shown to be a saving"
    yield (
        f"Against rejecting nothing the model's own cut saves {_estimate(saved)} per million "
        f"parts{loss}."
    )


def _range_in_words(cut: PricedCut) -> str:
    low, top = range_of_cuts(_above(cut), cut.threshold)
    return f"any value above {low}, up to {top}," if low else f"any value up to {top}"


def cut_in_words(cut: PricedCut) -> str:
    """A cut by the gap between scores in which it may lie, with its errors."""
    errors = f"({cut.false_negatives:,} missed, {count_of(cut.false_positives, 'alarm', 'alarms')})"
    if cut.threshold is None:
        return f"to reject nothing {errors}"
    low, top = range_of_cuts(_above(cut), cut.threshold)
    where = f"above {low}, up to {top}" if low else f"at or below {top}"
    return f"a cut {where} {errors}"


def _estimate(metric: Metric) -> str:
    return estimate_with_interval(metric.value or 0.0, metric.low, metric.high)


def _signed(metric: Metric) -> str:
    return (
        f"{signed_estimate(metric.value or 0.0)} ({signed_estimate(metric.low or 0.0)} to "
        f"{signed_estimate(metric.high or 0.0)})"
    )

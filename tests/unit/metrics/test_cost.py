"""What a cut costs, against worked figures and statsmodels' intervals."""

from __future__ import annotations

from math import hypot

from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from lfv_mcp.metrics import Confusion, Cost, Prices, Undefined, cost_difference, cost_per_part
from tests.support.scores import near, relaxed

counts = st.integers(0, 400)
tables = st.builds(Confusion, counts, counts, counts, counts)
prices = st.builds(Prices, st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 1))


def cost(found: Cost | Undefined) -> Cost:
    assert isinstance(found, Cost)
    return found


def test_worked_costs() -> None:
    paid = Prices(escape=10, false_reject=1, defect_rate=0.01)
    built_in, cheapest = Confusion(36, 6, 4, 74), Confusion(33, 4, 7, 76)
    assert paid.reject_nothing == near(0.1)
    assert paid.reject_everything == near(0.99)
    at_built_in, at_cheapest = (
        cost(cost_per_part(built_in, paid)),
        cost(cost_per_part(cheapest, paid)),
    )
    assert (at_cheapest.value, at_cheapest.interval.low, at_cheapest.interval.high) == (
        *(near(0.0670, 5e-5), near(0.0357, 5e-5), near(0.1394, 5e-5)),
    )
    assert (at_built_in.value, at_built_in.interval.low, at_built_in.interval.high) == (
        *(near(0.08425), near(0.0440, 5e-5), near(0.1637, 5e-5)),
    )
    between = cost(cost_difference(cheapest, built_in, paid))
    assert (between.value, between.interval.low, between.interval.high) == (
        *(near(-0.01725), near(-0.0785, 5e-5), near(0.0045, 5e-5)),
    )


def test_a_dear_escape() -> None:
    paid = Prices(escape=500, false_reject=1, defect_rate=0.01)
    built_in, nothing_missed = Confusion(43, 3, 2, 52), Confusion(45, 10, 0, 45)
    found = cost(cost_difference(nothing_missed, built_in, paid))
    assert found.value == near(-0.0962, 5e-5)
    assert (found.interval.low, found.interval.high) == (near(-0.619, 5e-4), near(0.100, 5e-4))


@given(tables, prices)
@relaxed
def test_the_interval_of_a_cost_is_movers(c: Confusion, paid: Prices) -> None:
    found = cost_per_part(c, paid)
    defects, good = c.true_positives + c.false_negatives, c.false_positives + c.true_negatives
    if not defects or not good:
        assert isinstance(found, Undefined)
        return
    missed = proportion_confint(c.false_negatives, defects, method="wilson")
    alarms = proportion_confint(c.false_positives, good, method="wilson")
    price = (paid.reject_nothing, paid.reject_everything)
    rates = (c.false_negatives / defects, c.false_positives / good)
    value = price[0] * rates[0] + price[1] * rates[1]
    below = hypot(price[0] * (rates[0] - missed[0]), price[1] * (rates[1] - alarms[0]))
    above = hypot(price[0] * (rates[0] - missed[1]), price[1] * (rates[1] - alarms[1]))
    assert cost(found).value == near(value, 1e-9)
    assert cost(found).interval.low == near(value - below, 1e-6)
    assert cost(found).interval.high == near(value + above, 1e-6)


@given(tables, st.integers(0, 50), st.integers(0, 50), prices)
@relaxed
def test_a_difference_is_that_of_the_costs_and_turns_its_sign(
    c: Confusion, missed: int, passed: int, paid: Prices
) -> None:
    missed, passed = min(missed, c.true_positives), min(passed, c.false_positives)
    higher = Confusion(
        c.true_positives - missed,
        c.false_positives - passed,
        c.false_negatives + missed,
        c.true_negatives + passed,
    )
    up, down = cost_difference(higher, c, paid), cost_difference(c, higher, paid)
    if isinstance(up, Undefined):
        assert up == down
        return
    parts = cost(cost_per_part(higher, paid)).value - cost(cost_per_part(c, paid)).value
    assert up.value == near(parts, 1e-6)
    if missed or passed:
        assert cost(down).interval.low == near(-up.interval.high, 1e-6)
        assert cost(down).interval.high == near(-up.interval.low, 1e-6)
    assert up.interval.low - 1e-9 <= up.value <= up.interval.high + 1e-9

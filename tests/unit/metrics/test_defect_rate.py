"""What rates mean on a production line, worked and at the test set's own defect rate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.metrics import (
    Confusion,
    Undefined,
    escapes_per_million,
    expected_precision,
    false_alarm_rate,
    false_rejects_per_million,
    precision,
    recall,
)
from tests.support.scores import near, number, relaxed


def test_expected_precision_worked() -> None:
    assert number(expected_precision(0.9, 0.075, 0.01)) == near(0.108, 5e-4)
    assert expected_precision(0.9, 0.0, 0.01) == 1.0
    assert expected_precision(0.0, 0.075, 0.01) == 0.0
    assert expected_precision(0.9, 0.075, 0.0) == 0.0
    assert expected_precision(0.9, 0.075, 1.0) == 1.0
    for nothing in ((0.0, 0.0, 0.01), (0.9, 0.0, 0.0), (0.0, 0.075, 1.0)):
        assert expected_precision(*nothing) == Undefined("no part would be rejected")


def test_per_million_worked() -> None:
    assert escapes_per_million(0.9, 0.01) == near(1000, 1e-6)
    assert false_rejects_per_million(0.075, 0.01) == near(74_250, 1e-6)
    assert escapes_per_million(1.0, 0.01) == escapes_per_million(0.9, 0.0) == 0.0
    assert false_rejects_per_million(0.0, 0.01) == false_rejects_per_million(0.075, 1.0) == 0.0


@relaxed
@given(st.builds(Confusion, *[st.integers(1, 400)] * 4))
def test_at_the_defect_rate_of_the_test_set_nothing_changes(c: Confusion) -> None:
    r, fpr = number(recall(c)), number(false_alarm_rate(c))
    rate = (c.true_positives + c.false_negatives) / c.total
    assert number(expected_precision(r, fpr, rate)) == near(number(precision(c)))
    per_million = 1e6 / c.total
    assert escapes_per_million(r, rate) == near(c.false_negatives * per_million, 1e-6)
    assert false_rejects_per_million(fpr, rate) == near(c.false_positives * per_million, 1e-6)

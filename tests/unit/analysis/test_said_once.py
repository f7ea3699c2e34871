"""Sentences beside each other: what one says, no other one contradicts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfv_mcp.figures import points
from tests.support.reports import scored
from tests.unit.analysis.test_comparison import candidate, compared

relaxed = settings(deadline=None, max_examples=60)
COUNTS = st.tuples(st.integers(0, 90), st.integers(0, 400))


def against(
    defects: int, missed: int, more_missed: int, good: int, alarms: int, more_alarms: int
) -> dict[str, Any]:
    """The answer about a version 2 that errs on more images than version 1 does, and on all of its.

    Each version errs on the first images of its class.
    """

    def images(missed: int, alarms: int) -> list[tuple[str, bool, bool, float]]:
        return [
            *((f"s3://b/a{n}", True, n >= missed, 0.9) for n in range(defects)),
            *((f"s3://b/n{n}", False, n < alarms, 0.9) for n in range(good)),
        ]

    return compared(
        candidate(1, images(missed, alarms)),
        candidate(2, images(missed + more_missed, alarms + more_alarms)),
    )


def test_only_what_breaks_its_margin_is_said_to_do_so() -> None:
    said = against(100, 15, 30, 400, 20, 12)["summary"]
    assert "it is proven worse in recall by more than the margin" in said
    assert "would tell whether by more than the 5 points allowed" in said


def test_no_number_of_images_is_said_where_none_decides() -> None:
    said = against(20, 1, 4, 0, 0, 0)["summary"]
    assert "nothing can be said, for no good part was judged" in said
    assert "it needs about" not in said


@relaxed
@given(COUNTS, st.integers(0, 30), st.integers(0, 20))
def test_why_a_loss_is_no_proof(classes: tuple[int, int], more: int, alarms: int) -> None:
    defects, good = classes[0] + 1, classes[1]
    answer = against(defects, 0, min(more, defects), good, 0, min(alarms, good))
    rates = [answer["models"][1][name] for name in ("recall", "false_alarm_rate")]
    p_values = [(r["p_value"], r["p_adjusted"]) for r in rates if "p_adjusted" in r]
    said = answer["summary"]
    if "with so many questions asked" in said:
        assert any(alone <= 0.05 < adjusted for alone, adjusted in p_values)
    if "McNemar's test does not prove" in said:
        assert any(alone > 0.05 for alone, _ in p_values)


@relaxed
@given(st.floats(-1, 1), st.floats(0, 0.3), st.floats(0, 0.3))
def test_only_nothing_is_said_as_nothing(value: float, below: float, above: float) -> None:
    ends = (value, value - below, value + above)
    numbers = re.findall(r"[+−±][\d.]+", points(*ends))
    for exact, said in zip(ends, numbers, strict=True):
        assert (said == "±0") == (abs(exact) < 5e-9) or abs(exact) < 1e-8
        assert abs(exact) < 1e-8 or (said[0] == "+") == (exact > 0)


@relaxed
@given(
    st.lists(st.integers(0, 99).map(lambda n: n / 99), min_size=1, max_size=30),
    st.lists(st.integers(0, 99).map(lambda n: n / 99), min_size=1, max_size=30),
    st.sampled_from([0.001, 0.01, 0.3]),
    st.sampled_from([1, 8, 200]),
)
def test_costs_are_told_once_and_by_their_intervals(
    anomalous: list[float], normal: list[float], rate: float, escape: float
) -> None:
    prices = {"defect_rate": rate, "cost_of_escape": escape, "cost_of_false_reject": 1}
    answer = scored(anomalous, normal, **prices)
    cost, said = answer["cost"], answer["summary"]
    saved = cost["saved_per_million"]
    assert ("so it costs more" in said) == ("own cut saves" in said and saved["high"] < 0)
    shown = not saved["low"] <= 0 <= saved["high"]
    assert ("not shown to be a saving" in said) == ("own cut saves" in said and not shown)
    own = cost["built_in"]
    assert ("own cut saves" in said) == bool(own["true_positives"] + own["false_positives"])
    if "threshold" not in cost["cheapest"]:  # to reject nothing, which needs no test
        assert cost["cheapest"]["cost_per_part"] == cost["reject_nothing"]["cost_per_part"]
        assert "because it was chosen here" not in said
        assert "cost_chosen_here" not in {each["code"] for each in answer["findings"]}


@pytest.mark.parametrize("limit", [0.02, 0.05, 0.1])
def test_a_limit_is_kept_by_more_than_to_reject_nothing(limit: float) -> None:
    some = scored([0.6] * 10, [0.95] * 2 + [0.7] * 10 + [0.1] * 88, false_alarms_at_most=limit)
    assert "Only to reject nothing" not in some["summary"]
    assert f"No cut that rejects at most {100 * limit:g} % of these good parts" in some["summary"]
    none = scored([], [0.95] + [0.1] * 199, false_alarms_at_most=limit)
    assert "No cut" not in none["summary"]


@pytest.mark.parametrize("missed", range(8))
def test_an_interval_lies_on_the_side_of_the_bar_that_is_said(missed: int) -> None:
    answer = scored([0.9] * (20 - missed) + [0.1] * missed, [0.1] * 400)
    (low, high) = map(float, re.findall(r"([\d.]+) to ([\d.]+) %\)", answer["summary"])[0])
    if "missed defects are shown to be above 5 %" in answer["summary"]:
        assert high < 95
    assert low < high


def test_a_cut_is_said_as_it_was_asked_for() -> None:
    said = scored([0.9999999] * 5, [0.1] * 5, threshold=0.9999999)["summary"]
    assert "At a cut of 0.9999999 " in said

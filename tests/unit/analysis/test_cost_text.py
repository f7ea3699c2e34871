"""What is said of costs: a number that can be set, and no figure against another."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lfv_mcp.figures import number_between, range_of_cuts
from tests.support.reports import scored

relaxed = settings(deadline=None, max_examples=80)
SCORES = st.lists(st.integers(0, 999).map(lambda n: n / 999), min_size=1, max_size=20)
SET = re.compile(r"[Ss]et (\S+)(?:: any value|, a value in that range)")


@relaxed
@given(SCORES, SCORES, st.sampled_from([0.001, 0.01, 0.2]), st.sampled_from([1, 10, 400]))
@example([0.0, 0.0, 0.6, 0.6, 0.6], [0.0], 0.2, 10)  # its own cut costs as much as another
def test_the_number_to_set_does_what_is_said_of_it(
    anomalous: list[float], normal: list[float], rate: float, escape: float
) -> None:
    asked = {"defect_rate": rate, "cost_of_escape": escape, "cost_of_false_reject": 1}
    answer = scored(anomalous, normal, **asked)
    cost, said = answer["cost"], answer["summary"]
    cheapest = cost["cheapest"]
    assert ("no cut is cheaper" in said) == (cost["difference"]["value"] == 0)
    if found := SET.search(said):
        cut = float(found[1])
        again = scored(anomalous, normal, **asked, threshold=cut)["threshold"]["at"]
        for name in ("false_negatives", "false_positives"):
            assert again[name] == cheapest[name], said
    else:
        assert "threshold" not in cheapest
    difference, million = cost["difference"]["value"], cost["difference_per_million"]
    assert million == pytest.approx(1e6 * difference, rel=1e-5, abs=1e-9)
    saved = cost["saved_per_million"]["value"]
    own, nothing = (cost[k]["cost_per_part"]["value"] for k in ("built_in", "reject_nothing"))
    # Each cost is rounded to six digits: by five millionths of itself at most.
    assert saved == pytest.approx(1e6 * (nothing - own), rel=1e-4, abs=5 * (own + nothing) + 1e-6)


def test_costs_without_a_rate_begin_with_what_is_missing_and_list_the_cuts() -> None:
    answer = scored([0.9, 0.8, 0.3], [0.6, 0.2, 0.1], cost_of_escape=10, cost_of_false_reject=1)
    assert answer["summary"].startswith("Costs were given without the line's defect rate")
    assert answer["threshold"]["candidates"]


@relaxed
@given(SCORES, SCORES, st.integers(1, 99).map(lambda n: n / 100))
def test_beside_a_cut_that_is_asked_for_stands_the_models_own(
    anomalous: list[float], normal: list[float], cut: float
) -> None:
    answer = scored(anomalous, normal, threshold=cut)
    own, at, said = answer["confusion"], answer["threshold"]["at"], answer["summary"]
    names = ("false_negatives", "false_positives")
    alike = all(own[name] == at[name] for name in names)
    assert ("judges every image as the model's own" in said) == alike
    if not alike:
        both = [f"{each[names[0]]} missed, {each[names[1]]} rejected" for each in (own, at)]
        assert f"The model's own cut: {both[0]}; at {cut:g}: {both[1]}." in said


@pytest.mark.parametrize(
    ("above", "top", "number"),
    [
        (0.492, 0.804924, 0.8),
        (0.848, 0.861432, 0.86),
        (None, 0.035, 0.035),
        (0.9999, 1.0, 1.0),
        (-3.0, -2.5, -2.5),
        (0.12345678, 0.12345679, 0.12345679),
        (None, 0.0, 0.0),
    ],
)
def test_the_number_between_two_scores_is_short(
    above: float | None, top: float, number: float
) -> None:
    assert number_between(above, top) == number


@relaxed
@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_number_between_lies_between(one: float, other: float) -> None:
    above, top = sorted((one, other))
    if above < top:
        assert above < number_between(above, top) <= top


@relaxed
@given(
    st.one_of(st.none(), st.floats(-2e3, 2e3), st.floats(0, 1), st.floats(0, 1e-3)),
    st.one_of(st.floats(0, 1), st.floats(0, 1e-3), st.floats(1e-6, 5)),
)
def test_the_ends_of_a_range_of_cuts_lie_within_it(low: float | None, width: float) -> None:
    top = width if low is None else low + width
    if low is not None and low >= top:
        return
    said_low, said_top = range_of_cuts(low, top)
    number = number_between(low, top)
    assert (low is None) == (said_low == "")
    assert low is None or low <= float(said_low) < number
    assert number <= float(said_top) <= top
    assert float(said_top) > 0 or top <= 0


@pytest.mark.parametrize(
    ("low", "top", "said"),
    [
        (0.492, 0.804924, ("0.492", "0.8049")),
        (0.4996, 0.502, ("0.4996", "0.502")),
        (0.4906, 0.4914, ("0.4906", "0.491")),
        (None, 0.00001, ("", "0.00001")),
        (-0.0004, None, ("0", "")),
        (None, None, ("", "")),
    ],
)
def test_a_range_of_cuts_in_words(
    low: float | None, top: float | None, said: tuple[str, str]
) -> None:
    assert range_of_cuts(low, top) == said

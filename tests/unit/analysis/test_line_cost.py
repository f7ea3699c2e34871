"""The cheapest cut against a search of every cut by hand, and what cannot be told from it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from math import sqrt
from typing import Any

import pytest
from statsmodels.stats.proportion import proportion_confint

from tests.support.answers import codes
from tests.support.reports import analysed, judged, six_digits
from tests.support.scores import random_score_sets

Sides = tuple[Sequence[float], Sequence[float]]
Errors = tuple[int, int]


def asked(sides: Sides, cut: float, **more: Any) -> dict[str, Any]:
    """The report on a manifest with these scores, judged at a cut of the model's own."""
    drawn = [
        (anomalous, score >= cut, score if score >= cut else 1 - score)
        for anomalous, scores in ((True, sides[0]), (False, sides[1]))
        for score in scores
    ]
    return analysed(judged(*drawn), **more)


def sweep(sides: Sides) -> Iterator[tuple[float | None, Errors]]:
    """Every cut with its misses and alarms, counted one image at a time; None rejects nothing."""
    yield None, (len(sides[0]), 0)
    for cut in sorted({*sides[0], *sides[1]}):
        yield cut, (sum(s < cut for s in sides[0]), sum(s >= cut for s in sides[1]))


def wilson_distances(errors: int, images: int) -> tuple[float, float]:
    low, high = proportion_confint(errors, images, method="wilson")
    return errors / images - low, high - errors / images


def difference(one: Errors, other: Errors, per_class: tuple[float, float], sides: Sides) -> Any:
    """Value and MOVER interval of a cost difference, of the images between two cuts."""
    missed, alarms = one[0] - other[0], one[1] - other[1]
    is_higher = missed > 0 or alarms < 0
    value, below, above = 0.0, 0.0, 0.0
    for weight, count, scores, positive in (
        (per_class[0], abs(missed), sides[0], is_higher),
        (per_class[1], abs(alarms), sides[1], not is_higher),
    ):
        down, up = (weight * d for d in wilson_distances(count, len(scores)))
        sign = 1 if positive else -1
        value += sign * weight * count / len(scores)
        below += (down if positive else up) ** 2
        above += (up if positive else down) ** 2
    return value, value - sqrt(below), value + sqrt(above)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_cheapest_cut_is_that_of_a_search_by_hand(seed: int) -> None:
    rng = random.Random(seed)
    decided = 0
    for anomalous, normal in random_score_sets(40, seed, images=60):
        scored = [round(min(s / 2, 1.0), 6) for s in anomalous], [round(s / 2, 6) for s in normal]
        sides: Sides = scored
        rate, escape, reject = rng.choice([0.001, 0.05, 0.4]), rng.choice([1, 30, 900]), 2.0
        own = rng.choice([*scored[0], *scored[1]])
        answer = asked(
            sides, own, defect_rate=rate, cost_of_escape=escape, cost_of_false_reject=reject
        )
        cost = answer["cost"]
        per_class = rate * escape, (1 - rate) * reject

        def priced(errors: Errors, of: Sides = sides, by: tuple[float, float] = per_class) -> float:
            return by[0] * errors[0] / len(of[0]) + by[1] * errors[1] / len(of[1])

        every = dict(sweep(sides))
        least = min(map(priced, every.values()))
        cheapest = cost["cheapest"]
        best = cheapest["false_negatives"], cheapest["false_positives"]
        assert priced(best) == pytest.approx(least, abs=1e-9)
        assert cheapest["cost_per_part"]["value"] == six_digits(least)
        assert every[cheapest.get("threshold")] == best
        if "threshold" in cheapest and "low" in cheapest["gap"]:
            between = (cheapest["gap"]["low"] + cheapest["threshold"]) / 2
            inside = sum(s < between for s in sides[0]), sum(s >= between for s in sides[1])
            assert inside == best

        built_in = every[own]
        assert cost["built_in"]["cost_per_part"]["value"] == six_digits(priced(built_in))
        if built_in == best:
            assert cost["difference"] == {"value": 0, "low": 0, "high": 0}
            assert cost["decided"] is False
        else:
            value, low, high = difference(best, built_in, per_class, sides)
            assert cost["difference"]["value"] == pytest.approx(value, rel=1e-5, abs=1e-9)
            assert cost["difference"]["low"] == pytest.approx(low, rel=1e-5, abs=1e-9)
            assert cost["difference"]["high"] == pytest.approx(high, rel=1e-5, abs=1e-9)
            assert cost["decided"] is not (low <= 0 <= high)
            decided += cost["decided"]

        alike = [
            cut
            for cut, errors in every.items()
            if errors == best
            or (ends := difference(errors, best, per_class, sides))[1] <= 0 <= ends[2]
        ]
        cuts = [cut for cut in alike if cut is not None]
        found = cost.get("indistinguishable", {})
        assert found.get("low") == (pytest.approx(min(cuts)) if cuts else None)
        assert found.get("high") == (pytest.approx(max(cuts)) if None not in alike else None)
        # To reject nothing costs what it costs, on whatever images.
        assert ("cost_chosen_here" in codes(answer)) == ("threshold" in cheapest)
    assert decided  # some differences are proven, so that the flag says both


def test_of_equal_costs_the_cut_with_the_fewest_errors_wins() -> None:
    sides = [0.9, 0.8, 0.3], [0.85, 0.2, 0.1]
    free_escapes = asked(sides, 0.5, defect_rate=0.1, cost_of_escape=0, cost_of_false_reject=1)[
        "cost"
    ]["cheapest"]
    assert (free_escapes["false_negatives"], free_escapes["false_positives"]) == (2, 0)
    free_rejects = asked(sides, 0.5, defect_rate=0.1, cost_of_escape=1, cost_of_false_reject=0)[
        "cost"
    ]["cheapest"]
    assert (free_rejects["false_negatives"], free_rejects["false_positives"]) == (0, 1)


def test_to_reject_nothing_may_be_cheapest_and_has_no_cut() -> None:
    sides = [0.9, 0.2], [0.95, 0.94, 0.1]
    answer = asked(sides, 0.5, defect_rate=1e-6, cost_of_escape=1, cost_of_false_reject=1)
    cheapest = answer["cost"]["cheapest"]
    assert (cheapest["false_negatives"], cheapest["false_positives"]) == (2, 0)
    assert "threshold" not in cheapest
    assert cheapest["gap"] == {"low": 0.95}
    assert (
        "the cheapest on these images is to reject nothing (2 missed, 0 alarms)"
        in (answer["summary"])
    )


@pytest.mark.parametrize("drawn", [[(True, True, 0.9)], [(False, False, 0.9)]])
def test_one_class_alone_has_no_cost(drawn: list[tuple[bool, bool, float]]) -> None:
    answer = analysed(judged(*drawn), defect_rate=0.1, cost_of_escape=1, cost_of_false_reject=1)
    assert "cheapest" not in answer["cost"]
    assert answer["cost"]["built_in"]["cost_per_part"]["undefined"]
    assert answer["cost"]["reject_nothing"]["cost_per_part"]["value"] == 0.1
    assert "three_policies_only" in codes(answer)

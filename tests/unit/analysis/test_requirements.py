"""What is said of a requirement, against its counts, and against every cut that there is."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support.reports import analysed, judged

relaxed = settings(deadline=None, max_examples=80)

EXACTLY: Final = "meets it exactly, with no room to spare"
MISSED: Final = "the rate as measured does not meet it"
NEEDED: Final = st.integers(1, 1000).map(lambda thousandths: thousandths / 1000)


def of_counts(caught: int, missed: int, alarms: int, passed: int, **asked: Any) -> dict[str, Any]:
    """The report on so many images that one cut explains, with a single score on either side."""
    cells = [
        *[(True, True, 0.9)] * caught,
        *[(True, False, 0.9)] * missed,
        *[(False, True, 0.9)] * alarms,
        *[(False, False, 0.9)] * passed,
    ]
    return analysed(judged(*cells), **asked)


@pytest.mark.parametrize(
    ("caught", "of", "needed"), [(57, 60, 0.95), (36, 40, 0.9), (39, 40, 0.975), (27, 30, 0.9)]
)
def test_a_recall_that_is_just_met_is_not_called_missed(
    caught: int, of: int, needed: float
) -> None:
    said = of_counts(caught, of - caught, 0, 5, recall_at_least=needed)["summary"]
    assert EXACTLY in said
    assert MISSED not in said


def test_false_alarms_that_just_keep_to_the_limit_are_not_called_too_many() -> None:
    said = of_counts(5, 0, 4, 76, false_alarms_at_most=0.05)["summary"]
    assert EXACTLY in said
    assert MISSED not in said


@relaxed
@given(st.integers(0, 60), st.integers(0, 8), st.integers(0, 8), st.integers(0, 60), NEEDED, NEEDED)
def test_the_words_of_a_verdict_follow_from_its_counts(
    caught: int, missed: int, alarms: int, passed: int, recall: float, far: float
) -> None:
    assume(caught + missed and alarms + passed)
    cases = (
        ("recall_at_least", recall, Fraction(caught, caught + missed), 1),
        ("false_alarms_at_most", far, Fraction(alarms, alarms + passed), -1),
    )
    for name, needed, seen, sign in cases:
        answer = of_counts(caught, missed, alarms, passed, **{name: needed})
        (row,) = answer["requirements"]
        said, room = answer["summary"], sign * (seen - Fraction(str(needed)))
        can_be_shown = row["verdict"] == "not_shown" and "images_needed" in row
        assert (EXACTLY in said) == (can_be_shown and room == 0), said
        if MISSED in said:
            assert room < 0, said
        if row["verdict"] == "refuted":
            assert room < 0
            assert "would show it" not in said
            assert "at its own cut" in said


SCORES: Final = st.lists(st.integers(0, 20).map(lambda twentieth: twentieth / 20), min_size=1)


@relaxed
@given(SCORES, SCORES, NEEDED, NEEDED)
def test_a_cut_that_is_named_reaches_what_is_required_with_the_fewest_other_errors(
    anomalous: list[float], normal: list[float], recall: float, far: float
) -> None:
    cells = [(True, score >= 0.5, max(score, 1 - score)) for score in anomalous]
    cells += [(False, score >= 0.5, max(score, 1 - score)) for score in normal]
    answer = analysed(judged(*cells), recall_at_least=recall, false_alarms_at_most=far)
    cuts = {
        cut: (
            Fraction(sum(score < cut for score in anomalous), len(anomalous)),
            Fraction(sum(score >= cut for score in normal), len(normal)),
        )
        for cut in [2.0, *anomalous, *normal]
    }
    enough = [both for both in cuts.values() if 1 - both[0] >= Fraction(str(recall))]
    few = [both for both in cuts.values() if both[1] <= Fraction(str(far))]
    by_name = {row["requirement"]: row.get("cut") for row in answer["requirements"]}
    for name, fits, other in (
        ("recall_at_least", enough, 1),
        ("false_alarms_at_most", few, 0),
    ):
        best = min(fits, key=lambda both: (both[other], both[1 - other]))
        row = by_name[name]
        if row is None:
            assert best == (Fraction(1), Fraction(0))  # to reject nothing is no cut that can be set
            continue
        cut = row["threshold"]
        missed = sum(score < cut for score in anomalous)
        alarms = sum(score >= cut for score in normal)
        assert (missed, alarms) == (row["false_negatives"], row["false_positives"])
        assert (Fraction(missed, len(anomalous)), Fraction(alarms, len(normal))) == best
    meets_both = any(both in few for both in enough)
    assert ("No cut meets both" in answer["summary"]) == (not meets_both)

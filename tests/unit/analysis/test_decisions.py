"""The decision on a replacement, against worked examples and a table of all verdicts."""

from __future__ import annotations

import random

import pytest

from lfv_mcp.analysis.decisions import Decision, Pair, PairedCounts, Question, decide
from lfv_mcp.metrics import Undefined
from tests.support.scores import near

Counts = tuple[int, int, int]
NO_IMAGES = Undefined("no test image is anomalous")


def decided(
    recall: Counts, alarms: Counts, recall_margin: float = 0.05, alarm_margin: float = 0.05
) -> Decision:
    (decision,) = decide(
        [Pair(PairedCounts(*recall), PairedCounts(*alarms))], recall_margin, alarm_margin
    )
    return decision


def question(found: Question | Undefined) -> Question:
    assert isinstance(found, Question)
    return found


# only the baseline right, only the candidate right, images: of the defects, of the good parts
WORKED = {
    "recall falls behind an even accuracy": (
        *((10, 0, 50), (60, 60, 950)),
        *("worse", "not_worse", "worse", "reject"),
    ),
    "a loss that a small gain does not make up for": (
        *((20, 0, 200), (0, 1, 200)),
        *("worse", "not_worse", "worse", "reject"),
    ),
    "the same verdicts on enough images": (
        *((0, 0, 100), (0, 0, 100)),
        *("not_worse", "not_worse", "not_worse", "accept"),
    ),
    "too few images": (
        *((3, 0, 10), (1, 0, 10)),
        *("undecided", "undecided", "undecided", "undecided"),
    ),
    "better, and no worse": ((0, 7, 100), (0, 3, 100), "better", "not_worse", "better", "accept"),
    "better, and undecided": (
        *((1, 8, 45), (2, 3, 55)),
        *("better", "undecided", "undecided", "undecided"),
    ),
}


@pytest.mark.parametrize("name", WORKED)
def test_worked_decisions(name: str) -> None:
    recall, alarms, of_recall, of_alarms, overall, replacement = WORKED[name]
    found = decided(recall, alarms)
    assert question(found.recall).verdict == of_recall
    assert question(found.false_alarms).verdict == of_alarms
    assert (found.verdict, found.replacement) == (overall, replacement)


def test_the_numbers_behind_a_decision() -> None:
    found = decided((1, 8, 45), (2, 3, 55))
    recall, alarms = question(found.recall), question(found.false_alarms)
    assert recall.p_adjusted == near(0.043, 5e-4)
    assert (recall.interval.low, recall.interval.high) == (near(0.0310, 5e-5), near(0.2968, 5e-5))
    assert alarms.smallest_margin_shown == near(0.0784, 5e-5)
    assert alarms.images_needed == 310
    assert recall.images_needed is None  # it is decided


def test_among_ten_a_difference_needs_more_proof() -> None:
    others = [Pair(PairedCounts(1, 0, 20), PairedCounts(1, 0, 20))] * 8
    alone = decided((0, 7, 100), (0, 3, 100))
    among, *_ = decide(
        [Pair(PairedCounts(0, 7, 100), PairedCounts(0, 3, 100)), *others], 0.05, 0.05
    )
    assert question(alone.recall).p_adjusted == near(0.015625)
    assert question(among.recall).p_adjusted == near(0.140625)
    assert question(among.recall).verdict == "not_worse"
    assert question(among.recall).smallest_margin_shown == near(0.0064, 5e-5)
    assert question(among.false_alarms).smallest_margin_shown == near(0.0435, 5e-5)
    assert (among.verdict, among.replacement) == ("not_worse", "accept")


def test_a_proven_loss_within_the_margin_is_worse_and_may_be_accepted() -> None:
    found = decided((40, 15, 1000), (0, 0, 1000))
    assert question(found.recall).verdict == "worse"
    assert (found.verdict, found.replacement) == ("worse", "accept")


def test_without_images_of_a_class_nothing_is_accepted() -> None:
    better, worse = PairedCounts(0, 30, 100), PairedCounts(30, 0, 100)
    for pair, verdict, replacement in (
        (Pair(NO_IMAGES, better), "undecided", "undecided"),
        (Pair(better, NO_IMAGES), "undecided", "undecided"),
        (Pair(worse, NO_IMAGES), "worse", "reject"),
        (Pair(NO_IMAGES, NO_IMAGES), "undecided", "undecided"),
        (Pair(PairedCounts(0, 0, 0), better), "undecided", "undecided"),
    ):
        (found,) = decide([pair], 0.05, 0.05)
        assert (found.verdict, found.replacement) == (verdict, replacement)


OVERALL = {
    "better": ("better", "better", "undecided", "trade_off"),
    "not_worse": ("better", "not_worse", "undecided", "worse"),
    "undecided": ("undecided", "undecided", "undecided", "worse"),
    "worse": ("trade_off", "worse", "worse", "worse"),
}
EXAMPLES: dict[str, Counts] = {
    "better": (0, 30, 300),
    "not_worse": (3, 3, 300),
    "undecided": (1, 1, 20),
    "worse": (30, 0, 300),
}


@pytest.mark.parametrize("recall", OVERALL)
@pytest.mark.parametrize("alarms", list(EXAMPLES))
def test_the_table_of_verdicts(recall: str, alarms: str) -> None:
    found = decided(EXAMPLES[recall], EXAMPLES[alarms])
    assert question(found.recall).verdict == recall
    assert question(found.false_alarms).verdict == alarms
    assert found.verdict == OVERALL[recall][list(EXAMPLES).index(alarms)]


def test_no_candidates_no_decisions() -> None:
    assert decide([], 0.05, 0.05) == []


@pytest.mark.slow
def test_what_never_stands_together() -> None:
    rng = random.Random(9)
    for _ in range(1500):
        margins = rng.uniform(0.005, 0.2), rng.uniform(0.005, 0.2)
        found = decided(_counts(rng), _counts(rng), *margins)
        if found.replacement == "reject":
            assert found.verdict in ("worse", "trade_off")
        if found.verdict in ("better", "not_worse"):
            assert found.replacement == "accept"
        for each in (question(found.recall), question(found.false_alarms)):
            assert not (each.is_held and each.is_broken)
            assert each.images_needed is None or not (each.is_held or each.is_broken)


def _counts(rng: random.Random) -> Counts:
    images = rng.randrange(1, 400)
    lost = rng.randrange(0, images + 1) // rng.choice((1, 5, 20))
    return lost, rng.randrange(0, images - lost + 1) // rng.choice((1, 5, 20)), images

"""How often a verdict errs: the exact chance, over every outcome, and the share of drawn ones.

An outcome matters to `analysis.decisions.decide` only by what each of its two questions shows: on
which side of 2.5 % and 5 % the p-value lies, which model is ahead, whether the interval leaves out
0, and on which sides of the margin it lies. So outcomes that show the same are added up, and the
product decides on one of them. Of every scenario some drawn outcomes are decided whole, too: a
decision that rests on more than this is an error, and ends the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from grid import NEGLIGIBLE, SEED, Cell, Errors, Floats, Integers, draw, tables
from scipy.stats import binom

from lfv_mcp import metrics
from lfv_mcp.analysis.decisions import Decision, Pair, PairedCounts, decide
from lfv_mcp.metrics import Interval, Undefined
from lfv_mcp.metrics.margins import MAX_DEFAULT_MARGIN

GIVEN_MARGINS: Final = (0.02, 0.05)
LOSSES: Final = (0.006, 0.01, 0.014, 0.02, 0.03, 0.04, 0.05)
"""True losses tried where the margins are the default ones, which are at most .05."""
CHECKED: Final = 12
"""Drawn outcomes of each scenario that are decided whole."""


class Judged:
    """What the product finds in one question's counts, whatever the margin: p-value and interval.

    Every table of counts is judged once, when it is first met.
    """

    def __init__(self, images: int) -> None:
        self._images = images
        self._found = np.full((3, images + 1, images + 1), np.nan)

    def __call__(self, lost: Integers, won: Integers) -> Floats:
        """McNemar's mid-p and the ends of Tango's interval, by the product: three rows."""
        new = np.isnan(self._found[0, lost, won])
        for a, b in set(zip(lost[new].tolist(), won[new].tolist(), strict=True)):
            interval = metrics.tango_interval(a, b, self._images, metrics.decision_z(1))
            assert isinstance(interval, Interval)
            self._found[:, a, b] = metrics.mcnemar_mid_p(a, b), interval.low, interval.high
        return self._found[:, lost, won]


judged = cache(Judged)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a scenario: how the models err, and the margin; None is the default one."""

    errors: Errors
    margin: float | None

    @property
    def loss(self) -> float:
        """How much more often the candidate errs, in truth."""
        return self.errors.candidate - self.errors.baseline


Example = tuple[PairedCounts, float]
"""Counts of one question and its margin."""
Chances = dict[int, float]
"""The chance of each kind of outcome of one question."""
LOSES_A_MARGIN: Final = 1
_examples: dict[int, Example] = {}
"""One outcome of each kind, for the product to decide on."""


def kinds(asked: Asked, lost: Integers, won: Integers, margins: Floats) -> Integers:
    """What outcomes show, as numbers that tell apart all that matters to a decision.

    The lowest bit is no part of it: whether the true loss is at least the margin.
    """
    p_values, low, high = judged(asked.errors.images)(lost, won)
    facts = (
        p_values > 0.025,
        p_values > 0.05,
        won > lost,
        (low > 0) | (high < 0),
        low > -margins,
        high < -margins,
        (asked.loss > 1e-9) & (asked.loss >= margins - 1e-9),
    )
    found = np.zeros(lost.shape, np.int64)
    for fact in facts:
        found = 2 * found + fact
    for kind, at in zip(*np.unique(found, return_index=True), strict=True):
        counts = PairedCounts(int(lost[at]), int(won[at]), asked.errors.images)
        _examples.setdefault(int(kind), (counts, float(margins[at])))
    return found


@cache
def default_margin(errors: int, images: int) -> float:
    """The margin where nobody named one."""
    margin = metrics.default_margin(errors, images)
    assert not isinstance(margin, Undefined)
    return margin


@cache
def exact(asked: Asked) -> Chances:
    """The chance of everything that one question may show."""
    outcomes, images = tables(asked.errors), asked.errors.images
    found = np.zeros(1 << 7)
    for margin, fewest, most in _margins(asked):
        chance = outcomes.chance
        if asked.margin is None:
            # The baseline's errors set the margin: those it shares, and those it does not.
            others = images - outcomes.lost - outcomes.won
            upto = binom.cdf(most - outcomes.won, others, outcomes.shared_errors)
            below = binom.cdf(fewest - 1 - outcomes.won, others, outcomes.shared_errors)
            chance = chance * (upto - below)
        kept = chance > NEGLIGIBLE
        lost, won = outcomes.lost[kept], outcomes.won[kept]
        each = kinds(asked, lost, won, np.full(lost.shape, margin))
        found += np.bincount(each, chance[kept], found.size)
    return {kind: float(chance) for kind, chance in enumerate(found) if chance}


def _margins(asked: Asked) -> Iterator[tuple[float, int, int]]:
    """Every margin that may come up, with the fewest and the most errors that lead to it."""
    if asked.margin is not None:
        yield asked.margin, 0, asked.errors.images
        return
    images, rate = asked.errors.images, asked.errors.baseline
    fewest = 0
    while fewest <= images:
        margin, most = default_margin(fewest, images), fewest
        if margin == MAX_DEFAULT_MARGIN:
            most = images
        while most < images and default_margin(most + 1, images) == margin:
            most += 1
        if binom.cdf(most, images, rate) - binom.cdf(fewest - 1, images, rate) > NEGLIGIBLE:
            yield margin, fewest, most
        fewest = most + 1


@cache
def decided(recall: int, alarms: int) -> Decision:
    """The product's decision where the two questions show this."""
    (counts, margin), (others, other_margin) = _examples[recall], _examples[alarms]
    return decide([Pair(counts, others)], margin, other_margin)[0]


Outcome = tuple[int, int, Decision]
"""What recall shows, what false alarms show, and the decision."""


def chance_of(happens: Callable[[Outcome], bool], recall: Chances, alarms: Chances) -> float:
    """The chance of something, over all that the two questions may show."""
    return sum(
        chance * other_chance
        for what, chance in recall.items()
        for other, other_chance in alarms.items()
        if happens((what, other, decided(what, other)))
    )


def drawn(
    rng: np.random.Generator, recall: Asked, alarms: Asked, runs: int
) -> list[tuple[Outcome, int]]:
    """Simulated outcomes of both questions, those of one kind counted together."""
    found: list[Integers] = []
    sides: list[list[Example]] = []
    for asked in (recall, alarms):
        images = asked.errors.images
        both, won, lost = draw(rng, asked.errors, runs).T
        by_errors = np.array([default_margin(errors, images) for errors in range(images + 1)])
        given = np.full(runs, asked.margin or 0.0)
        margins = by_errors[both + won] if asked.margin is None else given
        found.append(kinds(asked, lost, won, margins))
        sides.append(
            [
                (PairedCounts(int(lost[i]), int(won[i]), images), float(margins[i]))
                for i in range(min(CHECKED, runs))
            ]
        )
    for i, ((counts, margin), (others, other_margin)) in enumerate(zip(*sides, strict=True)):
        (whole,) = decide([Pair(counts, others)], margin, other_margin)
        by_kind = decided(int(found[0][i]), int(found[1][i]))
        if (whole.verdict, whole.replacement) != (by_kind.verdict, by_kind.replacement):
            raise AssertionError(f"{whole}, but others of its kind: {by_kind}")
    pairs, times = np.unique(np.stack(found), axis=1, return_counts=True)
    return [
        ((a, b, decided(a, b)), n) for a, b, n in zip(*pairs.tolist(), times.tolist(), strict=True)
    ]


class Found(NamedTuple):
    """The chance of something in one cell, the share of drawn outcomes, and where that is."""

    chance: float
    share: float
    where: str


@dataclass(slots=True)
class Rate:
    """How often something happens in each cell, and how often it may."""

    what: str
    bound: float
    at_least: bool = False
    found: list[Found] = field(default_factory=list[Found])

    @property
    def worst(self) -> Found:
        """The cell that is nearest to the bound, or furthest beyond it."""
        return (min if self.at_least else max)(self.found)

    def row(self) -> tuple[str, str, str, str, str]:
        """What, its exact chance in the worst cell, the drawn share there, where, the bound."""
        sign = "≥" if self.at_least else "≤"
        chance, share, where = self.worst
        return self.what, f"{chance:.2%}", f"{share:.2%}", where, f"{sign} {self.bound:.1%}"

    def holds(self) -> bool:
        """Whether the worst cell is within the bound."""
        return (
            (self.worst.chance >= self.bound) if self.at_least else self.worst.chance <= self.bound
        )


def _verdict(*words: str) -> Callable[[Outcome], bool]:
    return lambda outcome: outcome[2].verdict in words


def _replacement(word: str) -> Callable[[Outcome], bool]:
    return lambda outcome: outcome[2].replacement == word


def _accepts_a_margin(outcome: Outcome) -> bool:
    recall, alarms, decision = outcome
    return bool((recall | alarms) & LOSES_A_MARGIN) and decision.replacement == "accept"


NULL: Final = "equal models called better or worse"
TRADE: Final = (
    "recall 5 points lower and false alarms 5 points lower, or both higher: called better"
)
ACCEPT: Final = "accepted, one question at the given margin"
REJECT: Final = "rejected, one question at the given margin"
BOTH: Final = "rejected, both questions at the given margins"
CHOSEN: Final = "accepted by default margins, though the loss is at least the margin printed"
DROP: Final = "recall .90 → .70 at 300+700 called worse"


class Scenario(NamedTuple):
    """What a candidate is in truth, and what is then counted under which name."""

    recall: float
    false_alarm_rate: float
    margin: float | None
    counted: tuple[tuple[str, Callable[[Outcome], bool]], ...]
    note: str = ""


def scenarios(cell: Cell) -> Iterator[Scenario]:
    """Every candidate that is tried against the baseline of a cell."""
    recall, alarms = cell.recall, cell.false_alarm_rate
    yield Scenario(recall, alarms, None, ((NULL, _verdict("better", "worse")),))
    for change in (-0.05, 0.05):
        if recall + change <= 1 and alarms + change >= 0:
            note = "both lower" if change < 0 else "both higher"
            counted = ((TRADE, _verdict("better")),)
            yield Scenario(recall + change, max(0.0, alarms + change), None, counted, note)
    for margin in GIVEN_MARGINS:
        one = ((ACCEPT, _replacement("accept")), (REJECT, _replacement("reject")))
        for lower, higher, note in (
            (recall - margin, alarms, "recall at it, false alarms equal"),
            (recall - margin, 0.0, "recall at it, no false alarm"),
            (recall, alarms + margin, "false alarms at it, recall equal"),
            (1.0, alarms + margin, "false alarms at it, no escape"),
        ):
            yield Scenario(lower, higher, margin, one, f"margin {margin}: {note}")
        both = ((BOTH, _replacement("reject")),)
        yield Scenario(recall - margin, alarms + margin, margin, both, f"margin {margin}")
    for loss in LOSSES:
        chosen = ((CHOSEN, _accepts_a_margin),)
        for lower, higher, note in (
            (recall - loss, alarms, f"recall {loss} lower"),
            (recall - loss, 0.0, f"recall {loss} lower, no false alarm"),
            (recall, alarms + loss, f"false alarms {loss} higher"),
            (1.0, alarms + loss, f"false alarms {loss} higher, no escape"),
        ):
            yield Scenario(lower, higher, None, chosen, note)
    if (cell.defects, cell.good, recall) == (300, 700, 0.90):
        yield Scenario(0.70, alarms, None, ((DROP, _verdict("worse")),))


def error_rates(runs: int, grid: Iterable[Cell]) -> list[Rate]:
    """The rates of wrong and of right verdicts over a grid, exact and drawn."""
    rng = np.random.default_rng(SEED)
    rates = {
        rate.what: rate
        for rate in (
            Rate(NULL, 0.05),
            Rate(TRADE, 0.03),
            Rate(ACCEPT, 0.033),
            Rate(REJECT, 0.042),
            Rate(BOTH, 0.065),
            Rate(CHOSEN, 0.033),
            Rate(DROP, 0.95, at_least=True),
        )
    }
    for cell in grid:
        for scenario in scenarios(cell):
            recall, alarms = (
                Asked(
                    Errors(images, round(before, 9), round(after, 9), cell.correlation),
                    scenario.margin,
                )
                for images, before, after in (
                    (cell.defects, 1 - cell.recall, 1 - scenario.recall),
                    (cell.good, cell.false_alarm_rate, scenario.false_alarm_rate),
                )
            )
            outcomes = drawn(rng, recall, alarms, runs)
            where = f"{cell}; {scenario.note}" if scenario.note else str(cell)
            for name, happens in scenario.counted:
                chance = chance_of(happens, exact(recall), exact(alarms))
                share = sum(times for outcome, times in outcomes if happens(outcome)) / runs
                rates[name].found.append(Found(chance, share, where))
    return [rate for rate in rates.values() if rate.found]

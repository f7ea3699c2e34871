"""How often the 95 % interval of each figure holds the true value, with cuts fixed beforehand.

Exact, over every likely count, where a figure is made of counts; drawn, from binormal scores that
give the recall at the false-alarm rate of a cell, where it is made of a ranking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from math import sqrt
from typing import Final, NamedTuple

import numpy as np
from error_rates import judged
from grid import (
    FALSE_ALARM_RATES,
    RECALLS,
    SEED,
    SETS,
    Cell,
    Errors,
    Floats,
    cells,
    likely_counts,
    tables,
)
from scipy.stats import norm

from lfv_mcp import metrics
from lfv_mcp.metrics import Confusion, Interval, Prices, Undefined

DEFECT_RATE: Final = 0.01
"""Of the line, where a figure needs one."""
PRICES: Final = Prices(escape=50, false_reject=1, defect_rate=DEFECT_RATE)
LOSSES: Final = (0.0, 0.03)
"""By which the other model of a difference errs more often."""
BETWEEN: Final = ((0.02, 0.01), (0.05, 0.05), (0.005, 0.03))
"""Shares of the defects and of the good parts that lie between two cuts."""
_ROUNDING: Final = 1e-12


class Found(NamedTuple):
    """The coverage in one place, and how often there is an interval at all."""

    coverage: float
    where: str
    given: float = 1.0


@dataclass(slots=True)
class Coverage:
    """How often the interval of one figure held the true value, place by place."""

    figure: str
    how: str
    found: list[Found] = field(default_factory=list[Found])

    @property
    def mean(self) -> float:
        """Over all places."""
        return sum(each.coverage for each in self.found) / len(self.found)

    def row(self) -> tuple[str, str, str, str, str]:
        """The figure, how its coverage is known, the mean, the least, and where that is."""
        least = min(self.found)
        where = least.where
        if least.given < 0.9995:
            where += f" (in {least.given:.0%} of the draws there is one)"
        return self.figure, self.how, f"{self.mean:.1%}", f"{least.coverage:.1%}", where


def _holds(interval: Interval | Undefined, truth: float) -> bool:
    return isinstance(interval, Interval) and (
        interval.low - _ROUNDING <= truth <= interval.high + _ROUNDING
    )


class Ledger:
    """The coverage of every figure, as places are added."""

    def __init__(self) -> None:
        self.figures: dict[str, Coverage] = {}

    def note(self, figure: str, how: str, found: Found) -> None:
        """Add one place."""
        self.figures.setdefault(figure, Coverage(figure, how)).found.append(found)

    def exact(self, figure: str, weighed: Iterable[tuple[bool, float]], where: str) -> None:
        """Add a place of which every outcome is known, with its chance."""
        held = total = 0.0
        for holds, chance in weighed:
            held += holds * chance
            total += chance
        self.note(figure, "exact", Found(held / total, where))

    def drawn(
        self, figure: str, truth: float, intervals: list[Interval | Undefined], where: str
    ) -> None:
        """Add a place of which outcomes were drawn."""
        given = [each for each in intervals if isinstance(each, Interval)]
        if given:
            held = sum(_holds(each, truth) for each in given)
            found = Found(held / len(given), where, len(given) / len(intervals))
            self.note(figure, "drawn", found)


def coverages(runs: int, sets: tuple[tuple[int, int], ...] = SETS) -> list[Coverage]:
    """The coverage of every 95 % interval."""
    ledger = Ledger()
    rng = np.random.default_rng(SEED)
    for cell in cells():
        if (cell.defects, cell.good) in sets:
            _paired(ledger, cell)
            if not cell.correlation:
                _one_class(ledger, cell)
                _both_classes(ledger, cell)
    for defects, good in sets:
        _between_cuts(ledger, defects, good)
        for recall, alarms in zip(RECALLS, reversed(FALSE_ALARM_RATES), strict=True):
            _rankings(ledger, rng, Cell(defects, good, recall, alarms), runs)
    return list(ledger.figures.values())


def _one_class(ledger: Ledger, cell: Cell) -> None:
    """Shares of one class, what they are per million parts, and differences on other images."""
    sides = (
        ("recall", cell.defects, cell.recall, -1),
        ("false-alarm rate", cell.good, cell.false_alarm_rate, 1),
    )
    for figure, images, rate, worse in sides:
        where = f"{figure} {rate:.2f} of {images}"
        counts, chance = likely_counts(images, rate)
        intervals = [metrics.wilson_interval(count, images) for count in counts]
        held = (_holds(interval, rate) for interval in intervals)
        ledger.exact(figure, zip(held, chance, strict=True), where)
        per_million: Callable[[float], float]
        if worse < 0:
            name, per_million = "escapes per million", _escapes
        else:
            name, per_million = "false rejects per million", _false_rejects
        ends = [
            Interval(*sorted((per_million(i.low), per_million(i.high))))
            for i in intervals
            if isinstance(i, Interval)
        ]
        held = (_holds(interval, per_million(rate)) for interval in ends)
        ledger.exact(name, zip(held, chance, strict=True), where)
        for loss in LOSSES:
            others, other_chance = likely_counts(images, rate + worse * loss)
            weighed = (
                (
                    _holds(
                        metrics.newcombe_difference((first, images), (second, images)),
                        worse * loss,
                    ),
                    c1 * c2,
                )
                for first, c1 in zip(counts, chance, strict=True)
                for second, c2 in zip(others, other_chance, strict=True)
                if c1 * c2 > 1e-8
            )
            note = f"{where}, the other {loss} worse" if loss else f"{where}, equal"
            ledger.exact("difference, other images", weighed, note)


def _escapes(recall: float) -> float:
    return metrics.escapes_per_million(recall, DEFECT_RATE)


def _false_rejects(alarms: float) -> float:
    return metrics.false_rejects_per_million(alarms, DEFECT_RATE)


def _both_classes(ledger: Ledger, cell: Cell) -> None:
    """Figures of a whole confusion matrix."""
    tp, fp = cell.defects * cell.recall, cell.good * cell.false_alarm_rate
    precision = metrics.expected_precision(cell.recall, cell.false_alarm_rate, DEFECT_RATE)
    assert isinstance(precision, float)
    cost = PRICES.reject_nothing * (1 - cell.recall)
    cost += PRICES.reject_everything * cell.false_alarm_rate
    truths = (tp / (tp + fp), 2 * tp / (tp + fp + cell.defects), precision, cost)
    names = ("precision", "F1", "expected precision at 1 % defects", "cost per part")
    held = np.zeros(len(names))
    total = 0.0
    for c, chance in _matrices(cell):
        held += chance * np.array(
            [_holds(i, t) for i, t in zip(_figures(c), truths, strict=True)], float
        )
        total += chance
    for name, each in zip(names, held, strict=True):
        where = str(cell).removesuffix(", independent errors")
        ledger.note(name, "exact", Found(float(each) / total, where))


def _matrices(cell: Cell) -> Iterator[tuple[Confusion, float]]:
    """Every likely confusion matrix, and its chance."""
    flagged, chances = likely_counts(cell.good, cell.false_alarm_rate)
    for tp, chance in zip(*likely_counts(cell.defects, cell.recall), strict=True):
        for fp, other in zip(flagged, chances, strict=True):
            if chance * other > 1e-8:
                yield Confusion(tp, fp, cell.defects - tp, cell.good - fp), chance * other


@cache
def _figures(c: Confusion) -> tuple[Interval | Undefined, ...]:
    cost = metrics.cost_per_part(c, PRICES)
    return (
        metrics.wilson_interval(c.true_positives, c.true_positives + c.false_positives),
        metrics.f1_interval(c),
        metrics.expected_precision_interval(c, DEFECT_RATE),
        cost if isinstance(cost, Undefined) else cost.interval,
    )


def _between_cuts(ledger: Ledger, defects: int, good: int) -> None:
    """What a higher cut costs more: it misses more defects, and rejects fewer good parts."""
    lower = Confusion(defects, good, 0, 0)
    for missed_share, passed_share in BETWEEN:
        truth = PRICES.reject_nothing * missed_share - PRICES.reject_everything * passed_share

        def holds(missed: int, passed: int, truth: float = truth) -> bool:
            higher = Confusion(defects - missed, good - passed, missed, passed)
            found = metrics.cost_difference(higher, lower, PRICES)
            return not isinstance(found, Undefined) and _holds(found.interval, truth)

        weighed = (
            (holds(missed, passed), chance * other)
            for missed, chance in zip(*likely_counts(defects, missed_share), strict=True)
            for passed, other in zip(*likely_counts(good, passed_share), strict=True)
            if chance * other > 1e-8
        )
        where = f"{defects}+{good}, between the cuts {missed_share:.1%} and {passed_share:.0%}"
        ledger.exact("cost difference of two cuts", weighed, where)


def _paired(ledger: Ledger, cell: Cell) -> None:
    """Differences on the same images."""
    shared = "shared" if cell.correlation else "independent"
    sides = (
        ("recall", cell.defects, cell.recall, 1 - cell.recall),
        ("false alarms", cell.good, cell.false_alarm_rate, cell.false_alarm_rate),
    )
    for name, images, rate, error in sides:
        for loss in LOSSES:
            outcomes = tables(
                Errors(images, round(error, 9), round(error + loss, 9), cell.correlation)
            )
            _, low, high = judged(images)(outcomes.lost, outcomes.won)
            held = (low - _ROUNDING <= -loss) & (-loss <= high + _ROUNDING)
            coverage = float(outcomes.chance @ held / outcomes.chance.sum())
            worse = f"the other {loss} worse" if loss else "equal"
            where = f"{name} {rate:.2f} of {images}, {worse}, {shared} errors"
            ledger.note("difference, same images", "exact", Found(coverage, where))


def _rankings(ledger: Ledger, rng: np.random.Generator, cell: Cell, runs: int) -> None:
    """ROC AUC, its paired differences, and average precision, of scores that give these rates."""
    defects, good = cell.defects, cell.good
    separation = float(norm.ppf(cell.recall) + norm.ppf(1 - cell.false_alarm_rate))
    # A second model that ranks alike, and one that ranks worse; 80 % of the scores are shared.
    shifts = (separation, separation, separation - 0.5)
    areas: list[Interval | Undefined] = []
    precisions: list[Interval | Undefined] = []
    differences: tuple[list[Interval | Undefined], ...] = ([], [])
    for _ in range(runs):
        first, *others = _scores(rng, defects, good, shifts)
        area, precision = metrics.roc_auc(*first), metrics.average_precision(*first)
        assert isinstance(area, float)
        assert isinstance(precision, float)
        areas.append(metrics.roc_auc_interval(area, defects, good))
        precisions.append(metrics.average_precision_interval(precision, defects))
        for kept, other in zip(differences, others, strict=True):
            found = metrics.delong_difference(first, other)
            kept.append(found if isinstance(found, Undefined) else found.interval)
    where = str(cell).removesuffix(", independent errors")
    truth = float(norm.cdf(separation / sqrt(2)))
    worse = float(norm.cdf(shifts[2] / sqrt(2))) - truth
    drawn = partial(ledger.drawn, where=where)
    drawn("ROC AUC", truth, areas)
    drawn("average precision", true_average_precision(separation, defects, good), precisions)
    for kept, true_difference in zip(differences, (0.0, worse), strict=True):
        note = where + (", the other worse" if true_difference else ", equal")
        ledger.drawn("difference of ROC AUC, same images", true_difference, kept, note)


Ranked = tuple[list[float], list[float]]


def _scores(
    rng: np.random.Generator, defects: int, good: int, shifts: tuple[float, ...]
) -> list[Ranked]:
    """Scores of the defects and of the good parts, of one model after another."""
    sides: list[Floats] = []
    for size in (defects, good):
        shared = rng.normal(0, sqrt(0.8), size)
        sides.append(shared + rng.normal(0, sqrt(0.2), (len(shifts), size)))
    of_defects, of_good = sides
    return [
        ((of_defects[i] + shift).tolist(), of_good[i].tolist()) for i, shift in enumerate(shifts)
    ]


def true_average_precision(separation: float, defects: int, good: int) -> float:
    """Average precision of binormal scores with this share of defects, by numbers."""
    cuts = np.linspace(-8, 8 + separation, 20_001)
    caught, alarms = norm.sf(cuts - separation), norm.sf(cuts)
    precision = defects * caught / (defects * caught + good * alarms)
    return float(-np.trapezoid(precision, caught))

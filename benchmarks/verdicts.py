"""How often a verdict errs: a seeded simulation of `analysis.decisions` and of every interval.

`python benchmarks/verdicts.py` prints rates, no times; `--runs N` is for each cell of the grid
(10,000), `--markdown` prints the tables of docs/statistics.md. A cell is a test set (defects + good
parts), a recall, a false-alarm rate and whether the errors of the two models are independent or
shared: both models err where a latent score, binormal and correlated, passes a cut that was fixed
beforehand.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from math import sqrt
from typing import Any, Final

import numpy as np
from scipy.stats import multivariate_normal, norm

from lfv_mcp import metrics
from lfv_mcp.analysis.decisions import Decision, Pair, PairedCounts, decide
from lfv_mcp.metrics import Confusion, Interval, Undefined

SETS: Final = ((20, 40), (45, 55), (50, 950), (300, 700), (1000, 1000))
"""Defects and good parts."""
RECALLS: Final = (0.80, 0.90, 0.95)
FALSE_ALARM_RATES: Final = (0.02, 0.05, 0.10)
CORRELATIONS: Final = (0.0, 0.8)
"""Of the latent scores of the two models: independent errors, and mostly shared ones."""
GIVEN_MARGINS: Final = (0.02, 0.05)
SEED: Final = 20261125


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the grid: the test set, the baseline's rates, and how errors are shared."""

    defects: int
    good: int
    recall: float
    false_alarm_rate: float
    correlation: float

    def __str__(self) -> str:
        shared = "shared" if self.correlation else "independent"
        return (
            f"{self.defects}+{self.good}, recall {self.recall:.2f}, "
            f"false alarms {self.false_alarm_rate:.2f}, {shared} errors"
        )


def cells() -> Iterator[Cell]:
    """The whole grid."""
    for (defects, good), recall, alarms, correlation in product(
        SETS, RECALLS, FALSE_ALARM_RATES, CORRELATIONS
    ):
        yield Cell(defects, good, recall, alarms, correlation)


@lru_cache(maxsize=None)
def _joint(error: float, other_error: float, correlation: float) -> tuple[float, ...]:
    """Chances that both err, the baseline alone errs, the candidate alone errs, neither errs."""
    if correlation:
        cuts = norm.ppf([error, other_error])
        both = float(multivariate_normal.cdf(cuts, cov=[[1, correlation], [correlation, 1]]))
    else:
        both = error * other_error
    both = min(both, error, other_error)
    return both, error - both, other_error - both, 1 - error - other_error + both


@dataclass(frozen=True, slots=True)
class Drawn:
    """One class of a simulated test set: errors of both, of the baseline alone, and so on."""

    both_wrong: int
    candidate_alone_right: int
    baseline_alone_right: int
    images: int

    @property
    def pair(self) -> PairedCounts:
        """What the decision is made of."""
        return PairedCounts(self.baseline_alone_right, self.candidate_alone_right, self.images)

    @property
    def baseline_errors(self) -> int:
        """Errors of the baseline."""
        return self.both_wrong + self.candidate_alone_right


def draw(
    rng: np.random.Generator, images: int, error: float, other: float, rho: float, runs: int
) -> list[Drawn]:
    """Simulated outcomes of one class."""
    chances = np.clip(_joint(round(error, 9), round(other, 9), rho), 0, 1)
    counts = rng.multinomial(images, chances / chances.sum(), size=runs)
    return [Drawn(int(b), int(c), int(a), images) for b, c, a, _ in counts]


@lru_cache(maxsize=200_000)
def _decided(recall: PairedCounts, alarms: PairedCounts, margins: tuple[float, float]) -> Decision:
    return decide([Pair(recall, alarms)], *margins)[0]


@lru_cache(maxsize=None)
def _default_margin(errors: int, images: int) -> float:
    margin = metrics.default_margin(errors, images)
    return 1.0 if isinstance(margin, Undefined) else margin


Margins = Callable[[Drawn, Drawn], tuple[float, float]]


def default_margins(defects: Drawn, good: Drawn) -> tuple[float, float]:
    """The margins where nobody named one."""
    return (
        _default_margin(defects.baseline_errors, defects.images),
        _default_margin(good.baseline_errors, good.images),
    )


@dataclass(slots=True)
class Rate:
    """How often something happened in each cell, and how often it may."""

    what: str
    limit: str
    worst: Callable[[Sequence[float]], float] = max
    found: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])

    def add(self, hits: int, runs: int, where: str) -> None:
        """Take one cell in."""
        self.found.append((hits / runs, where))

    def row(self) -> tuple[str, str, str, str]:
        """What, the worst cell, where that is, and the limit."""
        value = self.worst([share for share, _ in self.found])
        where = next(where for share, where in self.found if share == value)
        return self.what, f"{value:.2%}", where, self.limit

    def holds(self) -> bool:
        """Whether the worst cell is within the limit."""
        sign, bound = self.limit.split()
        value, limit = self.worst([share for share, _ in self.found]), float(bound[:-1]) / 100
        return value <= limit if sign == "<=" else value >= limit


def simulate(runs: int) -> list[Rate]:
    """The rates of wrong and of right verdicts over the grid."""
    rng = np.random.default_rng(SEED)
    null = Rate("equal models called better or worse", "<= 5%")
    trade = Rate("recall 5 points lower, false alarms 5 points lower, called better", "<= 3%")
    accept = Rate("accepted, one question at the margin given", "<= 3.3%")
    reject = Rate("rejected, one question at the margin given", "<= 4.2%")
    both = Rate("rejected, both questions at the margins given", "<= 6.5%")
    chosen = Rate("accepted by default margins although the loss is at least the margin", "<= 3.3%")
    drop = Rate("recall .90 -> .70 at 300+700 called worse", ">= 95%", min)

    for cell in cells():

        def outcomes(recall: float, alarms: float, margins: Margins) -> Iterator[Any]:
            defects = draw(rng, cell.defects, 1 - cell.recall, 1 - recall, cell.correlation, runs)
            good = draw(rng, cell.good, cell.false_alarm_rate, alarms, cell.correlation, runs)
            for d, g in zip(defects, good, strict=True):
                used = margins(d, g)
                yield used, _decided(d.pair, g.pair, used)

        where = str(cell)
        equal = (cell.recall, cell.false_alarm_rate)
        null.add(
            sum(d.verdict in ("better", "worse") for _, d in outcomes(*equal, default_margins)),
            runs,
            where,
        )
        if cell.false_alarm_rate > 0.05:
            lower = (cell.recall - 0.05, cell.false_alarm_rate - 0.05)
            trade.add(
                sum(d.verdict == "better" for _, d in outcomes(*lower, default_margins)),
                runs,
                where,
            )
        for m in GIVEN_MARGINS:
            for at in ((m, 0.0), (0.0, m)):
                worse = (cell.recall - at[0], cell.false_alarm_rate + at[1])
                decisions = [d for _, d in outcomes(*worse, lambda *_, m=m: (m, m))]
                here = f"{where}, margin {m}, {'recall' if at[0] else 'false alarms'} at it"
                accept.add(sum(d.replacement == "accept" for d in decisions), runs, here)
                reject.add(sum(d.replacement == "reject" for d in decisions), runs, here)
            worse = (cell.recall - m, cell.false_alarm_rate + m)
            decisions = [d for _, d in outcomes(*worse, lambda *_, m=m: (m, m))]
            both.add(
                sum(d.replacement == "reject" for d in decisions), runs, f"{where}, margin {m}"
            )
        for loss in (0.006, 0.015, 0.03, 0.05):
            for at in ((loss, 0.0), (0.0, loss)):
                worse = (cell.recall - at[0], cell.false_alarm_rate + at[1])
                wrong = sum(
                    d.replacement == "accept"
                    and ((at[0] and at[0] >= used[0]) or (at[1] and at[1] >= used[1]))
                    for used, d in outcomes(*worse, default_margins)
                )
                chosen.add(int(wrong), runs, f"{where}, loss {loss}")
        if (cell.defects, cell.good, cell.recall) == (300, 700, 0.90):
            fallen = (0.70, cell.false_alarm_rate)
            drop.add(
                sum(d.verdict == "worse" for _, d in outcomes(*fallen, default_margins)),
                runs,
                where,
            )
    return [null, trade, accept, reject, both, chosen, drop]


@dataclass(slots=True)
class Coverage:
    """How often the interval of one figure held the true value, cell by cell."""

    figure: str
    found: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])

    @property
    def mean(self) -> float:
        """Over all cells."""
        return sum(share for share, _ in self.found) / len(self.found)

    def row(self) -> tuple[str, str, str, str]:
        """The figure, its mean coverage, its least, and where that is."""
        least, where = min(self.found)
        return self.figure, f"{self.mean:.1%}", f"{least:.1%}", where


def coverages(runs: int) -> list[Coverage]:
    """The coverage of every 95 % interval, with cuts that were fixed beforehand."""
    rng = np.random.default_rng(SEED)
    figures: dict[str, Coverage] = {}

    def note(figure: str, truth: float, intervals: Sequence[Interval | Undefined], at: str) -> None:
        given = [i for i in intervals if isinstance(i, Interval)]
        if not given:
            return
        covered = sum(i.low - 1e-12 <= truth <= i.high + 1e-12 for i in given)
        figures.setdefault(figure, Coverage(figure)).found.append((covered / len(given), at))

    for cell in cells():
        if cell.correlation:
            continue
        where = str(cell)
        missed = rng.binomial(cell.defects, 1 - cell.recall, runs)
        alarms = rng.binomial(cell.good, cell.false_alarm_rate, runs)
        matrices = [
            Confusion(cell.defects - int(m), int(a), int(m), cell.good - int(a))
            for m, a in zip(missed, alarms, strict=True)
        ]
        wilson = [metrics.wilson_interval(c.true_positives, cell.defects) for c in matrices]
        note("recall", cell.recall, wilson, where)
        wilson = [metrics.wilson_interval(c.false_positives, cell.good) for c in matrices]
        note("false-alarm rate", cell.false_alarm_rate, wilson, where)
        tp, fp = cell.defects * cell.recall, cell.good * cell.false_alarm_rate
        f1 = 2 * tp / (2 * tp + fp + cell.defects - tp)
        note("F1", f1, [metrics.f1_interval(c) for c in matrices], where)
        expected = metrics.expected_precision(cell.recall, cell.false_alarm_rate, 0.01)
        assert isinstance(expected, float)
        note(
            "expected precision at 1 %",
            expected,
            [metrics.expected_precision_interval(c, 0.01) for c in matrices],
            where,
        )
        prices = metrics.Prices(escape=50, false_reject=1, defect_rate=0.01)
        truth = prices.reject_nothing * (1 - cell.recall)
        truth += prices.reject_everything * cell.false_alarm_rate
        costs = [metrics.cost_per_part(c, prices) for c in matrices]
        note(
            "cost per part",
            truth,
            [c.interval for c in costs if isinstance(c, metrics.Cost)],
            where,
        )
        note(
            "difference on other images",
            0.0,
            [
                metrics.newcombe_difference((int(a), cell.defects), (int(b), cell.defects))
                for a, b in zip(missed, rng.permutation(missed), strict=True)
            ],
            where,
        )
    for cell in cells():
        where = str(cell)
        lower = cell.recall - 0.03
        drawn = draw(rng, cell.defects, 1 - cell.recall, 1 - lower, cell.correlation, runs)
        paired = [_tango(d.baseline_alone_right, d.candidate_alone_right, d.images) for d in drawn]
        note("difference on the same images", lower - cell.recall, paired, where)
    _cover_rankings(rng, max(200, runs // 20), note)
    return list(figures.values())


_tango = lru_cache(maxsize=200_000)(metrics.tango_interval)


def _cover_rankings(
    rng: np.random.Generator, runs: int, note: Callable[[str, float, Any, str], None]
) -> None:
    """ROC AUC, its paired difference, and average precision, of binormal scores."""
    for (defects, good), separation in product(SETS, (1.5, 2.5)):
        where = f"{defects}+{good}, binormal, {separation} standard deviations apart"
        auc = float(norm.cdf(separation / sqrt(2)))
        tried = min(runs, 400) if defects + good > 500 else runs
        areas: list[Interval | Undefined] = []
        precisions: list[Interval | Undefined] = []
        differences: list[Interval | Undefined] = []
        true_precision = _true_average_precision(separation, defects, good)
        for _ in range(tried):
            sides = []
            for size, shift in ((defects, separation), (good, 0.0)):
                shared = rng.normal(0, 1, size) * sqrt(0.5)
                sides.append(
                    [(shared + rng.normal(0, sqrt(0.5), size) + shift).tolist() for _ in range(2)]
                )
            first, second = ((sides[0][i], sides[1][i]) for i in range(2))
            area, precision = metrics.roc_auc(*first), metrics.average_precision(*first)
            assert isinstance(area, float)
            assert isinstance(precision, float)
            areas.append(metrics.roc_auc_interval(area, defects, good))
            precisions.append(metrics.average_precision_interval(precision, defects))
            difference = metrics.delong_difference(first, second)
            differences.append(
                difference if isinstance(difference, Undefined) else difference.interval
            )
        note("ROC AUC", auc, areas, where)
        note("average precision", true_precision, precisions, where)
        note("difference of ROC AUC, same images", 0.0, differences, where)


def _true_average_precision(separation: float, defects: int, good: int) -> float:
    """Average precision of binormal scores with this share of defects, by numbers."""
    cuts = np.linspace(-8, 8 + separation, 20_001)
    caught, alarms = norm.sf(cuts - separation), norm.sf(cuts)
    precision = defects * caught / (defects * caught + good * alarms)
    return float(-np.trapezoid(precision, caught))


def show(header: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> None:
    """Print a table."""
    if markdown:
        lines = ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]
    else:
        widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in (header, *rows)
        ]
    sys.stdout.write("\n".join(lines) + "\n\n")


def main() -> int:
    """Simulate, print, and tell by the exit code whether every rate is within its limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000, help="of each cell of the grid")
    parser.add_argument("--markdown", action="store_true", help="tables for the docs")
    given = parser.parse_args()
    rates, covered = simulate(given.runs), coverages(given.runs)
    show(
        ("what", "worst cell", "where", "target"),
        [rate.row() for rate in rates],
        markdown=given.markdown,
    )
    show(
        ("95 % interval of", "mean coverage", "least", "where"),
        [each.row() for each in covered],
        markdown=given.markdown,
    )
    missed = [rate.what for rate in rates if not rate.holds()]
    missed += [each.figure for each in covered if each.mean < 0.94]
    sys.stdout.write(f"missed: {'; '.join(missed) or 'none'}\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

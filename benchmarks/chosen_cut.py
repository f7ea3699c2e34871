"""How much a cut flatters that was chosen on the very images it is measured on.

Binormal scores; the cut is the one with the best F1 on the drawn test set, in the middle of its
gap. Held against what that cut is in truth worth, at the mix of the test set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Final

import numpy as np
from grid import SEED, Floats
from scipy.stats import norm

from lfv_mcp import metrics
from lfv_mcp.metrics import Confusion, Interval, Undefined

AUCS: Final = (0.98, 0.90)
"""How well the model ranks, in truth."""
SETS: Final = ((15, 35), (30, 70), (60, 140), (150, 350), (300, 700))
"""Defects and good parts: three in ten are defects."""
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Flattery:
    """What was found with one test set: F1, recall and precision, in this order."""

    auc: float
    defects: int
    good: int
    points: tuple[float, ...]
    coverage: tuple[float, ...]

    def row(self) -> tuple[str, ...]:
        """The set, points by which each looks too good, what that is by the rule, coverages."""
        low, high = (factor / sqrt(self.defects) for factor in (20, 30))
        return (
            f"{self.auc:.2f}",
            f"{self.defects}+{self.good}",
            *(f"{points:.1f}" for points in self.points),
            f"{low:.1f} to {high:.1f}",
            *(f"{share:.1%}" for share in self.coverage),
        )


HEADER: Final = (
    "ROC AUC",
    "defects + good parts",
    "F1 looks too good by (points)",
    "recall by",
    "precision by",
    "the rule 20/√defects to 30/√defects",
    "coverage, F1",
    "coverage, recall",
    "coverage, precision",
)


def flattery(runs: int, sets: Sequence[tuple[int, int]] = SETS) -> list[Flattery]:
    """How much the chosen cut flatters on every test set."""
    rng = np.random.default_rng(SEED)
    return [_of(rng, auc, size, runs) for auc in AUCS for size in sets]


def _of(rng: np.random.Generator, auc: float, size: tuple[int, int], runs: int) -> Flattery:
    defects, good = size
    separation = sqrt(2) * float(norm.ppf(auc))
    too_good, held = np.zeros(3), np.zeros(3)
    for start in range(0, runs, _BATCH):
        drawn = min(_BATCH, runs - start)
        scores = rng.normal(0, 1, (drawn, defects + good))
        scores[:, :defects] += separation
        caught, alarms, cuts = _best_cuts(scores, defects)
        recall, false_alarms = norm.sf(cuts - separation), norm.sf(cuts)
        tp, fp = defects * recall, good * false_alarms
        truth = np.stack([2 * tp / (tp + fp + defects), recall, tp / (tp + fp)], axis=1)
        seen = np.stack(
            [
                2 * caught / (caught + alarms + defects),
                caught / defects,
                caught / (caught + alarms),
            ],
            axis=1,
        )
        too_good += (seen - truth).sum(axis=0)
        for tp_seen, fp_seen, values in zip(caught, alarms, truth, strict=True):
            c = Confusion(int(tp_seen), int(fp_seen), defects - int(tp_seen), good - int(fp_seen))
            ends = _intervals(c)
            held += (ends[:, 0] <= values) & (values <= ends[:, 1])
    points, coverage = 100 * too_good / runs, held / runs
    return Flattery(auc, defects, good, tuple(points.tolist()), tuple(coverage.tolist()))


def _best_cuts(scores: Floats, defects: int) -> tuple[Floats, Floats, Floats]:
    """Caught defects, rejected good parts and the cut, where F1 is best in each row."""
    order = np.argsort(-scores, axis=1)
    caught = np.cumsum(order < defects, axis=1)
    flagged = np.arange(1, scores.shape[1] + 1)
    best = np.argmax(2 * caught / (flagged + defects), axis=1)
    rows = np.arange(len(scores))
    ranked = np.take_along_axis(scores, order, axis=1)
    below = ranked[rows, np.minimum(best + 1, scores.shape[1] - 1)]
    of_defects = caught[rows, best].astype(float)
    return of_defects, best + 1 - of_defects, (ranked[rows, best] + below) / 2


@cache
def _intervals(c: Confusion) -> Floats:
    tp, fp, fn = c.true_positives, c.false_positives, c.false_negatives
    found: tuple[Interval | Undefined, ...] = (
        metrics.f1_interval(c),
        metrics.wilson_interval(tp, tp + fn),
        metrics.wilson_interval(tp, tp + fp),
    )
    return np.array([(i.low, i.high) for i in found if isinstance(i, Interval)])

"""The test sets and models that verdicts and intervals are tried on, and how their errors fall.

A cell is a test set (defects + good parts), a recall, a false-alarm rate, and whether the errors of
two models are independent or shared: a model errs where a latent score, normal within each class,
passes a cut that was fixed beforehand; the scores of two models are correlated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, multivariate_normal, norm

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SETS: Final = ((20, 40), (45, 55), (50, 950), (300, 700), (1000, 1000))
"""Defects and good parts."""
RECALLS: Final = (0.80, 0.90, 0.95)
FALSE_ALARM_RATES: Final = (0.02, 0.05, 0.10)
CORRELATIONS: Final = (0.0, 0.8)
"""Of the latent scores of the two models: independent errors, and mostly shared ones."""
SEED: Final = 20261125
NEGLIGIBLE: Final = 1e-10
"""Chance of an outcome that is not counted; all that are left out add up to less than 1e-5."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the grid: the test set, the baseline's rates, and how errors are shared."""

    defects: int
    good: int
    recall: float
    false_alarm_rate: float
    correlation: float = 0.0

    def __str__(self) -> str:
        rates = f"recall {self.recall:.2f}, false alarms {self.false_alarm_rate:.2f}"
        shared = "shared" if self.correlation else "independent"
        return f"{self.defects}+{self.good}, {rates}, {shared} errors"


def cells() -> Iterator[Cell]:
    """The whole grid."""
    for size, recall, alarms, correlation in product(
        SETS, RECALLS, FALSE_ALARM_RATES, CORRELATIONS
    ):
        yield Cell(*size, recall, alarms, correlation)


@dataclass(frozen=True, slots=True)
class Errors:
    """How two models err on images of one class: how often each, and how much they share."""

    images: int
    baseline: float
    candidate: float
    correlation: float


@cache
def chances(errors: Errors) -> tuple[float, float, float, float]:
    """Chances that both err, the baseline alone errs, the candidate alone errs, neither errs."""
    first, second = errors.baseline, errors.candidate
    both = first * second
    if errors.correlation and both:
        rho = errors.correlation
        cuts = norm.ppf([first, second])
        both = float(multivariate_normal.cdf(cuts, cov=[[1, rho], [rho, 1]]))
    both = min(both, first, second)
    return both, first - both, second - both, max(0.0, 1 - first - second + both)


@dataclass(frozen=True, slots=True)
class Tables:
    """Every outcome that is at all likely: images that one model alone judges right, and chances.

    Both may err, too: `shared_errors` is the chance of that for an image that neither alone has
    right.
    """

    lost: Integers
    won: Integers
    chance: Floats
    shared_errors: float


@cache
def tables(errors: Errors) -> Tables:
    """All likely outcomes of two models on the images of one class."""
    both, won, lost, neither = chances(errors)
    losses = np.arange(errors.images + 1)
    of_losses = binom.pmf(losses, errors.images, lost)
    losses = losses[of_losses > NEGLIGIBLE]
    rest = won / (1 - lost) if lost < 1 else 0.0
    gains = np.arange(errors.images + 1)
    gains = gains[binom.pmf(gains, errors.images, won) > NEGLIGIBLE]
    grid_of_losses, grid_of_gains = np.meshgrid(losses, gains, indexing="ij")
    chance = of_losses[grid_of_losses] * binom.pmf(
        grid_of_gains, errors.images - grid_of_losses, rest
    )
    likely = chance > NEGLIGIBLE
    return Tables(
        grid_of_losses[likely],
        grid_of_gains[likely],
        chance[likely],
        both / (both + neither) if both + neither else 0.0,
    )


def draw(rng: np.random.Generator, errors: Errors, runs: int) -> Integers:
    """Simulated outcomes: rows of (both err, baseline alone errs, candidate alone errs)."""
    exact = np.array(chances(errors))
    return rng.multinomial(errors.images, exact / exact.sum(), size=runs)[:, :3]


def likely_counts(images: int, rate: float) -> tuple[list[int], Floats]:
    """Every count that is at all likely of so many images, and its chance."""
    counts = np.arange(images + 1)
    chance: Any = binom.pmf(counts, images, rate)
    likely = chance > NEGLIGIBLE
    return counts[likely].tolist(), chance[likely]

"""Scores of test images: hypothesis strategies, seeded random sets, and comparisons of metrics."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from lfv_mcp.metrics import Confusion, Undefined, Value, at_threshold

Scores = list[float]

# Multiples of 1/16 tie often, and 1 - s is exact; the free floats hardly ever tie.
tied = st.integers(0, 16).map(lambda k: k / 16)
score = tied | st.floats(0, 1)
scores = st.lists(score, max_size=12)
some_scores = st.lists(score, min_size=1, max_size=12)
counts = st.builds(Confusion, *[st.integers(0, 4000) | st.integers(0, 2)] * 4)
relaxed = settings(deadline=None, max_examples=40)  # the seeded loops bring the numbers


def number(value: Value) -> float:
    assert not isinstance(value, Undefined), value
    assert math.isfinite(value)
    return value


def near(expected: float, tolerance: float = 1e-12) -> object:
    return pytest.approx(expected, rel=0, abs=tolerance)


def six(expected: float) -> object:
    """Equal to a figure printed with six decimals."""
    return near(expected, 5e-7 + 1e-12)


def labelled(anomalous: Sequence[float], normal: Sequence[float]) -> tuple[list[int], Scores]:
    return [1] * len(anomalous) + [0] * len(normal), [*anomalous, *normal]


def split_ranking(ranking: str) -> tuple[Scores, Scores]:
    """The scores of "AANA...", most suspicious image first: (of A, of N)."""
    by_class: dict[str, Scores] = {"A": [], "N": []}
    for position, truth in enumerate(ranking):
        by_class[truth].append(1 - position / len(ranking))
    return by_class["A"], by_class["N"]


def random_score_sets(sets: int, seed: int, images: int = 40) -> Iterator[tuple[Scores, Scores]]:
    """Score sets of any class mix, from all tied to all distinct, from chance to separated."""
    rng = random.Random(seed)
    for _ in range(sets):
        anomalies = rng.randrange(1, images)
        levels = rng.choice([1, 2, 3, 10, 100, 10**9])
        shift = rng.choice([0.0, 0.2, 0.5, 1.0])
        yield (
            [shift + rng.randrange(levels) / levels for _ in range(anomalies)],
            [rng.randrange(levels) / levels for _ in range(images - anomalies)],
        )


def threshold_sweep(
    anomalous: Sequence[float], normal: Sequence[float]
) -> list[tuple[float, Confusion]]:
    """Every distinct score as the threshold, descending, with the counts there."""
    thresholds = sorted({*anomalous, *normal}, reverse=True)
    return [(threshold, at_threshold(anomalous, normal, threshold)) for threshold in thresholds]


def as_columns(score_sets: Sequence[tuple[Scores, Scores]]) -> tuple[object, object]:
    """(truth, scores) with one set per column: scikit-learn's way to take many sets at once."""
    truth, all_scores = zip(*(labelled(*score_set) for score_set in score_sets), strict=True)
    return np.array(truth).T, np.array(all_scores).T

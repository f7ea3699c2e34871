"""McNemar's test against SciPy and exact fractions."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from scipy.stats import binomtest

from lfv_mcp.metrics import mcnemar_exact
from tests.support.scores import near


def test_mcnemar_is_scipys() -> None:
    rng = random.Random(5)
    pairs = [(b, c) for b in range(8) for c in range(8) if b + c]
    pairs += [(rng.randrange(4000), rng.randrange(4000)) for _ in range(25)]
    pairs += [(2000 + rng.randrange(100), 2000 + rng.randrange(100)) for _ in range(25)]
    for b, c in pairs:
        expected = binomtest(b, b + c, 0.5, alternative="two-sided").pvalue
        assert mcnemar_exact(b, c) == near(expected)
        assert mcnemar_exact(b, c) == mcnemar_exact(c, b)


@pytest.mark.parametrize(
    ("b", "c"), [(0, 5), (1, 9), (3, 12), (8, 8), (150, 200), (980, 1020), (300, 1500)]
)
def test_mcnemar_is_exact(b: int, c: int) -> None:
    tail = Fraction(sum(math.comb(b + c, i) for i in range(min(b, c) + 1)), 2 ** (b + c))
    assert mcnemar_exact(b, c) == float(min(Fraction(1), 2 * tail))


def test_mcnemar_at_the_ends() -> None:
    assert mcnemar_exact(0, 0) == 1.0
    assert mcnemar_exact(1, 0) == 1.0
    assert mcnemar_exact(0, 6) == 2 / 64
    assert mcnemar_exact(10_000, 10_000) == 1.0
    assert 0 < mcnemar_exact(0, 4000) < 1e-300  # 2^-3999 is no float, and not 0 either

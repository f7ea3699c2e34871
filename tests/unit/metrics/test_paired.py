"""Paired comparisons against SciPy, statsmodels, exact fractions and published tables."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from lfv_mcp.metrics import (
    Interval,
    Undefined,
    holm_adjusted,
    mcnemar_mid_p,
    tango_interval,
    wilson_interval,
)
from lfv_mcp.metrics.intervals import Z95
from tests.support.scores import near, relaxed


def tango(lost: int, won: int, images: int, z: float = Z95) -> Interval:
    found = tango_interval(lost, won, images, z)
    assert isinstance(found, Interval)
    return found


def wilson(successes: int, trials: int, z: float = Z95) -> Interval:
    found = wilson_interval(successes, trials, z)
    assert isinstance(found, Interval)
    return found


def test_mid_p_is_statsmodels_exact_less_half_of_the_last_term() -> None:
    rng = random.Random(5)
    pairs = [(b, c) for b in range(12) for c in range(12) if b + c]
    pairs += [(rng.randrange(800), rng.randrange(800)) for _ in range(40)]
    for b, c in pairs:
        exact = mcnemar([[0, b], [c, 0]], exact=True).pvalue
        last = Fraction(math.comb(b + c, min(b, c)), 2 ** (b + c))
        assert mcnemar_mid_p(b, c) == near(min(1.0, _two_sided(b, c) - float(last)))
        assert mcnemar_mid_p(b, c) <= exact + 1e-12
        assert mcnemar_mid_p(b, c) == mcnemar_mid_p(c, b)


def _two_sided(b: int, c: int) -> float:
    tail = sum(math.comb(b + c, i) for i in range(min(b, c) + 1))
    return float(Fraction(2 * tail, 2 ** (b + c)))


def test_mid_p_at_the_ends() -> None:
    assert mcnemar_mid_p(0, 0) == 1.0
    assert mcnemar_mid_p(10, 0) == near(0.0009765625)
    assert mcnemar_mid_p(5000, 5000) == 1.0
    assert 0 < mcnemar_mid_p(0, 4000) < 1e-300  # 2^-4000 is no float, and not 0 either


def test_holm_of_nothing_is_nothing() -> None:
    assert holm_adjusted([]) == []


@pytest.mark.parametrize(
    ("lost", "won", "images", "low", "high"),
    [
        (7, 1, 21, -0.5172, -0.0260),  # Fagerland, Lydersen and Laake 2014, table V
        (20, 40, 160, 0.0309, 0.2181),  # the example of the R package PropCIs
        (10, 0, 50, -0.3304, -0.1124),
        (1, 8, 45, 0.0310, 0.2968),
        (2, 2, 40, -0.1252, 0.1252),
        (3, 3, 200, -0.0302, 0.0302),
        (6, 4, 300, -0.0314, 0.0165),
        (20, 0, 200, -0.1494, -0.0657),
    ],
)
def test_tango_is_the_published_interval(
    lost: int, won: int, images: int, low: float, high: float
) -> None:
    found = tango(lost, won, images)
    assert (found.low, found.high) == (near(low, 6e-5), near(high, 6e-5))


discordant = st.integers(1, 400).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.just(n)).flatmap(
        lambda pair: st.tuples(st.just(pair[0]), st.integers(0, n - pair[0]), st.just(n))
    )
)


@given(discordant, st.sampled_from([1.96, 2.241, 2.773]))
@relaxed
def test_tango_has_its_known_identities(table: tuple[int, int, int], z: float) -> None:
    lost, won, images = table
    found, mirrored = tango(lost, won, images, z), tango(won, lost, images, z)
    assert (found.low, found.high) == (near(-mirrored.high, 1e-9), near(-mirrored.low, 1e-9))
    assert found.low - 1e-12 <= (won - lost) / images <= found.high + 1e-12
    if not won:  # then the lower end is minus Wilson's upper end of the losses
        assert found.low == near(-wilson(lost, images, z).high, 1e-9)
    if not won and not lost:
        assert found.high == near(z**2 / (images + z**2), 1e-9)


@given(discordant)
@relaxed
def test_what_mid_p_proves_the_interval_excludes(table: tuple[int, int, int]) -> None:
    lost, won, images = table
    found = tango(lost, won, images)
    if mcnemar_mid_p(lost, won) <= 0.05:
        assert found.low > 0 or found.high < 0


def test_without_images_there_is_no_interval() -> None:
    assert tango_interval(0, 0, 0) == Undefined("there is no image that both models judged")
    assert tango(3, 0, 3).low == -1
    assert tango(0, 3, 3).high == 1

"""Intervals of every figure against statsmodels, SciPy, MLstatkit and worked examples."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from MLstatkit import Delong_test
from scipy.optimize import brentq
from scipy.stats import bootstrap
from sklearn.metrics import average_precision_score
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
)

from lfv_mcp.metrics import (
    Confusion,
    Interval,
    Undefined,
    average_precision,
    average_precision_interval,
    delong_difference,
    expected_precision_interval,
    f1_interval,
    newcombe_difference,
    roc_auc,
    roc_auc_interval,
    wilson_interval,
)
from lfv_mcp.metrics.delong import AucDifference
from lfv_mcp.metrics.intervals import Z95
from tests.support.scores import near, relaxed

WELD_BEAD_3 = Confusion(43, 3, 2, 52)
CAP_SEAL_3 = Confusion(36, 6, 4, 74)
NO_ERROR_IN_20 = Confusion(10, 0, 0, 10)

shares = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
tables = st.builds(Confusion, *[st.integers(0, 300) | st.integers(0, 2)] * 4)


def interval(found: Interval | Undefined) -> Interval:
    assert isinstance(found, Interval), found
    return found


def four(low: float, high: float) -> Interval:
    return Interval(near(low, 5.1e-5), near(high, 5.1e-5))  # type: ignore[arg-type]


@given(shares, st.sampled_from([0.05, 0.025, 0.01]))
@relaxed
def test_wilson_is_statsmodels(share: tuple[int, int], alpha: float) -> None:
    from scipy.stats import norm

    found = interval(wilson_interval(*share, z=float(norm.ppf(1 - alpha / 2))))
    expected = proportion_confint(*share, alpha=alpha, method="wilson")
    assert (found.low, found.high) == (near(expected[0], 1e-9), near(expected[1], 1e-9))


@given(tables)
@relaxed
def test_f1_is_wilsons_interval_transformed(c: Confusion) -> None:
    found = f1_interval(c)
    if not c.true_positives + c.false_negatives:
        assert isinstance(found, Undefined)
        return
    involved = c.true_positives + c.false_positives + c.false_negatives
    low, high = proportion_confint(c.true_positives, involved, method="wilson")
    assert interval(found) == Interval(
        near(2 * low / (1 + low), 1e-9),  # type: ignore[arg-type]
        near(2 * high / (1 + high), 1e-9),  # type: ignore[arg-type]
    )


@given(shares, shares)
@relaxed
def test_newcombe_is_statsmodels(first: tuple[int, int], second: tuple[int, int]) -> None:
    found = interval(newcombe_difference(first, second))
    expected = confint_proportions_2indep(*second, *first, method="newcomb", compare="diff")
    assert (found.low, found.high) == (near(expected[0], 1e-9), near(expected[1], 1e-9))


@given(st.floats(0, 1), st.integers(1, 500), st.integers(1, 500))
@relaxed
def test_the_limits_of_roc_auc_solve_newcombes_equation(auc: float, m: int, n: int) -> None:
    def distance(t: float) -> float:
        weight = (m + n) / 2 - 1
        spread = t * (1 - t) * (1 + weight * (1 - t) / (2 - t) + weight * t / (1 + t)) / (m * n)
        return (auc - t) ** 2 - Z95**2 * spread

    found = interval(roc_auc_interval(auc, m, n))
    assert 0 <= found.low <= auc <= found.high <= 1
    if 1e-6 < auc < 1 - 1e-6:
        assert found.low == near(brentq(distance, 0, auc, xtol=1e-14), 1e-9)
        assert found.high == near(brentq(distance, auc, 1, xtol=1e-14), 1e-9)


def test_worked_intervals() -> None:
    assert f1_interval(WELD_BEAD_3) == four(0.8753, 0.9768)
    assert f1_interval(CAP_SEAL_3) == four(0.7836, 0.9347)
    assert f1_interval(NO_ERROR_IN_20) == four(0.8389, 1)
    assert roc_auc_interval(1.0, 10, 10) == four(0.8002, 1)
    assert newcombe_difference((120, 200), (196, 200)) == four(0.3079, 0.4502)
    assert isinstance(average_precision_interval(1.0, 10), Undefined)
    assert isinstance(average_precision_interval(0.5, 0), Undefined)
    assert isinstance(roc_auc_interval(0.5, 0, 3), Undefined)


@pytest.mark.slow
def test_average_precision_lies_near_the_bootstrap() -> None:
    rng = np.random.default_rng(11)
    anomalous, normal = rng.normal(2.2, 1, 45), rng.normal(0, 1, 55)
    value = average_precision(anomalous.tolist(), normal.tolist())
    assert isinstance(value, float)
    found = interval(average_precision_interval(value, 45))

    def statistic(a: np.ndarray, n: np.ndarray, axis: int) -> np.ndarray:  # noqa: ARG001 - SciPy's
        a, n = np.atleast_2d(a), np.atleast_2d(n)
        labels = [1] * a.shape[-1] + [0] * n.shape[-1]
        return np.array(
            [average_precision_score(labels, [*x, *y]) for x, y in zip(a, n, strict=True)]
        )

    drawn = bootstrap(
        (anomalous, normal),
        statistic,
        n_resamples=400,
        vectorized=True,
        method="percentile",
        rng=rng,
    ).confidence_interval
    # The logit interval is the wider one of the two on few images.
    assert drawn.low - 0.1 < found.low < drawn.low + 0.02
    assert found.high == near(drawn.high, 0.03)


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [(WELD_BEAD_3, 0.060, 0.340), (CAP_SEAL_3, 0.055, 0.207), (NO_ERROR_IN_20, 0.034, 1.0)],
)
def test_expected_precision_at_one_percent(counts: Confusion, low: float, high: float) -> None:
    found = interval(expected_precision_interval(counts, 0.01))
    assert (found.low, found.high) == (near(low, 5.1e-4), near(high, 5.1e-4))


def test_expected_precision_lies_near_koopmans_score_interval() -> None:
    rng = random.Random(3)
    for _ in range(200):
        defects, good = rng.randrange(30, 400), rng.randrange(30, 400)
        missed, alarms = rng.randrange(1, defects // 4), rng.randrange(1, good // 4)
        c = Confusion(defects - missed, alarms, missed, good - alarms)
        found = interval(expected_precision_interval(c, 0.01))
        ends = confint_proportions_2indep(
            c.true_positives,
            defects,
            alarms,
            good,
            method="score",
            compare="ratio",
            correction=False,
        )
        low, high = (0.01 * lr / (0.01 * lr + 0.99) for lr in ends)
        assert found.low == near(low, 0.25 * low + 0.003)
        assert found.high == near(high, 0.25 * high + 0.003)


@given(tables, st.floats(0, 1, allow_subnormal=False))  # of which the product below is 0
@relaxed
def test_expected_precision_holds_at_every_edge(c: Confusion, defect_rate: float) -> None:
    found = expected_precision_interval(c, defect_rate)
    defects, good = c.true_positives + c.false_negatives, c.false_positives + c.true_negatives
    if not defects or not good:
        assert isinstance(found, Undefined)
        return
    assert 0 <= interval(found).low <= interval(found).high <= 1
    if c.true_positives + c.false_positives and 0 < defect_rate < 1:
        caught, alarms = c.true_positives / defects, c.false_positives / good
        value = caught * defect_rate / (caught * defect_rate + alarms * (1 - defect_rate))
        assert interval(found).low - 1e-9 <= value <= interval(found).high + 1e-9


def test_delong_is_mlstatkits() -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        m, n = int(rng.integers(3, 60)), int(rng.integers(3, 60))
        truth = np.array([1] * m + [0] * n)
        shared = rng.normal(0, 1, m + n) + truth * 1.5
        scores = [np.round(shared + rng.normal(0, 0.7, m + n), 2) for _ in range(2)]
        first, second = (1 / (1 + np.exp(-s)) for s in scores)
        z, p = Delong_test(truth, first, second, return_ci=False, return_auc=False)[:2]
        found = delong_difference(
            (first[:m].tolist(), first[m:].tolist()), (second[:m].tolist(), second[m:].tolist())
        )
        if isinstance(found, Undefined):
            continue
        assert found.p_value == near(float(p), 1e-9)
        error = (found.interval.high - found.interval.low) / 2 / Z95
        assert abs(found.difference / error) == near(abs(float(z)), 1e-7)
        assert found.difference == near(_auc(second, m) - _auc(first, m), 1e-12)


def _auc(scores: np.ndarray, anomalous: int) -> float:
    found = roc_auc(scores[:anomalous].tolist(), scores[anomalous:].tolist())
    assert isinstance(found, float)
    return found


def test_delong_says_where_nothing_varies() -> None:
    same = ([0.9, 0.8], [0.1, 0.2])
    assert delong_difference(same, same) == Undefined("both models rank the images alike")
    assert isinstance(delong_difference(([], [0.1]), ([], [0.1])), Undefined)
    assert isinstance(delong_difference(([0.9], [0.1, 0.2]), ([0.9], [0.1, 0.3])), Undefined)
    different = delong_difference(([0.9, 0.8, 0.3], [0.1, 0.2]), ([0.9, 0.8, 0.15], [0.1, 0.2]))
    assert isinstance(different, AucDifference)

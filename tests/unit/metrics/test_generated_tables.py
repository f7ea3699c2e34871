"""Every interval and test on thousands of generated tables, against code that others wrote.

Counts of 0, of all, of one class alone and of a single image are among them.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator
from math import comb, log, sqrt

import numpy as np
import pytest
from MLstatkit import Delong_test
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import binom, binomtest, bootstrap, logistic
from sklearn.metrics import average_precision_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from lfv_mcp.metrics import (
    AucDifference,
    Confusion,
    Interval,
    Prices,
    Undefined,
    average_precision,
    average_precision_interval,
    cost_difference,
    cost_per_part,
    delong_difference,
    error_requirement,
    expected_precision_interval,
    f1_interval,
    holm_adjusted,
    mcnemar_exact,
    mcnemar_mid_p,
    newcombe_difference,
    roc_auc_interval,
    tango_interval,
    wilson_interval,
)
from lfv_mcp.metrics.intervals import Z95
from tests.support.scores import near, random_score_sets


def given(found: Interval | Undefined) -> Interval:
    assert isinstance(found, Interval), found
    return found


def ends(found: Interval | Undefined, tolerance: float = 1e-9) -> tuple[object, object]:
    return near(given(found).low, tolerance), near(given(found).high, tolerance)


def shares(count: int, seed: int, largest: int = 5000) -> Iterator[tuple[int, int]]:
    """Successes of trials: every one of few, and of many those at the ends as often as others."""
    for trials in range(1, 25):
        for successes in range(trials + 1):
            yield successes, trials
    rng = random.Random(seed)
    for _ in range(count):
        trials = rng.randrange(1, largest)
        inside = rng.randrange(trials + 1)
        yield rng.choice((0, min(1, trials), trials - 1, trials, inside, inside, inside)), trials


def matrices(count: int, seed: int) -> Iterator[Confusion]:
    """Confusion matrices: every one of at most two in each place, and drawn ones."""
    for i in range(81):
        yield Confusion(*(i // 3**place % 3 for place in range(4)))
    rng = random.Random(seed)
    for _ in range(count):
        yield Confusion(*(rng.choice((0, 1, rng.randrange(1500))) for _ in range(4)))


def discordant(count: int, seed: int) -> Iterator[tuple[int, int, int]]:
    """Images that one model alone judges right, of so many: every one of few, and drawn ones."""
    for images in range(1, 9):
        for lost in range(images + 1):
            for won in range(images + 1 - lost):
                yield lost, won, images
    rng = random.Random(seed)
    for _ in range(count):
        images = rng.randrange(1, 3000)
        lost = rng.choice((0, 1, rng.randrange(images + 1)))
        yield (
            min(lost, images),
            rng.choice((0, rng.randrange(images - min(lost, images) + 1))),
            images,
        )


def test_wilson_is_statsmodels_and_scipys_on_thousands_of_shares() -> None:
    tried = list(shares(3000, seed=1))
    successes, trials = np.array(tried).T
    low, high = proportion_confint(successes, trials, method="wilson")
    for (k, n), expected in zip(tried, zip(low.tolist(), high.tolist(), strict=True), strict=True):
        assert expected == ends(wilson_interval(k, n)), (k, n)
    for k, n in tried[:400]:
        scipys = binomtest(k, n).proportion_ci(method="wilson")
        assert (scipys.low, scipys.high) == ends(wilson_interval(k, n))


@pytest.mark.slow
def test_f1_is_statsmodels_transformed_on_thousands_of_matrices() -> None:
    for c in matrices(3000, seed=2):
        found = f1_interval(c)
        if not c.true_positives + c.false_negatives:
            assert isinstance(found, Undefined)
            continue
        involved = c.true_positives + c.false_positives + c.false_negatives
        jaccard = proportion_confint(c.true_positives, involved, method="wilson")
        assert tuple(2 * j / (1 + j) for j in jaccard) == ends(found)


@pytest.mark.slow
def test_newcombe_is_statsmodels_on_thousands_of_pairs() -> None:
    firsts, seconds = list(shares(1500, seed=3)), list(shares(1500, seed=4))
    random.Random(5).shuffle(seconds)
    for first, second in zip(firsts, seconds, strict=True):
        expected = confint_proportions_2indep(*second, *first, method="newcomb", compare="diff")
        assert tuple(expected) == ends(newcombe_difference(first, second))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_newcombe_lies_near_the_score_interval_of_a_difference() -> None:
    """Another method, with shares of .2 to .8 and 100 images a side: the ends within 2 points."""
    rng = random.Random(6)
    compared = 0
    for _ in range(1000):
        first, second = (
            (rng.randrange(trials // 5, trials - trials // 5), trials)
            for trials in (rng.randrange(100, 1000), rng.randrange(100, 1000))
        )
        try:
            expected = confint_proportions_2indep(
                *second, *first, method="score", compare="diff", correction=False
            )
        except ValueError:  # statsmodels' own search for the ends fails on some
            continue
        compared += 1
        assert tuple(expected) == ends(newcombe_difference(first, second), 0.02), (first, second)
    assert compared > 800


@pytest.mark.slow
def test_expected_precision_lies_near_the_score_interval_of_a_ratio() -> None:
    """Another method (Koopman's), turned into a precision: within 4 points, at the ends too."""
    rng = random.Random(7)
    tried = 0
    while tried < 1000:
        defects, good = rng.randrange(30, 1000), rng.randrange(30, 1000)
        missed = rng.choice((0, 1, rng.randrange(defects // 2)))
        alarms = rng.choice((1, rng.randrange(1, good // 2)))
        c = Confusion(defects - missed, alarms, missed, good - alarms)
        ratio = confint_proportions_2indep(
            c.true_positives, defects, alarms, good, "score", "ratio", correction=False
        )
        expected = tuple(0.01 * r / (0.01 * r + 0.99) for r in ratio)
        low, high = ends(expected_precision_interval(c, 0.01), 0.04)
        assert expected == (low, high), c
        tried += 1


@pytest.mark.slow
def test_mcnemar_is_scipys_and_statsmodels_on_thousands_of_tables() -> None:
    pairs = [(b, c) for b in range(40) for c in range(40)]
    rng = random.Random(8)
    pairs += [(rng.randrange(900), rng.randrange(900)) for _ in range(600)]
    for b, c in pairs:
        if b + c == 0:
            assert mcnemar_exact(b, c) == mcnemar_mid_p(b, c) == 1
            continue
        exact = binomtest(min(b, c), b + c).pvalue
        assert mcnemar_exact(b, c) == near(float(exact), 1e-10)
        fewer = min(b, c)
        mid = min(1.0, 2 * binom.cdf(fewer, b + c, 0.5) - binom.pmf(fewer, b + c, 0.5))
        assert mcnemar_mid_p(b, c) == near(float(mid), 1e-10)
    for b, c in pairs[1::37]:
        statsmodels = mcnemar([[5, b], [c, 7]], exact=True).pvalue
        assert mcnemar_exact(b, c) == near(float(statsmodels), 1e-10)


@pytest.mark.slow
def test_holm_is_statsmodels_on_thousands_of_families() -> None:
    rng = random.Random(9)
    gc.freeze()  # statsmodels collects garbage in every call, which takes 20 ms of a large process
    for _ in range(2500):
        family = [rng.choice((0.0, 1.0, 0.02, rng.random())) for _ in range(rng.randrange(1, 20))]
        expected = multipletests(family, method="holm")[1].tolist()
        assert holm_adjusted(family) == [near(p) for p in expected]
    gc.unfreeze()


def _score(lost: int, won: int, images: int, difference: float) -> float:
    """Tango's score, its nuisance parameter found by maximising the likelihood by numbers."""

    def unlikelihood(share: float) -> float:
        gained, rest = share + difference, 1 - 2 * share - difference
        parts = ((lost, share), (won, gained), (images - lost - won, rest))
        return -sum(count * log(max(p, 1e-300)) for count, p in parts if count)

    low, high = max(0.0, -difference), (1 - difference) / 2
    share = minimize_scalar(
        unlikelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-13}
    ).x
    variance = images * (2 * share + difference - difference**2)
    return float((won - lost - images * difference) / sqrt(max(variance, 1e-300)))


@pytest.mark.slow
@pytest.mark.parametrize("z", [1.96, 2.241])
def test_tango_is_the_score_interval_of_a_numerical_likelihood(z: float) -> None:
    """Tango's closed form for the nuisance parameter is not used here."""
    for lost, won, images in discordant(250, seed=10):
        found = given(tango_interval(lost, won, images, z))
        estimate = (won - lost) / images
        for end, target in ((found.low, z), (found.high, -z)):
            if abs(end) == 1:  # all images on one side: there is no limit to solve for
                assert estimate == end
                continue
            outside = -1 + 1e-9 if target > 0 else 1 - 1e-9
            solved = brentq(
                lambda d, a=lost, b=won, n=images, t=target: _score(a, b, n, d) - t,
                *sorted((outside, estimate)),
                xtol=1e-9,
            )
            assert solved == near(end, 2e-5), (lost, won, images)


@pytest.mark.slow
def test_tango_holds_its_identities_on_thousands_of_tables() -> None:
    for lost, won, images in discordant(3000, seed=11):
        found = given(tango_interval(lost, won, images))
        mirrored = given(tango_interval(won, lost, images))
        assert (found.low, found.high) == (near(-mirrored.high, 1e-9), near(-mirrored.low, 1e-9))
        assert -1 <= found.low <= found.high <= 1
        if not won:
            assert found.low == near(-given(wilson_interval(lost, images)).high, 1e-9)


def test_newcombes_auc_limits_solve_their_equation_on_thousands_of_sets() -> None:
    rng = random.Random(12)
    for _ in range(2000):
        m, n = rng.choice((1, 2, rng.randrange(1, 1500))), rng.choice((1, rng.randrange(1, 1500)))
        auc = rng.choice((0.0, 0.5, 1.0, rng.randrange(2 * m * n + 1) / (2 * m * n)))
        found = given(roc_auc_interval(auc, m, n))
        assert 0 <= found.low <= auc <= found.high <= 1
        for t in (found.low, found.high):
            if t in (0, 1):
                assert auc == t
                continue
            weight = (m + n) / 2 - 1
            v = t * (1 - t) * (1 + weight * (1 - t) / (2 - t) + weight * t / (1 + t)) / (m * n)
            assert abs(auc - t) == near(Z95 * sqrt(v), 1e-8)


@pytest.mark.slow
def test_average_precision_is_scipys_logistic_on_thousands_of_values() -> None:
    rng = random.Random(13)
    for _ in range(3000):
        value, n = rng.random(), rng.randrange(1, 2000)
        reach = Z95 / sqrt(n * value * (1 - value))
        middle = logistic.ppf(value)
        expected = tuple(logistic.cdf(middle + side * reach) for side in (-1, 1))
        assert expected == ends(average_precision_interval(value, n))
    assert isinstance(average_precision_interval(0.0, 5), Undefined)
    assert isinstance(average_precision_interval(1.0, 5), Undefined)


@pytest.mark.slow
def test_average_precision_lies_near_scipys_bca_bootstrap() -> None:
    """Resampled within each class. The logit interval is wider, by 6 points at most."""
    rng = np.random.default_rng(14)
    for separation in (1.5, 2.2, 3.0):
        anomalous, normal = rng.normal(separation, 1, 80), rng.normal(0, 1, 120)
        value = average_precision(anomalous.tolist(), normal.tolist())
        assert isinstance(value, float)

        def statistic(a: np.ndarray, n: np.ndarray) -> float:
            return float(average_precision_score([1] * len(a) + [0] * len(n), [*a, *n]))

        drawn = bootstrap(
            (anomalous, normal), statistic, n_resamples=999, vectorized=False, method="BCa", rng=rng
        ).confidence_interval
        found = given(average_precision_interval(value, 80))
        assert drawn.low - 0.06 <= found.low <= drawn.low + 0.02
        assert drawn.high - 0.02 <= found.high <= drawn.high + 0.06


@pytest.mark.slow
def test_delong_is_mlstatkits_on_thousands_of_sets() -> None:
    compared = 0
    rng = np.random.default_rng(15)
    for anomalous, normal in random_score_sets(2200, seed=16):
        m, n = len(anomalous), len(normal)
        # Rounded, or ties that differ in the last bit are ties to one of the two alone.
        first = tuple([round(s, 6) for s in side] for side in (anomalous, normal))
        second = tuple(
            [round(s + e, 2) for s, e in zip(side, rng.normal(0, 0.4, len(side)), strict=True)]
            for side in first
        )
        found = delong_difference((first[0], first[1]), (second[0], second[1]))
        if min(m, n) < 2:
            assert isinstance(found, Undefined)
            continue
        scores = [np.array([*a, *b]) for a, b in (first, second)]
        truth = np.array([1] * m + [0] * n)
        if isinstance(found, Undefined):
            continue
        # A constant shift into 0 to 1, which MLstatkit asks for, changes no rank.
        low, high = min(s.min() for s in scores), max(s.max() for s in scores)
        z, p = Delong_test(
            truth,
            *((s - low) / (high - low + 1e-12) for s in scores),
            return_ci=False,
            return_auc=False,
        )[:2]
        assert isinstance(found, AucDifference)
        assert found.p_value == near(float(p), 1e-8)
        error = (found.interval.high - found.interval.low) / 2 / Z95
        assert abs(found.difference) / error == near(abs(float(z)), 1e-6)
        compared += 1
    assert compared > 2000


@pytest.mark.slow
def test_costs_are_movers_on_thousands_of_matrices() -> None:
    rng = random.Random(17)
    for c in matrices(2000, seed=18):
        paid = Prices(rng.uniform(0, 500), rng.uniform(0, 5), rng.choice((0.0, 1.0, rng.random())))
        defects, good = c.true_positives + c.false_negatives, c.false_positives + c.true_negatives
        found = cost_per_part(c, paid)
        if not defects or not good:
            assert isinstance(found, Undefined)
            continue
        assert not isinstance(found, Undefined)
        rates = np.array([c.false_negatives / defects, c.false_positives / good])
        wilson = np.array(
            [
                proportion_confint(c.false_negatives, defects, method="wilson"),
                proportion_confint(c.false_positives, good, method="wilson"),
            ]
        )
        weights = np.array([paid.reject_nothing, paid.reject_everything])
        reach = [float(np.hypot(*(weights * (rates - wilson[:, side])))) for side in (0, 1)]
        value = float(weights @ rates)
        assert found.value == near(value, 1e-9)
        assert (value - reach[0], value + reach[1]) == ends(found.interval, 1e-6)


def test_cuts_without_an_image_between_them_leave_their_order_open() -> None:
    """No image lies between the two, so either may be the higher one: 0, and room on both sides."""
    paid = Prices(escape=10, false_reject=1, defect_rate=0.01)
    for c in matrices(300, seed=19):
        found = cost_difference(c, c, paid)
        defects, good = c.true_positives + c.false_negatives, c.false_positives + c.true_negatives
        if not defects or not good:
            assert isinstance(found, Undefined)
            continue
        assert not isinstance(found, Undefined)
        missed, passed = (proportion_confint(0, n, method="wilson")[1] for n in (defects, good))
        reach = max(paid.reject_nothing * missed, paid.reject_everything * passed)
        assert found.value == 0
        assert (found.interval.low, found.interval.high) == (near(-reach, 1e-9), near(reach, 1e-9))


def test_two_matrices_of_different_scores_have_no_cost_difference() -> None:
    paid = Prices(escape=10, false_reject=1, defect_rate=0.01)
    with pytest.raises(ValueError, match="no two cuts of the same scores"):
        cost_difference(Confusion(8, 3, 2, 7), Confusion(9, 2, 1, 8), paid)


def test_ratios_at_the_edges_of_both_rates() -> None:
    """Without a caught defect, without a false alarm, without either, and with one image each."""
    for defects, good in ((1, 1), (10, 10), (10, 1), (400, 1000)):
        for caught in (0, 1, defects):
            for alarms in (0, 1, good):
                c = Confusion(caught, alarms, defects - caught, good - alarms)
                found = given(expected_precision_interval(c, 0.01))
                assert 0 <= found.low <= found.high <= 1
                assert (found.low == 0) == (caught == 0)
                assert (found.high == 1) == (alarms == 0)


def test_requirements_are_statsmodels_on_thousands_of_shares() -> None:
    rng = random.Random(20)
    for errors, images in shares(2000, seed=21):
        at_most = rng.choice((0.01, 0.05, rng.uniform(0.001, 0.6)))
        found = error_requirement(errors, images, at_most)
        assert not isinstance(found, Undefined)
        low, high = proportion_confint(errors, images, method="wilson")
        if min(abs(low - at_most), abs(high - at_most)) < 1e-12:
            continue
        expected = "shown" if high <= at_most else "refuted" if low > at_most else "not_shown"
        assert found.verdict == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("images", "of_exact", "of_mid_p", "of_tango"),
    [
        (20, 0.019, 0.039, 0.049),
        (50, 0.030, 0.047, 0.053),
        (100, 0.035, 0.049, 0.053),
    ],
)
def test_no_test_finds_more_than_it_may_where_nothing_is(
    images: int, of_exact: float, of_mid_p: float, of_tango: float
) -> None:
    """The largest type I error over all shares of discordant images up to .4, by enumeration."""
    pairs = [(b, c) for b in range(images + 1) for c in range(images + 1 - b)]
    exact = np.array([mcnemar_exact(b, c) <= 0.05 for b, c in pairs])
    mid_p = np.array([mcnemar_mid_p(b, c) <= 0.05 for b, c in pairs])
    intervals = [given(tango_interval(b, c, images)) for b, c in pairs]
    tango = np.array([i.low > 0 or i.high < 0 for i in intervals])
    worst = np.zeros(3)
    for share in np.arange(0.002, 0.4001, 0.002):
        of_total = binom.pmf(np.arange(images + 1), images, share)
        chance = np.array([of_total[b + c] * comb(b + c, b) / 2.0 ** (b + c) for b, c in pairs])
        worst = np.maximum(worst, [chance @ found for found in (exact, mid_p, tango)])
    assert worst.tolist() == [near(of_exact, 6e-4), near(of_mid_p, 6e-4), near(of_tango, 6e-4)]

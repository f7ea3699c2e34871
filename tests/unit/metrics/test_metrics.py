"""Metrics against oracles nobody here wrote: scikit-learn, SciPy, exact fractions, real results."""

import math
import random
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, mannwhitneyu

from lfv_mcp.metrics import (
    Confusion,
    Interval,
    Separability,
    Undefined,
    Value,
    anomaly_score,
    at_threshold,
    average_precision,
    counts_from_rates,
    escapes_per_million,
    expected_precision,
    f1_from,
    f1_score,
    false_alarm_rate,
    false_rejects_per_million,
    mcnemar_exact,
    precision,
    recall,
    roc_auc,
    separability,
    wilson_interval,
)

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


# Against scikit-learn


def check_ranking_against_sklearn(anomalous: Scores, normal: Scores) -> None:
    truth, all_scores = labelled(anomalous, normal)
    assert number(roc_auc(anomalous, normal)) == near(sk.roc_auc_score(truth, all_scores))
    assert number(average_precision(anomalous, normal)) == near(
        sk.average_precision_score(truth, all_scores)
    )


@relaxed
@given(some_scores, some_scores)
def test_ranking_metrics_are_sklearns(anomalous: Scores, normal: Scores) -> None:
    check_ranking_against_sklearn(anomalous, normal)


def test_average_precision_is_sklearns_on_many_sets() -> None:
    sets = list(random_score_sets(1000, seed=1))
    expected = sk.average_precision_score(*as_columns(sets), average=None)
    assert [number(average_precision(*each)) for each in sets] == [near(ap) for ap in expected]


def test_auc_is_sklearns_on_many_sets() -> None:
    sets = list(random_score_sets(300, seed=2))
    expected = sk.roc_auc_score(*as_columns(sets), average=None)
    assert [number(roc_auc(*each)) for each in sets] == [near(auc) for auc in expected]


@pytest.mark.parametrize("anomalies", [1, 7, 20, 33])
def test_auc_is_the_mann_whitney_statistic_on_thousands_of_sets(anomalies: int) -> None:
    rng = np.random.default_rng(anomalies)
    anomalous = rng.integers(0, 20, (1000, anomalies)) / 20 + 0.2
    normal = rng.integers(0, 20, (1000, 34 - anomalies)) / 20
    won = mannwhitneyu(anomalous, normal, axis=1, method="asymptotic").statistic
    for a, n, u in zip(anomalous.tolist(), normal.tolist(), won, strict=True):
        assert number(roc_auc(a, n)) == near(u / (len(a) * len(n)))


def test_ranking_metrics_are_sklearns_on_the_largest_test_set() -> None:
    rng = random.Random(2)
    anomalous = [round(rng.betavariate(4, 2), 3) for _ in range(1500)]
    normal = [round(rng.betavariate(2, 4), 3) for _ in range(2500)]
    check_ranking_against_sklearn(anomalous, normal)


def check_sweep_against_sklearn(anomalous: Scores, normal: Scores) -> None:
    truth, all_scores = labelled(anomalous, normal)
    false_positive_rates, true_positive_rates, thresholds = sk.roc_curve(
        truth, all_scores, drop_intermediate=False
    )
    sweep = threshold_sweep(anomalous, normal)
    # The first point of theirs flags nothing: it is no score.
    assert [threshold for threshold, _ in sweep] == list(thresholds[1:])
    for (_, c), fpr, tpr in zip(
        sweep, false_positive_rates[1:], true_positive_rates[1:], strict=True
    ):
        assert number(false_alarm_rate(c)) == near(fpr)
        assert number(recall(c)) == near(tpr)


@relaxed
@given(some_scores, some_scores)
def test_the_sweep_is_sklearns_roc_curve(anomalous: Scores, normal: Scores) -> None:
    check_sweep_against_sklearn(anomalous, normal)


def test_the_sweep_is_sklearns_roc_curve_on_many_sets() -> None:
    for anomalous, normal in random_score_sets(75, seed=3):
        check_sweep_against_sklearn(anomalous, normal)


def check_counts_against_sklearn(score_sets: list[tuple[Scores, Scores]], cut: float) -> None:
    truth, all_scores = as_columns(score_sets)
    predicted = np.asarray(all_scores) >= cut
    matrices = sk.multilabel_confusion_matrix(truth, predicted)
    # Where they are undefined the oracle says NaN, except for F1 without an anomalous image.
    p, r, f1 = (
        oracle(truth, predicted, average=None, zero_division=np.nan)
        for oracle in (sk.precision_score, sk.recall_score, sk.f1_score)
    )
    for k, (anomalous, normal) in enumerate(score_sets):
        c = at_threshold(anomalous, normal, cut)
        (tn, fp), (fn, tp) = matrices[k]
        assert c == Confusion(tp, fp, fn, tn)
        assert number(recall(c)) == near(r[k])
        assert number(f1_score(c)) == near(f1[k])
        if tp + fp:
            assert number(precision(c)) == near(p[k])
        else:
            assert isinstance(precision(c), Undefined)
            assert math.isnan(p[k])


@pytest.mark.parametrize("cut", [0.0, 0.5, 1.0, 2.0])
def test_counts_and_rates_are_sklearns_on_thousands_of_sets(cut: float) -> None:
    check_counts_against_sklearn(list(random_score_sets(1000, seed=4)), cut)


@settings(deadline=None, max_examples=20)
@given(some_scores, some_scores, score)
def test_counts_and_rates_are_sklearns(anomalous: Scores, normal: Scores, cut: float) -> None:
    truth, all_scores = labelled(anomalous, normal)
    predicted = [int(s >= cut) for s in all_scores]
    c = at_threshold(anomalous, normal, cut)
    (tn, fp), (fn, tp) = sk.confusion_matrix(truth, predicted, labels=[0, 1])
    assert c == Confusion(tp, fp, fn, tn)
    assert number(recall(c)) == near(sk.recall_score(truth, predicted))
    assert number(f1_score(c)) == near(sk.f1_score(truth, predicted))
    if tp + fp:
        assert number(precision(c)) == near(sk.precision_score(truth, predicted))
    else:
        assert isinstance(precision(c), Undefined)


# Against exact arithmetic


@relaxed
@given(some_scores, some_scores)
def test_auc_counts_pairs(anomalous: Scores, normal: Scores) -> None:
    halves = sum(2 * (a > n) + (a == n) for a in anomalous for n in normal)
    exact = Fraction(halves, 2 * len(anomalous) * len(normal))
    assert number(roc_auc(anomalous, normal)) == float(exact)


@relaxed
@given(counts)
def test_rates_are_the_quotients_of_the_counts(c: Confusion) -> None:
    tp, fp, fn, tn = c.true_positives, c.false_positives, c.false_negatives, c.true_negatives
    assert c.total == tp + fp + fn + tn
    for value, share, whole in (
        (precision(c), tp, tp + fp),
        (recall(c), tp, tp + fn),
        (false_alarm_rate(c), fp, fp + tn),
    ):
        assert value == float(Fraction(share, whole)) if whole else isinstance(value, Undefined)
    p, r, f = precision(c), recall(c), f1_score(c)
    if not isinstance(p, Undefined) and not isinstance(r, Undefined) and tp:
        assert number(f) == near(number(f1_from(p, r)))
        assert number(f) == near(2 / (1 / p + 1 / r))  # the harmonic mean


@pytest.mark.parametrize("trials", [*range(1, 16), 40, 120, 1000, 4000])
def test_wilson_is_scipys(trials: int) -> None:
    for successes in {*range(0, trials + 1, max(1, trials // 20)), trials - 1, trials}:
        interval = wilson_interval(successes, trials)
        assert isinstance(interval, Interval)
        expected = binomtest(successes, trials).proportion_ci(method="wilson")
        assert interval.low == near(expected.low)
        assert interval.high == near(expected.high)
        assert 0 <= interval.low <= successes / trials <= interval.high <= 1
        assert (interval.low == 0) == (successes == 0)
        assert (interval.high == 1) == (successes == trials)


def test_wilson_worked() -> None:
    all_of_ten, most_of_forty = wilson_interval(10, 10), wilson_interval(36, 40)
    assert isinstance(all_of_ten, Interval)
    assert isinstance(most_of_forty, Interval)
    assert (all_of_ten.low, all_of_ten.high) == (near(0.72, 0.005), 1.0)
    assert most_of_forty.low == near(0.769, 5e-4)
    assert most_of_forty.high == near(0.960, 5e-4)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 10), (11, 10), (1, 0), (0, -1)])
def test_wilson_refuses_impossible_counts(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="successes of"):
        wilson_interval(successes, trials)


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


# Real evaluation results, each with the only ranking that gives its AUC and AP to six decimals

REAL_RESULTS = [
    pytest.param(
        "A" * 16 + "NNA" + "N" * 15,
        (0.993080, 0.993808, 1.000000, 0.941176, 0.969697),
        Confusion(16, 0, 1, 17),
        2,
        id="fold 0",
    ),
    pytest.param(
        "A" * 8 + "N" + "A" * 6 + "N" + "AAA" + "N" * 15,
        (0.958478, 0.951572, 0.894737, 1.000000, 0.944444),
        Confusion(17, 2, 0, 15),
        12,
        id="fold 1",
    ),
    pytest.param(
        "A" * 14 + "NA" + "N" * 13 + "ANN",
        (0.941406, 0.966927, 0.937500, 0.937500, 0.937500),
        Confusion(15, 1, 1, 15),
        15,
        id="fold 2",
    ),
]
# Composed, not real (facts 8.6): its ranking is just as unique.
PANEL_PAINT = pytest.param(
    "A" * 14 + "N" + "A" * 6 + "NNNNANNNNA" + "N" * 19,
    (0.967532, 0.963193, 0.952381, 0.909091, 0.930233),
    Confusion(20, 1, 2, 27),
    20,
    id="panel-paint",
)
RESULT = ("ranking", "figures", "expected", "inversions")
Figures = tuple[float, float, float, float, float]


def rankings(anomalies: int, normals: int, inversions: int) -> Iterator[str]:
    """Every ranking without ties that has this many pairs out of order."""
    if inversions > anomalies * normals:
        return
    if anomalies == 0 or normals == 0:
        yield "A" * anomalies + "N" * normals
        return
    # The last image is normal, or it is an anomaly with every normal image above it.
    for head in rankings(anomalies, normals - 1, inversions):
        yield head + "N"
    if inversions >= normals:
        for head in rankings(anomalies - 1, normals, inversions - normals):
            yield head + "A"


@pytest.mark.parametrize(RESULT, [*REAL_RESULTS, PANEL_PAINT])
def test_published_figures_are_reproduced(
    ranking: str, figures: Figures, expected: Confusion, inversions: int
) -> None:
    anomalous, normal = split_ranking(ranking)
    pairs = len(anomalous) * len(normal)
    auc, ap, p, r, f1 = figures
    assert number(roc_auc(anomalous, normal)) == six(auc)
    assert number(roc_auc(anomalous, normal)) == near(1 - inversions / pairs)
    assert number(average_precision(anomalous, normal)) == six(ap)
    assert number(precision(expected)) == six(p)
    assert number(recall(expected)) == six(r)
    assert number(f1_score(expected)) == six(f1)
    assert number(f1_from(p, r)) == near(f1, 2e-6)
    assert counts_from_rates(p, r, len(ranking), len(anomalous)) == expected
    # The operating point lies on the curve, inside the AUC bounds it implies.
    assert expected in [c for _, c in threshold_sweep(anomalous, normal)]
    fpr = number(false_alarm_rate(expected))
    assert r * (1 - fpr) - 1e-6 <= auc <= 1 - fpr * (1 - r) + 1e-6


@pytest.mark.parametrize(RESULT, [*REAL_RESULTS, PANEL_PAINT])
def test_no_other_ranking_gives_these_figures(
    ranking: str, figures: Figures, expected: Confusion, inversions: int
) -> None:
    anomalies = expected.true_positives + expected.false_negatives
    normals = expected.total - anomalies
    matching = [
        candidate
        for candidate in rankings(anomalies, normals, inversions)
        if number(average_precision(*split_ranking(candidate))) == six(figures[1])
    ]
    assert matching == [ranking]


@pytest.mark.parametrize(RESULT, REAL_RESULTS)
def test_the_service_reports_the_best_f1_of_its_own_test_set(
    ranking: str, figures: Figures, expected: Confusion, inversions: int
) -> None:
    assert expected.total == len(ranking)
    sweep = threshold_sweep(*split_ranking(ranking))
    best = max(number(f1_score(c)) for _, c in sweep)
    assert [c for _, c in sweep if f1_score(c) == best] == [expected]
    assert best == six(figures[4])
    assert inversions > 0  # else every cut between the classes would do


# The four-image fixture: one image in each cell


def test_four_image_fixture() -> None:
    a1, a2 = anomaly_score(True, 0.97), anomaly_score(False, 0.62)
    n1, n2 = anomaly_score(False, 0.91), anomaly_score(True, 0.71)
    assert [a1, n2, a2, n1] == [0.97, 0.71, 0.38, 0.09]
    anomalous, normal = [a1, a2], [n1, n2]
    one_each = Confusion(1, 1, 1, 1)
    assert precision(one_each) == recall(one_each) == f1_score(one_each) == 0.5
    assert false_alarm_rate(one_each) == 0.5
    assert roc_auc(anomalous, normal) == 0.75  # on the upper bound, 1 - 0.5 x 0.5
    assert number(average_precision(anomalous, normal)) == six(0.833333)
    # The threshold lies in (0.38, 0.71].
    assert separability([a1, n2], [a2, n1]) == Separability(True, 0.38, 0.71)
    for threshold in (0.380001, 0.5, 0.71):
        assert at_threshold(anomalous, normal, threshold) == one_each
    for threshold in (0.38, 0.710001):
        assert at_threshold(anomalous, normal, threshold) != one_each
    assert threshold_sweep(anomalous, normal) == [
        (0.97, Confusion(1, 0, 1, 2)),
        (0.71, Confusion(1, 1, 1, 1)),
        (0.38, Confusion(2, 1, 0, 1)),
        (0.09, Confusion(2, 2, 0, 0)),
    ]
    assert counts_from_rates(0.5, 0.5, 4, 2) == one_each


# From rates back to counts


@relaxed
@given(st.builds(Confusion, st.integers(1, 400), *[st.integers(0, 400)] * 3))
def test_six_decimals_give_the_counts_back(c: Confusion) -> None:
    p, r = number(precision(c)), number(recall(c))
    anomalies = c.true_positives + c.false_negatives
    for digits in (6, 17):
        found = counts_from_rates(round(p, digits), round(r, digits), c.total, anomalies)
        if isinstance(found, Undefined):
            # Few hits among many false alarms: the neighbouring count rounds alike.
            flagged = c.true_positives + c.false_positives
            assert c.true_positives / (flagged * (flagged + 1)) < 1.1e-6
        else:
            assert found == c


@pytest.mark.parametrize(
    ("p", "r", "images", "anomalies", "reason"),
    [
        (0.9, 0.8, 20, 0, "no test image is anomalous"),
        (0.9, 0.8, 20, 21, "fewer images than"),
        (0.9, 0.85, 34, 17, "gives this recall"),
        (0.9, 1.0, 34, 17, "gives this precision"),
        (0.5, 1.0, 20, 17, "gives this precision"),  # 17 false alarms do not fit into 3 images
        (0.0, 1.0, 34, 17, "gives this precision"),
        (0.00025, 1.0, 4100, 1, "gives this precision"),  # fits 3992 false alarms and 4007
        (0.894735, 1.0, 34, 17, "gives this precision"),  # two in the sixth decimal off
        (1.0, 0.941178, 34, 17, "gives this recall"),
        (5e-7 + 1e-9, 1.0, 34, 17, "gives this precision"),
        (0.0, 0.0, 34, 17, "recall is 0"),
        (math.nan, 0.0, 34, 17, "not both numbers"),
        (0.9, math.inf, 34, 17, "not both numbers"),
        (1.2, 0.9, 34, 17, "not both numbers"),
    ],
)
def test_rates_that_give_no_counts(
    p: float, r: float, images: int, anomalies: int, reason: str
) -> None:
    found = counts_from_rates(p, r, images, anomalies)
    assert isinstance(found, Undefined)
    assert reason in found.reason


@pytest.mark.parametrize("printed", [0.007812, 0.0078125, 0.007813])
def test_a_tie_may_be_rounded_either_way(printed: float) -> None:
    assert counts_from_rates(printed, 1.0, 200, 1) == Confusion(1, 127, 0, 72)


def test_counts_from_rates_without_normal_images() -> None:
    assert counts_from_rates(1.0, 0.9, 10, 10) == Confusion(9, 0, 1, 0)


@pytest.mark.parametrize(
    "c",
    [
        Confusion(36, 6, 4, 74),
        Confusion(57, 11, 3, 49),
        Confusion(10, 0, 0, 10),
        Confusion(30, 15, 10, 65),
    ],
)
def test_counts_from_printed_rates(c: Confusion) -> None:
    p, r = round(number(precision(c)), 6), round(number(recall(c)), 6)
    assert counts_from_rates(p, r, c.total, c.true_positives + c.false_negatives) == c


# Undefined, with reasons


def test_degenerate_counts() -> None:
    empty = Confusion(0, 0, 0, 0)
    assert precision(empty) == Undefined("no test image is predicted anomalous")
    assert recall(empty) == f1_score(empty) == Undefined("no test image is anomalous")
    assert false_alarm_rate(empty) == Undefined("no test image is normal")
    assert f1_from(0.0, 0.0) == Undefined("precision and recall are both 0")
    for nan in ((math.nan, 0.0), (0.9, math.nan)):
        assert f1_from(*nan) == Undefined("precision or recall is not a number")
    assert wilson_interval(0, 0) == Undefined("there is no image to estimate it from")
    # Every anomaly missed is a true zero; nothing to find is not.
    assert f1_score(Confusion(0, 0, 5, 5)) == f1_score(Confusion(0, 3, 5, 5)) == 0.0
    assert f1_score(Confusion(0, 3, 0, 5)) == Undefined("no test image is anomalous")


def test_degenerate_rankings() -> None:
    assert roc_auc([], [0.1]) == roc_auc([], []) == Undefined("no test image is anomalous")
    assert roc_auc([0.1], []) == Undefined("no test image is normal")
    assert average_precision([], [0.1]) == Undefined("no test image is anomalous")
    assert average_precision([0.1, 0.2], []) == 1.0
    assert roc_auc([0.5] * 3, [0.5] * 7) == 0.5
    assert average_precision([0.5] * 3, [0.5] * 7) == 0.3  # chance: the share of anomalies
    assert at_threshold([], [], 0.5) == Confusion(0, 0, 0, 0)


@relaxed
@given(counts, scores, scores)
def test_never_nan_never_outside(c: Confusion, anomalous: Scores, normal: Scores) -> None:
    rates: list[Value] = [f(c) for f in (precision, recall, f1_score, false_alarm_rate)]
    for value in (*rates, roc_auc(anomalous, normal), average_precision(anomalous, normal)):
        if isinstance(value, Undefined):
            assert value.reason
        else:
            assert 0 <= value <= 1


# Confidence and score


def test_anomaly_score_undoes_the_confidence() -> None:
    assert anomaly_score(True, 0.974) == 0.974
    assert anomaly_score(False, 0.311) == 0.689
    assert anomaly_score(False, 0.9) == 0.1  # not 0.09999999999999998
    assert (anomaly_score(False, 1.0), anomaly_score(True, 1.0)) == (0.0, 1.0)


def test_separability() -> None:
    assert separability([0.9, 0.7], [0.6, 0.1]) == Separability(True, 0.6, 0.7)
    assert separability([0.9, 0.6], [0.6, 0.1]) == Separability(True, 0.6, 0.6)
    assert separability([0.9, 0.5], [0.6, 0.1]) == Separability(False, 0.6, 0.5)
    assert separability([0.9], []) == Separability(True, None, 0.9)
    assert separability([], [0.9]) == Separability(True, 0.9, None)
    assert separability([], []) == Separability(True, None, None)
    assert separability([0.0], [0.0]) == Separability(True, 0.0, 0.0)  # 0 is a score, not nothing


@relaxed
@given(scores, score)
def test_any_single_threshold_is_separable(all_scores: Scores, threshold: float) -> None:
    flagged = [s for s in all_scores if s >= threshold]
    passed = [s for s in all_scores if s < threshold]
    found = separability(flagged, passed)
    assert found.rule_holds
    if found.max_normal_score is not None:
        assert found.max_normal_score < threshold
    if found.min_anomaly_score is not None:
        assert threshold <= found.min_anomaly_score


# On the line


def test_expected_precision_worked() -> None:
    assert number(expected_precision(0.9, 0.075, 0.01)) == near(0.108, 5e-4)
    assert expected_precision(0.9, 0.0, 0.01) == 1.0
    assert expected_precision(0.0, 0.075, 0.01) == 0.0
    assert expected_precision(0.9, 0.075, 0.0) == 0.0
    assert expected_precision(0.9, 0.075, 1.0) == 1.0
    for nothing in ((0.0, 0.0, 0.01), (0.9, 0.0, 0.0), (0.0, 0.075, 1.0)):
        assert expected_precision(*nothing) == Undefined("no part would be rejected")


def test_per_million_worked() -> None:
    assert escapes_per_million(0.9, 0.01) == near(1000, 1e-6)
    assert false_rejects_per_million(0.075, 0.01) == near(74_250, 1e-6)
    assert escapes_per_million(1.0, 0.01) == escapes_per_million(0.9, 0.0) == 0.0
    assert false_rejects_per_million(0.0, 0.01) == false_rejects_per_million(0.075, 1.0) == 0.0


@relaxed
@given(st.builds(Confusion, *[st.integers(1, 400)] * 4))
def test_at_the_defect_rate_of_the_test_set_nothing_changes(c: Confusion) -> None:
    r, fpr = number(recall(c)), number(false_alarm_rate(c))
    rate = (c.true_positives + c.false_negatives) / c.total
    assert number(expected_precision(r, fpr, rate)) == near(number(precision(c)))
    per_million = 1e6 / c.total
    assert escapes_per_million(r, rate) == near(c.false_negatives * per_million, 1e-6)
    assert false_rejects_per_million(fpr, rate) == near(c.false_positives * per_million, 1e-6)


# What must not matter, and what must swap


def test_order_does_not_matter() -> None:
    rng = random.Random(6)
    for anomalous, normal in random_score_sets(300, seed=6):
        a, n = rng.sample(anomalous, len(anomalous)), rng.sample(normal, len(normal))
        assert roc_auc(a, n) == roc_auc(anomalous, normal)
        assert average_precision(a, n) == average_precision(anomalous, normal)
        assert threshold_sweep(a, n) == threshold_sweep(anomalous, normal)
        assert separability(a, n) == separability(anomalous, normal)


def test_only_the_ranking_matters() -> None:
    for anomalous, normal in random_score_sets(300, seed=7):
        rank = {s: k for k, s in enumerate(sorted({*anomalous, *normal}))}
        a, n = [float(rank[s]) for s in anomalous], [float(rank[s]) for s in normal]
        assert roc_auc(a, n) == roc_auc(anomalous, normal)
        assert average_precision(a, n) == average_precision(anomalous, normal)
        rows, expected = threshold_sweep(a, n), threshold_sweep(anomalous, normal)
        assert [c for _, c in rows] == [c for _, c in expected]


def test_showing_every_image_twice_changes_nothing() -> None:
    for anomalous, normal in random_score_sets(300, seed=8):
        assert roc_auc(anomalous * 2, normal * 2) == roc_auc(anomalous, normal)
        assert number(average_precision(anomalous * 2, normal * 2)) == near(
            number(average_precision(anomalous, normal))
        )


@relaxed
@given(st.lists(tied, min_size=1, max_size=12), st.lists(tied, min_size=1, max_size=12))
def test_swapping_the_classes(anomalous: Scores, normal: Scores) -> None:
    """Call normal images the positives and score them 1 - s."""
    a, n = [1 - s for s in normal], [1 - s for s in anomalous]
    assert roc_auc(a, n) == roc_auc(anomalous, normal)
    assert number(roc_auc(normal, anomalous)) == near(1 - number(roc_auc(anomalous, normal)))
    before, after = separability(anomalous, normal), separability(a, n)
    assert after.rule_holds == before.rule_holds
    assert (after.max_normal_score, after.min_anomaly_score) == (
        1 - min(anomalous),
        1 - max(normal),
    )
    for threshold in (1 / 32, 15 / 32, 31 / 32):  # between the scores, where >= and > agree
        c = at_threshold(anomalous, normal, threshold)
        mirrored = at_threshold(a, n, 1 - threshold)
        assert mirrored == Confusion(
            true_positives=c.true_negatives,
            false_positives=c.false_negatives,
            false_negatives=c.false_positives,
            true_negatives=c.true_positives,
        )

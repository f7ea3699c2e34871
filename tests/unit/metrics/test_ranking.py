"""ROC AUC, average precision and scores against scikit-learn, SciPy and pair counts."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from lfv_mcp.metrics import (
    Confusion,
    Separability,
    Undefined,
    Value,
    anomaly_score,
    at_threshold,
    average_precision,
    f1_score,
    false_alarm_rate,
    precision,
    recall,
    roc_auc,
    separability,
)
from tests.support.scores import (
    Scores,
    as_columns,
    counts,
    labelled,
    near,
    number,
    random_score_sets,
    relaxed,
    score,
    scores,
    some_scores,
    threshold_sweep,
    tied,
)


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


@pytest.mark.slow
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


@relaxed
@given(some_scores, some_scores)
def test_auc_counts_pairs(anomalous: Scores, normal: Scores) -> None:
    halves = sum(2 * (a > n) + (a == n) for a in anomalous for n in normal)
    exact = Fraction(halves, 2 * len(anomalous) * len(normal))
    assert number(roc_auc(anomalous, normal)) == float(exact)


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

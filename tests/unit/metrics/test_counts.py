"""Counts and rates against scikit-learn and exact fractions, and rates back to counts."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from lfv_mcp.metrics import (
    Confusion,
    Undefined,
    at_threshold,
    counts_from_rates,
    f1_from,
    f1_score,
    false_alarm_rate,
    precision,
    recall,
    wilson_interval,
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
    some_scores,
)


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

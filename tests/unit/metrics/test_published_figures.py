"""Every metric at once on evaluation results that were published, and on four images."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lfv_mcp.metrics import (
    Confusion,
    Separability,
    anomaly_score,
    at_threshold,
    average_precision,
    counts_from_rates,
    f1_from,
    f1_score,
    false_alarm_rate,
    precision,
    recall,
    roc_auc,
    separability,
)
from tests.support.scores import near, number, six, split_ranking, threshold_sweep

# Each with the only ranking that gives its AUC and AP to six decimals.
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
# Composed, not real: its ranking is just as unique.
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

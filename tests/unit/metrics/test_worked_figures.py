"""Worked figures of the samples, computed elsewhere: every interval, as it is to come out."""

from __future__ import annotations

import json
from functools import cache

import pytest

from lfv_mcp.metrics import (
    AucDifference,
    Confusion,
    Interval,
    Undefined,
    anomaly_score,
    average_precision,
    average_precision_interval,
    delong_difference,
    escapes_per_million,
    expected_precision,
    expected_precision_interval,
    false_rejects_per_million,
    images_needed,
    newcombe_difference,
    roc_auc,
    roc_auc_interval,
    tango_interval,
    wilson_interval,
)
from lfv_mcp.metrics.intervals import Z95
from tests.support.paths import REPOSITORY
from tests.support.scores import Scores, near, number

SAMPLES = REPOSITORY / "lfv_mcp" / "archive" / "_sample" / "evaluation"


@cache
def scores(project: str, version: int) -> tuple[Scores, Scores]:
    """Scores of the defects and of the good parts of a sample, image by image in one order."""
    name = f"output/EvaluationManifest-sample-{project}-{version}.json"
    lines = (SAMPLES / project / name).read_text(encoding="utf-8").splitlines()
    records = sorted((json.loads(line) for line in lines), key=lambda record: record["source-ref"])
    sides: tuple[Scores, Scores] = ([], [])
    for record in records:
        confidence = record["anomaly-label-detected-metadata"]["confidence"]
        score = anomaly_score(bool(record["anomaly-label-detected"]), confidence)
        sides[0 if record["anomaly-label"] else 1].append(score)
    return sides


def interval(found: Interval | Undefined) -> Interval:
    assert isinstance(found, Interval), found
    return found


def is_interval(found: Interval | Undefined, low: float, high: float, within: float) -> bool:
    return (interval(found).low, interval(found).high) == (near(low, within), near(high, within))


@pytest.mark.parametrize(
    ("project", "low", "high"), [("weld-bead", 0.9167, 0.9922), ("cap-seal", 0.8558, 0.9646)]
)
def test_roc_auc_of_the_samples(project: str, low: float, high: float) -> None:
    anomalous, normal = scores(project, 3)
    auc = number(roc_auc(anomalous, normal))
    assert is_interval(roc_auc_interval(auc, len(anomalous), len(normal)), low, high, 5.1e-5)


@pytest.mark.parametrize(
    ("project", "low", "high"), [("weld-bead", 0.8411, 0.9897), ("cap-seal", 0.7069, 0.9326)]
)
def test_average_precision_of_the_samples(project: str, low: float, high: float) -> None:
    anomalous, normal = scores(project, 3)
    value = number(average_precision(anomalous, normal))
    assert is_interval(average_precision_interval(value, len(anomalous)), low, high, 5.1e-5)


def test_delong_on_two_versions_of_the_weld_bead() -> None:
    found = delong_difference(scores("weld-bead", 2), scores("weld-bead", 3))
    assert isinstance(found, AucDifference)
    assert found.difference == near(0.0945, 5.1e-5)
    assert is_interval(found.interval, 0.0195, 0.1696, 1e-4)
    assert found.p_value == near(0.0136, 5.1e-5)
    error = (found.interval.high - found.interval.low) / 2 / Z95
    assert found.difference / error == near(2.469, 5.1e-4)


@pytest.mark.parametrize(
    ("c", "escapes", "alarms"),
    [
        (Confusion(43, 3, 2, 52), (444, 123, 1_483), (54_000, 18_536, 147_045)),
        (Confusion(36, 6, 4, 74), (1_000, 396, 2_305), (74_250, 34_477, 152_579)),
        (Confusion(10, 0, 0, 10), (0, 0, 2_775), (0, 0, 274_757)),
    ],
)
def test_errors_per_million_parts_at_one_percent(
    c: Confusion, escapes: tuple[int, ...], alarms: tuple[int, ...]
) -> None:
    defects, good = c.true_positives + c.false_negatives, c.false_positives + c.true_negatives
    caught = interval(wilson_interval(c.true_positives, defects))
    rejected = interval(wilson_interval(c.false_positives, good))
    found = [
        escapes_per_million(r, 0.01) for r in (c.true_positives / defects, caught.high, caught.low)
    ]
    assert found == [near(expected, 0.51) for expected in escapes]
    found = [
        false_rejects_per_million(f, 0.01)
        for f in (c.false_positives / good, rejected.low, rejected.high)
    ]
    assert found == [near(expected, 0.51) for expected in alarms]


def test_expected_precision_of_the_weld_bead() -> None:
    assert number(expected_precision(43 / 45, 3 / 55, 0.01)) == near(0.150, 5.1e-4)
    found = expected_precision_interval(Confusion(43, 3, 2, 52), 0.01)
    assert is_interval(found, 0.060, 0.340, 5.1e-4)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((120, 200), (196, 200), 0.308, 0.450),
        ((43, 45), (30, 35), -0.253, 0.033),
        ((10, 10), (13, 16), -0.430, 0.115),
    ],
)
def test_differences_on_other_images(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    assert is_interval(newcombe_difference(first, second), low, high, 5.1e-4)


@pytest.mark.parametrize(
    ("lost", "won", "images", "low", "high"),
    [
        (0, 0, 100, -0.0370, 0.0370),
        (60, 60, 950, -0.0229, 0.0229),
        (0, 1, 200, -0.0140, 0.0280),  # one false alarm fewer in 200
        (3, 0, 10, -0.603, 0.061),
        (1, 0, 10, -0.404, 0.205),
        (0, 7, 100, 0.030, 0.138),
        (0, 3, 100, -0.008, 0.085),
        (2, 3, 55, -0.0784, 0.1191),
        (3, 0, 40, -0.199, 0.019),
    ],
)
def test_differences_of_the_worked_comparisons(
    lost: int, won: int, images: int, low: float, high: float
) -> None:
    assert is_interval(tango_interval(lost, won, images), low, high, 5.1e-4)


def test_tangos_own_example() -> None:
    """1998: one of 44 pairs; at a difference of -.10 the score is 1.709."""
    assert interval(tango_interval(1, 0, 44, z=1.709)).low == near(-0.10, 5e-5)


@pytest.mark.parametrize(
    ("counts", "needed"),
    [
        ((0, 0, 0), None),  # no image tells how often the two differ
        ((0, 0, 1), 1100),
        ((40, 0, 400), None),  # enough images for equal models, and 10 points lost
        ((20, 0, 400), None),  # 5 points lost: the estimate lies on the margin
        ((3, 0, 10), 1000),  # too few for anything: what it takes if the two are in truth equal
    ],
)
def test_images_needed_at_the_edges(counts: tuple[int, int, int], needed: int | None) -> None:
    assert images_needed(*counts, 0.05) == needed


def test_images_needed_never_turn_negative() -> None:
    checked = 0
    for images in (1, 2, 5, 20, 73, 200, 1000):
        for lost in range(0, images + 1, max(1, images // 15)):
            for won in range(0, images - lost + 1, max(1, images // 15)):
                for margin in (0.001, 0.02, 0.05, 0.2):
                    needed = images_needed(lost, won, images, margin)
                    assert needed is None or needed >= 0
                    if needed is None:
                        assert (won - lost) / images <= -margin
                    checked += 1
    assert checked > 2000

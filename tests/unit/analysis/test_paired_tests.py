"""Two versions on the same images, against SciPy's exact test and Holm's own definition."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from scipy.stats import binomtest

from lfv_mcp.analysis.paired_tests import ALPHA, match_images, mcnemar_test, significant_pairs
from lfv_mcp.formats.evaluation_manifest import ImagePrediction
from tests.support.evaluation_files import line
from tests.support.reports import read


def judged(anomalous: bool, flagged: bool) -> ImagePrediction:
    return ImagePrediction("s3://b/1.png", anomalous, flagged, 0.9)


def test_the_numbers_are_those_of_the_images_that_one_version_alone_judges_right() -> None:
    rng = random.Random(5)
    for _ in range(200):
        drawn = [[rng.random() < 0.5 for _ in range(3)] for _ in range(rng.randrange(1, 60))]
        matched = [(judged(t, a), judged(t, b)) for t, a, b in drawn]
        test = mcnemar_test(matched)
        first = sum(a == t != b for t, a, b in drawn)
        second = sum(b == t != a for t, a, b in drawn)
        assert (test.images, test.first_alone_right, test.second_alone_right) == (
            len(drawn),
            first,
            second,
        )
        expected = binomtest(first, first + second).pvalue if first + second else 1
        assert test.p_value == pytest.approx(expected, rel=1e-12)
        escapes = [sum(t and not each[i] for t, *each in drawn) for i in (0, 1)]
        alarms = [sum(each[i] and not t for t, *each in drawn) for i in (0, 1)]
        assert test.more_escapes == escapes[1] - escapes[0]
        assert test.more_false_alarms == alarms[1] - alarms[0]
        assert not (test.is_trade and test.more_escapes * test.more_false_alarms >= 0)


def test_a_trade_that_evens_out_is_seen_in_each_class() -> None:
    gained = [(judged(True, False), judged(True, True))] * 20
    paid = [(judged(False, False), judged(False, True))] * 20
    test = mcnemar_test(gained + paid)
    assert test.p_value == 1
    assert test.is_trade
    assert not mcnemar_test(gained[:1] + paid[:1]).is_trade


def test_significant_pairs_are_those_of_holms_closed_procedure() -> None:
    """A pair counts if every set of pairs with it passes Bonferroni's test."""
    rng = random.Random(9)
    kept = 0
    for _ in range(300):
        p_values = {("1", str(n)): rng.choice([1e-4, 0.012, 0.02, 0.04, 0.3]) for n in range(2, 7)}
        expected = {
            pair
            for pair in p_values
            if all(
                min(p_values[each] for each in group) <= ALPHA / len(group)
                for size in range(1, len(p_values) + 1)
                for group in combinations(p_values, size)
                if pair in group
            )
        }
        assert significant_pairs(p_values) == expected
        kept += len(expected)
    assert 0 < kept < 1500
    assert significant_pairs({}) == set()


def test_images_are_matched_by_name_and_truth_and_only_if_nearly_all_are() -> None:
    lines = [line(f"s3://b/{i}.png", i % 2 == 0, True) for i in range(10)]
    whole = read(lines)
    assert len(match_images(whole, whole)) == 10
    assert len(match_images(whole, read(lines[:9]))) == 9
    assert match_images(whole, read(lines[:8])) == []
    assert len(match_images(whole, read([*lines[:9], line("s3://b/9.png", True, True)]))) == 9
    assert match_images(whole, read(lines * 2)) == []
    assert match_images(whole, None) == []

"""Counts from rates alone: those that a search of all counts finds, and no others."""

from __future__ import annotations

import time
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lfv_mcp.analysis.recovered_counts import counts_of_report
from lfv_mcp.formats.evaluation_result import EvaluationResult, read_evaluation_result
from lfv_mcp.metrics import Undefined
from lfv_mcp.results.evaluation_report import ReportedMetrics
from tests.support.answers import codes, message
from tests.support.evaluation_files import result_file
from tests.support.reports import analysed

relaxed = settings(deadline=None, max_examples=60)


def result_of(images: int, **metrics: float) -> EvaluationResult:
    """An EvaluationResult that reports these figures of so many test images."""
    document = result_file(**metrics)
    document["EvaluationDetails"]["NumberOfTestingImages"] = images
    for name in ("F1Score", "ROCAUC", "AveragePrecision"):
        if name not in metrics:
            del document["AggregatedEvaluationResults"]["Metrics"][name]
    return read_evaluation_result(document)


def counts(answer: dict[str, Any]) -> tuple[int, ...]:
    """TP, FP, FN, TN of an answer."""
    names = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    return tuple(answer["confusion"][name] for name in names)


@pytest.mark.parametrize(
    ("images", "p", "r", "f1", "auc", "expected"),
    [
        # The three real results that were ever published.
        (34, 1.0, 0.941176, 0.969697, 0.993080, (16, 0, 1, 17)),
        (34, 0.894737, 1.0, 0.944444, 0.958478, (17, 2, 0, 15)),
        (32, 0.9375, 0.9375, 0.9375, 0.941406, (15, 1, 1, 15)),
        # label-check 3 of the sample, without its manifest
        (60, 0.92, 0.92, 0.92, 0.947428571, (23, 2, 2, 33)),
    ],
)
def test_one_solution_is_recovered_and_said_to_be(
    images: int, p: float, r: float, f1: float, auc: float, expected: tuple[int, ...]
) -> None:
    result = result_of(images, Precision=p, Recall=r, F1Score=f1, ROCAUC=auc)
    answer = analysed(None, result, defect_rate=0.01, recall_at_least=0.9)
    assert counts(answer) == expected
    assert answer["confusion"]["recovered"] is True
    assert answer["metrics"]["recall"]["low"] < r <= answer["metrics"]["recall"]["high"]
    assert answer["requirements"][0]["verdict"] == "not_shown"
    tp, fp, fn, tn = expected
    assert (
        f"{tp} of {tp + fn} defects caught and {fp} of {fp + tn} good parts rejected are the only "
        f"whole numbers of {images} images"
    ) in message(answer, "counts_recovered")
    assert {"agrees", "examples", "threshold"}.isdisjoint(answer)


def test_several_solutions_are_listed_and_none_is_taken() -> None:
    """cap-seal 3: 40 or 80 defects."""
    result = result_of(
        120, Precision=36 / 42, Recall=0.9, F1Score=0.8780487804878049, ROCAUC=0.9284375
    )
    answer = analysed(None, result, recall_at_least=0.8)
    assert {"confusion", "metrics", "requirements"}.isdisjoint(answer)
    assert message(answer, "counts_ambiguous") == (
        "2 sets of counts give the reported figures: 36 of 40 defects caught and 6 of 80 good "
        "parts rejected; or 72 of 80 defects caught and 12 of 40 good parts rejected."
    )
    assert "counts_needed" in codes(answer)


def test_recovered_counts_price_three_policies() -> None:
    result = result_of(60, Precision=0.92, Recall=0.92, ROCAUC=0.947428571)
    answer = analysed(None, result, defect_rate=0.01, cost_of_escape=10, cost_of_false_reject=1)
    assert answer["cost"]["built_in"]["cost_per_part"]["value"] == pytest.approx(
        0.01 * 10 * 2 / 25 + 0.99 * 2 / 35, rel=1e-5
    )
    assert "cheapest" not in answer["cost"]
    assert "three_policies_only" in codes(answer)


@relaxed
@given(st.tuples(*[st.integers(0, 14)] * 4), st.data())
def test_the_solutions_are_those_of_a_search_of_all_counts(
    drawn: tuple[int, int, int, int], data: st.DataObject
) -> None:
    tp, fp, fn, tn = drawn
    defects, good = tp + fn, fp + tn
    assume(tp and good)
    pairs = 2 * defects * good
    in_order = data.draw(st.integers(2 * tp * tn, pairs - 2 * fn * fp))
    figures = {
        "precision": round(tp / (tp + fp), 6),
        "recall": round(tp / defects, 6),
        "f1_score": round(2 * tp / (2 * tp + fp + fn), 6),
        "roc_auc": round(in_order / pairs, 6),
    }
    images = defects + good
    found = counts_of_report(ReportedMetrics(**figures), images)
    assert not isinstance(found, Undefined)
    expected = set()
    for a, b in product(range(1, images), repeat=2):  # caught, defects
        if a > b:
            continue
        for alarms in range(images - b + 1):
            all_pairs = 2 * b * (images - b)
            fits_auc = abs(round(figures["roc_auc"] * all_pairs) / all_pairs - figures["roc_auc"])
            if (
                abs(a / b - figures["recall"]) <= 5.1e-7
                and abs(a / (a + alarms) - figures["precision"]) <= 5.1e-7
                and abs(2 * a / (a + alarms + b) - figures["f1_score"]) <= 5.1e-7
                and fits_auc <= 5.1e-7
            ):
                expected.add((a, alarms, b - a, images - b - alarms))
    shown = {
        (c.true_positives, c.false_positives, c.false_negatives, c.true_negatives) for c in found
    }
    assert shown == expected
    assert (tp, fp, fn, tn) in shown


@pytest.mark.parametrize(
    ("figures", "images", "why"),
    [
        ({"precision": 0.9}, 100, "not both reported"),
        ({"precision": 0.9, "recall": 0.9}, None, "number of test images"),
        ({"precision": 0.9, "recall": 0.9}, 20_001, "more than 20,000"),
        ({"precision": 0.0, "recall": 0.0}, 100, "no defect was caught"),
        ({"precision": 1.0, "recall": 1.0}, 20_000, "1,000 solutions or more"),
    ],
)
def test_what_tells_too_little_says_why(
    figures: dict[str, float], images: int | None, why: str
) -> None:
    found = counts_of_report(ReportedMetrics(**figures), images)
    assert isinstance(found, Undefined)
    assert why in found.reason


def test_no_counts_fit_figures_that_contradict_each_other() -> None:
    answer = analysed(None, result_of(4, Precision=0.952381, Recall=0.909091))
    assert "no whole numbers of images" in message(answer, "counts_unknown")
    assert "confusion" not in answer


def test_the_largest_test_set_is_searched_in_no_time() -> None:
    reported = ReportedMetrics(precision=0.857143, recall=0.9, f1_score=0.878049, roc_auc=0.9)
    start = time.process_time()
    assert counts_of_report(reported, 20_000)
    assert time.process_time() - start < 2

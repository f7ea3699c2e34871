"""Reported metrics as findings: bars at their edges, contradictions, and nothing graded."""

from __future__ import annotations

import re

import pytest
from statsmodels.stats.proportion import proportion_confint

from lfv_mcp.analysis.model_card import model_card
from lfv_mcp.analysis.model_summary import summary_digest
from lfv_mcp.analysis.quality import F1_TOLERANCE, RE_JUDGE
from tests.support.answers import as_json
from tests.support.summaries import codes, found, judged, summary_of


@pytest.mark.parametrize(
    ("recall", "code", "severity"),
    [
        (0.0, "escapes_high", "critical"),
        (0.8, "escapes_high", "critical"),  # 1 - 0.8 is just below 0.2 in binary
        (0.8000001, "escapes_notable", "warning"),
        (0.95, "escapes_notable", "warning"),
        (0.9500001, "escapes_low", "info"),
        (1.0, "escapes_low", "info"),
    ],
)
def test_escapes(recall: float, code: str, severity: str) -> None:
    model = judged(0.9, recall)
    assert [c for c in codes(model) if c.startswith("escapes")] == [code]
    assert found(model, code).severity == severity


@pytest.mark.parametrize("precision", [0.0, 0.5, 0.8, 0.8000001, 0.99, 1.0])
def test_precision_of_a_test_set_is_never_graded(precision: float) -> None:
    model = judged(precision, 0.9)
    told = found(model, "precision_of_test_set")
    assert told.severity == "info"
    assert told.advice == (
        "Where defects are rare, most are: tell analyze_evaluation the defect rate."
    )
    assert not [c for c in codes(model) if c.startswith("false_rejects")]


@pytest.mark.parametrize("recall", [0.5, 0.9, 0.97, 0.9999, 1.0])
@pytest.mark.parametrize("precision", [0.5, 0.9, 0.97, 0.9999, 1.0])
def test_no_record_is_graded_without_its_counts(precision: float, recall: float) -> None:
    model = judged(precision, recall)
    shown = f"{summary_digest(model)}\n{model_card(model)}"
    assert not re.search(r"\b(strong|fair|weak|good model|shown to be)\b", shown)
    assert "passes unseen" not in shown  # what was seen once is no habit
    assert "on new parts recall may be 3 to 5 points lower if 40 defects were tested" in shown


def test_rates_are_free_of_subtraction_noise() -> None:
    performance = judged(0.8, 0.9).performance
    assert performance
    assert performance.escape_rate == 0.1
    assert performance.false_reject_share == 0.2


@pytest.mark.parametrize(
    ("precision", "recall", "messages"),
    [
        (
            0.9,
            0.9,
            (
                "On the test set 10 % of the defects passed unseen; our bar is 5 %.",
                "Of the rejects on the test set 10 % were good parts.",
            ),
        ),
        (
            0.6,
            0.6,
            (
                "On the test set 40 % of the defects passed unseen; our bar for a critical finding "
                "is 20 %.",
                "Of the rejects on the test set 40 % were good parts.",
            ),
        ),
        (
            1,
            0.9,
            ("Of the rejects on the test set none were good parts.",),
        ),
        (
            0.9,
            1,
            (
                "On the test set none of the defects passed unseen. Without their number that does "
                "not show that escapes are below 5 % (our bar).",
            ),
        ),
    ],
)
def test_quality_in_plain_words(precision: float, recall: float, messages: tuple[str]) -> None:
    assert set(messages) <= {f.message for f in judged(precision, recall).findings}


def test_labels_are_re_judged_blind_and_not_only_where_the_model_was_wrong() -> None:
    assert "blind, mixed with caught defects and good parts" in RE_JUDGE
    for recall, code in ((0.5, "escapes_high"), (0.9, "escapes_notable")):
        model = judged(0.9, recall)
        assert found(model, code).advice == RE_JUDGE
        assert model.summary.endswith(RE_JUDGE)


@pytest.mark.parametrize("sign", [-1, 1])
def test_f1_is_taken_within_its_tolerance(sign: int) -> None:
    derived = 2 * 0.9 * 0.8 / 1.7
    inside = judged(0.9, 0.8, derived + sign * (F1_TOLERANCE - 1e-9))
    outside = judged(0.9, 0.8, derived + sign * (F1_TOLERANCE + 1e-9))
    assert "f1_inconsistent" not in codes(inside)
    assert "f1_inconsistent" in codes(outside)


def test_developer_guides_own_example_contradicts_itself() -> None:
    message = found(judged(0.9, 0.8, 0.8), "f1_inconsistent").message
    assert message == "F1 is given as 0.8, but precision 0.9 and recall 0.8 make it 0.847."


def test_perfect_score_claims_no_more_than_it_shows() -> None:
    model = judged(1, 1, 1)
    assert "It made no error on its test set; of how many images is not recorded." in model.summary
    told = found(model, "perfect_score")
    assert told.severity == "warning"
    still_possible = 1 - proportion_confint(10, 10, method="wilson")[0]
    may_escape = f"up to {100 * still_possible:.0f} % of the defects may still escape"
    assert may_escape in str(told.advice)
    assert not {"escapes_low", "precision_of_test_set"} & set(codes(model))


def test_nothing_is_perfect_by_rounding() -> None:
    shown = summary_digest(judged(0.9996, 0.9996))
    assert "it caught more than 99 % of the defects; less than 1 % of its rejects" in shown
    assert "On the test set less than 1 % of the defects passed unseen" in shown
    assert not re.search(r"\b(100|0) %|(precision|recall|F1) [01](\.0*)?(?![.\d])", shown)


@pytest.mark.parametrize("status", [None, "TRAINED", "HOSTED", "HOSTING_FAILED", "NEW_STATUS"])
def test_metrics_are_missed_where_they_should_be(status: str | None) -> None:
    model = summary_of(**({"Status": status} if status else {}))
    assert "metrics_missing" in codes(model)
    assert model.performance is None
    assert "How good it is cannot be said" in model.summary


@pytest.mark.parametrize("status", ["TRAINING", "TRAINING_FAILED", "DELETING"])
def test_metrics_are_not_missed_where_there_are_none(status: str) -> None:
    assert "metrics_missing" not in codes(summary_of(Status=status))


def test_partial_metrics_are_said_and_not_completed() -> None:
    model = judged(None, 0.75)
    assert as_json(model)["performance"] == {"recall": 0.75, "escape_rate": 0.25}
    message = found(model, "metrics_incomplete").message
    assert message == "The record lacks precision and f1_score."
    assert "escapes_high" in codes(model)
    assert "precision_of_test_set" not in codes(model)
    assert "How good it is cannot be said" in model.summary
    assert "Recorded metrics, 0 to 1: recall 0.75\n" in summary_digest(model)


def test_no_precision_and_no_recall_make_f1_undefined() -> None:
    assert "f1_inconsistent" not in codes(judged(0, 0, 0))

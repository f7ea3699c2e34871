"""Reported metrics as findings and as one word: thresholds at their edges, contradictions."""

from __future__ import annotations

import pytest

from lfv_mcp.analysis.model_summary import summary_digest
from lfv_mcp.analysis.quality import F1_TOLERANCE, grade
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


@pytest.mark.parametrize(
    ("precision", "code", "severity"),
    [
        (0.0, "false_rejects_high", "warning"),
        (0.8, "false_rejects_high", "warning"),
        (0.8000001, "false_rejects_low", "info"),
        (1.0, "false_rejects_low", "info"),
    ],
)
def test_false_rejects(precision: float, code: str, severity: str) -> None:
    model = judged(precision, 0.9)
    assert [c for c in codes(model) if c.startswith("false_rejects")] == [code]
    assert found(model, code).severity == severity


@pytest.mark.parametrize(
    ("precision", "recall", "word"),
    [
        (0.9000001, 0.9500001, "strong"),
        (0.9, 0.9500001, "fair"),
        (0.9000001, 0.95, "fair"),
        (0.8000001, 0.8000001, "fair"),
        (0.8, 0.99, "weak"),
        (0.99, 0.8, "weak"),
    ],
)
def test_grade_is_in_the_summary(precision: float, recall: float, word: str) -> None:
    model = judged(precision, recall)
    assert f"On its test set it was {word}: " in model.summary
    # The word and the findings speak of the same thresholds.
    bad = {"escapes_high", "false_rejects_high"}
    assert (word == "weak") is bool(bad & set(codes(model)))


@pytest.mark.parametrize(
    ("escape_rate", "false_reject_share"), [(None, None), (0.1, None), (None, 0.1)]
)
def test_grade_needs_both(escape_rate: float | None, false_reject_share: float | None) -> None:
    assert grade(escape_rate, false_reject_share) == ""


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
                "About 1 defect in 10 passes unseen (recall 0.9).",
                "About 1 reject in 10 is a good part (precision 0.9).",
            ),
        ),
        (
            0.6,
            0.6,
            (
                "About 40 of 100 defects pass unseen (recall 0.6).",
                "About 40 of 100 rejects are good parts (precision 0.6).",
            ),
        ),
        (1, 0.9, ("No good part of the test set was rejected (precision 1).",)),
        (0.9, 1, ("No defect of the test set passed unseen (recall 1).",)),
    ],
)
def test_quality_in_plain_words(precision: float, recall: float, messages: tuple[str]) -> None:
    assert set(messages) <= {f.message for f in judged(precision, recall).findings}


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
    assert "It made no error on its test set." in model.summary
    assert found(model, "perfect_score").severity == "warning"
    assert not {"escapes_low", "false_rejects_low"} & set(codes(model))


def test_nothing_is_perfect_by_rounding() -> None:
    shown = summary_digest(judged(0.9996, 0.9996))
    assert "1 defect in 2,500 passes unseen" in shown
    for rounded in (" 100.0% ", " 0.0% ", "precision 1,", "(precision 1)", "(recall 1)"):
        assert rounded not in shown


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
    assert not any("false_rejects" in code for code in codes(model))
    assert "How good it is cannot be said" in model.summary
    assert "Metrics: recall 0.75\n" in summary_digest(model)


def test_no_precision_and_no_recall_make_f1_undefined() -> None:
    assert "f1_inconsistent" not in codes(judged(0, 0, 0))

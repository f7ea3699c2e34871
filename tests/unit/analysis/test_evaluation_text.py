"""The words of a report: the verdict first, and no warning lost to the limit."""

from __future__ import annotations

import pytest

from lfv_mcp.analysis.evaluation import report
from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.analysis.evaluation_text import EVALUATION_DIGEST_LIMIT, evaluation_digest
from lfv_mcp.analysis.optimism import optimism_in_words
from lfv_mcp.formats.evaluation_result import read_evaluation_result
from tests.support.answers import ARCHIVE, message
from tests.support.evaluation_files import ARN, result_file
from tests.support.reports import (
    FIXTURE,
    FIXTURE_DESCRIPTION,
    analysed,
    interval,
    judged,
    read,
)


def test_a_perfect_score_on_few_images_is_no_certainty() -> None:
    manifest = judged(*[(True, True, 0.9)] * 10, *[(False, False, 0.9)] * 10)
    answer = analysed(manifest, defect_rate=0.01)
    assert interval(answer["metrics"]["recall"]) == (pytest.approx(0.72, abs=5e-3), 1)
    assert "made no error in 10 + 10 images" in answer["summary"]
    expected = (
        "At 1 % defects, of a million parts up to 2,800 defects escape (none did on the test set) "
        "and up to 270,000 good parts are rejected (none were on the test set). Of 100 rejects as "
        "few as 3 may be defects."
    )
    assert expected in answer["summary"]
    assert message(answer, "perfect_on_few") == (
        "No error in 10 + 10 images: up to 28 % of defects missed and up to 28 % of good parts "
        "rejected are possible (95 % interval)."
    )
    alone = analysed(
        None, read_evaluation_result(result_file(Precision=1, Recall=1, F1Score=1, ROCAUC=1))
    )
    assert message(alone, "perfect_on_few") == "No error in 4 images, which are few."


def test_the_summary_says_what_was_found_with_its_interval() -> None:
    answer = analysed(
        judged(*[(True, True, 0.9)] * 9, (True, False, 0.9), *[(False, False, 0.9)] * 10)
    )
    assert answer["summary"].startswith(
        "fixture version 1 caught 9 of 10 defects (95 % interval 60 to 98 %) and rejected 0 of 10 "
        "good parts (95 % interval 0 to 28 %). Against our bar of 5 %, missed defects and "
        "false alarms are both not shown either way."
    )
    document = result_file(Recall=0.9, Precision=0.95)
    document["EvaluationDetails"]["NumberOfTestingImages"] = 90
    alone = analysed(None, read_evaluation_result(document))
    assert alone["summary"].startswith(
        "fixture version 1 caught 90 % of the defects and was right in 95 % of its rejects. How "
        "sure that is cannot be said without the counts."
    )


@pytest.mark.parametrize(
    ("caught", "missed", "words"),
    [
        (73, 0, "shown to be below 5 %"),
        (72, 0, "not shown either way"),
        (109, 1, "shown to be below 5 %"),
        (108, 1, "not shown either way"),
        (140, 2, "shown to be below 5 %"),
        (139, 2, "not shown either way"),
        (80, 20, "shown to be above 5 %"),
    ],
)
def test_grades_go_by_the_interval(caught: int, missed: int, words: str) -> None:
    """Escapes are shown to be below 5 % from 73, 110, 142 defects with 0, 1, 2 misses on."""
    drawn = [(True, True, 0.9)] * caught + [(True, False, 0.9)] * missed
    summary = analysed(judged(*drawn, (False, False, 0.9)))["summary"]
    what = "missed defects"
    if words == "not shown either way":  # and so are the false alarms of one good part
        what, words = "missed defects and false alarms", f"both {words}"
    assert f"Against our bar of 5 %, {what} are {words}" in summary
    for grade in ("strong", "fair", "weak"):
        assert grade not in summary


def test_the_digest_keeps_every_warning_and_the_size_of_the_optimism() -> None:
    document = result_file(Recall=0.4)
    description = FIXTURE_DESCRIPTION.model_copy(update={"ModelArn": ARN[:-1] + "2"})
    answer = report(
        description,
        read_evaluation_result(document),
        read(FIXTURE),
        ARCHIVE,
        question=EvaluationQuestion(0.01, 0.5, 10, 1, 0.95, 0.05),
    )
    digest = evaluation_digest(answer)
    for code in ("evaluation_mismatch", "metrics_disagree", "small_test_set", "cost_chosen_here"):
        assert code in digest
    assert EVALUATION_DIGEST_LIMIT == 3000


@pytest.mark.parametrize(
    ("defects", "words"),
    [(10, "6 to 9"), (40, "3 to 5"), (100, "2 to 3"), (900, "0.7 to 1"), (4000, "0.3 to 0.5")],
)
def test_optimism_has_its_size(defects: int, words: str) -> None:
    drawn = [(True, True, 0.9)] * defects + [(False, False, 0.9)] * 9 + [(False, True, 0.97)]
    answer = analysed(judged(*drawn))
    if defects < 1000:
        expected = (
            f"on these {defects + 10} images: recall and precision on new parts may be {words} "
            "points lower."
        )
        assert expected in answer["summary"]
        assert expected in message(answer, "metrics_best_case")
    assert optimism_in_words(defects) == f"{words} points"


def test_the_text_alone_says_how_many_images_and_what_labels_count() -> None:
    result = read_evaluation_result(result_file())
    said = evaluation_digest(report(FIXTURE_DESCRIPTION, result, read(FIXTURE), ARCHIVE))
    assert "Trained with 30 images, tested with 4: 2 defects, 2 good parts." in said
    for label in result.labels:
        assert f"Label {label.name}: " in said
    assert ("Whether labels count pixels or images" in said) == bool(result.labels)

"""The words of a report: the verdict first, and no warning lost to the limit."""

from __future__ import annotations

import pytest

from lfv_mcp.analysis.evaluation import report
from lfv_mcp.analysis.evaluation_text import EVALUATION_DIGEST_LIMIT, evaluation_digest
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


def test_a_perfect_score_on_few_images_is_given_with_its_interval() -> None:
    manifest = judged(*[(True, True, 0.9)] * 10, *[(False, False, 0.9)] * 10)
    answer = analysed(manifest, defect_rate=0.01)
    assert interval(answer["metrics"]["recall"]) == (pytest.approx(0.72, abs=5e-3), 1)
    assert "made no error in 20 test images" in answer["summary"]
    assert "0 escapes (0 to 2,775)" in answer["summary"]
    expected = "No error in 20 images: recall may be as low as 0.722, false alarms as frequent as "
    assert message(answer, "perfect_on_few").startswith(expected + "0.278")
    alone = analysed(None, read_evaluation_result(result_file(Precision=1, Recall=1, F1Score=1)))
    assert message(alone, "perfect_on_few") == "No error in 4 images, which are few."


def test_the_summary_gives_the_verdict_first() -> None:
    answer = analysed(
        judged(*[(True, True, 0.9)] * 9, (True, False, 0.9), *[(False, False, 0.9)] * 10)
    )
    expected = (
        "fixture version 1 was fair on its test set: it caught 9 of 10 defects (95% interval "
    )
    assert answer["summary"].startswith(expected)
    alone = analysed(None, read_evaluation_result(result_file(Recall=0.9, Precision=0.95)))
    expected = "fixture version 1 was fair on its test set: it caught 90.0% of the defects and was "
    assert alone["summary"].startswith(expected + "right in 95.0% of its rejects.")


def test_the_digest_keeps_every_warning() -> None:
    document = result_file(Recall=0.4)
    description = FIXTURE_DESCRIPTION.model_copy(update={"ModelArn": ARN[:-1] + "2"})
    answer = report(
        description,
        read_evaluation_result(document),
        read(FIXTURE),
        ARCHIVE,
        defect_rate=0.01,
        threshold=0.5,
    )
    digest = evaluation_digest(answer)
    for code in ("evaluation_mismatch", "metrics_disagree", "small_test_set"):
        assert code in digest
    assert EVALUATION_DIGEST_LIMIT == 1600

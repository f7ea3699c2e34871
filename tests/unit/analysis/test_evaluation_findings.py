"""Findings about evaluation files: size, agreement, whose they are, what was left out."""

from __future__ import annotations

import math
from typing import Final

import pytest

from lfv_mcp.analysis.evaluation import report
from lfv_mcp.analysis.evaluation_text import evaluation_digest
from lfv_mcp.findings import finding
from lfv_mcp.formats.evaluation_result import read_evaluation_result
from lfv_mcp.results.model_description import ModelDescription, ModelPerformance
from tests.support.answers import ARCHIVE, LIVE, codes, message
from tests.support.evaluation_files import ARN, line, result_file
from tests.support.reports import (
    FIXTURE,
    FIXTURE_DESCRIPTION,
    NEEDS_THE_SERVICE,
    analysed,
    judged,
    read,
)


def test_a_result_without_f1_says_what_f1_would_be() -> None:
    document = result_file(Precision="0.5", Recall="0.25")
    del document["AggregatedEvaluationResults"]["Metrics"]["F1Score"]
    answer = analysed(None, read_evaluation_result(document))
    assert "f1_score" not in answer["reported"]
    assert "it is 0.333333" in message(answer, "metrics_incomplete")


FEW: Final = [
    (29, {"small_test_set", "perfect_on_few"}),
    (30, {"perfect_on_few"}),
    (99, {"perfect_on_few"}),
    (100, set()),
]


@pytest.mark.parametrize(("each", "found"), FEW)
def test_what_counts_as_few(each: int, found: set[str]) -> None:
    for anomalies, normals in ((each, 200), (200, each)):
        answer = analysed(
            judged(*[(True, True, 0.9)] * anomalies, *[(False, False, 0.9)] * normals)
        )
        assert {"small_test_set", "perfect_on_few"} & codes(answer) == found
        if "small_test_set" in found:
            expected = f"Only {anomalies} anomalous and {normals} normal test images."
            assert message(answer, "small_test_set") == expected


def test_lines_without_use_are_counted_and_leave_nothing_to_say() -> None:
    answer = analysed(read([{"source-ref": "s3://b/1.png"}] * 3))
    assert answer["confusion"]["unusable_lines"] == 3
    assert answer["test_images"] == 0
    assert {"threshold", "examples", "agrees"}.isdisjoint(answer)
    assert message(answer, "unusable_lines").endswith("3 without ground truth.")
    assert "cannot be said" in answer["summary"]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1, 1.5, "much", True, [], {}, 10**400])
def test_nonsense_in_a_result_is_left_out_and_named(bad: object) -> None:
    document = result_file(Precision=bad, ROCAUC=bad, PixelAnomalyClassMetrics=[{"ClassName": "a", "AIOU": bad}, {}, 3])  # fmt: skip  # noqa: E501
    document["EvaluationDetails"] |= {"NumberOfTestingImages": bad, "EvaluationEndTimestamp": [bad]}
    result = read_evaluation_result(document)
    assert result.reported.precision is None
    assert [label.to_json() for label in result.labels] == [{"name": "a"}]
    names = message(analysed(None, result), "member_unusable")
    for name in ("Precision", "ROCAUC", "AIOU of 'a'", "NumberOfTestingImages"):
        assert name in names


def test_files_of_another_model_are_a_critical_finding() -> None:
    other = FIXTURE_DESCRIPTION.model_copy(update={"ModelArn": ARN[:-1] + "2"})
    answer = analysed(read(FIXTURE), read_evaluation_result(result_file()), description=other)
    found = [each for each in answer["findings"] if each["code"] == "evaluation_mismatch"]
    assert [each["message"].split()[1] for each in found] == [
        "EvaluationResult",
        "EvaluationManifest",
    ]
    assert found[0]["severity"] == "critical"
    assert answer["findings"][0] == found[0]
    assert answer["summary"].startswith("These may not be the files of fixture version 2.")
    assert answer["confusion"]["true_positives"] == 1  # what is held is answered all the same


@pytest.mark.parametrize(("seconds", "mismatch"), [(0.9, False), (-0.9, False), (1.1, True)])
def test_the_end_of_evaluation_tells_a_project_made_anew(seconds: float, mismatch: bool) -> None:
    at = f"2025-06-03T08:10:{11.204 + seconds:.3f}Z"
    description = FIXTURE_DESCRIPTION.model_copy(update={"EvaluationEndTimestamp": at})
    answer = analysed(None, read_evaluation_result(result_file()), description=description)
    assert ("evaluation_mismatch" in codes(answer)) is mismatch


def test_without_a_description_the_files_are_held_against_each_other() -> None:
    mixed = [*FIXTURE, line("s3://b/1.png", True, True)]
    mixed[-1]["anomaly-label-detected-metadata"] |= {"model-arn": ARN[:-1] + "7"}
    answer = analysed(read(mixed), read_evaluation_result(result_file()))
    assert message(answer, "evaluation_mismatch").endswith("model/fixture/7.")
    assert "test_set_size_differs" in codes(answer)


def test_a_report_that_does_not_add_up_says_so() -> None:
    description = FIXTURE_DESCRIPTION.model_copy(
        update={"Performance": ModelPerformance(F1Score=0.8, Recall=0.5, Precision=0.5)}
    )
    document = result_file(Recall=0.6, ROCAUC=0.7500004)
    answer = analysed(read(FIXTURE), read_evaluation_result(document), description=description)
    assert answer["agrees"] is False
    assert message(answer, "metrics_disagree").endswith(": recall 0.6, not 0.5.")
    assert message(answer, "description_disagrees").endswith(": f1_score 0.5, not 0.8.")
    assert "scores_confirmed" in codes(answer)
    assert "DISAGREE" in evaluation_digest(
        report(ModelDescription(), read_evaluation_result(document), read(FIXTURE), ARCHIVE)
    )
    off = analysed(read(FIXTURE), read_evaluation_result(result_file(ROCAUC=0.76)))
    assert "others" in message(off, "scores_unconfirmed")


def test_the_callers_findings_come_first_among_their_kind() -> None:
    unread = finding("evaluation_manifest_unread", "NoSuchKey.", "Look at the bucket.")
    answer = analysed(read(FIXTURE), findings=[unread])
    assert answer["findings"][0] == unread.to_json()
    assert answer["summary"].endswith("Look at the bucket.")


def test_advice_that_needs_the_service_is_for_live_models_only() -> None:
    live = analysed(read(FIXTURE), source=LIVE)
    assert any(NEEDS_THE_SERVICE.search(each.get("advice", "")) for each in live["findings"])

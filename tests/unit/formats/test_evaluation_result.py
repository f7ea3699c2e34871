"""EvaluationResult files of every year: what is read, what is left out by name, what is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.evaluation_result import read_evaluation_result
from tests.support.evaluation_files import result_file


def test_the_result_of_early_2021_has_text_for_numbers_and_no_f1() -> None:
    document = result_file(ROCAUC="0.75", AveragePrecision="0.83", Precision="0.5", Recall="0.25")
    del document["AggregatedEvaluationResults"]["Metrics"]["F1Score"]
    document["EvaluationDetails"] |= {"NumberOfTrainingImages": "66", "NumberOfTestingImages": "34"}
    result = read_evaluation_result(document)
    assert (result.training_images, result.testing_images) == (66, 34)
    assert result.reported.to_json() == {
        "precision": 0.5,
        "recall": 0.25,
        "roc_auc": 0.75,
        "average_precision": 0.83,
    }
    assert result.unusable == ()
    assert result.evaluated_at == pytest.approx(1748938211.204)  # a zone-less text is UTC


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1, 1.5, "much", True, [], {}, 10**400])
def test_members_of_no_use_are_left_out_and_named_in_order(bad: object) -> None:
    labels = [{"ClassName": "a", "AIOU": bad, "Recall": bad}, {}, 3, {"ClassName": 5}]
    document = result_file(Precision=bad, ROCAUC=bad, PixelAnomalyClassMetrics=labels)
    document["EvaluationDetails"] |= {
        "NumberOfTestingImages": bad,
        "EvaluationEndTimestamp": [bad],
    }
    result = read_evaluation_result(document)
    assert result.unusable == (
        "Recall of 'a'",
        "AIOU of 'a'",
        *["a label without ClassName"] * 3,
        "EvaluationEndTimestamp",
        "NumberOfTestingImages",
        "Precision",
        "ROCAUC",
    )
    assert (result.evaluated_at, result.testing_images, result.training_images) == (None, None, 30)
    assert (len(result.labels), len(result.reported.to_json())) == (1, 3)


@pytest.mark.parametrize("labels", ["dent", {}, 5, True])
def test_labels_that_are_no_list_are_named(labels: object) -> None:
    result = read_evaluation_result(result_file(PixelAnomalyClassMetrics=labels))
    assert result.unusable == ("PixelAnomalyClassMetrics",)
    assert result.labels == ()


def test_null_is_as_good_as_absent_and_unknown_members_are_ignored() -> None:
    document = result_file(F1Score=None, PixelAnomalyClassMetrics=None, Future={"a": [1]})
    document["EvaluationDetails"] |= {"NumberOfTestingImages": None, "Future": 5}
    result = read_evaluation_result(document)
    assert result.unusable == ()
    assert result.testing_images is None
    assert result.reported.f1_score is None


def test_labels_are_read_up_to_the_most_a_project_has() -> None:
    labels = [{"ClassName": f"label-{n}", "Recall": 0.5} for n in range(150)]
    result = read_evaluation_result(result_file(PixelAnomalyClassMetrics=labels))
    assert [label.name for label in result.labels] == [f"label-{n}" for n in range(100)]


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({}, "not an EvaluationResult"),
        ({"EvaluationDetails": {}}, "not an EvaluationResult"),
        ({"AggregatedEvaluationResults": {"Metrics": {}}}, "not an EvaluationResult"),
        ({"EvaluationDetails": {}, "AggregatedEvaluationResults": {}}, "without metrics"),
        (
            {
                "EvaluationDetails": {"ProjectVersionArn": "arn:aws:rekognition:x"},
                "AggregatedEvaluationResults": {"ConfusionMatrix": [], "F1Score": 1},
            },
            "Rekognition Custom Labels",
        ),
        (
            {
                "EvaluationDetails": {"ModelArn": "arn:aws:rekognition:x"},
                "AggregatedEvaluationResults": {"Metrics": {}},
            },
            "Rekognition Custom Labels",
        ),
    ],
)
def test_a_foreign_result_is_refused_by_name(document: dict[str, Any], name: str) -> None:
    with pytest.raises(UnrecognisedError, match=name):
        read_evaluation_result(document)

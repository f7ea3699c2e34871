"""EvaluationResult files of every year: what is read, what is left out by name, what is refused."""

from __future__ import annotations

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
    assert result.reported == {
        "precision": 0.5,
        "recall": 0.25,
        "roc_auc": 0.75,
        "average_precision": 0.83,
    }
    assert result.unusable == ()
    assert result.evaluated_at == pytest.approx(1748938211.204)  # a zone-less text is UTC


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

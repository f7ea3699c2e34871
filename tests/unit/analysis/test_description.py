"""The API's record made safe to show: what is left out by name, kept exactly, or shortened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from lfv_mcp.analysis.description import readable_description
from lfv_mcp.times import iso_utc
from tests.support.answers import as_json
from tests.support.summaries import found, judged, summary_of
from tests.support.times import MOMENTS


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 1.0000001, -0.1, "0.9", True, [0.9], {"value": 0.9}]
)
def test_metric_of_no_use_is_left_out_and_named(value: object) -> None:
    model = judged(value, 0.75, 0.8)
    assert as_json(model)["model_description"]["Performance"] == {"F1Score": 0.8, "Recall": 0.75}
    assert model.performance
    assert model.performance.precision is None
    assert "Precision" in found(model, "member_unusable").message


@pytest.mark.parametrize(
    ("member", "value", "why"),
    [
        ("Performance", [0.9], "0.9 is not a structure"),
        ("Description", 7, "7 is not text"),
        ("Status", {"Is": "HOSTED"}, '{"Is": "HOSTED"} is not text'),
        # botocore parses times; a number is none
        ("CreationTimestamp", 1754296200.412, "1754296200.412 is not a time"),
        ("CreationTimestamp", ["2021-03-09 10:11:12"], "'2021-03-09 10:11:12' has no time zone"),
        ("MinInferenceUnits", True, "True is not a number of units"),
        ("MinInferenceUnits", "1", "'1' is not a number of units"),
        ("MaxInferenceUnits", 1.5, "1.5 is not a number of units"),
        ("MaxInferenceUnits", -1, "-1 is not a number of units"),
        ("EvaluationResult", "s3://bucket/key", "'s3://bucket/key' is not a structure"),
    ],
)
def test_member_of_another_type_is_left_out_and_named(member: str, value: object, why: str) -> None:
    made = readable_description({member: value, "ModelVersion": "3"})
    assert made.description.to_json() == {"ModelVersion": "3"}
    (left_out,) = made.unusable
    assert (left_out.member, f"{left_out.value} {left_out.why}") == (member, why)


def test_unknown_members_are_not_ours_to_show() -> None:
    assert readable_description({"ModelVersion": "3", "Secret": "x"}).description.to_json() == {
        "ModelVersion": "3"
    }
    assert readable_description({}).description.to_json() == {}
    assert readable_description({"Performance": {}}).description.to_json() == {}


def test_numbers_keep_every_digit() -> None:
    sent = {"F1Score": 0.8780487804878049, "Recall": 1, "Precision": 0.1 + 0.2}
    assert readable_description({"Performance": sent}).description.to_json()["Performance"] == sent


@pytest.mark.parametrize(("moment", "text"), MOMENTS)
def test_times_keep_their_milliseconds(moment: datetime, text: str) -> None:
    assert iso_utc(moment) == text
    made = readable_description(
        {"CreationTimestamp": moment, "EvaluationEndTimestamp": moment}
    ).description
    assert made.to_json() == {"CreationTimestamp": text, "EvaluationEndTimestamp": text}


def test_long_text_is_cut_and_says_so() -> None:
    model = summary_of(Status="TRAINED", Description="x" * 50_000, StatusMessage="y" * 500)
    assert model.model_description
    assert model.model_description.Description == "x" * 500 + "…[+49500]"
    assert model.status_message == "y" * 500
    finding = found(model, "text_shortened")
    assert finding.severity == "info"
    assert "Description" in finding.message
    assert "StatusMessage" not in finding.message


def test_text_that_only_looks_cut_is_not_reported() -> None:
    assert readable_description({"Description": "see…[+7]"}).shortened == ()


def test_arns_and_keys_are_not_cut() -> None:
    members: dict[str, Any] = {
        "ModelArn": "arn:" + "a" * 2044,
        "KmsKeyId": "k" * 2048,
        "OutputConfig": {"S3Location": {"Bucket": "b" * 63, "Prefix": "p" * 1024}},
        "EvaluationManifest": {"Bucket": "b" * 63, "Key": "m" * 1024},
        "EvaluationResult": {"Bucket": "b" * 63, "Key": "r" * 1024},
    }
    made = readable_description(members)
    assert made.description.to_json() == members
    assert (made.shortened, made.unusable) == ((), ())

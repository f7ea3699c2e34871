"""What a reader is told, from literals: thresholds, words, cleaned text, nine statuses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

import lfv_mcp
from lfv_mcp.analysis.description import readable_description
from lfv_mcp.analysis.model_card import model_card
from lfv_mcp.analysis.model_summary import DIGEST_LIMIT, summarise, summary_digest
from lfv_mcp.analysis.quality import F1_TOLERANCE, grade
from lfv_mcp.findings import FINDINGS
from lfv_mcp.identifiers import MODEL_STATUSES
from lfv_mcp.provenance import OtherStatus
from lfv_mcp.results.common import Finding, Source, SourceKind
from lfv_mcp.results.model_summary import ModelSummary, Performance

CAPTURED: Final = "2025-10-28T09:00:00.000Z"
NEEDS_THE_SERVICE: Final = re.compile(r"StartModel|StopModel|\bre-?train|wait until", re.IGNORECASE)


def summary_of(kind: SourceKind = "archive", /, **members: object) -> ModelSummary:
    """The summary of a record with these members."""
    source: Source = {"kind": kind, "basis": "describe_model", "captured_at": CAPTURED}
    return summarise("caps", "3", "eu-west-1", readable_description(members), source)


def judged(precision: object, recall: object, f1_score: object = None) -> ModelSummary:
    """The summary of a trained model with these metrics; None is absent."""
    sent = {"Precision": precision, "Recall": recall, "F1Score": f1_score}
    performance = {name: value for name, value in sent.items() if value is not None}
    return summary_of(Status="TRAINED", Performance=performance)


def codes(model: ModelSummary) -> list[str]:
    return [f["code"] for f in model["findings"]]


def found(model: ModelSummary, code: str) -> Finding:
    return next(f for f in model["findings"] if f["code"] == code)


# Thresholds, at their edges


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
    assert found(model, code)["severity"] == severity


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
    assert found(model, code)["severity"] == severity


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
    assert f"On its test set it was {word}: " in model["summary"]
    # The word and the findings speak of the same thresholds.
    bad = {"escapes_high", "false_rejects_high"}
    assert (word == "weak") is bool(bad & set(codes(model)))


@pytest.mark.parametrize("performance", [{}, {"escape_rate": 0.1}, {"false_reject_share": 0.1}])
def test_grade_needs_both(performance: Performance) -> None:
    assert grade(performance) == ""


def test_rates_are_free_of_subtraction_noise() -> None:
    performance = judged(0.8, 0.9)["performance"]
    assert performance["escape_rate"] == 0.1
    assert performance["false_reject_share"] == 0.2


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
    assert set(messages) <= {f["message"] for f in judged(precision, recall)["findings"]}


# Metrics that do not add up


@pytest.mark.parametrize("sign", [-1, 1])
def test_f1_is_taken_within_its_tolerance(sign: int) -> None:
    derived = 2 * 0.9 * 0.8 / 1.7
    inside = judged(0.9, 0.8, derived + sign * (F1_TOLERANCE - 1e-9))
    outside = judged(0.9, 0.8, derived + sign * (F1_TOLERANCE + 1e-9))
    assert "f1_inconsistent" not in codes(inside)
    assert "f1_inconsistent" in codes(outside)


def test_developer_guides_own_example_contradicts_itself() -> None:
    message = found(judged(0.9, 0.8, 0.8), "f1_inconsistent")["message"]
    assert message == "F1 is given as 0.8, but precision 0.9 and recall 0.8 make it 0.847."


def test_perfect_score_claims_no_more_than_it_shows() -> None:
    model = judged(1, 1, 1)
    assert "It made no error on its test set." in model["summary"]
    assert found(model, "perfect_score")["severity"] == "warning"
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
    assert "performance" not in model
    assert "How good it is cannot be said" in model["summary"]


@pytest.mark.parametrize("status", ["TRAINING", "TRAINING_FAILED", "DELETING"])
def test_metrics_are_not_missed_where_there_are_none(status: str) -> None:
    assert "metrics_missing" not in codes(summary_of(Status=status))


def test_partial_metrics_are_said_and_not_completed() -> None:
    model = judged(None, 0.75)
    assert model["performance"] == {"recall": 0.75, "escape_rate": 0.25}
    message = found(model, "metrics_incomplete")["message"]
    assert message == "The record lacks precision and f1_score."
    assert "escapes_high" in codes(model)
    assert not any("false_rejects" in code for code in codes(model))
    assert "How good it is cannot be said" in model["summary"]
    assert "Metrics: recall 0.75\n" in summary_digest(model)


def test_no_precision_and_no_recall_make_f1_undefined() -> None:
    assert "f1_inconsistent" not in codes(judged(0, 0, 0))


# What the record may hold


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 1.0000001, -0.1, "0.9", True, [0.9], {"value": 0.9}]
)
def test_metric_of_no_use_is_left_out_and_named(value: object) -> None:
    model = judged(value, 0.75, 0.8)
    assert model["model_description"]["Performance"] == {"F1Score": 0.8, "Recall": 0.75}
    assert "precision" not in model["performance"]
    assert "Precision" in found(model, "member_unusable")["message"]
    json.dumps(model, allow_nan=False)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("Performance", [0.9]),
        ("Description", 7),
        ("Status", ["HOSTED"]),
        ("CreationTimestamp", 1754296200.412),  # botocore parses times; a number is none
        ("MinInferenceUnits", True),
        ("MinInferenceUnits", "1"),
        ("MaxInferenceUnits", 1.5),
        ("EvaluationResult", "s3://bucket/key"),
    ],
)
def test_member_of_another_type_is_left_out_and_named(member: str, value: object) -> None:
    made = readable_description({member: value, "ModelVersion": "3"})
    assert made.description == {"ModelVersion": "3"}
    assert made.unusable == (member,)


def test_unknown_members_are_not_ours_to_show() -> None:
    assert readable_description({"ModelVersion": "3", "Secret": "x"}).description == {
        "ModelVersion": "3"
    }
    assert readable_description({}).description == {}
    assert readable_description({"Performance": {}}).description == {}


def test_numbers_keep_every_digit() -> None:
    sent = {"F1Score": 0.8780487804878049, "Recall": 1, "Precision": 0.1 + 0.2}
    assert readable_description({"Performance": sent}).description["Performance"] == sent


def test_times_keep_their_milliseconds() -> None:
    moment = datetime(2025, 8, 4, 8, 30, 0, 412000, UTC)
    made = readable_description(
        {"CreationTimestamp": moment, "EvaluationEndTimestamp": moment}
    ).description
    text = "2025-08-04T08:30:00.412Z"
    assert made == {"CreationTimestamp": text, "EvaluationEndTimestamp": text}


# Text from the account


def test_long_text_is_cut_and_says_so() -> None:
    model = summary_of(Status="TRAINED", Description="x" * 50_000, StatusMessage="y" * 500)
    assert model["model_description"]["Description"] == "x" * 500 + "…[+49500]"
    assert model["status_message"] == "y" * 500
    finding = found(model, "text_shortened")
    assert finding["severity"] == "info"
    assert "Description" in finding["message"]
    assert "StatusMessage" not in finding["message"]


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
    assert made.description == members
    assert made.shortened == made.unusable == ()


# The nine statuses, as history and live

STATES: Final[Mapping[str, tuple[str, str, str]]] = {
    # status: finding, its severity, and what only a live answer advises
    "TRAINING": ("training_in_progress", "info", "Wait until"),
    "TRAINED": ("", "", ""),
    "TRAINING_FAILED": ("training_failed", "critical", "retrain"),
    "STARTING_HOSTING": ("hosting_starting", "info", "Wait until"),
    "HOSTED": ("hosted", "warning", "StopModel"),
    "HOSTING_FAILED": ("hosting_failed", "critical", "StartModel"),
    "STOPPING_HOSTING": ("hosting_stopping", "info", "Wait until"),
    "SYSTEM_UPDATING": ("system_updating", "info", "Wait until"),
    "DELETING": ("deleting", "warning", ""),
}


def test_every_status_has_words() -> None:
    assert tuple(STATES) == MODEL_STATUSES


@pytest.mark.parametrize("kind", ["live", "archive", "sample"])
@pytest.mark.parametrize("status", STATES)
def test_status_in_words(status: str, kind: SourceKind) -> None:
    code, severity, needs_the_service = STATES[status]
    model = summary_of(kind, Status=status, Performance={"Precision": 0.99, "Recall": 0.99})
    whole = f"{json.dumps(model)}\n{summary_digest(model)}\n{model_card(model, None)}"
    state = [c for c in codes(model) if c in {c for c, _, _ in STATES.values()}]
    assert state == ([code] if code else [])
    if code:
        assert found(model, code)["severity"] == severity
    if kind == "live":
        assert model["summary"].startswith(f"caps version 3 is {status}.")
        assert needs_the_service in whole
        assert "service_ended" in codes(model)
    else:
        assert model["summary"].startswith(f"caps version 3 was {status} when captured on 2025-10")
        assert not NEEDS_THE_SERVICE.search(whole)
        assert "is billed" not in whole
    assert ("synthetic" in whole.lower()) is (kind == "sample")


@pytest.mark.parametrize("status", STATES)
def test_glossary_says_the_same(status: str) -> None:
    glossary = (Path(lfv_mcp.__file__).parent / "server" / "glossary.md").read_text(
        encoding="utf-8"
    )
    assert f"| {status} | {summary_of(Status=status)['status_meaning']} |" in glossary


def test_unknown_status_stays_unknown() -> None:
    model = summary_of(Status="MOTHBALLED")
    assert model["status"] == "MOTHBALLED"
    assert model["status_meaning"] == "not a status this server knows"
    assert found(model, "status_unknown")["severity"] == "warning"


def test_no_status_claims_none() -> None:
    source: Source = {"kind": "archive", "basis": "evaluation_files"}
    model = summarise("caps", "3", "", readable_description({"ModelVersion": "3"}), source)
    assert model["summary"].startswith("The status of caps version 3 is not known.")
    assert not {"status", "status_meaning", "region"} & model.keys()
    assert {"evaluation_files_only", "undated_record"} <= set(codes(model))


@pytest.mark.parametrize(
    ("low", "high", "code", "units"),
    [
        (1, 4, "hosting_autoscaling", "1 to 4"),
        (2, None, "hosting_fixed", "2 inference units"),
        (1, None, "hosting_fixed", "1 inference unit."),
        (None, 4, "hosting_autoscaling", "to 4"),
    ],
)
def test_inference_units(low: int | None, high: int | None, code: str, units: str) -> None:
    sent = {"MinInferenceUnits": low, "MaxInferenceUnits": high}
    members = {name: value for name, value in sent.items() if value is not None}
    model = summary_of(Status="TRAINED", **members)
    assert units in found(model, code)["message"]
    assert model["hosting"]["autoscaling"] is (high is not None)


def test_records_that_disagree_are_all_named() -> None:
    source: Source = {"kind": "archive", "basis": "describe_model", "captured_at": CAPTURED}
    others = [OtherStatus("TRAINED", 1735689600.0), OtherStatus(None, None)]
    model = summarise("caps", "3", "", readable_description({"Status": "HOSTED"}), source, others)
    message = found(model, "records_disagree")["message"]
    for named in ("says HOSTED", "TRAINED (2025-01-01)", "no status (undated)"):
        assert named in message


def test_artifacts_are_uris() -> None:
    at = {"Bucket": "b", "Key": "line_EvaluationResult.json"}
    output = {"S3Location": {"Bucket": "b", "Prefix": "line_"}}
    model = summary_of(EvaluationResult=at, EvaluationManifest={"Bucket": "b"}, OutputConfig=output)
    assert model["artifacts"] == {
        "output": "s3://b/line_",  # the service puts no slash behind a prefix
        "evaluation_result": "s3://b/line_EvaluationResult.json",
    }
    bare = summary_of(OutputConfig={"S3Location": {"Bucket": "b"}})
    assert bare["artifacts"] == {"output": "s3://b/"}


# The digest and the card


def test_findings_of_every_code_are_ranked() -> None:
    order = {"critical": 0, "warning": 1, "info": 2}
    assert {severity for severity, _ in FINDINGS.values()} == set(order)
    model = judged(0.5, 0.5, 0.9)
    ranks = [order[f["severity"]] for f in model["findings"]]
    assert ranks == sorted(ranks)
    # What comes first is what the summary advises.
    assert model["findings"][0]["advice"] in model["summary"]


@pytest.mark.parametrize("location", ["a.json", "d/" + "x" * 1022], ids=["file", "long_path"])
@pytest.mark.parametrize("status", ["HOSTED", "S" * 500], ids=["hosted", "long_status"])
def test_digest_keeps_state_and_source_whatever_the_texts(location: str, status: str) -> None:
    source: Source = {
        "kind": "archive",
        "basis": "describe_model",
        "captured_at": CAPTURED,
        "location": location,
    }
    members = {
        "Status": status,
        "StatusMessage": "m" * 500,
        "Performance": {"Precision": 0.5, "Recall": 0.5, "F1Score": 0.9},
        "Description": "x" * 501,
    }
    model = summarise("p" * 255, "9999999999", "eu-west-1", readable_description(members), source)
    shown = summary_digest(model)
    assert len(shown) <= DIGEST_LIMIT
    assert shown.startswith(model["summary"])
    last = shown.splitlines()[-1]
    assert last.startswith(f"Source: archive (describe_model), captured {CAPTURED}")
    assert "more in the structured result)" in shown


def test_card_shows_account_text_as_text() -> None:
    hostile = "![x](https://evil.example/) <img src=x> | `code` # *bold*"
    members: dict[str, Any] = {
        "Status": hostile,
        "StatusMessage": hostile,
        "Description": hostile,
        "EvaluationResult": {"Bucket": "b", "Key": hostile},
    }
    shown = model_card(summary_of(**members))
    for markup in ("![", "](", "<img", " | `", "*bold*"):
        assert not re.search(rf"(?<!\\){re.escape(markup)}", shown), markup


def test_card_of_a_bare_record_says_what_is_unknown() -> None:
    source: Source = {"kind": "archive", "basis": "evaluation_files"}
    shown = model_card(summarise("caps", "3", "", readable_description({}), source))
    for said in (
        "| Status | unknown |",
        "No metrics are recorded.",
        "No S3 location is recorded.",
        "| Captured | not recorded |",
    ):
        assert said in shown


def test_card_names_unit_counts_that_are_known() -> None:
    assert "| Inference units requested | 2 (fixed) |" in model_card(
        summary_of(MinInferenceUnits=2)
    )
    shown = model_card(summary_of(MinInferenceUnits=1, MaxInferenceUnits=4))
    assert "| Inference units requested | 1 to 4 (autoscaling) |" in shown

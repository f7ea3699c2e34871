"""The answer of describe_model: hosting, artifacts, other records, and the digest."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.analysis.description import readable_description
from lfv_mcp.analysis.model_summary import SUMMARY_DIGEST_LIMIT, summarise, summary_digest
from lfv_mcp.findings import FINDINGS
from lfv_mcp.provenance import OtherStatus, Provenance
from lfv_mcp.results.common import Source
from lfv_mcp.times import iso_utc
from tests.support.answers import as_json
from tests.support.summaries import CAPTURED, found, judged, summary_of


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
    assert units in found(model, code).message
    assert model.hosting
    assert model.hosting.autoscaling is (high is not None)


@given(st.integers(1_700_000_000, 1_761_000_000), st.integers(0, 200_000), st.floats(0, 59.9))
def test_the_time_that_training_took_is_that_between_the_minutes_shown(
    start: int, took: int, fraction_of_minute: float
) -> None:
    created = datetime.fromtimestamp(start + fraction_of_minute, UTC)
    ended = created + timedelta(seconds=took)
    times = {"CreationTimestamp": iso_utc(created), "EvaluationEndTimestamp": iso_utc(ended)}
    line = next(x for x in summary_digest(summary_of(**times)).splitlines() if "Created" in x)
    told = re.fullmatch(
        r"Created (\S+ \d\d:\d\d), evaluated (\S+ )?(\d\d:\d\d) UTC: (?:(\d+) h ?)?"
        r"(?:(\d+) min)?(<1 min)? for training and evaluation, .*",
        line,
    )
    assert told, line
    first = datetime.strptime(told[1], "%Y-%m-%d %H:%M")
    day = told[2] or told[1][:11]
    last = datetime.strptime(f"{day}{told[3]}", "%Y-%m-%d %H:%M")
    assert last - first == timedelta(hours=int(told[4] or 0), minutes=int(told[5] or 0))


def test_records_that_disagree_are_all_named() -> None:
    source = Source(kind="archive", basis="describe_model", captured_at=CAPTURED)
    others = OtherStatus("TRAINED", 1735689600.0), OtherStatus(None, None)
    replayed = Provenance("archive", disagreeing=others)
    model = summarise("caps", "3", "", readable_description({"Status": "HOSTED"}), source, replayed)
    message = found(model, "records_disagree").message
    for named in ("says HOSTED", "TRAINED (2025-01-01)", "no status (undated)"):
        assert named in message


def test_artifacts_are_uris() -> None:
    at = {"Bucket": "b", "Key": "line_EvaluationResult.json"}
    output = {"S3Location": {"Bucket": "b", "Prefix": "line_"}}
    model = summary_of(EvaluationResult=at, EvaluationManifest={"Bucket": "b"}, OutputConfig=output)
    assert as_json(model)["artifacts"] == {
        "output": "s3://b/line_",  # the service puts no slash behind a prefix
        "evaluation_result": "s3://b/line_EvaluationResult.json",
    }
    bare = summary_of(OutputConfig={"S3Location": {"Bucket": "b"}})
    assert as_json(bare)["artifacts"] == {"output": "s3://b/"}


def test_findings_of_every_code_are_ranked() -> None:
    order = {"critical": 0, "warning": 1, "info": 2}
    assert {severity for severity, _ in FINDINGS.values()} == set(order)
    model = judged(0.5, 0.5, 0.9)
    ranks = [order[f.severity] for f in model.findings]
    assert ranks == sorted(ranks)
    # What comes first is what the summary advises.
    assert model.findings[0].advice
    assert model.findings[0].advice in model.summary


@pytest.mark.parametrize("location", ["a.json", "d/" + "x" * 1022], ids=["file", "long_path"])
@pytest.mark.parametrize("status", ["HOSTED", "S" * 500], ids=["hosted", "long_status"])
def test_digest_keeps_state_and_source_whatever_the_texts(location: str, status: str) -> None:
    source = Source(kind="archive", basis="describe_model", captured_at=CAPTURED, location=location)
    members = {
        "Status": status,
        "StatusMessage": "m" * 500,
        "Performance": {"Precision": 0.5, "Recall": 0.5, "F1Score": 0.9},
        "Description": "x" * 501,
    }
    model = summarise("p" * 255, "9999999999", "eu-west-1", readable_description(members), source)
    shown = summary_digest(model)
    assert len(shown) <= SUMMARY_DIGEST_LIMIT
    assert shown.startswith(model.summary)
    last = shown.splitlines()[-1]
    assert last.startswith(f"Source: archive (describe_model), captured {CAPTURED}")
    assert "more in the structured result)" in shown

"""Answers of a live endpoint: boto3 over a real socket, what it sends and what becomes of replies.

What goes wrong is in failures/.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import boto3
import pytest
from mcp import Client
from mcp.types import CallToolResult, TextResourceContents

from lfv_mcp import __version__
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.identifiers import MODEL_STATUSES
from lfv_mcp.server.app import build_server
from tests.support.api_endpoint import (
    ACCESS_KEY,
    SESSION_TOKEN,
    Endpoint,
    Reply,
    Request,
    arn,
    description,
    ok,
)
from tests.support.clients import describe, text
from tests.support.live import MAX_CALLS, live

pytestmark = pytest.mark.anyio

ALL_MEMBERS = {
    "ModelVersion": "3",
    "ModelArn": "arn:aws:lookoutvision:us-east-1:111122223333:model/cap-seal/3",
    "CreationTimestamp": "2025-08-04T08:30:00.412Z",
    "Description": "august_relabel",
    "Status": "TRAINED",
    "StatusMessage": "Training completed successfully.",
    "Performance": {
        "F1Score": 0.8780487804878049,
        "Recall": 0.9,
        "Precision": 0.8571428571428571,
    },
    "OutputConfig": {
        "S3Location": {
            "Bucket": "lookoutvision-us-east-1-1a2b3c4d5e",
            "Prefix": "cap-seal/output/",
        }
    },
    "EvaluationManifest": {
        "Bucket": "lookoutvision-us-east-1-1a2b3c4d5e",
        "Key": "cap-seal/output/EvaluationManifest-cap-seal-3.json",
    },
    "EvaluationResult": {
        "Bucket": "lookoutvision-us-east-1-1a2b3c4d5e",
        "Key": "cap-seal/output/EvaluationResult-cap-seal-3.json",
    },
    "EvaluationEndTimestamp": "2025-08-04T09:16:45.127Z",
    "KmsKeyId": "arn:aws:kms:us-east-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    "MinInferenceUnits": 1,
    "MaxInferenceUnits": 4,
}


async def answer(catalog: Catalog, version: str | None = "3", **said: str) -> dict[str, Any]:
    """The structured result of one describe_model."""
    async with Client(build_server(catalog)) as client:
        return structure(await describe(client, version, **said))


def structure(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, text(result)
    content: dict[str, Any] = result.structured_content
    return content


def finding(summary: dict[str, Any], code: str) -> dict[str, str]:
    found: list[dict[str, str]] = [f for f in summary["findings"] if f["code"] == code]
    assert len(found) == 1, summary["findings"]
    return found[0]


# What becomes of a reply


@pytest.mark.usefixtures("endpoint")
async def test_all_members_survive_under_their_own_names(shared: Catalog, era: str) -> None:
    async with Client(build_server(shared), mode=era) as client:
        result = await describe(client)
    summary = structure(result)
    assert summary["model_description"] == ALL_MEMBERS
    assert list(summary["model_description"]) == list(ALL_MEMBERS)  # in the API's order
    assert {k: summary[k] for k in ("status", "status_message", "region", "hosting")} == {
        "status": "TRAINED",
        "status_message": "Training completed successfully.",
        "region": "us-east-1",
        "hosting": {"min_inference_units": 1, "max_inference_units": 4, "autoscaling": True},
    }
    assert summary["performance"]["f1_score"] == 0.8780487804878049
    assert summary["performance"]["evaluated_at"] == ALL_MEMBERS["EvaluationEndTimestamp"]
    assert summary["artifacts"] == {
        "output": "s3://lookoutvision-us-east-1-1a2b3c4d5e/cap-seal/output/",
        "evaluation_manifest": "s3://lookoutvision-us-east-1-1a2b3c4d5e/"
        "cap-seal/output/EvaluationManifest-cap-seal-3.json",
        "evaluation_result": "s3://lookoutvision-us-east-1-1a2b3c4d5e/"
        "cap-seal/output/EvaluationResult-cap-seal-3.json",
    }
    assert "member_unusable" not in {f["code"] for f in summary["findings"]}
    assert "0.878" in text(result)


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="no zone of a process here")
@pytest.mark.usefixtures("endpoint")
async def test_times_do_not_depend_on_where_the_server_runs(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # boto3 gives times in the zone of the process.
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        summary = structure(await describe(client))
    time.tzset()
    assert summary["model_description"]["CreationTimestamp"] == ALL_MEMBERS["CreationTimestamp"]


async def test_what_the_api_never_had_does_no_harm(endpoint: Endpoint, client: Client) -> None:
    body = description(Status="HIBERNATING", Colour="blue", Performance={"AUC": 1, "Recall": 0.5})
    endpoint.answer = lambda _: ok({"ModelDescription": body, "More": [1]})
    summary = structure(await describe(client))
    assert summary["status"] == "HIBERNATING"
    assert "HIBERNATING" in finding(summary, "status_unknown")["message"]
    assert summary["model_description"] == ALL_MEMBERS | {
        "Status": "HIBERNATING",
        "Performance": {"Recall": 0.5},
    }


async def test_null_is_absent(endpoint: Endpoint, client: Client) -> None:
    body = dict.fromkeys(ALL_MEMBERS) | {
        "ModelVersion": "3",
        "Performance": {"F1Score": None, "Recall": 0.9, "Precision": None},
        "OutputConfig": {"S3Location": None},
        "EvaluationResult": {"Bucket": None, "Key": None},
    }
    endpoint.answer = lambda _: ok({"ModelDescription": body})
    summary = structure(await describe(client))
    assert summary["model_description"] == {"ModelVersion": "3", "Performance": {"Recall": 0.9}}
    assert "status" not in summary
    assert "artifacts" not in summary
    assert "member_unusable" not in {f["code"] for f in summary["findings"]}


NAN = float("nan")


@pytest.mark.parametrize(
    ("sent", "left_out"),
    [
        # A number in quotes is no number: who wrote it may have meant 0.9 or 90 or "n/a".
        ({"Performance": {"F1Score": "0.88", "Recall": 0.9}}, ["F1Score"]),
        ({"Performance": {"F1Score": "", "Recall": 0.9, "Precision": True}}, None),
        ({"Performance": {"F1Score": NAN, "Recall": 0.9}}, ["F1Score"]),
        ({"Performance": {"F1Score": float("inf"), "Recall": 10**400}}, ["F1Score", "Recall"]),
        ({"Performance": {"F1Score": 90, "Recall": -0.1, "Precision": 0.5}}, ["F1Score", "Recall"]),
        ({"Performance": {"F1Score": {"value": 0.9}, "Recall": [0.9]}}, ["F1Score", "Recall"]),
        ({"Performance": "good"}, ["Performance"]),
        ({"Performance": [0.9, 0.8]}, ["Performance"]),
        ({"MinInferenceUnits": "one", "MaxInferenceUnits": "4"}, None),
        ({"MinInferenceUnits": 1.9, "MaxInferenceUnits": True}, None),
        ({"CreationTimestamp": "yesterday", "EvaluationEndTimestamp": ""}, None),
        ({"CreationTimestamp": 1e20, "EvaluationEndTimestamp": NAN}, None),
        ({"CreationTimestamp": -1e13, "EvaluationEndTimestamp": {}}, None),
        ({"OutputConfig": [], "EvaluationManifest": "s3://a/b", "EvaluationResult": 7}, None),
        ({"EvaluationResult": {"Bucket": 5, "Key": "k"}}, ["Bucket"]),
        ({"OutputConfig": {"S3Location": "s3://a/b"}}, ["S3Location"]),
        ({"Status": 5, "StatusMessage": {}, "Description": ["x"], "KmsKeyId": 1.5}, None),
        ({"ModelVersion": 3, "ModelArn": True}, None),
    ],
)
async def test_a_value_of_the_wrong_type_is_left_out_and_named(
    endpoint: Endpoint, client: Client, sent: dict[str, Any], left_out: list[str] | None
) -> None:
    endpoint.answer = lambda _: ok({"ModelDescription": description(**sent)})
    summary = structure(await describe(client))
    if left_out is None:
        inner = sent.get("Performance", {})
        left_out = [k for k in inner if k != "Recall"] or list(sent)
    named = re.findall(r"(\w+) left out: ", finding(summary, "member_unusable")["message"])
    assert sorted(named) == sorted(left_out)
    shown = summary["model_description"]
    # The rest of the record stands.
    assert {k: v for k, v in shown.items() if k not in sent} == {
        k: v for k, v in ALL_MEMBERS.items() if k not in sent
    }
    assert not set(left_out) & {*shown, *(k for name in sent for k in shown.get(name, ()))}


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (1754296200, "2025-08-04T08:30:00.000Z"),  # whole seconds
        (1754296200.4, "2025-08-04T08:30:00.400Z"),
        ("1754296200.412", "2025-08-04T08:30:00.412Z"),  # what stand-ins for the service send
        ("2025-08-04T10:30:00.412+02:00", "2025-08-04T08:30:00.412Z"),
        (1754296200.412345, "2025-08-04T08:30:00.412345Z"),
    ],
)
async def test_time_spellings(endpoint: Endpoint, client: Client, sent: object, shown: str) -> None:
    endpoint.answer = lambda _: ok({"ModelDescription": description(CreationTimestamp=sent)})
    assert (structure(await describe(client)))["model_description"]["CreationTimestamp"] == shown


async def test_texts_from_the_account_are_cleaned_and_cut(
    endpoint: Endpoint, client: Client
) -> None:
    message = "\x1b[31mred\x1b[0m \u202etxt.exe\nsecond line " + "x" * 600
    endpoint.answer = lambda _: ok({"ModelDescription": description(StatusMessage=message)})
    summary = structure(await describe(client))
    assert summary["status_message"].startswith("red txt.exe second line xxx")
    assert re.search(r"…\[\+\d+\]$", summary["status_message"])
    assert "StatusMessage" in finding(summary, "text_shortened")["message"]


# Which version, and where


def pages(versions: list[list[str]]) -> Any:
    """An endpoint whose ListModels has several pages; their tokens are p1, p2, ..."""

    def reply(request: Request) -> Reply:
        if not request.path.endswith("/models"):
            return ok({"ModelDescription": description(request.path.rsplit("/")[-1])})
        number = int(request.query.get("nextToken", "p0").removeprefix("p"))
        body: dict[str, Any] = {"Models": [{"ModelVersion": v} for v in versions[number]]}
        if number + 1 < len(versions):
            body["NextToken"] = f"p{number + 1}"
        return ok(body)

    return reply


async def test_latest_is_the_highest_number_of_all_pages(
    endpoint: Endpoint, shared: Catalog, era: str
) -> None:
    endpoint.answer = pages([["1", "2", "9"], [], ["10", "3"]])
    async with Client(build_server(shared), mode=era) as client:
        unsaid = structure(await describe(client, None))
        said = structure(await describe(client, "latest"))
    assert unsaid["model_version"] == said["model_version"] == "10"
    models = "/projects/cap-seal/models"
    assert endpoint.paths[:4] == [models, models, models, f"{models}/10"]
    assert [r.query.get("nextToken") for r in endpoint.requests[:3]] == [None, "p1", "p2"]
    assert {r.query.get("maxResults") for r in endpoint.requests[:3]} == {"100"}
    assert not any("latest" in path for path in endpoint.paths)


async def test_a_listing_goes_over_every_page(endpoint: Endpoint, client: Client) -> None:
    endpoint.answer = pages([["1", "2"], ["3"]])
    listed = structure(await client.call_tool("list_models", {"project_name": "cap-seal"}))
    assert [row["model_version"] for row in listed["models"]] == ["3", "2", "1"]
    assert listed["source"]["kind"] == "live"
    assert "next_token" not in listed


async def test_a_listing_leaves_out_values_of_the_wrong_type(
    endpoint: Endpoint, client: Client
) -> None:
    models = [
        {"ModelVersion": "2", "Status": 7, "Performance": {"F1Score": "high", "Recall": 0.5}},
        {"ModelVersion": "1", "Performance": None, "CreationTimestamp": "soon"},
    ]
    endpoint.answer = lambda _: ok({"Models": models})
    listed = structure(await client.call_tool("list_models", {"project_name": "cap-seal"}))
    assert listed["models"] == [
        {
            "project_name": "cap-seal",
            "model_version": "2",
            "recall": 0.5,
            "finding": "escapes_high",
        },
        {"project_name": "cap-seal", "model_version": "1", "finding": "metrics_missing"},
    ]


@pytest.mark.parametrize(
    ("configured", "said", "signed"),
    [
        ("eu-west-1", {}, "eu-west-1"),
        ("eu-west-1", {"region": "us-west-2"}, "us-west-2"),
        (None, {"region": "us-west-2"}, "us-west-2"),
        ("eu-west-1", {"project": arn(region="ap-northeast-2")}, "ap-northeast-2"),
    ],
)
async def test_requests_are_signed_for_the_region_asked(
    endpoint: Endpoint, configured: str | None, said: dict[str, str], signed: str
) -> None:
    await answer(live(configured), **said)
    (request,) = endpoint.requests
    assert request.path == "/2020-11-20/projects/cap-seal/models/3"
    assert request.credential == (ACCESS_KEY, signed, "lookoutvision")
    assert request.headers["x-amz-security-token"] == SESSION_TOKEN
    assert re.search(r"Signature=[0-9a-f]{64}$", request.headers["authorization"])
    sent = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%S%z")
    assert abs(datetime.now(UTC) - sent) < timedelta(minutes=1)


async def test_region_and_keys_may_come_from_a_profile(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile line-4]\nregion = ap-northeast-1\n"
        "aws_access_key_id = AKIAOFTHEPROFILE0000\naws_secret_access_key = none\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    await answer(live(None, profile="line-4"))
    key = ("AKIAOFTHEPROFILE0000", "ap-northeast-1", "lookoutvision")
    assert endpoint.requests[0].credential == key


async def test_an_arn_of_another_account_is_not_answered_from_this_one(
    endpoint: Endpoint, client: Client
) -> None:
    pasted = arn().replace("111122223333", "999988887777")
    result = await describe(client, project=pasted)
    assert result.is_error
    assert "another account" in text(result)
    assert endpoint.paths == ["/projects/cap-seal/models/3"]


async def test_requests_say_who_asks(endpoint: Endpoint, client: Client) -> None:
    structure(await describe(client))
    assert f"md/lfv-mcp#{__version__}" in endpoint.requests[0].headers["user-agent"].split()


@pytest.mark.usefixtures("endpoint")
async def test_settings_that_boto3_would_stumble_over_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_RETRY_MODE", "nonsense")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "x")
    monkeypatch.setenv("AWS_DATA_PATH", "/no/such/directory")
    assert (await answer(live()))["status"] == "TRAINED"


# One client a region, shared


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The region of every client that boto3 has made."""
    regions: list[str] = []
    make = boto3.Session.client

    def spy(self: boto3.Session, *args: Any, **kwargs: Any) -> Any:
        regions.append(kwargs["region_name"])
        return make(self, *args, **kwargs)

    monkeypatch.setattr(boto3.Session, "client", spy)
    return regions


async def test_one_client_a_region_and_one_connection(
    endpoint: Endpoint, opened: list[str]
) -> None:
    async with Client(build_server(live())) as client:
        for version in ("1", "2", "3"):
            structure(await describe(client, version))
        assert opened == ["us-east-1"]
        assert len({r.connection for r in endpoint.requests}) == 1
        for region in ("eu-west-1", "us-east-1", "eu-west-1"):
            structure(await describe(client, "1", region=region))
    assert opened == ["us-east-1", "eu-west-1"]


@pytest.mark.slow
async def test_two_hundred_calls_at_one_time(
    endpoint: Endpoint, opened: list[str], era: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Over no more connections than are kept: of one too many urllib3 warns, and throws it away."""
    endpoint.answer = lambda r: Reply(
        ok({"ModelDescription": description(r.path.rsplit("/")[-1])}).body, pause=0.02
    )
    summaries: dict[str, dict[str, Any]] = {}

    async def ask(client: Client, version: str) -> None:
        summaries[version] = structure(await describe(client, version))

    async with (
        Client(build_server(live()), mode=era) as client,
        anyio.create_task_group() as tasks,
    ):
        for version in range(1, 201):
            tasks.start_soon(ask, client, str(version))
    assert {v: s["model_description"]["ModelVersion"] for v, s in summaries.items()} == {
        str(v): str(v) for v in range(1, 201)
    }
    assert opened == ["us-east-1"]
    assert len(endpoint.requests) == 200
    assert len({r.connection for r in endpoint.requests}) <= MAX_CALLS
    assert "onnection pool" not in caplog.text


# What is said


async def test_the_source_of_a_live_answer(endpoint: Endpoint, shared: Catalog, era: str) -> None:
    async with Client(build_server(shared), mode=era) as client:
        result = await describe(client)
    summary = structure(result)
    captured = datetime.fromisoformat(summary["source"].pop("captured_at"))
    assert abs(datetime.now(UTC) - captured) < timedelta(minutes=1)
    assert summary["source"] == {
        "kind": "live",
        "basis": "describe_model",
        "location": endpoint.url,
    }
    ended = finding(summary, "service_ended")
    assert "31 October 2025" in ended["message"]
    assert "archive export" in ended["advice"]
    assert "31 October 2025" in text(result)
    assert "live endpoint" in text(result)


async def test_the_date_of_the_reply_is_when_it_was_captured(
    endpoint: Endpoint, client: Client
) -> None:
    endpoint.answer = lambda _: ok(
        {"ModelDescription": description()}, Date="Tue, 04 Aug 2026 08:30:00 GMT"
    )
    summary = structure(await describe(client))
    assert summary["source"]["captured_at"] == "2026-08-04T08:30:00.000Z"


LIVE_WORDS = {
    "HOSTED": "StopModel",
    "HOSTING_FAILED": "StartModel",
    "TRAINING_FAILED": "retrain",
    "TRAINING": "Wait until",
    "STARTING_HOSTING": "Wait until",
}


@pytest.mark.parametrize("status", MODEL_STATUSES)
async def test_a_live_status_is_the_present_one(
    endpoint: Endpoint, client: Client, status: str
) -> None:
    endpoint.answer = lambda _: ok({"ModelDescription": description(Status=status)})
    result = await describe(client)
    summary = structure(result)
    assert summary["summary"].startswith(f"cap-seal version 3 is {status}.")
    advice = " ".join(f.get("advice", "") for f in summary["findings"])
    assert LIVE_WORDS.get(status, "") in advice
    for said in (advice, text(result)):
        assert "captured" not in said.replace(", captured 20", "")  # but for the source's time


async def test_the_source_of_a_comparison_is_as_old_as_its_oldest_part(
    endpoint: Endpoint, client: Client
) -> None:
    unread = {"EvaluationResult": ..., "EvaluationManifest": ...}  # there is no S3 in here

    def dated(request: Request) -> Reply:
        version = request.path[-1]
        body = {"ModelDescription": description(version, **unread)}
        return ok(body, Date=f"Tue, 0{version} Aug 2026 08:30:00 GMT")

    endpoint.answer = dated
    compared = {"project_name": "cap-seal", "model_versions": ["3", "2"]}
    result = await client.call_tool("compare_models", compared)
    assert structure(result)["source"] == {
        "kind": "live",
        "basis": "describe_model",
        "captured_at": "2026-08-02T08:30:00.000Z",
        "location": endpoint.url,
    }


@pytest.mark.parametrize("kind", ["archive", "sample"])
async def test_a_replay_behind_the_endpoint_is_not_called_live(
    endpoint: Endpoint, client: Client, kind: str
) -> None:
    endpoint.answer = lambda _: ok(
        {"ModelDescription": description(Status="HOSTED")},
        x_lfv_kind=kind,
        x_lfv_basis="describe_model",
        x_lfv_captured="1754300000.5",
        x_lfv_location="describe-model/cap-seal-3.json",
    )
    result = await describe(client)
    summary = structure(result)
    assert summary["source"] == {
        "kind": kind,
        "basis": "describe_model",
        "captured_at": "2025-08-04T09:33:20.500Z",
        "location": "describe-model/cap-seal-3.json",
    }
    assert "was HOSTED when captured" in summary["summary"]
    assert "service_ended" not in {f["code"] for f in summary["findings"]}
    assert not re.search(r"StartModel|StopModel|Wait until", text(result) + str(summary))


@pytest.mark.parametrize(
    "headers",
    [
        {"x_lfv_basis": "nonsense", "x_lfv_kind": "archive"},
        {"x_lfv_basis": "describe_model", "x_lfv_kind": "nonsense"},
        {"x_lfv_basis": "describe_model", "x_lfv_disagreeing": "nonsense"},
        {"x_lfv_basis": "describe_model", "x_lfv_disagreeing": "[1]"},
        {"x_lfv_basis": "describe_model", "x_lfv_captured": "nonsense"},
        {"Date": "nonsense"},
    ],
)
async def test_headers_that_say_nonsense_do_no_harm(
    endpoint: Endpoint, client: Client, headers: dict[str, str]
) -> None:
    endpoint.answer = lambda _: ok({"ModelDescription": description()}, **headers)
    summary = structure(await describe(client))  # the client holds it against the schema
    assert summary["model_description"] == ALL_MEMBERS
    assert "nonsense" not in str(summary)


async def test_a_password_in_the_endpoint_stays_there(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_password = endpoint.url.replace("//", "//someone:pa55w0rd@")
    monkeypatch.setenv("AWS_ENDPOINT_URL_LOOKOUTVISION", with_password)
    async with Client(build_server(live())) as client:
        result = await describe(client)
    assert structure(result)["source"]["location"] == endpoint.url
    assert "pa55w0rd" not in str(result)


async def test_resources_ask_the_same_endpoint(endpoint: Endpoint, era: str) -> None:
    async with Client(build_server(live()), mode=era) as client:
        uri = "lookoutvision://projects/cap-seal/models/latest?region=eu-west-1"
        read = await client.read_resource(uri)
    (content,) = read.contents
    assert isinstance(content, TextResourceContents)
    assert '"ModelArn"' in content.text
    assert {r.credential[1] for r in endpoint.requests} == {"eu-west-1"}
    assert endpoint.paths[-1] == "/projects/cap-seal/models/3"

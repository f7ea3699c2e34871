"""`lfv-mcp replay`: the real command in a process of its own, asked by boto3 and by raw HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

import boto3
import botocore.session
import pytest
from botocore.config import Config
from click.testing import CliRunner, Result

import lfv_mcp
from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.replay import Replay
from lfv_mcp.archive.store import Directory
from lfv_mcp.aws.transport import Reply
from lfv_mcp.cli.main import main
from lfv_mcp.errors import SetupError
from lfv_mcp.http.replay_app import ReplayApp, scope_of
from lfv_mcp.identifiers import AccountScope
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings

PACKAGE: Final = Path(lfv_mcp.__file__).parent
SAMPLE: Final = PACKAGE / "archive" / "_sample"
API: Final = "/2020-11-20"
SIGNED: Final = "AWS4-HMAC-SHA256 Credential={}/20260101/{}/lookoutvision/aws4_request, Signature=0"
ONE, OTHER = "111122223333", "444455556666"


@dataclass(frozen=True)
class Running:
    """A replay and where it is."""

    url: str
    process: subprocess.Popen[str]

    def client(self, region: str = "us-east-1", key_id: str = "any") -> Any:
        """A boto3 client, as a script's own would be."""
        return boto3_client(self.url, region, key_id)

    def ask(
        self,
        target: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One raw request, its target exactly as given."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        try:
            connection.putrequest(method, target, skip_host=True)
            for name, value in {"Host": "localhost", **(headers or {})}.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            reply = connection.getresponse()
            return reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read()
        finally:
            connection.close()


@cache
def boto3_client(url: str, region: str, key_id: str) -> Any:
    """A client that knows our description of the API; making one takes longer than ten calls."""
    core = botocore.session.Session()
    core.get_component("data_loader").search_paths.insert(0, str(PACKAGE / "aws" / "_api"))
    session: Any = boto3.Session(key_id, "any", botocore_session=core)
    config = Config(retries={"total_max_attempts": 1})
    return session.client("lookoutvision", region_name=region, endpoint_url=url, config=config)


def environment() -> dict[str, str]:
    """The shell's, without settings that a test has not asked for."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LFV_", "FASTMCP_"))}


@contextmanager
def replaying(*arguments: str) -> Iterator[Running]:
    """The command, up and running; its first line is the URL."""
    command = [sys.executable, "-m", "lfv_mcp", "replay", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, env=environment()
    ) as process:
        assert process.stdout
        assert process.stderr
        try:
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), process.stderr.read()
            yield Running(url, process)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def sample() -> Iterator[Running]:
    """The bundled sample."""
    with replaying("--source", "sample") as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Saved answers of two regions and two accounts, one of each kind of record."""
    root = tmp_path_factory.mktemp("archive")

    def described(name: str, arn: str, status: str = "TRAINED", date: str = "") -> None:
        body = {"ModelVersion": arn.split("/")[-1], "ModelArn": arn, "Status": status}
        answer: dict[str, Any] = {"ModelDescription": body | {"CreationTimestamp": 1.5e9}}
        if date:
            answer["ResponseMetadata"] = {"HTTPHeaders": {"date": date}}
        (root / name).write_text(json.dumps(answer))

    described("ünd.json", model_arn("press", 10))
    described("a.json", model_arn("press", 9), date="Tue, 28 Oct 2025 09:00:00 GMT")
    described("b.json", model_arn("press", 9), "HOSTED", "Mon, 27 Oct 2025 09:00:00 GMT")
    described("c.json", model_arn("press", 1, OTHER))
    described("d.json", model_arn("press", 3, OTHER, "eu-west-1"))
    listed = {"ModelVersion": "2", "ModelArn": model_arn("press", 2), "Status": "HOSTED"}
    (root / "listing.json").write_text(json.dumps({"Models": [listed]}))
    details = {"ModelArn": model_arn("oven", 7), "EvaluationEndTimestamp": "2025-01-02T03:04:05"}
    metrics = {"Metrics": {"F1Score": 0.5, "Precision": 0.5, "Recall": 0.5}}
    result = {"EvaluationDetails": details, "AggregatedEvaluationResults": metrics}
    (root / "result.json").write_text(json.dumps(result))
    return root


@pytest.fixture(scope="module")
def places(folder: Path) -> Iterator[Running]:
    """That archive."""
    with replaying("--source", str(folder)) as running:
        yield running


def model_arn(project: str, version: int, account: str = ONE, region: str = "us-east-1") -> str:
    return f"arn:aws:lookoutvision:{region}:{account}:model/{project}/{version}"


def on_disk(kind: str, member: str) -> list[dict[str, Any]]:
    """The sample's saved answers, which the replies must equal."""
    return [json.loads(p.read_bytes())[member] for p in sorted((SAMPLE / kind).glob("*.json"))]


def plain(value: Any) -> Any:
    """A parsed answer as it was on the wire."""
    match value:
        case datetime():
            return value.timestamp()
        case dict():
            return {k: plain(v) for k, v in value.items()}
        case list():
            return [plain(v) for v in value]
    return value


def whose(arn: str) -> tuple[str, str]:
    _, project, version = arn.split("/")
    return project, version


MODELS: Final = on_disk("describe-model", "ModelDescription")
PROJECTS: Final = on_disk("describe-project", "ProjectDescription")


# The four reads, through boto3


def test_describe_model(sample: Running) -> None:
    client = sample.client()
    assert len(MODELS) == 20
    for body in MODELS:
        project, version = whose(body["ModelArn"])
        answer = client.describe_model(ProjectName=project, ModelVersion=version)
        assert plain(answer["ModelDescription"]) == body
        assert answer["ResponseMetadata"]["RequestId"]


def test_latest_is_the_highest_version(places: Running) -> None:
    answer = places.client(key_id=ONE).describe_model(ProjectName="press", ModelVersion="latest")
    assert answer["ModelDescription"]["ModelVersion"] == "10"


def test_describe_project(sample: Running) -> None:
    client = sample.client()
    for body in PROJECTS:
        answer = client.describe_project(ProjectName=body["ProjectName"])
        assert plain(answer["ProjectDescription"]) == body


def test_list_projects_by_pages_of_two(sample: Running) -> None:
    pages = list(sample.client().get_paginator("list_projects").paginate(PaginationConfig=TWO))
    assert [len(page["Projects"]) for page in pages] == [2, 2, 2]
    found = plain([project for page in pages for project in page["Projects"]])
    assert found == [{k: v for k, v in body.items() if k != "Datasets"} for body in PROJECTS]


TWO: Final = {"PageSize": 2}
LISTED: Final = {
    *("ModelVersion", "ModelArn", "CreationTimestamp", "Description", "Status"),
    *("StatusMessage", "Performance"),
}


def test_list_models_by_pages_of_two(sample: Running) -> None:
    paginator = sample.client().get_paginator("list_models")
    found: list[Any] = []
    for project in PROJECTS:
        name = project["ProjectName"]
        pages = list(paginator.paginate(ProjectName=name, PaginationConfig=TWO))
        sizes = [len(page["Models"]) for page in pages]
        assert all(size == 2 for size in sizes[:-1])
        assert sizes[-1] in (1, 2)
        assert "NextToken" not in pages[-1]
        found += plain([model for page in pages for model in page["Models"]])
    assert found == [{k: v for k, v in body.items() if k in LISTED} for body in MODELS]


@pytest.mark.slow
def test_a_token_survives_a_restart(sample: Running) -> None:
    first = sample.client().list_projects(MaxResults=4)
    with replaying("--source", "sample") as another:
        rest = another.client().list_projects(NextToken=first["NextToken"])
    names = [p["ProjectName"] for p in first["Projects"] + rest["Projects"]]
    assert names == [p["ProjectName"] for p in PROJECTS]
    assert "NextToken" not in rest


# Whose resources: the signature says


@pytest.mark.parametrize(
    ("region", "key_id", "versions"),
    [
        ("us-east-1", ONE, ["2", "9", "10"]),
        ("us-east-1", OTHER, ["1"]),
        ("eu-west-1", "AKIDEXAMPLE", ["3"]),
        ("eu-west-1", OTHER, ["3"]),
    ],
)
def test_region_and_account(places: Running, region: str, key_id: str, versions: list[str]) -> None:
    models = places.client(region, key_id).list_models(ProjectName="press")["Models"]
    assert [m["ModelVersion"] for m in models] == versions


def test_one_region_answers_for_all(sample: Running) -> None:
    assert len(sample.client("ap-northeast-2").list_projects()["Projects"]) == 6


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (SIGNED.format("AKIDEXAMPLE", "eu-west-1"), AccountScope("eu-west-1")),
        (SIGNED.format(ONE, "eu-west-1"), AccountScope("eu-west-1", ONE)),
        (SIGNED.format(ONE, "eu-west-1").replace("lookoutvision", "s3"), AccountScope()),
        (SIGNED.format("\u0661" * 12, "eu-west-1"), AccountScope("eu-west-1")),
        (SIGNED.format(ONE, "EU/../x"), AccountScope()),
        ("Bearer abc", AccountScope()),
        ("", AccountScope()),
    ],
)
def test_caller(authorization: str, expected: AccountScope) -> None:
    assert scope_of(authorization) == expected


# Error shapes, through boto3: operation, parameters, exception, ResourceId, ResourceType


@pytest.mark.parametrize(
    ("operation", "parameters", "code", "resource"),
    [
        ("describe_model", ("sample-cap-seal", "99"), 404, ("99", "MODEL")),
        ("describe_model", ("nobody", "1"), 404, ("nobody", "PROJECT")),
        ("describe_project", ("nobody",), 404, ("nobody", "PROJECT")),
        ("list_models", ("nobody",), 404, ("nobody", "PROJECT")),
        ("describe_model", ("sample-cap-seal", "0"), 400, None),
        ("describe_model", ("sample-cap-seal", "LATEST"), 400, None),
        ("describe_model", ("sample-cap-seal", "12345678901"), 400, None),
        ("describe_model", ("a/b", "1"), 400, None),
        ("describe_project", ("schön",), 400, None),
        ("describe_project", ("x" * 256,), 400, None),
        ("list_projects", {"MaxResults": 101}, 400, None),
        ("list_projects", {"NextToken": "abc"}, 400, None),
        ("list_models", {"ProjectName": "sample-cap-seal", "NextToken": "a/+="}, 400, None),
    ],
)
def test_errors(
    sample: Running,
    operation: str,
    parameters: tuple[str, ...] | dict[str, Any],
    code: int,
    resource: tuple[str, str] | None,
) -> None:
    client = sample.client()
    if isinstance(parameters, tuple):
        named = ("ProjectName", "ModelVersion")
        parameters = dict(zip(named, parameters, strict=False))
    name = "ResourceNotFoundException" if code == 404 else "ValidationException"
    with pytest.raises(getattr(client.exceptions, name)) as caught:
        getattr(client, operation)(**parameters)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == code
    assert response["Error"]["Message"]
    assert (response.get("ResourceId"), response.get("ResourceType")) == (resource or (None, None))


def test_a_region_that_is_not_held(places: Running) -> None:
    client = places.client("us-west-2")
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="eu-west-1, us-east-1"):
        client.list_projects()


def test_two_accounts_in_one_region(places: Running) -> None:
    client = places.client()
    with pytest.raises(client.exceptions.ConflictException, match=f"{ONE}, {OTHER}") as caught:
        client.describe_project(ProjectName="press")
    assert caught.value.response["ResourceId"] == "press"


# What no archive can answer


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "projects/p/datasets/train", "DescribeDataset"),
        ("GET", "projects/p/datasets/train/entries?maxResults=5", "ListDatasetEntries"),
        ("GET", "projects/p/modelpackagingjobs", "ListModelPackagingJobs"),
        ("GET", "projects/p/modelpackagingjobs/j", "DescribeModelPackagingJob"),
        ("GET", "tags/arn%3Aaws%3Alookoutvision%3A%3A%3Amodel%2Fp%2F1", "ListTagsForResource"),
        ("POST", "projects", "CreateProject"),
        ("POST", "projects/p/models", "CreateModel"),
        ("POST", "projects/p/models/1/start", "StartModel"),
        ("POST", "projects/p/models/1/stop", "StopModel"),
        ("POST", "projects/p/models/1/detect", "DetectAnomalies"),
        ("PATCH", "projects/p/datasets/train/entries", "UpdateDatasetEntries"),
        ("DELETE", "projects/p/models/1", "DeleteModel"),
        ("DELETE", "tags/a%2Fb?tagKeys=x", "UntagResource"),
    ],
)
def test_refused(sample: Running, method: str, path: str, operation: str) -> None:
    body = None if method in ("GET", "DELETE") else b"{}" * 10_000
    status, headers, answer = sample.ask(f"{API}/{path}", method, body=body)
    assert (status, headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert json.loads(answer)["Message"].startswith(f"{operation} cannot be answered here")


# Raw HTTP


@pytest.mark.parametrize(
    ("target", "method"),
    [
        ("/", "GET"),
        ("//", "GET"),
        (f"/{API}/projects", "GET"),
        (f"{API}//projects", "GET"),
        (f"{API}/projects/", "GET"),
        (f"{API}/projects/sample-cap-seal/", "GET"),
        (f"{API}/projects%2F*", "GET"),
        (f"{API}/projects/%zz", "GET"),
        (f"{API}/projects/%", "GET"),
        (f"{API}/projects/%ff", "GET"),
        (f"{API}/projects/%00", "GET"),
        (f"{API}/projects/..%2f..%2fetc", "GET"),
        (f"{API}/../../etc/passwd", "GET"),
        (f"{API}/projects?nextToken=%ff", "GET"),
        (f"{API}/projects?maxResults=", "GET"),
        (f"{API}/projects?maxResults=1e1", "GET"),
        (f"{API}/projects?maxResults=-1", "GET"),
        (f"{API}/projects?maxResults=%D9%A1", "GET"),
        (f"{API}/projects?maxResults={'9' * 5000}", "GET"),
        (f"{API}/projects/{'x' * 500_000}", "GET"),
        ("/2020-11-21/projects", "GET"),
        ("http://[::1/x", "GET"),
        ("*", "OPTIONS"),
        (f"{API}/projects", "OPTIONS"),
        (f"{API}/projects", "PUT"),
        (f"{API}/projects", "BREW"),
    ],
    ids=lambda value: value[:40],
)
def test_what_is_no_request_of_the_api(sample: Running, target: str, method: str) -> None:
    status, headers, body = sample.ask(target, method)
    assert (status, headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert headers["content-type"] == "application/json"
    assert headers["x-amzn-requestid"]
    assert len(json.loads(body)["Message"]) < 200  # nothing of a huge URL comes back


def test_head_is_a_get_without_its_body(sample: Running) -> None:
    target = f"{API}/projects/sample-cap-seal/models/3"
    status, headers, body = sample.ask(target, "HEAD")
    _, full, whole = sample.ask(target)
    assert (status, body) == (200, b"")
    assert headers["content-length"] == full["content-length"] == str(len(whole))


def test_what_an_answer_rests_on_is_in_its_headers(sample: Running) -> None:
    _, headers, _ = sample.ask(f"{API}/projects/sample-cap-seal/models/3")
    assert {k: v for k, v in headers.items() if k.startswith("x-lfv-")} == {
        "x-lfv-kind": "sample",
        "x-lfv-basis": "describe_model",
        "x-lfv-captured": "1761642000.0",
        "x-lfv-location": "describe-model/sample-cap-seal-3.json",
    }
    _, headers, _ = sample.ask(f"{API}/projects")
    assert headers["x-lfv-kind"] == "sample"  # a listing is history too


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:1", 200),
        ("localhost", 200),
        ("LOCALHOST:8080", 200),
        ("[::1]:80", 200),
        ("rebound.example:8080", 403),
        ("127.0.0.1.rebound.example", 403),
        ("localhost.rebound.example", 403),
        ("[::1", 403),
        ("", 403),
        ("10.0.0.1", 403),
    ],
)
def test_only_names_of_this_machine(sample: Running, host: str, status: int) -> None:
    got, headers, _ = sample.ask(f"{API}/projects", headers={"Host": host})
    assert got == status
    assert headers.get("x-amzn-errortype", "") == ("AccessDeniedException" if got == 403 else "")


def test_the_connection_lives_on_after_a_refused_body(sample: Running) -> None:
    connection = HTTPConnection(urlsplit(sample.url).netloc, timeout=20)
    try:
        for _ in range(2):
            connection.request("POST", f"{API}/projects/p/models/1/detect", b"\0" * 8_000_000)
            first = connection.sock
            assert connection.getresponse().read()
            assert connection.sock is first
    finally:
        connection.close()


def test_a_body_past_the_limit(sample: Running) -> None:
    status, headers, _ = sample.ask(f"{API}/projects", "POST", body=b"\0" * 16_777_217)
    assert (status, headers["connection"]) == (403, "close")


# Failures inside, without a socket


class Failing(Replay):
    """A replay that cannot answer."""

    def __init__(self, error: Exception) -> None:
        super().__init__(cast("Archive", None))
        self.error = error

    def answer(self, method: str, url: str, caller: AccountScope) -> Reply:  # noqa: ARG002
        raise self.error


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (SetupError("archive_unreadable", "The archive is gone.", ""), "The archive is gone."),
        (KeyError("secret"), "See the log for "),
    ],
)
async def test_a_failure_inside(error: Exception, message: str) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: Any) -> None:
        sent.append(event)

    scope = {
        **{"type": "http", "method": "GET", "headers": [], "query_string": b""},
        **{"raw_path": b"/2020-11-20/projects", "path": "/2020-11-20/projects"},
    }
    await ReplayApp(Failing(error), None)(scope, receive, send)
    headers = dict(sent[0]["headers"])
    assert sent[0]["status"] == 500
    assert headers[b"x-amzn-errortype"] == b"InternalServerException"
    said = json.loads(sent[1]["body"])["Message"]
    assert said.startswith(message)
    assert "secret" not in said


# Our own server, live against a replay


@pytest.mark.anyio
async def test_a_live_server_over_a_replay_says_what_the_archive_says(
    sample: Running, places: Running, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal in every word: `source`, history or present, and the findings about provenance
    (sample_data, archived_record, undated_record, listing_only, evaluation_files_only,
    records_disagree) come through too, because the replay's headers carry them. The one finding
    of a live source, service_ended, stays away. Two are others: a live server has no evaluation
    files in an archive, at most their places in S3 (evidence_at_hand), and asks for no listing to
    know which version was in use (other_version_hosted), or which has results where this one has
    none (the advice of training_failed and training_in_progress), or how many images were tested.
    """
    asked = {
        "sample": [whose(body["ModelArn"]) for body in MODELS],
        str(folder): [("press", "2"), ("press", "9"), ("press", "10"), ("oven", "7")],
    }
    codes, others = set(), ("evidence_at_hand", "other_version_hosted")
    for running, (source, models) in zip((sample, places), asked.items(), strict=True):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", ONE)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
        monkeypatch.setenv("AWS_ENDPOINT_URL_LOOKOUTVISION", running.url)
        live = open_catalog(Settings("live", "us-east-1"))
        direct = open_catalog(Settings(source))
        for project, version in models:
            described = await direct.describe_model(ModelQuery(project, version, "us-east-1", ONE))
            answered = await live.describe_model(ModelQuery(project, version))
            answer, expected = answered.to_json(), described.to_json()
            for each in (answer, expected):
                each["findings"] = [f for f in each["findings"] if f["code"] not in others]
                each.get("performance", {}).pop("test_images", None)
                own = {"perfect_score", "metrics_missing"} & {f["code"] for f in each["findings"]}
                if own:  # what evaluation files tell, which only an archive holds
                    each.pop("summary")
                    each["findings"] = [f for f in each["findings"] if f["code"] not in own]
                for found in each["findings"]:
                    if found["code"] in ("training_failed", "training_in_progress"):
                        each["summary"] = each["summary"].removesuffix(found.pop("advice"))
            assert answer == expected
            codes |= {finding["code"] for finding in expected["findings"]}
    assert codes >= {
        *("sample_data", "archived_record", "undated_record", "listing_only"),
        *("evaluation_files_only", "records_disagree"),
    }
    assert "service_ended" not in codes


# The command


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_it_quietly(number: signal.Signals, code: int) -> None:
    with replaying() as running:
        address = urlsplit(running.url)
        with socket.create_connection((address.hostname, address.port or 0)) as idle:
            idle.sendall(b"GET /")  # a client that never finishes does not hold it
            running.process.send_signal(number)
            out, log = running.process.communicate(timeout=10)
    assert running.process.returncode == code
    assert out == ""
    assert log.splitlines() == [
        "Replaying the bundled sample (models: 20): read-only, nothing is authenticated. "
        "Ctrl-C ends it.",
        "For a boto3 or AWS CLI that no longer has the service: "
        f"AWS_DATA_PATH={PACKAGE / 'aws' / '_api'}",
    ]


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "said"),
    [
        (["--source", "live"], {}, 1, "replay serves an archive, not a live endpoint"),
        ([], {"AWS_ENDPOINT_URL_LOOKOUTVISION": "http://127.0.0.1:9"}, 1, "not a live endpoint"),
        (["--source", "/no/such/place"], {}, 1, "/no/such/place"),
        (["--host", "0.0.0.0"], {}, 1, "takes --allow-remote"),
        (["--host", "::"], {}, 1, "takes --allow-remote"),
        (["--host", "no such host"], {}, 1, "Cannot listen on"),
        (["--port", "65536"], {}, 1, "65536"),
        (["--log-level", "LOUD"], {}, 1, "LOUD"),
    ],
)
def test_what_cannot_be_served(
    arguments: list[str],
    settings: dict[str, str],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = failed(monkeypatch, *arguments, **settings)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in " ".join(done.stderr.split())


def test_a_taken_port(sample: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    done = failed(monkeypatch, "--port", sample.url.rpartition(":")[2])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Cannot listen on 127.0.0.1 port" in done.stderr


def failed(monkeypatch: pytest.MonkeyPatch, *arguments: str, **settings: str) -> Result:
    """The command in this process, which keeps its own signal handlers."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return CliRunner().invoke(main, ["replay", *arguments], env=settings)


@pytest.mark.slow
def test_remote_when_allowed_answers_to_any_name() -> None:
    command = [sys.executable, "-m", "lfv_mcp", "replay", "--host", "0.0.0.0", "--allow-remote"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment()) as it:
        assert it.stdout
        try:
            url = it.stdout.readline().strip()
            port = url.removeprefix("http://0.0.0.0:")
            running = Running(f"http://127.0.0.1:{port}", it)
            status, _, _ = running.ask(f"{API}/projects", headers={"Host": "archive.example"})
            assert status == 200
        finally:
            it.terminate()


def test_an_empty_archive_says_so(tmp_path: Path) -> None:
    replay = Replay(Archive(Directory(tmp_path)))
    reply = replay.answer("GET", f"http://archive{API}/projects", AccountScope("us-east-1"))
    assert reply.headers["x-amzn-errortype"] == "ResourceNotFoundException"
    assert "it holds none at all" in json.loads(reply.body)["Message"]

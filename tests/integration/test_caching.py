"""What is remembered, for how long, and what is asked only once: counted where it is asked."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from mcp import Client
from mcp.types import PromptReference

from lfv_mcp.archive.store import Directory
from lfv_mcp.catalog.cache import CachePolicy
from lfv_mcp.identifiers import MODEL_STATUSES
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.results.model_summary import ModelSummary
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from tests.support.api_endpoint import Endpoint, Reply, Request, api_error, description, healthy, ok
from tests.support.clients import door
from tests.support.clock import Clock
from tests.support.saved_records import arn, described, manifest_of, response, result_of, write

pytestmark = pytest.mark.anyio

SETTLED: Final = {"TRAINED", "TRAINING_FAILED", "HOSTED", "HOSTING_FAILED"}
GOOD_FOR: Final = 5.0
CALLERS: Final = 1_000
POLICY: Final = CachePolicy()
"""What users have."""


@pytest.fixture
def clock() -> Clock:
    """The clock of this test."""
    return Clock()


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A healthy endpoint, and the environment that names it."""
    with Endpoint() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


def saying(**members: object) -> Any:
    """An answer to every DescribeModel, of the version asked for."""
    return lambda r: ok({"ModelDescription": description(r.path.rsplit("/")[-1], **members)})


# A live answer


@pytest.mark.parametrize("status", [*MODEL_STATUSES, "PAUSED", ...])
async def test_only_a_status_that_stays_is_kept(
    endpoint: Endpoint, clock: Clock, status: object
) -> None:
    """`PAUSED` is unknown to this server; `...` stands for none."""
    endpoint.answer = saying(Status=status)
    async with door("live", region="us-east-1", clock=clock.read) as ask:
        first = await ask.describe("cap-seal", "3")
        clock.go_on(GOOD_FOR - 0.01)
        assert (await ask.describe("cap-seal", "3")).get("status") == first.get("status")
        assert len(endpoint.requests) == (1 if status in SETTLED else 2)


@pytest.mark.parametrize("status", sorted(SETTLED))
async def test_it_is_kept_for_five_seconds(endpoint: Endpoint, clock: Clock, status: str) -> None:
    endpoint.answer = saying(Status=status)
    async with door("live", region="us-east-1", clock=clock.read) as ask:
        await ask.describe("cap-seal", "3")
        endpoint.answer = saying(Status="DELETING")
        clock.go_on(GOOD_FOR - 0.01)
        assert (await ask.describe("cap-seal", "3"))["status"] == status
        clock.go_on(0.01)
        assert (await ask.describe("cap-seal", "3"))["status"] == "DELETING"


async def test_region_project_and_version_are_the_question(
    clock: Clock, endpoint: Endpoint
) -> None:
    endpoint.answer = lambda r: ok(
        {"ModelDescription": {"ModelVersion": r.path[-1], "Status": "TRAINED"}}
    )
    asked = [
        ("cap-seal", "3", "us-east-1"),
        ("cap-seal", "2", "us-east-1"),
        ("pcb-top", "3", "us-east-1"),
        ("cap-seal", "3", "eu-west-1"),
    ]
    async with door("live", region="us-east-1", clock=clock.read) as ask:
        for _ in range(2):
            for project, version, region in asked:
                answer = await ask.describe(arn(project, int(version), region))
                assert (answer["model_version"], answer["region"]) == (version, region)
    came = [(*r.path.split("/")[3::2], r.credential[1]) for r in endpoint.requests]
    assert came == asked


async def test_a_kept_answer_says_when_it_was_captured(clock: Clock, endpoint: Endpoint) -> None:
    times = iter(("08:30:00", "08:31:00"))

    def dated(_: Request) -> Reply:
        body = {"ModelDescription": description(Status="HOSTED")}
        return ok(body, Date=f"Tue, 04 Aug 2026 {next(times)} GMT")

    endpoint.answer = dated
    async with door("live", region="us-east-1", clock=clock.read) as ask:
        for _ in range(2):
            source = (await ask.describe("cap-seal", "3"))["source"]
            assert source["captured_at"] == "2026-08-04T08:30:00.000Z"


async def test_a_failure_is_not_kept(clock: Clock, endpoint: Endpoint) -> None:
    endpoint.answer = lambda _: api_error(403, "AccessDeniedException")
    async with door("live", region="us-east-1", clock=clock.read) as ask:
        named = {"project_name": "cap-seal", "model_version": "3"}
        assert (await ask.refused("describe_model", **named))["code"] == "access_denied"
        endpoint.answer = healthy
        assert (await ask.describe("cap-seal", "3"))["status"] == "TRAINED"


@pytest.mark.slow
async def test_no_more_answers_are_kept_than_there_is_room_for(
    clock: Clock, endpoint: Endpoint
) -> None:
    catalog = open_catalog(Settings("live", "us-east-1", None, 20.0), clock=clock.read)
    endpoint.answer = saying()

    async def requests(version: int) -> int:
        before = len(endpoint.requests)
        await catalog.describe_model(ModelQuery("cap-seal", str(version)))
        return len(endpoint.requests) - before

    assert POLICY.max_summaries <= 1_000
    for version in range(1, POLICY.max_summaries + 1):
        assert await requests(version) == 1
    assert await requests(1) == 0  # used again, so the second is the oldest now
    assert await requests(POLICY.max_summaries + 1) == 1
    assert [await requests(v) for v in (1, 3, POLICY.max_summaries, POLICY.max_summaries + 1)] == [
        0
    ] * 4
    assert await requests(2) == 1


@pytest.mark.slow
@pytest.mark.parametrize("status", ["HOSTED", "TRAINING"])
async def test_a_thousand_identical_calls_at_one_time_are_one_request(
    clock: Clock, endpoint: Endpoint, status: str
) -> None:
    let_go = threading.Event()

    def held_back(request: Request) -> Reply:
        assert let_go.wait(30)
        reply: Reply = saying(Status=status)(request)
        return reply

    endpoint.answer = held_back
    catalog = open_catalog(Settings("live", "us-east-1", None, 20.0), clock=clock.read)
    answers: list[ModelSummary] = []

    async def ask() -> None:
        answers.append(await catalog.describe_model(ModelQuery("cap-seal", "3")))

    try:
        async with anyio.create_task_group() as tasks:
            for _ in range(CALLERS):
                tasks.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            assert answers == []  # all of them wait
            let_go.set()
    finally:
        let_go.set()
    assert len(answers) == CALLERS
    assert {answer.status for answer in answers} == {status}
    assert len(endpoint.requests) == 1


# Evaluation files in S3


@pytest.mark.usefixtures("endpoint")
async def test_evaluation_files_of_s3_are_kept_for_seconds(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    assert POLICY.evidence_seconds <= 10
    assert POLICY.max_evidence <= 8  # each may have a hundred thousand images

    def objects(request: Request) -> Reply:
        version = int(request.path.removesuffix(".json")[-1])
        result = json.dumps(result_of(version=version)).encode()
        return Reply(result if "Result" in request.path else manifest_of(version=version))

    with Endpoint(objects) as s3:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.url)
        async with door("live", region="us-east-1", clock=clock.read) as ask:
            for wait, requests in ((0, 2), (POLICY.evidence_seconds - 0.01, 2), (0.01, 4)):
                clock.go_on(wait)
                report = await ask.analyze("cap-seal", "3")
                assert report["test_images"] == 4
                assert len(s3.requests) == requests


# An archive's answers: until the files change, or rather until somebody looks


def save(folder: Path, status: str = "TRAINED") -> None:
    write(folder, "model.json", response("ModelDescription", described(Status=status)))


async def test_a_record_counts_from_the_next_look_at_the_files(
    tmp_path: Path, clock: Clock
) -> None:
    save(tmp_path)
    async with door(tmp_path, clock=clock.read) as ask:
        assert (await ask.describe("cap-seal", "3"))["status"] == "TRAINED"
        save(tmp_path, "HOSTED")
        clock.go_on(Directory.rescan_after)
        assert (await ask.describe("cap-seal", "3"))["status"] == "TRAINED"
        clock.go_on(0.01)
        assert (await ask.describe("cap-seal", "3"))["status"] == "HOSTED"
    assert Directory.rescan_after <= 2


async def test_a_manifest_counts_from_the_next_look_at_the_files(
    tmp_path: Path, clock: Clock
) -> None:
    """Also one whose change is beyond what the index has read of it."""
    save(tmp_path)
    write(tmp_path, "result.json", result_of())  # else it is looked for in S3, again and again
    write(tmp_path, "manifest.json", manifest_of(images=400))
    async with door(tmp_path, clock=clock.read) as ask:
        assert (await ask.analyze("cap-seal", "3"))["test_images"] == 400
        write(tmp_path, "manifest.json", manifest_of(images=404))
        clock.go_on(Directory.rescan_after)
        assert (await ask.analyze("cap-seal", "3"))["test_images"] == 400
        clock.go_on(0.01)
        assert (await ask.analyze("cap-seal", "3"))["test_images"] == 404


@pytest.mark.slow
async def test_a_manifest_that_is_rewritten_by_the_real_clock(tmp_path: Path) -> None:
    save(tmp_path)
    write(tmp_path, "manifest.json", manifest_of(images=8))
    async with door(tmp_path) as ask:
        assert (await ask.analyze("cap-seal", "3"))["confusion"]["false_negatives"] == 2
        write(tmp_path, "manifest.json", manifest_of(images=16))
        await anyio.sleep(Directory.rescan_after + 0.1)
        assert (await ask.analyze("cap-seal", "3"))["confusion"]["false_negatives"] == 4


async def test_of_unchanged_files_nothing_is_read_again(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path)
    opened: list[str] = []
    read = Directory.open

    def counting(self: Directory, name: str, **part: Any) -> Any:
        opened.append(name)
        return read(self, name, **part)

    monkeypatch.setattr(Directory, "open", counting)
    async with door(tmp_path, clock=clock.read) as ask:
        first = await ask.describe("cap-seal", "3")
        before = list(opened)
        assert before
        for _ in range(3):
            clock.go_on(3600)
            assert await ask.describe("cap-seal", "3") == first
    assert opened == before


# Names for lists and completions


async def offered(client: Client, argument: str, **earlier: str) -> list[str]:
    ref = PromptReference(type="ref/prompt", name="plan_migration")
    typed = {"name": argument, "value": ""}
    completed = await client.complete(ref, typed, context_arguments=earlier)
    return completed.completion.values


async def test_offered_names_follow_the_files(tmp_path: Path, clock: Clock) -> None:
    save(tmp_path)
    async with door(tmp_path, clock=clock.read) as ask:
        assert await offered(ask.client, "project_name") == ["cap-seal"]
        for version, project in ((4, "cap-seal"), (1, "pcb-top")):
            body = response("ModelDescription", described(project, version))
            write(tmp_path, f"{project}.json", body)
        clock.go_on(Directory.rescan_after + 0.01)
        assert await offered(ask.client, "project_name") == ["cap-seal", "pcb-top"]
        versions = await offered(ask.client, "model_version", project_name="cap-seal")
        assert versions == ["latest", "hosted", "4", "3"]
        listed = {r.name for r in (await ask.client.list_resources()).resources}
        assert {"cap-seal/4", "cap-seal/3", "pcb-top/1"} <= listed


async def test_nothing_is_offered_of_an_archive_that_is_gone(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    save(tmp_path / "held")
    async with door(tmp_path / "held", clock=clock.read) as ask:
        shutil.rmtree(tmp_path / "held")
        for _ in range(2):  # before and after there is an index
            assert await offered(ask.client, "project_name") == []
            versions = await offered(ask.client, "model_version", project_name="cap-seal")
            assert versions == ["latest", "hosted"]
            listed = {r.name for r in (await ask.client.list_resources()).resources}
            assert not any(name.startswith("cap-seal") for name in listed)
            save(tmp_path / "held")
            clock.go_on(POLICY.completion_seconds)
            assert await offered(ask.client, "project_name") == ["cap-seal"]
            shutil.rmtree(tmp_path / "held")
            clock.go_on(POLICY.completion_seconds)
    assert str(tmp_path) not in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("argument", ["project_name", "model_version"])
async def test_nothing_is_offered_when_it_takes_too_long(
    monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint, argument: str
) -> None:
    endpoint.answer = lambda _: Reply(b"<" * 1000, drip=0.1)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint.url)
    async with door("s3://b-1/", limit=1.0) as ask:
        with anyio.fail_after(10):  # dripping to its end would take a hundred seconds
            names = await offered(ask.client, argument, project_name="cap-seal")
    assert names == ([] if argument == "project_name" else ["latest", "hosted"])

"""list_models: every model exactly once and in one order, whatever the page, restart or fault."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from mcp import Client
from mcp.types import TextResourceContents

from lfv_mcp.catalog.workers import WorkerLimits
from lfv_mcp.server.app import build_server
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from tests.support.api_endpoint import API, Endpoint, Reply, Request, api_error, ok
from tests.support.clients import Door, codes, door, run
from tests.support.saved_records import (
    ONE,
    OTHER,
    arn,
    described,
    lines,
    listed,
    project_of,
    response,
    write,
)

pytestmark = pytest.mark.anyio

STATUSES: Final = ("TRAINED", "HOSTED", "TRAINING_FAILED")
# (region, account, project, versions), in the order in which they are listed.
PLACES: Final = (
    ("eu-west-1", ONE, "zebra", 2),
    ("us-east-1", ONE, "cap-seal", 12),
    ("us-east-1", ONE, "empty", 0),
    ("us-east-1", ONE, "pcb-top", 1),
    ("us-east-1", OTHER, "cap-seal", 3),
)
EVERY: Final = [
    (arn(project, version, region, account), STATUSES[version % 3])
    for region, account, project, versions in PLACES
    for version in range(versions, 0, -1)
]


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two regions, two accounts, a project without models."""
    folder = tmp_path_factory.mktemp("portfolio")
    for number, (region, account, project, versions) in enumerate(PLACES):
        answer = response("ProjectDescription", project_of(project, region, account))
        write(folder, f"{number}/project.json", answer)
        models = [
            response(
                "ModelDescription",
                described(project, version, region, account, Status=STATUSES[version % 3]),
            )
            for version in range(1, versions + 1)
        ]
        if models:
            write(folder, f"{number}/models.jsonl", lines(models))
    return folder


async def pages(ask: Door, **arguments: Any) -> list[dict[str, Any]]:
    """Every page, one after another."""
    found = [await ask.list(**arguments)]
    while token := found[-1].get("next_token"):
        assert len(found) < 500, "it does not end"
        found.append(await ask.list(**arguments, next_token=token))
    return found


def rows(answers: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["model_arn"], row["status"]) for page in answers for row in page["models"]]


async def test_every_model_once_in_a_fixed_order(portfolio: Path, era: str) -> None:
    async with door(portfolio, mode=era) as ask:
        (page,) = await pages(ask)
        assert rows([page]) == EVERY
        assert page["source"] == {
            "kind": "archive",
            "basis": "list_models",
            "location": str(portfolio),
        }
        assert "saved records, so status is history" in page["summary"]
        assert page["models"][2] == {
            "project_name": "cap-seal",
            "model_version": "12",
            "model_arn": arn("cap-seal", 12),
            "status": "TRAINED",
            "created_at": "2025-08-04T08:30:00.412Z",
            "f1_score": 0.8780487804878049,
            "recall": 0.9,
            "precision": 1.0,
            "description": "august_relabel",
            "held": ["description"],
            "finding": "f1_inconsistent",
        }


async def test_a_row_says_what_describe_model_and_the_evidence_say(client: Client) -> None:
    listing = (await client.call_tool("list_models", {"max_results": 100})).structured_content
    assert listing is not None
    for row in listing["models"]:
        model = {name: row[name] for name in ("project_name", "model_version")}
        described = (await client.call_tool("describe_model", model)).structured_content
        assert described is not None
        # Which version was in use is of the project, and needs more than one row.
        of_model = [f["code"] for f in described["findings"] if f["code"] != "other_version_hosted"]
        assert row["finding"] == of_model[0]
        assert row["captured_at"] == described["source"]["captured_at"]
        if "test_images" in row:
            report = (await client.call_tool("analyze_evaluation", model)).structured_content
            assert report is not None
            assert row["test_images"] == report["test_images"]
        assert set(row["held"]) <= {"description", "result", "manifest"}


@pytest.mark.parametrize("size", range(1, len(EVERY) + 2))
async def test_pages_of_any_size(portfolio: Path, size: int) -> None:
    async with door(portfolio) as ask:
        found = await pages(ask, max_results=size)
    assert rows(found) == EVERY
    # Full pages but the last, and a token only where there really is more.
    assert [len(page["models"]) for page in found[:-1]] == [size] * (len(found) - 1)
    assert 1 <= len(found[-1]["models"]) <= size
    for page in found[:-1]:
        assert "pass next_token" in page["summary"]


async def test_token_survives_a_restart(portfolio: Path) -> None:
    """Each page from another server: a token holds all there is to know."""
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        async with door(portfolio) as ask:
            found.append(await ask.list(max_results=4, next_token=token))
        token = found[-1].get("next_token", "")
        if not token:
            break
    assert rows(found) == EVERY


def test_command_line_goes_through_all_pages(tmp_path: Path) -> None:
    models = [described("line", version) for version in range(1, 131)]
    write(tmp_path, "all.jsonl", lines(response("ModelDescription", m) for m in models))
    whole = json.loads(run("list", "--source", tmp_path, "--json").stdout)
    assert [m["model_version"] for m in whole["models"]] == [str(v) for v in range(130, 0, -1)]
    assert "next_token" not in whole
    shown = run("list", "line", "--source", tmp_path).output.splitlines()
    assert [line for line in shown if line.startswith("line 1:")] == [
        "line 1: TRAINED, precision 1, recall 0.9, F1 0.878; "
        "described as 'august_relabel'; held: description; f1_inconsistent"
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("status", [*STATUSES, "DELETING"])
async def test_filter_never_loses_the_rest(portfolio: Path, status: str, size: int) -> None:
    async with door(portfolio) as ask:
        found = await pages(ask, status=status, max_results=size)
        assert rows(found) == [row for row in EVERY if row[1] == status]
        assert all(page["models"] for page in found[:-1])
        one = await pages(ask, project="pcb-top", status=status, max_results=size)
        assert rows(one) == [row for row in EVERY if row[1] == status and "pcb-top" in row[0]]


async def test_places(portfolio: Path) -> None:
    async with door(portfolio) as ask:
        error = await ask.refused("list_models", project_name="cap-seal")
        assert error["code"] == "ambiguous_model"
        for account, versions in ((ONE, 12), (OTHER, 3)):
            candidate = arn("cap-seal", versions, account=account)
            assert candidate in error["message"]
            found = await pages(ask, project=candidate, max_results=2)
            assert rows(found) == [row for row in EVERY if f":{account}:model/cap-seal" in row[0]]
        (empty,) = await pages(ask, project="empty")
        assert (empty["models"], empty["summary"]) == ([], "No model of empty.")
        error = await ask.refused("list_models", project_name="cap-sael")
        assert error["code"] == "project_not_found"
        assert "cap-seal" in error["message"]


@pytest.mark.slow
async def test_more_projects_than_a_page_of_the_api(tmp_path: Path) -> None:
    """ListProjects answers a hundred at a time, ListModels too: both are gone through."""
    models = [described(f"line-{n:03}", 1) for n in range(130)]
    models += [described("line-050", version) for version in range(2, 131)]
    write(tmp_path, "all.jsonl", lines(response("ModelDescription", m) for m in models))
    async with door(tmp_path) as ask:
        found = await pages(ask, max_results=100)
        assert len(rows(found)) == len(set(rows(found))) == 259
        # A page ends at a hundred rows, or where it would be too long for one answer.
        assert all(70 <= len(page["models"]) <= 100 for page in found[:-1])
        versions = await pages(ask, project="line-050", max_results=100)
        assert [r["model_version"] for p in versions for r in p["models"]] == [
            str(v) for v in range(130, 0, -1)
        ]


# Tokens


async def token_of(portfolio: Path) -> str:
    async with door(portfolio) as ask:
        token: str = (await ask.list(max_results=5))["next_token"]
    return token


async def outcomes(portfolio: Path, tokens: list[str]) -> list[str]:
    """The error of each token; empty where it is taken for good."""
    found = []
    catalog = open_catalog(Settings(str(portfolio), None, None, 20.0))
    async with Client(build_server(catalog)) as client:
        for token in tokens:
            result = await client.call_tool("list_models", {"next_token": token})
            text = result.content[0].model_dump()["text"]
            found.append(text if result.is_error else "")
    return found


def packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "%%%",
        "é",
        "AAAA",
        packed([]),
        packed({}),
        packed(None),
        packed(["us-east-1", ONE, "", "cap-seal"]),
        packed(["us-east-1", ONE, "", "cap-seal", "3"]),
        packed(["us-east-1", ONE, "", "cap-seal", None]),
        base64.urlsafe_b64encode(b"[" * 3000).decode(),
        "a" * 4097,
    ],
)
async def test_what_is_no_token_is_a_clear_error(portfolio: Path, token: str) -> None:
    (said,) = await outcomes(portfolio, [token])
    assert said.startswith("next_token=")
    assert "the next_token of an earlier answer" in said
    assert "[invalid_argument]" in said
    assert 'next_token=""' in said


async def test_damaged_token_is_a_clear_error(portfolio: Path) -> None:
    """A token that was cut or mistyped must not be one for another place: models would be lost."""
    token = await token_of(portfolio)
    damaged = [token[:n] for n in range(1, len(token))]
    damaged += [token[:n] + ("B" if token[n] != "B" else "C") + token[n + 1 :] for n in range(60)]
    said = await outcomes(portfolio, damaged)
    assert [t for t, error in zip(damaged, said, strict=True) if not error] == []


# A live endpoint


class Line:
    """A live endpoint of many projects, and what happens at it."""

    def __init__(self, projects: int, versions: int = 2) -> None:
        self.names = [f"line-{n:02}" for n in range(projects)]
        self.versions = versions
        self.page = 5
        self.pause = 0.0
        self.failing: dict[str, Reply] = {}
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Reply:
        match request.path.removeprefix(API).split("/")[1:]:
            case ["projects"]:
                start = int(request.query.get("nextToken", "0"))
                end = start + self.page
                page = [{"ProjectName": name} for name in self.names[start:end]]
                more = {"NextToken": str(end)} if end < len(self.names) else {}
                return ok({"Projects": page, **more})
            case ["projects", name, "models"]:
                with self._lock:
                    self._now += 1
                    self.most = max(self.most, self._now)
                time.sleep(self.pause)
                with self._lock:
                    self._now -= 1
                if name in self.failing:
                    return self.failing[name]
                models = [listed(described(name, v + 1)) for v in range(self.versions)]
                return ok({"Models": models})
        return api_error(400, "ValidationException")

    def every(self, but: tuple[str, ...] = ()) -> list[str]:
        """The models, in order."""
        return [
            arn(name, version)
            for name in self.names
            for version in range(self.versions, 0, -1)
            if name not in but
        ]


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A live endpoint, as the environment names it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with Endpoint() as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LOOKOUTVISION", endpoint.url)
        yield endpoint


def arns(answers: list[dict[str, Any]]) -> list[str]:
    return [row["model_arn"] for page in answers for row in page["models"]]


@pytest.mark.parametrize("size", [1, 3, 7, 100])
async def test_live_pages(live: Endpoint, size: int) -> None:
    live.answer = line = Line(12)
    async with door("live", region="us-east-1") as ask:
        found = await pages(ask, max_results=size)
    assert arns(found) == line.every()
    assert found[0]["source"]["kind"] == "live"
    assert found[0]["source"]["location"] == live.url


@pytest.mark.parametrize("size", [2, 100])
async def test_project_that_fails_does_not_lose_the_others(live: Endpoint, size: int) -> None:
    live.answer = line = Line(12)
    line.failing = {
        "line-03": api_error(403, "AccessDeniedException", "not you"),
        "line-07": api_error(404, "ResourceNotFoundException", ResourceType="PROJECT"),
        "line-11": Reply(b"<html>", 200, {"content-type": "text/html"}),
    }
    async with door("live", region="us-east-1") as ask:
        found = await pages(ask, max_results=size)
        assert arns(found) == line.every(but=tuple(line.failing))
        findings = [f for page in found for f in page.get("findings", [])]
        assert {f["code"] for f in findings} == {"project_failed"}
        for name in line.failing:
            assert any(name in f["message"] for f in findings)
        assert all(f["severity"] == "warning" for f in findings)
        # Asked for by name it is an error, not a finding.
        error = await ask.refused("list_models", project_name="line-03")
        assert error["code"] == "access_denied"


async def test_fan_out_is_bounded_and_used(live: Endpoint) -> None:
    live.answer = line = Line(30, versions=1)
    line.page, line.pause = 20, 0.02
    async with door("live", region="us-east-1") as ask:
        assert arns(await pages(ask, max_results=100)) == line.every()
    assert 2 <= line.most <= WorkerLimits().concurrent_projects == 8


async def test_progress_is_told(live: Endpoint, era: str) -> None:
    live.answer = Line(7)
    told: list[tuple[float, str | None]] = []

    async def on_progress(
        progress: float,
        total: float | None = None,  # noqa: ARG001
        message: str | None = None,
    ) -> None:
        told.append((progress, message))

    async with door("live", region="us-east-1", mode=era) as ask:
        await ask.client.call_tool("list_models", {}, progress_callback=on_progress)
    await anyio.wait_all_tasks_blocked()
    assert [message for _, message in told] == [f"line-{n:02}" for n in range(7)]
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.slow
async def test_deadline_gives_what_is_complete(live: Endpoint) -> None:
    """A cut answer says so, and going on with its token loses nothing and repeats nothing."""
    live.answer = line = Line(64, versions=1)
    line.page, line.pause = 16, 0.4
    catalog = open_catalog(Settings("live", "us-east-1", None, 3.0))
    async with Client(build_server(catalog)) as client:
        ask = Door(client)
        started = time.monotonic()
        found = [await ask.list(max_results=100)]
        assert time.monotonic() - started < 10
        assert codes(found[0]) == {"listing_cut"}
        while (token := found[-1].get("next_token")) and len(found) < 20:
            found.append(await ask.list(max_results=100, next_token=token))
    assert arns(found) == line.every()
    # A busy machine may get nothing done in one of them.
    assert any(0 < len(page["models"]) < 64 for page in found[:-1])


@pytest.mark.slow
async def test_a_resource_too_gives_what_is_complete(live: Endpoint) -> None:
    """The listing in it ends a little before the resource's own time limit does."""
    live.answer = line = Line(2)
    line.failing["line-01"] = Reply(b"{" * 1000, drip=0.05)
    async with door("live", region="us-east-1", limit=4.0) as ask:
        (content,) = (await ask.client.read_resource("lookoutvision://models")).contents
    assert isinstance(content, TextResourceContents)
    assert codes(json.loads(content.text)) == {"listing_cut"}


async def test_nothing_to_list_is_said(live: Endpoint, tmp_path: Path) -> None:
    live.answer = Line(0)
    async with door("live", region="us-east-1") as ask:
        (page,) = await pages(ask)
    assert (page["models"], page["summary"]) == ([], "No model in any project.")
    async with door(tmp_path) as ask:
        (page,) = await pages(ask)
    assert page["models"] == []

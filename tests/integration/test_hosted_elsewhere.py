"""`latest` need not be the version in use: an answer about another one than the HOSTED says so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from mcp import Client

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.server.app import build_server
from tests.support.api_endpoint import Endpoint, Reply, Request, ok
from tests.support.clients import door, run
from tests.support.live import live, use
from tests.support.saved_records import described, lines, manifest_of, response, result_of, write

pytestmark = pytest.mark.anyio

CODE: Final = "other_version_hosted"


def said(answer: Mapping[str, Any]) -> str:
    """What an answer says of the version that is hosted; empty for nothing."""
    found = [each for each in answer["findings"] if each["code"] == CODE]
    assert all(each["severity"] == "info" for each in found)
    assert len(found) <= 1
    return f"{found[0]['message']} {found[0]['advice']}" if found else ""


async def by_command(command: str, project: str, *versions: str, source: Path | str) -> Any:
    result = await anyio.to_thread.run_sync(
        lambda: run(command, project, *versions, "--json", "--source", source)
    )
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


ASKS: Final = "model_version='hosted' (command line: VERSION hosted)"


@pytest.mark.parametrize(
    ("command", "project", "versions", "expected"),
    [
        ("describe", "sample-weld-bead", (), "Version 3 was HOSTED when captured, not version 4."),
        ("evaluate", "sample-weld-bead", (), "Version 3 was HOSTED when captured, not version 4."),
        ("describe", "sample-cap-seal", ("2",), "Version 3 was HOSTED when captured, not version"),
        ("compare", "sample-cap-seal", ("2", "1"), "Version 3 was HOSTED when captured, not versi"),
        ("compare", "sample-cap-seal", ("2", "3"), ""),  # it is compared
        ("describe", "sample-weld-bead", ("3",), ""),
        ("describe", "sample-weld-bead", ("hosted",), ""),
        ("compare", "sample-weld-bead", ("hosted", "4"), ""),
        ("describe", "sample-panel-paint", (), ""),  # none of it was HOSTED
    ],
)
async def test_an_answer_names_the_version_that_was_hosted(
    command: str, project: str, versions: tuple[str, ...], expected: str
) -> None:
    tool = {"describe": "describe_model", "evaluate": "analyze_evaluation"}.get(
        command, "compare_models"
    )
    asked: dict[str, object] = {"project_name": project}
    if command == "compare":
        asked["model_versions"] = list(versions)
    elif versions:
        asked["model_version"] = versions[0]
    async with door("sample") as ask:
        answer = (await ask.client.call_tool(tool, asked)).structured_content
    assert answer == await by_command(command, project, *versions, source="sample")
    words = said(answer)
    assert bool(words) == bool(expected)
    assert words.startswith(expected)
    if expected and command != "compare":
        assert ASKS in words
    elif expected:
        assert "name 'hosted' first" in words


async def test_what_is_not_known_is_not_denied(tmp_path: Path) -> None:
    """Evaluation files tell no status; nor does a record that has none."""
    models = [
        response("ModelDescription", described("line", version, Status="HOSTED"))
        for version in (1, 2)
    ]
    write(tmp_path, "models.jsonl", lines(models))
    write(tmp_path, "result.json", lines([result_of("line", 3)]))
    write(tmp_path, "manifest.json", manifest_of("line", 3, images=40))
    async with door(tmp_path) as ask:
        for answer in (await ask.describe("line"), await ask.analyze("line")):
            assert said(answer).startswith(
                "Versions 1, 2 were HOSTED when captured; of version 3 no status is known. For "
                "the highest of them: model_version"
            )
        assert not said(await ask.describe("line", "1"))


async def test_the_version_in_use_is_looked_up_anew(tmp_path: Path) -> None:
    """A summary is kept by the records of its own version, but what is hosted is another's."""
    write(tmp_path, "2.json", response("ModelDescription", described("line", 2)))
    hosted = response("ModelDescription", described("line", 1, Status="HOSTED"))
    async with door(tmp_path) as ask:
        assert not said(await ask.describe("line", "2"))
        write(tmp_path, "1.json", hosted)
        with anyio.fail_after(30):
            while not said(await ask.describe("line", "2")):
                await anyio.sleep(0.05)


# A live endpoint is asked nothing more than the question needs


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    with Endpoint() as running:
        use(running, monkeypatch)
        running.answer = three_versions
        yield running


@pytest.fixture
def catalog() -> Catalog:
    return live()


def three_versions(request: Request) -> Reply:
    """Version 2 is HOSTED, version 3 is the latest."""
    statuses = {1: "TRAINED", 2: "HOSTED", 3: "TRAINED"}
    if not request.path.endswith("/models"):
        version = int(request.path.rpartition("/")[2])
        record = described("line", version, Status=statuses[version])
        return ok({"ModelDescription": record})
    models = [{"ModelVersion": str(v), "Status": status} for v, status in statuses.items()]
    return ok({"Models": models})


@pytest.mark.parametrize(
    ("version", "requests", "expected"),
    [
        ("latest", 2, "Version 2 is HOSTED, not version 3. For it: model_version"),
        ("3", 1, ""),
        ("hosted", 2, ""),
    ],
)
async def test_a_live_answer_costs_no_request_more(
    endpoint: Endpoint, catalog: Catalog, version: str, requests: int, expected: str
) -> None:
    arguments = {"project_name": "line", "model_version": version}
    async with Client(build_server(catalog)) as client:
        answer = (await client.call_tool("describe_model", arguments)).structured_content
    assert answer is not None
    words = said(answer)
    assert bool(words) == bool(expected)
    assert words.startswith(expected)
    assert len(endpoint.requests) == requests

"""A server with a wrong source starts, and every answer says what is wrong and how to mend it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from mcp import Client, MCPError
from mcp.types import TextContent

from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.server.app import build_server
from lfv_mcp.server.prompts import prompts
from lfv_mcp.server.resources import RESOURCES
from lfv_mcp.server.tools import TOOLS
from lfv_mcp.wiring.opening import open_catalog_to_serve
from lfv_mcp.wiring.settings import Settings
from tests.support.clients import door, everything, text

pytestmark = pytest.mark.anyio

CALLS: Final[dict[str, dict[str, Any]]] = {
    "describe_model": {"project_name": "caps", "model_version": "3"},
    "list_models": {},
    "analyze_evaluation": {"project_name": "caps", "model_version": "3"},
    "compare_models": {"project_name": "caps", "model_versions": ["1", "3"]},
}
WRONG: Final = {
    "missing": "{tmp}/not-there",
    "relative": "no-such-directory",
    "half filled in": "${HOME}/lfv-archive",
    "alone in Windows": r"%USERPROFILE%\lfv",
    "S3 by its web address": "https://secret-bucket.s3.amazonaws.com/saved",
    "an ARN": "arn:aws:s3:::secret-bucket/saved",
    "no bucket": "s3://",
    "somebody's home": "~no-such-user-9/lfv",
    "below a file": "{tmp}/file.txt/lfv",
    "a pipe": "{tmp}/pipe",
}


def wrong_source(tmp: Path, name: str) -> str:
    (tmp / "file.txt").write_text("")
    os.mkfifo(tmp / "pipe")
    return WRONG[name].replace("{tmp}", str(tmp))


def test_every_tool_is_asked() -> None:
    assert set(CALLS) == {tool.name for tool in TOOLS}


@pytest.mark.parametrize("remote", [False, True], ids=["stdio", "http"])
@pytest.mark.parametrize("name", WRONG)
async def test_every_answer_says_what_is_wrong(tmp_path: Path, name: str, remote: bool) -> None:
    source = wrong_source(tmp_path, name)
    catalog, problem = open_catalog_to_serve(Settings(source), remote=remote)
    assert problem is None or source in problem.message
    async with Client(build_server(catalog)) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == set(CALLS)
        assert (await client.list_resources()).resources
        assert (await client.list_prompts()).prompts
        said: list[str] = []
        for tool, arguments in CALLS.items():
            result = await client.call_tool(tool, arguments)
            assert result.is_error
            assert result.meta
            said.append(text(result))
        async for failure in _resources(client):
            said.append(failure)
        async for rendered in _prompts(client):
            said.append(rendered)
    for answer in said:
        assert "LFV_SOURCE" in answer
        if remote:
            assert source not in answer
            assert "secret-bucket" not in answer
            assert str(tmp_path) not in answer
            assert "lfv-mcp doctor" in answer
        elif name != "a pipe":
            assert source in answer


async def _resources(client: Client) -> Any:
    for resource in RESOURCES:
        if resource.uri.endswith("/glossary") or not resource.uri.startswith("lookoutvision:"):
            continue  # the same for every source
        uri = resource.uri.partition("{?")[0]
        uri = uri.replace("{project_name}", "caps").replace("{model_version}", "3")
        try:
            await client.read_resource(uri)
        except MCPError as error:
            yield f"{error.error.message} {error.error.data}"
        else:
            raise AssertionError(f"{uri} was read")


async def _prompts(client: Client) -> Any:
    for prompt in prompts().values():
        values = {"baseline": "1", "candidate": "3", "successor": "3"}
        given = {a.name: values.get(a.name, "caps") for a in prompt.arguments if a.required}
        rendered = await client.get_prompt(prompt.name, given)
        yield " ".join(
            message.content.text
            for message in rendered.messages
            if isinstance(message.content, TextContent)
        )


# It is mended without a restart


@pytest.mark.parametrize("remote", [False, True], ids=["stdio", "http"])
async def test_a_directory_that_is_mounted_late_answers_the_next_question(
    tmp_path: Path, remote: bool
) -> None:
    late = tmp_path / "late"
    catalog, problem = open_catalog_to_serve(Settings(str(late)), remote=remote)
    assert problem is not None
    async with Client(build_server(catalog)) as client:
        assert (await client.call_tool("list_models", {})).is_error
        shutil.copytree(SAMPLE, late)
        answer = await client.call_tool("list_models", {})
        assert not answer.is_error
        assert answer.structured_content
        assert answer.structured_content["models"]
        assert answer.structured_content["source"]["kind"] == "archive"


async def test_a_directory_that_goes_away_is_not_named_to_callers_elsewhere(
    tmp_path: Path,
) -> None:
    place = tmp_path / "saved"
    shutil.copytree(SAMPLE, place)
    now = [0.0]
    clock: Callable[[], float] = lambda: now[0]  # noqa: E731 - one number, read later
    catalog, problem = open_catalog_to_serve(Settings(str(place)), remote=True, clock=clock)
    assert problem is None
    async with Client(build_server(catalog)) as client:
        assert not (await client.call_tool("list_models", {})).is_error
        shutil.rmtree(place)
        now[0] += 1_000.0
        answer = await client.call_tool("list_models", {})
        if answer.is_error:
            assert str(place) not in text(answer)
            assert "LFV_SOURCE" in text(answer)


# The sample never answers for somebody's archive in silence


@pytest.fixture
def doubtful() -> Settings:
    return Settings("sample", doubt="LFV_SOUCE is not a setting: did you mean LFV_SOURCE?")


async def test_the_sample_says_that_something_else_was_meant(doubtful: Settings) -> None:
    catalog, _ = open_catalog_to_serve(doubtful, remote=False)
    asked = {"project_name": "sample-cap-seal", "model_version": "3"}
    compared = {"project_name": "sample-cap-seal", "model_versions": ["1", "3"]}
    calls: dict[str, dict[str, Any]] = {
        **dict.fromkeys(CALLS, asked),
        "list_models": {},
        "compare_models": compared,
    }
    async with Client(build_server(catalog)) as client:
        for tool, arguments in calls.items():
            answer = (await client.call_tool(tool, arguments)).structured_content
            assert answer
            (finding,) = [f for f in answer["findings"] if f["code"] == "sample_data"]
            assert doubtful.doubt in finding["message"]
    async with door("sample") as ordinary:
        assert "LFV_SOUCE" not in everything(await ordinary.describe("sample-cap-seal", "3"))
        assert "findings" not in await ordinary.list()

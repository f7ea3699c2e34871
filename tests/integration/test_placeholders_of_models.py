"""A project's name that a model wrote where nobody named one: every project is listed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from mcp import Client

from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.server.app import build_server
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings

pytestmark = pytest.mark.anyio
PLACEHOLDERS = (
    *("your-project-name", "your_project", "<project_name>", "{project}", "{{ project_name }}"),
    *("project_name", "PROJECT NAME", "*", "all", "all projects", "any", "every project"),
    "Example-Project",
)


@pytest.mark.parametrize("name", PLACEHOLDERS)
async def test_a_placeholder_names_no_project(name: str) -> None:
    async with Client(build_server(open_catalog(Settings()))) as client:
        every = await client.call_tool("list_models", {"status": "HOSTED"})
        asked = {"project_name": name, "status": "HOSTED"}
        answer = await client.call_tool("list_models", asked)
        assert not answer.is_error
        assert answer.structured_content == every.structured_content
        refused = await client.call_tool("describe_model", {"project_name": name})
        assert refused.is_error  # one model needs its project


@pytest.mark.parametrize("name", ["all", "your-project", "project"])
async def test_a_project_that_is_held_under_such_a_name_is_meant(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "archive"
    shutil.copytree(SAMPLE, folder)
    record = json.loads((SAMPLE / "describe-model" / "sample-weld-bead-3.json").read_text())
    text = json.dumps(record).replace("sample-weld-bead", name)
    (folder / "own.json").write_text(text)
    async with Client(build_server(open_catalog(Settings(str(folder))))) as client:
        answer = await client.call_tool("list_models", {"project_name": name})
        assert answer.structured_content is not None
        listed = {each["project_name"] for each in answer.structured_content["models"]}
        assert listed == {name}


@pytest.mark.parametrize("name", ["my-project", "projectile", "caps", "all-caps", "your"])
async def test_what_may_be_a_name_is_refused(name: str) -> None:
    async with Client(build_server(open_catalog(Settings()))) as client:
        assert (await client.call_tool("list_models", {"project_name": name})).is_error

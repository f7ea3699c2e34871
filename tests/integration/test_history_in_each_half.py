"""Hosts show a model the text alone, or the structure alone: each half says that it is history."""

from __future__ import annotations

import json
import re
from pathlib import Path
from shutil import copytree
from typing import Any, Final

import pytest
from mcp import Client

from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.server.app import build_server
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from tests.support.clients import text

pytestmark = pytest.mark.anyio

CALLS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("describe_model", {"project_name": "sample-cap-seal", "model_version": "3"}),
    ("describe_model", {"project_name": "sample-cap-seal", "model_version": "4"}),
    ("list_models", {}),
    ("list_models", {"status": "HOSTED"}),
    ("analyze_evaluation", {"project_name": "sample-cap-seal", "model_version": "3"}),
    ("compare_models", {"project_name": "sample-weld-bead", "model_versions": ["1", "3"]}),
    ("compare_models", {"project_name": "sample-weld-bead", "model_versions": ["3", "1"]}),
)
_HISTORY: Final = re.compile(r"when captured|status is history")
_STATUS: Final = re.compile(r"\b[A-Z]+_HOSTING\b|\bHOSTED\b|\bTRAINING\b")


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
async def test_each_half_says_that_it_is_history(
    tmp_path: Path, tool: str, arguments: dict[str, Any]
) -> None:
    source = str(copytree(SAMPLE, tmp_path / "held"))
    async with Client(build_server(open_catalog(Settings(source=source)))) as client:
        result = await client.call_tool(tool, arguments)
    shown, structure = text(result), result.structured_content
    assert structure is not None
    assert "captured 2025-10-28" in shown or "captured on 2025-10-28" in shown
    assert structure["source"]["kind"] == "archive"
    for half in (shown, json.dumps(structure)):
        assert bool(_HISTORY.search(half)) == bool(_STATUS.search(half)), half

"""What everything costs in a model's context, in bytes: a committed table, and the limits.

Compact UTF-8 JSON, 1 kB = 1,000 bytes. docs/performance.md says what the numbers mean.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Final

import pytest
from mcp import Client
from mcp.types import TextContent
from pydantic import BaseModel

from lfv_mcp.server.app import INSTRUCTIONS, build_server
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from tests.support.api_endpoint import Endpoint, Reply, Request, description, ok
from tests.support.paths import SNAPSHOTS_DIR

pytestmark = pytest.mark.anyio

TABLE: Final = SNAPSHOTS_DIR / "sizes.json"
# Read here, because tests run without the settings of the shell.
UPDATE: Final = bool(os.environ.get("LFV_UPDATE_SNAPSHOTS"))
TYPICAL: Final = {"project_name": "sample-cap-seal", "model_version": "3"}
QUESTIONS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "describe_model": ("describe_model", TYPICAL),
    "describe_model, latest": ("describe_model", {"project_name": "sample-pcb-top"}),
    "list_models, every project": ("list_models", {}),
    "list_models, one project": ("list_models", {"project_name": "sample-cap-seal"}),
    "analyze_evaluation": ("analyze_evaluation", TYPICAL),
    "analyze_evaluation, on the line": (
        "analyze_evaluation",
        {**TYPICAL, "defect_rate": 0.01, "threshold": 0.5},
    ),
    "compare_models": (
        "compare_models",
        {"project_name": "sample-cap-seal", "model_versions": ["2", "3"]},
    ),
}
LIVE: Final = ("TRAINED", "HOSTED", "TRAINING_FAILED")
SERVICE: Final = "https://lookoutvision.us-east-1.amazonaws.com"


def size(value: object) -> int:
    """Bytes of compact JSON; of a text, its own."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return len(value.encode())


async def tools(client: Client) -> dict[str, dict[str, int]]:
    """Of each tool: what a model is shown, and the whole with its output schema."""
    listed = (await client.list_tools()).tools
    table = {}
    for tool in listed:
        shown = {
            "name": tool.name,
            "description": tool.description,
            "inputSchema": tool.input_schema,
        }
        table[tool.name] = {"model sees": size(shown), "whole": size(tool)}
    whole = {"tools": [t.model_dump(mode="json", by_alias=True, exclude_none=True) for t in listed]}
    seen = sum(row["model sees"] for row in table.values())
    return table | {"all": {"model sees": seen, "whole": size(whole)}}


async def results(client: Client) -> dict[str, dict[str, int]]:
    """Of each result its two halves; a host shows a model one of them."""
    table = {}
    for name, (tool, arguments) in QUESTIONS.items():
        answer = await client.call_tool(tool, dict(arguments))
        (text,) = answer.content
        assert isinstance(text, TextContent)
        assert not answer.is_error, text.text
        table[name] = {"text": size(text.text), "structure": size(answer.structured_content)}
    return table


async def live_results(patch: pytest.MonkeyPatch) -> dict[str, dict[str, int]]:
    """Of a live endpoint's answers with all 14 members, as if it had the service's own name."""
    table = {}

    def answer(request: Request) -> Reply:
        number = request.path[-1]
        body = {"ModelDescription": description(number, Status=LIVE[int(number) - 1])}
        return ok(body, Date="Tue, 04 Aug 2026 08:30:00 GMT")

    with Endpoint(answer) as endpoint:
        for name, value in endpoint.environment.items():
            patch.setenv(name, value)
        catalog = open_catalog(Settings("live", "us-east-1"))
        async with Client(build_server(catalog)) as client:
            for number, status in enumerate(LIVE, 1):
                asked = {"project_name": "cap-seal", "model_version": str(number)}
                result = await client.call_tool("describe_model", asked)
                (text,) = result.content
                assert isinstance(text, TextContent)
                assert set(result.structured_content["model_description"]) == set(description())
                structure = json.dumps(result.structured_content, separators=(",", ":"))
                table[f"describe_model, live, {status}"] = {
                    "text": size(text.text.replace(endpoint.url, SERVICE)),
                    "structure": size(structure.replace(endpoint.url, SERVICE)),
                }
    return table


async def prompts(client: Client) -> dict[str, dict[str, int]]:
    """Of each prompt its own words, and the records that it embeds."""
    versions = {"baseline": "2", "candidate": "3", "successor": "3"}
    known = {"project_name": "sample-cap-seal", **versions}
    table = {}
    for prompt in (await client.list_prompts()).prompts:
        asked = {a.name: known[a.name] for a in prompt.arguments or () if a.required}
        said, *embedded = (await client.get_prompt(prompt.name, asked)).messages
        assert isinstance(said.content, TextContent)
        records = sum(size(message.content) for message in embedded)
        table[prompt.name] = {"text": size(said.content.text), "records": records}
    return table


async def test_sizes_are_the_committed_ones(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: dict[str, Any] = {
        "instructions": size(INSTRUCTIONS),
        "tools/list": await tools(client),
        "results": await results(client) | await live_results(monkeypatch),
        "prompts": await prompts(client),
    }
    if UPDATE:
        TABLE.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    committed = json.loads(TABLE.read_bytes())
    assert measured == committed, (
        "LFV_UPDATE_SNAPSHOTS=1 pytest tests/integration/test_context_sizes.py takes it over"
    )
    assert measured["tools/list"]["all"]["model sees"] <= 4_000
    assert measured["tools/list"]["all"]["whole"] <= 24_000
    for name, halves in measured["results"].items():
        if name.startswith("describe_model"):
            assert halves["text"] <= 1_220  # bytes; 1,200 characters, of which `…` has three bytes
            assert halves["structure"] <= 3_200

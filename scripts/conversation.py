"""One conversation that touches everything that is offered, for whoever can speak to the server.

What everybody has to hear is what the official client hears in memory, in this environment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import anyio
from mcp import Client
from mcp.types import PromptReference

from lfv_mcp import __version__
from lfv_mcp.server.app import build_server
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings

MODEL: Final = {"project_name": "sample-cap-seal", "model_version": "3"}
MISSING: Final = MODEL | {"model_version": "99"}
CARD: Final = "lookoutvision://projects/sample-cap-seal/models/3/card"
PROMPT: Final = "explain_performance_metrics"
ASKED: Final[dict[str, Any]] = {
    "call": {"name": "describe_model", "arguments": MODEL},
    "failing": {"name": "describe_model", "arguments": MISSING},
    "uri": CARD,
    "prompt": {"name": PROMPT, "arguments": MODEL},
    "completion": {
        "ref": {"type": "ref/prompt", "name": PROMPT},
        "argument": {"name": "project_name", "value": "sample-p"},
    },
}
SERVER: Final = {
    "name": "lfv-mcp",
    "title": "Lookout for Vision models",
    "version": __version__,
}


def expected_answers() -> dict[str, Any]:
    """What everybody has to hear."""

    async def ask() -> dict[str, Any]:
        server = build_server(open_catalog(Settings()))
        async with Client(server, mode="legacy") as client:
            return {"server": SERVER} | await converse(client)

    return anyio.run(ask)


async def converse(client: Client) -> dict[str, Any]:
    """The conversation, by the official client."""
    call = await client.call_tool(**ASKED["call"])
    failed = await client.call_tool(**ASKED["failing"])
    prompt = await client.get_prompt(**ASKED["prompt"])
    reference = PromptReference(**ASKED["completion"]["ref"])
    completion = await client.complete(reference, ASKED["completion"]["argument"])
    templates = (await client.list_resource_templates()).resource_templates
    return {
        "tools": [tool.name for tool in (await client.list_tools()).tools],
        "call": {"text": texts(call.content), "structure": call.structured_content},
        "failed": {"is_error": failed.is_error, "text": texts(failed.content)},
        "resources": [str(r.uri) for r in (await client.list_resources()).resources],
        "templates": [template.uri_template for template in templates],
        "resource": texts((await client.read_resource(CARD)).contents),
        "prompts": [prompt.name for prompt in (await client.list_prompts()).prompts],
        "prompt": texts([message.content for message in prompt.messages]),
        "completion": completion.completion.values,
    }


def texts(blocks: Sequence[Any]) -> list[str]:
    """The text of content blocks, embedded resources and contents alike."""
    return [block.text if hasattr(block, "text") else block.resource.text for block in blocks]

"""One conversation through fastmcp's client: what to ask as JSON on stdin, the answers on stdout.

Runs in an environment of its own; here fastmcp is not installed, so it is untyped.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from typing import Any


async def converse(asked: dict[str, Any]) -> dict[str, Any]:
    """Everything that is offered, once."""
    fastmcp, transports = map(importlib.import_module, ("fastmcp", "fastmcp.client.transports"))
    types: Any = importlib.import_module("mcp.types")
    to = asked["url"]
    if not to:
        command, *args = asked["command"]
        to = transports.StdioTransport(command=command, args=args)
    reference = types.PromptReference(**asked["completion"]["ref"])
    async with fastmcp.Client(to) as client:
        call = await client.call_tool_mcp(**asked["call"])
        failed = await client.call_tool_mcp(**asked["failing"])
        prompt = await client.get_prompt(**asked["prompt"])
        completion = await client.complete(reference, asked["completion"]["argument"])
        return {
            "server": wire(client.server_info),
            "tools": [tool.name for tool in await client.list_tools()],
            "call": {
                "text": [block.text for block in call.content],
                "structure": wire(call)["structuredContent"],
            },
            "failed": {
                "is_error": wire(failed)["isError"],
                "text": [block.text for block in failed.content],
            },
            "resources": [str(resource.uri) for resource in await client.list_resources()],
            "templates": [
                wire(template)["uriTemplate"] for template in await client.list_resource_templates()
            ],
            "resource": [part.text for part in await client.read_resource(asked["uri"])],
            "prompts": [prompt.name for prompt in await client.list_prompts()],
            "prompt": [
                content.text if content.type == "text" else content.resource.text
                for content in (message.content for message in prompt.messages)
            ],
            "completion": completion.values,
        }


def wire(model: Any) -> Any:
    """As it was on the wire, for attribute names differ between versions."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


if __name__ == "__main__":
    json.dump(asyncio.run(converse(json.load(sys.stdin))), sys.stdout)

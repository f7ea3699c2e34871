"""One conversation through the 1.x Python SDK: what to ask as JSON on stdin, the answers on stdout.

Runs in an environment of its own, with `mcp<2`; the types of this one's `mcp` do not fit.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AbstractAsyncContextManager
from typing import Any

import mcp.client.streamable_http
from mcp import StdioServerParameters
from mcp.client.stdio import stdio_client

SDK: Any = mcp
"""Untyped on purpose: here it is the 1.x SDK, in the type checker's environment it is not."""


def transport(asked: dict[str, Any]) -> AbstractAsyncContextManager[Any]:
    """To a URL if there is one, else to a command."""
    if asked["url"]:
        over_http: Any = mcp.client.streamable_http
        streams: AbstractAsyncContextManager[Any] = over_http.streamablehttp_client(asked["url"])
        return streams
    command, *args = asked["command"]
    return stdio_client(StdioServerParameters(command=command, args=args))


async def converse(asked: dict[str, Any]) -> dict[str, Any]:
    """Everything that is offered, once."""
    types = SDK.types
    reference, argument = asked["completion"]["ref"], asked["completion"]["argument"]
    async with transport(asked) as streams, SDK.ClientSession(*streams[:2]) as session:
        opened = await session.initialize()
        call = await session.call_tool(**asked["call"])
        failed = await session.call_tool(**asked["failing"])
        prompt = await session.get_prompt(**asked["prompt"])
        completion = await session.complete(types.PromptReference(**reference), argument)
        templates = (await session.list_resource_templates()).resourceTemplates
        return {
            "server": opened.serverInfo.model_dump(exclude_none=True),
            "tools": [tool.name for tool in (await session.list_tools()).tools],
            "call": {
                "text": [block.text for block in call.content],
                "structure": call.structuredContent,
            },
            "failed": {
                "is_error": failed.isError,
                "text": [block.text for block in failed.content],
            },
            "resources": [str(r.uri) for r in (await session.list_resources()).resources],
            "templates": [template.uriTemplate for template in templates],
            "resource": [
                part.text for part in (await session.read_resource(asked["uri"])).contents
            ],
            "prompts": [prompt.name for prompt in (await session.list_prompts()).prompts],
            "prompt": [
                content.text if content.type == "text" else content.resource.text
                for content in (message.content for message in prompt.messages)
            ],
            "completion": completion.completion.values,
        }


if __name__ == "__main__":
    json.dump(asyncio.run(converse(json.load(sys.stdin))), sys.stdout)

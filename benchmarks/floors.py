"""The minimal servers that lfv-mcp is held against: `python -m floors KIND [PORT]`.

Each is what the SDK's documentation would have one write, and no more; it logs warnings alone, as
lfv-mcp does. Over stdio, or over HTTP on PORT. KIND is

- `echo`: one tool that does nothing,
- `fastmcp`: the same tool, written with fastmcp, where that is installed,
- `bare`: one tool around the bare boto3 call; the answer is boto3's,
- `same`: the bare call too, but the answer is lfv-mcp's: same text, structure and schema,
- `constant`: that answer without any call.

The answer of `same` and `constant` is in the file that $FLOOR_ANSWER names.
"""

# ruff: noqa: ARG001 - what a tool takes is its schema, whatever it makes of it

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

from boto3_client import open_client
from mcp.server import MCPServer


def echo() -> MCPServer:
    """A tool that does nothing."""
    server = MCPServer("echo", log_level="WARNING")

    @server.tool()
    def echo(text: str) -> str:
        """Say the same again."""
        return text

    return server


def fastmcp() -> Any:
    """The same tool, as fastmcp's documentation would have one write it."""
    from fastmcp import FastMCP

    server = FastMCP("fastmcp")

    @server.tool
    def echo(text: str) -> str:
        """Say the same again."""
        return text

    return server


def bare() -> MCPServer:
    """The bare call, answered as boto3 answers."""
    server, client = MCPServer("bare", log_level="WARNING"), open_client()

    @server.tool()
    def describe_model(project_name: str, model_version: str) -> dict[str, Any]:
        """Describe a model."""
        answer = client.describe_model(ProjectName=project_name, ModelVersion=model_version)
        description: dict[str, Any] = answer["ModelDescription"]
        return description

    return server


def same(calls: bool = True) -> MCPServer:
    """lfv-mcp's answer, from a file; with the bare call before it, or without any."""
    from mcp.types import CallToolResult, TextContent

    from lfv_mcp.results.model_summary import ModelSummary

    # The SDK reads a tool's annotations in the names of its module.
    globals().update(CallToolResult=CallToolResult, ModelSummary=ModelSummary)
    text, structure = json.loads(Path(os.environ["FLOOR_ANSWER"]).read_bytes())
    client = open_client() if calls else None
    server = MCPServer("same", log_level="WARNING")

    def describe_model(
        project_name: str, model_version: str = "latest", region: str = ""
    ) -> Annotated[CallToolResult, ModelSummary]:
        """Describe a model."""
        if client is not None:
            client.describe_model(ProjectName=project_name, ModelVersion=model_version)
        return CallToolResult(
            content=[TextContent(type="text", text=text)], structured_content=structure
        )

    async def constant(
        project_name: str, model_version: str = "latest", region: str = ""
    ) -> Annotated[CallToolResult, ModelSummary]:
        """Describe a model."""
        return CallToolResult(
            content=[TextContent(type="text", text=text)], structured_content=structure
        )

    # A tool that waits for the network belongs on a thread, one that does not, does not.
    server.tool("describe_model")(describe_model if calls else constant)
    return server


def build(kind: str) -> Any:
    """The server of that name."""
    match kind:
        case "echo":
            return echo()
        case "fastmcp":
            return fastmcp()
        case "bare":
            return bare()
        case "same" | "constant":
            return same(kind == "same")
    raise ValueError(kind)


if __name__ == "__main__":
    made, port = build(sys.argv[1]), sys.argv[2:]
    if sys.argv[1] == "fastmcp":
        quiet = {"show_banner": False, "log_level": "WARNING"}
        if port:
            made.run("http", port=int(port[0]), stateless_http=True, **quiet)
        else:
            made.run("stdio", **quiet)
    elif port:
        made.run("streamable-http", port=int(port[0]), stateless_http=True)
    else:
        made.run()

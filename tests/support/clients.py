"""The front door, for tests of what lies behind it: the MCP client and the command line."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Unpack

from click.testing import CliRunner, Result
from mcp import Client
from mcp.types import CallToolResult, TextContent

from lfv_mcp.catalog.catalog import CatalogOptions
from lfv_mcp.cli.main import main
from lfv_mcp.server.app import build_server
from lfv_mcp.server.protocol import ERROR_META
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings


class Door:
    """A connected client, and its questions in short."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def describe(self, project: str, version: str = "latest", **more: str) -> dict[str, Any]:
        """describe_model's structured answer."""
        arguments = {"project_name": project, "model_version": version, **more}
        return _structure(await self.client.call_tool("describe_model", arguments))

    async def list(self, project: str = "", **more: object) -> dict[str, Any]:
        """list_models' structured answer."""
        arguments = {"project_name": project, **more}
        return _structure(await self.client.call_tool("list_models", arguments))

    async def analyze(self, project: str, version: str = "latest") -> dict[str, Any]:
        """analyze_evaluation's structured answer."""
        arguments = {"project_name": project, "model_version": version}
        return _structure(await self.client.call_tool("analyze_evaluation", arguments))

    async def refused(self, tool: str, **arguments: object) -> dict[str, str]:
        """The error of a call that fails: code, message, next_step."""
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error, result.structured_content
        assert result.meta
        error: dict[str, str] = result.meta[ERROR_META]
        return error


def text(result: CallToolResult) -> str:
    """The readable half of an answer."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


async def describe(
    client: Client, version: str | None = "3", project: str = "cap-seal", region: str = ""
) -> CallToolResult:
    """The whole result of describe_model; None for a version that is not given.

    A region is said as callers have to: by an ARN.
    """
    arn = f"arn:aws:lookoutvision:{region}:111122223333:project/{project}"
    arguments = {"project_name": arn if region else project}
    if version is not None:
        arguments["model_version"] = version
    return await client.call_tool("describe_model", arguments)


def _structure(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, text(result)
    assert text(result)
    content: dict[str, Any] = result.structured_content
    return content


@asynccontextmanager
async def door(
    source: Path | str,
    *,
    region: str | None = None,
    limit: float = 20.0,
    mode: str = "auto",
    **options: Unpack[CatalogOptions],
) -> AsyncIterator[Door]:
    """A new server over a source, and a client of it; `options` are the catalogue's policies."""
    catalog = open_catalog(Settings(str(source), region, None, limit), **options)
    async with Client(build_server(catalog), mode=mode) as client:
        yield Door(client)


def run(*arguments: object, **environment: str) -> Result:
    """One `lfv-mcp` command in this process; an exception that users would see is raised."""
    given = [str(argument) for argument in arguments]
    result = CliRunner().invoke(main, given, env=environment, prog_name="lfv-mcp")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert "Traceback" not in result.output, result.output
    return result


def table(output: str) -> dict[str, int]:
    """The table that `archive check` ends with."""
    rows = {}
    for line in output.splitlines():
        label, count = line[:34].strip(), line[34:].strip().replace(",", "")
        if len(line) == 42 and count.isdigit():
            rows[label] = int(count)
    return rows


def codes(answer: dict[str, Any]) -> set[str]:
    """The codes of an answer's findings."""
    return {finding["code"] for finding in answer.get("findings", [])}


def everything(answer: object) -> str:
    """All of an answer as text, to look for what must not be in it."""
    return json.dumps(answer, ensure_ascii=False)

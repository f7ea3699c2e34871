"""MCP handlers of the tools: `tools/list` and `tools/call`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp.types import Tool as WireTool

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.catalog.held_names import HeldNames
from lfv_mcp.errors import LfvError
from lfv_mcp.model_query import asks_for_latest
from lfv_mcp.server import arguments
from lfv_mcp.server.corrections import Call, corrected_call, names_other_versions
from lfv_mcp.server.failures import guarded
from lfv_mcp.server.output_schemas import output_schema
from lfv_mcp.server.progress import ProgressReporter
from lfv_mcp.server.protocol import RequestContext, invalid_params, tool_error
from lfv_mcp.server.resources import VIEW
from lfv_mcp.server.size_limits import truncate_answer
from lfv_mcp.server.spellings import is_not_given, plain
from lfv_mcp.server.tools import Tool, ToolContext
from lfv_mcp.text import clean

_CORRECTABLE: Final = ("invalid_argument", "model_not_found", "project_not_found")
"""Failures that another call may avoid."""
_PROJECT: Final = "project_name"
_VERSION: Final = "model_version"


def _shows_pages(ctx: RequestContext) -> bool:
    """Whether the client declared MCP Apps, so that a person sees `view.html`."""
    # Not at the top: a client that starts the server waits for its imports.
    from mcp.server.apps import client_supports_apps

    return client_supports_apps(ctx)


class ToolHandlers:
    """Lists and calls the tools of one table, over one catalogue."""

    def __init__(self, catalog: Catalog, tools: Sequence[Tool]) -> None:
        """Call these tools on this catalogue."""
        self._catalog = catalog
        self._tools = {tool.name: tool for tool in tools}

    def input_schema(self, name: str) -> Mapping[str, Any] | None:
        """The JSON Schema of a tool's arguments; None for an unknown tool."""
        tool = self._tools.get(name)
        return None if tool is None else arguments.input_schema(tool.arguments)

    async def list_tools(
        self, _: RequestContext, __: PaginatedRequestParams | None
    ) -> ListToolsResult:
        """Every tool with its schemas, on one page."""
        return ListToolsResult(tools=[self._published(tool) for tool in self._tools.values()])

    async def call_tool(self, ctx: RequestContext, params: CallToolRequestParams) -> CallToolResult:
        """Call a tool; a failure is a result with `isError`.

        Raises:
            MCPError: there is no such tool.
        """
        tool = self._tools.get(params.name)
        if tool is None:
            names = ", ".join(self._tools)
            raise invalid_params(f"Unknown tool {clean(params.name[:60])!r}; tools are {names}.")

        reporter = ProgressReporter(ctx.session.report_progress)
        context = ToolContext(
            self._catalog, reporter.report_step, shows_page=tool.has_view and _shows_pages(ctx)
        )
        try:
            with guarded(tool.name):
                parsed = arguments.parse(tool.arguments, params.arguments or {})
                async with reporter.while_indexing(self._catalog):
                    text, result = await tool.run(context, **parsed)
                text, structure = truncate_answer(text, result.to_json())
        except LfvError as error:
            own = _own_arguments(tool, params.arguments or {})
            return await self._refused(tool, own, error)
        return CallToolResult(
            content=[TextContent(type="text", text=text)], structured_content=dict(structure)
        )

    async def _refused(self, tool: Tool, own: Mapping[str, Any], error: LfvError) -> CallToolResult:
        """A failed call, with the names that are held and the call to make instead.

        Args:
            tool: the one that was called.
            own: the arguments of `_own_arguments`.
            error: why it failed.
        """
        # A refusal waits for nothing: a live service would be asked for all of its projects.
        held = await self._catalog.suggestions.held() if error.code in _CORRECTABLE else HeldNames()
        named = held.named_in(error, plain(own.get(_PROJECT)))
        if error.other_version:
            return tool_error(named, own, _of_version(tool, own, error.other_version))
        return tool_error(named, own, _corrected(tool, own, error.code, held))

    def _published(self, tool: Tool) -> WireTool:
        return WireTool(
            name=tool.name,
            title=tool.title,
            description=tool.description,
            input_schema=arguments.input_schema(tool.arguments),
            output_schema=output_schema(tool.result),
            annotations=ToolAnnotations(
                read_only_hint=True,
                destructive_hint=False,
                idempotent_hint=True,
                open_world_hint=self._catalog.kind == "live",
            ),
            _meta={"ui": {"resourceUri": VIEW}} if tool.has_view else None,
        )


def _own_arguments(tool: Tool, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a call said to the tool itself; all that it sent if that cannot be told."""
    with suppress(LfvError):  # it was refused for the same reason
        return arguments.own_arguments(given, [each.name for each in tool.arguments])
    return given


def _of_version(tool: Tool, own: Mapping[str, Any], version: str) -> Call | None:
    """The same call of another version, if the latest one was asked about."""
    parsed = arguments.parse(tool.arguments, own)
    if _VERSION not in parsed or not asks_for_latest(parsed[_PROJECT], parsed[_VERSION]):
        return None
    kept = {name: value for name, value in own.items() if not is_not_given(value)}
    return Call(tool.name, {**kept, _VERSION: version})


def _corrected(tool: Tool, own: Mapping[str, Any], code: str, held: HeldNames) -> Call | None:
    """The call to make instead of a refused one, if it is known."""
    if code not in _CORRECTABLE or (code != "invalid_argument" and not held.projects):
        return None
    call = corrected_call(tool.name, tool.arguments, own, held)
    if call is None or (code == "model_not_found" and not names_other_versions(call, own)):
        return None
    return call

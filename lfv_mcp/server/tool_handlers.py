"""MCP handlers of the tools: `tools/list` and `tools/call`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from lfv_mcp.model_query import LATEST, parse_model_query
from lfv_mcp.server import arguments
from lfv_mcp.server.corrections import Call, corrected_call, names_other_versions
from lfv_mcp.server.failures import guarded
from lfv_mcp.server.output_schemas import output_schema
from lfv_mcp.server.progress import ProgressReporter
from lfv_mcp.server.protocol import RequestContext, invalid_params, tool_error
from lfv_mcp.server.resources import VIEW
from lfv_mcp.server.size_limits import truncate_answer
from lfv_mcp.server.spellings import is_not_given
from lfv_mcp.server.tools import Tool, ToolContext
from lfv_mcp.text import clean

_CORRECTABLE: Final = ("invalid_argument", "model_not_found", "project_not_found")
"""Failures that another call may avoid."""
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
            return await self._refused(tool, params.arguments or {}, error)
        return CallToolResult(
            content=[TextContent(type="text", text=text)], structured_content=dict(structure)
        )

    async def _refused(
        self, tool: Tool, given: Mapping[str, Any], error: LfvError
    ) -> CallToolResult:
        """A failed call, with the names that are held and the call to make instead."""
        # A refusal waits for nothing: a live service would be asked for all of its projects.
        held = await self._catalog.suggestions.held() if error.code in _CORRECTABLE else HeldNames()
        named = held.named_in(error, given.get("project_name"))
        if error.other_version:
            return tool_error(named, given, _of_version(tool, given, error.other_version))
        return tool_error(named, given, _corrected(tool, given, error.code, held))

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


def _of_version(tool: Tool, given: Mapping[str, Any], version: str) -> Call | None:
    """The same call of another version, if the latest one was asked about."""
    if arguments.parse(tool.arguments, given).get(_VERSION) != LATEST:
        return None
    own = arguments.own_arguments(given, [each.name for each in tool.arguments])
    if parse_model_query(str(own["project_name"])).model_version is not None:
        return None  # an ARN says which
    kept = {name: value for name, value in own.items() if not is_not_given(value)}
    return Call(tool.name, {**kept, _VERSION: version})


def _corrected(tool: Tool, given: Mapping[str, Any], code: str, held: HeldNames) -> Call | None:
    """The call to make instead of a refused one, if it is known."""
    if code not in _CORRECTABLE or (code != "invalid_argument" and not held.projects):
        return None
    call = corrected_call(tool.name, tool.arguments, given, held)
    if call is None or (code == "model_not_found" and not names_other_versions(call, given)):
        return None
    return call

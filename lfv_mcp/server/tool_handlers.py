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
from lfv_mcp.errors import LfvError
from lfv_mcp.model_query import LATEST, parse_model_query
from lfv_mcp.server import arguments
from lfv_mcp.server.arguments import MAX_PAGE_SIZE
from lfv_mcp.server.corrections import Call, corrected_call
from lfv_mcp.server.failures import guarded
from lfv_mcp.server.output_schemas import output_schema
from lfv_mcp.server.progress import ProgressReporter
from lfv_mcp.server.protocol import RequestContext, invalid_params, tool_error
from lfv_mcp.server.resources import VIEW
from lfv_mcp.server.size_limits import truncate_answer
from lfv_mcp.server.spellings import is_not_given
from lfv_mcp.server.tools import Tool, ToolContext
from lfv_mcp.text import clean

_CORRECTABLE: Final = ("invalid_argument", "project_not_found")
"""Failures that another call may avoid."""

_NO_EVIDENCE: Final = "evidence_unavailable"
"""The failure of a version without evaluation files."""
_VERSION: Final = "model_version"


def _naming(call: Call | None, error: LfvError) -> LfvError:
    """The failure with the version that its call is about, where the latest has no files."""
    if call is None or error.code != _NO_EVIDENCE:
        return error
    named = error.copy()
    named.question = error.question
    version = call.arguments[_VERSION]
    named.next_step = f"Version {version} is the newest with evaluation files. {error.next_step}"
    return named


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
            call = await self._corrected(tool, params.arguments or {}, error)
            return tool_error(_naming(call, error), params.arguments, call)
        return CallToolResult(
            content=[TextContent(type="text", text=text)], structured_content=dict(structure)
        )

    async def _corrected(
        self, tool: Tool, given: Mapping[str, Any], error: LfvError
    ) -> Call | None:
        """The call to make instead of a refused one, if it is known."""
        if error.code == _NO_EVIDENCE:
            return await self._newest_evaluated(tool, given)
        if error.code not in _CORRECTABLE:
            return None
        # A refusal waits for nothing: a live service would be asked for all of its projects.
        knows = self._catalog.archive is not None and not self._catalog.awaits_index
        projects = await self._catalog.suggestions.projects() if knows else []
        if error.code == "project_not_found" and not projects:
            return None
        return corrected_call(tool.name, tool.arguments, given, projects)

    async def _newest_evaluated(self, tool: Tool, given: Mapping[str, Any]) -> Call | None:
        """The same call of the newest version with evaluation files, if the latest has none."""
        own = arguments.own_arguments(given, [a.name for a in tool.arguments])
        asked = arguments.parse(tool.arguments, given)
        if asked.get(_VERSION) != LATEST or self._catalog.archive is None:
            return None
        query = parse_model_query(asked["project_name"])
        if query.model_version is not None:
            return None  # an ARN says which
        try:
            rows = (await self._catalog.list_models(query, max_results=MAX_PAGE_SIZE)).models
        except LfvError:
            return None  # the refusal stands without a better call
        evaluated = [row for row in rows if {"result", "manifest"} & {*(row.held or ())}]
        if not evaluated or evaluated[0] == rows[0]:
            return None
        kept = {name: value for name, value in own.items() if not is_not_given(value)}
        return Call(tool.name, {**kept, _VERSION: evaluated[0].model_version})

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

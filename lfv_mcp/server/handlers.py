"""`build_server(catalog)`: the one room that speaks MCP.

The SDK's `Server` is used with handlers of our own, because what is published and what is
refused is a promise to the byte: schemas without generated noise, arguments checked by one
table, failures that say what to do. Both protocol eras and every transport are the SDK's.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any, Final

import anyio
from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    EmbeddedResource,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    TextContent,
    TextResourceContents,
    ToolAnnotations,
)
from mcp.types import Prompt as WirePrompt
from mcp.types import PromptArgument as WirePromptArgument
from mcp.types import Resource as WireResource
from mcp.types import ResourceTemplate as WireResourceTemplate
from mcp.types import Tool as WireTool

from lfv_mcp import model_query
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.errors import CallerError, LfvError, ServiceError
from lfv_mcp.results.schema import published_schema
from lfv_mcp.server import arguments, prompts, resources
from lfv_mcp.server.size_limits import RESULT_ROOM, json_size, json_within, truncate_answer
from lfv_mcp.server.tools import TOOLS, Call
from lfv_mcp.text import clean

logger = logging.getLogger(__name__)
ERROR_META: Final = "io.github.lfv-mcp/error"
"""`_meta` key of a failed call: code, message, next_step and asked, for agents."""
TOOLS_WITH_VIEW: Final = frozenset({"describe_model", "analyze_evaluation", "compare_models"})
"""The tools whose results have a picture."""
_URI_ECHOED: Final = 2_048
"""Characters of a URI that an error repeats; no URI of ours is longer."""

Context = ServerRequestContext[dict[str, Any], Any]


class Handlers:
    """The handlers, over one catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def list_tools(self, _: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(
            tools=[
                WireTool(
                    name=tool.name,
                    title=tool.title,
                    description=tool.description,
                    input_schema=arguments.input_schema(tool.arguments),
                    output_schema=published_schema(tool.result),
                    annotations=ToolAnnotations(
                        read_only_hint=True,
                        destructive_hint=False,
                        idempotent_hint=True,
                        open_world_hint=self._catalog.kind == "live",
                    ),
                    _meta={"ui": {"resourceUri": resources.VIEW}}
                    if tool.name in TOOLS_WITH_VIEW
                    else None,
                )
                for tool in TOOLS
            ]
        )

    async def call_tool(self, ctx: Context, params: CallToolRequestParams) -> CallToolResult:
        tool = next((t for t in TOOLS if t.name == params.name), None)
        if tool is None:
            names = ", ".join(t.name for t in TOOLS)
            raise MCPError(
                code=INVALID_PARAMS,
                message=f"Unknown tool {clean(params.name[:60])!r}; tools are {names}.",
            )

        async def progress(done: int, message: str) -> None:
            await ctx.session.report_progress(done, message=message)

        try:
            checked = arguments.parse(tool.arguments, params.arguments or {})
            text, structure = await tool.run(Call(self._catalog, progress, checked))
        except LfvError as error:
            logger.info("%s failed: %s", tool.name, error.code)
            return _tool_error(error, params.arguments)
        except Exception:
            logger.exception("%s failed unexpectedly", tool.name)
            return _tool_error(_DEFECT, params.arguments)
        text, structure = truncate_answer(text, structure)
        return CallToolResult(
            content=[TextContent(type="text", text=text)], structured_content=dict(structure)
        )

    async def list_resources(
        self, _: Context, params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        """The resources that are always there, then the known models, as many as one answer has."""
        listed = [
            WireResource(
                uri=r.uri,
                name=r.name,
                title=r.title,
                description=r.description,
                mime_type=r.mime_type,
                _meta=r.meta,
            )
            for r in resources.RESOURCES
            if not r.is_template
        ] + [
            WireResource(
                uri=resources.row_uri(row),
                name=f"{row['project_name']}/{row['model_version']}",
                title=f"{row['project_name']} version {row['model_version']}",
                mime_type=resources.JSON,
            )
            for row in await self._catalog.known_models()
        ]
        cursor = (params and params.cursor) or "0"
        if not (re.fullmatch("[0-9]{1,4}", cursor) and int(cursor) <= len(listed)):
            raise MCPError(
                code=INVALID_PARAMS,
                message="The cursor is the nextCursor of an earlier answer, unchanged.",
            )
        start = end = int(cursor)
        room = RESULT_ROOM
        while (
            end < len(listed)
            and (room := room - json_size(listed[end].model_dump(by_alias=True))) > 0
        ):
            end += 1
        return ListResourcesResult(
            resources=listed[start:end], next_cursor=str(end) if end < len(listed) else None
        )

    async def list_resource_templates(
        self, _: Context, __: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        return ListResourceTemplatesResult(
            resource_templates=[
                WireResourceTemplate(
                    uri_template=r.uri,
                    name=r.name,
                    title=r.title,
                    description=r.description,
                    mime_type=r.mime_type,
                )
                for r in resources.RESOURCES
                if r.is_template
            ]
        )

    async def read_resource(
        self, _: Context, params: ReadResourceRequestParams
    ) -> ReadResourceResult:
        uri = str(params.uri)
        found = resources.find(uri)
        if found is None:
            known = ", ".join(r.uri for r in resources.RESOURCES)
            raise MCPError(
                code=INVALID_PARAMS,
                message=f"Unknown resource; resources are {known}.",
                data={"uri": uri[:_URI_ECHOED]},
            )
        resource, variables = found
        try:
            with self._catalog.deadline():  # a model card takes several questions
                text = await resource.read(self._catalog, variables)
        except LfvError as error:
            logger.info("reading %s failed: %s", resource.name, error.code)
            raise _protocol_error(error, uri) from error
        except Exception as error:
            logger.exception("reading %s failed unexpectedly", resource.name)
            raise _protocol_error(_DEFECT, uri) from error
        contents = TextResourceContents(
            uri=params.uri, mime_type=resource.mime_type, text=text, _meta=resource.meta
        )
        return ReadResourceResult(contents=[contents])

    async def list_prompts(
        self, _: Context, __: PaginatedRequestParams | None
    ) -> ListPromptsResult:
        return ListPromptsResult(
            prompts=[
                WirePrompt(
                    name=p.name,
                    title=p.title,
                    description=p.description,
                    arguments=[
                        WirePromptArgument(
                            name=a.name, description=a.description, required=a.required
                        )
                        for a in p.arguments
                    ],
                )
                for p in prompts.prompts().values()
            ]
        )

    async def get_prompt(self, _: Context, params: GetPromptRequestParams) -> GetPromptResult:
        known = prompts.prompts()
        prompt = known.get(params.name)
        if prompt is None:
            raise MCPError(
                code=INVALID_PARAMS,
                message=f"Unknown prompt {clean(params.name[:60])!r}; prompts: {', '.join(known)}.",
            )
        try:
            values = prompts.check(prompt, params.arguments)
            asked = [
                model_query.parse_model_query(values["project_name"], values.get(version, version))
                for version in prompt.models
            ]
        except CallerError as error:
            raise MCPError(code=INVALID_PARAMS, message=error.message) from error
        records: list[PromptMessage | None] = [None] * len(asked)

        async def embed(slot: int) -> None:
            records[slot] = await self._embedded(asked[slot], RESULT_ROOM // (len(asked) + 1))

        async with anyio.create_task_group() as tasks:  # at one time, so in the time of one
            for slot in range(len(asked)):
                tasks.start_soon(embed, slot)
        messages = [_user_message(prompts.render(prompt, values)), *filter(None, records)]
        return GetPromptResult(description=prompt.description, messages=messages)

    async def complete(self, _: Context, params: CompleteRequestParams) -> CompleteResult:
        """Project names and versions, for prompts and for the resource templates alike."""
        typed, name = params.argument.value, params.argument.name
        if name == "project_name":
            values = await self._catalog.known_projects()
        elif name in ("model_version", "baseline", "candidate"):
            earlier = (params.context and params.context.arguments) or {}
            project = earlier.get("project_name", "")
            values = await self._catalog.known_versions(project) if project else []
            values = [model_query.LATEST, *values]
        else:
            values = []
        fitting = [value for value in values if value.startswith(typed)]
        return CompleteResult(
            completion=Completion(
                values=fitting[:100], total=len(fitting), has_more=len(fitting) > 100
            )
        )

    async def _embedded(self, asked: model_query.ModelQuery, room: int) -> PromptMessage:
        """The model's record; or why there is none, so that the prompt still renders."""
        uri = resources.model_uri(asked)
        try:
            summary = await self._catalog.describe_model(asked)
        except LfvError as error:
            return _user_message(f"There is no record to go with this: {error}")
        except Exception:
            logger.exception("a prompt's record failed unexpectedly")
            return _user_message(f"There is no record to go with this: {_DEFECT}")
        contents = TextResourceContents(
            uri=uri, mime_type=resources.JSON, text=json_within(summary, room)
        )
        return PromptMessage(
            role="user", content=EmbeddedResource(type="resource", resource=contents)
        )


_DEFECT: Final = ServiceError(
    "internal_error",
    "This server made a mistake of its own.",
    "Look at the server's log (stderr), and report it with the log lines.",
)


def _tool_error(error: LfvError, given: Mapping[str, Any] | None) -> CallToolResult:
    """A failure as an answer: with what was asked, even if it failed before that was understood."""
    details = {"code": error.code, "message": error.message, "next_step": error.next_step}
    text = str(error)
    asked = error.asked or ", ".join(
        f"{clean(name, 60)}={clean(value, 60)}"
        for name, value in (given or {}).items()
        if isinstance(value, str) and len(value) < 4096  # longer ones take long, and mean nothing
    )
    if asked and error.code != "invalid_argument":
        details["asked"] = asked
        if not error.asked:
            text += f"\nAsked: {asked}"
    return CallToolResult(
        content=[TextContent(type="text", text=text)], is_error=True, _meta={ERROR_META: details}
    )


def _protocol_error(error: LfvError, uri: str) -> MCPError:
    code = INVALID_PARAMS if isinstance(error, CallerError) else INTERNAL_ERROR
    return MCPError(
        code=code, message=str(error), data={"uri": uri[:_URI_ECHOED], "code": error.code}
    )


def _user_message(text: str) -> PromptMessage:
    return PromptMessage(role="user", content=TextContent(type="text", text=text))

"""MCP handlers of the prompts: `prompts/list` and `prompts/get`."""

from __future__ import annotations

from functools import partial

import anyio
from mcp.types import (
    EmbeddedResource,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    PaginatedRequestParams,
    PromptMessage,
    TextContent,
    TextResourceContents,
)
from mcp.types import Prompt as WirePrompt
from mcp.types import PromptArgument as WirePromptArgument

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.errors import CallerError, LfvError
from lfv_mcp.model_query import ModelQuery, parse_model_query
from lfv_mcp.server import prompts
from lfv_mcp.server.failures import guarded
from lfv_mcp.server.protocol import RequestContext, invalid_params
from lfv_mcp.server.resources import JSON, inventory_uri, model_uri
from lfv_mcp.server.size_limits import MAX_CONTENT_BYTES, json_within
from lfv_mcp.text import clean


class PromptHandlers:
    """Lists the prompts, and renders one together with the records that it is about."""

    def __init__(self, catalog: Catalog) -> None:
        """Take the summaries of models from this catalogue."""
        self._catalog = catalog

    async def list_prompts(
        self, _: RequestContext, __: PaginatedRequestParams | None
    ) -> ListPromptsResult:
        """Every prompt with its arguments, on one page."""
        return ListPromptsResult(prompts=[_published(p) for p in prompts.prompts().values()])

    async def get_prompt(
        self, _: RequestContext, params: GetPromptRequestParams
    ) -> GetPromptResult:
        """A prompt's text, then the inventory and the summary of every model that it is about.

        Raises:
            MCPError: there is no such prompt, or an argument breaks a rule.
        """
        known = prompts.prompts()
        prompt = known.get(params.name)
        if prompt is None:
            name, names = clean(params.name[:60]), ", ".join(known)
            raise invalid_params(f"Unknown prompt {name!r}; prompts: {names}.")
        try:
            given = params.arguments or {}
            async with self._catalog.suggestions.naming(given.get("project_name")):
                values = prompts.check(prompt, given)
                queries = [
                    parse_model_query(values["project_name"], values.get(version, version))
                    for version in prompt.models
                ]
        except CallerError as error:
            raise invalid_params(error.message) from error
        project = parse_model_query(values["project_name"]).project_name
        reads = [partial(self._embedded_inventory, project)] if prompt.has_inventory else []
        reads += [partial(self._embedded_summary, query) for query in queries]
        embedded: list[PromptMessage | None] = [None] * len(reads)

        async def embed(slot: int) -> None:
            embedded[slot] = await reads[slot](MAX_CONTENT_BYTES // (len(reads) + 1))

        # All at once, so that two models take the time of one.
        async with anyio.create_task_group() as tasks:
            for slot in range(len(reads)):
                tasks.start_soon(embed, slot)
        text = _user_message(prompts.render(prompt, values))
        return GetPromptResult(
            description=prompt.description, messages=[text, *filter(None, embedded)]
        )

    async def _embedded_inventory(self, project_name: str, max_bytes: int) -> PromptMessage:
        """A project's inventory as an embedded resource, or why there is none."""
        try:
            with guarded("a prompt's inventory"):
                inventory = await self._catalog.inventory(ModelQuery(project_name))
                text = json_within(inventory.to_json(), max_bytes)
        except LfvError as error:
            return _user_message(f"This goes with no inventory, because of an error: {error}")
        return _embedded(inventory_uri(project_name), text)

    async def _embedded_summary(self, query: ModelQuery, max_bytes: int) -> PromptMessage:
        """A model's summary as an embedded resource.

        If the model cannot be described the message says why, so that the prompt still renders.
        """
        try:
            with guarded("a prompt's record"):
                summary = await self._catalog.describe_model(query)
                text = json_within(summary.to_json(), max_bytes)
        except LfvError as error:
            return _user_message(f"This goes with no record, because of an error: {error}")
        return _embedded(model_uri(query), text)


def _published(prompt: prompts.Prompt) -> WirePrompt:
    return WirePrompt(
        name=prompt.name,
        title=prompt.title,
        description=prompt.description,
        arguments=[
            WirePromptArgument(name=a.name, description=a.description, required=a.required)
            for a in prompt.arguments
        ],
    )


def _embedded(uri: str, text: str) -> PromptMessage:
    contents = TextResourceContents(uri=uri, mime_type=JSON, text=text)
    return PromptMessage(role="user", content=EmbeddedResource(type="resource", resource=contents))


def _user_message(text: str) -> PromptMessage:
    return PromptMessage(role="user", content=TextContent(type="text", text=text))

"""MCP handler of `completion/complete`: project names and model versions."""

from __future__ import annotations

from typing import Final

from mcp.types import CompleteRequestParams, CompleteResult, Completion

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.model_query import HOSTED, LATEST
from lfv_mcp.server.protocol import RequestContext

MAX_COMPLETIONS: Final = 100
"""Values in one completion; the protocol allows no more."""
_VERSION_ARGUMENTS: Final = ("model_version", "baseline", "candidate", "successor")


class CompletionHandlers:
    """Completes the arguments of prompts and of resource templates, over one catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        """Offer the names that this catalogue knows."""
        self._catalog = catalog

    async def complete(self, _: RequestContext, params: CompleteRequestParams) -> CompleteResult:
        """The known values that begin with what was typed.

        Versions need the project: without one in the context only `latest` and `hosted` are
        offered. Prediction sets follow the versions.
        """
        typed, name = params.argument.value, params.argument.name
        values: list[str] = []
        if name == "project_name":
            values = await self._catalog.suggestions.projects()
        elif name in _VERSION_ARGUMENTS:
            earlier = (params.context and params.context.arguments) or {}
            project = earlier.get("project_name", "")
            values = [
                LATEST,
                HOSTED,
                *(await self._catalog.suggestions.versions(project) if project else []),
            ]
        matching = [value for value in values if value.startswith(typed)]
        return CompleteResult(
            completion=Completion(
                values=matching[:MAX_COMPLETIONS],
                total=len(matching),
                has_more=len(matching) > MAX_COMPLETIONS,
            )
        )

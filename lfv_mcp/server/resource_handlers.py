"""MCP handlers of the resources: `resources/list`, `resources/templates/list`, `resources/read`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mcp.types import (
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    TextResourceContents,
)
from mcp.types import Resource as WireResource
from mcp.types import ResourceTemplate as WireResourceTemplate

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.errors import LfvError
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.results.model_list import ModelRow, PredictionSetRow
from lfv_mcp.server.failures import guarded
from lfv_mcp.server.protocol import (
    MAX_ECHOED_URI,
    RequestContext,
    invalid_params,
    resource_error,
)
from lfv_mcp.server.resources import JSON, RESOURCES, Resource, find_resource, model_uri, row_uri
from lfv_mcp.server.size_limits import MAX_CONTENT_BYTES, json_size


class ResourceHandlers:
    """Lists and reads the resources, over one catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        """Read resources from this catalogue."""
        self._catalog = catalog

    async def list_resources(
        self, _: RequestContext, params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        """The resources that always exist, then the known models and prediction sets, as many as
        one answer can hold.

        Raises:
            MCPError: the cursor is not of an earlier answer.
        """
        listed = [_published(r) for r in RESOURCES if not r.is_template]
        listed += map(_published_model, await self._catalog.suggestions.models())
        listed += map(_published_set, await self._catalog.suggestions.sets())
        return _page(listed, (params and params.cursor) or "0")

    async def list_resource_templates(
        self, _: RequestContext, __: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        """The resources whose URI has variables, on one page."""
        return ListResourceTemplatesResult(
            resource_templates=[
                WireResourceTemplate(
                    uri_template=r.uri,
                    name=r.name,
                    title=r.title,
                    description=r.description,
                    mime_type=r.mime_type,
                )
                for r in RESOURCES
                if r.is_template
            ]
        )

    async def read_resource(
        self, _: RequestContext, params: ReadResourceRequestParams
    ) -> ReadResourceResult:
        """The text of one resource.

        Raises:
            MCPError: there is no such resource, or it cannot be read.
        """
        uri = str(params.uri)
        found = find_resource(uri)
        if found is None:
            known = ", ".join(r.uri for r in RESOURCES)
            raise invalid_params(
                f"Unknown resource; resources are {known}.", {"uri": uri[:MAX_ECHOED_URI]}
            )
        resource, variables = found
        try:
            # One time limit for the whole, because a model card takes several questions.
            with guarded(f"reading {resource.name}"), self._catalog.deadline():
                async with self._catalog.suggestions.naming(variables.get("project_name")):
                    text = await resource.read(self._catalog, variables)
        except LfvError as error:
            raise resource_error(error, uri) from error
        contents = TextResourceContents(
            uri=params.uri, mime_type=resource.mime_type, text=text, _meta=resource.meta
        )
        return ReadResourceResult(contents=[contents])


def _published(resource: Resource) -> WireResource:
    return WireResource(
        uri=resource.uri,
        name=resource.name,
        title=resource.title,
        description=resource.description,
        mime_type=resource.mime_type,
        _meta=resource.meta,
    )


def _published_model(row: ModelRow) -> WireResource:
    return WireResource(
        uri=row_uri(row),
        name=f"{row.project_name}/{row.model_version}",
        title=f"{row.project_name} version {row.model_version}",
        mime_type=JSON,
    )


def _published_set(row: PredictionSetRow) -> WireResource:
    return WireResource(
        uri=model_uri(ModelQuery(row.project_name, prediction_set=row.name)),
        name=f"{row.project_name}/{row.name}",
        title=f"{row.project_name}, predictions {row.name}",
        mime_type=JSON,
    )


def _page(listed: Sequence[WireResource], cursor: str) -> ListResourcesResult:
    """The part of a list that begins at the cursor and fits into one answer."""
    if not (re.fullmatch("[0-9]{1,4}", cursor) and int(cursor) <= len(listed)):
        raise invalid_params("The cursor is the nextCursor of an earlier answer, unchanged.")
    start = end = int(cursor)
    bytes_left = MAX_CONTENT_BYTES
    while end < len(listed):
        bytes_left -= json_size(listed[end].model_dump(by_alias=True))
        if bytes_left <= 0:
            break
        end += 1
    return ListResourcesResult(
        resources=list(listed[start:end]), next_cursor=str(end) if end < len(listed) else None
    )

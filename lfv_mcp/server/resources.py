"""The resources: what a client can read by URI without calling a tool, in the table `RESOURCES`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from mcp.shared.uri_template import UriTemplate

from lfv_mcp.analysis.model_card import model_card
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.catalog.listing_page import PAGE_BYTES
from lfv_mcp.errors import CallerError, LfvError
from lfv_mcp.model_query import ModelQuery, invalid_argument, parse_model_query
from lfv_mcp.results.model_list import ModelRow
from lfv_mcp.server.arguments import MAX_PAGE_SIZE, MODEL_VERSION, PROJECT_NAME, REGION, parse
from lfv_mcp.server.size_limits import MAX_CONTENT_BYTES, json_size, json_within, shortened
from lfv_mcp.server.view import page

SCHEME: Final = "lookoutvision://"
JSON: Final = "application/json"
MARKDOWN: Final = "text/markdown"
VIEW: Final = "ui://lfv/view.html"
"""URI of the page that shows a tool's result in hosts with MCP Apps."""
APP: Final = "text/html;profile=mcp-app"
"""MIME type by which hosts recognise a page of MCP Apps."""
INVENTORY: Final = SCHEME + "projects/{project_name}/inventory"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource, or one template of them.

    Args:
        uri: the URI, or an RFC 6570 template of one.
        name: the name that programs use.
        title: the name that people read.
        description: what the text is.
        mime_type: the type of the text.
        read: makes the text, from the catalogue and the variables of the URI. Raises `LfvError`.
        meta: published as `_meta`, in lists and with the text.
    """

    uri: str
    name: str
    title: str
    description: str
    mime_type: str
    read: Callable[[Catalog, Mapping[str, str]], Awaitable[str]]
    meta: dict[str, Any] | None = None

    @property
    def is_template(self) -> bool:
        """Whether the URI has variables."""
        return "{" in self.uri


async def _read_models(catalog: Catalog, _: Mapping[str, str]) -> str:
    page_bytes = PAGE_BYTES
    # The page becomes a JSON text within a JSON answer. Every quote in it is escaped there, so how
    # much longer the page gets is known only once it has been made.
    while True:
        listed = await catalog.list_models(max_results=MAX_PAGE_SIZE, page_bytes=page_bytes)
        text = json.dumps(listed.to_json(), ensure_ascii=False, indent=2)
        if json_size(text) <= MAX_CONTENT_BYTES or len(listed.models) < 2:
            return json_within(listed.to_json())
        page_bytes //= 2


async def _read_glossary(_: Catalog, __: Mapping[str, str]) -> str:
    return Path(__file__).with_name("glossary.md").read_text(encoding="utf-8")


async def _read_view(_: Catalog, __: Mapping[str, str]) -> str:
    return page()


async def _read_model(catalog: Catalog, variables: Mapping[str, str]) -> str:
    summary = await catalog.describe_model(query_from_uri(variables))
    return json_within(summary.to_json())


async def _read_card(catalog: Catalog, variables: Mapping[str, str]) -> str:
    query = query_from_uri(variables)
    model = await catalog.describe_model(query)
    try:
        report = await catalog.analyze_evaluation(query)
    except LfvError as error:
        return model_card(shortened(model, MAX_CONTENT_BYTES // 3), None, error.message)
    text = model_card(model, report)
    if json_size(text) <= MAX_CONTENT_BYTES:
        return text
    return model_card(
        shortened(model, MAX_CONTENT_BYTES // 4), shortened(report, MAX_CONTENT_BYTES // 3)
    )


async def _read_inventory(catalog: Catalog, variables: Mapping[str, str]) -> str:
    given = parse((PROJECT_NAME,), {"project_name": variables["project_name"]})
    inventory = await catalog.inventory(parse_model_query(**given))
    return json_within(inventory.to_json())


_MODEL: Final = SCHEME + "projects/{project_name}/models/{model_version}"

RESOURCES: Final = (
    Resource(
        SCHEME + "models",
        "models",
        "Known models",
        f"Every model known (up to {MAX_PAGE_SIZE}).",
        JSON,
        _read_models,
    ),
    Resource(
        SCHEME + "glossary",
        "glossary",
        "Glossary",
        "Statuses, metrics and terms, with formulas.",
        MARKDOWN,
        _read_glossary,
    ),
    Resource(
        VIEW,
        "view",
        "Model card to look at",
        "The page that shows a tool's result, for hosts with MCP Apps.",
        APP,
        _read_view,
        {"ui": {"prefersBorder": True}},
    ),
    Resource(
        _MODEL + "{?region,account}",
        "model",
        "Model",
        "What describe_model answers. Version: a number, `latest` or a prediction set's name.",
        JSON,
        _read_model,
    ),
    Resource(
        _MODEL + "/card{?region,account}",
        "model_card",
        "Model card",
        "One model, its evidence, limits and provenance, to read or file.",
        MARKDOWN,
        _read_card,
    ),
    Resource(
        INVENTORY,
        "inventory",
        "Inventory of a project",
        "What the archive holds of a project, what can still be done with it (describe, analyze, "
        "compare, retrain), and what is missing.",
        JSON,
        _read_inventory,
    ),
)
_PATTERNS: Final = tuple((UriTemplate.parse(r.uri), r) for r in RESOURCES)


def find_resource(uri: str) -> tuple[Resource, dict[str, str]] | None:
    """The resource that a URI names, and the variables in the URI; None if there is none.

    A query that the resource does not have makes another URI: left out, `?acount=…` would be
    answered about another account.
    """
    for pattern, resource in _PATTERNS:
        variables = pattern.match(uri)
        if variables is not None and _queries(uri) <= variables.keys():
            return resource, {name: str(value) for name, value in variables.items()}
    return None


def _queries(uri: str) -> set[str]:
    """The names in the query of a URI."""
    parts = uri.partition("?")[2].split("&")
    return {unquote(part.partition("=")[0]) for part in parts if part}


def model_uri(query: ModelQuery) -> str:
    """The URI of the model that a query names."""
    uri = f"{SCHEME}projects/{quote(query.project_name)}/models/{query.version_or_name}"
    parameters = "&".join(
        f"{name}={value}"
        for name, value in (("region", query.region), ("account", query.account))
        if value
    )
    return f"{uri}?{parameters}" if parameters else uri


def inventory_uri(project_name: str) -> str:
    """The URI of a project's inventory."""
    return INVENTORY.replace("{project_name}", quote(project_name))


def row_uri(row: ModelRow) -> str:
    """The URI of a listed model, with region and account if the model's ARN has them."""
    try:
        return model_uri(parse_model_query(row.model_arn or row.project_name, row.model_version))
    except CallerError:  # an ARN of some other form
        return model_uri(ModelQuery(row.project_name, row.model_version))


def query_from_uri(variables: Mapping[str, str]) -> ModelQuery:
    """The model that the variables of a URI name, by the rules for a tool's arguments.

    Raises:
        CallerError: a part of the URI breaks its rule.
    """
    given = {name: value for name, value in variables.items() if name != "account"}
    query = parse_model_query(**parse((PROJECT_NAME, MODEL_VERSION, REGION), given))
    account = variables.get("account", "")
    if account and not (account.isascii() and account.isdigit() and len(account) == 12):
        raise invalid_argument("account", account, "an account is 12 digits", "111122223333")
    if account and query.account not in (None, account):
        raise invalid_argument(
            "account", account, f"it contradicts the ARN, which says {query.account}", '""'
        )
    return replace(query, account=account) if account else query

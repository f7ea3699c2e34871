"""The resources: what a client can read by URI, without calling a tool."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from mcp.shared.uri_template import UriTemplate

from lfv_mcp import model_query
from lfv_mcp.analysis.model_card import model_card
from lfv_mcp.catalog.catalog import PAGE_BYTES, Catalog
from lfv_mcp.errors import CallerError, LfvError
from lfv_mcp.model_query import invalid_argument
from lfv_mcp.results.model_list import ModelRow
from lfv_mcp.server import arguments
from lfv_mcp.server.size_limits import RESULT_ROOM, json_size, json_within, shortened
from lfv_mcp.server.view import page

SCHEME: Final = "lookoutvision://"
JSON: Final = "application/json"
MARKDOWN: Final = "text/markdown"
VIEW: Final = "ui://lfv/view.html"
APP: Final = "text/html;profile=mcp-app"
"""The MIME type by which hosts know a page of MCP Apps."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource, or one template of them; `read` takes the URI's variables."""

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


async def _models(catalog: Catalog, _: Mapping[str, str]) -> str:
    room = PAGE_BYTES
    while True:  # a text within a text is longer; how much so, depends on the quotes in it
        listed = await catalog.list_models(max_results=100, page_bytes=room)
        text = json.dumps(listed, ensure_ascii=False, indent=2)
        if json_size(text) <= RESULT_ROOM or len(listed["models"]) < 2:
            return json_within(listed)
        room //= 2


async def _glossary(_: Catalog, __: Mapping[str, str]) -> str:
    return Path(__file__).with_name("glossary.md").read_text(encoding="utf-8")


async def _view(_: Catalog, __: Mapping[str, str]) -> str:
    return page()


async def _model(catalog: Catalog, variables: Mapping[str, str]) -> str:
    return json_within(await catalog.describe_model(asked(variables)))


async def _card(catalog: Catalog, variables: Mapping[str, str]) -> str:
    question = asked(variables)
    model = await catalog.describe_model(question)
    try:
        report = await catalog.analyze_evaluation(question)
    except LfvError as error:
        return model_card(shortened(model, RESULT_ROOM // 3), None, error.message)
    text = model_card(model, report)
    if json_size(text) <= RESULT_ROOM:
        return text
    return model_card(shortened(model, RESULT_ROOM // 4), shortened(report, RESULT_ROOM // 3))


_MODEL: Final = SCHEME + "projects/{project_name}/models/{model_version}"

RESOURCES: Final = (
    Resource(
        SCHEME + "models", "models", "Known models", "Every model known (up to 100).", JSON, _models
    ),
    Resource(
        SCHEME + "glossary",
        "glossary",
        "Glossary",
        "Statuses, metrics and terms, with formulas.",
        MARKDOWN,
        _glossary,
    ),
    Resource(
        VIEW,
        "view",
        "Model card to look at",
        "The page that shows a tool's result, for hosts with MCP Apps.",
        APP,
        _view,
        {"ui": {"prefersBorder": True}},
    ),
    Resource(
        _MODEL + "{?region,account}",
        "model",
        "Model",
        "What describe_model answers. Version: a number or `latest`.",
        JSON,
        _model,
    ),
    Resource(
        _MODEL + "/card{?region,account}",
        "model_card",
        "Model card",
        "One model, its evidence, limits and provenance, to read or file.",
        MARKDOWN,
        _card,
    ),
)
_PATTERNS: Final = tuple((UriTemplate.parse(r.uri), r) for r in RESOURCES)


def find(uri: str) -> tuple[Resource, dict[str, str]] | None:
    """The resource behind a URI, and the URI's variables."""
    for pattern, resource in _PATTERNS:
        variables = pattern.match(uri)
        if variables is not None:
            return resource, {name: str(value) for name, value in variables.items()}
    return None


def model_uri(asked: model_query.ModelQuery) -> str:
    """The URI of one model."""
    uri = f"{SCHEME}projects/{quote(asked.project_name)}/models/{asked.model_version or 'latest'}"
    query = "&".join(
        f"{name}={value}"
        for name, value in (("region", asked.region), ("account", asked.account))
        if value
    )
    return f"{uri}?{query}" if query else uri


def row_uri(row: ModelRow) -> str:
    """The URI of a listed model, with region and account where its ARN tells them."""
    arn = row.get("model_arn")
    try:
        return model_uri(
            model_query.parse_model_query(arn or row["project_name"], row["model_version"])
        )
    except CallerError:  # an ARN of some other form
        return model_uri(model_query.ModelQuery(row["project_name"], row["model_version"]))


def asked(variables: Mapping[str, str]) -> model_query.ModelQuery:
    """Which model a URI means; the same rules as for a tool's arguments.

    Raises:
        CallerError: a part of the URI breaks its rule.
    """
    given = {name: value for name, value in variables.items() if name != "account"}
    checked = arguments.parse(
        (arguments.PROJECT_NAME, arguments.MODEL_VERSION, arguments.REGION), given
    )
    result = model_query.parse_model_query(**checked)
    account = variables.get("account", "")
    if account and not (account.isascii() and account.isdigit() and len(account) == 12):
        raise invalid_argument("account", account, "an account is 12 digits", "111122223333")
    if account and result.account not in (None, account):
        raise invalid_argument(
            "account", account, f"it contradicts the ARN, which says {result.account}", '""'
        )
    return replace(result, account=account) if account else result

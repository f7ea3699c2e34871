"""Listings, resources and prompts while the endpoint fails."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS, CallToolResult, TextContent

from lfv_mcp.aws.client import LookoutVision
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.server.app import build_server
from tests.support.api_endpoint import (
    Endpoint,
    Reply,
    Request,
    api_error,
    healthy,
    ok,
    page,
)
from tests.support.clients import describe, text
from tests.support.failures import (
    ECHO,
    FOREIGN,
    assert_good,
    error,
    failed,
    json_reply,
    leaks,
)
from tests.support.live import live

pytestmark = pytest.mark.anyio


async def listing(client: Client, project: str = "cap-seal") -> CallToolResult:
    return await client.call_tool("list_models", {"project_name": project})


@pytest.mark.parametrize("tokens", [itertools.repeat("same"), itertools.cycle("abc")])
async def test_a_listing_in_circles_ends(
    endpoint: Endpoint, client: Client, tokens: Iterator[str]
) -> None:
    endpoint.answer = lambda _: ok({"Models": [], "NextToken": next(tokens)})
    failed(await listing(client), "bad_answer", "does not end")
    failed(await describe(client, "latest"), "bad_answer", "does not end")
    endpoint.answer = healthy
    await assert_good(client)


async def test_a_listing_without_an_end_ends(endpoint: Endpoint) -> None:
    numbers = itertools.count()
    endpoint.answer = lambda _: ok({"Models": [], "NextToken": f"t{next(numbers)}"})
    service = LookoutVision(region="us-east-1", max_pages=20)
    async with Client(build_server(Catalog(lambda: service, "live"))) as client:
        failed(await listing(client), "bad_answer", "does not end")
    assert len(endpoint.requests) == 20


@pytest.mark.parametrize(
    "body",
    [
        '{"Models": {}}',
        '{"Models": [1, {"ModelVersion": "1"}]}',
        '{"Models": [null]}',
        '{"Models": [], "NextToken": 7}',  # more is to come, but nobody can ask for it
        '{"models": []}',
    ],
)
async def test_a_listing_that_cannot_be_read_is_not_an_empty_one(
    endpoint: Endpoint, client: Client, body: str
) -> None:
    endpoint.answer = json_reply(body)
    failed(await listing(client), "bad_answer", "no Models that can be read")
    failed(await describe(client, "latest"), "bad_answer", "no Models that can be read")
    endpoint.answer = healthy
    await assert_good(client)


async def test_a_project_that_fails_does_not_take_the_others_with_it(
    endpoint: Endpoint, client: Client
) -> None:
    def reply(request: Request) -> Reply:
        if request.path.endswith("/projects"):
            return ok({"Projects": [{"ProjectName": n} for n in ("bad-one", "cap-seal")]})
        if "bad-one" in request.path:
            return api_error(403, "AccessDeniedException", ECHO)
        return healthy(request)

    endpoint.answer = reply
    result = await listing(client, "")
    assert not result.is_error, text(result)
    assert result.structured_content is not None
    assert [row["model_version"] for row in result.structured_content["models"]] == ["3", "2", "1"]
    (found,) = result.structured_content["findings"]
    assert found["code"] == "project_failed"
    assert "bad-one" in found["message"]
    assert not leaks(result.model_dump_json())


@pytest.mark.parametrize(
    ("reply", "code", "says"),
    [
        (page(200), INTERNAL_ERROR, "bad_answer"),
        (api_error(429, "ThrottlingException", Retry_After=7), INTERNAL_ERROR, "throttled"),
        (api_error(400, "ValidationException"), INVALID_PARAMS, "request_rejected"),
        (api_error(403, "ExpiredTokenException", ECHO), INTERNAL_ERROR, "credentials_expired"),
    ],
)
async def test_a_resource_that_fails_says_why(
    endpoint: Endpoint, shared: Catalog, era: str, reply: Reply, code: int, says: str
) -> None:
    endpoint.answer = lambda _: reply
    uri = "lookoutvision://projects/cap-seal/models/3"
    async with Client(build_server(shared), mode=era) as client:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
        endpoint.answer = healthy
        await client.read_resource(uri)
    assert caught.value.error.code == code
    assert caught.value.error.data["code"] == says
    assert "Next: " in caught.value.error.message
    assert not FOREIGN.search(caught.value.error.message)
    assert not leaks(caught.value.error.model_dump_json())


async def test_a_prompt_without_its_record_still_renders(
    endpoint: Endpoint, shared: Catalog, era: str
) -> None:
    endpoint.answer = error(403, "UnrecognizedClientException", ECHO)
    async with Client(build_server(shared), mode=era) as client:
        rendered = await client.get_prompt(
            "explain_performance_metrics", {"project_name": "cap-seal", "model_version": "3"}
        )
    *_, last = rendered.messages
    assert isinstance(last.content, TextContent)
    assert "no record" in last.content.text
    assert "credentials_rejected" in last.content.text
    assert not leaks(rendered.model_dump_json())


async def test_a_list_of_resources_does_not_fail_with_the_endpoint(
    endpoint: Endpoint, era: str
) -> None:
    endpoint.answer = lambda _: page(502)
    async with Client(build_server(live()), mode=era) as client:
        listed = await client.list_resources()
    assert "lookoutvision://models" in {str(r.uri) for r in listed.resources}

"""Endpoints that do not answer in time, and callers who give up."""

from __future__ import annotations

from typing import Final

import anyio
import pytest
from mcp import Client
from mcp.types import CallToolResult

from lfv_mcp.server.app import build_server
from lfv_mcp.server.protocol import ERROR_META
from tests.support.api_endpoint import (
    Endpoint,
    Reply,
    healthy,
)
from tests.support.clients import describe
from tests.support.failures import (
    MARGIN,
    assert_asked,
    assert_good,
    failed,
)
from tests.support.live import MAX_CALLS, live

pytestmark = pytest.mark.anyio

SLOW: Final[dict[str, Reply]] = {
    "silent": Reply(b"{}", pause=30),
    "silent after the headers": Reply(b"{}", drip=30),
    "a slow drip": Reply(b"{" * 1000, drip=0.05),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
async def test_an_endpoint_that_does_not_answer_in_time(hanging: Endpoint, name: str) -> None:
    async with Client(build_server(live(timeout=0.8))) as client:
        hanging.answer = lambda _: SLOW[name]
        with anyio.fail_after(0.8 + MARGIN):
            result = await describe(client)
        assert result.meta is not None
        code = result.meta[ERROR_META]["code"]
        assert code in ("deadline_exceeded", "endpoint_timeout")
        assert_asked(failed(result, code, "LFV_TIMEOUT"))
        hanging.answer = healthy
        await assert_good(client, "eu-west-1")


@pytest.mark.slow
async def test_silence_is_told_from_a_deadline(hanging: Endpoint) -> None:
    async with Client(build_server(live(timeout=1.2))) as client:
        await assert_good(client)  # the first client takes its time, and that counts too
        hanging.answer = lambda _: Reply(pause=30)
        with anyio.fail_after(1.2 + MARGIN):
            result = await describe(client)
        assert_asked(failed(result, "endpoint_timeout", "took the connection.*three attempts"))


async def test_a_caller_who_gives_up_is_free_at_once(hanging: Endpoint, era: str) -> None:
    async with Client(build_server(live()), mode=era) as client:
        await assert_good(client)
        hanging.answer = lambda _: Reply(pause=30)
        start = anyio.current_time()
        with anyio.move_on_after(0.2) as scope:
            await describe(client)
        assert scope.cancelled_caught
        assert anyio.current_time() - start < 2  # a quarter of 20 seconds would be one attempt
        hanging.answer = healthy
        await assert_good(client)
        await assert_good(client, "eu-west-1")


@pytest.mark.slow
async def test_calls_that_hang_do_not_use_the_server_up(hanging: Endpoint) -> None:
    results: list[CallToolResult] = []

    async def ask(client: Client, version: int) -> None:
        results.append(await describe(client, str(version)))

    async with Client(build_server(live(timeout=0.8))) as client:
        await assert_good(client)
        hanging.answer = lambda _: SLOW["a slow drip"]
        with anyio.fail_after(2.0 + MARGIN):
            async with anyio.create_task_group() as tasks:
                for version in range(MAX_CALLS + 8):
                    tasks.start_soon(ask, client, version + 1)
        assert all(result.is_error for result in results)
        hanging.answer = healthy
        await assert_good(client)

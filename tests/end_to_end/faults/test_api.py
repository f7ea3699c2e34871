"""The fault table: an API that misbehaves."""

from __future__ import annotations

from collections.abc import Mapping

import anyio
import pytest
from mcp import Client

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.server.app import build_server
from tests.support.api_endpoint import (
    Endpoint,
    Reply,
    api_error,
    healthy,
)
from tests.support.boto3_speed import PAUSES
from tests.support.clients import describe, text
from tests.support.fault_table import (
    API,
    DEFAULT,
    Row,
    assert_works,
    code_of,
    connected,
)
from tests.support.live import live

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.mark.parametrize("fault", API)
async def test_an_api_that_misbehaves(
    api: Endpoint, patient: Mapping[float, Catalog], fault: str
) -> None:
    row = API[fault]
    async with connected(patient[row.limit], api) as client:
        api.answer = row.answer
        with row.in_time():
            result = await describe(client)
        assert code_of(result) in row.codes, text(result)
        assert row.says in text(result)
        assert len(api.requests) <= 3
        assert max(PAUSES.values(), default=0.0) <= 3.0  # also where Retry-After says more
        api.answer = healthy
        await assert_works(client, describe)


async def test_a_storm_is_not_fed(api: Endpoint, row: Row) -> None:
    """Forty callers who ask the same are one question, also while it fails."""
    storm = api_error(429, "ThrottlingException", Retry_After=7)
    api.answer = lambda _: Reply(storm.body, storm.status, storm.headers, pause=0.3)
    codes: list[str] = []

    async def ask(client: Client) -> None:
        codes.append(code_of(await describe(client)))

    async with Client(build_server(live(timeout=DEFAULT))) as client:
        with row.in_time():
            async with anyio.create_task_group() as tasks:
                for _ in range(40):
                    tasks.start_soon(ask, client)
        assert codes == [*row.codes] * 40
        assert len(api.requests) == 3
        assert max(PAUSES.values()) == 3.0  # whatever Retry-After says
        api.answer = healthy
        assert not code_of(await describe(client))

"""Credentials that change while the server runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import anyio
import pytest
from mcp import Client
from mcp.types import CallToolResult

from lfv_mcp.identifiers import REGIONS
from lfv_mcp.server.app import build_server
from tests.support.api_endpoint import (
    ACCESS_KEY,
    Endpoint,
    Reply,
    Request,
    api_error,
    healthy,
)
from tests.support.clients import describe
from tests.support.failures import (
    assert_good,
    failed,
)
from tests.support.live import live

pytestmark = pytest.mark.anyio

NO_KEYS: Final = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))


@pytest.fixture
def log_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Somebody logs in again: from now on the environment has another key."""
    return lambda: monkeypatch.setenv("AWS_ACCESS_KEY_ID", NEW_KEY)


NEW_KEY: Final = "AKIANEWKEYNEWKEYNEWK"


def only_new_key(request: Request) -> Reply:
    key, _, _ = request.credential
    return healthy(request) if key == NEW_KEY else api_error(403, "ExpiredTokenException")


async def test_expired_credentials_are_looked_for_anew_once(
    endpoint: Endpoint, log_in: Callable[[], None], era: str
) -> None:
    def expire(request: Request) -> Reply:
        log_in()
        return only_new_key(request)

    async with Client(build_server(live()), mode=era) as client:
        await assert_good(client)
        endpoint.answer = expire
        endpoint.requests.clear()
        await assert_good(client)
    assert [r.credential[0] for r in endpoint.requests] == [ACCESS_KEY, NEW_KEY]


async def test_credentials_that_stay_expired_are_asked_for_no_more_than_twice(
    endpoint: Endpoint, log_in: Callable[[], None]
) -> None:
    endpoint.answer = only_new_key
    async with Client(build_server(live())) as client:
        failed(await describe(client), "credentials_expired", "without a restart")
        assert len(endpoint.requests) == 2
        log_in()
        await assert_good(client)


async def test_credentials_that_expire_under_load(
    endpoint: Endpoint, log_in: Callable[[], None]
) -> None:
    results: list[CallToolResult] = []

    async def ask(client: Client, region: str) -> None:
        for version in "123":
            results.append(await describe(client, version, region=region))

    async with Client(build_server(live())) as client:
        await assert_good(client)
        endpoint.answer = only_new_key
        log_in()
        async with anyio.create_task_group() as tasks:
            for region in REGIONS[:3]:
                tasks.start_soon(ask, client, region)
    assert len(results) == 9
    assert not any(result.is_error for result in results)


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "InvalidSignatureException"])
async def test_rejected_credentials_can_be_corrected_without_a_restart(
    endpoint: Endpoint, log_in: Callable[[], None], code: str
) -> None:
    endpoint.answer = lambda r: healthy(r) if r.credential[0] == NEW_KEY else api_error(403, code)
    async with Client(build_server(live())) as client:
        failed(await describe(client), "credentials_rejected", "without a restart")
        log_in()
        await assert_good(client)


async def test_credentials_can_be_added_without_a_restart(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in NO_KEYS:
        monkeypatch.delenv(name)
    aws = tmp_path / ".aws"
    async with Client(build_server(live(profile="line-4"))) as client:
        failed(await describe(client), "credentials_missing", "line-4")
        aws.mkdir()
        (aws / "config").write_text("[profile line-4]\n")
        failed(await describe(client), "credentials_missing", "Unable to locate")
        (aws / "credentials").write_text(
            f"[line-4]\naws_access_key_id = {NEW_KEY}\naws_secret_access_key = none\n"
        )
        await assert_good(client)
    assert endpoint.requests[-1].credential[0] == NEW_KEY

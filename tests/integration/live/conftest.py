"""Fixtures of tests about a live endpoint on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from mcp import Client

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.server.app import build_server
from tests.support.api_endpoint import Endpoint, healthy
from tests.support.live import live, use


@pytest.fixture(scope="module")
def running() -> Iterator[Endpoint]:
    """The endpoint of a module, whatever its last test has made of it."""
    with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(running: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """The module's endpoint, healthy and without a past, and the environment that names it."""
    use(running, monkeypatch)
    running.answer = healthy
    running.requests.clear()
    return running


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """An endpoint for one test, which leaves calls behind that end with it."""
    with Endpoint() as endpoint:
        use(endpoint, monkeypatch)
        yield endpoint


@pytest.fixture(scope="module")
def shared() -> Catalog:
    """One catalogue for all tests that are about replies: a boto3 client takes 0.2 s to make."""
    return live()


@pytest.fixture(scope="module")
async def client(shared: Catalog) -> AsyncIterator[Client]:
    """One client too: each looks at every published schema first."""
    async with Client(build_server(shared)) as connected:
        yield connected

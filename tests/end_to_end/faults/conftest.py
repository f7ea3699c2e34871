"""Fixtures of the fault table: an API and an S3 that misbehave, and a log that stays discreet."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest
from mcp import Client

from lfv_mcp.catalog.catalog import Catalog
from tests.support.api_endpoint import Endpoint, healthy
from tests.support.fault_table import ACCOUNT_DATA, DEFAULT, LIMIT, ROWS, Row, connected, objects
from tests.support.live import live, use


@pytest.fixture(autouse=True)
def fast_boto3(boto3_prepared_once: None, without_retry_pauses: None) -> None:
    """What boto3 takes its time for is no part of these tests."""


@pytest.fixture(autouse=True)
def discreet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No test in here leaves a stack trace, a secret or a name in the log at INFO."""
    caplog.set_level(logging.INFO)
    yield
    for record in caplog.get_records("call"):
        assert not (record.exc_info and record.name.startswith("lfv_mcp")), record.getMessage()
        assert not ACCOUNT_DATA.search(record.getMessage()), record.getMessage()


@pytest.fixture(name="row")
def row_of(request: pytest.FixtureRequest) -> Row:
    """What the table says of a test."""
    return ROWS[request.function.__name__]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Endpoint, Endpoint]]:
    """The API and S3; leaving them ends what tests have left hanging."""
    with Endpoint() as api, Endpoint() as s3:
        yield api, s3


@pytest.fixture
def api(running: tuple[Endpoint, Endpoint], monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """The API, healthy and without a past; S3 too."""
    return reset(running, monkeypatch)[0]


@pytest.fixture
def s3(running: tuple[Endpoint, Endpoint], monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """S3, with the evaluation files of `cap-seal`; the API is healthy too."""
    return reset(running, monkeypatch)[1]


def reset(
    running: tuple[Endpoint, Endpoint], monkeypatch: pytest.MonkeyPatch
) -> tuple[Endpoint, Endpoint]:
    api, s3 = running
    use(api, monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.url)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    api.answer, s3.answer = healthy, objects
    api.requests.clear()
    s3.requests.clear()
    return api, s3


@pytest.fixture(scope="module")
def patient() -> Mapping[float, Catalog]:
    """A catalogue by limit for many tests: its clients take longer to make than a call may take
    here."""
    return {limit: live(timeout=limit) for limit in (LIMIT, DEFAULT)}


@pytest.fixture
async def client(patient: Mapping[float, Catalog], api: Endpoint) -> AsyncIterator[Client]:
    """A client whose calls may take LIMIT."""
    async with connected(patient[LIMIT], api) as client:
        yield client


@pytest.fixture
async def unhurried(patient: Mapping[float, Catalog], api: Endpoint) -> AsyncIterator[Client]:
    """One with the limit that users have."""
    async with connected(patient[DEFAULT], api) as client:
        yield client

"""Fixtures for every test: an environment that holds nothing, and a client in both eras."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from mcp import Client

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.server.app import build_server
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from tests.support.background_looks import ended_retries
from tests.support.boto3_speed import (
    count_pauses,
    data_files_parsed_once,
    handlers_registered_fast,
    jitter_of_its_own,
)
from tests.support.schema_speed import schemas_checked_once

# The last: without bytecode, each process that a test starts would compile the package anew.
_SETTINGS = ("AWS_", "BOTO", "FASTMCP_", "LFV_", "PYTHONDONTWRITEBYTECODE")

# No test is about how long an example takes: on a busy machine any of them takes long.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Leave what the collection made out of later garbage collections.

    Thousands of tests and their modules stay to the end. Each full collection would look at all of
    them: half a second for each call of an oracle that collects by itself, as statsmodels does.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home directory without ~/.aws."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Nothing of the developer's shell reaches a test, nor the processes that it starts."""
    for name in os.environ:
        if name.startswith(_SETTINGS):
            monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    # Without credentials boto3 would ask the metadata service, and wait for it.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def mcp_schemas_checked_once() -> Iterator[None]:
    """The SDK's clients check the schema of each result once for all tests of a process."""
    with schemas_checked_once():
        yield


@pytest.fixture(scope="module", params=[pytest.param("auto", id="modern"), "legacy"])
def era(request: pytest.FixtureRequest) -> str:
    """Both protocol eras, as the `mode` of a client."""
    mode: str = request.param
    return mode


@pytest.fixture(scope="session")
def sample() -> Catalog:
    """The catalogue over the bundled sample; it only reads, so all tests share it."""
    return open_catalog(Settings())


@pytest.fixture(scope="module")
async def client(sample: Catalog, era: str) -> AsyncIterator[Client]:
    """A client of a server over the sample, in memory. One for a module: the server keeps no state,
    and a client takes longer to check every schema anew than all questions take."""
    async with Client(build_server(sample), mode=era) as connected:
        yield connected


@pytest.fixture(scope="session", autouse=True)
def boto3_prepared_once() -> Iterator[None]:
    """boto3 parses its data files and looks at its handlers once for all clients of a process."""
    with data_files_parsed_once(), handlers_registered_fast():
        yield


@pytest.fixture(scope="session", autouse=True)
def retries_of_threads_leave_randomness_alone() -> Iterator[None]:
    """A retry in a thread of a test that has ended does not disturb hypothesis in the next one."""
    with jitter_of_its_own():
        yield


@pytest.fixture(scope="session")
def end_retries() -> Iterator[Callable[[], None]]:
    """Ends what the archives of a test try to read again."""
    with ended_retries() as end:
        yield end


@pytest.fixture(autouse=True)
def retries_end_with_their_test(end_retries: Callable[[], None]) -> Iterator[None]:
    """No archive of a test is read while the next one counts requests."""
    yield
    end_retries()


@pytest.fixture
def without_retry_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3's retries as they are; their random sleeps are counted at the longest, not slept."""
    count_pauses(monkeypatch)

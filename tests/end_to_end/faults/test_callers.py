"""The fault table: many callers at one time, callers who give up, and deadlines."""

from __future__ import annotations

import threading

import anyio
import pytest
from mcp import Client

from lfv_mcp.catalog.cache import Cache
from lfv_mcp.catalog.workers import WorkerLimits
from lfv_mcp.errors import ServiceError
from lfv_mcp.server.app import build_server
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from tests.support.api_endpoint import (
    Endpoint,
    Reply,
    healthy,
)
from tests.support.clients import describe
from tests.support.fault_table import (
    DEFAULT,
    MARGIN,
    Row,
    always,
    analyze,
    assert_works,
    code_of,
    healthy_after,
)
from tests.support.live import MAX_CALLS, live

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


def workers() -> int:
    return sum(thread.name.startswith("AnyIO worker") for thread in threading.enumerate())


async def test_callers_who_give_up(api: Endpoint, row: Row) -> None:
    """They are free at once, and the threads that they leave behind are counted."""
    limits = WorkerLimits(max_busy_threads=8)
    before = workers()
    async with Client(build_server(live(timeout=2.0, worker_limits=limits))) as client:
        await assert_works(client, describe)
        api.answer = always(Reply(pause=60))
        for start in range(1, 400, 100):
            begun = len(api.requests)
            with row.in_time():
                async with anyio.create_task_group() as tasks:
                    for version in range(start, start + 100):
                        tasks.start_soon(describe, client, str(version))
                    with anyio.move_on_after(0.3):
                        while len(api.requests) < begun + MAX_CALLS:
                            await anyio.sleep(0.01)
                    tasks.cancel_scope.cancel()
        # Idle ones of before are put to work first, so that it may be fewer that were started.
        assert MAX_CALLS <= workers() <= before + 8 + MAX_CALLS + 8
        api.answer = healthy
        with anyio.fail_after(4.0 + MARGIN):
            while code_of(await describe(client)):  # until what was left behind has timed out
                pass


async def test_a_follower_takes_over(anyio_backend: str, row: Row) -> None:
    """The caller whose question it is gives up: another of those who wait asks it."""
    assert anyio_backend
    memory: Cache[str, int] = Cache(lambda _: 60.0, 5)
    asked: list[str] = []
    answers: list[int] = []
    go_on = anyio.Event()

    async def ask(name: str) -> int:
        asked.append(name)
        await go_on.wait()
        return len(asked)

    async def follow(name: str) -> None:
        answers.append(await memory.get("question", lambda: ask(name)))

    with row.in_time():
        async with anyio.create_task_group() as tasks:
            with anyio.move_on_after(0.05) as leader:
                tasks.start_soon(follow, "second")  # starts after the first has asked
                tasks.start_soon(follow, "third")
                await memory.get("question", lambda: ask("first"))
            assert leader.cancelled_caught
            await anyio.sleep(0.01)
            go_on.set()
    assert asked[0] == "first"
    assert len(asked) == 2
    assert answers == [2, 2]


async def test_200_callers_at_one_time(monkeypatch: pytest.MonkeyPatch, row: Row) -> None:
    """All are answered, over no more connections than are kept."""
    codes: list[str] = []

    async def ask(client: Client, number: int) -> None:
        codes.append(code_of(await describe(client, str(number % 3 + 1))))
        listing = {"project_name": "cap-seal", "max_results": number % 100 + 1}
        codes.append(code_of(await client.call_tool("list_models", listing)))

    with Endpoint(lambda r: healthy_after(r, 0.01)) as api:
        for name, value in api.environment.items():
            monkeypatch.setenv(name, value)
        async with Client(build_server(live(timeout=DEFAULT))) as client:
            with row.in_time(DEFAULT):
                async with anyio.create_task_group() as tasks:
                    for number in range(200):
                        tasks.start_soon(ask, client, number)
    assert codes == [""] * 400
    assert len({r.connection for r in api.requests}) <= MAX_CALLS


async def test_one_deadline_for_a_resource_and_a_prompt(
    api: Endpoint, s3: Endpoint, client: Client, row: Row
) -> None:
    """Several questions make up one answer, and one limit holds for all of them."""
    await assert_works(client, analyze)
    s3.answer = always(Reply(pause=60))
    with row.in_time():
        card = await client.read_resource("lookoutvision://projects/cap-seal/models/3/card")
    assert "EvaluationResult could not be read" in card.model_dump_json()
    api.answer = always(Reply(b"{" * 1000, drip=0.05))
    names = {"project_name": "cap-seal", "baseline": "1", "candidate": "2"}
    with row.in_time():
        prompt = await client.get_prompt("compare_model_versions", names)
    assert prompt.model_dump_json().count("This goes with no record") == 2


async def test_deadlines_inside_each_other(row: Row) -> None:
    catalog = open_catalog(Settings("sample", None, None, 0.5))
    start = anyio.current_time()

    async def answer() -> None:
        with catalog.deadline():
            with pytest.raises(ServiceError), catalog.deadline():
                await anyio.sleep(60)
            assert anyio.current_time() - start < 0.5  # there is time left to answer with less
            await anyio.sleep(60)

    with pytest.raises(ServiceError, match="No answer within") as failed:
        await answer()
    assert failed.value.code in row.codes

"""Whose turn it is: order, limits, and cancellations that do not wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import anyio
import pytest

from lfv_mcp.json_rpc import Refusal
from lfv_mcp.server.request_queue import QueueLimits, RequestQueue

pytestmark = pytest.mark.anyio
REFUSED: Final = Refusal(None, -32700, "no")
PATIENCE: Final = 0.05


def ask(number: object) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call"}


def notice(method: str, **params: object) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params}


def queue(*messages: Mapping[str, Any] | Refusal, **limits: int) -> RequestQueue:
    made = RequestQueue(QueueLimits(**limits))
    for message in messages:
        made.put(message, 100)
    return made


async def taken(given: RequestQueue) -> list[object]:
    """All whose turn it is: ids of requests, methods of notifications, None for a refusal."""
    found: list[object] = []
    with anyio.move_on_after(PATIENCE):
        while True:
            message = (await given.take()).message
            found.append(
                None
                if isinstance(message, Refusal)
                else message.get("id", message.get("method", ""))
            )
    return found


async def test_so_many_run_at_one_time_in_order() -> None:
    given = queue(*(ask(number) for number in range(5)), running=2)
    assert await taken(given) == [0, 1]
    given.settle(1)
    assert await taken(given) == [2]
    given.settle(0)
    given.settle(2)
    assert await taken(given) == [3, 4]


async def test_refusals_take_turns_and_notifications_do_not() -> None:
    given = queue(REFUSED, notice("notifications/initialized"), ask(1), REFUSED, running=2)
    assert await taken(given) == [None, "notifications/initialized", 1]
    given.settle(None)
    assert await taken(given) == [None]


async def test_a_notification_keeps_its_place() -> None:
    given = queue(ask(1), notice("notifications/initialized"), ask(2), running=1)
    assert await taken(given) == [1, "notifications/initialized"]


@pytest.mark.parametrize("spelled", [2, "2"])
async def test_a_cancellation_takes_back_what_waits(spelled: object) -> None:
    given = queue(ask(1), ask(2), ask(3), running=1)
    assert await taken(given) == [1]
    given.put(notice("notifications/cancelled", requestId=spelled), 100)
    given.settle(1)
    assert await taken(given) == [3]


async def test_a_cancellation_of_what_runs_overtakes_what_waits() -> None:
    given = queue(ask(1), ask(2), running=1)
    assert await taken(given) == [1]
    given.put(notice("notifications/cancelled", requestId=1), 100)
    assert await taken(given) == ["notifications/cancelled"]


async def test_two_requests_with_one_id_are_two() -> None:
    given = queue(ask(1), ask(1), ask("1"), running=3)
    assert await taken(given) == [1, 1, "1"]
    for _ in range(3):
        with anyio.move_on_after(PATIENCE) as waiting:
            await given.wait_until_idle()
        assert waiting.cancelled_caught
        given.settle(1)
    await given.wait_until_idle()


async def test_an_answer_to_nothing_changes_nothing() -> None:
    given = queue(ask(1), ask(2), running=1)
    assert await taken(given) == [1]
    given.settle("other")
    given.settle(None)
    assert await taken(given) == []


@pytest.mark.parametrize("limits", [{"held_bytes": 300}, {"waiting": 3}])
async def test_there_is_room_again_once_something_is_answered(limits: dict[str, int]) -> None:
    given = queue(ask(1), ask(2), running=1, **limits)
    assert given.has_room()
    given.put(ask(3), 100)
    assert not given.has_room()
    assert (await given.take()).size == 100
    given.settle(1)
    assert given.has_room()


async def test_what_runs_counts_until_it_is_answered() -> None:
    given = queue(ask(1), ask(2), ask(3), held_bytes=300)
    assert await taken(given) == [1, 2, 3]
    assert not given.has_room()
    given.settle(2)
    assert given.has_room()


async def test_waiting_for_change_ends_with_one_and_without() -> None:
    given = queue(ask(1), running=1)
    settled = given.settled
    await given.wait_for_change(PATIENCE)
    assert given.settled == settled
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(given.wait_for_change, 60)
        await taken(given)
        given.settle(1)
    assert given.settled == settled + 1

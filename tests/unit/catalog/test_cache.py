"""The cache: what is kept, for how long, and how concurrent calls share one request."""

from __future__ import annotations

from collections import Counter

import anyio
import pytest

from lfv_mcp.catalog.cache import Cache, SingleFlight

pytestmark = pytest.mark.anyio


class Loads:
    """Counts the loads of each key; a load gives back its key."""

    def __init__(self, cache: Cache[str, str]) -> None:
        self.counts: Counter[str] = Counter()
        self._cache = cache

    async def get(self, key: str) -> int:
        """How often the key has been loaded, once it has been asked for again."""

        async def load() -> str:
            self.counts[key] += 1
            return key

        assert await self._cache.get(key, load) == key
        return self.counts[key]


async def test_the_longest_unused_goes_first() -> None:
    ask = Loads(Cache(lambda answer: 0.0 if answer == "moving" else 60.0, 3))
    assert [await ask.get(key) for key in "abcabc"] == [1] * 6
    assert [await ask.get("moving") for _ in range(3)] == [1, 2, 3]
    assert await ask.get("a") == 1
    assert await ask.get("d") == 1
    assert [await ask.get(key) for key in "acdb"] == [1, 1, 1, 2]


async def test_an_answer_is_kept_for_its_lifetime_by_the_given_clock() -> None:
    now = 100.0
    ask = Loads(Cache(float, 3, clock=lambda: now))
    assert [await ask.get("5"), await ask.get("7")] == [1, 1]
    now = 104.99
    assert [await ask.get("5"), await ask.get("7")] == [1, 1]
    now = 105.0
    assert [await ask.get("5"), await ask.get("7")] == [2, 1]


async def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    cache: Cache[str, int] = Cache(lambda _: 60.0, 3)
    failures: list[Exception] = []
    loads = 0

    async def fail() -> int:
        nonlocal loads
        loads += 1
        await anyio.sleep(0.01)
        raise ValueError(f"load {loads}")

    async def ask() -> None:
        try:
            await cache.get("key", fail)
        except ValueError as error:
            failures.append(error)

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(ask)
    assert [str(error) for error in failures] == ["load 1"] * 5

    async def work() -> int:
        return 7

    assert await cache.get("key", work) == 7


async def test_single_flight_shares_a_call_and_keeps_nothing() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    calls = 0
    answers: list[int] = []

    async def call() -> int:
        nonlocal calls
        calls += 1
        await anyio.sleep(0.01)
        return calls

    async def ask(key: str) -> None:
        answers.append(await flights.run(key, call))

    async with anyio.create_task_group() as tasks:
        for key in "aaab":
            tasks.start_soon(ask, key)
    assert calls == 2
    assert len(answers) == 4
    assert await flights.run("a", call) == 3


async def test_when_the_leader_is_cancelled_one_of_the_others_calls() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    callers: list[str] = []
    answers: list[str] = []
    go_on = anyio.Event()

    async def ask(name: str) -> None:
        async def call() -> str:
            callers.append(name)
            await go_on.wait()
            return name

        answers.append(await flights.run("key", call))

    async with anyio.create_task_group() as tasks:
        with anyio.move_on_after(0.05) as leader:
            tasks.start_soon(ask, "second")
            tasks.start_soon(ask, "third")
            await ask("first")
        assert leader.cancelled_caught
        await anyio.wait_all_tasks_blocked()
        go_on.set()
    assert callers[0] == "first"
    assert len(callers) == 2
    assert answers == [callers[1]] * 2

"""Worker threads: what a caller who gives up leaves behind, how many run, and deadlines."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from functools import partial

import anyio
import pytest

from lfv_mcp.catalog.workers import WorkerLimits, Workers, gather_in_order, seconds_to_answer
from lfv_mcp.errors import CallerError, ServiceError

pytestmark = pytest.mark.anyio
PATIENCE = 10.0


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Blocking work waits for it; opened at the end, so that no thread outlives its test."""
    event = threading.Event()
    yield event
    event.set()


def running(limits: WorkerLimits, timeout: float = PATIENCE) -> Workers:
    return Workers(timeout, limits)


async def test_work_runs_on_another_thread_and_its_error_comes_back() -> None:
    workers = running(WorkerLimits())
    assert await workers.run(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        await workers.run(lambda: 1 // 0)


async def test_a_caller_who_gives_up_leaves_the_limit_of_calls(gate: threading.Event) -> None:
    workers = running(WorkerLimits(concurrent_calls=1))
    with anyio.fail_after(PATIENCE):
        with anyio.move_on_after(0.05) as scope:
            await workers.run(gate.wait)
        assert scope.cancelled_caught
        assert await workers.run(lambda: "answered") == "answered"  # while that thread still waits


async def test_abandoned_threads_count_towards_the_most_that_may_run(
    gate: threading.Event,
) -> None:
    workers = running(WorkerLimits(max_busy_threads=2, poll_seconds=0.01))
    for _ in range(2):
        with anyio.move_on_after(0.05):
            await workers.run(gate.wait)
    started = threading.Event()
    with anyio.move_on_after(0.1) as scope:
        await workers.run(started.set)
    assert scope.cancelled_caught
    assert not started.is_set()
    gate.set()
    with anyio.fail_after(PATIENCE):
        await workers.run(started.set)
    assert started.is_set()


@pytest.mark.parametrize("most", [1, 3])
async def test_no_more_calls_than_allowed_run_at_one_time(most: int) -> None:
    workers = running(WorkerLimits(concurrent_calls=most))
    lock, now, peak = threading.Lock(), 0, 0
    pause = threading.Event()

    def work() -> None:
        nonlocal now, peak
        with lock:
            now += 1
            peak = max(peak, now)
        pause.wait(0.02)
        with lock:
            now -= 1

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(workers.run, work)
    assert peak == most


async def test_file_reads_do_not_hold_up_calls(gate: threading.Event) -> None:
    workers = running(WorkerLimits(concurrent_calls=1, concurrent_file_reads=1))
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(partial(workers.run, gate.wait, workers.file_reads))
            await anyio.wait_all_tasks_blocked()
            assert workers.file_reads.borrowed_tokens == 1
            assert await workers.run(lambda: 7) == 7
            tasks.cancel_scope.cancel()


async def test_a_deadline_is_an_error_that_names_the_setting() -> None:
    workers = running(WorkerLimits(), timeout=0.05)
    said = r"No answer within 0\.05 seconds"
    with pytest.raises(ServiceError, match=said) as caught, workers.deadline():
        await anyio.sleep(PATIENCE)
    assert caught.value.code == "deadline_exceeded"
    assert "LFV_TIMEOUT" in caught.value.next_step


async def test_the_time_to_answer_ends_before_the_deadline() -> None:
    workers = running(WorkerLimits(), timeout=10.0)
    assert seconds_to_answer() == math.inf
    with workers.deadline():
        assert 8.5 < seconds_to_answer() <= 9.0
        with workers.deadline():  # one inside another ends before it
            assert 7.5 < seconds_to_answer() <= 8.1
        assert 8.5 < seconds_to_answer() <= 9.0
    assert seconds_to_answer() == math.inf


async def test_results_come_in_order_whatever_ends_first() -> None:
    async def after(seconds: float) -> float:
        await anyio.sleep(seconds)
        return seconds

    waits = [0.03, 0.0, 0.01]
    assert await gather_in_order([partial(after, wait) for wait in waits]) == waits


async def test_of_several_failures_the_first_in_order_is_raised() -> None:
    ended: list[str] = []

    async def fail(name: str, seconds: float) -> None:
        await anyio.sleep(seconds)
        ended.append(name)
        raise CallerError("invalid_argument", name, "")

    with pytest.raises(CallerError, match="first"):
        await gather_in_order([partial(fail, "first", 0.02), partial(fail, "second", 0.0)])
    assert ended == ["second", "first"]

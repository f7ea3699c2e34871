"""Runs blocking calls on worker threads, within limits and deadlines."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, TypeVar

import anyio
import anyio.to_thread

from lfv_mcp.errors import LfvError, ServiceError

_T = TypeVar("_T")
_SHARE_OF_TIME: Final = 0.9
"""Of the time that is left: the rest is for making an answer out of what has come by then."""
_deadline_at: Final[ContextVar[float]] = ContextVar("deadline_at", default=math.inf)
"""When the deadline of this task's call is, by anyio's clock.

`anyio.current_effective_deadline()` would also see the deadline of a client in the same process,
so that an answer would be cut short that the server still had time for.
"""


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """How much a catalogue does at one time."""

    concurrent_calls: int = 32
    """Calls towards AWS; its clients keep as many connections open."""
    concurrent_file_reads: int = 16
    """Evaluation files; a number of their own, so that a slow S3 does not hold up the calls."""
    concurrent_projects: int = 8
    """Projects whose models one listing fetches."""
    max_busy_threads: int = 96
    """No further worker starts while this many run. A cancelled call leaves its thread running
    until its network timeout, so that more can be in use than there are concurrent calls."""
    poll_seconds: float = 0.05
    """Between two looks at whether fewer than `max_busy_threads` run."""


class Workers:
    """Runs blocking calls on worker threads, within limits and deadlines.

    boto3 blocks, so every call of it runs on a thread. A thread cannot be stopped: when its caller
    is cancelled or out of time, `run` returns at once and abandons the thread, which ends with its
    own, shorter, network timeouts. An abandoned thread no longer counts towards the limit of
    concurrent calls, because its caller has left; else callers who give up would use the server
    up. It does count towards `max_busy_threads`, so that callers who give up again and again
    cannot start threads without bound. Whoever needs a thread then polls for a free one, because
    an abandoned thread has nobody left whom it could tell that it has ended.

    Args:
        timeout: seconds a whole call may take.
        limits: how much is done at one time.
    """

    def __init__(self, timeout: float, limits: WorkerLimits) -> None:
        self.limits = limits
        self.file_reads = anyio.CapacityLimiter(limits.concurrent_file_reads)
        """For `run`: reads of evaluation files have this limit, instead of that of calls."""
        self._timeout = timeout
        self._calls = anyio.CapacityLimiter(limits.concurrent_calls)
        # anyio's own limit of threads would count the abandoned ones as if they were idle.
        self._unlimited = anyio.CapacityLimiter(math.inf)
        self._busy_threads: set[object] = set()

    async def run(self, work: Callable[[], _T], limiter: anyio.CapacityLimiter | None = None) -> _T:
        """Run blocking work on a thread, which a cancelled caller leaves behind.

        Args:
            work: what to run.
            limiter: instead of the limit of concurrent calls, for example `file_reads`.
        """

        def counted() -> _T:
            me = object()
            self._busy_threads.add(me)
            try:
                return work()
            finally:
                self._busy_threads.discard(me)

        async with limiter or self._calls:
            while len(self._busy_threads) >= self.limits.max_busy_threads:  # noqa: ASYNC110 - see above
                await anyio.sleep(self.limits.poll_seconds)
            return await anyio.to_thread.run_sync(
                counted, abandon_on_cancel=True, limiter=self._unlimited
            )

    @contextmanager
    def deadline(self) -> Generator[None]:
        """One time limit for everything inside; one inside another ends a little before it.

        Raises:
            ServiceError: `deadline_exceeded`.
        """
        seconds = min(self._timeout, seconds_to_answer())
        before = _deadline_at.set(anyio.current_time() + seconds)
        try:
            with anyio.fail_after(seconds):
                yield
        except TimeoutError:
            raise self.deadline_exceeded() from None
        finally:
            _deadline_at.reset(before)

    def deadline_exceeded(self) -> ServiceError:
        """The error of a call whose time has run out."""
        return ServiceError(
            "deadline_exceeded",
            f"No answer within {self._timeout:g} seconds (LFV_TIMEOUT).",
            "Ask again later, or raise LFV_TIMEOUT (--timeout).",
        )


def seconds_to_answer() -> float:
    """Seconds after which to answer with what has come: 90 % of those until the deadline.

    Infinity outside of a deadline.
    """
    return _SHARE_OF_TIME * (_deadline_at.get() - anyio.current_time())


async def gather_in_order(calls: Sequence[Callable[[], Awaitable[_T]]]) -> list[_T]:
    """Await all calls at one time; their results in the order of the calls.

    Raises:
        LfvError: that of the first call in order that failed, once all calls have ended.
    """
    answers: dict[int, _T] = {}
    errors: dict[int, LfvError] = {}

    async def one(slot: int, call: Callable[[], Awaitable[_T]]) -> None:
        try:
            answers[slot] = await call()
        except LfvError as error:
            errors[slot] = error

    async with anyio.create_task_group() as tasks:
        for slot, call in enumerate(calls):
            tasks.start_soon(one, slot, call)
    if errors:
        raise errors[min(errors)]
    return [answers[slot] for slot in range(len(calls))]

"""The event loop that does the asking of a blocking connection, in a thread of its own.

Python ends only when every thread has that is no daemon, and anyio's worker threads are none: they
end with their loop. A connection that nobody closes must hold up neither the end of its program
nor, once it is garbage, a thread; and `atexit` is too late for that, for it comes after the wait.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from contextvars import Context
from typing import Final, NamedTuple, TypeVar

import anyio
from anyio.from_thread import BlockingPortal

_T = TypeVar("_T")

THREAD_NAME: Final = "lfv-mcp"
"""The name of a thread with a loop; that of the one that ends them begins so."""
_NOT_THE_PROGRAMS: Final = (THREAD_NAME, "AnyIO worker thread")
"""How the names of threads begin that only end after a loop does."""


class EndedError(Exception):
    """The loop has been stopped."""


class _Running(NamedTuple):
    portal: BlockingPortal
    loop: asyncio.AbstractEventLoop


class LoopThread:
    """A loop that runs until `close`, until its owner is garbage, or until the program ends.

    Args:
        owner: asks through it; nothing in here keeps it alive.
    """

    def __init__(self, owner: object) -> None:
        self._process = os.getpid()
        self._is_stopping = False
        started: Future[_Running] = Future()
        # A context of its own: that of a notebook's cell says that a loop is running already.
        self._thread = threading.Thread(
            target=Context().run, args=(self._serve, started), name=THREAD_NAME, daemon=True
        )
        self._thread.start()
        self._running = started.result()
        self._owner = weakref.finalize(owner, self.stop_soon)
        self._owner.atexit = False
        _ended_with_the_program().add(self)

    @property
    def is_here(self) -> bool:
        """Whether this process has the thread: a fork takes none along."""
        return self._process == os.getpid()

    def call(self, question: Callable[[], Awaitable[_T]]) -> _T:
        """What the question answers; blocks.

        Raises:
            EndedError: the loop was stopped before it did.
            SystemExit: likewise, with the program, and this thread is a daemon. Python ends such
                a thread a moment later; until then another error would be printed with its
                traceback as the last that a program says which ended well.
        """
        try:
            return self._running.portal.call(question)
        except (CancelledError, RuntimeError):
            if not self._is_stopping:
                raise
            if threading.current_thread().daemon and not threading.main_thread().is_alive():
                raise SystemExit from None
            raise EndedError from None

    def close(self, *, cancel: bool) -> None:
        """Let the loop end, and wait for it.

        Args:
            cancel: do not wait for the questions that other threads are asking.
        """
        self._is_stopping = True
        self._owner.detach()
        with suppress(RuntimeError):  # stopped already
            self._running.portal.call(self._running.portal.stop, cancel)
        self._thread.join()

    def stop_soon(self) -> None:
        """Let the loop end without waiting; in any thread, the collector's call in this one too."""
        self._is_stopping = True
        if self.is_here:
            with suppress(RuntimeError):  # closed already
                self._running.loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        self._stopping = asyncio.ensure_future(self._running.portal.stop(cancel_remaining=True))

    def _serve(self, started: Future[_Running]) -> None:
        async def until_stopped() -> None:
            async with BlockingPortal() as portal:
                started.set_result(_Running(portal, asyncio.get_running_loop()))
                await portal.sleep_until_stopped()

        try:
            anyio.run(until_stopped)
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)
        finally:
            _ended_with_the_program().discard(self)


class _AtEnd:
    """Stops the loops of a process when its program has ended.

    The main thread counts as ended just before Python waits for the others, and threads of the
    program may ask until they have ended too.
    """

    def __init__(self) -> None:
        self.process = os.getpid()
        self._lock = threading.Lock()
        self._loops: set[LoopThread] = set()
        self._watches = False

    def add(self, loop: LoopThread) -> None:
        """Stop it at the end."""
        with self._lock:
            self._loops.add(loop)
            if not self._watches:
                name = f"{THREAD_NAME}-end"
                threading.Thread(target=self._watch, name=name, daemon=True).start()
                self._watches = True

    def discard(self, loop: LoopThread) -> None:
        """It has been stopped."""
        with self._lock:
            self._loops.discard(loop)

    def _watch(self) -> None:
        threading.main_thread().join()
        while asking := _threads_of_the_program():
            asking[0].join()
        with self._lock:
            loops = list(self._loops)
        for loop in loops:
            loop.stop_soon()


def _threads_of_the_program() -> list[threading.Thread]:
    """Those that Python waits for and that no loop has started; without the main one."""
    return [
        thread
        for thread in threading.enumerate()
        if not thread.daemon
        and not thread.name.startswith(_NOT_THE_PROGRAMS)
        and thread is not threading.main_thread()
    ]


_at_end: Final = [_AtEnd()]


def _ended_with_the_program() -> _AtEnd:
    """That of this process: after a fork there is no thread that watches."""
    if _at_end[0].process != os.getpid():
        _at_end[0] = _AtEnd()
    return _at_end[0]

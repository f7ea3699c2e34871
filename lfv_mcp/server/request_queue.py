"""The messages of one client in turn: so many requests run at one time, so many bytes are held."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

import anyio

from lfv_mcp.json_rpc import Refusal, is_request

_REFUSAL_BYTES: Final = 4_096
"""What a message that was not kept counts for, until the answer to it is written."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How much is taken from one client before it reads what it is answered.

    Args:
        running: requests that run, or whose answers wait to be read, at one time.
        waiting: messages read and not yet begun, beyond which no more are read.
        held_bytes: bytes of messages read and not yet answered, beyond which no more are read.
    """

    running: int = 64
    waiting: int = 1_000
    held_bytes: int = 4 << 20


class Entry(NamedTuple):
    """One message: its members, or the answer to one that cannot be passed on.

    Args:
        message: what was read.
        size: its bytes.
    """

    message: Mapping[str, Any] | Refusal
    size: int

    @property
    def is_owed_an_answer(self) -> bool:
        """Whether something is written for it; only such messages wait for their turn."""
        return isinstance(self.message, Refusal) or is_request(self.message)

    @property
    def key(self) -> str:
        """The request's id as text, as which a cancellation may spell it."""
        return "" if isinstance(self.message, Refusal) else str(self.message.get("id"))


class RequestQueue:
    """Messages in the order in which they came, and the requests that are being answered."""

    def __init__(self, limits: QueueLimits) -> None:
        """Begin empty."""
        self._limits = limits
        self._waiting: deque[Entry] = deque()
        self._running: dict[str, list[Entry]] = {}
        self._turns_taken = 0
        self._held_bytes = 0
        self._changed = anyio.Event()
        self.settled = 0
        """How many messages have been dealt with; while it stands still nothing moves."""

    def put(self, message: Mapping[str, Any] | Refusal, size: int) -> None:
        """Put a message at the end; a cancellation takes back what waits, or goes to the front.

        It must not wait itself: what it cancels may be what everything else waits for.
        """
        if isinstance(message, Refusal):
            size = _REFUSAL_BYTES
        entry = Entry(message, size)
        if isinstance(message, Refusal) or message.get("method") != "notifications/cancelled":
            self._waiting.append(entry)
        else:
            params = cast("Mapping[str, object]", message.get("params") or {})
            key = str(params.get("requestId"))
            found = next((e for e in self._waiting if e.is_owed_an_answer and e.key == key), None)
            if found is not None:
                self._waiting.remove(found)
                self._release(found)
                return
            self._waiting.appendleft(entry)
        self._held_bytes += size
        self._notify()

    async def take(self) -> Entry:
        """The next message, once it is its turn."""
        await self._until(self._may_begin)
        entry = self._waiting.popleft()
        if entry.is_owed_an_answer:
            self._turns_taken += 1
            self._running.setdefault(entry.key, []).append(entry)
        else:
            self._release(entry)
        return entry

    def settle(self, request_id: object) -> None:
        """A request is answered, or will never be; None: a message that could not be passed on."""
        key = "" if request_id is None else str(request_id)
        entries = self._running.get(key)
        if not entries:
            return  # an answer to nothing that was asked
        self._release(entries.pop())
        if not entries:
            del self._running[key]
        self._turns_taken -= 1

    def has_room(self) -> bool:
        """Whether more messages may be read."""
        return (
            self._held_bytes < self._limits.held_bytes and len(self._waiting) < self._limits.waiting
        )

    async def wait_for_change(self, seconds: float) -> None:
        """Wait until a message is dealt with, but not longer than that."""
        with anyio.move_on_after(seconds):
            await self._changed.wait()

    async def wait_until_idle(self) -> None:
        """Wait until every request is answered."""
        await self._until(lambda: not self._waiting and not self._turns_taken)

    def drop_waiting(self) -> None:
        """Forget what has not begun."""
        self._waiting.clear()

    def _may_begin(self) -> bool:
        return bool(self._waiting) and (
            not self._waiting[0].is_owed_an_answer or self._turns_taken < self._limits.running
        )

    def _release(self, entry: Entry) -> None:
        self._held_bytes -= entry.size
        self.settled += 1
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await self._changed.wait()

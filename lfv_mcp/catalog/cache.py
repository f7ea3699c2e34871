"""A bounded TTL cache; concurrent calls for the same key share one request."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Final, Generic, TypeVar

import anyio

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

STABLE_STATUSES: Final = ("TRAINED", "TRAINING_FAILED", "HOSTED", "HOSTING_FAILED")
"""Statuses that do not change by themselves, so that a live answer with one may be cached."""


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """How long the catalogue's caches keep an answer, and how many they keep.

    What an archive answers of a model is kept while the records about that model stay the same,
    whatever is set here.
    """

    live_summary_seconds: float = 5.0
    """Of a live DescribeModel with one of `STABLE_STATUSES`; other live answers are never kept."""
    evidence_seconds: float = 10.0
    """Of evaluation files: a host with a threshold slider asks for the same ones many times."""
    completion_seconds: float = 15.0
    """Of a list of models that is reused for completions and resource lists."""
    max_summaries: int = 500
    max_evidence: int = 8
    """Low, because each entry may hold the judgements of a hundred thousand images."""
    max_completion_lists: int = 500


class _Flight(Generic[V]):
    """One call under way, and the event that ends the wait of everybody who shares it."""

    def __init__(self) -> None:
        self.done = anyio.Event()
        self.answers: list[V] = []
        self.error: Exception | None = None


class SingleFlight(Generic[K, V]):
    """Shares one call between all callers that want the same key at the same time.

    Nothing is kept after the call: the next caller makes a new one.
    """

    def __init__(self) -> None:
        self._flights: dict[K, _Flight[V]] = {}

    async def run(self, key: K, call: Callable[[], Awaitable[V]]) -> V:
        """The result of the call under way for `key`, or of `call` if there is none.

        If the caller that makes the call is cancelled, one of those who wait for it makes its own.

        Raises:
            Exception: whatever the call raises, in every caller that shares it.
        """
        while (flight := self._flights.get(key)) is not None:
            await flight.done.wait()
            if flight.error is not None:
                raise flight.error
            if flight.answers:
                return flight.answers[0]
        return await self._lead(key, call)

    async def _lead(self, key: K, call: Callable[[], Awaitable[V]]) -> V:
        flight = self._flights[key] = _Flight[V]()
        try:
            answer = await call()
        except Exception as error:
            flight.error = error
            raise
        else:
            flight.answers.append(answer)
            return answer
        finally:
            del self._flights[key]
            flight.done.set()


class Cache(Generic[K, V]):
    """A bounded TTL cache; concurrent calls for the same key share one request.

    Args:
        lifetime: seconds for which an answer is kept; 0 for an answer that is not kept.
        size: answers kept at most; the least recently used one is dropped first.
        clock: seconds, as `time.monotonic` counts them.
    """

    def __init__(
        self,
        lifetime: Callable[[V], float],
        size: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lifetime = lifetime
        self._size = size
        self._clock = clock
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._flights: SingleFlight[K, V] = SingleFlight()

    async def get(self, key: K, load: Callable[[], Awaitable[V]]) -> V:
        """The cached answer for `key`, or that of `load`.

        Raises:
            Exception: whatever `load` raises, in every caller that waits for it. It is not cached.
        """
        entry = self._fresh_entry(key)
        if entry is not None:
            return entry[1]
        return await self._flights.run(key, partial(self._load, key, load))

    async def _load(self, key: K, load: Callable[[], Awaitable[V]]) -> V:
        # A caller that waited for a cancelled call may come here after another one's has ended.
        entry = self._fresh_entry(key)
        if entry is not None:
            return entry[1]
        answer = await load()
        self._keep(key, answer)
        return answer

    def _fresh_entry(self, key: K) -> tuple[float, V] | None:
        entry = self._entries.get(key)
        if entry is None or self._clock() >= entry[0]:
            return None
        self._entries.move_to_end(key)
        return entry

    def _keep(self, key: K, answer: V) -> None:
        seconds = self._lifetime(answer)
        self._entries.pop(key, None)
        if seconds <= 0:
            return
        self._entries[key] = (self._clock() + seconds, answer)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

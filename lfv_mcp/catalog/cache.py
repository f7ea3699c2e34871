"""Never ask twice: answers that are still good, and questions that are already being asked."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import anyio

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Flight(Generic[V]):
    """One question under way, and everybody who waits for its answer."""

    def __init__(self) -> None:
        self.done = anyio.Event()
        self.answers: list[V] = []
        self.error: Exception | None = None


class Cache(Generic[K, V]):
    """A bounded cache with single flight.

    Args:
        lifetime: seconds for which an answer is good; 0 for one that is never kept.
        size: answers kept at most; the longest unused goes first.
    """

    def __init__(self, lifetime: Callable[[V], float], size: int) -> None:
        self._lifetime = lifetime
        self._size = size
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._flights: dict[K, _Flight[V]] = {}

    async def get(self, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        """The kept answer, or that of a call under way, or a new one.

        A failure reaches everybody who waits for it and is not kept. If the caller whose
        call it is gives up, one of the others takes its place.
        """
        while True:
            kept = self._kept.get(key)
            if kept is not None and time.monotonic() < kept[0]:
                self._kept.move_to_end(key)
                return kept[1]
            flight = self._flights.get(key)
            if flight is None:
                return await self._ask(key, ask)
            await flight.done.wait()
            if flight.error is not None:
                raise flight.error
            if flight.answers:
                return flight.answers[0]

    async def _ask(self, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        flight = self._flights[key] = _Flight[V]()
        try:
            answer = await ask()
        except Exception as error:
            flight.error = error
            raise
        else:
            flight.answers.append(answer)
            self._keep(key, answer)
            return answer
        finally:
            del self._flights[key]
            flight.done.set()

    def _keep(self, key: K, answer: V) -> None:
        seconds = self._lifetime(answer)
        self._kept.pop(key, None)
        if seconds <= 0:
            return
        self._kept[key] = (time.monotonic() + seconds, answer)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)

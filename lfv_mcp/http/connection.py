"""One client connection of the HTTP server, with a cap on their number and a timer for heads."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from lfv_mcp.http.settings import DEFAULT_LIMITS, HttpLimits

_TOO_MANY_CONNECTIONS: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
    b"Content-Length: 0\r\n\r\n"
)


HANG_UP: Final = "lfv_mcp.hang_up"
"""Key in a request's ASGI state: a function that closes the connection without an answer."""


class Connection(H11Protocol):
    """uvicorn's HTTP/1.1 connection, closed if there are too many or a request's head is too slow.

    uvicorn has no timer for a head that never arrives: without this one, clients that send half a
    head keep their connections for ever.
    """

    limits: ClassVar[HttpLimits] = DEFAULT_LIMITS
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection, or answer 503 and close it if there are too many."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, HANG_UP: transport.abort}
        if len(self.connections) > self.limits.max_connections:
            transport.write(_TOO_MANY_CONNECTIONS)
            transport.close()
        else:
            self._start_head_timer()

    def data_received(self, data: bytes) -> None:
        """Take received bytes; the timer runs while a head is incomplete."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_head_timer()
        elif self._head_timer is None:
            self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer of a closed connection."""
        self._stop_head_timer()
        super().connection_lost(exc)

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(self.limits.head_seconds, self.transport.close)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def connection_class(limits: HttpLimits) -> type[Connection]:
    """The connection class with these limits; uvicorn makes the instances itself."""
    return type("LimitedConnection", (Connection,), {"limits": limits})

"""One client connection of the HTTP server, with caps on their number and a timer for heads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from lfv_mcp.http.settings import DEFAULT_LIMITS, HttpLimits

if TYPE_CHECKING:
    from lfv_mcp.http.observation import Observer

RESERVED: Final = "lfv_mcp.reserved"
"""Key of a request's ASGI state: it came on a connection beyond the cap."""
_TOO_MANY_CONNECTIONS: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
    b"Content-Length: 0\r\n\r\n"
)
HANG_UP: Final = "lfv_mcp.hang_up"
"""Key in a request's ASGI state: a function that closes the connection without an answer."""


class ConnectionPool:
    """The open connections of one server: those within the cap, and a reserve beyond it.

    Without the reserve a flood of slow clients would keep a load balancer's probes out too, and the
    balancer would restart a server that works.

    Args:
        limits: how many there may be of each.
        observers: are told why a connection got no answer from the application: `connections` (too
            many), `slow_head` or `malformed_head`.
    """

    def __init__(
        self, limits: HttpLimits = DEFAULT_LIMITS, observers: Sequence[Observer] = ()
    ) -> None:
        self.limits = limits
        self._observers = observers
        self._open: set[Connection] = set()
        self._reserved: dict[Connection, None] = {}  # the oldest first

    @property
    def open_connections(self) -> int:
        """The connections within the cap."""
        return len(self._open)

    def admit(self, connection: Connection) -> bool:
        """Take in a new connection; False if it belongs to the reserve, whose oldest gives way."""
        if len(self._open) < self.limits.max_connections:
            self._open.add(connection)
            return True
        if len(self._reserved) >= self.limits.max_reserved:
            next(iter(self._reserved)).turn_away()
        self._reserved[connection] = None
        return False

    def forget(self, connection: Connection) -> None:
        """A connection has been closed."""
        self._open.discard(connection)
        self._reserved.pop(connection, None)

    def count_refusal(self, reason: str) -> None:
        """Tell the observers that a connection was refused."""
        for observer in self._observers:
            observer.connection_refused(reason)


class Connection(H11Protocol):
    """uvicorn's HTTP/1.1 connection in a pool, closed if a request's head is too slow.

    uvicorn has no timer for a head that never arrives: without this one, clients that send half a
    head keep their connections for ever.
    """

    pool: ClassVar[ConnectionPool]
    _timer: asyncio.TimerHandle | None = None
    _is_reserved = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take in the connection; beyond the cap, for a short time and for probes alone."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, HANG_UP: transport.abort}
        limits = self.pool.limits
        if self.pool.admit(self):
            self._timer = self.loop.call_later(limits.head_seconds, self._close_slow)
        else:
            self._is_reserved = True
            self.app_state = {**self.app_state, RESERVED: True}
            self._timer = self.loop.call_later(limits.reserved_seconds, self.turn_away)

    def data_received(self, data: bytes) -> None:
        """Take received bytes; the timer runs while a head is incomplete."""
        super().data_received(data)
        if self._is_reserved:  # its timer runs until it is closed
            return
        if self.conn.their_state is not h11.IDLE:
            self._stop_timer()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.pool.limits.head_seconds, self._close_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer of a closed connection."""
        self._stop_timer()
        self.pool.forget(self)
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse a head that is no HTTP."""
        self.pool.count_refusal("malformed_head")
        super().send_400_response(msg)

    def turn_away(self) -> None:
        """Answer 503 to a connection of the reserve, unless an answer has begun, and close it."""
        self.pool.forget(self)
        if self.transport.is_closing():
            return
        if not getattr(self.cycle, "response_started", False):  # None before the first request
            self.pool.count_refusal("connections")
            self.transport.write(_TOO_MANY_CONNECTIONS)
        self.transport.close()

    def _close_slow(self) -> None:
        self.pool.count_refusal("slow_head")
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def connection_class(pool: ConnectionPool) -> type[Connection]:
    """The class of connections in this pool; uvicorn makes the instances itself."""
    return type("PooledConnection", (Connection,), {"pool": pool})

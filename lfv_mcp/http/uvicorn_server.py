"""uvicorn as both HTTP servers run it: one base configuration, and what is done at its ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

import uvicorn

from lfv_mcp.http.descriptors import warn_instead_of_tracebacks

if TYPE_CHECKING:
    from starlette.types import ASGIApp

ACCEPTED_AT_ONCE: Final = 8
"""Connections that one turn of the event loop accepts. Each takes a descriptor before anybody can
look whether there are too many: with uvicorn's 2,048 a burst uses up all that macOS allows."""
BACKLOG: Final = 2048
"""Connections that the system keeps until they are accepted."""


class ReadyServer(uvicorn.Server):
    """A uvicorn server that calls `ready` once it accepts connections, and `ended` at its end."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        ended: Callable[[], None] | None = None,
    ) -> None:
        """Make a server that does not run yet."""
        super().__init__(config)
        self._ready = ready
        self._ended = ended

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections, and say so."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(warn_instead_of_tracebacks(loop))
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(BACKLOG)  # asyncio has made it as long as what it accepts at once
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let running requests end, within their time."""
        await super().shutdown(sockets)
        # Here and not after `run`: that ends in the handlers of signals, which end the process.
        if self._ended is not None:
            self._ended()


def base_config(
    app: ASGIApp,
    *,
    protocol: type[asyncio.Protocol] | Literal["h11"],
    lifespan: Literal["on", "off"],
    max_head_bytes: int,
    keep_alive_seconds: int,
    shutdown_seconds: int,
    date_header: bool = True,
) -> uvicorn.Config:
    """The configuration that both HTTP servers share, with the values in which they differ."""
    return uvicorn.Config(
        app,
        # Named, not found: the same parser and loop whatever else is installed.
        http=protocol,
        loop="asyncio",
        ws="none",
        lifespan=lifespan,
        log_config=None,  # the root logger writes to stderr; stdout belongs to the command
        access_log=False,  # a URL is the caller's text, and may hold a token; see access_log.py
        proxy_headers=False,
        server_header=False,
        date_header=date_header,
        backlog=ACCEPTED_AT_ONCE,
        h11_max_incomplete_event_size=max_head_bytes,
        timeout_keep_alive=keep_alive_seconds,
        timeout_graceful_shutdown=shutdown_seconds,
    )


def run(
    config: uvicorn.Config,
    listener: socket.socket,
    ready: Callable[[], None],
    ended: Callable[[], None] | None = None,
) -> None:
    """Serve on a listening socket until SIGINT or SIGTERM; `ready` is called once it listens.

    `ended` is called once running requests have ended. Both signals then reach the handlers that
    were in force before.
    """
    ReadyServer(config, ready, ended).run(sockets=[listener])

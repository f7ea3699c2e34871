"""uvicorn as both HTTP servers run it: one base configuration, and a call once it listens."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class ReadyServer(uvicorn.Server):
    """A uvicorn server that calls `ready` once it accepts connections."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        """Make a server that does not run yet."""
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections, and say so."""
        await super().startup(sockets)
        self._ready()


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
        access_log=False,  # a URL is the caller's text, and may hold a token
        proxy_headers=False,
        server_header=False,
        date_header=date_header,
        h11_max_incomplete_event_size=max_head_bytes,
        timeout_keep_alive=keep_alive_seconds,
        timeout_graceful_shutdown=shutdown_seconds,
    )


def run(config: uvicorn.Config, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve on a listening socket until SIGINT or SIGTERM; `ready` is called once it listens.

    Both signals then reach the handlers that were in force before.
    """
    ReadyServer(config, ready).run(sockets=[listener])

"""ASGI middlewares in front of the SDK: request limits, the shutdown reply, normalised headers."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

import anyio
from starlette.responses import PlainTextResponse, Response

from lfv_mcp.http.connection import HANG_UP
from lfv_mcp.http.paths import MCP, METRICS
from lfv_mcp.http.sdk_adjustments import HEADER_LOGGER
from lfv_mcp.http.settings import HOST_PATTERN, ORIGIN_PATTERN, HttpLimits

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The SDK's own, so that whoever watches for refused headers finds all of them in one place.
_header_logger = logging.getLogger(HEADER_LOGGER)


class ShutdownReply:
    """ASGI middleware: answers 503 to a request that the end of a shutdown cuts off.

    Without this the cancellation is a traceback in the log, and the client gets no answer. An
    answer that has begun is broken off, so that nobody takes it for a whole one.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def noting_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noting_start)
        except asyncio.CancelledError:  # uvicorn cancels requests only at the end of a shutdown
            if not started:
                await _refusal(503, "The server is being shut down.")(scope, receive, send)
            elif hang_up := scope.get("state", {}).get(HANG_UP):
                hang_up()
                # uvicorn logs an error for an answer that is not whole, unless it has seen before
                # that the connection is closed.
                while (await receive())["type"] != "http.disconnect":
                    pass


class RequestLimits:
    """ASGI middleware: reads the whole body first, and refuses one that is too large (413), too
    slow (408) or has an oversized head (431).

    A client that hangs up before its request is complete gets no answer; passed on, such a request
    would be a traceback in the log.
    """

    def __init__(self, app: ASGIApp, limits: HttpLimits) -> None:
        """Wrap an application."""
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        with anyio.move_on_after(self._limits.body_seconds) as reading:
            if not await self._read(receive, body):
                return
        head_bytes = sum(len(name) + len(value) for name, value in scope["headers"])
        if head_bytes > self._limits.max_head_bytes:
            await _refusal(431, "The head is too large.")(scope, receive, send)
        elif len(body) > self._limits.max_body_bytes:
            await _refusal(413, "The request is too large.")(scope, receive, send)
        elif reading.cancelled_caught:
            await _refusal(408, "The request took too long.")(scope, receive, send)
        else:
            unread: list[Message] = [{"type": "http.request", "body": bytes(body)}]

            async def receive_again() -> Message:
                return unread.pop() if unread else await receive()

            await self._app(scope, receive_again, send)

    async def _read(self, receive: Receive, body: bytearray) -> bool:
        """Read a request's body to its end; false if the client hung up before.

        Of a body that is too large the rest is read and dropped, because many clients look for no
        answer before they have sent everything.
        """
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            if len(body) <= self._limits.max_body_bytes:
                body += message.get("body", b"")
            if not message.get("more_body"):
                return True


_REFUSALS: Final = {
    b"host": (HOST_PATTERN, 421, "Invalid Host header"),
    b"origin": (ORIGIN_PATTERN, 403, "Invalid Origin header"),
}
"""Per header: what a well-formed value looks like, and what the SDK answers to one it refuses."""


class HeaderNormaliser:
    """ASGI middleware: puts Host and Origin in lower case, and refuses malformed ones (421, 403).

    The SDK compares both headers as text, so `LOCALHOST` would be refused without this. It also
    accepts any text after the colon of a host whose port is free, so `localhost:80@evil.example`
    would be accepted.
    """

    def __init__(self, app: ASGIApp, *, refuses: bool) -> None:
        """Wrap an application.

        Args:
            app: the application.
            refuses: False where Host and Origin are not checked at all; else malformed ones are
                refused where they are checked, for the protocol and for metrics.
        """
        self._app = app
        self._refuses = refuses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        checked = (scope["path"], scope["method"]) == (MCP, "POST") or scope["path"] == METRICS
        refuses = self._refuses and checked
        headers: list[tuple[bytes, bytes]] = []
        for name, value in scope["headers"]:
            if name not in _REFUSALS:
                headers.append((name, value))
                continue
            pattern, status, text = _REFUSALS[name]
            normal = value.decode("latin-1").lower()
            if refuses and not pattern.fullmatch(normal):
                _header_logger.warning(text)  # never the value: it is the caller's text
                await Response(text, status)(scope, receive, send)
                return
            headers.append((name, normal.encode("latin-1")))
        await self._app({**scope, "headers": headers}, receive, send)


def _refusal(status: int, text: str) -> PlainTextResponse:
    return PlainTextResponse(text, status, {"Connection": "close"})

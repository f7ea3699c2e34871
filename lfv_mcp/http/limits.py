"""http.limits."""

from __future__ import annotations

import asyncio
from itertools import chain
from typing import TYPE_CHECKING, Final

import anyio
from starlette.responses import PlainTextResponse

from lfv_mcp.http.settings import HOST_PATTERN, ORIGIN_PATTERN

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


BODY_LIMIT: Final = 256 * 1024
"""Bytes of a request's body; the longest question that makes sense has 5 kB."""
BODY_SECONDS: Final = 10.0
"""Seconds that it may take to come in."""
HEAD_LIMIT: Final = 64 * 1024
"""Bytes of a request's head; tokens with many groups in them are long."""


class RequestLimits:
    """Before everything else: a request comes whole and soon, or not at all.

    Without this a client that hangs up, or a shutdown that cuts a call off, is a traceback.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        scope = {**scope, "headers": [*map(_plain, scope["headers"])]}
        body = bytearray()
        try:
            with anyio.move_on_after(BODY_SECONDS) as reading:
                if not await _read(receive, body):
                    return
            if sum(map(len, chain(*scope["headers"]))) > HEAD_LIMIT:
                await _refusal(431, "The head is too large.")(scope, receive, sending)
            elif len(body) > BODY_LIMIT:
                await _refusal(413, "The request is too large.")(scope, receive, sending)
            elif reading.cancelled_caught:
                await _refusal(408, "The request took too long.")(scope, receive, sending)
            else:
                waiting: list[Message] = [{"type": "http.request", "body": bytes(body)}]

                async def again() -> Message:
                    return waiting.pop() if waiting else await receive()

                await self._app(scope, again, sending)
        except asyncio.CancelledError:  # the grace of a shutdown is over, and nothing else
            if not started:
                await _refusal(503, "The server is being shut down.")(scope, receive, send)


def _plain(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Host and Origin as they are compared: in small letters, and one that is none as nothing."""
    name, value = header
    pattern = {b"host": HOST_PATTERN, b"origin": ORIGIN_PATTERN}.get(name)
    if pattern is None:
        return header
    text = value.decode("latin-1").lower()
    return name, text.encode() if pattern.fullmatch(text) else b"malformed"


async def _read(receive: Receive, body: bytearray) -> bool:
    """Read a request to its end; false if the client left before.

    What is too much is dropped, but read: many clients look for no answer before they are done.
    """
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return False
        if len(body) <= BODY_LIMIT:
            body += message.get("body", b"")
        if not message.get("more_body"):
            return True


def _refusal(status: int, text: str) -> PlainTextResponse:
    return PlainTextResponse(text, status, {"Connection": "close"})

"""ASGI layer in front of the SDK's protocol: answers what is no JSON-RPC message in plain words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from lfv_mcp.json_rpc import INVALID_REQUEST, Refusal, read_message

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NO_MESSAGE: Final = Refusal(
    None, INVALID_REQUEST, "The body is one JSON-RPC request, notification or response."
)


class MessageReader:
    """ASGI middleware: passes on a body that is one JSON-RPC message, mended where it can be.

    Without this the SDK answers in its libraries' words, and not to the request's id, to what they
    cannot read: half an emoji, numbers of thousands of digits, lists deep within each other.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        more = True
        while more:
            part = await receive()
            if part["type"] == "http.disconnect":
                return
            body += part.get("body", b"")
            more = part.get("more_body", False)
        message = read_message(bytes(body)) or _NO_MESSAGE
        if isinstance(message, Refusal):
            answer = Response(message.to_bytes(), 400, media_type="application/json")
            await answer(scope, receive, send)
            return
        data = json.dumps(message, separators=(",", ":")).encode()
        unread: list[Message] = [{"type": "http.request", "body": data}]

        async def receive_again() -> Message:
            return unread.pop() if unread else await receive()

        await self._app(_with_length(scope, len(data)), receive_again, send)


def _with_length(scope: Scope, length: int) -> Scope:
    """The scope of a request whose body has another length than it was sent with."""
    headers = [(k, v) for k, v in scope["headers"] if k != b"content-length"]
    return {**scope, "headers": [*headers, (b"content-length", str(length).encode())]}

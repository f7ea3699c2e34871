"""`/healthz` and `/readyz`: small answers for whoever starts, stops and balances servers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from lfv_mcp.catalog.readiness import SourceState
from lfv_mcp.http.connection import RESERVED
from lfv_mcp.http.paths import HEALTH, PROBES, READY

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

RETRY_SECONDS: Final = (1, 5, 60)
"""What `Retry-After` says while the server is not ready: at least, usually, and at most."""
_NO_STORE: Final = {"Cache-Control": "no-store"}


def probe_routes(source: Callable[[], SourceState]) -> Iterator[Route]:
    """The routes of both probes; `source` says what is in memory, and must not wait."""

    async def is_healthy(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def is_ready(_: Request) -> Response:
        state = source()
        answer: dict[str, bool | float] = {"ready": state.is_ready}
        if state.index_age is not None:
            answer["index_age_seconds"] = round(state.index_age, 1)
        if state.is_ready:
            return JSONResponse(answer, headers=_NO_STORE)
        least, usual, most = RETRY_SECONDS
        left = usual if state.seconds_left is None else math.ceil(state.seconds_left)
        retry = str(max(least, min(left, most)))
        return JSONResponse(answer, 503, _NO_STORE | {"Retry-After": retry})

    yield Route(HEALTH, is_healthy)
    yield Route(READY, is_ready)


class ProbesOnly:
    """ASGI middleware: answers probes alone on a connection beyond the cap; 503 for the rest."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not scope.get("state", {}).get(RESERVED):
            await self._app(scope, receive, send)
            return

        async def closing_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        if scope["path"] in PROBES and scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, closing_send)
        else:
            refusal = Response(status_code=503, headers={"Retry-After": "1"})
            await refusal(scope, receive, closing_send)

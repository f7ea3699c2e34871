"""The archive's API replay over HTTP, for old scripts and old AWS CLIs.

Callers are not authenticated: a request's signature only tells whose resources are meant. So only
this machine may connect, unless the operator says otherwise.
"""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import uuid4

import anyio.to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lfv_mcp.archive.replay import Replay
from lfv_mcp.archive.wire import api_error_reply
from lfv_mcp.aws.transport import Reply
from lfv_mcp.errors import LfvError
from lfv_mcp.http import uvicorn_server
from lfv_mcp.http.listener import is_loopback
from lfv_mcp.identifiers import AccountScope

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class ReplayLimits:
    """How much, and for how long, the replay takes from its clients.

    Args:
        max_body_bytes: bytes of a refused write that are read and dropped; the largest write of
            the API was an image of 8 MB.
        body_seconds: seconds in which a body has to arrive.
        max_head_bytes: bytes of a request's head, so many that even a URL longer than any of the
            API gets the API's error.
    """

    max_body_bytes: int = 16 * 1024 * 1024
    body_seconds: float = 5.0
    max_head_bytes: int = 1024 * 1024


DEFAULT_LIMITS: Final = ReplayLimits()
"""The limits of a replay that is not told others."""
_CREDENTIAL: Final = re.compile(
    r"\bCredential=([^/,\s]{1,128})/\d{8}/([a-z0-9-]{1,32})/lookoutvision/aws4_request"
)
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
logger = logging.getLogger(__name__)


def scope_of(authorization: str) -> AccountScope:
    """Region and account that a SigV4 signature names; the account if the key id is 12 digits."""
    found = _CREDENTIAL.search(authorization)
    if found is None:
        return AccountScope()
    key_id, region = found.groups()
    return AccountScope(region, key_id if _ACCOUNT.fullmatch(key_id) else "")


class ReplayApp:
    """ASGI application: one replay as an HTTP endpoint that speaks the Lookout for Vision API."""

    def __init__(
        self,
        replay: Replay,
        hosts: frozenset[str] | None,
        limits: ReplayLimits = DEFAULT_LIMITS,
    ) -> None:
        """Serve a replay.

        Args:
            replay: answers the requests.
            hosts: the names that a Host header may have, beside loopback addresses; None for any
                name. A web page can point a name of its own at 127.0.0.1, but the browser then
                sends that name as Host.
            limits: on a request's body.
        """
        self._replay = replay
        self._hosts = hosts
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        request_id = str(uuid4())
        try:
            body_read = await self._drain_body(request)
        except ClientDisconnect:
            return
        try:
            reply = await self._reply(request)
        except LfvError as error:  # the archive itself is gone
            logger.error("%s %s", request_id, error)  # noqa: TRY400 - designed, so no traceback
            reply = api_error_reply(500, "InternalServerException", error.message)
        except Exception:
            logger.exception("request %s", request_id)
            reply = api_error_reply(
                500, "InternalServerException", f"See the log for {request_id}."
            )
        logger.info("%s %.200s %d %s", request.method, scope["raw_path"], reply.status, request_id)
        headers = {**reply.headers, "x-amzn-requestid": request_id}
        if not body_read:
            headers["connection"] = "close"  # what is left of the body is no request
        await Response(reply.body, reply.status, headers)(scope, receive, send)

    async def _reply(self, request: Request) -> Reply:
        if self._hosts is not None and not _is_allowed(
            request.headers.get("host", ""), self._hosts
        ):
            return api_error_reply(
                403, "AccessDeniedException", "The Host header does not name this machine."
            )
        method = "GET" if request.method == "HEAD" else request.method
        # The path as it was sent: unquoting tells a slash from a %2F no more.
        path, query = request.scope["raw_path"], request.scope["query_string"]
        url = f"http://archive{path.decode('latin-1')}?{query.decode('latin-1')}"
        whose = scope_of(request.headers.get("authorization", ""))
        return await anyio.to_thread.run_sync(
            self._replay.answer, method, url, whose, abandon_on_cancel=True
        )

    async def _drain_body(self, request: Request) -> bool:
        """Read the body, so that the client gets to read the answer; False if it is too much."""
        size = 0
        with anyio.move_on_after(self._limits.body_seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > self._limits.max_body_bytes:
                    return False
            return True
        return False


def _is_allowed(host: str, hosts: frozenset[str]) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name in hosts or ip_address(name).is_loopback
    except ValueError:
        return False


def serve_replay(
    replay: Replay, listener: socket.socket, host: str, ready: Callable[[], None]
) -> None:
    """Answer on a listening socket until SIGINT or SIGTERM; `ready` is called once it listens.

    Both signals then reach the handlers that were in force before.
    """
    hosts = frozenset({"localhost", host.lower()}) if is_loopback(listener) else None
    config = uvicorn_server.base_config(
        ReplayApp(replay, hosts),
        protocol="h11",
        lifespan="off",
        max_head_bytes=DEFAULT_LIMITS.max_head_bytes,
        keep_alive_seconds=60,
        shutdown_seconds=1,
        date_header=False,  # every reply has its own
    )
    uvicorn_server.run(config, listener, ready)

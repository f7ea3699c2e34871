"""The replay behind a socket: old scripts and old AWS CLIs ask an archive over HTTP.

Nothing is authenticated. The signature is read for whose resources are meant, never checked,
so only this machine may connect unless the operator says otherwise.
"""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import uuid4

import anyio.to_thread
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lfv_mcp.archive.replay import Replay
from lfv_mcp.archive.wire import api_error_reply
from lfv_mcp.aws.transport import Reply
from lfv_mcp.errors import LfvError
from lfv_mcp.identifiers import AccountScope

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


BODY_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of a refused write that are read and dropped; the largest was an image of 8 MB."""
BODY_SECONDS: Final = 5.0
"""Seconds that a body may take."""
_HEAD_LIMIT: Final = 1024 * 1024
"""Bytes of a request's head; a longer URL than any of the API still gets the API's error."""
_CREDENTIAL: Final = re.compile(
    r"\bCredential=([^/,\s]{1,128})/\d{8}/([a-z0-9-]{1,32})/lookoutvision/aws4_request"
)
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
_log: Final = logging.getLogger(__name__)


def scope_of(authorization: str) -> AccountScope:
    """Whose resources a SigV4 signature asks for; an access key id of 12 digits is an account."""
    found = _CREDENTIAL.search(authorization)
    if found is None:
        return AccountScope()
    key_id, region = found.groups()
    return AccountScope(region, key_id if _ACCOUNT.fullmatch(key_id) else "")


class ReplayApp:
    """An ASGI application: one replay as an HTTP endpoint.

    Args:
        replay: what answers.
        hosts: names this endpoint goes by, beside loopback addresses; None for any name.
            A web page can point a name of its own at 127.0.0.1, but not send another Host.
    """

    def __init__(self, replay: Replay, hosts: frozenset[str] | None) -> None:
        self._replay = replay
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        request_id = str(uuid4())
        try:
            read = await _drained(request)
        except ClientDisconnect:
            return
        try:
            reply = await self._reply(request)
        except LfvError as error:  # the archive itself is gone
            _log.error("%s %s", request_id, error)
            reply = api_error_reply(500, "InternalServerException", error.message)
        except Exception:
            _log.exception("request %s", request_id)
            reply = api_error_reply(
                500, "InternalServerException", f"See the log for {request_id}."
            )
        _log.info("%s %.200s %d %s", request.method, scope["raw_path"], reply.status, request_id)
        headers = {**reply.headers, "x-amzn-requestid": request_id}
        if not read:
            headers["connection"] = "close"  # what is left of the body is no request
        await Response(reply.body, reply.status, headers)(scope, receive, send)

    async def _reply(self, request: Request) -> Reply:
        if self._hosts is not None and not _is_known(request.headers.get("host", ""), self._hosts):
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


async def _drained(request: Request) -> bool:
    """Read the body, so that the client gets to read the answer; False if it is too much."""
    size = 0
    with anyio.move_on_after(BODY_SECONDS):
        async for chunk in request.stream():
            size += len(chunk)
            if size > BODY_LIMIT:
                return False
        return True
    return False


def _is_known(host: str, hosts: frozenset[str]) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name in hosts or ip_address(name).is_loopback
    except ValueError:
        return False


def serve_replay(
    replay: Replay, listener: socket.socket, host: str, ready: Callable[[], None]
) -> None:
    """Answer on a listening socket until SIGINT or SIGTERM; `ready` is called once it does.

    Both signals then reach the handlers that were in force before.
    """
    local = ip_address(listener.getsockname()[0]).is_loopback
    hosts = frozenset({"localhost", host.lower()}) if local else None

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

    config = uvicorn.Config(
        ReplayApp(replay, hosts),
        # Named, not found: the same parser and loop whatever else is installed.
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,  # the root logger writes to stderr; stdout is the URL's
        access_log=False,  # it has whole URLs, and not the request's id
        server_header=False,
        date_header=False,  # every reply has its own
        h11_max_incomplete_event_size=_HEAD_LIMIT,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )
    Server(config).run(sockets=[listener])

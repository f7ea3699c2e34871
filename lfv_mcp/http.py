"""MCP over HTTP: the SDK's application and uvicorn, with the checks that the place calls for.

Nothing is kept between two requests, so any replica can answer any of them.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import chain
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import anyio
import h11
import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from sse_starlette.sse import AppStatus
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from lfv_mcp.auth import Challenge, JwtVerifier, Policy, is_private_url
from lfv_mcp.replay_http import listen, url_of

if TYPE_CHECKING:
    import socket

    from mcp.server import Server
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATH: Final = "/mcp"
HEALTH: Final = "/healthz"
GRACE: Final = 5
"""Seconds that calls under way get when the server is told to end."""
BODY_LIMIT: Final = 256 * 1024
"""Bytes of a request's body; the longest question that makes sense has 5 kB."""
BODY_SECONDS: Final = 10.0
"""Seconds that it may take to come in."""
HEAD_LIMIT: Final = 64 * 1024
"""Bytes of a request's head; tokens with many groups in them are long."""
HEAD_SECONDS: Final = 10.0
"""Seconds that it may take to come in, on a new connection too."""
CONNECTIONS: Final = 512
"""Connections at one time, each with one request; more are answered 503 and closed."""
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_HOST: Final = re.compile(r"(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?:\d{1,5}|\*))?")
_ORIGIN: Final = re.compile(rf"[a-z][a-z0-9+.-]*://{_HOST.pattern}")


@dataclass(frozen=True, slots=True)
class Site:
    """Where the server stands: the names it goes by, and who looks after it.

    Args:
        allowed_hosts: what a `Host` header may say, beside the host of `public_url`, and loopback
            names on loopback: `name` for any port, `name:port` for one.
        allowed_origins: origins of web pages that may call; `:*` at the end for any port.
        behind_gateway: only a gateway reaches the server, and checks who calls.
        public_url: the URL of `/mcp` as clients know it; None for the one listened on.
        policy: whose tokens are taken; None if nobody is asked who they are.

    Raises:
        ValueError: a setting that cannot be, or would not protect.
    """

    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    behind_gateway: bool = False
    public_url: str | None = None
    policy: Policy | None = None

    def __post_init__(self) -> None:
        for host in self.allowed_hosts:
            if not _HOST.fullmatch(host.lower()):
                raise ValueError(f"{host!r} is not a host like mcp.example.com or localhost:8000.")
        for origin in self.allowed_origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin like https://app.example.com.")
        if self.behind_gateway and self.allowed_origins and not self.allowed_hosts:
            raise ValueError(
                "Behind a gateway Host and Origin are checked both or not at all: "
                "--allowed-origin takes --allowed-host too."
            )
        if self.public_url is None:
            return
        if not is_private_url(self.public_url):
            raise ValueError(f"{self.public_url!r} is not an https:// URL (http:// on loopback).")
        parts = urlsplit(self.public_url)
        if "@" in parts.netloc or parts.query or parts.fragment:  # everybody is told this URL
            raise ValueError("--public-url has no user, no query and no fragment.")


def open_listener(host: str, port: int, site: Site) -> socket.socket:
    """A listening socket where the site allows one; port 0 picks a free one.

    Raises:
        ValueError: other machines would reach it, and that is not provided for.
        SetupError: no such host, or the port is taken.
    """
    guarded = site.behind_gateway or site.policy is not None
    try:
        listener = listen(host, port, allow_remote=guarded)
    except ValueError as error:
        raise ValueError(
            f"{error} All callers share this server's AWS identity, so that takes authentication "
            "(--auth-issuer and its companions), or --behind-gateway where nobody gets past a "
            "gateway that authenticates."
        ) from error
    if site.policy and not site.public_url and not _is_loopback(listener):
        listener.close()
        raise ValueError(
            f"{host} can be reached from other machines: that takes --public-url, the URL that "
            "clients use, which tokens and Host headers have to name."
        )
    return listener


def application(server: Server[Any], site: Site, listener: socket.socket) -> ASGIApp:
    """The ASGI application: `/mcp`, `/healthz`, and where to get a token if one is needed."""
    url = site.public_url or url_of(listener) + PATH
    policy = site.policy
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        # Server-sent events: progress is not lost, and a caller who hangs up ends the work. Of
        # those who need neither, the modern era still gets plain JSON.
        json_response=False,
        stateless_http=True,
        transport_security=_security(site, listener),
        auth=policy.settings(url) if policy else None,
        token_verifier=JwtVerifier(policy, url) if policy else None,
        custom_starlette_routes=[Route(HEALTH, _is_healthy)],
    )
    app.router.redirect_slashes = False  # behind TLS it would send clients, and tokens, to http://
    for route in app.routes:
        if isinstance(route, Route) and route.path == PATH:
            # There is nothing to say without being asked, so no stream is held open for it.
            route.methods = {"POST"}
    if policy is not None:
        app.add_middleware(Challenge, path=PATH, scopes=policy.scopes)
    # It logs what a header says, whatever that is.
    logging.getLogger("mcp.server.transport_security").addFilter(_without_values)
    front: ASGIApp = _Front(app)
    if site.allowed_origins:
        front = CORSMiddleware(
            front,
            allow_origin_regex="|".join(map(_pattern, site.allowed_origins)),
            allow_methods=["POST"],
            allow_headers=["*"],
            expose_headers=["WWW-Authenticate"],
        )
    return front


def _without_values(record: logging.LogRecord) -> bool:
    record.msg, record.args = record.getMessage().partition(":")[0], ()
    return True


class _Front:
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
    pattern = {b"host": _HOST, b"origin": _ORIGIN}.get(name)
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


class _Connection(H11Protocol):
    """One connection. It is closed if there are too many, or if a head is too long in coming."""

    _coming: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count it."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            transport.write(_FULL)
            transport.close()
        else:
            self._expect()

    def data_received(self, data: bytes) -> None:
        """See whether a head is whole, or another one has begun."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._cancel()
        elif self._coming is None:
            self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._cancel()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._coming = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _cancel(self) -> None:
        if self._coming is not None:
            self._coming.cancel()
            self._coming = None


_FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
    b"Content-Length: 0\r\n\r\n"
)


def configuration(app: ASGIApp) -> uvicorn.Config:
    """How uvicorn runs the application."""
    return uvicorn.Config(
        app,
        # Named, not found: the same parser and loop whatever else is installed.
        http=_Connection,
        loop="asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # a URL is the caller's text, and may hold a token
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=HEAD_LIMIT,
        timeout_keep_alive=75,  # longer than load balancers keep theirs
        timeout_graceful_shutdown=GRACE,
    )


def serve(app: ASGIApp, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Answer on a listening socket until SIGINT or SIGTERM; `ready` is called once it does.

    Both signals then reach the handlers that were in force before.
    """
    # Else every stream is cut at the signal; the only streams are calls, and those may finish.
    AppStatus.enable_automatic_graceful_drain = False

    class Ready(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

    Ready(configuration(app)).run(sockets=[listener])


async def _is_healthy(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ok\n")


def _is_loopback(listener: socket.socket) -> bool:
    return ip_address(listener.getsockname()[0]).is_loopback


def _security(site: Site, listener: socket.socket) -> TransportSecuritySettings:
    """Which Host and Origin are taken; the SDK's own choice is to take any, off loopback."""
    loopback = _is_loopback(listener)
    if site.behind_gateway and not site.allowed_hosts:
        return TransportSecuritySettings(enable_dns_rebinding_protection=False)
    hosts, origins = [host.lower() for host in site.allowed_hosts], list(site.allowed_origins)
    if site.public_url:
        hosts.append(_host_of(site.public_url))
    if loopback:
        here = {*_LOOPBACK, urlsplit(url_of(listener)).netloc.rpartition(":")[0]}
        hosts += here
        origins += [f"http://{host}" for host in _any_port(here)]
    return TransportSecuritySettings(allowed_hosts=list(_any_port(hosts)), allowed_origins=origins)


def _host_of(url: str) -> str:
    """The Host header of a request there: without the port that its scheme has anyway."""
    parts = urlsplit(url)
    netloc = parts.netloc.lower()
    usual = {"https": ":443", "http": ":80"}[parts.scheme]
    return netloc.removesuffix(usual)


def _any_port(names: Iterable[str]) -> Iterable[str]:
    """A name without a port, and the SDK's way to say: with any."""
    for name in names:
        yield name
        if not re.search(r":(\d+|\*)$", name):
            yield f"{name}:*"


def _pattern(origin: str) -> str:
    return re.escape(origin).replace(r":\*", r":\d+")

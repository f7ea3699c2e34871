"""MCP over HTTP: the SDK's application and uvicorn, with the checks that the place calls for.

Nothing is kept between two requests, so any replica can answer any of them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from sse_starlette.sse import AppStatus
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from lfv_mcp.http.auth import AuthResponses, JwtVerifier
from lfv_mcp.http.connection import Connection
from lfv_mcp.http.limits import HEAD_LIMIT, RequestLimits
from lfv_mcp.http.listener import is_loopback, url_of
from lfv_mcp.http.settings import HttpSettings

if TYPE_CHECKING:
    import socket

    from mcp.server import Server
    from starlette.types import ASGIApp


PATH: Final = "/mcp"
HEALTH: Final = "/healthz"
GRACE: Final = 5
"""Seconds that calls under way get when the server is told to end."""
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")


def application(server: Server[Any], site: HttpSettings, listener: socket.socket) -> ASGIApp:
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
        app.add_middleware(AuthResponses, path=PATH, scopes=policy.scopes)
    # It logs what a header says, whatever that is.
    logging.getLogger("mcp.server.transport_security").addFilter(_without_values)
    front: ASGIApp = RequestLimits(app)
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


def configuration(app: ASGIApp) -> uvicorn.Config:
    """How uvicorn runs the application."""
    return uvicorn.Config(
        app,
        # Named, not found: the same parser and loop whatever else is installed.
        http=Connection,
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


def _security(site: HttpSettings, listener: socket.socket) -> TransportSecuritySettings:
    """Which Host and Origin are taken; the SDK's own choice is to take any, off loopback."""
    loopback = is_loopback(listener)
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

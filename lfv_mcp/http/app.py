"""The MCP server as an ASGI application, and uvicorn to run it.

No state is kept between two requests, so any replica can answer any request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

from mcp.server.transport_security import TransportSecuritySettings
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from lfv_mcp.http import uvicorn_server
from lfv_mcp.http.auth import AuthResponses, JwtVerifier
from lfv_mcp.http.connection import ConnectionPool, connection_class
from lfv_mcp.http.limits import HeaderNormaliser, RequestLimits, ShutdownReply
from lfv_mcp.http.listener import is_loopback, url_of
from lfv_mcp.http.messages import MessageReader
from lfv_mcp.http.observation import (
    REQUEST_ID,
    CallObservation,
    Observer,
    RequestObservation,
)
from lfv_mcp.http.paths import MCP, METRICS
from lfv_mcp.http.probes import ProbesOnly, probe_routes
from lfv_mcp.http.sdk_adjustments import (
    accept_only_posts,
    keep_header_values_out_of_the_log,
    let_streams_finish_at_shutdown,
    put_before_protocol,
)
from lfv_mcp.http.settings import HttpSettings

if TYPE_CHECKING:
    import socket

    import uvicorn
    from mcp.server import Server
    from starlette.applications import Starlette
    from starlette.types import ASGIApp

    from lfv_mcp.catalog.readiness import SourceState
    from lfv_mcp.http.metrics import Metrics


_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_Layer: TypeAlias = "Callable[[ASGIApp], ASGIApp]"


def application(
    server: Server[Any],
    settings: HttpSettings,
    listener: socket.socket,
    source: Callable[[], SourceState],
    observers: Sequence[Observer] = (),
    metrics: Metrics | None = None,
) -> ASGIApp:
    """The ASGI application: `/mcp`, probes, metrics, and where to get a token if one is needed.

    A request passes its layers from top to bottom, as they are listed here. Before all of them it
    passes `Connection`, which caps connections and waits only so long for a head.

    Args:
        server: answers the protocol; its calls are observed from now on.
        settings: who may call, and with how much.
        listener: where the application will answer.
        source: what is in memory, for `/readyz`; must not wait.
        observers: are told of each request and call.
        metrics: what `/metrics` shows; None for no such path.
    """
    security = _transport_security(settings, listener)
    # 7. to 11. Authentication, the Host and Origin check, and the protocol: the SDK's.
    sdk = _sdk_application(server, settings, listener, security, [*probe_routes(source)], metrics)
    server.middleware.append(CallObservation(server, observers))
    paths = frozenset(route.path for route in sdk.routes if isinstance(route, Route))
    layers: list[_Layer] = [
        # 1. Gives the request an id, and tells observers how it was answered.
        partial(RequestObservation, paths=paths, observers=observers),
        # 2. Beyond the cap on connections answers probes alone, the rest with 503.
        ProbesOnly,
        # 3. Answers preflights, and lets pages of allowed origins read every answer below.
        *_cors(settings.allowed_origins),
        # 4. Answers 503 when the end of a shutdown cuts a request off.
        ShutdownReply,
        # 5. Reads the body whole; refuses what is too large or too slow (413, 408, 431).
        partial(RequestLimits, limits=settings.limits),
        # 6. Puts Host and Origin in lower case; refuses malformed ones (421, 403).
        partial(HeaderNormaliser, refuses=security.enable_dns_rebinding_protection),
    ]
    app: ASGIApp = sdk
    for layer in reversed(layers):
        app = layer(app)
    return app


def _sdk_application(
    server: Server[Any],
    settings: HttpSettings,
    listener: socket.socket,
    security: TransportSecuritySettings,
    routes: list[Route],
    metrics: Metrics | None,
) -> Starlette:
    """The SDK's Starlette application; a request passes its layers from top to bottom."""
    url = settings.public_url or url_of(listener) + MCP
    policy = settings.policy
    auth = policy.settings(url) if policy else None
    if metrics is not None:
        from lfv_mcp.http.metrics_page import metrics_route

        routes.append(metrics_route(metrics, security, auth))
    app = server.streamable_http_app(
        custom_starlette_routes=routes,
        streamable_http_path=MCP,
        # 8. Bearer tokens: who calls (401), and with which scopes (403).
        auth=auth,
        token_verifier=JwtVerifier(policy, url) if policy else None,
        # 10. Host and Origin: those of this server and of allowed pages (421, 403).
        transport_security=security,
        # 11. JSON-RPC. Server-sent events: progress is not lost, and a caller who hangs up ends the
        # work. Callers who need neither still get plain JSON in the modern era.
        json_response=False,
        stateless_http=True,
    )
    if policy is not None:
        # 7. Completes the answers of layer 8, and answers 503 if the issuer's keys cannot be had.
        # Within Starlette's own error handling, which would make a 500 of that failure.
        app.add_middleware(
            AuthResponses,
            paths=frozenset({MCP, METRICS} if metrics else {MCP}),
            scopes=policy.scopes,
            retry_after=policy.key_cache.cooldown,
        )
    app.router.redirect_slashes = False  # behind TLS it would send clients, and tokens, to http://
    # 9. Answers what is no JSON-RPC message (400).
    put_before_protocol(app, MCP, MessageReader)
    accept_only_posts(app, MCP)
    keep_header_values_out_of_the_log()
    return app


def configuration(app: ASGIApp, pool: ConnectionPool) -> uvicorn.Config:
    """How uvicorn runs the application."""
    limits = pool.limits
    return uvicorn_server.base_config(
        app,
        protocol=connection_class(pool),
        lifespan="on",
        max_head_bytes=limits.max_head_bytes,
        keep_alive_seconds=limits.keep_alive_seconds,
        shutdown_seconds=limits.shutdown_seconds,
    )


def serve(
    app: ASGIApp,
    listener: socket.socket,
    ready: Callable[[], None],
    pool: ConnectionPool,
    ended: Callable[[], None] | None = None,
) -> None:
    """Answer on a listening socket until SIGINT or SIGTERM; `ready` is called once it listens.

    `ended` is called once running requests have ended. Both signals then reach the handlers that
    were in force before.
    """
    let_streams_finish_at_shutdown()
    uvicorn_server.run(configuration(app, pool), listener, ready, ended)


def _cors(allowed_origins: Iterable[str]) -> Iterator[_Layer]:
    """The CORS layer, if pages of any origin may call."""
    patterns = [re.escape(origin).replace(r":\*", r":\d+") for origin in allowed_origins]
    if patterns:
        yield partial(
            CORSMiddleware,
            allow_origin_regex="|".join(patterns),
            allow_methods=["POST"],
            allow_headers=["*"],
            expose_headers=["WWW-Authenticate", REQUEST_ID],
        )


def _transport_security(
    settings: HttpSettings, listener: socket.socket
) -> TransportSecuritySettings:
    """Which Host and Origin the SDK accepts; its own default off loopback is to accept any."""
    if settings.behind_gateway and not settings.allowed_hosts:
        return TransportSecuritySettings(enable_dns_rebinding_protection=False)
    hosts = [host.lower() for host in settings.allowed_hosts]
    origins = list(settings.allowed_origins)
    if settings.public_url:
        hosts.append(_host_header_of(settings.public_url))
    if is_loopback(listener):
        here = {*_LOOPBACK, urlsplit(url_of(listener)).netloc.rpartition(":")[0]}
        hosts += here
        origins += [f"http://{host}" for host in _with_any_port(here)]
    return TransportSecuritySettings(
        allowed_hosts=list(_with_any_port(hosts)), allowed_origins=origins
    )


def _host_header_of(url: str) -> str:
    """The Host header of a request to a URL: clients leave out the default port of the scheme."""
    parts = urlsplit(url)
    default_port = {"https": ":443", "http": ":80"}[parts.scheme]
    return parts.netloc.lower().removesuffix(default_port)


def _with_any_port(names: Iterable[str]) -> Iterator[str]:
    """Each name as it is, and if it has no port also with `:*`, which the SDK reads as any port."""
    for name in names:
        yield name
        if not re.search(r":(\d+|\*)$", name):
            yield f"{name}:*"

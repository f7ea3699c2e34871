"""Changes to objects of the libraries below, where their options do not reach.

Checked against mcp 2.3.0, starlette 1.10.0 and sse-starlette 3.7.0. Each function says which
symptom comes back without it; look here first after an upgrade of one of them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from mcp.server.auth.middleware.bearer_auth import RequireAuthMiddleware
from sse_starlette.sse import AppStatus
from starlette.applications import Starlette
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

HEADER_LOGGER: Final = "mcp.server.transport_security"
"""The logger on which the SDK warns about a Host or Origin that it refuses."""


def keep_header_values_out_of_the_log() -> None:
    """Cut the SDK's warnings about Host and Origin before the value (mcp 2.3.0).

    Without this whatever a caller puts into those headers is written into the log, control
    characters and all.
    """
    logging.getLogger(HEADER_LOGGER).addFilter(cut_at_colon)


def cut_at_colon(record: logging.LogRecord) -> bool:
    """A logging filter that lets every record pass, without the text from its first colon on."""
    record.msg, record.args = record.getMessage().partition(":")[0], ()
    return True


def accept_only_posts(app: Starlette, path: str) -> None:
    """Answer 405 to every method but POST at a path (mcp 2.3.0, starlette 1.10.0).

    Without this the SDK opens an event stream for a GET and holds it, although a server that keeps
    no sessions never has anything to send there.
    """
    for route in app.routes:
        if isinstance(route, Route) and route.path == path:
            route.methods = {"POST"}


def let_streams_finish_at_shutdown() -> None:
    """Leave event streams open when the server is told to end (sse-starlette 3.7.0).

    Without this every stream is cut at the signal. The only streams here are running calls, and
    those may finish within the time that uvicorn gives them.
    """
    AppStatus.enable_automatic_graceful_drain = False


def put_before_protocol(app: Starlette, path: str, layer: Callable[[ASGIApp], ASGIApp]) -> None:
    """Wrap what speaks the protocol at a path, within the check of who calls (mcp 2.3.0).

    In front of that check bodies would be read for callers who may not ask anything.
    """
    for route in app.routes:
        if isinstance(route, Route) and route.path == path:
            if isinstance(route.app, RequireAuthMiddleware):
                route.app.app = layer(route.app.app)
            else:
                route.app = layer(route.app)

"""The route of `/metrics`: it asks of a scraper what `/mcp` asks of its callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.server.auth.middleware.bearer_auth import RequireAuthMiddleware
from mcp.server.auth.routes import build_resource_metadata_url
from mcp.server.transport_security import TransportSecurityMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lfv_mcp.http.metrics import CONTENT_TYPE, Metrics
from lfv_mcp.http.paths import METRICS

if TYPE_CHECKING:
    from mcp.server.auth.settings import AuthSettings
    from mcp.server.transport_security import TransportSecuritySettings
    from starlette.types import ASGIApp, Receive, Scope, Send


def metrics_route(
    metrics: Metrics, security: TransportSecuritySettings, auth: AuthSettings | None
) -> Route:
    """The route of the metrics page.

    Args:
        metrics: what the page shows.
        security: the Host and Origin headers that are accepted.
        auth: how callers are authenticated; None if they are not.
    """
    page: ASGIApp = _MetricsPage(metrics, TransportSecurityMiddleware(security))
    if auth is not None and auth.resource_server_url is not None:
        url = build_resource_metadata_url(auth.resource_server_url)
        page = RequireAuthMiddleware(page, auth.required_scopes or [], url)
    return Route(METRICS, page, methods=["GET"])


class _MetricsPage:
    """ASGI application: the metrics, for scrapers that name this server in their Host header."""

    def __init__(self, metrics: Metrics, security: TransportSecurityMiddleware) -> None:
        self._metrics = metrics
        self._security = security

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._security.validate_request(Request(scope, receive))
        if response is None:
            response = Response(self._metrics.page(), media_type=CONTENT_TYPE)
        await response(scope, receive, send)

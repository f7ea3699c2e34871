"""What is changed in other libraries' objects is still there to be changed."""

from __future__ import annotations

import logging

import pytest
from mcp.server import transport_security
from sse_starlette.sse import AppStatus
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from lfv_mcp.http import sdk_adjustments


def test_the_sdk_logs_where_the_filter_is(caplog: pytest.LogCaptureFixture) -> None:
    sdk_adjustments.keep_header_values_out_of_the_log()
    sdk_adjustments.keep_header_values_out_of_the_log()
    logger = transport_security.logger
    assert logger.filters.count(sdk_adjustments.cut_at_colon) == 1
    with caplog.at_level(logging.WARNING):
        logger.warning("Invalid Host header: %s", "evil:80")
    assert caplog.messages == ["Invalid Host header"]


def test_only_the_route_named_takes_posts_alone() -> None:
    def answer(_: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    one, other = Route("/mcp", answer, methods=["GET"]), Route("/healthz", answer)
    sdk_adjustments.accept_only_posts(Starlette(routes=[one, other]), "/mcp")
    assert one.methods == {"POST"}
    assert other.methods == {"GET", "HEAD"}


def test_streams_are_cut_at_shutdown_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(AppStatus, "enable_automatic_graceful_drain", True)  # put back afterwards
    sdk_adjustments.let_streams_finish_at_shutdown()
    assert AppStatus.enable_automatic_graceful_drain is False

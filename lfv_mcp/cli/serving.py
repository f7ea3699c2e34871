"""The commands that serve: `serve` (MCP over stdio or HTTP) and `replay` (the API over HTTP)."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Final, Unpack

import click

from lfv_mcp.cli.collector import resume_collector
from lfv_mcp.cli.options import (
    HttpFlags,
    Settings,
    http_options,
    is_authentication_configured,
    settings_options,
)

if TYPE_CHECKING:
    from types import FrameType

    from lfv_mcp.catalog.catalog import Catalog
    from lfv_mcp.http.auth import AuthPolicy
    from lfv_mcp.http.settings import HttpSettings

PRELOAD_DELAY: Final = 3.0
"""Seconds that a client has for its first questions, lists as a rule, before an archive is read."""


@click.command()
@http_options
@settings_options
def serve(*, settings: Settings, transport: str, **flags: Unpack[HttpFlags]) -> None:
    """Serve MCP: over stdio until stdin closes, or over HTTP until told to end."""
    if transport == "http":
        _serve_http(settings, flags)
    else:
        _serve_stdio(settings)


def _serve_stdio(settings: Settings) -> None:
    import anyio
    from mcp.server.stdio import stdio_server

    from lfv_mcp.cli.wiring import open_catalog
    from lfv_mcp.server.app import build_server

    catalog = open_catalog(settings)
    # The SDK lets Ctrl-C wait for stdin to close; a person expects it to work at once.
    _end_at(signal.SIGINT, 130)
    if sys.stdin.isatty():
        click.echo(
            "lfv-mcp is waiting for an MCP client on stdin (Ctrl-C ends it). "
            "To ask by hand: lfv-mcp describe sample-cap-seal",
            err=True,
        )
    _preload_later(catalog)

    async def run() -> None:
        server = build_server(catalog)
        resume_collector()
        async with stdio_server() as (read_stream, write_stream):
            await server.run(read_stream, write_stream, server.create_initialization_options())

    anyio.run(run)
    # A worker thread in a slow network call must not keep a server without a client alive.
    sys.stderr.flush()
    os._exit(0)


def _serve_http(settings: Settings, flags: HttpFlags) -> None:
    from lfv_mcp.cli.wiring import open_catalog
    from lfv_mcp.errors import LfvError
    from lfv_mcp.http.app import PATH, application
    from lfv_mcp.http.app import serve as serve_http
    from lfv_mcp.http.listener import open_listener, url_of
    from lfv_mcp.server.app import build_server

    catalog = open_catalog(settings)
    server = build_server(catalog)
    try:
        site = http_settings(flags)
        listener = open_listener(flags["host"], flags["port"], site)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except LfvError as error:
        raise click.ClickException(str(error)) from error
    _preload_later(catalog)
    _end_at(signal.SIGINT, 130)
    # Threads in slow network calls are not waited for: their callers have had their answers.
    _end_at(signal.SIGTERM, 0)
    ready = f"listening on {url_of(listener)}{PATH}"
    app = application(server, site, listener)
    resume_collector()
    serve_http(app, listener, lambda: click.echo(ready, err=True), site.limits)


def http_settings(flags: HttpFlags) -> HttpSettings:
    """How the HTTP server is reached, and by whom.

    Raises:
        ValueError: a setting that cannot be, or would not protect.
    """
    from lfv_mcp.http.settings import HttpSettings

    return HttpSettings(
        flags["allowed_host"],
        flags["allowed_origin"],
        flags["behind_gateway"],
        flags["public_url"],
        _auth_policy(flags),
    )


def _auth_policy(flags: HttpFlags) -> AuthPolicy | None:
    """Whose tokens are taken; None if nobody is asked who they are.

    Raises:
        ValueError: a policy that would not protect, or half of one.
    """
    from lfv_mcp.http.auth import AuthPolicy

    issuer, keys = flags["auth_issuer"], flags["auth_jwks_url"]
    if issuer and keys:
        return AuthPolicy(
            issuer,
            keys,
            frozenset(flags["auth_audience"]),
            flags["auth_scope"],
            flags["auth_algorithm"] or ("RS256", "ES256"),
            flags["auth_audience_claim"] or "aud",
            flags["auth_scope_claim"] or "scope",
        )
    if is_authentication_configured(flags):
        raise ValueError("Authentication takes both --auth-issuer and --auth-jwks-url.")
    return None


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--allow-remote",
    is_flag=True,
    help="Take a --host that other machines reach; whoever reaches it reads the archive.",
)
@settings_options
def replay(*, host: str, port: int, allow_remote: bool, settings: Settings) -> None:
    """Serve an archive over HTTP, as a read-only Lookout for Vision endpoint.

    The first line on stdout is its URL, for AWS_ENDPOINT_URL_LOOKOUTVISION or --endpoint-url; any
    credentials will do, for nothing is authenticated. stderr names the folder that AWS_DATA_PATH
    takes where boto3 or the AWS CLI no longer has the service. Ctrl-C ends it.
    """
    from lfv_mcp.archive.replay import Replay
    from lfv_mcp.aws.api_description import API_DESCRIPTION
    from lfv_mcp.cli.wiring import open_archive
    from lfv_mcp.errors import LfvError
    from lfv_mcp.http.listener import listen, url_of
    from lfv_mcp.http.replay_app import serve_replay

    opened = open_archive(settings)
    if opened is None:
        raise click.UsageError(
            "replay serves an archive, not a live endpoint: --source (LFV_SOURCE) is sample, a "
            "directory, or s3://bucket/prefix."
        )
    kind, archive = opened
    _end_at(signal.SIGINT, 130)
    _end_at(signal.SIGTERM, 0)
    try:
        listener = listen(host, port, allow_remote=allow_remote)
        models = len(archive.index().models)
    except ValueError as error:
        raise click.UsageError(
            f"{error} Nothing is authenticated here, so that takes --allow-remote."
        ) from error
    except LfvError as error:
        raise click.ClickException(str(error)) from error

    def ready() -> None:
        click.echo(url_of(listener))
        where = "the bundled sample" if kind == "sample" else click.unstyle(archive.files.location)
        click.echo(
            f"Replaying {where} (models: {models}): read-only, nothing is authenticated. "
            "Ctrl-C ends it.",
            err=True,
        )
        click.echo(
            "For a boto3 or AWS CLI that no longer has the service: "
            f"AWS_DATA_PATH={click.unstyle(str(API_DESCRIPTION))}",
            err=True,
        )

    resume_collector()
    serve_replay(Replay(archive, kind, complete=True), listener, host, ready)


def _preload_later(catalog: Catalog) -> None:
    """Index the catalogue's archive in the background, once the client has its first answers."""
    timer = threading.Timer(PRELOAD_DELAY, catalog.preload_index)
    timer.daemon = True
    timer.start()


def _end_at(number: signal.Signals, exit_code: int) -> None:
    """End this process at once when that signal arrives, whatever its threads wait for."""

    def end(_: int, __: FrameType | None) -> None:
        os._exit(exit_code)

    signal.signal(number, end)

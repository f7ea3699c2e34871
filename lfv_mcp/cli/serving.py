"""The commands that serve: `serve` (MCP over stdio or HTTP) and `replay` (the API over HTTP)."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Unpack

import click

from lfv_mcp.cli.collector import resume_collector
from lfv_mcp.cli.environment import unheard
from lfv_mcp.cli.options import (
    HttpFlags,
    http_options,
    is_authentication_configured,
    settings_options,
)
from lfv_mcp.cli.process import INTERRUPTED, end_at
from lfv_mcp.cli.values import Port
from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from lfv_mcp.catalog.catalog import Catalog
    from lfv_mcp.errors import SetupError
    from lfv_mcp.http.auth import AuthPolicy
    from lfv_mcp.http.metrics import Metrics
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
        if given := unheard(click.get_current_context()):
            have = "has" if len(given) == 1 else "have"
            click.echo(
                f"Warning: {', '.join(given)} {have} no effect without --transport http.", err=True
            )
        _serve_stdio(settings)


def _serve_stdio(settings: Settings) -> None:
    import anyio

    from lfv_mcp.server.app import build_server
    from lfv_mcp.server.stdio import serve_stdio, standard_streams
    from lfv_mcp.wiring.opening import open_catalog_to_serve

    if sys.stdin and sys.stdin.isatty():
        click.echo(
            "lfv-mcp is waiting for an MCP client on stdin (Ctrl-C ends it). "
            "To ask by hand: lfv-mcp describe sample-cap-seal",
            err=True,
        )
    with standard_streams() as descriptors:
        if descriptors is None:
            raise click.ClickException(
                "stdin or stdout is closed: MCP clients start this command with pipes for both."
            )
        catalog = _opened(settings, open_catalog_to_serve(settings, remote=False))
        # Python lets Ctrl-C wait for stdin to close; a person expects it to work at once.
        end_at(signal.SIGINT, INTERRUPTED)
        _preload_later(catalog)
        resume_collector()
        failure = anyio.run(serve_stdio, build_server(catalog), *descriptors)
        with suppress(OSError, ValueError, AttributeError):  # stderr may be closed, too
            if failure is not None:
                click.echo(f"Error: stdout cannot be written to: {failure.strerror}.", err=True)
            sys.stderr.flush()
        # A worker thread in a slow network call must not keep a server without a client alive.
        os._exit(0 if failure is None else 1)


def _serve_http(settings: Settings, flags: HttpFlags) -> None:
    from lfv_mcp.errors import SetupError
    from lfv_mcp.http.access_log import AccessLog
    from lfv_mcp.http.app import application
    from lfv_mcp.http.app import serve as serve_http
    from lfv_mcp.http.connection import ConnectionPool
    from lfv_mcp.http.descriptors import fit_to_descriptors
    from lfv_mcp.http.listener import open_listener, url_of
    from lfv_mcp.http.paths import MCP
    from lfv_mcp.server.app import build_server
    from lfv_mcp.wiring.opening import open_catalog_to_serve

    metrics = _open_metrics() if flags["metrics"] else None
    try:
        site = http_settings(flags)
        listener = open_listener(flags["host"], flags["port"], site)
    except ValueError as error:
        raise SetupError(
            "setting_invalid", str(error), "See `lfv-mcp serve --help` and docs/operating.md."
        ) from error
    catalog = _opened(settings, open_catalog_to_serve(settings, remote=True))
    server = build_server(catalog)
    limits = fit_to_descriptors(site.limits)
    if limits.max_connections < site.limits.max_connections:
        click.echo(
            f"At most {limits.max_connections} connections instead of "
            f"{site.limits.max_connections}: this process may not open more files (`ulimit -n`).",
            err=True,
        )
    log = AccessLog(sys.stderr)
    observers = (log, metrics) if metrics else (log,)
    pool = ConnectionPool(limits, observers)
    if metrics:
        metrics.watch(catalog, pool)
    app = application(server, site, listener, catalog.readiness.state, observers, metrics)
    # At once, and again until it succeeds: probes say "not ready" until then, so nobody asks.
    catalog.readiness.start()
    end_at(signal.SIGINT, INTERRUPTED)
    # Threads in slow network calls are not waited for: their callers have had their answers.
    end_at(signal.SIGTERM, 0)
    if logging.getLogger().isEnabledFor(logging.WARNING):
        log.start()
    ready = f"listening on {url_of(listener)}{MCP}"
    resume_collector()
    serve_http(app, listener, lambda: click.echo(ready, err=True), pool, log.stop)


def _open_metrics() -> Metrics:
    """The metrics; their library is an extra.

    Raises:
        SetupError: it is not installed.
    """
    from lfv_mcp.errors import SetupError
    from lfv_mcp.server.tools import TOOLS

    try:
        from lfv_mcp.http.metrics import Metrics
    except ModuleNotFoundError as error:
        if error.name != "prometheus_client":
            raise
        raise SetupError(
            "setting_invalid",
            "--metrics (LFV_METRICS) takes the extra `metrics`, which is not installed.",
            "Install `.[metrics]` from the clone where you would install `.`.",
        ) from error
    return Metrics(tool.name for tool in TOOLS)


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
    type=Port(),
    metavar="INTEGER RANGE",
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
    from lfv_mcp.errors import SetupError
    from lfv_mcp.http.listener import listen, url_of
    from lfv_mcp.http.replay_app import serve_replay
    from lfv_mcp.wiring.opening import open_archive

    opened = open_archive(settings)
    if opened is None:
        raise SetupError(
            "setting_invalid",
            "replay serves an archive, not a live endpoint.",
            "Set --source (LFV_SOURCE) to sample, a directory, or s3://bucket/prefix.",
        )
    kind, archive = opened
    end_at(signal.SIGINT, INTERRUPTED)
    end_at(signal.SIGTERM, 0)
    try:
        listener = listen(host, port, allow_remote=allow_remote)
        models = len(archive.index().models)
    except ValueError as error:
        raise SetupError(
            "setting_invalid",
            str(error),
            "Nothing is authenticated here, so that takes --allow-remote.",
        ) from error

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


def _opened(settings: Settings, opened: tuple[Catalog, SetupError | None]) -> Catalog:
    """The catalogue, after a word on stderr about what is wrong with its source."""
    catalog, problem = opened
    if settings.doubt:
        click.echo(f"Warning: {settings.doubt}", err=True)
    if problem is not None:
        click.echo(f"Every answer will say: {problem}", err=True)
    return catalog

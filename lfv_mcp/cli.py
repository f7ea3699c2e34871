"""The command line: the only reader of argv and environment, and where the parts are put together.

Imports are late on purpose: `--version` and `--help` need neither boto3 nor the MCP SDK.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from lfv_mcp import __version__

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from lfv_mcp.catalog import Catalog

SAMPLE: Final = Path(__file__).with_name("_sample")
# boto3 reads these by itself; an empty or unexpanded value must not reach it.
_BOTO3_READS: Final = (
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_LOOKOUTVISION",
    "AWS_ENDPOINT_URL_S3",
)


def setting(*names: str) -> str | None:
    """The first of these environment variables that says something.

    Empty values and unexpanded `${...}` count as unset: hosts pass them.
    """
    for name in names:
        value = os.environ.get(name, "").strip()
        if value and not value.startswith("${"):
            return value
    return None


def open_catalog(
    source: str | None, region: str | None, profile: str | None, timeout: float
) -> Catalog:
    """The catalogue that the settings name.

    Raises:
        click.UsageError: a source that cannot be one.
    """
    from lfv_mcp.archive import Archive, Directory
    from lfv_mcp.aws import LookoutVision
    from lfv_mcp.catalog import Catalog
    from lfv_mcp.replay import Replay

    for name in _BOTO3_READS:
        if setting(name) is None:
            os.environ.pop(name, None)
    source = source or ("live" if setting("AWS_ENDPOINT_URL_LOOKOUTVISION") else "sample")
    if source == "live":
        service = LookoutVision(profile=profile, region=region, timeout=timeout)
        return Catalog(service, "live", timeout=timeout)
    root = SAMPLE if source == "sample" else Path(source).expanduser()
    if source != "sample" and not root.is_dir():
        raise click.UsageError(
            f"--source {source!r} is neither `live`, `sample`, nor an existing directory."
        )
    archive = Archive(Directory(root))
    kind: Any = "sample" if source == "sample" else "archive"
    service = LookoutVision(timeout=timeout, replay=Replay(archive, kind))
    return Catalog(service, kind, archive, timeout)


def _settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """The flags that every command has; each has its environment variable."""
    for option in (
        click.option("--source", help="live, sample, or a directory.  [LFV_SOURCE]"),
        click.option("--region", help="Region of live calls.  [AWS_REGION, AWS_DEFAULT_REGION]"),
        click.option("--profile", help="AWS profile.  [AWS_PROFILE]"),
        click.option("--timeout", type=float, help="Seconds per question.  [LFV_TIMEOUT, 20]"),
        click.option("--log-level", help="To stderr.  [LFV_LOG_LEVEL, WARNING]"),
    ):
        command = option(command)

    @functools.wraps(command)
    def with_catalog(
        *args: Any,
        source: str | None,
        region: str | None,
        profile: str | None,
        timeout: float | None,
        log_level: str | None,
        **kwargs: Any,
    ) -> Any:
        _log_to_stderr(log_level or setting("LFV_LOG_LEVEL", "FASTMCP_LOG_LEVEL") or "WARNING")
        catalog = open_catalog(
            source or setting("LFV_SOURCE"),
            region or setting("AWS_REGION", "AWS_DEFAULT_REGION"),
            profile or setting("AWS_PROFILE"),
            timeout or _seconds(setting("LFV_TIMEOUT")),
        )
        return command(*args, catalog=catalog, **kwargs)

    return with_catalog


def _seconds(text: str | None) -> float:
    try:
        seconds = float(text or 20)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 3600:
        raise click.UsageError(f"LFV_TIMEOUT={text!r} is not a number of seconds from 0 to 3600.")
    return seconds


def _log_to_stderr(level: str) -> None:
    if level.upper() not in logging.getLevelNamesMapping():
        raise click.UsageError(f"--log-level {level!r} is not DEBUG, INFO, WARNING or ERROR.")
    logging.basicConfig(
        stream=sys.stderr, level=level.upper(), format="%(levelname)s %(name)s: %(message)s"
    )


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lfv-mcp")
@click.pass_context
def main(context: click.Context) -> None:
    """The MCP server for Amazon Lookout for Vision models.

    Alone it serves MCP over stdio. AWS ended the service on 31 October 2025; answers come from
    saved records, or from an endpoint that still speaks the API.
    """
    if context.invoked_subcommand is None:
        context.invoke(serve)


@main.command()
@_settings
def serve(catalog: Catalog) -> None:
    """Serve MCP over stdio until stdin closes."""
    import anyio
    from mcp.server.stdio import stdio_server

    from lfv_mcp.server import build_server

    # The SDK lets Ctrl-C wait for stdin to close; a person expects it to work at once.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    if sys.stdin.isatty():
        click.echo(
            "lfv-mcp is waiting for an MCP client on stdin (Ctrl-C ends it). "
            "To ask by hand: lfv-mcp describe sample-cap-seal",
            err=True,
        )

    async def run() -> None:
        server = build_server(catalog)
        async with stdio_server() as (read_stream, write_stream):
            await server.run(read_stream, write_stream, server.create_initialization_options())

    anyio.run(run)
    # A worker thread in a slow network call must not keep a server without a client alive.
    sys.stderr.flush()
    os._exit(0)


@main.command()
@click.argument("project")
@click.argument("version", default="latest")
@click.option("--json", "as_json", is_flag=True, help="The structured result, for pipes.")
@_settings
def describe(project: str, version: str, as_json: bool, catalog: Catalog) -> None:
    """Describe model VERSION (default: latest) of PROJECT, which may be a model ARN."""
    _show(catalog, "describe_model", {"project_name": project, "model_version": version}, as_json)


def _show(catalog: Catalog, tool: str, arguments: Mapping[str, Any], as_json: bool) -> None:
    """Call a tool through the MCP server itself, in this process, and print what it answers."""
    import anyio
    from mcp import Client

    from lfv_mcp.server import build_server

    async def call() -> CallToolResult:
        async with Client(build_server(catalog)) as client:
            return await client.call_tool(tool, dict(arguments))

    result = anyio.run(call)
    text = "\n".join(getattr(block, "text", "") for block in result.content)
    if result.is_error:
        click.echo(text, err=True)
        raise click.exceptions.Exit(1)
    if as_json:
        text = json.dumps(result.structured_content, ensure_ascii=False, indent=2)
    click.echo(text)


@main.command()
@_settings
def doctor(catalog: Catalog) -> None:
    """Show what is configured, what answers, and what to fix."""
    import anyio

    from lfv_mcp.doctor import examine

    healthy = True
    for check in anyio.run(examine, catalog):
        healthy &= check.good
        click.echo(f"{'ok ' if check.good else 'FIX'}  {check.name}: {check.found}")
        if not check.good:
            click.echo(f"     {check.fix}")
    if not healthy:
        raise click.exceptions.Exit(1)

"""The command line: the only reader of argv and environment, and where the parts are put together.

Imports are late on purpose: `--version` and `--help` need neither boto3 nor the MCP SDK.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from lfv_mcp import __version__
from lfv_mcp.cli.config_command import config

if TYPE_CHECKING:
    from typing import Unpack

    from mcp.types import CallToolResult

    from lfv_mcp.archive.archive import Archive
    from lfv_mcp.archive.store import FileStore
    from lfv_mcp.archive.writer import Tally
    from lfv_mcp.aws.client import LookoutVision
    from lfv_mcp.catalog.catalog import Catalog, CatalogOptions
    from lfv_mcp.errors import LfvError
    from lfv_mcp.http.settings import HttpSettings
    from lfv_mcp.results.common import SourceKind


SAMPLE: Final = Path(__file__).parent.parent / "archive" / "_sample"
WARM_AFTER: Final = 3.0
"""Seconds that a client has for its first questions, lists as a rule, before an archive is read."""
# boto3 reads these by itself; an empty or unexpanded value must not reach it.
_BOTO3_READS: Final = (
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_LOOKOUTVISION",
    "AWS_ENDPOINT_URL_S3",
)
_UNEXPANDED: Final = re.compile(r"\$\{[^}]*\}")
_DISCREET: Final = ("boto3", "botocore", "urllib3", "httpx2", "httpcore2")
"""Loggers that at DEBUG show tokens, and at INFO where they ask."""
_ENVIRONMENT: Final = "lfv_mcp.environment"
"""In click's context: the variables meant for us, as they came."""


def setting(*names: str) -> str | None:
    """The first of these environment variables that says something.

    Empty values and unexpanded `${...}` count as unset: hosts pass them.
    """
    for name in names:
        value = os.environ.get(name, "").strip()
        if value and not value.startswith("${"):
            return value
    return None


def several(name: str) -> tuple[str, ...] | None:
    """The items of a variable that holds several, with commas between them.

    Its singular counts too, and one item that is not filled in leaves the others: a misspelt
    limit must not be no limit.
    """
    for spelling in (name, name.removesuffix("S")):
        value = os.environ.get(spelling, "").strip()
        if value and not _UNEXPANDED.fullmatch(value):
            items = map(str.strip, value.split(","))
            return tuple(item for item in items if item and not _UNEXPANDED.fullmatch(item))
    return None


class Settings(NamedTuple):
    """What flags and environment say, with the defaults of neither filled in but the timeout."""

    source: str | None
    region: str | None
    profile: str | None
    timeout: float
    buckets: frozenset[str] | None = None


def open_files(source: str, settings: Settings) -> FileStore:
    """A directory, a single file, or an S3 prefix.

    Raises:
        click.UsageError: a source that cannot be one.
    """
    from lfv_mcp.archive.s3_prefix import S3Prefix
    from lfv_mcp.archive.store import Directory
    from lfv_mcp.aws.s3 import S3
    from lfv_mcp.errors import CallerError

    if source.startswith("s3://"):
        s3 = S3(settings.profile, settings.region, settings.timeout, settings.buckets)
        try:
            return S3Prefix(source, s3)
        except CallerError as error:
            raise click.UsageError(f"{error.message} {error.next_step}") from error
    path = Path(source).expanduser()
    try:
        exists = path.exists()
    except OSError as error:  # a folder on the way may not be entered
        raise click.UsageError(f"{source!r} cannot be read: {error.strerror}.") from error
    if not exists:
        raise click.UsageError(
            f"{source!r} is neither an existing directory or file, nor s3://bucket/prefix."
        )
    return Directory(path)


def open_archive(settings: Settings) -> tuple[SourceKind, Archive] | None:
    """The archive that the settings name; None if they name a live endpoint."""
    from lfv_mcp.archive.archive import Archive
    from lfv_mcp.archive.store import Directory

    source = settings.source
    source = source or ("live" if setting("AWS_ENDPOINT_URL_LOOKOUTVISION") else "sample")
    if source == "live":
        return None
    if source == "sample":
        return "sample", Archive(Directory(SAMPLE))
    return "archive", Archive(open_files(source, settings))


def open_catalog(
    source: str | None,
    region: str | None,
    profile: str | None,
    timeout: float,
    buckets: frozenset[str] | None = None,
    **options: Unpack[CatalogOptions],
) -> Catalog:
    """The catalogue that the settings name; `options` go to it as they are.

    Raises:
        click.UsageError: a source that cannot be one.
    """
    from lfv_mcp.aws.s3 import S3
    from lfv_mcp.catalog.catalog import Catalog
    from lfv_mcp.catalog.workers import WorkerLimits

    opened = open_archive(Settings(source, region, profile, timeout, buckets))

    def open_service() -> LookoutVision:
        from lfv_mcp.archive.replay import Replay
        from lfv_mcp.aws.client import LookoutVision

        if opened is None:
            limits = options.get("worker_limits") or WorkerLimits()
            return LookoutVision(
                profile=profile,
                region=region,
                timeout=timeout,
                connections=limits.concurrent_calls,
            )
        kind, archive = opened
        return LookoutVision(timeout=timeout, replay=Replay(archive, kind))

    # The sample's bucket does not exist: nothing is asked of S3 for it.
    sample = opened is not None and opened[0] == "sample"
    s3 = None if sample else S3(profile, region, timeout, buckets)
    kind, archive = opened or ("live", None)
    return Catalog(open_service, kind, archive, timeout, s3, **options)


def _settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """The flags that every command has; each has its environment variable."""
    for option in (
        click.option("--source", help="live, sample, a directory, or s3://...  [LFV_SOURCE]"),
        click.option("--region", help="Region of live calls.  [AWS_REGION, AWS_DEFAULT_REGION]"),
        click.option("--profile", help="AWS profile.  [AWS_PROFILE]"),
        click.option("--timeout", type=float, help="Seconds per question.  [LFV_TIMEOUT, 20]"),
        click.option(
            "--allowed-bucket",
            "buckets",
            multiple=True,
            help="The only S3 buckets to read (repeatable).  [LFV_ALLOWED_BUCKETS, any]",
        ),
        click.option("--log-level", help="To stderr.  [LFV_LOG_LEVEL, WARNING]"),
    ):
        command = option(command)

    @functools.wraps(command)
    def with_settings(
        *args: Any,
        source: str | None,
        region: str | None,
        profile: str | None,
        timeout: float | None,
        buckets: tuple[str, ...],
        log_level: str | None,
        **kwargs: Any,
    ) -> Any:
        click.get_current_context().meta[_ENVIRONMENT] = {
            name: value
            for name, value in os.environ.items()
            if name.startswith("LFV_") or name in _BOTO3_READS
        }
        for name in _BOTO3_READS:
            if setting(name) is None:
                os.environ.pop(name, None)
        _log_to_stderr(log_level or setting("LFV_LOG_LEVEL", "FASTMCP_LOG_LEVEL") or "WARNING")
        settings = Settings(
            source or setting("LFV_SOURCE"),
            region or setting("AWS_REGION", "AWS_DEFAULT_REGION"),
            profile or setting("AWS_PROFILE"),
            _seconds(timeout if timeout is not None else setting("LFV_TIMEOUT")),
            _buckets(buckets or several("LFV_ALLOWED_BUCKETS")),
        )
        return command(*args, settings=settings, **kwargs)

    return with_settings


def _seconds(given: float | str | None) -> float:
    try:
        seconds = float(20 if given is None else given)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 3600:
        raise click.UsageError(
            f"--timeout (LFV_TIMEOUT) {given!r} is not a number of seconds above 0, at most 3600."
        )
    return seconds


def _buckets(given: tuple[str, ...] | None) -> frozenset[str] | None:
    """None allows every bucket; a list without a name in it, none."""
    return None if given is None else frozenset(given)


def _log_to_stderr(level: str) -> None:
    if level.upper() not in logging.getLevelNamesMapping():
        raise click.UsageError(f"--log-level {level!r} is not DEBUG, INFO, WARNING or ERROR.")
    logging.basicConfig(
        stream=sys.stderr, level=level.upper(), format="%(levelname)s %(name)s: %(message)s"
    )
    for name in _DISCREET:
        logging.getLogger(name).setLevel(logging.WARNING)


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


main.add_command(config)


def _http_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """The flags of HTTP alone. LFV_ and a flag's name is its variable, with an S for several."""
    for name, default, text in reversed(
        (
            ("host", "127.0.0.1", "Address to listen on."),
            ("port", "8000", "Port to listen on; 0 picks a free one."),
            ("public-url", "where it listens", "URL of /mcp as clients know it."),
            ("allowed-host", "", "Host that requests may name (repeatable)."),
            ("allowed-origin", "", "Origin of web pages that may call (repeatable)."),
            ("behind-gateway", "no", "Nobody gets past a gateway that checks who calls."),
            ("auth-issuer", "", "Take only tokens of this OAuth issuer."),
            ("auth-jwks-url", "", "Where the issuer publishes its keys."),
            ("auth-audience", "the public URL", "What tokens are issued for (repeatable)."),
            ("auth-scope", "", "Scope that tokens must have (repeatable)."),
            ("auth-algorithm", "RS256,ES256", "Algorithm of signatures (repeatable)."),
            ("auth-audience-claim", "aud", "Claim that holds the audience."),
            ("auth-scope-claim", "scope", "Claim that holds the scopes."),
        )
    ):
        many = "repeatable" in text
        told = ", ".join(filter(None, (_variable(name, many), default)))
        kind: dict[str, Any] = {"is_flag": True} if default == "no" else {"multiple": many}
        command = click.option(f"--{name}", default=None, help=f"{text}  [{told}]", **kind)(command)
    return command


def _variable(flag: str, many: bool) -> str:
    return f"LFV_{flag.upper().replace('-', '_')}{'S' if many else ''}"


@main.command()
@click.option("--transport", help="stdio, or http (/mcp and /healthz).  [LFV_TRANSPORT, stdio]")
@_http_flags
@_settings
def serve(settings: Settings, transport: str | None, **http: Any) -> None:
    """Serve MCP: over stdio until stdin closes, or over HTTP until told to end."""
    match transport or setting("LFV_TRANSPORT") or "stdio":
        case "stdio":
            _serve_stdio(settings)
        case "http":
            _serve_http(settings, http)
        case other:
            raise click.UsageError(f"LFV_TRANSPORT={other!r} is neither stdio nor http.")


def _serve_stdio(settings: Settings) -> None:
    import anyio
    from mcp.server.stdio import stdio_server

    from lfv_mcp.server.app import build_server

    catalog = open_catalog(*settings)
    # The SDK lets Ctrl-C wait for stdin to close; a person expects it to work at once.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    if sys.stdin.isatty():
        click.echo(
            "lfv-mcp is waiting for an MCP client on stdin (Ctrl-C ends it). "
            "To ask by hand: lfv-mcp describe sample-cap-seal",
            err=True,
        )

    _warm_soon(catalog)

    async def run() -> None:
        server = build_server(catalog)
        async with stdio_server() as (read_stream, write_stream):
            await server.run(read_stream, write_stream, server.create_initialization_options())

    anyio.run(run)
    # A worker thread in a slow network call must not keep a server without a client alive.
    sys.stderr.flush()
    os._exit(0)


def _warm_soon(catalog: Catalog) -> None:
    """Warm the catalogue in the background, once the client has its first answers."""
    timer = threading.Timer(WARM_AFTER, catalog.preload_index)
    timer.daemon = True
    timer.start()


def _serve_http(settings: Settings, flags: Mapping[str, Any]) -> None:
    from lfv_mcp.errors import LfvError
    from lfv_mcp.http.app import PATH, application
    from lfv_mcp.http.app import serve as serve_http
    from lfv_mcp.http.listener import open_listener, url_of
    from lfv_mcp.server.app import build_server

    catalog = open_catalog(*settings)
    server = build_server(catalog)
    try:
        host, port, site = _site(flags)
        listener = open_listener(host, port, site)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except LfvError as error:
        raise _failure(error) from error
    _warm_soon(catalog)
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    # Threads in slow network calls are not waited for: their callers have had their answers.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    ready = f"listening on {url_of(listener)}{PATH}"
    app = application(server, site, listener)
    serve_http(app, listener, lambda: click.echo(ready, err=True), site.limits)


def _site(flags: Mapping[str, Any]) -> tuple[str, int, HttpSettings]:
    """Host, port and site that flags and environment name.

    Raises:
        ValueError: a setting that cannot be, or would not protect.
    """
    from lfv_mcp.http.auth import AuthPolicy
    from lfv_mcp.http.settings import HttpSettings

    def one(name: str, default: str = "") -> str:
        return flags[name] or setting(_variable(name, many=False)) or default

    def many(name: str) -> tuple[str, ...]:
        return flags[name] or several(_variable(name, many=True)) or ()

    port = one("port", "8000")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise ValueError(f"LFV_PORT={port!r} is not a port from 0 to 65535.")
    gateway = str(one("behind_gateway", "no")).lower()
    if gateway not in ("true", "1", "yes", "on", "false", "0", "no", "off"):
        raise ValueError(f"LFV_BEHIND_GATEWAY={gateway!r} is neither true nor false.")
    policy = None
    issuer, keys = one("auth_issuer"), one("auth_jwks_url")
    if issuer and keys:
        policy = AuthPolicy(
            issuer,
            keys,
            frozenset(many("auth_audience")),
            many("auth_scope"),
            many("auth_algorithm") or ("RS256", "ES256"),
            one("auth_audience_claim", "aud"),
            one("auth_scope_claim", "scope"),
        )
    elif any(one(name) or many(name) for name in flags if name.startswith("auth_")):
        raise ValueError("Authentication takes both --auth-issuer and --auth-jwks-url.")
    site = HttpSettings(
        many("allowed_host"),
        many("allowed_origin"),
        gateway in ("true", "1", "yes", "on"),
        one("public_url") or None,
        policy,
    )
    return one("host", "127.0.0.1"), int(port), site


_html = click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the answer as a page to look at, to mail or to file.",
)


@main.command()
@click.argument("project")
@click.argument("version", default="latest")
@click.option("--json", "as_json", is_flag=True, help="The structured result, for pipes.")
@_html
@_settings
def describe(
    project: str, version: str, as_json: bool, html: Path | None, settings: Settings
) -> None:
    """Describe model VERSION (default: latest) of PROJECT, which may be a model ARN."""
    arguments = {"project_name": project, "model_version": version}
    result = _ask(settings, "describe_model", arguments)
    _print(result, as_json)
    _write_page(html, settings, arguments, result, "analyze_evaluation")


def _write_page(
    html: Path | None,
    settings: Settings,
    arguments: Mapping[str, Any],
    result: CallToolResult,
    other: str | None,
) -> None:
    """The page that hosts show, with an answer inside and, if there is one, that of another tool
    about the same model: a card has state and evidence."""
    from lfv_mcp.server.view import write

    if html is None:
        return
    answers = [{"arguments": arguments, "result": result.structured_content}]
    if other:
        model = {name: arguments[name] for name in ("project_name", "model_version")}
        found = _call(settings, other, model)
        if not found.is_error:
            answers.append({"arguments": model, "result": found.structured_content})
    try:
        write(html, answers)
    except OSError as error:
        raise click.ClickException(f"{html} cannot be written: {error.strerror}.") from error
    click.echo(f"wrote {html}", err=True)


def _ask(settings: Settings, tool: str, arguments: Mapping[str, Any]) -> CallToolResult:
    """Call a tool; a failure ends the command."""
    result = _call(settings, tool, arguments)
    if result.is_error:
        click.echo(_text(result), err=True)
        raise click.exceptions.Exit(1)
    return result


def _call(settings: Settings, tool: str, arguments: Mapping[str, Any]) -> CallToolResult:
    """Call a tool through the MCP server itself, in this process."""
    import anyio
    from mcp import Client

    from lfv_mcp.server.app import build_server

    async def call() -> CallToolResult:
        async with Client(build_server(open_catalog(*settings))) as client:
            return await client.call_tool(tool, dict(arguments))

    return anyio.run(call)


def _text(result: CallToolResult) -> str:
    return "\n".join(getattr(block, "text", "") for block in result.content)


def _print(result: CallToolResult, as_json: bool) -> None:
    text = _text(result)
    if as_json:
        text = json.dumps(result.structured_content, ensure_ascii=False, indent=2)
    click.echo(text)


@main.command("list")
@click.argument("project", default="")
@click.option("--status", default="", help="Only models of this status.")
@click.option("--json", "as_json", is_flag=True, help="The structured result, for pipes.")
@_settings
def list_(project: str, status: str, as_json: bool, settings: Settings) -> None:
    """List the models of PROJECT, or of every project."""
    token = ""
    pages: list[dict[str, Any]] = []
    while True:
        page = {"project_name": project, "status": status, "max_results": 100, "next_token": token}
        result = _ask(settings, "list_models", page)
        if not as_json:
            _print(result, as_json)
        pages.append(result.structured_content or {})
        token = pages[-1].get("next_token", "")
        if not token:
            break
    if as_json:
        whole = pages[0] | {"models": [row for page in pages for row in page["models"]]}
        whole.pop("next_token", None)
        click.echo(json.dumps(whole, ensure_ascii=False, indent=2))


@main.command()
@click.argument("project")
@click.argument("version", default="latest")
@click.option("--defect-rate", type=float, help="Defective share of the line's parts: 0.01 is 1 %.")
@click.option("--threshold", type=float, help="Anomaly score from which to reject.")
@click.option("--examples", type=int, default=5, show_default=True, help="Wrong images to show.")
@click.option("--json", "as_json", is_flag=True, help="The structured result, for pipes.")
@_html
@_settings
def evaluate(
    project: str,
    version: str,
    defect_rate: float | None,
    threshold: float | None,
    examples: int,
    as_json: bool,
    html: Path | None,
    settings: Settings,
) -> None:
    """Show the evidence behind the metrics of model VERSION (default: latest) of PROJECT."""
    from lfv_mcp.cli.tables import evaluation_tables

    asked = {
        "project_name": project,
        "model_version": version,
        "defect_rate": defect_rate,
        "threshold": threshold,
        "max_examples": examples,
    }
    result = _ask(settings, "analyze_evaluation", asked)
    if as_json:
        _print(result, as_json)
    else:
        click.echo(evaluation_tables(result.structured_content or {}))
    _write_page(html, settings, asked, result, "describe_model")


@main.command()
@click.argument("project")
@click.argument("versions", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="The structured result, for pipes.")
@_html
@_settings
def compare(
    project: str, versions: tuple[str, ...], as_json: bool, html: Path | None, settings: Settings
) -> None:
    """Compare VERSIONS of PROJECT; the first is the baseline."""
    asked = {"project_name": project, "model_versions": list(versions)}
    result = _ask(settings, "compare_models", asked)
    _print(result, as_json)
    _write_page(html, settings, asked, result, None)


@main.group()
def archive() -> None:
    """Make, fill and check an archive of saved answers and evaluation files."""


@archive.command("import")
@click.argument("sources", nargs=-1, required=True, metavar="SRC...")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), help="Directory.")
@_settings
def archive_import(sources: tuple[str, ...], target: Path, settings: Settings) -> None:
    """Import saved answers and evaluation files from directories, files or s3:// prefixes.

    Nothing is deleted, and doing it again (after an interruption, say) changes nothing.
    """
    from lfv_mcp.archive.archive import may_be_records
    from lfv_mcp.archive.writer import ArchiveWriter, Tally
    from lfv_mcp.errors import LfvError

    tally, passed_over = Tally(), 0
    try:
        recorder = ArchiveWriter(target)
        for source in sources:
            files = open_files(source, settings)
            entries = list(files.entries())
            wanted = may_be_records(entries)
            passed_over += len(entries) - len(wanted)
            with _progress(len(wanted), source) as bar:
                for _ in recorder.take_all(files, wanted, tally):
                    bar.update(1)
    except LfvError as error:
        raise _failure(error) from error
    _report(tally, passed_over)


@archive.command("export")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), help="Directory.")
@_settings
def archive_export(target: Path, settings: Settings) -> None:
    """Save every answer of a live endpoint into an archive."""
    from lfv_mcp.archive.export import export_live
    from lfv_mcp.archive.writer import ArchiveWriter, Tally
    from lfv_mcp.aws.client import LookoutVision
    from lfv_mcp.errors import LfvError

    if open_archive(settings) is not None:
        raise click.UsageError("export reads a live endpoint (--source live); see archive import.")
    tally = Tally()
    try:
        service = LookoutVision(
            profile=settings.profile, region=settings.region, timeout=settings.timeout
        )
        for name in export_live(service, ArchiveWriter(target), tally):
            click.echo(f"{name} done", err=True)
    except LfvError as error:
        raise _failure(error) from error
    _report(tally, 0)


@archive.command("check")
@click.argument("place", metavar="DIR")
@_settings
def archive_check(place: str, settings: Settings) -> None:
    """Say what is in an archive: recognised, rebuilt, corrupt, foreign."""
    from lfv_mcp.archive.archive import Archive
    from lfv_mcp.errors import LfvError

    try:
        index = Archive(open_files(place, settings)).index()
    except LfvError as error:
        raise _failure(error) from error
    held = index.models.values()
    rebuilt = [key for key, model in index.models.items() if not (model.model or model.listing)]
    problems = [(name, p) for name, found in index.problems.items() for p in found]
    for name, problem in problems:
        kind = "corrupt" if problem.corrupt else "foreign"
        click.echo(f"{kind:8} {click.unstyle(name)!r}: {problem}")
    for key in rebuilt:
        click.echo(f"rebuilt  {key.arn}: known only from evaluation files, so without a status")
    for key, model in index.models.items():
        if model.disagreeing:
            others = ", ".join(sorted({s.status or "none" for s in model.disagreeing}))
            used = model.winner.status or "a record without a status"
            click.echo(f"disagree {key.arn}: {used} is used, others say {others}")
    rows = (
        ("projects", len(index.projects)),
        ("models", len(index.models)),
        ("  with a DescribeModel answer", sum(1 for m in held if m.model)),
        ("  known only from a listing", sum(1 for m in held if m.listing and not m.model)),
        ("  rebuilt from evaluation files", len(rebuilt)),
        ("  with an evaluation result", sum(1 for m in held if m.result)),
        ("  with an evaluation manifest", sum(1 for m in held if m.manifest)),
        ("corrupt", sum(1 for _, p in problems if p.corrupt)),
        ("foreign", sum(1 for _, p in problems if not p.corrupt)),
        ("passed over as images", index.passed_over),
    )
    for label, count in rows:
        click.echo(f"{label:34}{count:>8,}")
    if not index.models:
        raise click.exceptions.Exit(1)


def _progress(length: int, label: str) -> Any:
    """A progress bar on stderr; silent when nobody watches."""
    return click.progressbar(
        length=length,
        label=click.unstyle(label)[:60],
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    )


def _report(tally: Tally, passed_over: int) -> None:
    from lfv_mcp.formats.decoding import UnrecognisedError

    for name, problem in tally.problems:
        if isinstance(problem, UnrecognisedError):
            kind = "corrupt" if problem.corrupt else "foreign"
        else:
            kind = "failed"
        click.echo(f"{kind:8} {click.unstyle(name)!r}: {problem}", err=True)
    records = ", ".join(f"{count} {form}" for form, count in sorted(tally.recognised.items()))
    click.echo(
        f"{tally.files} looked at, {passed_over} passed over as images; "
        f"recognised: {records or 'nothing'}; {tally.written} new files written; "
        f"{len(tally.problems)} problems."
    )
    if not tally.recognised:
        raise click.exceptions.Exit(1)


def _failure(error: LfvError) -> click.ClickException:
    return click.ClickException(str(error))


@main.command()
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
@_settings
def replay(host: str, port: int, allow_remote: bool, settings: Settings) -> None:
    """Serve an archive over HTTP, as a read-only Lookout for Vision endpoint.

    The first line on stdout is its URL, for AWS_ENDPOINT_URL_LOOKOUTVISION or --endpoint-url; any
    credentials will do, for nothing is authenticated. Ctrl-C ends it.
    """
    from lfv_mcp.archive.replay import Replay
    from lfv_mcp.errors import LfvError
    from lfv_mcp.http.listener import listen, url_of
    from lfv_mcp.http.replay_app import serve_replay

    opened = open_archive(settings)
    if opened is None:
        raise click.UsageError(
            "replay serves an archive, not a live endpoint: --source (LFV_SOURCE) is sample, a "
            "directory, or s3://bucket/prefix."
        )
    kind, held = opened
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    try:
        listener = listen(host, port, allow_remote=allow_remote)
        models = len(held.index().models)
    except ValueError as error:
        raise click.UsageError(
            f"{error} Nothing is authenticated here, so that takes --allow-remote."
        ) from error
    except LfvError as error:
        raise _failure(error) from error

    def ready() -> None:
        click.echo(url_of(listener))
        where = "the bundled sample" if kind == "sample" else click.unstyle(held.files.location)
        click.echo(
            f"Replaying {where} (models: {models}): read-only, nothing is authenticated. "
            "Ctrl-C ends it.",
            err=True,
        )

    serve_replay(Replay(held, kind), listener, host, ready)


@main.command()
@_settings
def doctor(settings: Settings) -> None:
    """Show what is configured, what answers, and what to fix."""
    import anyio

    from lfv_mcp.cli.doctor import Check, examine, no_source, surroundings

    found_good: list[bool] = []

    def show(check: Check) -> None:
        found_good.append(check.good)
        click.echo(f"{'ok ' if check.good else 'FIX'}  {check.name}: {check.found}")
        if not check.good:
            click.echo(f"     {check.fix}")

    environment: Mapping[str, str] = click.get_current_context().meta[_ENVIRONMENT]
    for check in surroundings(environment, _known_variables()):
        show(check)
    try:
        catalog = open_catalog(*settings)
    except click.UsageError as error:
        show(no_source(error.message))
        raise click.exceptions.Exit(1) from error

    def identity() -> str:
        from lfv_mcp.aws.client import identity as found

        return found(settings.profile)

    async def report() -> None:
        async for check in examine(catalog, None if catalog.kind == "sample" else identity):
            show(check)

    anyio.run(report)
    if not all(found_good):
        raise click.exceptions.Exit(1)


def _known_variables() -> set[str]:
    """The variables that the help of `serve` names, singulars too, and boto3's own."""
    helped = " ".join(getattr(parameter, "help", None) or "" for parameter in serve.params)
    named = re.findall(r"LFV_[A-Z_]+", helped)
    return {*named, *(name.removesuffix("S") for name in named), *_BOTO3_READS}

"""Flags and their environment variables, as click options, and the settings they make."""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Callable
from typing import Any, Final, TypedDict

import click
from click.core import ParameterSource

from lfv_mcp.cli.environment import (
    EnvironmentOption,
    HttpOption,
    SourceOption,
    is_configured,
    unfilled,
    variables_of,
)
from lfv_mcp.cli.values import CommaList, LogLevel, Port, Seconds, Switch
from lfv_mcp.wiring.environment import default_source, endpoint_problem, misspelt_settings
from lfv_mcp.wiring.settings import Settings

_QUIET_LOGGERS: Final = ("boto3", "botocore", "urllib3", "httpx2", "httpcore2")
"""Loggers that show tokens at DEBUG, and URLs of the account at INFO."""

_Command = Callable[..., Any]


class HttpFlags(TypedDict):
    """What `lfv-mcp serve` is told about HTTP; lists are empty and texts None if not given."""

    host: str
    port: int
    public_url: str | None
    allowed_host: tuple[str, ...]
    allowed_origin: tuple[str, ...]
    behind_gateway: bool
    metrics: bool
    auth_issuer: str | None
    auth_jwks_url: str | None
    auth_audience: tuple[str, ...]
    auth_scope: tuple[str, ...]
    auth_algorithm: tuple[str, ...]
    auth_audience_claim: str | None
    auth_scope_claim: str | None


# Options


def _option(
    flag: str, variables: str | list[str], text: str, *, name: str = "", **attributes: Any
) -> Any:
    """A click option with its variables in the help, and its default if it has one."""
    declared = (flag, name) if name else (flag,)
    usual: dict[str, Any] = {"cls": EnvironmentOption, "show_envvar": True, "show_default": True}
    return click.option(*declared, envvar=variables, help=text, **(usual | attributes))


# The options that every command has


def _default_source() -> str:
    return default_source(os.environ)


def _buckets(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> frozenset[str] | None:
    """None allows every bucket; a list without a name in it allows none."""
    is_default = context.get_parameter_source(str(option.name)) is ParameterSource.DEFAULT
    return None if is_default else frozenset(given)


_SHARED: Final = (
    _option(
        "--log-level",
        ["LFV_LOG_LEVEL", "FASTMCP_LOG_LEVEL"],
        "How much to log, to stderr: DEBUG, INFO, WARNING, ERROR.",
        type=LogLevel(),
        metavar="TEXT",
        default="WARNING",
    ),
    _option(
        "--allowed-bucket",
        "LFV_ALLOWED_BUCKETS",
        "The only S3 buckets to read (repeatable).",
        name="buckets",
        type=CommaList(),
        multiple=True,
        show_default="any",
        callback=_buckets,
    ),
    _option(
        "--timeout",
        "LFV_TIMEOUT",
        "Seconds per question.",
        type=Seconds(),
        metavar="FLOAT",
        default=20,
    ),
    _option("--profile", "AWS_PROFILE", "AWS profile."),
    _option("--region", ["AWS_REGION", "AWS_DEFAULT_REGION"], "Region of live calls."),
    _option(
        "--source",
        "LFV_SOURCE",
        "live, sample, a directory, or s3://...",
        default=_default_source,
        show_default=False,
        cls=SourceOption,
    ),
)


_TOLD: Final = ("source", "region", "profile", "timeout", "buckets")
"""The members of `Settings` that an option tells."""


def settings_options(command: _Command) -> _Command:
    """Give a command the shared options; it takes them as one `settings`."""

    @functools.wraps(command)
    def with_settings(*args: Any, **given: Any) -> Any:
        _log_to_stderr(given.pop("log_level"))
        told = {name: given.pop(name) for name in _TOLD}
        settings = Settings(
            **told,
            problem=endpoint_problem(os.environ),
            doubt=_doubt(click.get_current_context(), told["source"]),
        )
        return command(*args, settings=settings, **given)

    decorated: _Command = with_settings
    for option in reversed(_SHARED):
        decorated = option(decorated)
    return decorated


def is_source_flag_given() -> bool:
    """Whether the command at hand was told its source by `--source`, not by the environment."""
    context = click.get_current_context()
    return context.get_parameter_source("source") is ParameterSource.COMMANDLINE


def _doubt(context: click.Context, source: str) -> str:
    """What was meant for this server and has no effect on it, as sentences."""
    sentences = misspelt_settings(os.environ, {*variables_of(context.find_root().command)})
    if unset := unfilled(context, "source"):
        other = "LFV_SOURCE" if unset.name.startswith("-") else "--source"
        sentences.insert(
            0,
            f"{unset.name} ({other}) is set, but was not filled in: one unexpanded ${{...}} counts "
            f"as unset, so {source} answers.",
        )
    return " ".join(sentences)


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(
        stream=sys.stderr, level=level, format="%(levelname)s %(name)s: %(message)s"
    )
    for name in _QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


# The options of HTTP alone


def _http(flag: str, text: str, **attributes: Any) -> Any:
    """An option of the HTTP server. LFV_ and a flag's name is its variable, with an S of a list."""
    variable = f"LFV_{flag.removeprefix('--').upper().replace('-', '_')}"
    if attributes.get("multiple"):
        variable += "S"
        attributes["type"] = CommaList()
    return _option(flag, variable, text, cls=HttpOption, **attributes)


_SWITCH: Final = {"is_flag": True, "type": Switch(), "default": False, "show_default": "no"}
_HTTP: Final = (
    _http("--host", "Address to listen on.", default="127.0.0.1"),
    _http(
        "--port",
        "Port to listen on; 0 picks a free one.",
        type=Port(),
        metavar="TEXT",
        default=8000,
    ),
    _http("--public-url", "URL of /mcp as clients know it.", show_default="where it listens"),
    _http("--allowed-host", "Host that requests may name (repeatable).", multiple=True),
    _http("--allowed-origin", "Origin of web pages that may call (repeatable).", multiple=True),
    _http(
        "--behind-gateway",
        "Serve without authentication: a gateway in front authenticates every caller.",
        **_SWITCH,
    ),
    _http("--metrics", "Serve /metrics for Prometheus (takes lfv-mcp[metrics]).", **_SWITCH),
    _http("--auth-issuer", "Take only tokens of this OAuth issuer."),
    _http("--auth-jwks-url", "Where the issuer publishes its keys."),
    _http(
        "--auth-audience",
        "What tokens are issued for (repeatable).",
        multiple=True,
        show_default="the public URL",
    ),
    _http("--auth-scope", "Scope that tokens must have (repeatable).", multiple=True),
    _http(
        "--auth-algorithm",
        "Algorithm of signatures (repeatable).",
        multiple=True,
        show_default="RS256,ES256",
    ),
    _http("--auth-audience-claim", "Claim that holds the audience.", show_default="aud"),
    _http("--auth-scope-claim", "Claim that holds the scopes.", show_default="scope"),
)


def http_options(command: _Command) -> _Command:
    """Give a command `--transport` and the options of HTTP, which it takes as `HttpFlags`."""
    transport = _option(
        "--transport",
        "LFV_TRANSPORT",
        "stdio, or http (/mcp, /healthz, /readyz).",
        type=click.Choice(["stdio", "http"], case_sensitive=False),
        default="stdio",
        is_eager=True,  # the options of HTTP are read only if it says http
    )
    for option in reversed((transport, *_HTTP)):
        command = option(command)
    return command


def is_authentication_configured(flags: HttpFlags) -> bool:
    """Whether any flag or variable of authentication holds something, be it usable or not.

    A variable with an S too many counts: it must not start a server that asks nobody who they are.
    """
    names = [name for name in flags if name.startswith("auth_")]
    if any(value for name, value in flags.items() if name in names):
        return True
    return any(is_configured(f"LFV_{name.upper()}{s}") for name in names for s in ("", "S"))

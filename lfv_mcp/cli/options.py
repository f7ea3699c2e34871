"""Flags and their environment variables, as click options, and the settings they make."""

from __future__ import annotations

import functools
import logging
import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypedDict

import click
from click.core import ParameterSource

BOTO3_VARIABLES: Final = (
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_LOOKOUTVISION",
    "AWS_ENDPOINT_URL_S3",
)
"""Variables that boto3 reads by itself, so an empty or unexpanded value must not reach it."""
_UNEXPANDED: Final = re.compile(r"\$\{[^}]*\}")
_QUIET_LOGGERS: Final = ("boto3", "botocore", "urllib3", "httpx2", "httpcore2")
"""Loggers that show tokens at DEBUG, and URLs of the account at INFO."""

_Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """What every command is told by its flags and the environment.

    Args:
        source: `sample`, `live`, a directory or file, or `s3://bucket/prefix`.
        region: AWS region of live calls; None for the profile's own.
        profile: AWS profile; None for boto3's usual chain.
        timeout: seconds one question may take in all.
        buckets: the only S3 buckets that may be read; None for any, an empty set for none.
    """

    source: str = "sample"
    region: str | None = None
    profile: str | None = None
    timeout: float = 20.0
    buckets: frozenset[str] | None = None


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


# Values


class CommaList(click.types.StringParamType):
    """Text that may be given several times: as repeated flags, or in one variable with commas.

    An item that is still `${...}` is left out and the others stay: a limit with one item that its
    host did not fill in must not become no limit.
    """

    def split_envvar_value(self, rv: str) -> list[str]:
        """The items of a variable's value, without blank and unexpanded ones."""
        items = map(str.strip, rv.split(","))
        return [item for item in items if item and not _UNEXPANDED.fullmatch(item)]


class Seconds(click.FloatRange):
    """A time limit: seconds above 0, at most an hour."""

    name = "number of seconds"

    def __init__(self) -> None:
        """Make the range: from 0, not included, to 3600."""
        super().__init__(min=0, min_open=True, max=3600)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number; `nan` fails too, which no comparison finds out of range."""
        seconds: float = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value!r} is not a valid {self.name}.", param, ctx)
        return seconds


class Port(click.IntRange):
    """A TCP port in plain digits; 0 for any free one."""

    name = "port"

    def __init__(self) -> None:
        """Make the range: from 0 to 65535."""
        super().__init__(0, 65535)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; signs, spaces and underscores, which `int()` takes, are refused."""
        if isinstance(value, str) and not (value.isascii() and value.isdigit()):
            self.fail(f"{value!r} is not a port from 0 to 65535.", param, ctx)
        port: int = super().convert(int(value), param, ctx)
        return port


class Switch(click.types.BoolParamType):
    """A flag whose variable says true, 1, yes, on, false, 0, no or off, in any case."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        """The switch; single letters, which click takes too, are refused."""
        words = ("true", "1", "yes", "on", "false", "0", "no", "off")
        if isinstance(value, str) and value.lower() not in words:
            self.fail(f"{value!r} is neither true nor false.", param, ctx)
        return super().convert(value, param, ctx)


class LogLevel(click.types.StringParamType):
    """A level of the logging module by its name, in any case."""

    name = "level"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The level's name in capitals."""
        level = str(value).upper()
        if level not in logging.getLevelNamesMapping():
            self.fail(f"{value!r} is not DEBUG, INFO, WARNING or ERROR.", param, ctx)
        return level


# Options


class EnvironmentOption(click.Option):
    """An option whose variables count as unset while they are empty or one unexpanded `${...}`.

    Hosts pass such values for settings that their user left out. An empty flag counts as unset too.
    """

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that are read, in order; of a list its singular too."""
        names = (self.envvar,) if isinstance(self.envvar, str) else tuple(self.envvar or ())
        return (*names, *(n.removesuffix("S") for n in names if self.multiple))

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:  # noqa: ARG002 - click's
        """The value of the first variable that is set."""
        is_set = _is_list_set if self.multiple else is_set_value
        values = (os.environ.get(name, "").strip() for name in self.variables)
        return next((value for value in values if is_set(value)), None)

    def consume_value(
        self, ctx: click.Context, opts: Mapping[str, Any]
    ) -> tuple[Any, ParameterSource]:
        """The value and where it is from: flag, variable or default."""
        if opts.get(str(self.name)) == "":
            opts = {name: value for name, value in opts.items() if name != self.name}
        return super().consume_value(ctx, opts)


class HttpOption(EnvironmentOption):
    """An option of the HTTP server; not even looked at when another transport is served.

    Otherwise a leftover LFV_PORT that is no port would stop a server over stdio.
    """

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """The value as its type has it, or nothing without HTTP."""
        if ctx.params.get("transport") == "http":
            return super().process_value(ctx, value)
        return () if self.multiple else None


def is_set_value(value: str) -> bool:
    """Whether a variable's value says something: not blank, and no `${...}` at its start."""
    return bool(value.strip()) and not value.strip().startswith("${")


def _is_list_set(value: str) -> bool:
    """Whether the value of a list says something; with one unexpanded item others may."""
    return bool(value) and not _UNEXPANDED.fullmatch(value)


def variables_of(command: click.Command) -> Iterator[str]:
    """Every environment variable that a command, or one below it, reads."""
    for parameter in command.params:
        if isinstance(parameter, EnvironmentOption):
            yield from parameter.variables
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from variables_of(below)


def _option(
    flag: str, variables: str | list[str], text: str, *, name: str = "", **attributes: Any
) -> Any:
    """A click option with its variables in the help, and its default if it has one."""
    declared = (flag, name) if name else (flag,)
    usual: dict[str, Any] = {"cls": EnvironmentOption, "show_envvar": True, "show_default": True}
    return click.option(*declared, envvar=variables, help=text, **(usual | attributes))


# The options that every command has


def _default_source() -> str:
    """`live` if there is an endpoint to ask, or else the bundled sample."""
    is_live = is_set_value(os.environ.get("AWS_ENDPOINT_URL_LOOKOUTVISION", ""))
    return "live" if is_live else "sample"


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
        "To stderr.",
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
    ),
)


def settings_options(command: _Command) -> _Command:
    """Give a command the shared options; it takes them as one `settings`."""

    @functools.wraps(command)
    def with_settings(*args: Any, **given: Any) -> Any:
        _log_to_stderr(given.pop("log_level"))
        settings = Settings(**{name: given.pop(name) for name in Settings.__slots__})
        return command(*args, settings=settings, **given)

    decorated: _Command = with_settings
    for option in reversed(_SHARED):
        decorated = option(decorated)
    return decorated


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
        "Nobody gets past a gateway that checks who calls.",
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
        type=click.Choice(["stdio", "http"]),
        default="stdio",
        is_eager=True,  # the options of HTTP are read only if it says http
    )
    for option in reversed((transport, *_HTTP)):
        command = option(command)
    return command


def is_authentication_configured(flags: HttpFlags) -> bool:
    """Whether any flag or variable of authentication holds something, be it usable or not.

    A half-filled `LFV_AUTH_ISSUER=${TENANT}.example.com` counts as unset like every other, and so
    does a name with an S too many; neither may start a server that asks nobody who they are.
    """
    if any(value for name, value in flags.items() if name.startswith("auth_")):
        return True
    return any(
        CommaList().split_envvar_value(os.environ.get(name, ""))
        for flag in flags
        if flag.startswith("auth_")
        for name in (f"LFV_{flag.upper()}", f"LFV_{flag.upper()}S")
    )


# The environment


def environment_of_this_server() -> dict[str, str]:
    """The variables that are meant for this server or for its boto3, as the host passed them."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith("LFV_") or name in BOTO3_VARIABLES
    }


def drop_unset_boto3_variables() -> None:
    """Remove empty and unexpanded variables of boto3, which would take them for values."""
    for name in BOTO3_VARIABLES:
        if not is_set_value(os.environ.get(name, "")):
            os.environ.pop(name, None)

"""Options that are flags and environment variables, and the variables that are meant for them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

import click
from click.core import ParameterSource

from lfv_mcp.cli.values import CommaList
from lfv_mcp.placeholders import FILL_IN, is_unset, not_filled_in, placeholder_in
from lfv_mcp.wiring.environment import ENDPOINT_VARIABLES, LIKE_OURS

BOTO3_VARIABLES: Final = ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", *ENDPOINT_VARIABLES)
"""Variables that boto3 reads by itself, so an empty or unexpanded value must not reach it."""
_UNFILLED: Final = "lfv_mcp.unfilled"
"""Key of the context's `meta`: the settings whose value was one unexpanded `${...}`."""

_UNHEARD: Final = "lfv_mcp.unheard"
"""Key of the context's `meta`: the flags of HTTP that were given for another transport."""


class SettingError(click.BadParameter):
    """A flag or variable has a value that cannot be used; exit code 1.

    Args:
        message: why, as whole sentences.
        next_step: what to do, as whole sentences.
        hint: names the setting; by default that of the option at hand.
    """

    def __init__(self, message: str, next_step: str = "", hint: str | None = None) -> None:
        super().__init__(message, param_hint=hint)
        self.next_step = next_step


class Unfilled(NamedTuple):
    """A setting that was set to one unexpanded `${...}`, so that it counts as unset."""

    name: str
    value: str


class EnvironmentOption(click.Option):
    """An option whose values count as unset while they are empty or one unexpanded `${...}`.

    Hosts pass such values, as flags or as variables, for settings that their user left out. A
    value that is filled in by half is an error: what was meant must not be ignored in silence.
    """

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that are read, in order; of a list its singular too."""
        names = (self.envvar,) if isinstance(self.envvar, str) else tuple(self.envvar or ())
        return (*names, *(n.removesuffix("S") for n in names if self.multiple))

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """The value of the first variable that is set."""
        for name in self.variables:
            value = os.environ.get(name, "").strip()
            if not is_unset(value):
                return value
            self._note_unfilled(ctx, name, value)
        return None

    def consume_value(
        self, ctx: click.Context, opts: Mapping[str, Any]
    ) -> tuple[Any, ParameterSource]:
        """The value and where it is from: flag, variable or default."""
        given = opts.get(str(self.name))
        if isinstance(given, str) and is_unset(given):
            self._note_unfilled(ctx, self.opts[0], given.strip())
            opts = {name: value for name, value in opts.items() if name != self.name}
        elif self.multiple and isinstance(given, list | tuple):
            # A limit with one item that its host did not fill in must not become no limit.
            items = cast("Sequence[str]", given)
            kept = [item for item in items if not item or not is_unset(item)]
            opts = {name: value for name, value in opts.items() if name != self.name}
            if kept or len(items) > 1:
                opts |= {str(self.name): kept}
        return super().consume_value(ctx, opts)

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """The value as its type has it.

        Raises:
            click.BadParameter: it is filled in by half, or its type refuses it.
        """
        is_list = isinstance(value, list | tuple)
        for text in cast("Sequence[object]", value) if is_list else (value,):
            placeholder = placeholder_in(text) if isinstance(text, str) else None
            if placeholder:
                raise SettingError(f"{not_filled_in(placeholder)}.", FILL_IN)
        return super().process_value(ctx, value)

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """The setting's flag and variable; first the one that the value is from."""
        flag, variable = self.opts[0], self._variable_in_use()
        is_from_variable = (
            ctx is not None
            and ctx.get_parameter_source(str(self.name)) is ParameterSource.ENVIRONMENT
        )
        return f"{variable} ({flag})" if is_from_variable else f"{flag} ({variable})"

    def _variable_in_use(self) -> str:
        """The first variable that says something, or else the first."""
        said = (name for name in self.variables if not is_unset(os.environ.get(name, "")))
        return next(said, self.variables[0])

    def _note_unfilled(self, ctx: click.Context, name: str, value: str) -> None:
        if value:
            unfilled: dict[str, Unfilled] = ctx.meta.setdefault(_UNFILLED, {})
            unfilled.setdefault(str(self.name), Unfilled(name, value))


class SourceOption(EnvironmentOption):
    """The option of the source: its value is judged when it is opened.

    So that a server with a wrong source can start, and say in every answer what is wrong with it.
    """

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """The value as it was given."""
        return click.Option.process_value(self, ctx, value)


class HttpOption(EnvironmentOption):
    """An option of the HTTP server; not even looked at when another transport is served.

    Otherwise a leftover LFV_PORT that is no port would stop a server over stdio. What a person
    typed is looked at, and noted as `unheard`.
    """

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """The value as its type has it, or nothing without HTTP."""
        is_typed = ctx.get_parameter_source(str(self.name)) is ParameterSource.COMMANDLINE
        is_http = ctx.params.get("transport") == "http"
        heard = super().process_value(ctx, value) if is_http or is_typed else None
        if is_http:
            return heard
        if is_typed:
            ctx.meta.setdefault(_UNHEARD, []).append(self.opts[0])
        return () if self.multiple else None


def unfilled(context: click.Context, name: str) -> Unfilled | None:
    """The unexpanded `${...}` that an option's flag or variable was set to, if it was."""
    found: dict[str, Unfilled] = context.meta.get(_UNFILLED, {})
    return found.get(name)


def unheard(context: click.Context) -> list[str]:
    """The flags that were given on the command line and have no effect."""
    flags: list[str] = context.meta.get(_UNHEARD, [])
    return flags


def is_configured(name: str) -> bool:
    """Whether a list's or text's variable holds anything but blanks, commas and `${...}`."""
    return bool(CommaList().split_envvar_value(os.environ.get(name, "")))


# The environment


def variables_of(command: click.Command) -> Iterator[str]:
    """Every environment variable that a command, or one below it, reads."""
    for parameter in command.params:
        if isinstance(parameter, EnvironmentOption):
            yield from parameter.variables
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from variables_of(below)


def environment_of_this_server() -> dict[str, str]:
    """The variables that are meant for this server or for its boto3, as the host passed them."""
    return {
        name: value
        for name, value in os.environ.items()
        if LIKE_OURS.match(name) or name in BOTO3_VARIABLES
    }


def drop_unset_boto3_variables() -> None:
    """Remove empty and unexpanded variables of boto3, which would take them for values."""
    for name in BOTO3_VARIABLES:
        if is_unset(os.environ.get(name, "")):
            os.environ.pop(name, None)

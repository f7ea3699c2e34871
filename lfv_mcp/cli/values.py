"""Types of flags and variables: lists, seconds, ports, switches and log levels."""

from __future__ import annotations

import logging
import math
from typing import Any

import click

from lfv_mcp.placeholders import is_unexpanded


class CommaList(click.types.StringParamType):
    """Text that may be given several times: as repeated flags, or in one variable with commas.

    An item that is still `${...}` is left out and the others stay: a limit with one item that its
    host did not fill in must not become no limit.
    """

    def split_envvar_value(self, rv: str) -> list[str]:
        """The items of a variable's value, without blank and unexpanded ones."""
        items = map(str.strip, rv.split(","))
        return [item for item in items if item and not is_unexpanded(item)]


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


class Share(click.types.FloatParamType):
    """A number that may be a percentage, too: `0.95`, `95%`, `0,95`."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number, read as the tools read one."""
        from lfv_mcp.server import spellings

        spelled: Any = spellings.number(value, may_be_percent=True)
        share: float = super().convert(spelled, param, ctx)
        return share


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

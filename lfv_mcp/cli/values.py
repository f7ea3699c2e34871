"""Types of flags and variables: lists, numbers, seconds, ports, switches and log levels."""

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


class Number(click.ParamType[float]):
    """A finite number in any spelling that the tools take: 0.01, 1e-2, "0,01"."""

    name = "float"
    _may_be_percent = False
    _spelled = "0.5"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number."""
        from lfv_mcp.server.spellings import number

        spelled = number(value, may_be_percent=self._may_be_percent)
        if not isinstance(spelled, int | float) or not math.isfinite(spelled):
            self.fail(_refused(value, "a number", self._spelled), param, ctx)
        return float(spelled)


class Share(Number):
    """A share, which may be spelled in percent, too: 0.01, 1%, "1 %"."""

    _may_be_percent = True
    _spelled = "0.01 or 1%"


class WholeNumber(click.ParamType[int]):
    """A whole number in any spelling that the tools take."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        from lfv_mcp.server.spellings import whole_number

        spelled = whole_number(value)
        if not isinstance(spelled, int):
            self.fail(_refused(value, "a whole number", "5"), param, ctx)
        return spelled


def _refused(value: object, what: str, spelled: str) -> str:
    """Why a value is not taken, and what to do about it."""
    if not str(value).strip():
        return "it is empty; where it is a variable, it was not set."
    return f"{value!r} is not {what}; write it as {spelled}."


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

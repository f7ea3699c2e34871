"""The command group of `lfv-mcp`: it serves if no command is named, and ends every command."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import takewhile
from typing import Any, Final, NamedTuple

import click

from lfv_mcp.cli.failures import exit_code_of
from lfv_mcp.text import clean

DEFAULT: Final = "serve"
"""The command that is run if none is named."""

_WORDS_FOR_FLAGS: Final = {"help": "--help", "version": "--version"}
"""Words that other programs have as commands: `lfv-mcp help list` is `lfv-mcp list --help`."""


class _BeforeCommand(NamedTuple):
    """What stands on the command line before the first word that is no flag's value."""

    flags: tuple[str, ...]
    word: int
    """Where that word is; the number of arguments if there is none."""


class CommandGroup(click.Group):
    """A group that is its default command while no other is named.

    Hosts start servers by flags alone (`"args": ["--source", "/archive"]`), so every flag of the
    default command works without its name. Exit codes and errors are those of `failures`.

    """

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - click's
        **extra: Any,
    ) -> Any:
        """Run a command; in standalone mode the process ends with its exit code."""
        run = partial(super().main, args, prog_name, complete_var, standalone_mode=False, **extra)
        if not standalone_mode:
            return run()
        given = sys.argv[1:] if args is None else args
        options = takewhile(lambda argument: argument != "--", given)
        sys.exit(exit_code_of(run, as_json="--json" in options))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command before flags that stand alone.

        Raises:
            click.UsageError: a flag of a command stands before the command.
        """
        return super().parse_args(ctx, self._with_command(ctx, args))

    def _with_command(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments, first of them a command or a flag of the group."""
        if ctx.resilient_parsing:  # a shell asks what may be typed next
            return [DEFAULT, *args] if args and args[0].startswith("-") else args
        own = {flag for param in self.get_params(ctx) for flag in param.opts}
        before = self._before_command(args)
        for flag in before.flags:
            if flag in own:  # `--help` and `--version` are the group's, whatever stands beside
                return [flag]
        if before.word == len(args):
            return [DEFAULT, *args]
        name = args[before.word]
        self._require_known(ctx, before.flags)
        if before.flags and name in self.commands:
            flags = " ".join(before.flags)
            inner, below = self.commands[name], args[before.word + 1 : before.word + 2]
            if isinstance(inner, click.Group) and below and below[0] in inner.commands:
                name = f"{name} {below[0]}"
            raise click.UsageError(
                f"A flag of a command stands after the command: put {flags} after {name}.", ctx
            )
        if name in _WORDS_FOR_FLAGS and name not in self.commands:
            return [*args[before.word + 1 :], _WORDS_FOR_FLAGS[name]]
        if name not in self.commands and re.search(r"[/\\]", name):
            raise click.UsageError(
                f"{clean(name, 200)} is no command. The archive that is to be served is the value "
                f"of a flag: --source {clean(name, 200)}",
                ctx,
            )
        return args[before.word :]

    def _require_known(self, ctx: click.Context, flags: Sequence[str]) -> None:
        known = {*self._flags_with_values(), *self._switches()}
        for flag in flags:
            if flag not in known:
                from difflib import get_close_matches  # only those who misspell wait for it

                raise click.NoSuchOption(
                    flag, possibilities=get_close_matches(flag, sorted(known)), ctx=ctx
                )

    def _before_command(self, args: Sequence[str]) -> _BeforeCommand:
        with_values = {*self._flags_with_values()}
        flags: list[str] = []
        position = 0
        while position < len(args) and args[position].startswith("-") and args[position] != "--":
            flag, has_value, _ = args[position].partition("=")
            flags.append(flag)
            position += 2 if flag in with_values and not has_value else 1
        if args[position : position + 1] == ["--"]:  # what follows is no flag
            position += 1
        return _BeforeCommand(tuple(flags), min(position, len(args)))

    def _flags_with_values(self) -> Iterator[str]:
        for option in _options_below(self):
            if not (option.is_flag or option.count):
                yield from option.opts

    def _switches(self) -> Iterator[str]:
        for option in _options_below(self):
            if option.is_flag or option.count:
                yield from (*option.opts, *option.secondary_opts)


def _options_below(group: click.Group) -> Iterator[click.Option]:
    """The options of every command of a group, at any depth."""
    for command in group.commands.values():
        yield from (param for param in command.params if isinstance(param, click.Option))
        if isinstance(command, click.Group):
            yield from _options_below(command)

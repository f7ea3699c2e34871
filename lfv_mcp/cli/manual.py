"""The command that prints the manual page, made of what `--help` says of every command: man."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click

from lfv_mcp import __version__

_ENDINGS: Final = (
    ("0", "It was answered."),
    ("1", "A value, a setting, the source or a record is wrong, or a check did not pass."),
    ("2", "The command line cannot be parsed."),
    ("130", "Ctrl-C."),
)


@click.command("man")
def manual() -> None:
    """Print the manual page: `lfv-mcp man | man -l -`."""
    root = click.get_current_context().find_root()
    click.echo("\n".join(manual_page(root)))


def manual_page(root: click.Context) -> Iterator[str]:
    """The lines of the page, as roff, for the program that a context is of."""
    group = root.command
    name = root.info_name or "lfv-mcp"
    yield f'.TH {name.upper()} 1 "" "{_roff(f"{name} {__version__}")}"'
    summary, *more = _paragraphs(group)
    yield from (".SH NAME", f"{_roff(name)} \\- {_roff(summary.rstrip('.'))}")
    yield from (
        ".SH SYNOPSIS",
        f".B {_roff(name)}",
        _roff(" ".join(group.collect_usage_pieces(root))),
    )
    yield ".SH DESCRIPTION"
    for paragraph in more:
        yield from (".PP", _roff(paragraph))
    yield ".SH COMMANDS"
    for context in _contexts(root):
        yield from _command(context)
    yield ".SH EXIT STATUS"
    for code, meaning in _ENDINGS:
        yield from (".TP", f".B {code}", _roff(meaning))


def _contexts(context: click.Context) -> Iterator[click.Context]:
    """A context of every command below, which knows by what words it is called."""
    group = context.command
    if not isinstance(group, click.Group):
        return
    for name, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        below = click.Context(command, parent=context, info_name=name)
        yield below
        yield from _contexts(below)


def _command(context: click.Context) -> Iterator[str]:
    command = context.command
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    yield f".SS {_roff(usage)}"
    for paragraph in _paragraphs(command):
        yield from (".PP", _roff(paragraph))
    for parameter in command.get_params(context):
        told = parameter.get_help_record(context)
        if told and told[1] and "--help" not in told[0]:
            yield from (".TP", f".B {_roff(told[0])}", _roff(told[1]))


def _paragraphs(command: click.Command) -> list[str]:
    """What a command says of itself, each paragraph on one line."""
    said = (command.help or "").partition("\f")[0]
    return [" ".join(part.split()) for part in said.split("\n\n") if part.strip()]


def _roff(text: str) -> str:
    """Text that roff prints as it is."""
    escaped = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped

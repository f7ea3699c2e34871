"""Help and version of every command, and what little they load."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from lfv_mcp import __version__
from lfv_mcp.cli.environment import EnvironmentOption
from lfv_mcp.cli.main import main
from tests.support.clients import run


def commands(group: click.Group = main, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command with the words that call it, groups included."""
    for name, command in group.commands.items():
        words = f"{path} {name}".strip()
        yield words, command
        if isinstance(command, click.Group):
            yield from commands(command, words)


COMMANDS = dict(commands())


def test_help_names_every_command() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert set(main.commands) >= {"serve", "describe", "doctor"}
    for name in main.commands:
        assert f"  {name} " in result.stdout
    assert run("-h").stdout == result.stdout


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_help(words: str) -> None:
    command = COMMANDS[words]
    assert command.help
    result = run(*words.split(), "--help")
    assert result.exit_code == 0
    assert command.help.split(".")[0] in " ".join(result.stdout.split())
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{words} {parameter.name}"
        if isinstance(parameter, EnvironmentOption):
            assert parameter.variables[0] in result.stdout


def test_version() -> None:
    assert run("--version").stdout == f"lfv-mcp, version {__version__}\n"


def test_version_and_help_load_neither_boto3_nor_the_sdk() -> None:
    code = (
        "import sys; from lfv_mcp.cli.main import main\n"
        "for flag in ('--version', '--help'): main([flag], standalone_mode=False)\n"
        "sys.exit(bool({'boto3', 'botocore', 'mcp', 'pydantic', 'anyio'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_module_is_the_command() -> None:
    command = [sys.executable, "-m", "lfv_mcp", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: lfv-mcp ")


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (["help"], ["--help"]),
        (["help", "list"], ["list", "--help"]),
        (["help", "archive", "pack"], ["archive", "pack", "--help"]),
        (["version"], ["--version"]),
    ],
    ids=lambda given: " ".join(given),
)
def test_help_and_version_are_words_too(words: list[str], flags: list[str]) -> None:
    by_word, by_flag = run(*words), run(*flags)
    assert (by_word.exit_code, by_word.stdout) == (0, by_flag.stdout)
    assert by_word.stdout


def test_help_for_an_unknown_command_names_it() -> None:
    asked = run("help", "lst")
    assert asked.exit_code == 2
    assert "lst" in asked.output

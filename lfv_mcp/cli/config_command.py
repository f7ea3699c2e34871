"""The command `config`: MCP hosts are told to start the lfv-mcp that the user has installed."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Final

import click
from click.core import ParameterSource

from lfv_mcp.cli.host_config import (
    HOSTS,
    NAME,
    TakenError,
    UnmergeableError,
    claude_command,
    decoded,
    entry,
)
from lfv_mcp.cli.host_config import merge as merge_text
from lfv_mcp.cli.host_config import snippet as snippet_of
from lfv_mcp.cli.host_config import usual_file as usual_file_of
from lfv_mcp.whole_file import write_whole

_OWN_FILE: Final = "\0"
"""`--write` without a file; nobody can type it."""
_UV_CACHE: Final = re.compile(r"(?:archive|environments|builds)-v\d+")
"""Folders of uv's cache that hold environments, wherever that cache is configured to be."""


@click.command()
@click.argument(
    "host",
    required=False,
    metavar="[HOST]",
    type=click.Choice(list(HOSTS), case_sensitive=False),
)
@click.option(
    "--source",
    default="sample",
    show_default=True,
    help="What the server answers from: sample, live, a directory, or s3://...",
)
@click.option(
    "--write",
    "into",
    is_flag=False,
    flag_value=_OWN_FILE,
    metavar="[FILE]",
    help="Merge it into FILE, else into the file that the host reads.",
)
@click.option("--replace", is_flag=True, help=f"With --write: replace another entry named {NAME}.")
def config(*, host: str | None, source: str, into: str | None, replace: bool) -> None:
    """Print what makes HOST start this server, or merge it into the host's file.

    Without HOST it lists the hosts and the files that they read.
    """
    from lfv_mcp.server.tools import TOOLS

    if replace and into is None:
        raise click.UsageError("--replace takes --write.")
    if into == "-":
        raise click.UsageError("--write takes a file: without it the entry goes to stdout.")
    if host is None:
        if into is not None:
            raise click.UsageError("--write takes a host before it: lfv-mcp config HOST --write.")
        context = click.get_current_context()
        if context.get_parameter_source("source") is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                "--source takes a host before it: lfv-mcp config HOST --source PLACE.", context
            )
        for name, known in HOSTS.items():
            click.echo(f"{name:16}{known.title:16}{_usual_file(name)}")
        click.echo("What to put there: lfv-mcp config HOST; --write puts it there.", err=True)
        return
    wanted = entry(host, str(_installed()), _place(source), [tool.name for tool in TOOLS])
    file = _usual_file(host) if into in (None, _OWN_FILE) else Path(into or "").expanduser()
    if into is not None:
        click.echo(_write(host, file, wanted, replace=replace))
    elif host == "claude-code":
        click.echo(claude_command(wanted, sys.platform))
    else:
        click.echo(snippet_of(host, wanted), nl=False)
        click.echo(f"For {file}; --write merges it into that file.", err=True)


def _usual_file(host: str) -> Path:
    return Path(usual_file_of(host, os.environ, str(Path.home()), sys.platform))


def _place(source: str) -> str:
    """The source as a host, which starts servers in a directory of its own choice, can pass it."""
    if source in ("sample", "live") or source.startswith("s3://"):
        return source
    place = Path(source).expanduser().absolute()
    if not source or not place.exists():
        raise click.ClickException(
            f"--source {source!r} is neither sample, live, an existing directory or file, nor "
            "s3://bucket/prefix."
        )
    return os.path.normpath(place)


# The command that hosts are given


def _installed() -> Path:
    """The console script that is running, by a path that will still be there tomorrow.

    Raises:
        click.ClickException: there is none.
    """
    script = "lfv-mcp.exe" if sys.platform == "win32" else "lfv-mcp"
    started = Path(sys.argv[0])
    beside = Path(sys.executable).with_name(script)
    found = started.with_name(script).absolute() if started.stem == "lfv-mcp" else beside
    if not found.is_file():
        raise click.ClickException(
            f"There is no {script} in {found.parent} that a host could start; "
            "install it first: `uv tool install .`"
        )
    import tempfile  # not at the top: every other command would wait for it

    temporary = {tempfile.gettempdir(), os.path.realpath(tempfile.gettempdir())}
    # A link may lead into a cache, or out of one.
    for path in (found, found.resolve(), Path(sys.executable).absolute()):
        folder = passing_folder(path, os.environ, temporary)
        if folder:
            raise click.ClickException(
                f"{path} lies in {folder}, which is emptied sooner or later, and a host that is "
                "told to start it would then start nothing, or what somebody else has put there; "
                "install it first: `uv tool install .`"
            )
    return found.resolve()


def passing_folder(
    path: PurePath, environment: Mapping[str, str], temporary: Iterable[str] = ()
) -> PurePath | None:
    """The cache of a package manager or the temporary folder that a path lies in, if it does.

    Pure: nothing is looked up but the variables in `environment`; `temporary` adds folders that
    the system has named.
    """
    kind = type(path)
    for parent in path.parents:
        if _UV_CACHE.fullmatch(parent.name):
            return parent
    folders = [*("/tmp", "/var/tmp", "/private/tmp", "/private/var/tmp", "/dev/shm"), *temporary]
    named = ("TMPDIR", "TEMP", "TMP", "UV_CACHE_DIR", "PIP_CACHE_DIR")
    folders += [environment[name] for name in named if environment.get(name)]
    homes = [environment[name] for name in ("HOME", "USERPROFILE") if environment.get(name)]
    caches = [environment[n] for n in ("XDG_CACHE_HOME", "LOCALAPPDATA") if environment.get(n)]
    caches += [str(kind(home, *below)) for home in homes for below in ((".cache",), _MAC_CACHES)]
    tools = (("uv",), ("pip",), ("pipx",), ("uv", "cache"), ("pipx", "pipx", "Cache"))
    folders += [str(kind(cache, *tool)) for cache in caches for tool in tools]
    pipx = [environment["PIPX_HOME"]] if environment.get("PIPX_HOME") else []
    pipx += [str(kind(home, *below)) for home in homes for below in _PIPX_HOMES]
    folders += [str(kind(home, ".cache")) for home in pipx]
    for folder in map(kind, folders):
        # A variable that names the root says nothing about what lies below it.
        if folder.name and path.is_relative_to(folder):
            return folder
    return None


_MAC_CACHES: Final = ("Library", "Caches")
_PIPX_HOMES: Final = ((".local", "pipx"), (".local", "share", "pipx"), ("pipx",))


# The host's file


def _write(host: str, file: Path, wanted: Mapping[str, object], *, replace: bool) -> str:
    """Merge the entry into a host's file; what is said about it.

    Raises:
        click.ClickException: the file stays as it was.
    """
    real = Path(os.path.realpath(file))  # a link stays a link
    try:
        if real.exists() and not real.is_file():
            raise click.ClickException(f"{file} is not a file.")
        mark, text = decoded(real.read_bytes() if real.exists() else b"")
        written = merge_text(host, text, wanted, replace=replace)
        if written == text:
            return f"{file} has it already: nothing to do."
        _put(real, (mark + written).encode("utf-8"))
    except TakenError:
        raise click.ClickException(
            f"{file} has another entry named {NAME}, and stays as it was; --replace replaces it."
        ) from None
    except UnmergeableError as reason:
        raise click.ClickException(
            f"{file} {reason}, so it stays as it was. Put this into it by hand, beside what is "
            f"there:\n{snippet_of(host, wanted)}"
        ) from None
    except UnicodeEncodeError:
        raise click.ClickException(
            "The path is not Unicode text, which a host's file takes; use another."
        ) from None
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}.") from None
    return f"Wrote {NAME} into {file}. {HOSTS[host].title}: {HOSTS[host].reload}"


def _put(path: Path, data: bytes) -> None:
    """Replace a file at once, or not at all; a new one is private: others' entries hold secrets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data, private=True)

"""A file that a command writes: as a value of the command line, and how it is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lfv_mcp.errors import SetupError

if TYPE_CHECKING:
    from lfv_mcp.whole_file import Kind


class UnwrittenError(SetupError):
    """A file beside an answer that has been printed cannot be written.

    With `--json` stdout has its one document by then: this is said on stderr alone.
    """


class OutputFile(click.Path):
    """A file on this machine, with `~` expanded, as where files are read."""

    def __init__(self) -> None:
        """A path of a file, whether or not it exists."""
        super().__init__(dir_okay=False, readable=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; what is a URL, or looks like one, is refused before any work is done."""
        from lfv_mcp.archive.places import parse_local_path
        from lfv_mcp.errors import CallerError

        if str(value) == "-":
            self.fail("'-' would be stdout, which has the answer: name a file.", param, ctx)
        try:
            path = parse_local_path(str(value), "Name a file on this machine.")
        except CallerError as error:
            raise click.ClickException(f"{error.message} {error.next_step}") from error
        return super().convert(str(path), param, ctx)


def kind_at(path: Path, flag: str) -> Kind:
    """What is at a path that a person named.

    Raises:
        SetupError: `output_failed`, that cannot be told.
    """
    from lfv_mcp.text import clean
    from lfv_mcp.whole_file import kind_of

    try:
        return kind_of(path)
    except (OSError, ValueError) as error:  # no path has a NUL in it
        why = error.strerror if isinstance(error, OSError) else error
        raise SetupError(
            "output_failed",
            f"{clean(str(path))} ({flag}) cannot be looked at: {why}.",
            "Name a file in a directory that exists and can be written to.",
        ) from error


def make_folder(path: Path, flag: str) -> None:
    """Make a folder that a person named as one, with those above it.

    Raises:
        SetupError: `output_failed`, it cannot be made.
    """
    from lfv_mcp.text import clean

    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            "output_failed",
            f"The folder {clean(str(path))} ({flag}) cannot be made: {error.strerror}.",
            "Name a folder that exists, or one that can be made.",
        ) from error


def write_file(path: Path, data: bytes, flag: str, what: str = "file") -> None:
    """Write a whole file, as `write_whole` does.

    Args:
        path: the file.
        data: all that is to be in it.
        flag: by which the file was named, for the error.
        what: what the error calls it.

    Raises:
        SetupError: `output_failed`, the file cannot be written.
    """
    from lfv_mcp.text import clean
    from lfv_mcp.whole_file import write_whole

    try:
        write_whole(path, data)
    except OSError as error:
        raise SetupError(
            "output_failed",
            f"The {what} {clean(str(path))} ({flag}) cannot be written: {error.strerror}.",
            "Name a file in a directory that exists and can be written to.",
        ) from error


def write_beside(path: Path, data: bytes, flag: str, what: str = "file") -> None:
    """Write a whole file beside an answer that has been printed.

    Args:
        path: as of `write_file`, with what follows.
        data: all that is to be in it.
        flag: by which the file was named.
        what: what the error calls it.

    Raises:
        UnwrittenError: `output_failed`, the file cannot be written.
    """
    try:
        write_file(path, data, flag, what)
    except SetupError as error:
        raise UnwrittenError(error.code, error.message, error.next_step) from error

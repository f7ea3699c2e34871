"""What `archive import`, `export` and `pack` say when they are done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from lfv_mcp.errors import LfvError

if TYPE_CHECKING:
    from lfv_mcp.archive.pack import Packer
    from lfv_mcp.archive.tally import ImportTally

_PREDICTED: Final = (
    "What a system predicted on test images is imported with --predictions NAME --project PROJECT."
)


_LEFT_NAMED: Final = 20
"""Packaged models that are named; those beyond are counted."""


def show_import(tally: ImportTally, skipped_images: int) -> None:
    """Print what an import has found and written.

    Raises:
        click.exceptions.Exit: exit code 1, if it was nothing or some of it failed.
    """
    show_export(tally, skipped_images)
    if tally.failed:
        click.echo(f"{tally.failed:,} failed: run it again, and they are tried again.", err=True)
        raise click.exceptions.Exit(1)


def show_export(tally: ImportTally, skipped_images: int = 0) -> None:
    """Print what an export has found and written.

    Raises:
        click.exceptions.Exit: exit code 1, if it was nothing.
    """
    _show_problems(tally)
    click.echo(
        f"{_looked_at(tally, skipped_images)} {tally.written:,} new files written; "
        f"{len(tally.problems):,} problems."
    )
    if not tally.recognised:
        raise click.exceptions.Exit(1)


def show_pack(packer: Packer, skipped_images: int) -> None:
    """Print what a pack holds, or why there is none.

    Raises:
        click.exceptions.Exit: exit code 1, if there is none.
    """
    tally = packer.tally
    _show_problems(tally)
    looked_at = _looked_at(tally, skipped_images)
    if packer.result is None:
        why = f"{len(packer.unread):,} files could not be read" if packer.unread else "no record"
        click.echo(f"{looked_at} nothing published: {why}.")
        raise click.exceptions.Exit(1)
    records, copied, others = packer.result
    click.echo(f"{looked_at} {records:,} records packed, {copied:,} files beside them.")
    if others:
        click.echo(f"{others:,} other files were there already and stay.", err=True)


def _show_problems(tally: ImportTally) -> None:
    from lfv_mcp.formats.foreign import PREDICTIONS

    next_steps: dict[str, None] = {}  # each once, in their order
    for name, problem in tally.problems:
        click.echo(f"{kind_of(problem):8} {click.unstyle(name)!r}: {_text(problem)}", err=True)
        if isinstance(problem, LfvError):
            next_steps[problem.next_step] = None
        elif str(problem).startswith(PREDICTIONS):
            next_steps[_PREDICTED] = None
    for next_step in next_steps:
        click.echo(f"Next: {next_step}", err=True)
    for name in tally.left[:_LEFT_NAMED]:
        click.echo(f"held     {click.unstyle(name)!r}: a packaged model, not copied", err=True)
    if (more := len(tally.left) - _LEFT_NAMED) > 0:
        click.echo(f"held     and {more:,} more packaged models", err=True)


def _looked_at(tally: ImportTally, skipped_images: int) -> str:
    records = ", ".join(f"{count:,} {form}" for form, count in sorted(tally.recognised.items()))
    return (
        f"{tally.files:,} looked at, {skipped_images:,} passed over as images; "
        f"recognised: {records or 'nothing'};"
    )


def kind_of(problem: Exception) -> str:
    """A file's problem in one word.

    corrupt, unread (for safety), foreign (something else), read (but not as it was saved), or
    failed to be read.
    """
    from lfv_mcp.formats.decoding import UnrecognisedError

    if isinstance(problem, UnrecognisedError):
        if problem.is_unread:
            return "corrupt" if problem.corrupt else "unread"
        return "read" if problem.read else "foreign"
    return "failed"


def _text(problem: Exception) -> str:
    if isinstance(problem, OSError):
        return f"cannot be read: {problem.strerror or problem}"
    if isinstance(problem, LfvError):
        return f"{problem.message} [{problem.code}]"
    return str(problem)

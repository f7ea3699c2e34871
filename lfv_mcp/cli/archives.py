"""The commands of `lfv-mcp archive`: import, export and check."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lfv_mcp.cli.collector import resume_collector
from lfv_mcp.cli.options import Settings, settings_options

if TYPE_CHECKING:
    from lfv_mcp.archive.index import Index
    from lfv_mcp.archive.store import FileStore
    from lfv_mcp.archive.writer import ArchiveWriter, ImportTally


@click.group()
def archive() -> None:
    """Make, fill and check an archive of saved answers and evaluation files."""


_target_option = click.option(
    "--to", "target", required=True, type=click.Path(path_type=Path), help="Directory."
)


@archive.command("import")
@click.argument("sources", nargs=-1, required=True, metavar="SRC...")
@_target_option
@settings_options
def import_(*, sources: tuple[str, ...], target: Path, settings: Settings) -> None:
    """Import saved answers and evaluation files from directories, files or s3:// prefixes.

    Nothing is deleted, and doing it again (after an interruption, say) changes nothing.
    """
    from lfv_mcp.archive.writer import ArchiveWriter, ImportTally
    from lfv_mcp.cli.wiring import open_files

    tally, skipped_images = ImportTally(), 0
    with _failures_end_the_command():
        writer = ArchiveWriter(target)
        for source in sources:
            skipped_images += _import_files(source, open_files(source, settings), writer, tally)
    _show_tally(tally, skipped_images)


def _import_files(name: str, files: FileStore, writer: ArchiveWriter, tally: ImportTally) -> int:
    """Import what may be records of one source; the number of files that were skipped as images."""
    from lfv_mcp.archive.reading import may_be_records

    entries = list(files.entries())
    wanted = may_be_records(entries)
    with _progress_bar(len(wanted), name) as bar:
        for _ in writer.import_files(files, wanted, tally):
            bar.update(1)
    return len(entries) - len(wanted)


@archive.command()
@_target_option
@settings_options
def export(*, target: Path, settings: Settings) -> None:
    """Save every answer of a live endpoint into an archive."""
    from lfv_mcp.archive.export import export_live
    from lfv_mcp.archive.writer import ArchiveWriter, ImportTally
    from lfv_mcp.cli.wiring import open_archive, open_live

    if open_archive(settings) is not None:
        raise click.UsageError("export reads a live endpoint (--source live); see archive import.")
    tally = ImportTally()
    with _failures_end_the_command():
        for name in export_live(open_live(settings), ArchiveWriter(target), tally):
            click.echo(f"{name} done", err=True)
    _show_tally(tally, 0)


@archive.command()
@click.argument("place", metavar="DIR")
@settings_options
def check(*, place: str, settings: Settings) -> None:
    """Say what is in an archive: recognised, rebuilt, corrupt, foreign."""
    from lfv_mcp.archive.archive import Archive
    from lfv_mcp.cli.wiring import open_files

    with _failures_end_the_command():
        index = Archive(open_files(place, settings)).index()
    for line in (*_remarks(index), *_totals(index)):
        click.echo(line)
    if not index.models:
        raise click.exceptions.Exit(1)


def _remarks(index: Index) -> Iterator[str]:
    """What is unusual in an archive, a line each: bad files, rebuilt models, contradictions."""
    for name, problems in index.problems.items():
        for problem in problems:
            yield f"{_kind(problem):8} {click.unstyle(name)!r}: {problem}"
    for key, model in index.models.items():
        if not (model.model or model.listing):
            yield f"rebuilt  {key.arn}: known only from evaluation files, so without a status"
    for key, model in index.models.items():
        if model.disagreeing:
            others = ", ".join(sorted({record.status or "none" for record in model.disagreeing}))
            used = model.winner.status or "a record without a status"
            yield f"disagree {key.arn}: {used} is used, others say {others}"


def _totals(index: Index) -> Iterator[str]:
    """The table of counts that a check ends with."""
    models = index.models.values()
    problems = [problem for found in index.problems.values() for problem in found]
    rows = (
        ("projects", len(index.projects)),
        ("models", len(models)),
        ("  with a DescribeModel answer", _count(m.model for m in models)),
        ("  known only from a listing", _count(m.listing and not m.model for m in models)),
        ("  rebuilt from evaluation files", _count(not (m.model or m.listing) for m in models)),
        ("  with an evaluation result", _count(m.result for m in models)),
        ("  with an evaluation manifest", _count(m.manifest for m in models)),
        ("corrupt", _count(problem.corrupt for problem in problems)),
        ("unread", _count(problem.convertible and not problem.corrupt for problem in problems)),
        ("foreign", _count(not (problem.is_unread or problem.read) for problem in problems)),
        ("passed over as images", index.skipped_images),
    )
    for label, count in rows:
        yield f"{label:34}{count:>8,}"


def _count(found: Iterable[object]) -> int:
    return sum(1 for each in found if each)


@contextmanager
def _failures_end_the_command() -> Generator[None]:
    """Let an `LfvError` out as click's exception: its text on stderr, exit code 1."""
    from lfv_mcp.errors import LfvError

    resume_collector()
    try:
        yield
    except LfvError as error:
        raise click.ClickException(str(error)) from error


def _progress_bar(length: int, label: str) -> Any:
    """A progress bar on stderr; silent when nobody watches."""
    return click.progressbar(
        length=length,
        label=click.unstyle(label)[:60],
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    )


def _show_tally(tally: ImportTally, skipped_images: int) -> None:
    """Print what an import or export has found and written; exit code 1 if it was nothing."""
    for name, problem in tally.problems:
        click.echo(f"{_kind(problem):8} {click.unstyle(name)!r}: {problem}", err=True)
    records = ", ".join(f"{count} {form}" for form, count in sorted(tally.recognised.items()))
    click.echo(
        f"{tally.files} looked at, {skipped_images} passed over as images; "
        f"recognised: {records or 'nothing'}; {tally.written} new files written; "
        f"{len(tally.problems)} problems."
    )
    if not tally.recognised:
        raise click.exceptions.Exit(1)


def _kind(problem: Exception) -> str:
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

"""The commands of `lfv-mcp archive`: import, export, pack and check."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Unpack

import click

from lfv_mcp.cli.archive_check import check_of, lines_of
from lfv_mcp.cli.archive_places import open_source, open_target
from lfv_mcp.cli.archive_predictions import (
    PredictionFlags,
    import_predictions_of,
    is_about_predictions,
    prediction_options,
)
from lfv_mcp.cli.archive_report import (
    echo_json,
    say_nothing_held,
    show_export,
    show_import,
    show_pack,
)
from lfv_mcp.cli.collector import resume_collector
from lfv_mcp.cli.options import settings_options
from lfv_mcp.cli.progress_line import ProgressLine
from lfv_mcp.cli.questions import json_option
from lfv_mcp.cli.terminal import say
from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from lfv_mcp.archive.store import FileEntry, FileStore


@click.group()
def archive() -> None:
    """Make, fill, pack and check an archive of saved answers and evaluation files."""


_target_option = click.option(
    "--to", "target", required=True, metavar="PLACE", help="A directory, or s3://bucket/prefix."
)


@archive.command("import")
@click.argument("sources", nargs=-1, required=True, metavar="SRC...")
@_target_option
@prediction_options
@json_option
@settings_options
def import_(
    *,
    sources: tuple[str, ...],
    target: str,
    as_json: bool,
    settings: Settings,
    **flags: Unpack[PredictionFlags],
) -> None:
    """Import saved answers and evaluation files from directories, files or s3:// prefixes.

    Dataset manifests are copied unchanged; packaged models (model.tar.gz) stay where they are.

    With --predictions NAME and --project, what another system predicted on the test images of a
    project: CSV, TSV, JSON Lines, a Ground Truth-shaped manifest, or a folder of .out files.

    Nothing is deleted, and doing it again (after an interruption, say) changes nothing. Exit code
    1 if a file could not be read, or if nothing was recognised.
    """
    if is_about_predictions(flags):
        with _failures_end_the_command():
            import_predictions_of(sources, target, flags, settings, as_json=as_json)
        return
    from lfv_mcp.archive.places import parse_place
    from lfv_mcp.archive.tally import ImportTally
    from lfv_mcp.archive.writer import ArchiveWriter

    tally, skipped_images = ImportTally(), 0
    with _failures_end_the_command():
        place = parse_place(target)
        # A source that cannot be one is said before anything is made or written.
        opened = [(source, open_source(source, place, settings)) for source in sources]
        with (
            closing(open_target(place, settings)) as written,
            closing(ArchiveWriter(written)) as writer,
        ):
            for source, files in opened:
                wanted, skipped = _wanted_files(source, files)
                skipped_images += skipped
                with ProgressLine(source, len(wanted)) as progress:
                    for _ in writer.import_files(files, wanted, tally):
                        progress.advance()
            writer.publish_datasets(tally)
    show_import(tally, skipped_images, as_json=as_json)


def _wanted_files(name: str, files: FileStore) -> tuple[list[FileEntry], int]:
    """What may be records of one source; the number of files that were skipped as images."""
    from lfv_mcp.archive.reading import may_be_records

    entries: list[FileEntry] = []
    with ProgressLine(name, None) as progress:
        for entry in files.entries():
            entries.append(entry)
            progress.advance()
    if not entries:
        click.echo(f"{click.unstyle(name)} has no files in it.", err=True)
    wanted = may_be_records(entries)
    return wanted, len(entries) - len(wanted)


@archive.command()
@_target_option
@json_option
@settings_options
def export(*, target: str, as_json: bool, settings: Settings) -> None:
    """Save every answer of a live endpoint into an archive."""
    from lfv_mcp.archive.export import export_live
    from lfv_mcp.archive.places import parse_place
    from lfv_mcp.archive.tally import ImportTally
    from lfv_mcp.archive.writer import ArchiveWriter
    from lfv_mcp.wiring.opening import open_archive, open_live

    if open_archive(settings) is not None:
        raise click.UsageError("export reads a live endpoint (--source live); see archive import.")
    tally = ImportTally()
    with (
        _failures_end_the_command(),
        closing(open_target(parse_place(target), settings)) as written,
    ):
        for name in export_live(open_live(settings), ArchiveWriter(written), tally):
            click.echo(f"{name} done", err=True)
    show_export(tally, as_json=as_json)


@archive.command()
@click.argument("packed", metavar="SRC")
@_target_option
@click.option("--replace", is_flag=True, help="Write into a place that is not empty.")
@json_option
@settings_options
def pack(*, packed: str, target: str, replace: bool, as_json: bool, settings: Settings) -> None:
    """Pack an archive for many readers: all answers and results in one compressed file.

    Evaluation manifests, prediction sets and datasets are copied beside it as they are. Exit code
    1, and nothing is published, if a file that may hold a record could not be read.
    """
    from lfv_mcp.archive.pack import Packer
    from lfv_mcp.archive.places import parse_place

    with _failures_end_the_command():
        place = parse_place(target)
        files = open_source(packed, place, settings)
        with closing(Packer(files, open_target(place, settings), replace=replace)) as packer:
            packer.require_room()
            wanted, skipped_images = _wanted_files(packed, files)
            with ProgressLine(packed, len(wanted)) as progress:
                for _ in packer.read(wanted):
                    progress.advance()
            if packer.may_be_published:
                with ProgressLine(target, packer.copies) as progress:
                    packer.publish(progress.advance)
            show_pack(packer, skipped_images, as_json=as_json)


@archive.command()
@click.argument("place", metavar="DIR")
@json_option
@settings_options
def check(*, place: str, as_json: bool, settings: Settings) -> None:
    """Say what is in an archive: recognised, rebuilt, corrupt, unread, failed, foreign.

    Exit code 1 if a record may be missing because a file could not be read, or if there is no
    model, no prediction set and no dataset.
    """
    from lfv_mcp.archive.archive import Archive
    from lfv_mcp.wiring.opening import open_files

    with _failures_end_the_command():
        found = check_of(Archive(open_files(place, settings)).index())
    if as_json:
        echo_json(found.to_json())
    else:
        for line in lines_of(found):
            click.echo(line)
    if not found.passes:
        if found.complete:
            say_nothing_held("Nothing is held")
        else:
            say("Error: Records may be missing, because files could not be read.", err=True)
        raise click.exceptions.Exit(1)


@contextmanager
def _failures_end_the_command() -> Generator[None]:
    """Let an `LfvError` out as click's exception: its text on stderr, exit code 1."""
    from lfv_mcp.errors import LfvError

    resume_collector()
    try:
        yield
    except LfvError as error:
        raise click.ClickException(str(error)) from error

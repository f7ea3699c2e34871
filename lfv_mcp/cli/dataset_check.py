"""The command `lfv-mcp dataset check`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lfv_mcp.cli.archive_places import open_place
from lfv_mcp.cli.collector import resume_collector
from lfv_mcp.cli.image_places import images_option, listed_images
from lfv_mcp.cli.old_test_set import against_option, old_test_set
from lfv_mcp.cli.options import settings_options
from lfv_mcp.cli.output_file import OutputFile, write_beside
from lfv_mcp.cli.progress_line import ProgressLine
from lfv_mcp.cli.questions import json_option
from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from lfv_mcp.analysis.datasets.dataset_question import DatasetQuestion
    from lfv_mcp.archive.store import FileStore
    from lfv_mcp.formats.datasets.dataset import Dataset


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SRC...")
@click.option(
    "--test",
    "tests",
    multiple=True,
    metavar="SRC",
    help="A set to test with, which must share no image with SRC (repeatable).",
)
@against_option
@images_option
@click.option(
    "--csv",
    "csv_file",
    type=OutputFile(),
    metavar="FILE",
    help="Also write every image and what is wrong with it, as a table.",
)
@json_option
@settings_options
def check(
    *,
    sources: tuple[str, ...],
    tests: tuple[str, ...],
    against: tuple[str, str] | None,
    images: tuple[str, ...],
    csv_file: Path | None,
    as_json: bool,
    settings: Settings,
) -> None:
    """Check datasets: labels, shared images, missing files, and what successors demand.

    SRC is a dataset manifest, a CSV of images and labels, anomalib's table, or a folder or s3://
    prefix with such files in it, or with images in folders such as train/normal and
    train/anomaly. No image is opened.

    Exit code 1 for contradictory labels, lines that cannot be read, images or masks that do not
    exist, and for images of a test set that are in the training set by URI, content or key; not
    for equal names alone.
    """
    from lfv_mcp.analysis.datasets.dataset_check import check_datasets

    question = _question(sources, tests, against, images, settings)
    checked = check_datasets(question)
    if as_json:
        click.echo(json.dumps(checked.result.to_json(), ensure_ascii=False, indent=2))
    else:
        from lfv_mcp.cli.dataset_report import report_lines

        for line in report_lines(checked):
            click.echo(line)
    if csv_file is not None:
        from lfv_mcp.cli.dataset_csv import problem_table

        write_beside(csv_file, problem_table(checked), "--csv")
        click.echo(f"wrote {csv_file}", err=True)
    if not checked.is_good:
        raise click.exceptions.Exit(1)


def _question(
    sources: Iterable[str],
    tests: Iterable[str],
    against: tuple[str, str] | None,
    images: Iterable[str],
    settings: Settings,
) -> DatasetQuestion:
    """What is checked; every place is opened before anything is listed."""
    from lfv_mcp.analysis.datasets.dataset_question import DatasetQuestion
    from lfv_mcp.analysis.datasets.image_presence import wanted_of

    opened = [open_place(source, settings) for source in sources]
    opened_tests = [open_place(source, settings) for source in tests]
    resume_collector()
    named = [dataset for files in opened for dataset in _read(files)]
    to_test_with = [dataset for files in opened_tests for dataset in _read(files)]
    old_test = None if against is None else old_test_set(*against, settings)
    training = [dataset for dataset in named if dataset.split != "test"]
    own_tests = [dataset for dataset in named if dataset.split == "test"]
    if to_test_with and not training:  # a person says which is the test, so these are not
        training, own_tests = own_tests, []
    all_tests = [*own_tests, *to_test_with]
    listing = None
    if prefixes := list(images):
        sets = [*training, *all_tests, *([old_test] if old_test else [])]
        listing = listed_images(prefixes, settings, wanted_of(sets))
    return DatasetQuestion(training, all_tests, old_test, listing)


def _read(files: FileStore) -> list[Dataset]:
    """The datasets of a place; what is passed over beside them is said."""
    from lfv_mcp.archive.dataset_source import read_dataset_source
    from lfv_mcp.text import first_of

    others: list[str] = []
    unseen: list[str] = []

    def pass_over(place: str, why: str) -> None:
        if why:
            unseen.append(f"{place} is {why}")
        else:
            others.append(place)

    with ProgressLine(files.location, None) as progress:
        found = read_dataset_source(files, advance=progress.advance, pass_over=pass_over)
    if others:
        are = "it is no dataset" if len(others) == 1 else "they are no datasets"
        click.echo(f"Passed over, because {are}: {first_of(others, limit=200)}.", err=True)
    if unseen:
        named = first_of(unseen, limit=1024, separator="; ")
        click.echo(f"Not looked into: {named}.", err=True)
    return found

"""The command `lfv-mcp dataset convert`: datasets as a successor reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from lfv_mcp.cli.archive_places import open_source
from lfv_mcp.cli.collector import resume_collector
from lfv_mcp.cli.options import is_source_flag_given, settings_options
from lfv_mcp.cli.progress_line import ProgressLine
from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from lfv_mcp.analysis.datasets.conversion import Conversion, ConversionQuestion
    from lfv_mcp.archive.mask_size import HeldSize
    from lfv_mcp.archive.places import Place
    from lfv_mcp.formats.datasets.dataset import Dataset
    from lfv_mcp.formats.png import ImageSize

_FORMATS: Final = ("sagemaker", "dda", "anomalib")
_LARGEST: Final = 16_384
"""Pixels of the longest side of an image; Lookout for Vision took 4,096."""
_NEWEST_MASKS: Final = 3
"""Masks that are looked for where they are said to be now, before where they were."""


class _MaskSize(click.ParamType[tuple[int, int]]):
    """A size such as 640x480."""

    name = "WxH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Width and height in pixels."""
        found = re.fullmatch(r"([0-9]{1,5})[xX*]([0-9]{1,5})", str(value).strip())
        if found is None or not all(0 < int(side) <= _LARGEST for side in found.groups()):
            self.fail(
                f"{value!r} is no size; write width and height in pixels, such as 640x480.",
                param,
                ctx,
            )
        return int(found[1]), int(found[2])


class _Flags(NamedTuple):
    """What the command was told beside its sources."""

    format: str
    rewrites: tuple[str, ...]
    mask_size: tuple[int, int] | None
    without_masks: bool
    dry_run: bool
    leave_out: bool
    replace: bool


@click.command()
@click.argument("training", metavar="SRC")
@click.option("--test", metavar="SRC", help="The test set, where SRC does not have it.")
@click.option(
    "--format",
    required=True,
    type=click.Choice(_FORMATS),
    help="Who reads it: AWS's algorithm for SageMaker, the Defect Detection Application, anomalib.",
)
@click.option("--to", "target", required=True, metavar="DIR", help="The directory to write to.")
@click.option(
    "--rewrite",
    "rewrites",
    multiple=True,
    metavar="FROM=TO",
    help="Where images and masks are now: begin with TO what begins with FROM (repeatable).",
)
@click.option(
    "--mask-size",
    type=_MaskSize(),
    metavar="WxH",
    help="Pixels of the images, where no mask can be read.",
)
@click.option("--without-masks", is_flag=True, help="Write labels alone, for classification.")
@click.option("--leave-out", is_flag=True, help="Leave out lines that cannot be used.")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@click.option("--replace", is_flag=True, help="Write into a directory that is not empty.")
@settings_options
def convert(
    *, training: str, test: str | None, target: str, settings: Settings, **flags: Any
) -> None:
    """Write a dataset as a successor reads it: train.manifest and test.manifest, or dataset.csv.

    SRC is a manifest, a CSV file, a folder or an s3:// prefix. What it has for training stays for
    training, and nothing is split off for a test. Lines without a label, and lines that contradict
    each other, are listed: exit code 1, and nothing is written without --leave-out.
    """
    resume_collector()
    _convert(training, test, target, settings, _Flags(**flags))


def _convert(source: str, test: str | None, target: str, settings: Settings, flags: _Flags) -> None:
    from lfv_mcp.analysis.datasets.conversion import plan_conversion
    from lfv_mcp.archive.conversion_target import require_room
    from lfv_mcp.cli import conversion_report as report

    path, place = _directory(target)
    require_room(path, replace=flags.replace)
    question = _question(source, test, place, settings, flags)
    conversion = plan_conversion(question)
    is_refused = bool(conversion.left_out) and not flags.leave_out
    if is_refused:
        for line in report.refusal(conversion):
            click.echo(line)
        raise click.exceptions.Exit(1)
    sources = [each for each in (source, test) if each is not None]
    held = _mask_size(question, conversion, sources, settings, flags)
    files = _files(question, conversion, held.size)
    if not flags.dry_run:
        from lfv_mcp.archive.conversion_target import write_files

        write_files(path, files)
    for line in report.written(question, conversion, target, held, is_dry=flags.dry_run):
        click.echo(line)


def _directory(target: str) -> tuple[Path, Place]:
    """The directory to write to.

    Raises:
        CallerError: it is none of this machine.
    """
    from lfv_mcp.archive.places import DirectoryPlace, parse_place
    from lfv_mcp.errors import CallerError
    from lfv_mcp.text import clean

    place = parse_place(target)
    if not isinstance(place, DirectoryPlace):
        raise CallerError(
            "invalid_argument",
            f"--to {clean(target, 200)} is no directory of this machine.",
            "Write to a directory, and copy it: aws s3 cp --recursive DIR s3://bucket/prefix/",
        )
    return place.path, place


def _question(
    source: str, test: str | None, place: Place, settings: Settings, flags: _Flags
) -> ConversionQuestion:
    """What is to be made of which datasets.

    Raises:
        LfvError: a source has no dataset, cannot be read, or does not say what its sets are for.
    """
    from lfv_mcp.analysis.datasets.conversion import ConversionQuestion
    from lfv_mcp.analysis.datasets.line_demands import SUCCESSORS, Successor
    from lfv_mcp.analysis.datasets.rewriting import parse_rewrite
    from lfv_mcp.analysis.datasets.roles import training_and_tests

    rewrites = tuple(map(parse_rewrite, flags.rewrites))
    training, tests = training_and_tests(
        _datasets(source, place, settings),
        _datasets(test, place, settings) if test is not None else None,
    )
    successors: dict[str, Successor] = {each: each for each in SUCCESSORS}
    return ConversionQuestion(
        successors[flags.format],
        training,
        tests,
        rewrites,
        without_masks=flags.without_masks,
    )


def _datasets(source: str, place: Place, settings: Settings) -> list[Dataset]:
    from lfv_mcp.archive.dataset_source import read_dataset_source

    files = open_source(source, place, settings)
    with ProgressLine(source, None) as progress:
        return read_dataset_source(files, advance=progress.advance)


def _mask_size(
    question: ConversionQuestion,
    conversion: Conversion,
    sources: Iterable[str],
    settings: Settings,
    flags: _Flags,
) -> HeldSize:
    """The size of the white mask: by the flag, by a held mask, by a packaged model.

    Raises:
        CallerError: it is not known.
    """
    from lfv_mcp.archive.mask_size import HeldSize, held_mask_size, places_of_masks
    from lfv_mcp.cli.conversion_report import unknown_size
    from lfv_mcp.formats.png import ImageSize
    from lfv_mcp.wiring.opening import open_s3

    if not conversion.without_mask or question.successor == "anomalib":
        return HeldSize()
    if flags.mask_size is not None:
        return HeldSize(ImageSize(*flags.mask_size), "--mask-size")
    now = islice(dict.fromkeys(line.mask for line in conversion.lines if line.mask), _NEWEST_MASKS)
    before = places_of_masks((*question.training, *question.tests))
    held = held_mask_size((*now, *islice(before, 100)), lambda: open_s3(settings))
    if held.size is not None:
        return held
    for packaged in _packaged_sizes(sources, settings):
        if packaged.size is not None:
            return packaged
        held = held._replace(why_not=packaged.why_not or held.why_not)
    raise unknown_size(conversion, held.why_not)


def _packaged_sizes(sources: Iterable[str], settings: Settings) -> Iterator[HeldSize]:
    """What packaged models beside the datasets say, and those of the archive of --source."""
    from lfv_mcp.archive.archive import Archive
    from lfv_mcp.archive.mask_size import packaged_size
    from lfv_mcp.wiring.opening import open_archive, open_files

    for source in sources:
        yield packaged_size(Archive(open_files(source, settings)))
    if is_source_flag_given() and (found := open_archive(settings)) is not None:
        yield packaged_size(found[1])


def _files(
    question: ConversionQuestion, conversion: Conversion, size: ImageSize | None
) -> Mapping[str, Iterable[bytes]]:
    """The contents of the files, by name."""
    from lfv_mcp.archive.conversion_target import MASKS, white_mask_name
    from lfv_mcp.cli.conversion_report import white_mask_of
    from lfv_mcp.formats.datasets.canonical import anomalib_table, canonical_manifest
    from lfv_mcp.formats.png import white_png

    if question.successor == "anomalib":
        return {"dataset.csv": anomalib_table(conversion.parts.items())}
    created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    mask = white_mask_of(conversion, size) if size is not None else ""
    files: dict[str, Iterable[bytes]] = {
        f"{split}.manifest": canonical_manifest(lines, created)
        for split, lines in conversion.with_masks(mask).items()
    }
    if size is not None:
        files[f"{MASKS}/{white_mask_name(size)}"] = [white_png(size)]
    return files

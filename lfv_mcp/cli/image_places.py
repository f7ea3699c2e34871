"""`--images PREFIX`: where a command looks up which image files there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lfv_mcp.cli.progress_line import ProgressLine
from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from lfv_mcp.archive.places import S3Place
    from lfv_mcp.formats.datasets.image_objects import ImageListing

images_option = click.option(
    "--images",
    multiple=True,
    metavar="PREFIX",
    help="List an s3:// prefix or a folder to see which images are there; none is opened "
    "(repeatable).",
)
"""Gives a command `images`, a tuple of texts; `listed_images` makes a listing of them."""


def listed_images(
    prefixes: Iterable[str],
    settings: Settings,
    wanted: Callable[[str], bool] = lambda _: True,
) -> ImageListing:
    """What is listed below the prefixes of `--images`, by one listing each.

    Args:
        prefixes: as they were given.
        settings: the credentials, and the buckets that are allowed.
        wanted: whether a file is kept, by its URI or absolute path.

    Raises:
        LfvError: a prefix that cannot be one, or that cannot be listed for another reason than
            that it is forbidden.
    """
    from lfv_mcp.archive.image_listings import list_images
    from lfv_mcp.cli.archive_places import patient_s3

    places = [_place(prefix) for prefix in prefixes]
    if not places:
        return list_images((), patient_s3(settings))
    with ProgressLine("images", None) as progress:
        return list_images(places, patient_s3(settings), wanted=wanted, advance=progress.advance)


def _place(prefix: str) -> S3Place | Path:
    """Where a prefix is, which a person spelled."""
    from lfv_mcp.archive.places import S3Place, parse_place
    from lfv_mcp.wiring.source import open_path, parse_source

    source = parse_source(prefix, "")
    if source.startswith("s3://"):
        place = parse_place(source)
        if isinstance(place, S3Place):
            return place
    return open_path(source, "")

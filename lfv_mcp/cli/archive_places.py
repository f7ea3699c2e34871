"""Where `archive import`, `export` and `pack` read from and write to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from lfv_mcp.archive.places import Place
    from lfv_mcp.archive.store import FileStore
    from lfv_mcp.archive.targets import Target
    from lfv_mcp.aws.s3 import S3

_ATTEMPTS: Final = 8
"""Times that a request to S3 is sent. Nobody waits for an answer here, and thousands of requests
meet a bucket that asks to slow down: with three, of a third refused one in forty would be lost."""


def open_target(place: Place, settings: Settings) -> Target:
    """What is written to; nothing is made or asked for yet."""
    from lfv_mcp.archive.directory_target import DirectoryTarget
    from lfv_mcp.archive.places import S3Place
    from lfv_mcp.archive.s3_target import S3Target

    if isinstance(place, S3Place):
        return S3Target(place, patient_s3(settings))
    return DirectoryTarget(place.path)


def open_source(source: str, target: Place, settings: Settings) -> FileStore:
    """The files that are read; they must not be where is written to.

    Raises:
        click.ClickException, LfvError: a source that cannot be one.
    """
    from lfv_mcp.archive.places import parse_place, refuse_overlap
    from lfv_mcp.wiring.opening import open_files

    if source.startswith("s3://"):
        files: FileStore = open_prefix(source, settings)
        refuse_overlap(parse_place(source), target)
        return files
    try:
        files = open_files(source, settings)
    except click.UsageError as error:
        raise click.ClickException(error.message) from error
    refuse_overlap(parse_place(files.location), target)
    return files


def open_prefix(url: str, settings: Settings) -> FileStore:
    """The objects below an S3 prefix, asked for with the patience of an import."""
    from lfv_mcp.archive.s3_prefix import S3Prefix

    return S3Prefix(url, patient_s3(settings))


def patient_s3(settings: Settings) -> S3:
    """S3 for work that nobody waits for at a prompt."""
    from lfv_mcp.aws.s3 import S3

    return S3(
        settings.profile,
        settings.region,
        settings.timeout,
        settings.buckets,
        attempts=_ATTEMPTS,
    )

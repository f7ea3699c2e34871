"""Where `archive import`, `export` and `pack` read from and write to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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
        LfvError: a source that cannot be one.
    """
    from lfv_mcp.archive.places import parse_place, refuse_overlap

    files = open_place(source, settings)
    refuse_overlap(parse_place(files.location), target)
    return files


def open_place(source: str, settings: Settings) -> FileStore:
    """The files of a directory, a single file or an S3 prefix, as a person spelled it.

    Raises:
        LfvError: it names none.
    """
    from lfv_mcp.wiring.opening import open_files
    from lfv_mcp.wiring.source import parse_source

    place = parse_source(source, "")
    if place.startswith("s3://"):
        return open_prefix(place, settings)
    return open_files(place, settings)


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

"""The composition root: opens the files, archive, catalogue and AWS clients that settings name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.named_store import NamedDirectory, NamedS3Prefix
from lfv_mcp.archive.s3_prefix import S3Prefix
from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.archive.store import Directory, FileStore
from lfv_mcp.aws.s3 import S3
from lfv_mcp.catalog.catalog import Catalog, CatalogOptions
from lfv_mcp.catalog.workers import WorkerLimits
from lfv_mcp.cli.options import Settings
from lfv_mcp.errors import CallerError
from lfv_mcp.results.common import SourceKind

if TYPE_CHECKING:
    from lfv_mcp.aws.client import LookoutVision


def open_catalog(
    settings: Settings, *, for_remote: bool = False, **options: Unpack[CatalogOptions]
) -> Catalog:
    """The catalogue of the source that the settings name; boto3 is imported at its first question.

    Args:
        settings: name the source.
        for_remote: callers may be on other machines, and are not told where the archive is.
        options: the catalogue's own policies, handed on as they are.

    Raises:
        click.UsageError: a source that cannot be one.
    """
    opened = open_archive(settings, options.get("clock"), for_remote=for_remote)
    if opened is None:
        limits = options.get("worker_limits") or WorkerLimits()
        return Catalog(
            lambda: open_live(settings, connections=limits.concurrent_calls),
            "live",
            None,
            settings.timeout,
            open_s3(settings),
            **options,
        )
    kind, archive = opened

    def open_replay() -> LookoutVision:
        from lfv_mcp.archive.replay import Replay
        from lfv_mcp.aws.client import LookoutVision

        return LookoutVision(timeout=settings.timeout, transport=Replay(archive, kind))

    # The bucket that the sample's records name does not exist: S3 is never asked for it.
    s3 = None if kind == "sample" else open_s3(settings)
    return Catalog(open_replay, kind, archive, settings.timeout, s3, **options)


def open_archive(
    settings: Settings, clock: Callable[[], float] | None = None, *, for_remote: bool = False
) -> tuple[SourceKind, Archive] | None:
    """The archive that the settings name, and whether it is the sample; None for a live endpoint.

    By `clock` a listing of the archive's files grows old; None for the archive's own.

    Raises:
        click.UsageError: a source that cannot be one.
    """
    if settings.source == "live":
        return None
    if settings.source == "sample":
        return "sample", Archive(Directory(SAMPLE), clock=clock)
    files = open_files(settings.source, settings, for_remote=for_remote)
    return "archive", Archive(files, clock=clock)


def open_files(place: str, settings: Settings, *, for_remote: bool = False) -> FileStore:
    """The files of a directory, a single file, or an S3 prefix.

    With `for_remote` they have a name instead of their path or URL.

    Raises:
        click.UsageError: a place that cannot be one.
    """
    if place.startswith("s3://"):
        try:
            return (NamedS3Prefix if for_remote else S3Prefix)(place, open_s3(settings))
        except CallerError as error:
            raise click.UsageError(f"{error.message} {error.next_step}") from error
    path = Path(place).expanduser()
    try:
        exists = path.exists()
    except OSError as error:  # a folder on the way may not be entered
        raise click.UsageError(f"{place!r} cannot be read: {error.strerror}.") from error
    if not exists:
        raise click.UsageError(
            f"{place!r} is neither an existing directory or file, nor s3://bucket/prefix."
        )
    return (NamedDirectory if for_remote else Directory)(path)


def open_live(settings: Settings, *, connections: int = 10) -> LookoutVision:
    """The client of a live endpoint; nothing is opened before its first call."""
    from lfv_mcp.aws.client import LookoutVision

    return LookoutVision(
        profile=settings.profile,
        region=settings.region,
        timeout=settings.timeout,
        connections=connections,
    )


def open_s3(settings: Settings) -> S3:
    """S3 with the user's own credentials and the allowed buckets."""
    return S3(settings.profile, settings.region, settings.timeout, settings.buckets)


def find_credentials(settings: Settings) -> str:
    """Where boto3 finds the user's credentials, and the end of their key id.

    Raises:
        LfvError: there are none, or they have expired.
    """
    from lfv_mcp.aws.client import identity

    return identity(settings.profile)

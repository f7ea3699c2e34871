"""Opens the files, archive, catalogue and AWS clients that settings name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Unpack

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.late_store import LateStore
from lfv_mcp.archive.s3_prefix import S3Prefix
from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.archive.store import Directory, FileStore
from lfv_mcp.aws.s3 import S3
from lfv_mcp.catalog.catalog import Catalog, CatalogOptions
from lfv_mcp.catalog.workers import WorkerLimits
from lfv_mcp.errors import ERRORS, LfvError, SetupError
from lfv_mcp.placeholders import FILL_IN
from lfv_mcp.results.common import SourceKind
from lfv_mcp.wiring.settings import Settings
from lfv_mcp.wiring.source import SETTING, SourceError, open_path, parse_source

if TYPE_CHECKING:
    from lfv_mcp.aws.client import LookoutVision


def open_catalog(settings: Settings, **options: Unpack[CatalogOptions]) -> Catalog:
    """The catalogue of the source that the settings name; boto3 is imported at its first question.

    `options` are the catalogue's own policies, handed on as they are.

    Raises:
        SetupError: a source that cannot be one.
    """
    s3 = open_s3(settings)
    opened = open_archive(settings, options.get("clock"), s3)
    return catalog_over(settings, opened, s3, options)


def open_catalog_to_serve(
    settings: Settings, *, remote: bool, **options: Unpack[CatalogOptions]
) -> tuple[Catalog, SetupError | None]:
    """The catalogue of a server, and what is wrong with its source if something is.

    With a wrong source the catalogue answers every question with that error, and looks again at
    the next one: the directory may be mounted by then.

    Args:
        settings: name the source.
        remote: whether callers are elsewhere. They are told which setting is wrong, but no value.
        options: the catalogue's own policies, handed on as they are.
    """
    problem: SetupError | None = None
    kind_and_archive: tuple[SourceKind, Archive] | None = None
    s3 = open_s3(settings)
    try:
        kind_and_archive = open_archive(settings, options.get("clock"), s3)
    except SetupError as error:
        problem = error
    is_place = kind_and_archive is not None and kind_and_archive[0] == "archive"
    if problem is not None or (is_place and remote):
        files = LateStore(
            partial(_open_source_files, settings, s3),
            SETTING,
            partial(_retold, settings) if remote else None,
            _file_retold if remote else None,
        )
        kind_and_archive = "archive", Archive(files, clock=options.get("clock"))
    options["for_remote"] = remote
    return catalog_over(settings, kind_and_archive, s3, options), problem


def _retold(settings: Settings, error: LfvError) -> LfvError:
    """An error of the source for callers elsewhere: which setting is wrong, but not its value."""
    what = error.reason if isinstance(error, SourceError) else "its files cannot be listed"
    if settings.problem:
        what = f"{settings.problem.partition(' ')[0]} is filled in by half"
    return SetupError(
        error.code,
        f"The source of this server, {SETTING}, cannot be used: {what}.",
        "Its operator sees the value and the remedy on the server's stderr, and by "
        "`lfv-mcp doctor`.",
    )


def _file_retold(error: LfvError) -> LfvError:
    """An error of one file of the source for callers elsewhere: what it is, but not where."""
    return error.saying(
        f"A file of this server's source, {SETTING}, cannot be read: {ERRORS[error.code][1]}.",
        "Its operator sees which one by `lfv-mcp archive check`.",
    )


def catalog_over(
    settings: Settings, opened: tuple[SourceKind, Archive] | None, s3: S3, options: CatalogOptions
) -> Catalog:
    """A catalogue over a source that `open_archive` opened; several may share its index.

    Args:
        settings: those that opened it.
        opened: the archive, and whether it is the sample; None for a live endpoint.
        s3: where evaluation files are read that the archive does not hold.
        options: the catalogue's own policies.
    """
    if opened is None:
        limits = options.get("worker_limits") or WorkerLimits()
        return Catalog(
            lambda: open_live(settings, connections=limits.concurrent_calls),
            "live",
            None,
            settings.timeout,
            s3,
            **options,
        )
    kind, archive = opened

    def open_replay() -> LookoutVision:
        from lfv_mcp.archive.replay import Replay
        from lfv_mcp.aws.client import LookoutVision

        return LookoutVision(timeout=settings.timeout, transport=Replay(archive, kind))

    # The bucket that the sample's records name does not exist: S3 is never asked for it.
    evidence_s3 = None if kind == "sample" or settings.held_only else s3
    catalog = Catalog(open_replay, kind, archive, settings.timeout, evidence_s3, **options)
    catalog.doubt_sample(settings.doubt)
    return catalog


def open_archive(
    settings: Settings, clock: Callable[[], float] | None = None, s3: S3 | None = None
) -> tuple[SourceKind, Archive] | None:
    """The archive that the settings name, and whether it is the sample; None for a live endpoint.

    Args:
        settings: name the source.
        clock: by it a listing of the archive's files grows old; None for the archive's own.
        s3: reads a source in S3; None for one of its own.

    Raises:
        SetupError: a source that cannot be one.
    """
    source = _usable_source(settings)
    if source == "live":
        return None
    if source == "sample":
        return "sample", Archive(Directory(SAMPLE), clock=clock)
    return "archive", Archive(_open_source_files(settings, s3), clock=clock)


def _usable_source(settings: Settings) -> str:
    """The source that the settings name.

    Raises:
        SetupError: it is none, or a setting beside it cannot be used.
    """
    if settings.problem:
        raise SetupError("setting_invalid", settings.problem, FILL_IN)
    return parse_source(settings.source)


def _open_source_files(settings: Settings, s3: S3 | None) -> FileStore:
    """The files of the source that the settings name.

    Raises:
        SetupError: they cannot be opened.
    """
    return _open_place(_usable_source(settings), settings, SETTING, s3)


def open_files(place: str, settings: Settings) -> FileStore:
    """The files of a directory, a single file, or an S3 prefix, that a command is told by name.

    Raises:
        SetupError: a place that cannot be one.
    """
    return _open_place(parse_source(place, ""), settings, "")


def _open_place(place: str, settings: Settings, setting: str, s3: S3 | None = None) -> FileStore:
    if place.startswith("s3://"):
        return S3Prefix(place, s3 or open_s3(settings))
    return Directory(open_path(place, setting))


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

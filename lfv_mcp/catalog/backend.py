"""Where a catalogue's models come from: an API client, and the archive that it replays if any."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING

from lfv_mcp.analysis.model_findings import sample_finding
from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.index import Index
from lfv_mcp.catalog.cache import SingleFlight
from lfv_mcp.catalog.workers import Workers
from lfv_mcp.results.common import Finding, SourceKind

if TYPE_CHECKING:  # boto3 takes a fifth of a second to import, so that waits for the first question
    from lfv_mcp.aws.client import LookoutVision


class Backend:
    """The API client, opened at its first use, and the archive that it replays if there is one.

    Args:
        open_service: makes the client.
        kind: what `source.kind` of an answer says.
        archive: None for a live endpoint.
    """

    def __init__(
        self,
        open_service: Callable[[], LookoutVision],
        kind: SourceKind,
        archive: Archive | None,
    ) -> None:
        self.doubt = ""
        """Why the sample may not be what was meant: settings that were meant and not understood."""
        self.kind: SourceKind = kind
        self.archive = archive
        self._open_service = open_service

    @cached_property
    def service(self) -> LookoutVision:
        """The API client. Opening it imports boto3: only from a worker thread."""
        return self._open_service()

    @property
    def doubts(self) -> tuple[Finding, ...]:
        """What answers say of the source beside their own findings: that the sample is doubtful."""
        return (sample_finding(self.doubt),) if self.doubt and self.kind == "sample" else ()

    @property
    def location(self) -> str:
        """Where the archive is; `bundled` for the sample, empty for a live endpoint."""
        if self.archive is None:
            return ""
        return self.archive.files.location if self.kind == "archive" else "bundled"


class IndexLoader:
    """Loads the archive's index on a worker thread, once for all callers who need it.

    Args:
        archive: None if there is none; then there is no index, and its number is 0.
        workers: run the scan of the files.
    """

    def __init__(self, archive: Archive | None, workers: Workers) -> None:
        self._archive = archive
        self._workers = workers
        self._loads: SingleFlight[str, Index] = SingleFlight()

    @property
    def has_archive(self) -> bool:
        """Whether there is an index at all."""
        return self._archive is not None

    async def load(self) -> Index | None:
        """The index of the archive's files as they are now; None without an archive.

        Raises:
            LfvError: the archive cannot be listed.
        """
        archive = self._archive
        if archive is None:
            return None
        return archive.current or await self._loads.run(
            "index", partial(self._workers.run, archive.index)
        )

    async def number(self) -> int:
        """The number of the current index, for cache keys: it changes when the files do.

        Raises:
            LfvError: the archive cannot be listed.
        """
        index = await self.load()
        return 0 if index is None else index.number

"""Where a catalogue's models come from: an API client, and the archive that it replays if any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio

from lfv_mcp.analysis.model_findings import sample_finding
from lfv_mcp.archive.archive import GRACE, Archive, Staleness
from lfv_mcp.archive.index import Index, relative_name
from lfv_mcp.archive.problems import Unread
from lfv_mcp.archive.progress import IndexingProgress
from lfv_mcp.catalog.index_findings import not_advancing
from lfv_mcp.catalog.workers import seconds_to_answer
from lfv_mcp.results.common import Finding, SourceKind
from lfv_mcp.text import clean

if TYPE_CHECKING:  # boto3 takes a fifth of a second to import, so that waits for the first question
    from lfv_mcp.aws.client import LookoutVision

_FIRST_PAUSE: Final = 0.001
"""Seconds between two looks at whether the index is there; twice as many each further time."""
_LAST_PAUSE: Final = 0.05
"""Seconds between two such looks at most."""
_PATIENCE_WITH_RETRIES: Final = 4.0
"""Seconds that a command waits for files that failed in passing: the first two retries."""


class Backend:
    """The API client, opened at its first use, and the archive that it replays if there is one.

    Args:
        open_service: makes the client.
        kind: what `source.kind` of an answer says.
        archive: None for a live endpoint.
        for_remote: callers may be on other machines: they are told the name of the archive's last
            folder, never its path or URL.
    """

    def __init__(
        self,
        open_service: Callable[[], LookoutVision],
        kind: SourceKind,
        archive: Archive | None,
        *,
        for_remote: bool = False,
    ) -> None:
        self.doubt = ""
        """Why the sample may not be what was meant: settings that were meant and not understood."""
        self.kind: SourceKind = kind
        self.archive = archive
        self._open_service = open_service
        self.for_remote = for_remote

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
        if self.kind != "archive":
            return "bundled"
        location = self.archive.files.location
        return name_of_place(location) if self.for_remote else location

    def file_name(self, name: str) -> str:
        """What callers are told of a file of the archive: for remote ones relative to its place."""
        if self.archive is None or not self.for_remote:
            return name
        return relative_name(name, self.archive.files.location)


def name_of_place(location: str) -> str:
    """A directory, file or S3 prefix without the way to it: `archive:saved` for /data/saved."""
    is_path = not location.startswith("s3://")
    last = Path(location).resolve().name if is_path else location.rstrip("/").rpartition("/")[2]
    name = clean(last, 200)
    return f"archive:{name}" if name else "archive"


@dataclass(frozen=True, slots=True)
class AtHand:
    """The index that a question is answered from; None without an archive."""

    index: Index | None = None
    staleness: Staleness | None = None

    @property
    def unread(self) -> Unread | None:
        """The files that could not be read; None if there are none."""
        return None if self.index is None else self.index.unread


class IndexLoader:
    """Waits for the archive's index, which is made in the background, for as long as is right.

    Args:
        archive: None if there is none; then there is no index, and its number is 0.
        timeout: seconds without any advance after which a command stops waiting.
        is_patient: for commands: the first index is waited for as long as it advances.
    """

    def __init__(
        self, archive: Archive | None, timeout: float = 20.0, *, is_patient: bool = False
    ) -> None:
        self._archive = archive
        self._timeout = timeout
        self.is_patient = is_patient

    @property
    def has_archive(self) -> bool:
        """Whether there is an index at all."""
        return self._archive is not None

    @property
    def is_awaited(self) -> bool:
        """Whether a question would have to wait for the first index."""
        return self._archive is not None and self._archive.held is None

    @property
    def progress(self) -> IndexingProgress | None:
        """How far the first index has come; None if there is nothing to wait for."""
        archive = self._archive
        return None if archive is None or archive.held is not None else archive.progress

    async def load(self) -> AtHand:
        """The index at hand, after a short wait for a newer one if it is time for that.

        Only the first index is waited for as long as it takes: until the caller's deadline.

        Raises:
            LfvError: there is no index and the archive cannot be listed, or the archive is gone,
                or none of its files could be read for now.
        """
        archive = self._archive
        if archive is None:
            return AtHand()
        look = archive.begin_look()
        grace = min(GRACE, seconds_to_answer() / 2)
        pause = _FIRST_PAUSE
        while look is not None and archive.is_worth_waiting(look, grace):
            # A thread that waits would be left behind by each caller who gives up.
            await anyio.sleep(pause)
            pause = min(2 * pause, _LAST_PAUSE)
        return AtHand(archive.outcome(look), archive.staleness)

    async def wait_if_patient(self) -> None:
        """Wait for the first index for as long as it advances, and then for its first retries.

        Raises:
            ServiceError: it has not advanced for `timeout` seconds.
        """
        archive = self._archive
        if archive is None or not self.is_patient:
            return
        look = archive.begin_look() if archive.held is None else None
        came_to, at = (0, 0), anyio.current_time()
        while look is not None and archive.is_worth_waiting(look):
            await anyio.sleep(_LAST_PAUSE)
            progress = look.progress()
            if (progress.files_listed, progress.files_read) != came_to:
                came_to, at = (progress.files_listed, progress.files_read), anyio.current_time()
            elif anyio.current_time() - at > self._timeout:
                raise not_advancing(self._timeout, progress)
        end = anyio.current_time() + min(_PATIENCE_WITH_RETRIES, self._timeout)
        while (index := archive.held) is not None and index.passing is not None:
            if anyio.current_time() > end:
                return
            await anyio.sleep(_LAST_PAUSE)

    async def number(self) -> int:
        """The number of the current index, for cache keys: it changes when the files do.

        Raises:
            LfvError: as `load`.
        """
        index = (await self.load()).index
        return 0 if index is None else index.number

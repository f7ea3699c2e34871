"""Whether a server can answer from its source yet: for probes and metrics, which never wait."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.progress import IndexingProgress
from lfv_mcp.errors import LfvError
from lfv_mcp.results.common import SourceKind

logger = logging.getLogger(__name__)

FIRST_RETRY: Final = 1.0
"""Seconds after a first index that failed until the next attempt; doubled up to `LAST_RETRY`."""
LAST_RETRY: Final = 30.0
"""The longest pause between two attempts to make the first index, in seconds."""
MIN_REFRESH: Final = 60.0
"""Seconds between two looks at the files of a server that nobody asks, at least."""


class SourceState(NamedTuple):
    """What is in memory at one moment.

    Args:
        is_ready: questions are answered; false until the first index is made.
        index_age: seconds since the files were last compared with the index; None without one.
        models: model versions in the index; None without one.
        files_unread: files that may hold records and were not read; None without an index.
        progress: the share of the first index that is made, from 0 to 1; None for a live endpoint,
            which has none.
        seconds_left: about how long the first index will still take; None while nobody can tell.
    """

    is_ready: bool
    index_age: float | None = None
    models: int | None = None
    files_unread: int | None = None
    progress: float | None = None
    seconds_left: float | None = None


class Readiness:
    """Tells whether the source can be answered from, and makes it so when nobody asks.

    A live endpoint has no index, and is ready from the start: whether it answers is the subject of
    each question.

    Args:
        kind: the kind of the source.
        archive: the archive whose index is needed; None if there is none.
        clock: the time, in epoch seconds.
    """

    def __init__(
        self, kind: SourceKind, archive: Archive | None, clock: Callable[[], float] = time.time
    ) -> None:
        self._kind = kind
        self._archive = archive
        self._clock = clock

    def state(self) -> SourceState:
        """What is in memory now. Reads no file and takes no lock, so that it never waits."""
        archive = self._archive
        if archive is None:
            return SourceState(is_ready=self._kind == "live")
        index, checked_at = archive.held, archive.checked_at
        if index is None or checked_at is None:
            return _being_indexed(archive.progress)
        if index.is_empty and index.passing is not None:  # not one file could be read yet
            return SourceState(is_ready=False, progress=0.0)
        return SourceState(
            is_ready=True,
            index_age=max(0.0, self._clock() - checked_at),
            models=len(index.models),
            files_unread=0 if index.unread is None else index.unread.number,
            progress=1.0,
        )

    def keep_current(self, pause: Callable[[float], object] = time.sleep) -> None:
        """Make the first index, and look at the files again now and then; runs for ever.

        A server that nobody asks must get ready all the same, because nobody asks it before its
        probe says so. A failure is tried again, at first soon. Meant for a thread of its own.

        Args:
            pause: waits so many seconds.
        """
        archive = self._archive
        retry = FIRST_RETRY
        while archive is not None:
            try:
                archive.index()
            except LfvError as error:  # a question fails with the same error, and is answered
                logger.info("making the index failed: %s", error.code)
            except Exception:  # without this the thread would end, and the server never be ready
                logger.exception("making the index failed unexpectedly")
            if archive.held is None:
                pause(retry)
                retry = min(2 * retry, LAST_RETRY)
            else:
                pause(max(MIN_REFRESH, archive.files.rescan_after))

    def start(self) -> None:
        """Run `keep_current` in the background, until the process ends."""
        threading.Thread(target=self.keep_current, name="readiness", daemon=True).start()


def _being_indexed(progress: IndexingProgress | None) -> SourceState:
    share, left = 0.0, None
    if progress is not None and progress.files_total:
        share, left = progress.files_read / progress.files_total, progress.seconds_left
    return SourceState(is_ready=False, progress=min(share, 1.0), seconds_left=left)

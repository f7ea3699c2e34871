"""Progress of a tool call, as MCP notifications: what is indexed, then what the tool has done."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final, Protocol

import anyio

from lfv_mcp.catalog.catalog import Catalog

INTERVAL: Final = 1.0
"""Seconds between two notifications while an archive is indexed."""


class ReportProgress(Protocol):
    """The session's own function; it does nothing if the caller did not ask for progress."""

    async def __call__(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        """Send a notification."""
        ...


class ProgressReporter:
    """Reports the progress of one call; the protocol wants values that rise from one to the next.

    Args:
        report: sends a notification.
    """

    def __init__(self, report: ReportProgress) -> None:
        self._report = report
        self._last = -1.0

    async def report_step(self, done: int, message: str) -> None:
        """Report a step of the tool itself: how much is done, and what was done last."""
        await self._send(done, None, message)

    @asynccontextmanager
    async def while_indexing(self, catalog: Catalog) -> AsyncGenerator[None]:
        """Report every second how far the indexing is that the work inside waits for.

        With an index at hand nothing is reported: then nobody waits.
        """
        if not catalog.awaits_index:
            yield
            return
        failures: list[Exception] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._report_indexing, catalog)
            try:
                yield
            except Exception as error:  # a task group would let it out inside a group
                failures.append(error)
            tasks.cancel_scope.cancel()
        if failures:
            raise failures[0]

    async def _report_indexing(self, catalog: Catalog) -> None:
        while catalog.awaits_index:
            await anyio.sleep(INTERVAL)
            progress = catalog.indexing_progress
            if progress is not None:
                await self._send(progress.files_read, progress.files_total, progress.in_words())

    async def _send(self, done: float, total: float | None, message: str) -> None:
        self._last = max(done, self._last + 1)
        await self._report(self._last, total if self._last == done else None, message)

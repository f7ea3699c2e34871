"""Describes models, and keeps each summary for as long as the records that it rests on stay.

An answer from an archive is kept by the records behind it and not by the number of the index: one
object that has changed or cannot be read makes another index, and with S3 failing no answer about
any other model could be made again. What could not be read is said of each answer anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from functools import partial
from typing import NamedTuple

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.index import Index
from lfv_mcp.catalog.cache import STABLE_STATUSES, Cache, CachePolicy
from lfv_mcp.catalog.describe import Describer
from lfv_mcp.catalog.lookup import archived_model
from lfv_mcp.catalog.workers import Workers
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.results.model_summary import ModelSummary

_Key = tuple[ModelQuery, Hashable]


class _Described(NamedTuple):
    """A summary, and whether it surely rests on the records by which it would be kept."""

    summary: ModelSummary
    is_of_key: bool


class Summaries:
    """Describes models, and keeps each summary for as long as the records behind it stay.

    Args:
        describer: asks for one model.
        workers: run it.
        archive: None for a live endpoint, whose answers are kept for seconds.
        policy: how many are kept, and how long live ones.
        clock: seconds, for the cache.
    """

    def __init__(
        self,
        describer: Describer,
        workers: Workers,
        archive: Archive | None,
        policy: CachePolicy,
        clock: Callable[[], float],
    ) -> None:
        self._describer = describer
        self._workers = workers
        self._archive = archive
        self._policy = policy
        self._cache: Cache[_Key, _Described] = Cache(self._lifetime, policy.max_summaries, clock)

    async def describe(self, query: ModelQuery, index: Index | None) -> ModelSummary:
        """The summary of the model that a query means.

        Args:
            query: what is asked.
            index: the archive's at hand; None for a live endpoint.

        Raises:
            LfvError: the model cannot be described.
        """
        key = (query, _records_behind(index, query))
        return (await self._cache.get(key, partial(self._describe, query, index))).summary

    async def _describe(self, query: ModelQuery, index: Index | None) -> _Described:
        summary = await self._workers.run(partial(self._describer.describe, query))
        # A record may have changed meanwhile, and have been put back: then the answer to the other
        # one would be found by this one's key for ever. No number comes twice.
        return _Described(summary, self._archive is None or self._archive.is_still(index))

    def _lifetime(self, described: _Described) -> float:
        if not described.is_of_key:
            return 0.0
        if self._archive is not None:
            return math.inf  # other records have another key, so an old answer is never found
        is_stable = described.summary.status in STABLE_STATUSES
        return self._policy.live_summary_seconds if is_stable else 0.0


def _records_behind(index: Index | None, query: ModelQuery) -> Hashable:
    """What an answer rests on: every record about the model that is meant, with its content."""
    if index is None:
        return None
    key = archived_model(index, query)
    if key is None:
        return index.number  # nothing is kept but errors, and of them none
    entry = index.models[key]
    # Those that do not win count too: their statuses are told, and where there are evaluation
    # files.
    return (key, *map(tuple, (entry.model, entry.listing, entry.result, entry.manifest)))

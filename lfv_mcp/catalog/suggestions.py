"""Names for completions and resource lists: quick, a little old at times, and never an error."""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, TypeVar

import anyio

from lfv_mcp.catalog.backend import IndexLoader
from lfv_mcp.catalog.cache import Cache, CachePolicy
from lfv_mcp.catalog.held_names import HeldNames
from lfv_mcp.catalog.prediction_sets import PredictionSets
from lfv_mcp.catalog.workers import Workers
from lfv_mcp.errors import CallerError, LfvError
from lfv_mcp.model_query import (
    InvalidArgumentError,
    ModelQuery,
    check_project_name,
    parse_model_query,
)
from lfv_mcp.results.model_list import ModelList, ModelRow, PredictionSetRow

logger = logging.getLogger(__name__)
_T = TypeVar("_T")
_MAX_MODELS: Final = 100
_MAX_SETS: Final = 100
_REFUSAL_SECONDS: Final = 1.0
"""For which a refusal waits for the first index, to say which names are held."""

ListModels = Callable[..., Awaitable[ModelList]]
"""Lists models as `Catalog.list_models` does."""


class Suggestions:
    """Names for completions and resource lists.

    Args:
        list_models: lists the models; its answers are cached.
        workers: give the deadline.
        index: knows the projects of an archive; its number is part of the cache's keys.
        sets: the prediction sets.
        policy: how long lists are kept, and how many.
        clock: seconds, for the cache.
    """

    def __init__(
        self,
        list_models: ListModels,
        workers: Workers,
        index: IndexLoader,
        sets: PredictionSets,
        policy: CachePolicy,
        clock: Callable[[], float],
    ) -> None:
        self._list_models = list_models
        self._workers = workers
        self._index = index
        self._sets = sets
        self._listed_models: Cache[tuple[int, ModelQuery | None], list[ModelRow]] = Cache(
            lambda _: policy.completion_seconds, policy.max_completion_lists, clock
        )

    async def models(self) -> list[ModelRow]:
        """Up to a hundred models; none if they cannot be listed in time."""
        return await self._or_empty(partial(self._rows, None))

    async def sets(self) -> list[PredictionSetRow]:
        """Up to a hundred prediction sets; none if they cannot be looked up in time."""
        return (await self._or_empty(self._all_sets))[:_MAX_SETS]

    async def _all_sets(self) -> list[PredictionSetRow]:
        return self._sets.rows(ModelQuery(""), (await self._index.load()).index)

    async def versions(self, project_name: str) -> list[str]:
        """The versions of one project, newest first, then its prediction sets, by name; none if
        they cannot be listed in time."""
        try:
            query = parse_model_query(check_project_name(project_name))
        except CallerError:
            return []
        rows = await self._or_empty(partial(self._rows, query))
        sets = await self._or_empty(partial(self._names_of_sets, query))
        return [*(row.model_version for row in rows), *sets]

    async def _names_of_sets(self, query: ModelQuery) -> list[str]:
        return self._sets.names(query, (await self._index.load()).index)

    async def projects(self) -> list[str]:
        """The names of the projects, sorted; none if they cannot be listed in time."""
        if self._index.has_archive:
            return await self._or_empty(self._archived_projects)
        return sorted({row.project_name for row in await self.models()})

    async def _archived_projects(self) -> list[str]:
        return [name for held in await self._held_names() for name in held.projects]

    async def held(self) -> HeldNames:
        """The names that a refusal leads on to: those of an archive.

        None of a live endpoint, which would be asked for all of its projects. The first index is
        waited for no longer than a refusal may take, except by commands: a first question often
        has the name that people say, and most archives are read in less.
        """
        if not self._index.has_archive:
            return HeldNames()
        if self._index.is_awaited and not self._index.is_patient:
            with anyio.move_on_after(_REFUSAL_SECONDS):
                await self._or_empty(self._held_names)
            if self._index.is_awaited:
                return HeldNames()
        return next(iter(await self._or_empty(self._held_names)), HeldNames())

    async def _held_names(self) -> list[HeldNames]:
        await self._index.wait_if_patient()
        index = (await self._index.load()).index
        if index is None:
            return []
        sets: dict[str, list[str]] = {}
        for row in self._sets.rows(ModelQuery(""), index):
            sets.setdefault(row.project_name, []).append(row.name)
        return [HeldNames(sorted({*index.named, *sets}), sets)]

    @asynccontextmanager
    async def naming(self, project: object = None) -> AsyncGenerator[None]:
        """Let a refusal of a name that breaks its rule say which names are held.

        Args:
            project: the question's project as it was given.

        Raises:
            LfvError: as the work inside.
        """
        try:
            yield
        except InvalidArgumentError as error:
            raise (await self.held()).named_in(error, project) from None

    async def _rows(self, query: ModelQuery | None) -> list[ModelRow]:
        key = (await self._index.number(), query)
        # An empty list after a failure is cached too: else each key that is typed in a completion
        # would make the failing call again.
        return await self._listed_models.get(
            key, partial(self._or_empty, partial(self._list_rows, query))
        )

    async def _list_rows(self, query: ModelQuery | None) -> list[ModelRow]:
        page = await self._list_models(query, max_results=_MAX_MODELS, page_bytes=math.inf)
        return list(page.models)

    async def _or_empty(self, lookup: Callable[[], Awaitable[list[_T]]]) -> list[_T]:
        """Run a lookup for a list or completion; an empty list if it fails.

        A completion that raises would disturb somebody who is typing.
        """
        try:
            with self._workers.deadline():
                return await lookup()
        except LfvError as error:
            logger.info("nothing can be offered: %s", error.code)
            return []

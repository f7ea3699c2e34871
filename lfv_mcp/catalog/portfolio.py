"""Walks every model of an account or archive in a fixed order, and cuts the walk into pages.

The order is that of region and account, then that of the API's own list of projects, then the
highest version first. A page's `next_token` is a `ListingPosition`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio

from lfv_mcp.catalog.backend import Backend
from lfv_mcp.catalog.listing_page import ListingPage, model_row
from lfv_mcp.catalog.listing_position import ListingPosition
from lfv_mcp.catalog.lookup import Lookup
from lfv_mcp.catalog.workers import Workers, seconds_to_answer
from lfv_mcp.errors import CallerError, LfvError
from lfv_mcp.findings import finding
from lfv_mcp.identifiers import AccountScope, version_number
from lfv_mcp.model_query import ModelQuery, check_project_name
from lfv_mcp.results.common import Finding
from lfv_mcp.text import clean

Progress = Callable[[int, str], Awaitable[None]]
"""Called with the models found so far, and the project that is done."""
PortfolioStep = tuple[ListingPosition, Mapping[str, Any] | None]
"""One model (ModelMetadata) and its position; None for the model after a project's last one."""


@dataclass(frozen=True, slots=True)
class _ProjectGroup:
    """Projects that are listed at one time, and the token of their page of ListProjects."""

    token: str
    names: list[str]


class Portfolio:
    """Walks the models that a query covers: those of one project, or of every project.

    Args:
        backend: the API client.
        lookup: says which regions and accounts there are.
        workers: run the calls, and say how many projects are listed at one time.
    """

    def __init__(self, backend: Backend, lookup: Lookup, workers: Workers) -> None:
        self._backend = backend
        self._lookup = lookup
        self._workers = workers

    async def fill(
        self, page: ListingPage, query: ModelQuery, progress: Progress | None = None
    ) -> None:
        """Walk on from the page's position until the page is full or the time is nearly used up.

        Of projects that are being listed when the time is used up, those that have come are taken.

        Raises:
            LfvError: the project that the query names cannot be listed, or no project at all.
        """
        come: list[PortfolioStep] = []
        with anyio.move_on_after(seconds_to_answer()) as scope:
            async with aclosing(self.walk(query, page.position, page.findings, come)) as steps:
                async for position, model in steps:
                    if not _take(page, position, model):
                        break
                    if progress and model is None:
                        await progress(len(page.rows), position.project)
        page.timed_out = scope.cancelled_caught
        for position, model in come:
            if not _take(page, position, model):
                break

    async def walk(
        self,
        query: ModelQuery,
        start: ListingPosition,
        findings: list[Finding],
        come: list[PortfolioStep],
    ) -> AsyncGenerator[PortfolioStep]:
        """Every model from a position on.

        Args:
            query: the projects.
            start: the position.
            findings: a project that cannot be listed is added to them.
            come: if the walk is cancelled, what could still have been given is added to it.

        Raises:
            LfvError: the project that the query names cannot be listed, or no project at all.
        """
        for scope in await self._workers.run(partial(self._lookup.scopes, query)):
            place = (scope.region, scope.account)
            if place < (start.region, start.account):
                continue
            here = ListingPosition(*place)
            resume = start if place == (start.region, start.account) else here
            async with aclosing(self._project_groups(scope, query, resume, findings)) as groups:
                async for group in groups:
                    listed: list[list[Mapping[str, Any]] | None] = [None] * len(group.names)
                    first = here._replace(token_of_projects=group.token)
                    try:
                        await self._list_group(scope, group.names, query, findings, listed)
                    except anyio.get_cancelled_exc_class():
                        come += _group_steps(first, group.names, listed, resume)
                        raise
                    for step in _group_steps(first, group.names, listed, resume):
                        yield step

    async def _project_groups(
        self,
        scope: AccountScope,
        query: ModelQuery,
        resume: ListingPosition,
        findings: list[Finding],
    ) -> AsyncGenerator[_ProjectGroup]:
        """The projects from a position on, page after page of ListProjects."""
        size = self._workers.limits.concurrent_projects
        token = resume.token_of_projects
        seen: set[str] = set()
        while token not in seen:  # an endpoint that goes in circles must not keep the walk for ever
            seen.add(token)
            following = ""
            names = [query.project_name]
            if not query.project_name:
                body = await self._workers.run(partial(self._list_projects, scope, token))
                names = _valid_names(body["Projects"], findings)
                following = body.get("NextToken", "")
            if resume.project in names:
                names = names[names.index(resume.project) :]
            for start in range(0, len(names), size):
                yield _ProjectGroup(token, names[start : start + size])
            token = following
            if not token:
                return

    def _list_projects(self, scope: AccountScope, token: str) -> Mapping[str, Any]:
        return self._backend.service.list_projects(scope, token=token).body

    async def _list_group(
        self,
        scope: AccountScope,
        names: Sequence[str],
        query: ModelQuery,
        findings: list[Finding],
        listed: list[list[Mapping[str, Any]] | None],
    ) -> None:
        """List several projects at one time, each highest version first, into their slots."""
        if query.project_name:  # without a task group, which would wrap the error in a group
            listed[0] = await self._list_named(scope, query)
            return

        async def one(slot: int, name: str) -> None:
            try:
                listed[slot] = await self._list_project(scope, name)
            except LfvError as error:
                message = f"{clean(name)} is left out: {error.message}"
                findings.append(finding("project_failed", message, error.next_step))
                listed[slot] = []

        async with anyio.create_task_group() as tasks:
            for slot, name in enumerate(names):
                tasks.start_soon(one, slot, name)

    async def _list_named(self, scope: AccountScope, query: ModelQuery) -> list[Mapping[str, Any]]:
        """The models of the one project that a query names.

        Raises:
            LfvError: they cannot be listed; with the projects that exist if this one does not.
        """
        try:
            return await self._list_project(scope, query.project_name)
        except CallerError as error:
            if error.code != "project_not_found":
                raise
            work = partial(self._lookup.not_found, error, scope, query)
            raise await self._workers.run(work) from error

    async def _list_project(self, scope: AccountScope, name: str) -> list[Mapping[str, Any]]:
        models = await self._workers.run(lambda: [*self._backend.service.all_models(scope, name)])
        return sorted(models, key=version_number, reverse=True)


def _take(page: ListingPage, position: ListingPosition, model: Mapping[str, Any] | None) -> bool:
    """Take a step of the walk into the page; False if its model does not fit any more."""
    row = None if model is None else model_row(position.project, model, page.held.of(model))
    if row is not None and page.wants(row):
        return page.add(position, row)
    if not page.has_all_rows:
        page.position = position
    return True


def _group_steps(
    first: ListingPosition,
    names: Sequence[str],
    listed: Sequence[Sequence[Mapping[str, Any]] | None],
    resume: ListingPosition,
) -> Iterator[PortfolioStep]:
    """The steps through projects that were listed at one time, up to one that has not come."""
    for name, models in zip(names, listed, strict=True):
        if models is None:
            return
        yield from _project_steps(first._replace(project=name), models, resume)


def _project_steps(
    project: ListingPosition, models: Sequence[Mapping[str, Any]], resume: ListingPosition
) -> Iterator[PortfolioStep]:
    """The models of a project that are still to come after `resume`, and the project's end."""
    for model in models:
        version = version_number(model)
        if project.project != resume.project or version < resume.version:
            yield project._replace(version=version), model
    yield project, None


def _valid_names(projects: Sequence[Mapping[str, Any]], findings: list[Finding]) -> list[str]:
    """The names of projects; one that breaks the API's own rule is never sent, but reported."""
    names: list[str] = []
    for project in projects:
        try:
            names.append(check_project_name(project.get("ProjectName")))
        except CallerError as error:
            message = f"A project is left out: {error.message}"
            findings.append(finding("project_failed", message))
    return names

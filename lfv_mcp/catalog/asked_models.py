"""The model or prediction set that a question names, described.

A version is asked of the API or the archive; a prediction set is found by its name alone.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import NamedTuple

from lfv_mcp.analysis.model_findings import hosted_elsewhere
from lfv_mcp.analysis.model_summary import naming_usable, with_test_images
from lfv_mcp.archive.index import Index
from lfv_mcp.catalog.held_models import test_images_of
from lfv_mcp.catalog.index_findings import with_findings
from lfv_mcp.catalog.lookup import Lookup, hosted_in_archive
from lfv_mcp.catalog.prediction_sets import FoundSet, PredictionSets
from lfv_mcp.catalog.summaries import Summaries
from lfv_mcp.catalog.usable_version import usable_version
from lfv_mcp.catalog.workers import Workers
from lfv_mcp.errors import CallerError
from lfv_mcp.model_query import HOSTED, ModelQuery, spelled_version
from lfv_mcp.results.model_summary import ModelSummary


class Asked(NamedTuple):
    """What a question names, as it was found.

    Args:
        summary: as the answer of describe_model.
        found_set: the prediction set; None for a version.
    """

    summary: ModelSummary
    found_set: FoundSet | None = None


class AskedModels:
    """Finds and describes what a question names.

    Args:
        lookup: finds models, and says what exists instead.
        sets: finds prediction sets.
        summaries: describe versions.
        workers: run what blocks.
    """

    def __init__(
        self, lookup: Lookup, sets: PredictionSets, summaries: Summaries, workers: Workers
    ) -> None:
        self._lookup = lookup
        self._sets = sets
        self._summaries = summaries
        self._workers = workers

    def settled(self, query: ModelQuery, index: Index | None) -> ModelQuery:
        """The query with a version for a word that means one (`version_3`) and is no set's name."""
        number = spelled_version(query.prediction_set) if query.prediction_set else None
        if number is None or self._sets.find(query, index) is not None:
            return query
        return query.of(number)

    async def describe(self, query: ModelQuery, index: Index | None) -> ModelSummary:
        """What is asked about, as the answer of describe_model.

        Raises:
            LfvError: it cannot be found or described.
        """
        return (await self.find(query, index)).summary

    async def find(self, query: ModelQuery, index: Index | None) -> Asked:
        """What is asked about, and the prediction set if it is one.

        Raises:
            LfvError: it cannot be found or described.
        """
        if query.prediction_set:
            found = await self._found_set(query, index)
            return Asked(self._sets.describe(found), found)
        if query.model_version == HOSTED:
            number = await self._workers.run(partial(self._hosted, query))
            query = replace(query, model_version=number)
        summary = await self._summaries.describe(query, index)
        if index is not None:
            # Not kept with the summary, which is kept by the records of its own version alone.
            elsewhere = hosted_elsewhere(summary, hosted_in_archive(index, query))
            summary = with_findings(summary, list(elsewhere))
            usable = usable_version(index, query, summary.model_version)
            summary = naming_usable(summary, usable)
            images = test_images_of(index, query, summary.model_version)
            summary = with_test_images(summary, images)
        return Asked(summary)

    async def _found_set(self, query: ModelQuery, index: Index | None) -> FoundSet:
        """The prediction set that a query names.

        Raises:
            CallerError: there is none; with what exists instead.
        """
        found = self._sets.find(query, index)
        if found is None:
            raise await self._workers.run(partial(self._no_such_set, query))
        return found

    async def versions(self, query: ModelQuery) -> list[ModelQuery]:
        """Every version of a query's project, the highest first; none of a project of sets alone.

        Raises:
            LfvError: they cannot be listed.
        """
        project = replace(query, model_version=None, prediction_set=None)
        try:
            numbers = await self._workers.run(partial(self._numbers, project))
        except CallerError as error:
            if error.code not in ("project_not_found", "model_not_found"):
                raise  # it does not say that there are none
            return []
        return [project.of(number) for number in numbers]

    def _numbers(self, query: ModelQuery) -> list[str]:
        return self._lookup.versions(self._lookup.scope(query), query.project_name)

    def _hosted(self, query: ModelQuery) -> str:
        scope = self._lookup.scope(query)
        try:
            return self._lookup.hosted_version(scope, query.project_name)
        except CallerError as error:
            if error.code != "project_not_found":
                raise
            raise self._lookup.not_found(error, scope, query) from error

    def _no_such_set(self, query: ModelQuery) -> CallerError:
        error = CallerError("model_not_found", "", "")
        return self._lookup.not_found(error, self._lookup.scope(query), query)

"""Answers questions about models, each within a deadline. Knows no MCP.

Everything that blocks runs on a worker thread: a caller who gives up is free at once. boto3, and
what only evaluations need, is imported at the first question that needs it, because a client that
starts a server waits for its list of tools.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, TypedDict

from lfv_mcp.archive.archive import Archive
from lfv_mcp.aws.s3 import S3
from lfv_mcp.catalog.backend import Backend, IndexLoader
from lfv_mcp.catalog.cache import STABLE_STATUSES, Cache, CachePolicy
from lfv_mcp.catalog.describe import Describer
from lfv_mcp.catalog.evidence_files import EvidenceFiles
from lfv_mcp.catalog.listing_page import PAGE_BYTES, ListingPage, PageLimits
from lfv_mcp.catalog.listing_position import ListingPosition
from lfv_mcp.catalog.lookup import Lookup
from lfv_mcp.catalog.portfolio import Portfolio, Progress
from lfv_mcp.catalog.sources import AnswerSources, of_evaluation
from lfv_mcp.catalog.suggestions import Suggestions
from lfv_mcp.catalog.workers import WorkerLimits, Workers, gather_in_order
from lfv_mcp.errors import LfvError
from lfv_mcp.model_query import LATEST, ModelQuery
from lfv_mcp.results.base import Result, build_models
from lfv_mcp.results.common import SourceKind
from lfv_mcp.results.model_list import ModelList, ModelRow
from lfv_mcp.results.model_summary import ModelSummary

if TYPE_CHECKING:
    from lfv_mcp.aws.client import LookoutVision
    from lfv_mcp.catalog.evidence import EvidenceLoader
    from lfv_mcp.results.evaluation_report import EvaluationReport
    from lfv_mcp.results.model_comparison import ModelComparison

logger = logging.getLogger(__name__)
_MAX_SUGGESTED_MODELS: Final = 100
_model_building: Final = threading.Lock()


class CatalogOptions(TypedDict, total=False):
    """The policies of a `Catalog`, for functions that pass them on to it."""

    cache_policy: CachePolicy
    worker_limits: WorkerLimits
    clock: Callable[[], float]


class Catalog:
    """Answers questions about the models of one source, each within a deadline.

    Args:
        open_service: makes the API client, at the first question and not before.
        kind: what `source.kind` says.
        archive: the archive that the client replays; None for a live endpoint.
        timeout: seconds one question may take in all.
        s3: where evaluation files are read that the archive does not hold; None for nowhere.
        cache_policy: how long answers are kept, and how many.
        worker_limits: how much is done at one time.
        clock: seconds, for the caches.
    """

    def __init__(
        self,
        open_service: Callable[[], LookoutVision],
        kind: SourceKind,
        archive: Archive | None = None,
        timeout: float = 20.0,
        s3: S3 | None = None,
        *,
        cache_policy: CachePolicy | None = None,
        worker_limits: WorkerLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._cache_policy = policy = cache_policy or CachePolicy()
        self._backend = backend = Backend(open_service, kind, archive)
        self.kind, self.location = kind, backend.location
        self._workers = workers = Workers(timeout, worker_limits or WorkerLimits())
        self._index = IndexLoader(archive, workers)
        self._lookup = Lookup(backend)
        self._sources = AnswerSources(backend, self._lookup)
        self._files = EvidenceFiles(archive, s3)
        self._describer = Describer(backend, self._lookup, self._sources, self._files)
        self._portfolio = Portfolio(backend, self._lookup, workers)
        self._suggestions = Suggestions(self._list_suggested, workers, self._index, policy, clock)
        # The number of the archive's index is part of the key: other files, other answers.
        self._summary_cache: Cache[tuple[int, ModelQuery], ModelSummary] = Cache(
            self._summary_lifetime, policy.max_summaries, clock
        )

    @cached_property
    def _evidence(self) -> EvidenceLoader:
        # The parsers of evaluation files come with it, which a listing of tools does not need.
        from lfv_mcp.catalog.evidence import EvidenceLoader

        return EvidenceLoader(
            self._files, self._workers, self._index, self._cache_policy, self._clock
        )

    def preload_index(self) -> None:
        """Index the archive now, on the calling thread: of thousands of files it takes seconds.

        boto3 is left to the first question. Its import takes a fifth of a second, once, and a
        quarter of the memory of a server that is never asked anything.
        """
        try:
            if self._backend.archive is not None:
                self._backend.archive.index()
        except LfvError as error:  # the first question fails with the same error, and is answered
            logger.info("warming up failed: %s", error.code)

    async def describe_model(self, query: ModelQuery) -> ModelSummary:
        """One model's state, quality and findings.

        Raises:
            LfvError: with `question` filled in.
        """
        with self._deadline_for(query, ModelSummary):
            return await self._describe(query)

    async def analyze_evaluation(
        self,
        query: ModelQuery,
        *,
        defect_rate: float | None = None,
        threshold: float | None = None,
        max_examples: int = 5,
    ) -> EvaluationReport:
        """What the evaluation files of one model prove.

        Raises:
            LfvError: with `question` filled in; `evidence_unavailable` if neither file can be read.
        """
        from lfv_mcp.analysis.evaluation import report  # only evaluations need its statistics
        from lfv_mcp.results.evaluation_report import EvaluationReport

        with self._deadline_for(query, ModelSummary, EvaluationReport):
            described = await self._describe(query)
            evidence = await self._evidence.load(described.model_description)
            work = partial(
                report,
                described.model_description,
                evidence.result,
                evidence.manifest,
                of_evaluation(described.source),
                defect_rate=defect_rate,
                threshold=threshold,
                max_examples=max_examples,
                findings=evidence.findings,
            )
            return await self._workers.run(work)

    async def compare_models(self, query: ModelQuery, versions: Sequence[str]) -> ModelComparison:
        """Each version against the first, by what can be read of their evaluations.

        Raises:
            LfvError: a version cannot be described. Evidence that cannot be read is a finding.
        """
        from lfv_mcp.analysis.comparison import compare  # only comparisons need its statistics
        from lfv_mcp.catalog.candidates import load_candidates, require_distinct  # needs it too
        from lfv_mcp.results.evaluation_report import EvaluationReport
        from lfv_mcp.results.model_comparison import ModelComparison

        with self._deadline_for(query, ModelSummary, EvaluationReport, ModelComparison):
            questions = [replace(query, model_version=None if v == LATEST else v) for v in versions]
            described = await gather_in_order([partial(self._describe, q) for q in questions])
            require_distinct(versions, described)
            candidates, findings = await load_candidates(described, self._evidence)
            has_evidence = any(c.result or c.manifest for c in candidates)
            sources = [summary.source for summary in described]
            source = await self._workers.run(
                partial(self._sources.of_comparison, sources, query, has_evidence=has_evidence)
            )
            return await self._workers.run(partial(compare, candidates, source, findings))

    async def list_models(
        self,
        query: ModelQuery | None = None,
        *,
        region: str = "",
        status: str = "",
        max_results: int = 50,
        next_token: str = "",
        page_bytes: float = PAGE_BYTES,
        progress: Progress | None = None,
    ) -> ModelList:
        """Models of one project, or of every project, newest version first within each.

        A listing that is out of time, or as many bytes long as one answer may be, ends with a
        `next_token`. A project whose models cannot be listed is a finding; the others are listed.

        Raises:
            LfvError: with `question` filled in, but for a `next_token` that cannot be read.
        """
        query = query or ModelQuery("", region=region or None)
        limits = PageLimits(status, max_results, page_bytes)
        page = ListingPage(ListingPosition.parse(next_token), limits, len(self.location))
        with self._deadline_for(query, ModelList):
            await self._portfolio.fill(page, query, progress)
            source = await self._workers.run(partial(self._sources.of_listing, query))
        return page.answer(query.project_name, source)

    async def known_models(self) -> list[ModelRow]:
        """Up to a hundred models, for lists and completions; none if they cannot be listed."""
        return await self._suggestions.models()

    async def known_versions(self, project_name: str) -> list[str]:
        """The versions of one project, newest first; none if they cannot be listed."""
        return await self._suggestions.versions(project_name)

    async def known_projects(self) -> list[str]:
        """The names of the projects, sorted; none if they cannot be listed."""
        return await self._suggestions.projects()

    def deadline(self) -> AbstractContextManager[None]:
        """One time limit for all questions inside; each of them ends a little before it.

        Raises:
            ServiceError: `deadline_exceeded`.
        """
        return self._workers.deadline()

    @contextmanager
    def _deadline_for(self, query: ModelQuery, *answers: type[Result]) -> Generator[None]:
        """One time limit for a whole question, which is put on the errors that leave.

        `answers` are the results that the question takes: built here, before threads make them.
        """
        with _model_building:
            for answer in answers:
                build_models(answer)
        try:
            with self.deadline():
                yield
        except LfvError as error:
            error.question = self._lookup.in_words(query)
            raise

    async def _describe(self, query: ModelQuery) -> ModelSummary:
        call = partial(self._workers.run, partial(self._describer.describe, query))
        return await self._summary_cache.get((await self._index.number(), query), call)

    def _summary_lifetime(self, summary: ModelSummary) -> float:
        if self._backend.archive is not None:
            return math.inf  # a newer index has another number, so an old answer is never found
        stable = summary.status in STABLE_STATUSES
        return self._cache_policy.live_summary_seconds if stable else 0.0

    async def _list_suggested(self, query: ModelQuery | None) -> list[ModelRow]:
        page = await self.list_models(query, max_results=_MAX_SUGGESTED_MODELS, page_bytes=math.inf)
        return list(page.models)

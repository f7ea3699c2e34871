"""Answers questions about models, each within a deadline. Knows no MCP.

Everything that blocks runs on a worker thread: a caller who gives up is free at once. boto3, and
what only evaluations need, is imported at the first question that needs it, because a client that
starts a server waits for its list of tools.
"""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, TypedDict, Unpack

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.progress import IndexingProgress
from lfv_mcp.aws.s3 import S3
from lfv_mcp.catalog.asked_models import AskedModels
from lfv_mcp.catalog.backend import AtHand, Backend, IndexLoader
from lfv_mcp.catalog.cache import CachePolicy
from lfv_mcp.catalog.describe import Describer
from lfv_mcp.catalog.evidence_files import EvidenceFiles
from lfv_mcp.catalog.held_models import HeldModels
from lfv_mcp.catalog.index_findings import (
    held_findings,
    index_findings,
    still_indexing,
    with_findings,
    with_unread,
)
from lfv_mcp.catalog.listing_page import PAGE_BYTES, ListingPage, PageLimits
from lfv_mcp.catalog.listing_position import ListingPosition
from lfv_mcp.catalog.lookup import Lookup
from lfv_mcp.catalog.portfolio import Portfolio, Progress
from lfv_mcp.catalog.prediction_sets import PredictionSets
from lfv_mcp.catalog.readiness import Readiness
from lfv_mcp.catalog.sources import AnswerSources
from lfv_mcp.catalog.suggestions import Suggestions
from lfv_mcp.catalog.summaries import Summaries
from lfv_mcp.catalog.workers import WorkerLimits, Workers
from lfv_mcp.errors import CallerError, LfvError, ServiceError
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.results.base import Result, build_models
from lfv_mcp.results.common import Finding, SourceKind
from lfv_mcp.results.model_list import ModelList
from lfv_mcp.results.model_summary import ModelSummary

if TYPE_CHECKING:
    from lfv_mcp.analysis.comparison_question import ComparisonQuestion
    from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
    from lfv_mcp.aws.client import LookoutVision
    from lfv_mcp.catalog.evaluations import Evaluations
    from lfv_mcp.catalog.inventory import Survey
    from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
    from lfv_mcp.results.evaluation_report import EvaluationReport
    from lfv_mcp.results.image_list import ImageList
    from lfv_mcp.results.inventory import Inventory
    from lfv_mcp.results.model_comparison import ModelComparison

_model_building: Final = threading.Lock()


class CatalogOptions(TypedDict, total=False):
    """The policies of a `Catalog`, for functions that pass them on to it."""

    cache_policy: CachePolicy
    """How long answers are kept, and how many."""
    worker_limits: WorkerLimits
    """How much is done at one time."""
    clock: Callable[[], float]
    """Seconds, for the caches."""
    waits_for_index: bool
    """For commands: a question's time begins when the first index is there, which is waited for
    as long as it advances."""
    for_remote: bool
    """Callers may be on other machines, and are not told where the archive is."""


class Catalog:
    """Answers questions about the models of one source, each within a deadline.

    Args:
        open_service: makes the API client, at the first question and not before.
        kind: what `source.kind` says.
        archive: the archive that the client replays; None for a live endpoint.
        timeout: seconds one question may take in all.
        s3: where evaluation files are read that the archive does not hold; None for nowhere.
        options: the policies.
    """

    def __init__(
        self,
        open_service: Callable[[], LookoutVision],
        kind: SourceKind,
        archive: Archive | None = None,
        timeout: float = 20.0,
        s3: S3 | None = None,
        **options: Unpack[CatalogOptions],
    ) -> None:
        self._clock = clock = options.get("clock", time.monotonic)
        self._timeout = timeout
        self._cache_policy = policy = options.get("cache_policy", CachePolicy())
        backend = Backend(open_service, kind, archive, for_remote=options.get("for_remote", False))
        self._backend, self.readiness = backend, Readiness(kind, archive)
        self.kind: SourceKind = kind
        self.location = backend.location
        self._workers = workers = Workers(timeout, options.get("worker_limits", WorkerLimits()))
        is_patient = options.get("waits_for_index", False)
        self._index = IndexLoader(archive, timeout, is_patient=is_patient)
        self.prediction_sets = PredictionSets(backend)
        self._lookup = Lookup(backend, self.prediction_sets)
        self._sources = AnswerSources(backend, self._lookup)
        self._files = EvidenceFiles(archive, s3)
        describer = Describer(backend, self._lookup, self._sources, self._files)
        summaries = Summaries(describer, workers, archive, policy, clock)
        self._models = AskedModels(self._lookup, self.prediction_sets, summaries, workers)
        self._portfolio = Portfolio(backend, self._lookup, workers)
        self.suggestions = Suggestions(
            self.list_models, workers, self._index, self.prediction_sets, policy, clock
        )

    @cached_property
    def _evaluations(self) -> Evaluations:
        # Parsers of evaluation files and statistics come with it, which a listing does not need.
        from lfv_mcp.catalog.evaluations import Evaluations
        from lfv_mcp.catalog.evidence import EvidenceLoader

        evidence = EvidenceLoader(
            self._files, self._workers, self._index, self._cache_policy, self._clock
        )
        return Evaluations(
            self._models, evidence, self.prediction_sets, self._sources, self._workers
        )

    @property
    def archive(self) -> Archive | None:
        """The archive that is replayed; None for a live endpoint."""
        return self._backend.archive

    @property
    def threads(self) -> tuple[int, int]:
        """How many worker threads are at work, and how many may be."""
        return self._workers.busy_threads, self._workers.limits.max_busy_threads

    def doubt_sample(self, why: str) -> None:
        """Say in the sample's answers why it may not be what was meant; empty: it is."""
        self._backend.doubt = why

    @property
    def indexing_progress(self) -> IndexingProgress | None:
        """How far the first index of the archive has come; None if no question waits for it."""
        return self._index.progress

    @property
    def awaits_index(self) -> bool:
        """Whether a question would have to wait for the first index of the archive."""
        return self._index.is_awaited

    def preload_index(self) -> None:
        """Begin to index the archive, in the background: of thousands of files it takes seconds.

        boto3 is left to the first question. Its import takes a fifth of a second, once, and a
        quarter of the memory of a server that is never asked anything.
        """
        if self.archive is not None:
            self.archive.begin_look()

    async def describe_model(self, query: ModelQuery) -> ModelSummary:
        """One model's state, quality and findings; or what a prediction set is.

        Raises:
            LfvError: with `question` filled in.
        """
        async with self._question(query, ModelSummary) as at_hand:
            query = self._models.settled(query, at_hand.index)
            summary = await self._models.describe(query, at_hand.index)
            return with_findings(summary, _findings(at_hand, query))

    async def analyze_evaluation(
        self, query: ModelQuery, question: EvaluationQuestion | None = None
    ) -> EvaluationReport:
        """What the evaluation files of one model prove; `question` is what is asked of them.

        Raises:
            LfvError: with `question` filled in; `evidence_unavailable` if neither file can be read.
        """
        from lfv_mcp.results.evaluation_report import EvaluationReport

        async with self._question(query, ModelSummary, EvaluationReport) as at_hand:
            query = self._models.settled(query, at_hand.index)
            answer = await self._evaluations.report(query, at_hand.index, question)
            answer = with_findings(answer, held_findings(at_hand.index, query.project_name))
            return with_findings(answer, [*_findings(at_hand, query), *self._backend.doubts])

    async def test_manifest(self, query: ModelQuery) -> EvaluationManifest:
        """The EvaluationManifest of one version; `LfvError` if it cannot be read."""
        async with self._question(query, ModelSummary) as at_hand:
            settled = self._models.settled(query, at_hand.index)
            return await self._evaluations.manifest(settled, at_hand.index)

    async def test_images(self, query: ModelQuery) -> ImageList:
        """Every test image of one model; `LfvError` as for its evaluation."""
        from lfv_mcp.results.evaluation_report import EvaluationReport
        from lfv_mcp.results.image_list import ImageList

        async with self._question(query, ModelSummary, EvaluationReport, ImageList) as at_hand:
            query = self._models.settled(query, at_hand.index)
            answer = await self._evaluations.images(query, at_hand.index)
            return with_findings(answer, [*_findings(at_hand, query), *self._backend.doubts])

    async def inventory(self, query: ModelQuery, survey: Survey | None = None) -> Inventory:
        """What is held of one project, or of all; a survey takes as long as it takes."""
        from lfv_mcp.catalog.inventory import Survey, take_inventory
        from lfv_mcp.results.inventory import Inventory

        async with self._question(query.about(), Inventory, has_limit=survey is None) as at_hand:
            asked = query, at_hand.index, survey or Survey()
            answer = await self._workers.run(partial(take_inventory, self._backend, *asked))
            return with_findings(answer, [*_findings(at_hand), *self._backend.doubts])

    async def compare_models(
        self,
        query: ModelQuery,
        versions: Sequence[str],
        question: ComparisonQuestion | None = None,
    ) -> ModelComparison:
        """Each version or prediction set against the first, by what can be read of them.

        Raises:
            LfvError: a version cannot be described. Evidence that cannot be read is a finding.
        """
        from lfv_mcp.results.evaluation_report import EvaluationReport
        from lfv_mcp.results.model_comparison import ModelComparison

        answers = (ModelSummary, EvaluationReport, ModelComparison)
        async with self._question(query.about(*versions), *answers) as at_hand:
            asked = [self._models.settled(query.of(each), at_hand.index) for each in versions]
            answer = await self._evaluations.comparison(query, asked, at_hand.index, question)
            return with_findings(answer, [*_findings(at_hand, *asked), *self._backend.doubts])

    async def list_models(
        self,
        query: ModelQuery | None = None,
        *,
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
        query = query or ModelQuery("")
        start = ListingPosition.parse(next_token)
        limits = PageLimits(status, max_results, page_bytes)
        async with self._question(query.about(), ModelList) as at_hand:
            models = HeldModels(self.kind, at_hand.index)
            page = ListingPage(start, limits, len(self.location), models)
            findings = [*_findings(at_hand), *self._backend.doubts]
            held = [] if next_token else held_findings(at_hand.index, query.project_name)
            page.reserve([*findings, *held])
            sets = [] if status else self.prediction_sets.rows(query, at_hand.index)
            try:
                await self._portfolio.fill(page, query, progress)
            except CallerError as error:
                # A project that is known from prediction sets alone.
                if not sets or error.code not in ("project_not_found", "model_not_found"):
                    raise
            if not (page.has_more or page.timed_out):
                page.add_sets(sets)
            if page.timed_out and page.position == start:
                # An answer without a model and with the token that was given: an agent that does
                # as it is told would ask the same for ever.
                raise self._workers.deadline_exceeded()
            source = await self._workers.run(partial(self._sources.of_listing, query))
        answer = page.answer(query.project_name, source, all_read=at_hand.unread is None)
        return with_findings(with_findings(answer, held), findings)

    @contextmanager
    def deadline(self) -> Generator[None]:
        """One time limit for all questions inside; each of them ends a little before it.

        Raises:
            ServiceError: `deadline_exceeded`; with how far the indexing is that was waited for.
        """
        try:
            with self._workers.deadline():
                yield
        except ServiceError as error:
            progress = self.indexing_progress
            if error.code != "deadline_exceeded" or progress is None:
                raise
            raise still_indexing(self._timeout, progress) from None

    @asynccontextmanager
    async def _question(
        self,
        query: ModelQuery,
        *answers: type[Result],
        has_limit: bool = True,
    ) -> AsyncGenerator[AtHand]:
        """One time limit for a whole question, and the index that it is answered from.

        The question is put on the errors that leave; and those that claim absence say which files
        could not be read. `answers` are the results that the question takes: built here, before
        threads make them.
        """
        with _model_building:
            for answer in answers:
                build_models(answer)
        at_hand = AtHand()
        try:
            await self._index.wait_if_patient()
            with self.deadline() if has_limit else nullcontext():
                at_hand = await self._index.load()
                yield at_hand
        except LfvError as error:
            failure = with_unread(error, at_hand.unread)
            failure.question = self._lookup.in_words(query)
            raise failure from error.__cause__


def _findings(at_hand: AtHand, *queries: ModelQuery) -> list[Finding]:
    """What the state of the index adds to an answer to these queries."""
    asks_for_latest = any(query.model_version is None for query in queries)
    return index_findings(at_hand.unread, at_hand.staleness, asks_for_latest=asks_for_latest)

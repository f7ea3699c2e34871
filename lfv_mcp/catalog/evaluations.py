"""Evaluations and comparisons of what a question names; imported at the first of them.

It takes the statistics with it, which a listing of tools does not need.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from lfv_mcp.analysis.comparison import compare
from lfv_mcp.analysis.comparison_question import ComparisonQuestion
from lfv_mcp.analysis.evaluation import report
from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.archive.index import Index
from lfv_mcp.catalog.asked_models import AskedModels
from lfv_mcp.catalog.candidates import (
    load_candidates,
    load_manifests,
    require_description,
    require_distinct,
)
from lfv_mcp.catalog.evidence import EvidenceLoader
from lfv_mcp.catalog.evidence_files import FileDigest
from lfv_mcp.catalog.prediction_sets import PredictionSets
from lfv_mcp.catalog.set_report import report_on_set
from lfv_mcp.catalog.sources import AnswerSources, of_evaluation
from lfv_mcp.catalog.workers import Workers, gather_in_order
from lfv_mcp.errors import SetupError
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
from lfv_mcp.formats.predictions.prediction_set import PredictionSet
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.results.evaluation_report import EvaluationReport
from lfv_mcp.results.model_comparison import ModelComparison

_MAX_TRUTHS: Final = 20
"""Versions of a project whose manifests are read for the truth of images, the newest first."""


class Evaluations:
    """Reports and comparisons, from what can be read of evaluation files and prediction sets.

    Args:
        models: describe what is asked about.
        evidence: reads evaluation files.
        sets: read prediction sets.
        sources: make the source of an answer.
        workers: run what blocks.
    """

    def __init__(
        self,
        models: AskedModels,
        evidence: EvidenceLoader,
        sets: PredictionSets,
        sources: AnswerSources,
        workers: Workers,
    ) -> None:
        self._models = models
        self._evidence = evidence
        self._sets = sets
        self._sources = sources
        self._workers = workers

    async def report(
        self, query: ModelQuery, index: Index | None, question: EvaluationQuestion | None
    ) -> EvaluationReport:
        """What is proven of a version, or of a prediction set.

        Raises:
            LfvError: `evidence_unavailable` if no file can be read, or no truth is known.
        """
        described = await self._models.describe(query, index)
        if query.prediction_set:
            predictions = await self._read(query, index)
            manifests = await self._manifests(query, index)
            work = partial(report_on_set, predictions, manifests, described.source, question)
            return await self._workers.run(work)
        description = require_description(described)
        evidence = await self._evidence.load(description)
        work = partial(
            report,
            description,
            evidence.result,
            evidence.manifest,
            of_evaluation(described.source),
            question=question,
            findings=evidence.findings,
        )
        return await self._workers.run(work)

    async def digests(self, asked: Sequence[ModelQuery], index: Index | None) -> list[FileDigest]:
        """The evaluation files that answers about these versions rest on.

        Raises:
            LfvError: one cannot be described.
        """
        digests: list[FileDigest] = []
        for query in asked:
            if query.prediction_set:
                continue
            described = await self._models.describe(query, index)
            try:
                evidence = await self._evidence.load(require_description(described))
            except SetupError:
                continue  # without evidence there is none to name
            digests += evidence.digests
        return digests

    async def comparison(
        self,
        query: ModelQuery,
        asked: Sequence[ModelQuery],
        index: Index | None,
        question: ComparisonQuestion | None,
    ) -> ModelComparison:
        """Each version or prediction set against the first.

        Raises:
            LfvError: one cannot be described. Evidence that cannot be read is a finding.
        """
        described = await gather_in_order(
            [partial(self._models.describe, each, index) for each in asked]
        )
        require_distinct([each.version_or_name for each in asked], described)
        sets = {
            summary.model_version: await self._read(each, index)
            for each, summary in zip(asked, described, strict=True)
            if each.prediction_set
        }
        candidates, findings = await load_candidates(described, self._evidence, sets)
        has_evidence = any(c.result or c.manifest or c.predictions for c in candidates)
        truths: list[EvaluationManifest] = []
        if candidates[0].predictions or (sets and not candidates[0].manifest):
            truths = [manifest for _, manifest in await self._manifests(query, index)]
        sources = [summary.source for summary in described]
        source = await self._workers.run(
            partial(self._sources.of_comparison, sources, query, has_evidence=has_evidence)
        )
        return await self._workers.run(
            partial(compare, candidates, source, findings, question, truths)
        )

    async def _read(self, query: ModelQuery, index: Index | None) -> PredictionSet:
        found = await self._models.found_set(query, index)
        return await self._workers.run(partial(self._sets.read, found), self._workers.file_reads)

    async def _manifests(
        self, query: ModelQuery, index: Index | None
    ) -> list[tuple[str, EvaluationManifest]]:
        """The evaluation manifests of a project's versions that can be read, newest first."""
        versions = (await self._models.versions(query))[:_MAX_TRUTHS]
        described = await gather_in_order(
            [partial(self._models.describe, each, index) for each in versions]
        )
        return await load_manifests(described, self._evidence)

"""Evaluations and comparisons of what a question names; imported at the first of them.

It takes the statistics with it, which a listing of tools does not need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from lfv_mcp.analysis.comparison import compare
from lfv_mcp.analysis.comparison_question import ComparisonQuestion
from lfv_mcp.analysis.evaluation import report
from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.analysis.image_list import image_list
from lfv_mcp.analysis.judged_predictions import judged
from lfv_mcp.archive.index import Index
from lfv_mcp.catalog.asked_models import AskedModels
from lfv_mcp.catalog.candidates import (
    load_candidates,
    load_manifests,
    require_description,
    require_distinct,
)
from lfv_mcp.catalog.evidence import Evidence, EvidenceLoader, no_images
from lfv_mcp.catalog.prediction_sets import FoundSet, PredictionSets
from lfv_mcp.catalog.set_report import by_overlap, report_on_set
from lfv_mcp.catalog.sources import AnswerSources, of_evaluation
from lfv_mcp.catalog.usable_version import usable_version
from lfv_mcp.catalog.workers import Workers, gather_in_order
from lfv_mcp.errors import SetupError
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
from lfv_mcp.formats.predictions.prediction_set import PredictionSet
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.results.common import Finding
from lfv_mcp.results.evaluation_report import EvaluationReport
from lfv_mcp.results.image_list import ImageList
from lfv_mcp.results.model_comparison import ModelComparison
from lfv_mcp.results.model_summary import ModelSummary

_MAX_TRUTHS: Final = 20
"""Versions of a project whose manifests are read for the truth of images, the newest first."""

_HOSTED_FIRST: Final = (
    "To compare with it name 'hosted' first in model_versions (command line: VERSIONS hosted ...)."
)


@dataclass(frozen=True, slots=True)
class _VersionBasis:
    """A version, and what could be read of its evaluation files."""

    described: ModelSummary
    evidence: Evidence

    def report(self, question: EvaluationQuestion | None) -> EvaluationReport:
        """What is proven of the version."""
        return report(
            require_description(self.described),
            self.evidence.result,
            self.evidence.manifest,
            of_evaluation(self.described.source),
            question=question,
            findings=(*self.evidence.findings, *_about_hosting(self.described)),
        )

    def manifest(self) -> EvaluationManifest | None:
        """Its test images; None if they could not be read."""
        return self.evidence.manifest


@dataclass(frozen=True, slots=True)
class _SetBasis:
    """A prediction set, and the manifests that may know the truth of its images."""

    described: ModelSummary
    predictions: PredictionSet
    manifests: Sequence[tuple[str, EvaluationManifest]]

    def report(self, question: EvaluationQuestion | None) -> EvaluationReport:
        """What is proven of the set."""
        source = self.described.source
        return report_on_set(self.predictions, self.manifests, source, question)

    def manifest(self) -> EvaluationManifest | None:
        """Its images whose truth is known; None for none."""
        ranked = by_overlap(self.predictions, self.manifests)
        return judged(self.predictions, [manifest for _, manifest in ranked]).manifest


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
            LfvError: `evidence_unavailable` if no file of a version can be read.
        """
        basis = await self._basis(query, index)
        return await self._workers.run(partial(basis.report, question))

    async def _basis(self, query: ModelQuery, index: Index | None) -> _VersionBasis | _SetBasis:
        """What there is to read of what a question names.

        Raises:
            LfvError: as `report`.
        """
        described, found_set = await self._models.find(query, index)
        if found_set is None:
            return _VersionBasis(described, await self._load(query, described, index))
        predictions = await self._read(found_set)
        manifests = await self._manifests(_where(query, predictions), index)
        return _SetBasis(described, predictions, manifests)

    async def _load(
        self, query: ModelQuery, described: ModelSummary, index: Index | None
    ) -> Evidence:
        """What can be read of a version.

        Raises:
            LfvError: `evidence_unavailable` if nothing can; with the version to ask for instead.
        """
        try:
            return await self._evidence.load(require_description(described))
        except SetupError as error:
            number = described.model_version
            usable = index and usable_version(index, query, number, with_files=True)
            if error.code != "evidence_unavailable" or not usable:
                raise
            instead = f"Ask about {usable.in_words} instead."
            message = f"Version {number}: {error.message}"
            led_on = error.saying(message, f"{error.next_step} {instead}")
            led_on.other_version = usable.version
            raise led_on from error

    async def manifest(self, query: ModelQuery, index: Index | None) -> EvaluationManifest:
        """The EvaluationManifest of a version.

        Raises:
            LfvError: `evidence_unavailable` if it cannot be read; the text says why.
        """
        described = await self._models.describe(query, index)
        evidence = await self._load(query, described, index)
        if evidence.manifest is None:
            raise no_images(None, evidence.findings)
        return evidence.manifest

    async def images(self, query: ModelQuery, index: Index | None) -> ImageList:
        """Every test image of a version; of a prediction set those whose truth is known.

        Raises:
            LfvError: `evidence_unavailable` if they cannot be read, or are too many to keep.
        """
        basis = await self._basis(query, index)
        report = await self._workers.run(partial(basis.report, None))
        manifest = await self._workers.run(basis.manifest)
        if manifest is None or not manifest.images:
            raise no_images(manifest, report.findings)
        return await self._workers.run(
            partial(image_list, manifest.images, manifest, report.findings, report.source)
        )

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
        found = await gather_in_order([partial(self._models.find, each, index) for each in asked])
        described = [each.summary for each in found]
        require_distinct([each.version_or_name for each in asked], described)
        named = {
            each.summary.model_version: each.found_set
            for each in found
            if each.found_set is not None
        }
        read = await self._read_all(list(named.values()))
        sets = dict(zip(named, read, strict=True))
        candidates, findings = await load_candidates(described, self._evidence, sets)
        if all(each.status != "HOSTED" for each in described):
            findings += [
                each.model_copy(update={"advice": _HOSTED_FIRST})
                for each in _about_hosting(described[0])
            ]
        has_evidence = any(c.result or c.manifest or c.predictions for c in candidates)
        truths: list[EvaluationManifest] = []
        if candidates[0].predictions or (sets and not candidates[0].manifest):
            place = _where(query, *sets.values())
            truths = [manifest for _, manifest in await self._manifests(place, index)]
        sources = [summary.source for summary in described]
        source = await self._workers.run(
            partial(self._sources.of_comparison, sources, query, has_evidence=has_evidence)
        )
        return await self._workers.run(
            partial(compare, candidates, source, findings, question, truths)
        )

    async def _read(self, found: FoundSet) -> PredictionSet:
        return (await self._read_all([found]))[0]

    async def _read_all(self, found: Sequence[FoundSet]) -> list[PredictionSet]:
        if not found:
            return []
        reads = partial(self._sets.read, found)
        return await self._workers.run(reads, self._workers.file_reads)

    async def _manifests(
        self, query: ModelQuery, index: Index | None
    ) -> list[tuple[str, EvaluationManifest]]:
        """The evaluation manifests of a project's versions that can be read, newest first."""
        versions = (await self._models.versions(query))[:_MAX_TRUTHS]
        described = await gather_in_order(
            [partial(self._models.describe, each, index) for each in versions]
        )
        return await load_manifests(described, self._evidence)


def _about_hosting(described: ModelSummary) -> list[Finding]:
    """That an answer is not about the version in use, as the description says it."""
    return [each for each in described.findings or () if each.code == "other_version_hosted"]


def _where(query: ModelQuery, *sets: PredictionSet) -> ModelQuery:
    """The query in the region and account that its prediction sets name, if it names none."""
    for each in sets:
        key = each.about.key
        query = replace(
            query,
            region=query.region or key.region or None,
            account=query.account or key.account or None,
        )
    return query

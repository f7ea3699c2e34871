"""The model versions of one comparison, with their evidence; imported at the first comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from lfv_mcp.analysis.candidate import Candidate
from lfv_mcp.catalog.evidence import EvidenceLoader
from lfv_mcp.catalog.workers import gather_in_order
from lfv_mcp.errors import LfvError
from lfv_mcp.findings import finding
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
from lfv_mcp.formats.predictions.prediction_set import PredictionSet
from lfv_mcp.model_query import invalid_argument
from lfv_mcp.results.common import Finding
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.results.model_summary import ModelSummary


def require_distinct(versions: Sequence[str], described: Sequence[ModelSummary]) -> None:
    """Refuse a comparison of a version with itself, which `latest` may turn out to be.

    Raises:
        CallerError: `invalid_argument`, two of the versions are the same model.
    """
    numbers = [summary.model_version for summary in described]
    if len(set(numbers)) < len(numbers):
        raise invalid_argument(
            "model_versions",
            list(versions),
            f"they stand for {', '.join(numbers)}, so one is named twice",
            '["1", "3"]',
        )


async def load_candidates(
    described: Sequence[ModelSummary],
    evidence: EvidenceLoader,
    sets: Mapping[str, PredictionSet],
) -> tuple[list[Candidate], list[Finding]]:
    """Each version with what can be read of its evaluation, and findings for what cannot.

    A prediction set comes with its images, which `sets` has by its name.

    Raises:
        LfvError: something else is wrong than that evidence is missing.
    """
    loaded = await gather_in_order(
        [
            partial(_load_candidate, summary, evidence, sets.get(summary.model_version))
            for summary in described
        ]
    )
    # In the order of the versions, not of arrival: the same question has the same answer.
    findings = [found for _, of_version in loaded for found in of_version]
    return [candidate for candidate, _ in loaded], findings


async def _load_candidate(
    summary: ModelSummary, evidence: EvidenceLoader, predictions: PredictionSet | None
) -> tuple[Candidate, list[Finding]]:
    number = summary.model_version
    if predictions is not None:
        return Candidate(summary, predictions=predictions), list(summary.findings)
    try:
        loaded = await evidence.load(require_description(summary))
    except LfvError as error:
        if error.code != "evidence_unavailable":
            raise
        message = f"Version {number}: {error.message}"
        return Candidate(summary), [finding("evidence_missing", message, error.next_step)]
    findings = [
        found.model_copy(update={"message": f"Version {number}: {found.message}"})
        for found in loaded.findings
    ]
    return Candidate(summary, loaded.result, loaded.manifest), findings


async def load_manifests(
    described: Sequence[ModelSummary], evidence: EvidenceLoader
) -> list[tuple[str, EvaluationManifest]]:
    """The manifests of versions, each with what the version is called; those that can be read."""
    candidates, _ = await load_candidates(described, evidence, {})
    return [(each.in_words, each.manifest) for each in candidates if each.manifest is not None]


def require_description(summary: ModelSummary) -> ModelDescription:
    """The record of a version.

    Raises:
        ValueError: it is a prediction set, which has none.
    """
    if summary.model_description is None:
        raise ValueError("a prediction set has no ModelDescription")
    return summary.model_description

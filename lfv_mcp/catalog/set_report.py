"""The evaluation of a prediction set; imported at the first question about one."""

from __future__ import annotations

from collections.abc import Sequence

from lfv_mcp.analysis.evaluation import report
from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.analysis.judged_predictions import judged, overlap
from lfv_mcp.analysis.set_findings import JudgedSet
from lfv_mcp.analysis.unjudged_set import report_without_truth
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
from lfv_mcp.formats.predictions.prediction_set import PredictionSet
from lfv_mcp.results.common import Source
from lfv_mcp.results.evaluation_report import EvaluationReport

Named = tuple[str, EvaluationManifest]
"""A manifest, with what its version is called."""


def by_overlap(predictions: PredictionSet, manifests: Sequence[Named]) -> list[Named]:
    """The manifests, that which shares most images with the set first."""
    return sorted(manifests, key=lambda each: overlap(predictions, each[1]), reverse=True)


def report_on_set(
    predictions: PredictionSet,
    manifests: Sequence[tuple[str, EvaluationManifest]],
    source: Source,
    question: EvaluationQuestion | None,
) -> EvaluationReport:
    """What the verdicts of a set prove, by the truth that the project's evaluations know.

    Args:
        predictions: the set.
        manifests: the evaluation manifests of the project's versions, each with its version in
            words; that which shares most images with the set is the reference.
        source: where the set is.
        question: what is asked beside.

    Returns:
        Figures where the truth is known; else what the set says, and why it cannot be judged.
    """
    ranked = by_overlap(predictions, manifests)
    same_names = question is not None and question.same_names
    found = judged(predictions, [manifest for _, manifest in ranked], same_names=same_names)
    reference = ranked[0][0] if ranked and found.matched else ""
    answers = JudgedSet(predictions.about, found, reference, predictions.unreadable)
    if found.manifest is None:
        return report_without_truth(predictions, answers, source, question or EvaluationQuestion())
    return report(None, None, found.manifest, source, question=question, answers=answers)

"""What takes part in a comparison: a version of a model, or what another system predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from lfv_mcp.analysis.recount import metrics_of, reported_values
from lfv_mcp.analysis.recovered_counts import counts_of_report
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
from lfv_mcp.formats.evaluation_result import EvaluationResult
from lfv_mcp.formats.predictions.prediction_set import PredictionSet
from lfv_mcp.metrics import Confusion, Undefined
from lfv_mcp.results.evaluation_report import EvaluationMetrics, Metric
from lfv_mcp.results.model_summary import ModelSummary

_COMPARED_METRICS: Final = ("precision", "recall", "false_alarm_rate", "f1_score")
"""The metrics of a comparison: those that need no score."""


def called(version: str) -> str:
    """What a version or a prediction set is called in a sentence: `version 3`, `padim`."""
    return f"version {version}" if version.isdigit() else version


def all_called(versions: Sequence[str]) -> str:
    """Several of them, each once: `version 2`, `versions 2, 3 and 4`, `version 2 and padim`."""
    numbers = [version for version in versions if version.isdigit()]
    listed = [*numbers, *(version for version in versions if not version.isdigit())]
    told = " and ".join(filter(None, (", ".join(listed[:-1]), *listed[-1:])))
    return f"version{'s' if len(numbers) > 1 else ''} {told}" if numbers else told


@dataclass(frozen=True, slots=True)
class Candidate:
    """One version of a model, or one prediction set, with what could be read of its images.

    Args:
        summary: what it is.
        result: the EvaluationResult of a version.
        manifest: the test images that a version judged; of a prediction set those whose truth is
            known, with the set's verdicts.
        predictions: all that a prediction set answered, with or without truth; None of a version.
        possible_counts: without a manifest, all counts that give the figures of the result.
    """

    summary: ModelSummary
    result: EvaluationResult | None = None
    manifest: EvaluationManifest | None = None
    predictions: PredictionSet | None = None
    possible_counts: tuple[Confusion, ...] = ()

    @property
    def version(self) -> str:
        """The version's number, as text, or the prediction set's name."""
        return self.summary.model_version

    @property
    def in_words(self) -> str:
        """What it is called in a sentence: `version 3`, `padim`."""
        return called(self.version)

    @property
    def counts(self) -> Confusion | None:
        """Test images by class and verdict: counted, else recovered; None if they are not known."""
        if self.manifest is not None:
            return self.manifest.confusion if self.manifest.confusion.total else None
        return self.possible_counts[0] if len(self.possible_counts) == 1 else None

    @property
    def is_recovered(self) -> bool:
        """Whether its counts are known, but not of which images."""
        return self.manifest is None and self.counts is not None

    @property
    def metrics(self) -> EvaluationMetrics | None:
        """Of the counts, with intervals; else as reported (the file before DescribeModel)."""
        if self.counts is not None:
            return metrics_of(self.counts)
        performance = self.summary.performance
        reported = {
            **(performance.present_members() if performance else {}),
            **reported_values(self.result.reported if self.result else None),
        }
        return EvaluationMetrics(
            **{
                name: Metric(value=reported[name], no_interval="reported without counts")
                for name in _COMPARED_METRICS
                if name in reported
            }
        ).or_none()


def with_possible_counts(candidate: Candidate) -> Candidate:
    """The candidate; of a version without a manifest with all counts that its result allows."""
    if candidate.manifest is not None or candidate.result is None:
        return candidate
    possible = counts_of_report(candidate.result.reported, candidate.result.testing_images)
    if isinstance(possible, Undefined):
        return candidate
    return replace(candidate, possible_counts=possible)

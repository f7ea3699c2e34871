"""`report`: what the evaluation files of a model prove, as the answer of analyze_evaluation.

First every number is computed, then the findings are chosen from the numbers, then sentences are
made of both; each step only reads what the one before it returned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lfv_mcp import metrics
from lfv_mcp.analysis.evaluation_findings import evaluation_findings
from lfv_mcp.analysis.evaluation_text import model_name, report_summary
from lfv_mcp.analysis.recount import (
    EvaluationNumbers,
    metric_of,
    metrics_of,
    why_incomplete,
)
from lfv_mcp.analysis.thresholds import Scores, scores_of, threshold_analysis
from lfv_mcp.formats.evaluation_manifest import REF_LIMIT, EvaluationManifest, ImagePrediction
from lfv_mcp.formats.evaluation_result import EvaluationResult
from lfv_mcp.metrics import Undefined, Value
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import (
    EvaluationReport,
    Example,
    Examples,
    ManifestCounts,
    OnTheLine,
)
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.text import clean


def report(
    description: ModelDescription,
    result: EvaluationResult | None,
    manifest: EvaluationManifest | None,
    source: Source,
    *,
    defect_rate: float | None = None,
    threshold: float | None = None,
    max_examples: int = 5,
    findings: Sequence[Finding] = (),
) -> EvaluationReport:
    """All that the files at hand prove about a model.

    Args:
        description: the model's own record, which tells whether the files are of its training.
        result: its EvaluationResult, if that could be read.
        manifest: its EvaluationManifest, if that could be read.
        source: where the answer comes from; advice needs the service only if it is live.
        defect_rate: share of the line's parts that are defective, 0 to 1.
        threshold: a score from which to flag, 0 to 1.
        max_examples: wrong images to name, of each kind.
        findings: what the caller knows about a file that could not be read.

    Raises:
        ValueError: neither file is given.
    """
    if result is None and manifest is None:
        raise ValueError("neither evaluation file")
    numbers = _numbers(result, manifest, threshold, max_examples)
    if defect_rate is not None:
        numbers = replace(numbers, line=_line(numbers.known_metrics(), defect_rate))
    found = evaluation_findings(numbers, description, result, manifest, source, findings)
    name = model_name(description, result, manifest)
    return EvaluationReport(
        summary=report_summary(numbers, found, source, name),
        test_images=numbers.test_images,
        training_images=numbers.training_images,
        confusion=numbers.confusion,
        metrics=numbers.metrics,
        reported=numbers.reported,
        agrees=numbers.agrees(),
        line=numbers.line,
        threshold=numbers.threshold,
        labels=numbers.labels,
        examples=numbers.examples,
        findings=tuple(found),
        source=source,
    )


def _numbers(
    result: EvaluationResult | None,
    manifest: EvaluationManifest | None,
    threshold: float | None,
    max_examples: int,
) -> EvaluationNumbers:
    """What either file says; the manifest's own count of images goes before the result's."""
    numbers = EvaluationNumbers()
    if result:
        numbers = EvaluationNumbers(
            test_images=result.testing_images,
            training_images=result.training_images,
            reported=result.reported.or_none(),
            labels=result.labels or None,
        )
    if manifest is None:
        return numbers
    counts, scores = manifest.confusion, scores_of(manifest.images)
    analysis = None
    if manifest.images and isinstance(scores, Scores):
        analysis = threshold_analysis(scores, threshold)
    roc_auc, average_precision = _areas(scores)
    return replace(
        numbers,
        test_images=counts.total,
        confusion=ManifestCounts(
            true_positives=counts.true_positives,
            false_positives=counts.false_positives,
            false_negatives=counts.false_negatives,
            true_negatives=counts.true_negatives,
            unusable_lines=sum(manifest.unusable.values()),
        ),
        metrics=metrics_of(counts, metric_of(roc_auc), metric_of(average_precision)),
        threshold=analysis,
        examples=_examples(manifest.images, max_examples) if manifest.images else None,
        incomplete=why_incomplete(manifest, result),
    )


def _areas(scores: Scores | Undefined) -> tuple[Value, Value]:
    """ROC AUC and average precision, where one threshold on the scores explains predictions."""
    if isinstance(scores, Undefined):
        return scores, scores
    if not scores.rule.rule_holds:
        why = Undefined("no threshold on scores from confidence explains the predictions")
        return why, why
    sides = scores.anomalous, scores.normal
    return metrics.roc_auc(*sides), metrics.average_precision(*sides)


def _examples(images: Sequence[ImagePrediction], most: int) -> Examples:
    wrong = [image for image in images if image.flagged is not image.anomalous and image.source_ref]
    missed = [image for image in wrong if image.anomalous]
    alarms = [image for image in wrong if not image.anomalous]
    return Examples(missed_defects=_worst(missed, most), false_alarms=_worst(alarms, most))


def _worst(wrong: Sequence[ImagePrediction], most: int) -> tuple[Example, ...]:
    """Wrong predictions, the surest first: its score is farthest on the wrong side."""
    ranked = sorted(
        wrong, key=lambda i: (1 if i.confidence is None else -i.confidence, i.source_ref)
    )
    return tuple(
        Example(image=clean(image.source_ref, REF_LIMIT), confidence=image.confidence)
        for image in ranked[:most]
    )


def _line(known: Mapping[str, float], defect_rate: float) -> OnTheLine:
    """What the known rates say of the line; a number that they do not give is absent."""
    recall, alarms = known.get("recall"), known.get("false_alarm_rate")
    expected = None
    if recall is not None and alarms is not None:
        expected = metrics.expected_precision(recall, alarms, defect_rate)
    # Nine decimals of a part per million: no more than float noise is lost.
    return OnTheLine(
        defect_rate=defect_rate,
        expected_precision=None if isinstance(expected, Undefined) else expected,
        escapes_per_million=None
        if recall is None
        else round(metrics.escapes_per_million(recall, defect_rate), 9),
        false_rejects_per_million=None
        if alarms is None
        else round(metrics.false_rejects_per_million(alarms, defect_rate), 9),
    )

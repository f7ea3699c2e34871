"""What the evaluation files prove about a model: counts, metrics, thresholds, examples. Pure.

Scores exist only by inference: score = confidence if predicted anomalous, else 1 - confidence.
Where one threshold on them does not explain every prediction, nothing made of scores is shown.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple, cast

from lfv_mcp import metrics
from lfv_mcp.analysis.evaluation_findings import conclude
from lfv_mcp.analysis.recount import best_known, compared, metric_values
from lfv_mcp.formats.evaluation_manifest import (
    LINES_KEPT,
    REF_LIMIT,
    EvaluationManifest,
    ImagePrediction,
)
from lfv_mcp.formats.evaluation_result import EvaluationResult
from lfv_mcp.metrics import Confusion, Separability, Undefined, Value, separability
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import (
    Counts,
    EvaluationMetrics,
    EvaluationReport,
    Example,
    Metric,
    OnTheLine,
    ThresholdAnalysis,
    ThresholdRow,
)
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.text import clean

CANDIDATES: Final = 9
"""Rows of `threshold.candidates`."""


class Scores(NamedTuple):
    """Anomaly scores by true class, and whether one threshold explains the predictions."""

    anomalous: list[float]
    normal: list[float]
    rule: Separability


def scores_of(manifest: EvaluationManifest) -> Scores | Undefined:
    """The scores behind the predictions; Undefined unless every image has one.

    Made of those images that happen to have a confidence, a ranking could be any.
    """
    images = manifest.images
    if images is None:
        return Undefined(f"there are more than {LINES_KEPT:,} images")
    if lacking := sum(image.confidence is None for image in images):
        return Undefined(f"{lacking} of {len(images)} images have no usable confidence")
    cells: tuple[list[float], ...] = ([], [], [], [])
    for _, anomalous, flagged, confidence in images:
        score = metrics.anomaly_score(flagged, cast(float, confidence))
        cells[2 * anomalous + flagged].append(score)
    passed, alarms, missed, caught = cells
    return Scores(missed + caught, passed + alarms, separability(alarms + caught, passed + missed))


def measured(c: Confusion) -> EvaluationMetrics:
    """The metrics of one confusion matrix; shares have their Wilson intervals."""
    tp, fp = c.true_positives, c.false_positives
    return {
        "precision": _metric(metrics.precision(c), tp, tp + fp),
        "recall": _metric(metrics.recall(c), tp, tp + c.false_negatives),
        "false_alarm_rate": _metric(metrics.false_alarm_rate(c), fp, fp + c.true_negatives),
        "f1_score": _metric(metrics.f1_score(c)),
    }


def _metric(value: Value, successes: int = 0, trials: int = 0) -> Metric:
    if isinstance(value, Undefined):
        return {"undefined": value.reason}
    interval = metrics.wilson_interval(successes, trials)
    if isinstance(interval, Undefined):
        return {"value": value}
    return {"value": value, "low": interval.low, "high": interval.high}


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
        source: where the answer comes from; advice needs the service only if it is live.
        defect_rate: share of the line's parts that are defective, 0 to 1.
        threshold: a score from which to flag, 0 to 1.
        findings: what the caller knows about a file that could not be read.

    Raises:
        ValueError: neither file is given.
    """
    if result is None and manifest is None:
        raise ValueError("neither evaluation file")
    answer: EvaluationReport = {"summary": "", "findings": [], "source": source}
    if result:
        if result.testing_images is not None:
            answer["test_images"] = result.testing_images
        if result.training_images is not None:
            answer["training_images"] = result.training_images
        if result.reported:
            answer["reported"] = result.reported
        if result.labels:
            answer["labels"] = list(result.labels)
    if manifest:
        _recount(answer, manifest, threshold, max_examples)
    if defect_rate is not None:
        answer["line"] = _line(best_known(answer), defect_rate)
    conclude(answer, description, result, manifest, findings)
    # In the order of the published schema, so that what matters comes first.
    members = cast(dict[str, object], answer)
    order = EvaluationReport.__annotations__
    return cast(EvaluationReport, {name: members[name] for name in order if name in members})


def _recount(
    answer: EvaluationReport,
    manifest: EvaluationManifest,
    threshold: float | None,
    max_examples: int,
) -> None:
    """Add what the manifest proves."""
    counts, images, scores = manifest.confusion, manifest.images, scores_of(manifest)
    answer["test_images"] = counts.total
    unusable = sum(manifest.unusable.values())
    answer["confusion"] = {**_counts(counts), "unusable_lines": unusable}
    answer["metrics"] = measured(counts)
    if images:
        if isinstance(scores, Scores):
            answer["threshold"] = _thresholds(scores, threshold)
        answer["examples"] = {
            "missed_defects": _worst(images, True, max_examples),
            "false_alarms": _worst(images, False, max_examples),
        }
    if isinstance(scores, Scores) and not scores.rule.rule_holds:
        scores = Undefined("no threshold on scores from confidence explains the predictions")
    if isinstance(scores, Scores):
        sides = scores.anomalous, scores.normal
        answer["metrics"]["roc_auc"] = _metric(metrics.roc_auc(*sides))
        answer["metrics"]["average_precision"] = _metric(metrics.average_precision(*sides))
    else:
        answer["metrics"]["roc_auc"] = _metric(scores)
        answer["metrics"]["average_precision"] = _metric(scores)
    if same := compared(answer):
        answer["agrees"] = all(same.values())


def _counts(c: Confusion) -> Counts:
    return {
        "true_positives": c.true_positives,
        "false_positives": c.false_positives,
        "false_negatives": c.false_negatives,
        "true_negatives": c.true_negatives,
    }


def _thresholds(scores: Scores, threshold: float | None) -> ThresholdAnalysis:
    anomalous, normal, rule = scores
    if not rule.rule_holds:
        return {"rule_holds": False}  # anything more would be made of scores
    rows = _candidates(sorted(anomalous), sorted(normal), rule.min_anomaly_score)
    result: ThresholdAnalysis = {"rule_holds": True, "operating_range": {}, "candidates": rows}
    if rule.max_normal_score is not None:
        result["operating_range"]["max_normal_score"] = rule.max_normal_score
    if rule.min_anomaly_score is not None:
        result["operating_range"]["min_anomaly_score"] = rule.min_anomaly_score
    if threshold is not None:
        result["at"] = _row(threshold, metrics.at_threshold(anomalous, normal, threshold))
    return result


def _candidates(
    anomalous: Sequence[float], normal: Sequence[float], built_in: float | None
) -> list[ThresholdRow]:
    """The telling cuts, at most CANDIDATES, thresholds descending. Scores come ascending.

    The built-in cut, the strictest one with the best F1, and, evenly spread from first to last,
    those that are unbeaten: no other has fewer escapes without more false alarms.
    """

    def at(cut: float) -> Confusion:
        missed, passed = bisect_left(anomalous, cut), bisect_left(normal, cut)
        return Confusion(len(anomalous) - missed, len(normal) - passed, missed, passed)

    # Only cuts at anomalous scores: a lower one adds alarms alone. Beaten if the next adds none.
    passed = [(cut, bisect_left(normal, cut)) for cut in sorted(set(anomalous), reverse=True)]
    unbeaten = [
        cut for (cut, n), looser in zip_longest(passed, passed[1:]) if not looser or looser[1] < n
    ]
    chosen = {max(unbeaten, key=lambda cut: _f1(at(cut)))} if unbeaten else set()
    if built_in is not None:
        chosen.add(built_in)
    room, rest = CANDIDATES - len(chosen), [cut for cut in unbeaten if cut not in chosen]
    if len(rest) > room:
        rest = [rest[i * (len(rest) - 1) // (room - 1)] for i in range(room)]
    return [_row(cut, at(cut)) for cut in sorted(chosen.union(rest), reverse=True)]


def _f1(c: Confusion) -> float:
    return cast(float, metrics.f1_score(c))  # defined, as there are anomalies


def _row(threshold: float, c: Confusion) -> ThresholdRow:
    return cast(ThresholdRow, {"threshold": threshold, **_counts(c), **metric_values(measured(c))})


def _worst(images: Sequence[ImagePrediction], anomalous: bool, most: int) -> list[Example]:
    """Wrong predictions, the surest first: its score is farthest on the wrong side."""
    wrong = [
        image
        for image in images
        if image.anomalous is anomalous and image.flagged is not anomalous and image.source_ref
    ]
    wrong.sort(key=lambda i: (1 if i.confidence is None else -i.confidence, i.source_ref))
    return [
        {"image": clean(ref, REF_LIMIT)}
        if confidence is None
        else {"image": clean(ref, REF_LIMIT), "confidence": confidence}
        for ref, _, _, confidence in wrong[:most]
    ]


def _line(known: Mapping[str, float], defect_rate: float) -> OnTheLine:
    """What the known rates say of the line; a number that they do not give is absent."""
    recall, alarms = known.get("recall"), known.get("false_alarm_rate")
    result: OnTheLine = {"defect_rate": defect_rate}
    if recall is not None and alarms is not None:
        expected = metrics.expected_precision(recall, alarms, defect_rate)
        if isinstance(expected, float):
            result["expected_precision"] = expected
    # Nine decimals of a part per million: no more than float noise is lost.
    if recall is not None:
        escapes = metrics.escapes_per_million(recall, defect_rate)
        result["escapes_per_million"] = round(escapes, 9)
    if alarms is not None:
        rejects = metrics.false_rejects_per_million(alarms, defect_rate)
        result["false_rejects_per_million"] = round(rejects, 9)
    return result

"""Thresholds on the anomaly score: what the built-in one is, and what others would do.

Scores exist only by inference: score = confidence if predicted anomalous, else 1 - confidence.
Where one threshold on them does not explain every prediction, nothing made of scores is shown.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from lfv_mcp import metrics
from lfv_mcp.analysis.recount import metric_values, metrics_of
from lfv_mcp.formats.evaluation_manifest import LINES_KEPT, ImagePrediction
from lfv_mcp.metrics import Confusion, Separability, Undefined, separability
from lfv_mcp.results.evaluation_report import OperatingRange, ThresholdAnalysis, ThresholdRow

MAX_CANDIDATES: Final = 9
"""Rows of `threshold.candidates`."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Anomaly scores by true class, and whether one threshold explains the predictions."""

    anomalous: list[float]
    normal: list[float]
    rule: Separability


def scores_of(images: Sequence[ImagePrediction] | None) -> Scores | Undefined:
    """The scores behind the predictions; Undefined unless every image has one.

    Made of those images that happen to have a confidence, a ranking could be any.
    """
    if images is None:
        return Undefined(f"there are more than {LINES_KEPT:,} images")
    cells: tuple[list[float], ...] = ([], [], [], [])
    without_confidence = 0
    for _, anomalous, flagged, confidence in images:
        if confidence is None:
            without_confidence += 1
        else:
            score = metrics.anomaly_score(flagged, confidence)
            cells[2 * anomalous + flagged].append(score)
    if without_confidence:
        return Undefined(f"{without_confidence} of {len(images)} images have no usable confidence")
    passed, alarms, missed, caught = cells
    return Scores(missed + caught, passed + alarms, separability(alarms + caught, passed + missed))


def threshold_analysis(scores: Scores, threshold: float | None) -> ThresholdAnalysis:
    """The built-in threshold, the candidates, and the row of `threshold` if one is asked for."""
    rule = scores.rule
    if not rule.rule_holds:
        return ThresholdAnalysis(rule_holds=False)  # anything more would be made of scores
    at = None
    if threshold is not None:
        counts = metrics.at_threshold(scores.anomalous, scores.normal, threshold)
        at = _row(threshold, counts)
    return ThresholdAnalysis(
        rule_holds=True,
        operating_range=OperatingRange(
            max_normal_score=rule.max_normal_score, min_anomaly_score=rule.min_anomaly_score
        ),
        candidates=_candidates(
            sorted(scores.anomalous), sorted(scores.normal), rule.min_anomaly_score
        ),
        at=at,
    )


def _candidates(
    anomalous: Sequence[float], normal: Sequence[float], built_in: float | None
) -> tuple[ThresholdRow, ...]:
    """The telling thresholds, at most MAX_CANDIDATES, descending. Scores come ascending.

    The built-in threshold, the strictest one with the best F1, and, evenly spread from first to
    last, those that are unbeaten: no other has fewer escapes without more false alarms.
    """

    def counts_at(threshold: float) -> Confusion:
        missed, passed = bisect_left(anomalous, threshold), bisect_left(normal, threshold)
        return Confusion(len(anomalous) - missed, len(normal) - passed, missed, passed)

    # Only thresholds at anomalous scores: a lower one adds alarms alone. Beaten if the next adds
    # none.
    passed = [(each, bisect_left(normal, each)) for each in sorted(set(anomalous), reverse=True)]
    unbeaten = [
        each for (each, n), looser in zip_longest(passed, passed[1:]) if not looser or looser[1] < n
    ]
    chosen = {max(unbeaten, key=lambda each: _f1(counts_at(each)))} if unbeaten else set[float]()
    if built_in is not None:
        chosen.add(built_in)
    places = MAX_CANDIDATES - len(chosen)
    others = [each for each in unbeaten if each not in chosen]
    if len(others) > places:
        others = [others[i * (len(others) - 1) // (places - 1)] for i in range(places)]
    return tuple(_row(each, counts_at(each)) for each in sorted(chosen.union(others), reverse=True))


def _f1(counts: Confusion) -> float:
    f1 = metrics.f1_score(counts)
    return f1 if isinstance(f1, float) else 0.0


def _row(threshold: float, counts: Confusion) -> ThresholdRow:
    values = metric_values(metrics_of(counts))
    return ThresholdRow(
        true_positives=counts.true_positives,
        false_positives=counts.false_positives,
        false_negatives=counts.false_negatives,
        true_negatives=counts.true_negatives,
        threshold=threshold,
        precision=values.get("precision"),
        recall=values.get("recall"),
        false_alarm_rate=values.get("false_alarm_rate"),
        f1_score=values.get("f1_score"),
    )

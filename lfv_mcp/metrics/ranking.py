"""Metrics over every threshold (ROC AUC, average precision), and scores from confidence."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import fsum

from lfv_mcp.metrics.counts import NO_ANOMALOUS, NO_NORMAL, Confusion, Value


def roc_auc(anomalous: Sequence[float], normal: Sequence[float]) -> Value:
    """Area under the ROC curve: the chance that an anomalous image outscores a normal one.

    Pairs in order / all pairs, a tie counting one half; 0.5 is chance. The arguments are the
    scores of each *true* class, in any order. Undefined when either class is empty.
    """
    if not anomalous:
        return NO_ANOMALOUS
    if not normal:
        return NO_NORMAL
    ranked = sorted(normal)
    # Below counts in both terms and equal in one: twice the pairs won, in exact integers.
    doubled = sum(bisect_left(ranked, s) + bisect_right(ranked, s) for s in anomalous)
    return doubled / (2 * len(anomalous) * len(normal))


def average_precision(anomalous: Sequence[float], normal: Sequence[float]) -> Value:
    """Step-wise area under precision over recall: sum of (R_k - R_(k-1)) P_k, not interpolated.

    k runs over the distinct scores, descending, so tied images enter together. Chance is the share
    of anomalies. Undefined when no image is anomalous; 1 when none is normal.
    """
    if not anomalous:
        return NO_ANOMALOUS
    steps: list[float] = []
    found = 0
    for tp, fp in _operating_points(anomalous, normal):
        steps.append((tp - found) * tp / (tp + fp))
        found = tp
    return fsum(steps) / len(anomalous)


def at_threshold(
    anomalous: Sequence[float], normal: Sequence[float], threshold: float
) -> Confusion:
    """The counts when every image with score >= threshold is predicted anomalous."""
    tp = sum(score >= threshold for score in anomalous)
    fp = sum(score >= threshold for score in normal)
    return Confusion(tp, fp, len(anomalous) - tp, len(normal) - fp)


def _operating_points(
    anomalous: Sequence[float], normal: Sequence[float]
) -> Iterator[tuple[int, int]]:
    """(TP, FP) with every distinct score as the threshold, the highest first."""
    anomalous_at, normal_at = Counter(anomalous), Counter(normal)
    tp = fp = 0
    for threshold in sorted({*anomalous, *normal}, reverse=True):
        tp += anomalous_at.get(threshold, 0)
        fp += normal_at.get(threshold, 0)
        yield tp, fp


# From confidence to score


def anomaly_score(
    predicted_anomaly: bool,  # noqa: FBT001 - the prediction itself, not a switch
    confidence: float,
) -> float:
    """The anomaly score behind a prediction, 0 to 1: confidence, or 1 - confidence if normal.

    `confidence` belongs to the predicted class. Whether a model follows this rule is for
    `separability` to say.
    """
    # Rounding undoes subtraction noise, so 1 - 0.9 ties with 0.1 as it should.
    return round(confidence if predicted_anomaly else 1 - confidence, 12)


@dataclass(frozen=True, slots=True)
class Separability:
    """Whether one threshold explains all predictions, and between which scores it lies.

    Args:
        rule_holds: no predicted normal image outscores a predicted anomaly.
        max_normal_score: the highest score that is predicted normal; None if nothing is.
        min_anomaly_score: the lowest score that is predicted anomalous; None if nothing is.
    """

    rule_holds: bool
    max_normal_score: float | None
    min_anomaly_score: float | None


def separability(
    predicted_anomaly_scores: Sequence[float], predicted_normal_scores: Sequence[float]
) -> Separability:
    """Check the rule of `anomaly_score`: predicted anomalies score >= all predicted normals.

    If it holds, the model's threshold lies in (max_normal_score, min_anomaly_score]; the two are
    equal only where rounding hides the gap. If it fails, the scores are not what the model decided
    on: analyse nothing by score. With one side empty it holds trivially: no evidence for the rule,
    and the threshold is bounded on one side only.
    """
    highest = max(predicted_normal_scores, default=None)
    lowest = min(predicted_anomaly_scores, default=None)
    return Separability(highest is None or lowest is None or highest <= lowest, highest, lowest)

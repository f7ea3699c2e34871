"""Thresholds on the anomaly score: what the built-in one is, and what others would do.

Scores exist only by inference: score = confidence if predicted anomalous, else 1 - confidence.
Where one threshold on them does not explain every prediction, nothing made of scores is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Final, NamedTuple

from lfv_mcp import metrics
from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.analysis.recount import defects_and_good_parts, metric_values, metrics_of
from lfv_mcp.figures import count_of, number_between
from lfv_mcp.formats.evaluation_manifest import LINES_KEPT, ImagePrediction
from lfv_mcp.metrics import Confusion, Separability, Undefined, separability
from lfv_mcp.results.evaluation_report import OperatingRange, ThresholdAnalysis, ThresholdRow

MAX_CANDIDATES: Final = 40
"""Rows of `threshold.candidates`, each 400 bytes of an answer; what is left out is said."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Anomaly scores by true class, and whether one threshold explains the predictions."""

    anomalous: list[float]
    normal: list[float]
    rule: Separability

    def at(self, threshold: float) -> Confusion:
        """The counts at a threshold."""
        return metrics.at_threshold(self.anomalous, self.normal, threshold)


class Cut(NamedTuple):
    """One way to divide the test images by score.

    Args:
        threshold: the highest that divides them so; None for "nothing is rejected", above all
            scores.
        above: the next lower score: thresholds above it, up to `threshold`, divide them alike;
            None if there is none.
        counts: of the test images.
    """

    threshold: float | None
    above: float | None
    counts: Confusion


def scores_of(
    images: Sequence[ImagePrediction] | None, *, of_set: bool = False
) -> Scores | Undefined:
    """The scores behind the predictions; Undefined unless every image has one.

    Made of those images that happen to have a confidence, a ranking could be any.

    Args:
        images: the test images; None if they are too many to keep.
        of_set: they are a prediction set's, which may have scores of its own, or none at all.
    """
    if images is None:
        return Undefined(f"there are more than {LINES_KEPT:,} images")
    cells: tuple[list[float], ...] = ([], [], [], [])
    without = 0
    has_own = False
    for _, anomalous, flagged, confidence, score in images:
        if score is not None:
            has_own = True
            cells[2 * anomalous + flagged].append(score)
        elif confidence is None:
            without += 1
        else:
            cells[2 * anomalous + flagged].append(metrics.anomaly_score(flagged, confidence))
    if without:
        return Undefined(_why_no_scores(without, len(images), of_set=of_set, has_own=has_own))
    passed, alarms, missed, caught = cells
    return Scores(missed + caught, passed + alarms, separability(alarms + caught, passed + missed))


def _why_no_scores(without: int, images: int, *, of_set: bool, has_own: bool) -> str:
    if of_set and without == images:
        return "the prediction set has no scores"
    what = "no anomaly score" if has_own else "no usable confidence"
    verb = "has" if without == 1 else "have"
    return f"{without:,} of {count_of(images, 'image', 'images')} {verb} {what}"


def every_cut(scores: Scores) -> list[Cut]:
    """Every way to divide the images by score, from "nothing is rejected" down to the lowest."""
    anomalous_at, normal_at = Counter(scores.anomalous), Counter(scores.normal)
    levels = sorted({*anomalous_at, *normal_at}, reverse=True)
    tp = fp = 0
    defects, good = len(scores.anomalous), len(scores.normal)
    cuts = [Cut(None, levels[0] if levels else None, Confusion(0, 0, defects, good))]
    for threshold, above in zip_longest(levels, levels[1:]):
        tp += anomalous_at.get(threshold, 0)
        fp += normal_at.get(threshold, 0)
        cuts.append(Cut(threshold, above, Confusion(tp, fp, defects - tp, good - fp)))
    return cuts


def hull(cuts: Sequence[Cut]) -> list[Cut]:
    """The cuts that can be cheapest: the vertices of the lower convex hull of misses and alarms.

    Whatever an escape and a false reject cost, and however rare defects are, one of them costs
    least. Cuts come descending, and so do those that are returned.
    """
    vertices: list[Cut] = []
    for cut in cuts:
        # Fewer misses at no more alarms: the one before is beaten.
        while vertices and (_alarms(vertices[-1]) == _alarms(cut) or _turns(vertices, cut)):
            vertices.pop()
        if not vertices or _misses(cut) < _misses(vertices[-1]):
            vertices.append(cut)
    return vertices


def _turns(vertices: Sequence[Cut], cut: Cut) -> bool:
    """Whether the last vertex lies on or above the line from the one before it to this cut."""
    if len(vertices) < 2 or _misses(cut) >= _misses(vertices[-1]):
        return False
    before, last = vertices[-2], vertices[-1]
    along = (_alarms(last) - _alarms(before)) * (_misses(cut) - _misses(before))
    across = (_misses(last) - _misses(before)) * (_alarms(cut) - _alarms(before))
    return along <= across


def _misses(cut: Cut) -> int:
    return cut.counts.false_negatives


def _alarms(cut: Cut) -> int:
    return cut.counts.false_positives


def threshold_analysis(
    scores: Scores, cuts: Sequence[Cut], question: EvaluationQuestion
) -> tuple[ThresholdAnalysis, int]:
    """The built-in threshold, the cuts that can be cheapest, and the row that is asked for.

    The second part is how many of the cuts have no row: an answer has room for `MAX_CANDIDATES`,
    spread evenly from the first to the last.
    """
    rule, threshold, rate = scores.rule, question.threshold, question.defect_rate
    if not rule.rule_holds:
        return ThresholdAnalysis(rule_holds=False), 0  # anything more would be made of scores
    telling = [(cut.threshold, cut.counts) for cut in hull(cuts) if cut.threshold is not None]
    rows = telling
    if len(telling) > MAX_CANDIDATES:
        last = len(telling) - 1
        rows = [telling[i * last // (MAX_CANDIDATES - 1)] for i in range(MAX_CANDIDATES)]
    analysis = ThresholdAnalysis(
        rule_holds=True,
        operating_range=OperatingRange(
            max_normal_score=rule.max_normal_score, min_anomaly_score=rule.min_anomaly_score
        ),
        candidates=tuple(_row(*each, rate) for each in rows),
        at=None if threshold is None else _row(threshold, scores.at(threshold), rate),
    )
    return analysis, len(telling) - len(rows)


def reaching_cuts(cuts: Sequence[Cut], question: EvaluationQuestion) -> dict[str, ThresholdRow]:
    """For each requirement the cut that reaches it here with the fewest errors of the other kind.

    Of equal ones it is that with the fewest errors of its own kind. None where no image is of the
    class, or to reject nothing does as well as any.
    """
    recall_at_least, alarms_at_most = question.recall_at_least, question.false_alarms_at_most
    found: dict[str, Cut] = {}
    if recall_at_least is not None:
        enough = (
            cut
            for cut in cuts
            if isinstance(rate := metrics.recall(cut.counts), float) and rate >= recall_at_least
        )
        if highest := next(enough, None):
            found["recall_at_least"] = next(
                cut for cut in reversed(cuts) if _alarms(cut) == _alarms(highest)
            )
    if alarms_at_most is not None:
        few = (
            cut
            for cut in reversed(cuts)
            if isinstance(rate := metrics.false_alarm_rate(cut.counts), float)
            and rate <= alarms_at_most
        )
        if lowest := next(few, None):
            found["false_alarms_at_most"] = next(
                cut for cut in cuts if _misses(cut) == _misses(lowest)
            )
    return {
        name: _row(number_between(cut.above, cut.threshold), cut.counts, question.defect_rate)
        for name, cut in found.items()
        if cut.threshold is not None
    }


def is_best_f1(counts: Confusion, cuts: Sequence[Cut]) -> bool:
    """Whether no cut has a better F1 on these images than the counts have."""
    defects, _ = defects_and_good_parts(counts)
    return defects > 0 and _f1(counts) >= max((_f1(cut.counts) for cut in cuts), default=0.0)


def _f1(counts: Confusion) -> float:
    f1 = metrics.f1_score(counts)
    return f1 if isinstance(f1, float) else 0.0


def _row(threshold: float, counts: Confusion, defect_rate: float | None) -> ThresholdRow:
    measured = metrics_of(counts)
    values = metric_values(measured)
    row = ThresholdRow(
        **asdict(counts),
        threshold=threshold,
        precision=measured.precision,
        recall=measured.recall,
        false_alarm_rate=measured.false_alarm_rate,
        f1_score=values.get("f1_score"),
    )
    if defect_rate is None or not values.keys() >= {"recall", "false_alarm_rate"}:
        return row
    return row.model_copy(
        update={
            "escapes_per_million": metrics.escapes_per_million(values["recall"], defect_rate),
            "false_rejects_per_million": metrics.false_rejects_per_million(
                values["false_alarm_rate"], defect_rate
            ),
        }
    )

"""Counts recovered from an EvaluationResult without its manifest: whole numbers that fit its rates.

The file gives precision, recall, often ROC AUC and F1, and the number of test images. The counts
behind them are whole, and that is often enough to leave one solution.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import ceil, floor
from typing import Final

from lfv_mcp.metrics import Confusion, Undefined
from lfv_mcp.results.evaluation_report import ReportedMetrics

MOST_IMAGES: Final = 20_000
"""Test images up to which counts are looked for: five times what the service allowed."""
MOST_SOLUTIONS: Final = 1_000
"""Solutions after which the search ends: so many say nothing."""
_DECIMALS: Final = 6
"""Decimals to which the service rounds its figures; 0.92 may be 0.9200004."""


def counts_of_report(
    reported: ReportedMetrics | None, images: int | None
) -> tuple[Confusion, ...] | Undefined:
    """All counts of defects and good parts that give the reported figures.

    None fits if the figures contradict each other or the number of images. Undefined, with the
    reason, if too little is reported.
    """
    if reported is None or reported.precision is None or reported.recall is None:
        return Undefined("precision and recall are not both reported")
    if not images:
        return Undefined("the number of test images is not reported")
    if images > MOST_IMAGES:
        return Undefined(f"there are more than {MOST_IMAGES:,} test images")
    if reported.recall <= 0 or reported.precision <= 0:
        return Undefined("no defect was caught, and precision then does not tell the false alarms")
    found: list[Confusion] = []
    for counts in _solutions(reported.precision, reported.recall, images):
        if _fits(counts, reported):
            found.append(counts)
            if len(found) == MOST_SOLUTIONS:
                return Undefined(f"{MOST_SOLUTIONS:,} solutions or more fit what is reported")
    return tuple(found)


def _solutions(precision: float, recall: float, images: int) -> Iterator[Confusion]:
    """Counts, both classes present, that give this precision and recall within rounding."""
    of_precision, of_recall = rounding(precision), rounding(recall)
    for defects in range(1, images):
        good = images - defects
        fewest = max(1, ceil(defects * (recall - of_recall)))
        most = min(defects, floor(defects * (recall + of_recall)))
        for caught in range(fewest, most + 1):
            lowest = caught / (precision + of_precision) - caught
            highest = caught / max(precision - of_precision, 1e-12) - caught
            for alarms in range(max(0, ceil(lowest)), min(good, floor(highest)) + 1):
                yield Confusion(caught, alarms, defects - caught, good - alarms)


def _fits(counts: Confusion, reported: ReportedMetrics) -> bool:
    """Whether F1 and ROC AUC can be those of the counts: twice the pairs in order are whole."""
    tp, fp, fn, tn = (
        counts.true_positives,
        counts.false_positives,
        counts.false_negatives,
        counts.true_negatives,
    )
    if (f1 := reported.f1_score) is not None and abs(2 * tp / (2 * tp + fp + fn) - f1) > rounding(
        f1
    ):
        return False
    if (auc := reported.roc_auc) is None:
        return True
    pairs = 2 * (tp + fn) * (fp + tn)
    in_order, slack = auc * pairs, rounding(auc) * pairs
    return floor(in_order + slack) >= ceil(in_order - slack)


def rounding(value: float) -> float:
    """How far a figure may lie from the exact one: half a unit of its last decimal."""
    exponent = Decimal(repr(float(value))).as_tuple().exponent
    decimals = max(_DECIMALS, -exponent if isinstance(exponent, int) else 0)
    return 0.5 * 10.0 ** -min(decimals, 11) + 1e-12

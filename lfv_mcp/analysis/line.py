"""What counts say of a line: escapes, false rejects, and whether requirements are met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from lfv_mcp import metrics
from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.analysis.recount import (
    defects_and_good_parts,
    false_alarm_rate_of,
    metric_of,
    recall_of,
)
from lfv_mcp.metrics import Confusion, Interval, Undefined, wilson_interval
from lfv_mcp.results.evaluation_report import (
    Metric,
    OnTheLine,
    RequirementVerdict,
    ThresholdRow,
)

COUNTS_UNKNOWN = "the counts behind it are not known"
"""Why a figure that is only reported has no interval."""


def line_of(counts: Confusion, defect_rate: float) -> OnTheLine:
    """What a line sees where so many parts are defective, each figure with its interval."""
    recall, alarms = metrics.recall(counts), metrics.false_alarm_rate(counts)
    expected: float | Undefined
    if isinstance(recall, Undefined) or isinstance(alarms, Undefined):
        expected = recall if isinstance(recall, Undefined) else alarms
    else:
        expected = metrics.expected_precision(recall, alarms, defect_rate)
    expected_interval = metrics.expected_precision_interval(counts, defect_rate)
    defects, good = defects_and_good_parts(counts)
    return OnTheLine(
        defect_rate=defect_rate,
        expected_precision=metric_of(expected, expected_interval),
        escapes_per_million=_per_million(counts.false_negatives, defects, defect_rate, recall),
        false_rejects_per_million=_per_million(
            counts.false_positives, good, 1 - defect_rate, alarms
        ),
    )


def line_of_rates(known: Mapping[str, float], defect_rate: float) -> OnTheLine:
    """What a line sees by rates that are only reported: figures without intervals.

    What the rates do not give is absent.
    """
    recall, alarms = known.get("recall"), known.get("false_alarm_rate")
    why = Undefined(COUNTS_UNKNOWN)
    return OnTheLine(
        defect_rate=defect_rate,
        escapes_per_million=None
        if recall is None
        else metric_of(metrics.escapes_per_million(recall, defect_rate), why),
        false_rejects_per_million=None
        if alarms is None
        else metric_of(metrics.false_rejects_per_million(alarms, defect_rate), why),
    )


def _per_million(errors: int, images: int, share: float, rate: float | Undefined) -> Metric:
    """Parts per million inspected that are judged wrongly, of a class with this share of them."""
    interval = wilson_interval(errors, images)
    if isinstance(rate, Undefined) or isinstance(interval, Undefined):
        return metric_of(rate if isinstance(rate, Undefined) else Undefined("no image"), interval)
    per_million = share * 1e6
    return metric_of(
        errors / images * per_million,
        Interval(interval.low * per_million, interval.high * per_million),
    )


def requirements_of(
    counts: Confusion, question: EvaluationQuestion, cuts: Mapping[str, ThresholdRow]
) -> tuple[RequirementVerdict, ...] | None:
    """Whether the counts show what was required, with the cuts that reach it; None if nothing was.

    The cuts are those of `thresholds.reaching_cuts`.
    """
    judged = _requirements(counts, question)
    return tuple(r.model_copy(update={"cut": cuts.get(r.requirement)}) for r in judged) or None


def _requirements(counts: Confusion, question: EvaluationQuestion) -> Iterator[RequirementVerdict]:
    defects, good = defects_and_good_parts(counts)
    if (needed := question.recall_at_least) is not None:
        caught = recall_of(counts)
        yield _judged(
            "recall_at_least", needed, 1 - needed, caught, counts.false_negatives, defects
        )
    if (needed := question.false_alarms_at_most) is not None:
        alarms = false_alarm_rate_of(counts)
        yield _judged("false_alarms_at_most", needed, needed, alarms, counts.false_positives, good)


def _judged(
    requirement: Literal["recall_at_least", "false_alarms_at_most"],
    needed: float,
    errors_at_most: float,
    seen: Metric,
    errors: int,
    images: int,
) -> RequirementVerdict:
    # 1 - 0.95 is 0.050000000000000044 in binary, which would not be the bar that was asked for.
    judged = metrics.error_requirement(errors, images, round(errors_at_most, 12))
    if isinstance(judged, Undefined):
        return RequirementVerdict(
            requirement=requirement, needed=needed, seen=seen, verdict="not_shown"
        )
    return RequirementVerdict(
        requirement=requirement,
        needed=needed,
        seen=seen,
        verdict=judged.verdict,
        images_needed=judged.images_needed,
        images_needed_as_measured=judged.images_needed_as_measured,
    )

"""How good a model is by its reported metrics: findings on them, and one word for both rates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lfv_mcp.analysis.statuses import STATUS_WORDS
from lfv_mcp.findings import (
    ESCAPES_HIGH,
    ESCAPES_NOTABLE,
    FALSE_REJECTS_HIGH,
    FALSE_REJECTS_NOTABLE,
    finding,
)
from lfv_mcp.metrics import f1_from
from lfv_mcp.results.common import Finding
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.results.model_summary import Performance
from lfv_mcp.text import complement, digits, rate_in_words

F1_TOLERANCE: Final = 0.005
"""How far F1 may be from 2PR/(P+R): evaluation files are not rounded, printed values are."""


def quality_findings(description: ModelDescription, performance: Performance) -> Iterator[Finding]:
    """What the reported metrics of a record say: which are missing, contradictory, bad or good."""
    status = STATUS_WORDS.get(description.Status or "")
    precision, recall, f1_score = performance.precision, performance.recall, performance.f1_score
    known = {"precision": precision, "recall": recall, "f1_score": f1_score}
    missing = [name for name, value in known.items() if value is None]
    if len(missing) == len(known):
        if status is None or status.metrics_expected:
            yield finding(
                "metrics_missing",
                "The record has no precision, recall or F1.",
                "Take them from the evaluation files named in artifacts, if those are held.",
            )
        return
    if missing:
        yield finding("metrics_incomplete", f"The record lacks {' and '.join(missing)}.")
    yield from _f1_consistency(precision, recall, f1_score)
    if precision == recall == 1:
        yield finding(
            "perfect_score",
            "No error at all on the test set, whose size this record does not tell.",
            "Find out how many images were tested: 20 without an error prove little.",
        )
    else:
        if recall is not None:
            yield _escapes(recall)
        if precision is not None:
            yield _false_rejects(precision)
    yield finding(
        "metrics_best_case",
        "Measured on its test set, likely at the best-F1 cut.",
        "Confirm on fresh images.",
    )


def _f1_consistency(
    precision: float | None, recall: float | None, f1_score: float | None
) -> Iterator[Finding]:
    if precision is None or recall is None or f1_score is None:
        return
    derived = f1_from(precision, recall)
    if isinstance(derived, float) and abs(derived - f1_score) > F1_TOLERANCE:
        yield finding(
            "f1_inconsistent",
            f"F1 is given as {digits(f1_score)}, but precision {digits(precision)} and recall "
            f"{digits(recall)} make it {digits(derived)}.",
            "Go by precision and recall, and recount from the evaluation manifest.",
        )


def _escapes(recall: float) -> Finding:
    rate = complement(recall)
    if rate == 0:
        return finding("escapes_low", "No defect of the test set passed unseen (recall 1).")
    what = rate_in_words(rate, "defect", "defects").capitalize()
    message = f"{what} passes unseen (recall {digits(recall)})."
    message = message.replace("defects passes", "defects pass")
    if rate < ESCAPES_NOTABLE:
        return finding("escapes_low", message)
    return finding(
        "escapes_high" if rate >= ESCAPES_HIGH else "escapes_notable",
        message,
        "First check the labels of missed defects.",
    )


def _false_rejects(precision: float) -> Finding:
    rate = complement(precision)
    if rate == 0:
        return finding(
            "false_rejects_low", "No good part of the test set was rejected (precision 1)."
        )
    what = rate_in_words(rate, "reject", "rejects").capitalize()
    verb = "are good parts" if what.endswith("rejects") else "is a good part"
    message = f"{what} {verb} (precision {digits(precision)})."
    if rate < FALSE_REJECTS_HIGH:
        return finding("false_rejects_low", message)
    return finding(
        "false_rejects_high",
        message,
        "Look at the false alarms first: light, pose, natural variation.",
    )


def grade(escape_rate: float | None, false_reject_share: float | None) -> str:
    """Both rates in one word, by the thresholds in `findings`: strong, fair or weak.

    Empty if one of the rates is not known.
    """
    if escape_rate is None or false_reject_share is None:
        return ""
    if escape_rate >= ESCAPES_HIGH or false_reject_share >= FALSE_REJECTS_HIGH:
        return "weak"
    if escape_rate < ESCAPES_NOTABLE and false_reject_share < FALSE_REJECTS_NOTABLE:
        return "strong"
    return "fair"

"""What the reported metrics of a record say of its test set: the findings on them.

A record has precision and recall but no counts. So nothing about the line follows from it, and no
grade: what was seen on the test set is said as that, in the past tense.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lfv_mcp.analysis.statuses import STATUS_WORDS
from lfv_mcp.figures import fraction, percent, percent_beside
from lfv_mcp.findings import ESCAPES_HIGH, ESCAPES_NOTABLE, finding
from lfv_mcp.metrics import f1_from
from lfv_mcp.results.common import Finding
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.results.model_summary import Performance
from lfv_mcp.text import complement

F1_TOLERANCE: Final = 0.005
"""How far F1 may be from 2PR/(P+R): evaluation files are not rounded, printed values are."""
RE_JUDGE: Final = "Re-judge misses blind, mixed with caught defects and good parts."
"""Advice on errors: correcting labels only where a model was wrong can only raise its score."""


def quality_findings(description: ModelDescription, performance: Performance) -> Iterator[Finding]:
    """What the reported metrics of a record say: which are missing, contradictory, bad or good."""
    status = STATUS_WORDS.get(description.Status or "")
    precision, recall, f1_score = performance.precision, performance.recall, performance.f1_score
    known = {"precision": precision, "recall": recall, "f1_score": f1_score}
    missing = [name for name, value in known.items() if value is None]
    if len(missing) == len(known):
        if status is None or status.metrics_expected:
            names_files = description.EvaluationResult or description.EvaluationManifest
            yield finding(
                "metrics_missing",
                "The record has no precision, recall or F1.",
                "Take them from the evaluation files that it names, if those are held."
                if names_files
                else "It names no evaluation files to take them from either.",
            )
        return
    if missing:
        yield finding("metrics_incomplete", f"The record lacks {' and '.join(missing)}.")
    yield from _f1_consistency(precision, recall, f1_score)
    if precision == recall == 1:
        yield finding(
            "perfect_score",
            "No error at all on the test set, whose size this record does not tell.",
            "Find out how many images were tested: after 10 defects without a miss up to 28 % "
            "of the defects may still escape.",
        )
    else:
        if recall is not None:
            yield _escapes(recall)
        if precision is not None:
            yield _rejects(precision)
    yield finding(
        "metrics_best_case",
        "Its cut is likely best here: on new parts recall may be 3 to 5 points lower if 40 defects "
        "were tested, 1 to 1.5 if 400.",
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
            f"F1 is given as {fraction(f1_score)}, but precision {fraction(precision)} and recall "
            f"{fraction(recall)} make it {fraction(derived)}.",
            "Go by precision and recall, and recount from the evaluation manifest.",
        )


def _escapes(recall: float) -> Finding:
    rate = complement(recall)
    bar = ESCAPES_NOTABLE if rate < (ESCAPES_NOTABLE + ESCAPES_HIGH) / 2 else ESCAPES_HIGH
    share = percent_beside(rate, bar) if rate else "none"
    seen = f"On the test set {share} of the defects passed unseen"
    if rate < ESCAPES_NOTABLE:
        return finding(
            "escapes_low",
            f"{seen}. Without their number that does not show that escapes are below "
            f"{percent(ESCAPES_NOTABLE)} (our bar).",
        )
    if rate < ESCAPES_HIGH:
        return finding(
            "escapes_notable", f"{seen}; our bar is {percent(ESCAPES_NOTABLE)}.", RE_JUDGE
        )
    high = percent(ESCAPES_HIGH)
    return finding("escapes_high", f"{seen}; our bar for a critical finding is {high}.", RE_JUDGE)


def _rejects(precision: float) -> Finding:
    """What the rejects were, ungraded: precision depends on how many test images are defects."""
    share = complement(precision)
    return finding(
        "precision_of_test_set",
        f"Of the rejects on the test set {percent(share) if share else 'none'} were good parts.",
        "Where defects are rare, most are: tell analyze_evaluation the defect rate.",
    )

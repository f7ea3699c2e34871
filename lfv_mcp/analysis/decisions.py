"""Whether a candidate may replace the baseline: two questions, each with a verdict. Pure.

Recall is asked of the defects, the false-alarm rate of the good parts, never both at once: the mix
of a test set would decide. `verdict` says what differs, `replacement` whether the candidate may
take over. What is undecided is never called equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from lfv_mcp.metrics import (
    Interval,
    Undefined,
    decision_z,
    holm_adjusted,
    images_needed,
    mcnemar_mid_p,
    smallest_margin_shown,
    tango_interval,
)

ALPHA: Final = 0.05
"""Chance that a comparison proves any difference that is not there, over all of its questions."""

QuestionVerdict = Literal["better", "not_worse", "undecided", "worse"]
OverallVerdict = Literal["better", "worse", "trade_off", "not_worse", "undecided"]
Replacement = Literal["accept", "reject", "undecided"]


@dataclass(frozen=True, slots=True)
class PairedCounts:
    """How two models judged the same images of one class.

    Args:
        only_baseline_right: images that the baseline alone judges right.
        only_candidate_right: images that the candidate alone judges right.
        images: all images of the class that both judged.
    """

    only_baseline_right: int
    only_candidate_right: int
    images: int


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one candidate, answered. A positive difference speaks for the candidate.

    Args:
        counts: what the answer rests on.
        difference: the candidate's share of images judged right, minus the baseline's.
        interval: of the difference, 95 %; for reading.
        decision: of the difference, as strict as the number of candidates asks for; for deciding.
        p_value: mid-p of McNemar's test.
        p_adjusted: the same, among all questions of the comparison (Holm).
        verdict: what is shown.
        margin: how much worse the candidate may be.
        smallest_margin_shown: the smallest margin by which it is shown not to be worse.
        images_needed: further images of the class that would decide, if the two are in truth equal,
            or where worse is proven, if the loss is in truth as measured; None if the question is
            decided, and where the images are enough for that but the estimate itself lies beyond
            the margin.
        rests_on_silence: worse only because unanswered images count as errors, so that is not
            proven, or not that the margin is broken.
    """

    counts: PairedCounts
    difference: float
    interval: Interval
    decision: Interval
    p_value: float
    p_adjusted: float
    verdict: QuestionVerdict
    margin: float
    smallest_margin_shown: float
    images_needed: int | None
    rests_on_silence: bool = False

    @property
    def is_held(self) -> bool:
        """Whether the candidate is shown to be no worse than the margin allows."""
        return self.verdict == "better" or self.decision.low > -self.margin

    @property
    def is_broken(self) -> bool:
        """Whether the candidate is shown to be worse than the margin allows."""
        if self.rests_on_silence:
            return False
        return self.verdict == "worse" and self.decision.high < -self.margin


@dataclass(frozen=True, slots=True)
class Decision:
    """Both questions about one candidate, and what follows from them."""

    recall: Question | Undefined
    false_alarms: Question | Undefined
    verdict: OverallVerdict
    replacement: Replacement


@dataclass(frozen=True, slots=True)
class Pair:
    """The counts of one candidate against the baseline; a class without images is Undefined."""

    recall: PairedCounts | Undefined
    false_alarms: PairedCounts | Undefined


def decide(
    pairs: Sequence[Pair],
    recall_margin: float,
    false_alarm_margin: float,
    *,
    comparisons: int | None = None,
    answered: Sequence[Pair] | None = None,
) -> list[Decision]:
    """The decision on each candidate; all of them together are one family of questions.

    Args:
        pairs: the candidates of one comparison that are paired with the baseline.
        answered: the same without the images that a candidate did not answer, which `pairs` count
            as its errors. Silence alone makes nobody worse.
        recall_margin: share of defects by which recall may be lower.
        false_alarm_margin: share of good parts by which false alarms may be higher.
        comparisons: how many acceptances together may err in 2.5 %; None: one for each pair.
    """
    questions = _questions(pairs, recall_margin, false_alarm_margin, comparisons)
    if answered is not None and list(answered) != list(pairs):
        without = _questions(answered, recall_margin, false_alarm_margin, comparisons)
        z = decision_z(comparisons or len(pairs))
        questions = [_said(a, b, z) for a, b in zip(questions, without, strict=True)]
    return [
        Decision(recall, alarms, overall_verdict(recall, alarms), replacement(recall, alarms))
        for recall, alarms in zip(questions[::2], questions[1::2], strict=True)
    ]


def _questions(
    pairs: Sequence[Pair],
    recall_margin: float,
    false_alarm_margin: float,
    comparisons: int | None,
) -> list[Question | Undefined]:
    """Both questions of each pair, in turn: recall, false alarms, recall, ..."""
    asked = [
        (counts, margin)
        for pair in pairs
        for counts, margin in (
            (pair.recall, recall_margin),
            (pair.false_alarms, false_alarm_margin),
        )
    ]
    p_values = [
        mcnemar_mid_p(counts.only_baseline_right, counts.only_candidate_right)
        for counts, _ in asked
        if isinstance(counts, PairedCounts)
    ]
    tested = iter(zip(p_values, holm_adjusted(p_values), strict=True))
    return [
        counts
        if isinstance(counts, Undefined)
        else _answer(counts, margin, *next(tested), decision_z(comparisons or len(pairs)))
        for counts, margin in asked
    ]


def _said(
    question: Question | Undefined, without: Question | Undefined, z: float
) -> Question | Undefined:
    """The question in which unanswered images are errors, unless they alone make it worse."""
    if isinstance(question, Undefined) or question.verdict != "worse":
        return question
    if not isinstance(without, Undefined) and without.verdict == "worse":
        return replace(question, rests_on_silence=question.is_broken and not without.is_broken)
    if question.decision.low > -question.margin:
        return replace(question, verdict="not_worse", rests_on_silence=True)
    counts = question.counts
    needed = images_needed(
        counts.only_baseline_right,
        counts.only_candidate_right,
        counts.images,
        question.margin,
        z,
    )
    return replace(question, verdict="undecided", rests_on_silence=True, images_needed=needed)


def _answer(
    counts: PairedCounts, margin: float, p_value: float, p_adjusted: float, z: float
) -> Question | Undefined:
    lost, won, images = counts.only_baseline_right, counts.only_candidate_right, counts.images
    interval, decision = tango_interval(lost, won, images), tango_interval(lost, won, images, z)
    if isinstance(interval, Undefined) or isinstance(decision, Undefined):
        return Undefined("there is no image of this class that both models judged")
    is_proven = p_adjusted <= ALPHA and (interval.low > 0 or interval.high < 0)
    verdict: QuestionVerdict = "undecided"
    if is_proven:
        verdict = "better" if won > lost else "worse"
    elif decision.low > -margin:
        verdict = "not_worse"
    is_open = not (verdict == "better" or decision.low > -margin) and not (
        verdict == "worse" and decision.high < -margin
    )
    return Question(
        counts=counts,
        difference=(won - lost) / images,
        interval=interval,
        decision=decision,
        p_value=p_value,
        p_adjusted=p_adjusted,
        verdict=verdict,
        margin=margin,
        smallest_margin_shown=0.0 if verdict == "better" else smallest_margin_shown(decision),
        images_needed=images_needed(lost, won, images, margin, z, is_worse=verdict == "worse")
        if is_open
        else None,
    )


def overall_verdict(recall: Question | Undefined, alarms: Question | Undefined) -> OverallVerdict:
    """What differs, over both questions; a loss is never made up for by what is not proven."""
    verdicts = [q.verdict for q in (recall, alarms) if isinstance(q, Question)]
    if "worse" in verdicts:
        return "trade_off" if "better" in verdicts else "worse"
    if len(verdicts) < 2 or "undecided" in verdicts:
        return "undecided"
    return "better" if "better" in verdicts else "not_worse"


def replacement(recall: Question | Undefined, alarms: Question | Undefined) -> Replacement:
    """Whether the candidate may take over: rejected if one margin is broken, accepted if both hold.

    Without images of a class nothing is accepted.
    """
    questions = [q for q in (recall, alarms) if isinstance(q, Question)]
    if any(question.is_broken for question in questions):
        return "reject"
    if len(questions) == 2 and all(question.is_held for question in questions):
        return "accept"
    return "undecided"

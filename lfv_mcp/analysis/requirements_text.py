"""What is required of a model, in words: whether it is shown, and which cut would reach it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Final

from lfv_mcp.analysis.recount import confusion_of, defects_and_good_parts
from lfv_mcp.figures import (
    MANY_IMAGES,
    count_of,
    exact_score,
    percent_range,
    percent_range_beside,
    share_of_line,
    two_digits,
)
from lfv_mcp.metrics import Confusion, Undefined, wilson_interval
from lfv_mcp.results.evaluation_report import RequirementVerdict, ThresholdRow

RECALL: Final = "recall_at_least"
_SAME_RATE: Final = 1e-9
"""How near two rates are that are equal but for the float that one was typed as."""


@dataclass(frozen=True, slots=True)
class AskedCut:
    """The cut that an answer is about, in words.

    Args:
        counts: its counts on the test images; None if they are not known.
        name: what it is called: `"its own cut"`, `"the cut asked for"`.
        own: the counts of the model's own verdicts.
        has_scores: whether other cuts could be looked for.
        is_short: whether other cuts get their counts alone, beside so much else that is said.
    """

    counts: Confusion | None
    name: str
    own: Confusion | None
    has_scores: bool
    is_short: bool


def requirements_in_words(
    requirements: Sequence[RequirementVerdict], asked: AskedCut
) -> Iterator[str]:
    """A sentence on each verdict, and what is to be said of the cuts that would reach them."""
    for requirement in requirements:
        yield verdict_in_words(requirement, asked.counts, asked.name)
    if asked.counts is not None and asked.has_scores:
        yield from _cuts_in_words(requirements, asked)


def finds_another_cut(requirements: Sequence[RequirementVerdict], asked: AskedCut) -> bool:
    """Whether a requirement is reached by a cut that is neither asked for nor the model's own."""
    known = (asked.counts, asked.own)
    return any(each.cut and confusion_of(each.cut) not in known for each in requirements)


def is_met_exactly(seen: float, needed: float) -> bool:
    """Whether a rate is the required one, but for the float that this was typed as."""
    return isclose(seen, needed, abs_tol=_SAME_RATE)


def verdict_in_words(requirement: RequirementVerdict, counts: Confusion | None, cut: str) -> str:
    """Whether a requirement is met, and how many images it would take to show that."""
    what = _required(requirement)
    if counts is None or requirement.seen.value is None:
        return f"Whether it has {what} cannot be said: {requirement.seen.undefined}."
    images = _images_of(requirement, counts)
    seen = percent_range_beside(
        requirement.seen.low or 0.0, requirement.seen.high or 0.0, requirement.needed, images
    )
    if requirement.verdict == "shown":
        return f"It is shown that it has {what} ({seen})."
    if requirement.verdict == "refuted":
        return f"It is refuted that it has {what} at {cut} ({seen})."
    return f"It is not shown that it has {what} ({seen}): {_images_needed(requirement)}."


def _required(requirement: RequirementVerdict) -> str:
    needed = share_of_line(requirement.needed)
    if requirement.requirement == RECALL:
        return f"a recall of at least {needed}"
    return f"false alarms on at most {needed} of good parts"


def _images_of(requirement: RequirementVerdict, counts: Confusion) -> int:
    defects, good = defects_and_good_parts(counts)
    return defects if requirement.requirement == RECALL else good


def _images_needed(requirement: RequirementVerdict) -> str:
    alone, measured = requirement.images_needed, requirement.images_needed_as_measured
    if alone is None:
        return "no number of images would show it"
    is_recall = requirement.requirement == RECALL
    noun, error = ("defect", "a miss") if is_recall else ("good part", "a false alarm")
    words = f"{_more(alone, noun)} without {error} would show it"
    if is_met_exactly(requirement.seen.value or 0.0, requirement.needed):
        return (
            f"{words}; the rate as measured meets it exactly, with no room to spare: at that rate "
            "no number of images would show it"
        )
    if measured is None:
        return f"{words}; the rate as measured does not meet it"
    if measured == alone:
        return words
    return f"{words}, or {_more(measured, noun)} if the rate is in truth as measured"


def _more(images: int, noun: str) -> str:
    if images > MANY_IMAGES:
        return f"more than {MANY_IMAGES:,} further {noun}s"
    return count_of(images, f"more {noun}", f"more {noun}s")


# The cut that reaches it


def _has_defects(asked: AskedCut) -> bool:
    return asked.counts is not None and defects_and_good_parts(asked.counts)[0] > 0


def _cuts_in_words(requirements: Sequence[RequirementVerdict], asked: AskedCut) -> Iterator[str]:
    """The best cut for each requirement on these images; for two of them, whether one meets both.

    The highest cut that reaches a recall rejects the fewest good parts, so it meets both if any
    does.
    """
    for requirement in requirements:
        if requirement.cut is not None:
            yield _cut_in_words(requirement, requirement.cut, asked)
        elif (
            requirement.requirement != RECALL
            and requirement.seen.value is not None
            and _has_defects(asked)
        ):
            yield (
                f"No cut that rejects at most {share_of_line(requirement.needed)} of these good "
                "parts catches a defect."
            )
    if len(requirements) > 1:
        yield from _both_in_words(requirements)


def _cut_in_words(requirement: RequirementVerdict, row: ThresholdRow, asked: AskedCut) -> str:
    needed, counts = share_of_line(requirement.needed), confusion_of(row)
    is_recall = requirement.requirement == RECALL
    reaches = (
        f"catches at least {needed} of these defects"
        if is_recall
        else f"rejects at most {needed} of these good parts"
    )
    if counts in (asked.counts, asked.own):
        whose = asked.name if counts == asked.counts else "its own cut"
        fewer = "rejects fewer good parts" if is_recall else "misses fewer defects"
        return f"{whose[0].upper()}{whose[1:]} {reaches}, and no other that does {fewer}."
    fewest = "fewest false alarms" if is_recall else "fewest misses"
    best = f"The cut with the {fewest} that {reaches} is {exact_score(row.threshold)}"
    if asked.is_short:
        return f"{best} ({row.false_negatives:,} missed, {row.false_positives:,} rejected)."
    return f"{best}: {row_in_words(row)}{per_million_in_words(row)}."


def _both_in_words(requirements: Sequence[RequirementVerdict]) -> Iterator[str]:
    """Whether one cut meets both requirements, where both can be met at all by one."""
    by_name = {each.requirement: each for each in requirements}
    recall, alarms = by_name["recall_at_least"], by_name["false_alarms_at_most"]
    if recall.cut is None:
        return  # any cut has a recall of 0 or more, or there is no defect
    seen = recall.cut.false_alarm_rate
    if alarms.cut is None or seen is None or (seen.value or 0.0) > alarms.needed:
        yield "No cut meets both on these images."
    elif confusion_of(recall.cut) == confusion_of(alarms.cut):
        yield "A cut meets both on these images."
    else:
        low, high = exact_score(alarms.cut.threshold), exact_score(recall.cut.threshold)
        yield f"Cuts from {low} to {high} meet both on these images."


def row_in_words(row: ThresholdRow) -> str:
    """The errors of a cut on the test images, with intervals."""
    defects, good = defects_and_good_parts(row)
    return (
        f"{row.false_negatives:,} of {count_of(defects, 'defect', 'defects')} missed"
        f"{_interval(row.true_positives, defects, 'recall ')}, {row.false_positives:,} of "
        f"{count_of(good, 'good part', 'good parts')} rejected"
        f"{_interval(row.false_positives, good)}"
    )


def per_million_in_words(row: ThresholdRow) -> str:
    """What of a million parts of the line a cut lets pass and rejects; empty without a line."""
    escapes, rejects = row.escapes_per_million, row.false_rejects_per_million
    if escapes is None or rejects is None:
        return ""
    told = [
        f"about {two_digits(count)} {what}" if count else f"no {one} seen"
        for count, what, one in (
            (escapes, "escapes", "escape"),
            (rejects, "false rejects", "false reject"),
        )
    ]
    return f"; per million parts {' and '.join(told)}"


def _interval(count: int, images: int, what: str = "") -> str:
    interval = wilson_interval(count, images)
    if isinstance(interval, Undefined):
        return ""
    return f" ({what}{percent_range(interval.low, interval.high, images)})"

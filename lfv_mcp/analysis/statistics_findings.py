"""Findings about what the numbers can carry: sizes, optimism, scores, the line and its costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lfv_mcp import metrics
from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.analysis.line_cost import CHOSEN_TOO_LOW, is_own_cheapest
from lfv_mcp.analysis.optimism import flattery_in_words, optimism_in_words
from lfv_mcp.analysis.recount import (
    NO_MANIFEST,
    RANKING_METRICS,
    EvaluationNumbers,
    confusion_of,
    defects_and_good_parts,
)
from lfv_mcp.figures import (
    count_of,
    exact_score,
    of_hundred,
    percent,
    plain_number,
    share_of_line,
    two_digits,
)
from lfv_mcp.findings import finding
from lfv_mcp.metrics import Confusion, Interval, wilson_interval
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import OnTheLine

FEW: Final = 30
"""Anomalous or normal images below which a test set is small: 27 of 30 is 0.74 to 0.97."""
FEW_IF_PERFECT: Final = 100
"""Anomalous or normal images below which "no error" says little: 100 of 100 is 0.96 to 1."""
PRECISION_FALL: Final = 0.10
"""Loss of precision, from the test set to the line, from which it is a warning."""
DEFECT_RATE_HIGH: Final = 0.10
"""Defect rate from which percent may have been typed for a fraction: 0.3 for 0.3 %."""


def statistics_findings(
    numbers: EvaluationNumbers, question: EvaluationQuestion, source: Source
) -> Iterator[Finding]:
    """Every finding about what the numbers can carry."""
    yield from _size_findings(numbers, source)
    yield from _best_case_findings(numbers)
    yield from _score_findings(numbers, question)
    yield from _line_findings(numbers, question)
    yield from _cost_findings(numbers, question)


def judged_counts(numbers: EvaluationNumbers) -> Confusion | None:
    """The counts that the answer is about; the model's own where a cut cannot be answered."""
    if numbers.asked is not None or numbers.confusion is None:
        return numbers.asked
    return confusion_of(numbers.confusion)


def _size_findings(numbers: EvaluationNumbers, source: Source) -> Iterator[Finding]:
    """How far a test set of this size can be trusted."""
    images, counts = numbers.test_images or 0, judged_counts(numbers)
    if not images:
        return
    live_advice = "Add verified images to the test set, then retrain."
    if counts is None:
        known = numbers.known_metrics()
        if known.get("precision") == known.get("recall") == 1 and images < 2 * FEW_IF_PERFECT:
            advice = live_advice if source.kind == "live" else "Test it on more images."
            yield finding("perfect_on_few", f"No error in {images} images, which are few.", advice)
        return
    defects, good = defects_and_good_parts(counts)
    advice = live_advice if source.kind == "live" else worse_ends_in_words(counts)
    fewest = min(defects, good)
    if fewest < FEW:
        message = (
            f"Only {count_of(defects, 'anomalous', 'anomalous')} and "
            f"{count_of(good, 'normal test image', 'normal test images')}."
        )
        yield finding("small_test_set", message, advice)
    if fewest < FEW_IF_PERFECT and not counts.false_negatives and not counts.false_positives:
        bounds = " and ".join(_possible_errors(counts))
        message = f"No error in {defects} + {good} images: {bounds} (95 % interval)."
        yield finding("perfect_on_few", message, advice)


def worse_ends_in_words(counts: Confusion) -> str:
    """The advice to plan with the worse end of each interval, with its number."""
    defects, good = defects_and_good_parts(counts)
    ends: list[str] = []
    caught = wilson_interval(counts.true_positives, defects)
    if isinstance(caught, Interval):
        ends.append(f"{percent(caught.low, defects)} of defects caught")
    alarms = wilson_interval(counts.false_positives, good)
    if isinstance(alarms, Interval):
        ends.append(f"{percent(alarms.high, good)} of good parts rejected")
    return f"Plan with the worse end: {', '.join(ends)}." if ends else ""


def good_rejects(counts: Confusion, whose: str = "") -> str:
    """What the rejects of a test set were: `"1 of 25 rejects was a good part"`."""
    good, rejects = counts.false_positives, counts.true_positives + counts.false_positives
    were = "was a good part" if good == 1 else "were good parts"
    return f"{good:,} of {whose}{count_of(rejects, 'reject', 'rejects')} {were}"


def _possible_errors(counts: Confusion) -> Iterator[str]:
    defects, good = defects_and_good_parts(counts)
    missed = wilson_interval(counts.false_negatives, defects)
    if isinstance(missed, Interval):
        yield f"up to {percent(missed.high, defects)} of defects missed"
    alarms = wilson_interval(counts.false_positives, good)
    if isinstance(alarms, Interval):
        yield f"up to {percent(alarms.high, good)} of good parts rejected are possible"


def best_case_in_words(numbers: EvaluationNumbers) -> str:
    """That a cut was chosen on these images, and by how much that flatters; empty if unknown."""
    if numbers.of_predictions:
        return ""  # who chose the cut of another system, and where, is not known
    counts = numbers.confusion
    if counts is not None and (defects := defects_and_good_parts(counts)[0]):
        flattery = flattery_in_words(defects)
        if numbers.cut_is_best:
            return (
                f"Its own cut is the one that looks best on these {numbers.test_images} images: "
                f"{flattery}."
            )
        if numbers.threshold is None or not numbers.threshold.rule_holds:
            return (
                "Its own cut is most likely the one that looks best on its test images: "
                f"{flattery}."
            )
        return ""
    if "recall" in numbers.known_metrics():
        return (
            "Its own cut is most likely the one that looks best on its test images: recall and "
            f"precision on new parts may be lower, by {optimism_in_words(50)} with 50 defects in "
            f"the test set, {optimism_in_words(400)} with 400."
        )
    return ""


def _best_case_findings(numbers: EvaluationNumbers) -> Iterator[Finding]:
    """Whether the built-in threshold was chosen on these very images."""
    if message := best_case_in_words(numbers):
        yield finding("metrics_best_case", message)


def _score_findings(numbers: EvaluationNumbers, question: EvaluationQuestion) -> Iterator[Finding]:
    """What the numbers by score rest on, and what that means for a cut that is asked for."""
    analysis = numbers.threshold
    if numbers.of_predictions and analysis and analysis.candidates:
        pass  # its own scores, which need no confirmation
    elif analysis and analysis.candidates:
        areas = [same for name, same in numbers.agreement().items() if name in RANKING_METRICS]
        if areas and all(areas):
            message = (
                "The scores behind the cuts are confirmed: they give AWS's own ROC AUC and average "
                "precision."
            )
            yield finding("scores_confirmed", message)
        else:
            but = "the reported ranking metrics are others" if areas else "nothing else confirms it"
            message = f"Scores computed from confidence explain all predictions, but {but}."
            yield finding("scores_unconfirmed", message)
    elif numbers.metrics and numbers.test_images and not _is_recovered(numbers):
        why = numbers.metrics.roc_auc and numbers.metrics.roc_auc.undefined
        yield finding(
            "scores_unusable",
            f"No analysis by score: {why}.",
            "Judge the model by its counts alone; no threshold can be chosen.",
        )
    if numbers.cut_unanswerable:
        yield finding(
            "threshold_unanswerable",
            f"What a cut of {exact_score(question.threshold or 0)} does cannot be said: "
            f"{numbers.cut_unanswerable}. Line, requirements and examples at it are absent.",
            "Ask again without a threshold for what the model's own cut did.",
        )
    elif question.threshold is not None and numbers.asked is not None:
        defects, _ = defects_and_good_parts(numbers.asked)
        chosen = (
            f" If it was chosen on these images, {flattery_in_words(defects)}." if defects else ""
        )
        rule = (
            "A part is rejected from this score on, whatever the set's own verdict was."
            if numbers.of_predictions
            else "The service has no threshold to set: any cut but the built-in one is a rule of "
            "the caller on DetectAnomalies output (score = Confidence, or 1 - Confidence if "
            "normal)."
        )
        yield finding("threshold_client_side", rule + chosen)
    if numbers.candidates_left_out and question.asks_for_cuts and analysis:
        rows = len(analysis.candidates or ())
        yield finding(
            "candidates_left_out",
            f"{rows} of the {rows + numbers.candidates_left_out} cuts that can be cheapest have a "
            "row, spread evenly; costs are compared over every cut.",
        )


def _is_recovered(numbers: EvaluationNumbers) -> bool:
    return bool(numbers.confusion and numbers.confusion.recovered)


def _line_findings(numbers: EvaluationNumbers, question: EvaluationQuestion) -> Iterator[Finding]:
    """What is not known of the line, and whether precision survives there."""
    rate = question.defect_rate
    if rate is not None and rate >= DEFECT_RATE_HIGH:
        yield finding(
            "defect_rate_high",
            f"A defect rate of {plain_number(rate)} is {share_of_line(rate)}: "
            f"{two_digits(rate * 1e6)} defective parts in a million.",
            f"If {plain_number(rate)} % was meant, give {plain_number(rate / 100)}.",
        )
    line, counts = numbers.line, numbers.asked
    if line is None:
        return
    known = line.present_members()
    undefined = {
        name: known[name].undefined if name in known else "not known"
        for name in OnTheLine.model_fields
        if name not in known or (name != "defect_rate" and known[name].undefined)
    }
    if undefined:
        listed = ", ".join(f"{name} ({why})" for name, why in undefined.items())
        yield finding("line_incomplete", f"Without a value: {listed}.")
    if counts is None or line.expected_precision is None or rate == 0:
        return  # at 0 there is nothing for precision to fall from: no part is defective
    tested, expected = metrics.precision(counts), line.expected_precision.value
    if isinstance(tested, float) and expected is not None and tested - expected >= PRECISION_FALL:
        yield finding(
            "precision_falls_on_line",
            f"On the test set {good_rejects(counts)}; at {share_of_line(rate or 0)} defects about "
            f"{of_hundred(1 - expected)} of 100 rejects are.",
            worse_ends_in_words(counts),
        )


def _cost_findings(numbers: EvaluationNumbers, question: EvaluationQuestion) -> Iterator[Finding]:
    """What a cost needs that is not there, and how far the cheapest one can be trusted."""
    if question.asks_for_cost and question.defect_rate is None:
        yield finding(
            "defect_rate_needed",
            "Costs were given without the line's defect rate, which every price depends on.",
            "Give the defect rate too, as a fraction: 0.01 is 1 %.",
        )
    wanted = [
        name
        for name, is_absent in (
            ("cost", question.prices is not None and numbers.cost is None),
            ("requirements", question.has_requirements and numbers.requirements is None),
        )
        if is_absent and not (numbers.cut_unanswerable and name == "requirements")
    ]
    if wanted:
        yield finding(
            "counts_needed",
            f"Absent: {' and '.join(wanted)}. The counts of defects and good parts are not known.",
            "Look for the EvaluationManifest.",
        )
    if numbers.cost is None:
        return
    if numbers.cost.cheapest is None:
        why = numbers.cost.built_in.cost_per_part.undefined or _why_no_scores(numbers)
        yield finding(
            "three_policies_only",
            f"No cut can be priced: {why}. Three policies can: the model as it is, to reject "
            "nothing, to reject everything.",
        )
    elif numbers.cost.cheapest.threshold is not None:  # to reject nothing costs what it costs
        low, high = CHOSEN_TOO_LOW
        yield finding(
            "cost_chosen_here",
            f"The cheapest cut was chosen on these images: its cost is likely {low} to {high} % "
            "too low.",
            "Count with more than that."
            if is_own_cheapest(numbers.cost)
            else "Confirm it on fresh images before it decides about parts.",
        )


def _why_no_scores(numbers: EvaluationNumbers) -> str:
    if _is_recovered(numbers):
        return NO_MANIFEST
    area = numbers.metrics and numbers.metrics.roc_auc
    return (area and area.undefined) or "there are no scores"

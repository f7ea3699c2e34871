"""The summary of an EvaluationReport: what the test found, and what follows for what was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from lfv_mcp.analysis.cost_text import cost_in_words
from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.analysis.grades import ERROR_BAR, graded_outcome
from lfv_mcp.analysis.optimism import flattery_in_words
from lfv_mcp.analysis.quality import RE_JUDGE
from lfv_mcp.analysis.recount import EvaluationNumbers, confusion_of, defects_and_good_parts
from lfv_mcp.analysis.requirements_text import AskedCut, finds_another_cut, requirements_in_words
from lfv_mcp.analysis.statistics_findings import (
    best_case_in_words,
    good_rejects,
    judged_counts,
)
from lfv_mcp.figures import (
    count_of,
    exact_score,
    interval_of_95,
    of_hundred,
    percent,
    share_of_line,
    two_digits,
)
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
from lfv_mcp.formats.evaluation_result import EvaluationResult
from lfv_mcp.metrics import Confusion, Undefined, wilson_interval
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import (
    Metric,
    OnTheLine,
)
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.text import clean

_TOLD: Final = (
    "evaluation_mismatch",
    "threshold_unanswerable",
    "tested_on_training_images",
    "precision_falls_on_line",
)
"""Findings of which the summary says what was found before their advice."""

_ASKED_WRONGLY: Final = ("defect_rate_needed",)
"""Findings on the question itself, without whose advice it has no answer: they stand first."""
_WHY_BLIND: Final = (
    "Blind: nobody is told label or verdict, as a label may be wrong; misses alone would flatter."
)


def model_name(
    description: ModelDescription | None,
    result: EvaluationResult | None,
    manifest: EvaluationManifest | None,
) -> str:
    """Whose report it is, in words."""
    own = description.ModelArn if description else ""
    arns = [own, result.model_arn if result else ""]
    arn = next(filter(None, [*arns, *(manifest.model_arns if manifest else ())]), "")
    project, _, version = arn.partition(":model/")[2].rpartition("/")
    return f"{clean(project, 255)} version {version}" if project else "This model"


def report_summary(
    numbers: EvaluationNumbers,
    findings: Sequence[Finding],
    source: Source,
    name: str,
    question: EvaluationQuestion,
) -> str:
    """What was found, what it means for what was asked, and the first thing to do."""
    name += " (synthetic sample)" if source.kind == "sample" else ""
    is_mismatch = any(f.code == "evaluation_mismatch" for f in findings)
    sentences = [f"These may not be the files of {name}."] if is_mismatch else []
    sentences += [f"{f.message} {f.advice}" for f in findings if f.code in _ASKED_WRONGLY]
    if numbers.cut_unanswerable:
        sentences.append(
            f"What a cut of {exact_score(question.threshold or 0)} does cannot be said: "
            f"{numbers.cut_unanswerable}."
        )
    outcome = _outcome(numbers, "The model that they judge" if is_mismatch else name, question)
    sentences += islice(outcome, 1)
    sentences += [numbers.trained_on] if numbers.trained_on else []
    sentences += outcome
    if numbers.incomplete:
        sentences.append(
            f"Its manifest is not whole ({numbers.incomplete}), so these are not the counts of the "
            "whole test."
        )
    if not is_mismatch:
        sentences += _answers(numbers, question)
    optimism = best_case_in_words(numbers) if question.threshold is None else ""
    sentences += [optimism] if optimism else []
    if not is_mismatch and finds_another_cut(
        numbers.requirements or (), _asked_cut(numbers, question)
    ):
        is_told = bool(optimism) or question.threshold is not None
        sentences.append(_flattery_of_cuts(numbers, is_told=is_told))
    return " ".join([*sentences, *(_escapes(numbers, findings) or _first_advice(findings))])


def _escapes(numbers: EvaluationNumbers, findings: Sequence[Finding]) -> list[str]:
    """The escapes, where nothing graver is found than a file that every count does without."""
    first = next((found.code for found in findings if found.advice is not None), "")
    counts = judged_counts(numbers)
    if first != "evaluation_result_unread" or counts is None or not counts.false_negatives:
        return []
    missed, (defects, _) = counts.false_negatives, defects_and_good_parts(counts)
    return [
        f"{missed:,} of {count_of(defects, 'defect', 'defects')} passed unseen "
        f"({percent(missed / defects, defects)}). {RE_JUDGE} {_WHY_BLIND}"
    ]


def _first_advice(findings: Sequence[Finding]) -> Iterator[str]:
    """The gravest finding with something to do, the message first: advice needs its reason."""
    for found in findings:
        if found.advice is not None and found.code not in _ASKED_WRONGLY:
            is_told = found.code in _TOLD
            yield found.advice if is_told else f"{found.message} {found.advice}"
            return


# What the test found


def _outcome(numbers: EvaluationNumbers, name: str, question: EvaluationQuestion) -> Iterator[str]:
    """What became of defects and good parts, with intervals; and how that stands to our bar."""
    counts = judged_counts(numbers)
    if numbers.cut_unanswerable and numbers.confusion:
        name = f"By its own cut {name}"
    if counts is None:
        known = numbers.known_metrics()
        outcome = " and ".join(_reported_outcome(numbers))
        yield (
            f"{name} {outcome}."
            if outcome
            else f"How good {name} is cannot be said: nothing is left to count."
        )
        if known.get("recall") is not None:
            yield "How sure that is cannot be said without the counts."
        return
    outcome = " and ".join(_outcome_in_words(counts))
    if not outcome:
        yield f"How good {name} is cannot be said: nothing is left to count."
        return
    at_own_cut = question.threshold is None or bool(numbers.cut_unanswerable)
    if not at_own_cut:
        outcome = (
            f"At a cut of {exact_score(question.threshold or 0)} {name} would have "
            f"{outcome.replace(' and rejected', ' and have rejected')}"
        )
        yield f"{outcome}."
    elif not counts.false_negatives and not counts.false_positives:
        defects, good = defects_and_good_parts(counts)
        yield f"{name} made no error in {defects} + {good} images: it {outcome}."
    else:
        yield f"{name} {outcome}."
    if graded := graded_outcome(counts):
        yield graded
    if not at_own_cut and numbers.confusion:
        yield _beside_own_cut(counts, confusion_of(numbers.confusion), question.threshold or 0)


def _beside_own_cut(asked: Confusion, own: Confusion, threshold: float) -> str:
    """What changes from the model's own cut to the one that is asked for."""
    if asked == own:
        return "That cut judges every image as the model's own does."
    return (
        f"The model's own cut: {own.false_negatives:,} missed, {own.false_positives:,} rejected; "
        f"at {exact_score(threshold)}: {asked.false_negatives:,} missed, "
        f"{asked.false_positives:,} rejected."
    )


def _outcome_in_words(counts: Confusion) -> Iterator[str]:
    defects, good = defects_and_good_parts(counts)
    for verb, errors, images, noun, bar in (
        ("caught", counts.true_positives, defects, "defect", 1 - ERROR_BAR),
        ("rejected", counts.false_positives, good, "good part", ERROR_BAR),
    ):
        interval = wilson_interval(errors, images)
        if not isinstance(interval, Undefined):
            yield (
                f"{verb} {errors:,} of {count_of(images, noun, noun + 's')} "
                f"({interval_of_95(interval.low, interval.high, images, bar)})"
            )


def _reported_outcome(numbers: EvaluationNumbers) -> Iterator[str]:
    known, images = numbers.known_metrics(), numbers.test_images or 0
    if "recall" in known:
        yield f"caught {percent(known['recall'], images)} of the defects"
    if "precision" in known:
        yield f"was right in {percent(known['precision'], images)} of its rejects"


# What was asked beside


def _answers(numbers: EvaluationNumbers, question: EvaluationQuestion) -> Iterator[str]:
    if numbers.line:
        yield from line_in_words(numbers.line, numbers.asked)
    yield from requirements_in_words(numbers.requirements or (), _asked_cut(numbers, question))
    if numbers.cost and question.defect_rate is not None:
        yield from cost_in_words(numbers.cost, question.defect_rate)
    elif numbers.line is None and numbers.asked is not None and question.prices is None:
        counts = numbers.asked
        if counts.false_positives and counts.true_positives:
            yield (
                f"On the test set {good_rejects(counts, 'its ')}; where defects are rarer, more "
                "of them are: give the line's defect rate."
            )


def _flattery_of_cuts(numbers: EvaluationNumbers, *, is_told: bool) -> str:
    """How far a cut flatters that was looked for on these images, if nothing else says it."""
    defects, _ = defects_and_good_parts(numbers.asked) if numbers.asked else (0, 0)
    if is_told or not defects:
        return "A cut that was looked for on these images flatters: confirm it on fresh ones."
    return f"A cut that was looked for on these images flatters: {flattery_in_words(defects)}."


def _asked_cut(numbers: EvaluationNumbers, question: EvaluationQuestion) -> AskedCut:
    return AskedCut(
        counts=numbers.asked,
        name="its own cut" if question.threshold is None else "the cut asked for",
        own=confusion_of(numbers.confusion) if numbers.confusion else None,
        has_scores=bool(numbers.threshold and numbers.threshold.rule_holds),
        is_short=question.threshold is not None or question.prices is not None,
    )


def line_in_words(line: OnTheLine, counts: Confusion | None = None) -> Iterator[str]:
    """What a line sees, of a million parts and of a hundred rejects; beside those of the test."""
    if line.defect_rate in (0, 1):
        yield from _line_of_one_kind(line)
        return
    outcomes = [
        _of_a_million(metric, words)
        for metric, words in (
            (line.escapes_per_million, ("defect escapes", "defects escape", "did")),
            (
                line.false_rejects_per_million,
                ("good part is rejected", "good parts are rejected", "were"),
            ),
        )
        if metric is not None and metric.value is not None
    ]
    if outcomes:
        rate = share_of_line(line.defect_rate)
        yield f"At {rate} defects, of a million parts {' and '.join(outcomes)}."
    expected = line.expected_precision
    if expected is None or expected.value is None:
        return
    if expected.value == 1 and expected.low is not None:
        # Without any false alarm on the test set "100 of 100" would be read as certain.
        yield f"Of 100 rejects as few as {of_hundred(expected.low)} may be defects."
        return
    defects = of_hundred(expected.value)
    words = f"Of 100 rejects about {defects} {'is a defect' if defects == '1' else 'are defects'}"
    if expected.low is not None and expected.high is not None:
        words += f" ({of_hundred(expected.low)} to {of_hundred(expected.high)})"
    yield f"{words}."
    if counts is not None and (rejects := counts.true_positives + counts.false_positives):
        yield f"On the test set {counts.true_positives:,} of {rejects:,} were."


def _line_of_one_kind(line: OnTheLine) -> Iterator[str]:
    """What is left to say of a line with no defective part, or with no good one."""
    if line.defect_rate == 0:
        metric, words = line.false_rejects_per_million, ("good part", "good parts", "was rejected")
        known = "At 0 % defects no part is defective, so nothing escapes and every reject is false"
    else:
        metric, words = line.escapes_per_million, ("escape", "escapes", "was seen")
        known = "At 100 % defects every part is defective, so no reject is false"
    told = ""
    if metric is not None and metric.value is not None:
        told = f": of a million parts {_of_a_million(metric, words)}"
    yield f"{known}{told}. If the rate is not known, leave it out."


def _of_a_million(metric: Metric, words: tuple[str, str, str]) -> str:
    """So many parts of a million, with the interval; never "about 0", which reads as none."""
    one, many, verb = words
    value, low, high = metric.value or 0.0, metric.low, metric.high
    if value == 0 and high:
        return f"up to {two_digits(high)} {many} (none {verb} on the test set)"
    interval = "" if low is None or high is None else f" ({two_digits(low)} to {two_digits(high)})"
    shown = two_digits(value)
    return f"about {shown} {one if shown == '1' else many}{interval}"

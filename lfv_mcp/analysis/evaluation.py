"""`report`: what the evaluation files of a model prove, as the answer of analyze_evaluation.

First every number is computed, then the findings are chosen from the numbers, then sentences are
made of both; each step only reads what the one before it returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from lfv_mcp import metrics
from lfv_mcp.analysis.evaluation_findings import evaluation_findings
from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.analysis.evaluation_summary import model_name, report_summary
from lfv_mcp.analysis.examples import examples_of
from lfv_mcp.analysis.line import line_of, line_of_rates, requirements_of
from lfv_mcp.analysis.line_cost import line_cost
from lfv_mcp.analysis.recount import (
    NO_MANIFEST,
    EvaluationNumbers,
    confusion_of,
    defects_and_good_parts,
    metrics_of,
    ranking_metrics,
    reported_values,
    why_incomplete,
)
from lfv_mcp.analysis.recovered_counts import counts_of_report
from lfv_mcp.analysis.set_findings import JudgedSet, set_findings
from lfv_mcp.analysis.thresholds import (
    Cut,
    Scores,
    every_cut,
    is_best_f1,
    reaching_cuts,
    scores_of,
    threshold_analysis,
)
from lfv_mcp.analysis.training_text import report_in_words
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
from lfv_mcp.formats.evaluation_result import EvaluationResult
from lfv_mcp.metrics import Undefined, Value
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import EvaluationReport, ManifestCounts
from lfv_mcp.results.model_description import ModelDescription

_UNEXPLAINED = "no threshold on scores from confidence explains the predictions"
_UNEXPLAINED_BY_ITS_OWN = "no threshold on its scores explains its predictions"


def report(
    description: ModelDescription | None,
    result: EvaluationResult | None,
    manifest: EvaluationManifest | None,
    source: Source,
    *,
    question: EvaluationQuestion | None = None,
    findings: Sequence[Finding] = (),
    answers: JudgedSet | None = None,
) -> EvaluationReport:
    """All that the files at hand prove about a model, or about a prediction set.

    Args:
        description: the model's own record, which tells whether the files are of its training;
            None of a prediction set.
        result: its EvaluationResult, if that could be read.
        manifest: its EvaluationManifest, if that could be read; of a prediction set its verdicts on
            the images whose truth is known.
        source: where the answer comes from; advice needs the service only if it is live.
        question: what is asked beside which model; None for nothing more.
        findings: what the caller knows about a file that could not be read.
        answers: the prediction set that is asked about; None of a model.

    Raises:
        ValueError: neither file is given.
    """
    if result is None and manifest is None:
        raise ValueError("neither evaluation file")
    question = question or EvaluationQuestion()
    numbers = _numbers(result, manifest, question, is_set=answers is not None)
    numbers = _on_the_line(numbers, question)
    about_set = () if answers is None else set_findings(answers, numbers)
    if answers is not None:
        numbers = replace(numbers, trained_on=report_in_words(answers.judged))
    found = evaluation_findings(
        numbers, description, result, manifest, source, (*findings, *about_set), question=question
    )
    name = model_name(description, result, manifest) if answers is None else answers.in_words
    return EvaluationReport(
        summary=report_summary(numbers, found, source, name, question),
        test_images=numbers.test_images,
        training_images=numbers.training_images,
        confusion=numbers.confusion,
        metrics=numbers.metrics,
        reported=numbers.reported,
        agrees=numbers.agrees(),
        line=numbers.line,
        cost=numbers.cost,
        requirements=numbers.requirements,
        threshold=numbers.threshold if question.asks_for_cuts else None,
        labels=numbers.labels,
        examples=numbers.examples,
        findings=tuple(found),
        source=source,
    )


def _numbers(
    result: EvaluationResult | None,
    manifest: EvaluationManifest | None,
    question: EvaluationQuestion,
    *,
    is_set: bool,
) -> EvaluationNumbers:
    """What either file says; the manifest's own count of images goes before the result's."""
    numbers = EvaluationNumbers(of_predictions=is_set)
    if result:
        numbers = EvaluationNumbers(
            test_images=result.testing_images,
            training_images=result.training_images,
            reported=result.reported.or_none(),
            labels=result.labels or None,
        )
    if manifest is None:
        numbers = _with_recovered_counts(numbers)
        numbers = _about_a_cut_unknown(numbers, question, NO_MANIFEST)
        return _with_cost(numbers, None, [], question)
    counts, scores = manifest.confusion, scores_of(manifest.images, of_set=is_set)
    cuts = every_cut(scores) if isinstance(scores, Scores) and scores.rule.rule_holds else []
    unexplained = _UNEXPLAINED_BY_ITS_OWN if is_set else _UNEXPLAINED
    areas = ranking_metrics(*_areas(scores, unexplained), *defects_and_good_parts(counts))
    numbers = replace(
        numbers,
        test_images=counts.total,
        confusion=ManifestCounts(**asdict(counts), unusable_lines=sum(manifest.unusable.values())),
        metrics=metrics_of(counts, *areas),
        asked=counts,
        cut_is_best=is_best_f1(counts, cuts),
        incomplete=why_incomplete(manifest, result),
    )
    if not manifest.images or not isinstance(scores, Scores):
        why = scores.reason if isinstance(scores, Undefined) else "it has no usable line"
        numbers = _about_a_cut_unknown(numbers, question, why)
    else:
        numbers = _by_score(numbers, scores, cuts, question)
    if manifest.images and not numbers.cut_unanswerable:
        examples = examples_of(
            manifest.images,
            question.threshold,
            question.max_examples,
            by_score=bool(numbers.threshold and numbers.threshold.rule_holds),
        )
        numbers = replace(numbers, examples=examples)
    return _with_cost(numbers, scores if isinstance(scores, Scores) else None, cuts, question)


def _by_score(
    numbers: EvaluationNumbers, scores: Scores, cuts: Sequence[Cut], question: EvaluationQuestion
) -> EvaluationNumbers:
    """What the scores say, and the counts at the cut that is asked for."""
    analysis, left_out = threshold_analysis(scores, cuts, question)
    numbers = replace(
        numbers,
        threshold=analysis,
        candidates_left_out=left_out,
        reaching=reaching_cuts(cuts, question),
    )
    if not analysis.rule_holds:
        why = _UNEXPLAINED_BY_ITS_OWN if numbers.of_predictions else _UNEXPLAINED
        return _about_a_cut_unknown(numbers, question, why)
    if question.threshold is None:
        return numbers
    return replace(numbers, asked=scores.at(question.threshold))


def _about_a_cut_unknown(
    numbers: EvaluationNumbers, question: EvaluationQuestion, why: str
) -> EvaluationNumbers:
    """Without scores a cut that is asked for has no counts, and the model's own are no answer."""
    if question.threshold is None:
        return numbers
    return replace(numbers, asked=None, cut_unanswerable=why)


def _with_recovered_counts(numbers: EvaluationNumbers) -> EvaluationNumbers:
    """The counts that the reported figures leave, if they leave one solution."""
    solutions = counts_of_report(numbers.reported, numbers.test_images)
    if isinstance(solutions, Undefined):
        return replace(numbers, counts_why_unknown=solutions.reason)
    if len(solutions) != 1:
        why = "" if solutions else "no whole numbers of images give the reported figures"
        return replace(numbers, possible_counts=solutions, counts_why_unknown=why)
    (counts,) = solutions
    reported = reported_values(numbers.reported)
    why_none = Undefined("it is not reported")
    areas = ranking_metrics(
        reported.get("roc_auc", why_none),
        reported.get("average_precision", why_none),
        *defects_and_good_parts(counts),
    )
    return replace(
        numbers,
        confusion=ManifestCounts(**asdict(counts), recovered=True),
        metrics=metrics_of(counts, *areas),
        asked=counts,
    )


def _areas(scores: Scores | Undefined, unexplained: str) -> tuple[Value, Value]:
    """ROC AUC and average precision, where one threshold on the scores explains predictions."""
    if isinstance(scores, Undefined):
        return scores, scores
    if not scores.rule.rule_holds:
        why = Undefined(unexplained)
        return why, why
    sides = scores.anomalous, scores.normal
    return metrics.roc_auc(*sides), metrics.average_precision(*sides)


def _on_the_line(numbers: EvaluationNumbers, question: EvaluationQuestion) -> EvaluationNumbers:
    """The line that is asked for, and whether requirements are met, by the counts asked about."""
    if numbers.cut_unanswerable:
        return numbers
    rate, asked = question.defect_rate, numbers.asked
    if asked is None:
        line = None if rate is None else line_of_rates(numbers.known_metrics(), rate)
        return replace(numbers, line=line)
    return replace(
        numbers,
        line=None if rate is None else line_of(asked, rate),
        requirements=requirements_of(asked, question, numbers.reaching),
    )


def _with_cost(
    numbers: EvaluationNumbers,
    scores: Scores | None,
    cuts: Sequence[Cut],
    question: EvaluationQuestion,
) -> EvaluationNumbers:
    """What cuts cost, where both costs and the defect rate are given."""
    prices, counts = question.prices, numbers.confusion
    if prices is None or counts is None or not numbers.test_images:
        return numbers
    usable = scores if scores and scores.rule.rule_holds else None
    return replace(
        numbers, cost=line_cost(confusion_of(counts), usable, cuts, prices, question.threshold)
    )

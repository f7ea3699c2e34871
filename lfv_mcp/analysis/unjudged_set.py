"""The evaluation of a prediction set of whose images no truth is known: what it says, unjudged."""

from __future__ import annotations

from collections.abc import Iterator

from lfv_mcp import metrics
from lfv_mcp.analysis.answer_findings import matching_findings
from lfv_mcp.analysis.comparison_text import images_in_words
from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.analysis.recount import metric_of
from lfv_mcp.analysis.set_findings import JudgedSet, unusable_lines
from lfv_mcp.analysis.training_text import training_of_unjudged
from lfv_mcp.figures import exact_score, percent, score
from lfv_mcp.findings import by_severity, finding
from lfv_mcp.formats.predictions.prediction_set import PredictedImage, PredictionSet
from lfv_mcp.metrics import wilson_interval
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import EvaluationReport, UnjudgedVerdicts


def report_without_truth(
    predictions: PredictionSet, answers: JudgedSet, source: Source, question: EvaluationQuestion
) -> EvaluationReport:
    """How many images a set answered and rejected, over which scores; and why no more is said.

    Args:
        predictions: the set.
        answers: the same, with why nothing is known of it.
        source: where the set is.
        question: what is asked; what needs the truth is a finding.
    """
    verdicts = _verdicts(predictions, question.threshold)
    found = by_severity(
        (
            *matching_findings(answers.judged, predictions.name, answers.reference),
            *training_of_unjudged(predictions.name, answers.judged),
            *unusable_lines(predictions.about, predictions.unreadable),
            *_what_is_absent(verdicts, question),
        )
    )
    advice = next((each.advice for each in found if each.advice is not None), None)
    name = answers.in_words + (" (synthetic sample)" if source.kind == "sample" else "")
    sentences = [*_sentences(verdicts, name, answers.judged.why_none, question), advice]
    return EvaluationReport(
        summary=" ".join(filter(None, sentences)),
        unjudged=verdicts,
        findings=tuple(found),
        source=source,
    )


def _verdicts(predictions: PredictionSet, threshold: float | None) -> UnjudgedVerdicts:
    about = predictions.about
    silent = about.images - about.answered or None
    if predictions.images is None:
        return UnjudgedVerdicts(images=about.images, unanswered=silent)
    answered = [each for each in predictions.images if each.flagged is not None]
    rejected = sum(bool(each.flagged) for each in answered)
    own = about.scores == "anomaly_score"
    scores = [value for each in answered if (value := _score_of(each, own=own)) is not None]
    knows_scores = bool(scores) and len(scores) == len(answered)
    return UnjudgedVerdicts(
        images=len(predictions.images),
        unanswered=(len(predictions.images) - len(answered)) or None,
        rejected=rejected,
        rejected_share=metric_of(rejected / len(answered), wilson_interval(rejected, len(answered)))
        if answered
        else None,
        lowest_score=min(scores) if knows_scores else None,
        highest_score=max(scores) if knows_scores else None,
        rejected_at=sum(value >= threshold for value in scores)
        if knows_scores and threshold is not None
        else None,
    )


def _score_of(image: PredictedImage, *, own: bool) -> float | None:
    if own or image.confidence is None:
        return image.score
    return metrics.anomaly_score(bool(image.flagged), image.confidence)


def _what_is_absent(verdicts: UnjudgedVerdicts, question: EvaluationQuestion) -> Iterator[Finding]:
    """What was asked for and needs the truth, or scores."""
    wanted = [
        name
        for name, is_asked in (
            ("line", question.defect_rate is not None),
            ("cost", question.asks_for_cost),
            ("requirements", question.has_requirements),
        )
        if is_asked
    ]
    if wanted:
        yield finding(
            "counts_needed",
            f"Absent: {', '.join(wanted)}. Which images are defects is not known.",
        )
    if question.threshold is not None and verdicts.rejected_at is None:
        yield finding(
            "threshold_unanswerable",
            f"What a cut of {exact_score(question.threshold)} does cannot be said: not every "
            "image has a score.",
        )


def _sentences(
    verdicts: UnjudgedVerdicts, name: str, why_none: str, question: EvaluationQuestion
) -> Iterator[str]:
    answered = verdicts.images - (verdicts.unanswered or 0)
    if verdicts.rejected is None:
        yield f"{name} answered {images_in_words(answered)}."
    elif answered:
        share = percent(verdicts.rejected / answered, answered)
        yield f"{name} rejected {verdicts.rejected:,} of {images_in_words(answered)}, {share}."
    else:
        yield f"{name} answered none of its {images_in_words(verdicts.images)}."
    if verdicts.rejected_at is not None:
        at = exact_score(question.threshold or 0)
        yield f"At a cut of {at} it would have rejected {verdicts.rejected_at:,}."
    if verdicts.lowest_score is not None and verdicts.highest_score is not None:
        yield (
            f"Its anomaly scores lie between {score(verdicts.lowest_score)} and "
            f"{score(verdicts.highest_score)}."
        )
    yield f"Whether it is right cannot be said: {why_none}."

"""`compare`: whether another version may replace the first one, as far as evidence decides.

Puts the answer of compare_models together: the verdicts come from `verdicts`, the words from
`comparison_text`, the findings from `comparison_findings`.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from lfv_mcp.analysis.best_in_words import best_in_words
from lfv_mcp.analysis.candidate import Candidate, with_possible_counts
from lfv_mcp.analysis.changed_images import (
    MAX_IMAGES,
    Doubt,
    changed_verdicts,
    doubted_labels,
    within_limit,
)
from lfv_mcp.analysis.comparison_findings import comparison_findings, shortened_lists
from lfv_mcp.analysis.comparison_question import ComparisonQuestion
from lfv_mcp.analysis.comparison_summary import comparison_summary
from lfv_mcp.analysis.comparison_text import why_undecided
from lfv_mcp.analysis.decisions import Question
from lfv_mcp.analysis.evaluation_findings import mismatch_findings
from lfv_mcp.analysis.recount import why_incomplete
from lfv_mcp.analysis.thresholds import scores_of
from lfv_mcp.analysis.verdicts import Verdicts, VersionVerdict, judge, same_test_set
from lfv_mcp.findings import by_severity, finding
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
from lfv_mcp.metrics import Confusion, Undefined, delong_difference, newcombe_difference
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import LabelMetrics
from lfv_mcp.results.model_comparison import (
    AucDifference,
    ChangedVerdicts,
    ComparedModel,
    ComparedRate,
    ImageMatching,
    ModelComparison,
)


def compare(
    candidates: Sequence[Candidate],
    source: Source,
    findings: Sequence[Finding] = (),
    question: ComparisonQuestion | None = None,
    truths: Sequence[EvaluationManifest] = (),
) -> ModelComparison:
    """Each version against the first, and the best of all if the data decides.

    Args:
        candidates: two or more different versions or prediction sets of one project; the first is
            the baseline.
        source: what the answer rests on.
        findings: what the caller knows about files that could not be read.
        question: margins and examples that were asked for.
        truths: evaluation manifests of the project's other versions, which may know the truth of
            images that a prediction set answered.
    """
    question = question or ComparisonQuestion()
    strays = [_files_of_another_model(candidate) for candidate in candidates]
    trusted = [
        Candidate(candidate.summary) if wrong else with_possible_counts(candidate)
        for candidate, wrong in zip(candidates, strays, strict=True)
    ]
    verdicts = judge(trusted, question, truths)
    baseline = verdicts.baseline
    same = {each.candidate.version: _same_test_set(each, baseline) for each in verdicts.others}
    compared = [baseline, *(each.candidate for each in verdicts.paired)] if verdicts.paired else []
    scored = {candidate.version for candidate in compared if _has_scores(candidate)}
    doubted = _doubted(verdicts, scored)
    named = within_limit(
        [_changed(each, baseline, question.max_examples, scored) for each in verdicts.others],
        [each.label for each in doubted[: question.max_examples]],
        room=None if question.max_examples is None else MAX_IMAGES[len(trusted) == 2],
    )
    rows = [
        _row(each, baseline, changed, scored, k=len(verdicts.paired))
        for each, changed in zip(verdicts.others, named.changed, strict=True)
    ]
    found = [*findings, *(each for wrong in strays for each in wrong)]
    found += comparison_findings(verdicts, trusted, same, rows, doubted)
    found += shortened_lists(named.left_out)
    parts = [c.version for c in trusted if why_incomplete(c.manifest, c.result)]
    return ModelComparison(
        summary=comparison_summary(verdicts, rows, source.kind, parts),
        baseline=baseline.version,
        recall_margin=verdicts.margins.recall,
        false_alarm_margin=verdicts.margins.false_alarms,
        margins_given=verdicts.margins.given,
        models=(_baseline_row(baseline), *rows),
        labels_to_doubt=named.doubted if len(verdicts.votes) > 1 else None,
        best=verdicts.best,
        best_reason=best_in_words(verdicts, len(trusted)),
        same_test_set=_same_for_all(list(same.values())),
        findings=tuple(by_severity(found)),
        source=source,
    )


def _doubted(verdicts: Verdicts, scored: Set[str]) -> list[Doubt]:
    """The labels to doubt, by all who were tested on their images."""
    everyone = [verdicts.first, *(other.aligned for other in verdicts.others)]
    baseline = verdicts.baseline.version
    return doubted_labels(
        verdicts.votes,
        {a.candidate.version: {*a.judged.unanswered} for a in everyone if a.judged},
        scored=baseline if baseline in scored else None,
    )


def _files_of_another_model(candidate: Candidate) -> list[Finding]:
    """What shows that files named as this version's are of another model; they are not used."""
    description = candidate.summary.model_description
    if description is None:
        return []
    return [
        finding(each.code, f"Version {candidate.version}: {each.message} Its files are not used.")
        for each in mismatch_findings(description, candidate.result, candidate.manifest)
    ]


def _same_test_set(this: VersionVerdict, baseline: Candidate) -> bool | None:
    """Whether a version or prediction set was judged on the baseline's images, with its labels."""
    judged = this.judged
    if judged is None:
        return same_test_set(baseline, this.candidate)
    if baseline.manifest is None or this.basis == "truth_missing" or this.is_by_name:
        return None
    return not (judged.unanswered or judged.labels_differ or judged.training.tests)


def _same_for_all(same: Sequence[bool | None]) -> bool | None:
    """False if one version had another test set; True if all had this one; None: not known."""
    if False in same:
        return False
    return None if None in same else True


def _baseline_row(baseline: Candidate) -> ComparedModel:
    return ComparedModel(
        model_version=baseline.version,
        status=baseline.summary.status,
        metrics=baseline.metrics,
        labels=_labels(baseline),
    )


def _labels(candidate: Candidate) -> tuple[LabelMetrics, ...] | None:
    return (candidate.result.labels or None) if candidate.result else None


def _row(
    this: VersionVerdict,
    baseline: Candidate,
    changed: ChangedVerdicts | None,
    scored: Set[str],
    *,
    k: int,
) -> ComparedModel:
    candidate, decision = this.candidate, this.decision
    if decision:
        recall = _decided_rate(decision.recall, k=k, sign=1)
        alarms = _decided_rate(decision.false_alarms, k=k, sign=-1)
    else:
        recall, alarms = _rates_of_other_images(this, baseline)
    return ComparedModel(
        model_version=candidate.version,
        status=candidate.summary.status,
        metrics=candidate.metrics,
        recall=recall,
        false_alarm_rate=alarms,
        roc_auc=_auc_difference(this)
        if decision and {baseline.version, candidate.version} <= scored
        else None,
        labels=_labels(candidate),
        verdict=this.verdict,
        replacement=this.replacement,
        changed=changed,
        matching=_matching(this),
    )


def _matching(this: VersionVerdict) -> ImageMatching | None:
    """How the images were found among the baseline's; None where neither side names any."""
    if this.judged:
        return this.judged.matching()
    matches = this.aligned.matches
    if matches is None:
        return None
    return ImageMatching(
        by_uri=matches.by_uri,
        by_key=matches.by_key,
        by_name=0,
        unanswered=0,
        extra=0,
        collisions=len(matches.collisions),
        labels_differ=this.pairing.labels_differ if this.pairing else 0,
    )


def _decided_rate(question: Question | Undefined, *, k: int, sign: int) -> ComparedRate:
    """One question as the answer has it; a false-alarm rate turns the sign, for more is worse."""
    if isinstance(question, Undefined):
        return ComparedRate(undefined=question.reason)
    low, high = _turned(question.interval.low, question.interval.high, sign)
    strict_low, strict_high = _turned(question.decision.low, question.decision.high, sign)
    return ComparedRate(
        images=question.counts.images,
        only_baseline_right=question.counts.only_baseline_right,
        only_this_right=question.counts.only_candidate_right,
        difference=sign * question.difference + 0.0,  # never -0.0
        low=low,
        high=high,
        decision_low=strict_low if k > 1 else None,
        decision_high=strict_high if k > 1 else None,
        p_value=question.p_value,
        p_adjusted=question.p_adjusted,
        verdict=question.verdict,
        smallest_margin_shown=question.smallest_margin_shown,
        images_needed=question.images_needed,
    )


def _turned(low: float, high: float, sign: int) -> tuple[float, float]:
    return (low, high) if sign > 0 else (-high + 0.0, -low + 0.0)


def _rates_of_other_images(
    this: VersionVerdict, baseline: Candidate
) -> tuple[ComparedRate, ComparedRate]:
    """Differences between other images: with an interval, and never with a verdict."""
    before, after = baseline.counts, this.candidate.counts
    if before is None or after is None:
        reason = why_undecided(this, baseline)
        return ComparedRate(undefined=reason), ComparedRate(undefined=reason)
    rates: list[ComparedRate] = []
    for shares, name in ((_recall, "defect"), (_false_alarm_rate, "good part")):
        first, second = shares(before), shares(after)
        interval = newcombe_difference(first, second)
        if isinstance(interval, Undefined):
            rates.append(ComparedRate(undefined=f"one of the two test sets has no {name}"))
            continue
        difference = second[0] / second[1] - first[0] / first[1]
        rates.append(
            ComparedRate(
                difference=difference, low=interval.low, high=interval.high, verdict="undecided"
            )
        )
    return rates[0], rates[1]


def _recall(counts: Confusion) -> tuple[int, int]:
    return counts.true_positives, counts.true_positives + counts.false_negatives


def _false_alarm_rate(counts: Confusion) -> tuple[int, int]:
    return counts.false_positives, counts.false_positives + counts.true_negatives


def _has_scores(candidate: Candidate) -> bool:
    """Whether scores made of confidence explain every verdict of this version."""
    images = candidate.manifest.images if candidate.manifest else None
    scores = scores_of(images, of_set=candidate.predictions is not None)
    return not isinstance(scores, Undefined) and scores.rule.rule_holds


def _auc_difference(this: VersionVerdict) -> AucDifference | None:
    """Paired DeLong on the images of both; asked where scores explain the verdicts of both."""
    if this.pairing is None:
        return None
    scored = [
        (image.anomalous, image.baseline.score, image.candidate.score)
        for image in this.pairing.images
        if image.baseline.score is not None and image.candidate.score is not None
    ]
    found = delong_difference(
        ([a for truth, a, _ in scored if truth], [a for truth, a, _ in scored if not truth]),
        ([b for truth, _, b in scored if truth], [b for truth, _, b in scored if not truth]),
    )
    if isinstance(found, Undefined):
        return None
    return AucDifference(
        difference=found.difference,
        low=found.interval.low,
        high=found.interval.high,
        p_value=found.p_value,
    )


def _changed(
    this: VersionVerdict, baseline: Candidate, most: int | None, scored: Set[str]
) -> ChangedVerdicts | None:
    if this.pairing is None or this.decision is None:
        return None
    return changed_verdicts(
        this.pairing.images,
        most,
        by_score=this.candidate.version in scored,
        baseline_by_score=baseline.version in scored,
    )

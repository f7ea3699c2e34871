"""What the evidence says of each version against the baseline, and which is the best: no words.

On the same test images two questions are asked and decided by `decisions`. On other images, or
without counts, nothing is decided: a difference may be that of the images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal, TypeAlias

from lfv_mcp.analysis.alignment import Aligned, align
from lfv_mcp.analysis.candidate import Candidate
from lfv_mcp.analysis.comparison_question import ComparisonQuestion
from lfv_mcp.analysis.decisions import Decision, Pair, PairedCounts, decide
from lfv_mcp.analysis.judged_predictions import ALL_TRAINED, TOO_MANY, Judged
from lfv_mcp.analysis.paired_images import Pairing, Votes, pair_answers, pair_images, votes_of
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
from lfv_mcp.metrics import MAX_DEFAULT_MARGIN, Undefined, default_margin
from lfv_mcp.results.model_comparison import Class, Replacement, Verdict

Basis: TypeAlias = Literal[
    "same_images",
    "other_images",
    "too_many_images",
    "no_counts",
    "recovered_counts",
    "truth_missing",
    "too_few_answered",
    "other_labels",
    "all_trained_on",
]
"""What a verdict rests on, or why there is none."""


@dataclass(frozen=True, slots=True)
class Margins:
    """How much worse a version may be to replace the baseline.

    Args:
        recall: share of defects; None if nothing tells it.
        false_alarms: share of good parts; None if nothing tells it.
        given: those that the caller named.
        default_recall: what it is where nobody names one; None if nothing tells.
        default_false_alarms: the same for false alarms.
    """

    recall: float | None
    false_alarms: float | None
    given: tuple[Class, ...]
    default_recall: float | None
    default_false_alarms: float | None


@dataclass(frozen=True, slots=True)
class VersionVerdict:
    """One version against the baseline; without `decision` nothing is decided.

    `pairing` is there wherever both name their images, also if they are not the same ones;
    `aligned` says how the images were matched.
    """

    aligned: Aligned
    basis: Basis
    pairing: Pairing | None = None
    decision: Decision | None = None

    @property
    def candidate(self) -> Candidate:
        """The version or prediction set, under the baseline's names of images."""
        return self.aligned.candidate

    @property
    def judged(self) -> Judged | None:
        """What was matched of a prediction set; None of a version."""
        return self.aligned.judged

    @property
    def is_by_name(self) -> bool:
        """Whether all is said on the condition that equal names are the same images."""
        return self.judged is not None and self.judged.is_by_name

    @property
    def verdict(self) -> Verdict:
        """What differs."""
        return self.decision.verdict if self.decision else "not_comparable"

    @property
    def replacement(self) -> Replacement:
        """Whether the version may take over; never accepted where names alone say it was asked."""
        if self.decision is None or (self.is_by_name and self.decision.replacement == "accept"):
            return "undecided"
        return self.decision.replacement


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Every version against the baseline, with the margins, and the best of all if one is.

    `between` has the decision on the second of each two that share their images, with the first as
    its baseline, among all pairs; empty where only two are compared.
    """

    first: Aligned
    margins: Margins
    others: tuple[VersionVerdict, ...]
    best: str | None
    votes: Mapping[str, Votes]
    between: Mapping[tuple[str, str], Decision]

    @property
    def baseline(self) -> Candidate:
        """What the others are compared with."""
        return self.first.candidate

    @property
    def paired(self) -> tuple[VersionVerdict, ...]:
        """The versions that were decided on the baseline's own images."""
        return tuple(other for other in self.others if other.decision)


def judge(
    candidates: Sequence[Candidate],
    question: ComparisonQuestion,
    truths: Sequence[EvaluationManifest] = (),
) -> Verdicts:
    """The verdicts on all versions and prediction sets; the first is the baseline.

    Args:
        candidates: with what could be read of them.
        question: margins, and which names a person vouches for.
        truths: evaluation manifests of the project's other versions.
    """
    first, *others = align(candidates, truths, question.same_names)
    baseline = first.candidate
    everyone = [baseline, *(each.candidate for each in others)]
    votes = {c.version: of_one for c in everyone if (of_one := votes_of(c.manifest))}
    margins = _margins(baseline, votes.get(baseline.version), question)
    judged = [_paired(first, other, votes) for other in others]
    pairings = {
        each.candidate.version: each.pairing
        for each in judged
        if each.basis == "same_images" and each.pairing
    }
    decided = _decided(
        [pairing.counts() for pairing in pairings.values()],
        margins,
        answered=[pairing.counts(answered_alone=True) for pairing in pairings.values()],
    )
    decisions = dict(zip(pairings, decided, strict=True))
    verdicts = tuple(
        replace(each, decision=decisions.get(each.candidate.version)) for each in judged
    )
    trained_on = {each.candidate.version: each.trained_on for each in (first, *others)}
    between = _between(everyone, verdicts, votes, margins, trained_on)
    best = _best(everyone, verdicts, between)
    return Verdicts(first, margins, verdicts, best, votes, between)


def errors_of(candidate: Candidate, votes: Votes | None, *, anomalous: bool) -> tuple[int, int]:
    """A version's errors on all its test images of a class, and how many images these are.

    By its votes, in which repeated lines are one image; without any by its counts.
    """
    if votes is not None:
        return votes.errors(anomalous=anomalous)
    counts = candidate.counts
    if counts is None:
        return 0, 0
    errors = counts.false_negatives if anomalous else counts.false_positives
    return errors, errors + (counts.true_positives if anomalous else counts.true_negatives)


def _margins(baseline: Candidate, votes: Votes | None, question: ComparisonQuestion) -> Margins:
    defaults: list[float | None] = []
    for anomalous in (True, False):
        margin = default_margin(*errors_of(baseline, votes, anomalous=anomalous))
        defaults.append(None if isinstance(margin, Undefined) else margin)
    recall, alarms = defaults
    asked: dict[Class, float | None] = {
        "recall": question.recall_margin,
        "false_alarm": question.false_alarm_margin,
    }
    return Margins(
        recall=recall if question.recall_margin is None else question.recall_margin,
        false_alarms=alarms if question.false_alarm_margin is None else question.false_alarm_margin,
        given=tuple(name for name, margin in asked.items() if margin is not None),
        default_recall=recall,
        default_false_alarms=alarms,
    )


def _paired(first: Aligned, other: Aligned, votes: Mapping[str, Votes]) -> VersionVerdict:
    baseline, candidate = first.candidate, other.candidate
    for each in (first, other):
        if each.judged and not each.candidate.manifest:
            basis = _why_no_manifest(each.judged)
            is_silent = basis == "too_few_answered"
            return VersionVerdict(other, "all_trained_on" if is_silent and each is first else basis)
    if baseline.counts is None or candidate.counts is None:
        return VersionVerdict(other, "no_counts")
    if baseline.is_recovered or candidate.is_recovered:
        return VersionVerdict(other, "recovered_counts")
    before, after = votes.get(baseline.version), votes.get(candidate.version)
    if before is None or after is None:
        return VersionVerdict(other, "too_many_images")
    return _by_image(first, other, before, after)


def _by_image(first: Aligned, other: Aligned, before: Votes, after: Votes) -> VersionVerdict:
    """Both image by image, without those that one of them was trained on."""
    taken = first.trained_on | other.trained_on
    trained_on = tuple(vote for image, vote in before.by_image.items() if image in taken)
    before, after = before.without(taken), after.without(taken)
    if other.judged is None:
        pairing = replace(pair_images(before, after), trained_on=trained_on)
        is_same = pairing.is_same_images
        return VersionVerdict(other, "same_images" if is_same else "other_images", pairing)
    if not before.images:
        return VersionVerdict(other, "all_trained_on")
    pairing = replace(pair_answers(before, after, other.judged), trained_on=trained_on)
    return VersionVerdict(other, _basis_of_answers(first, other.judged, pairing), pairing)


def _why_no_manifest(judged: Judged) -> Basis:
    """Why a set has no verdict of use."""
    if judged.why_none == TOO_MANY:
        return "too_many_images"
    if judged.why_none != ALL_TRAINED:
        return "truth_missing"
    return "too_few_answered" if judged.unanswered else "all_trained_on"


def _basis_of_answers(first: Aligned, judged: Judged, pairing: Pairing) -> Basis:
    """What a verdict on a prediction set rests on."""
    if not judged.matched:
        return "too_few_answered" if judged.training.tests else "other_images"
    if judged.has_other_labels or (first.judged and first.judged.has_other_labels):
        return "other_labels"
    return "same_images" if pairing.is_answered else "too_few_answered"


def _decided(
    pairs: Sequence[Pair],
    margins: Margins,
    comparisons: int | None = None,
    answered: Sequence[Pair] | None = None,
) -> list[Decision]:
    # Of a class of which the baseline has no image no question is asked.
    recall = MAX_DEFAULT_MARGIN if margins.recall is None else margins.recall
    alarms = MAX_DEFAULT_MARGIN if margins.false_alarms is None else margins.false_alarms
    if not pairs:
        return []
    return decide(pairs, recall, alarms, comparisons=comparisons, answered=answered)


def _best(
    candidates: Sequence[Candidate],
    verdicts: Sequence[VersionVerdict],
    between: Mapping[tuple[str, str], Decision],
) -> str | None:
    """The version that is proven to be the best of all that were trained; None if none is.

    Tests against the baseline cannot rank the others, so with three or more every pair is asked.
    """
    trained = [c for c in candidates if c.metrics]
    rivals = [v for v in verdicts if v.candidate.metrics]
    if not rivals or len(trained) != len(rivals) + 1 or any(each.is_by_name for each in rivals):
        return None
    if all(rival.verdict == "worse" for rival in rivals):
        return candidates[0].version
    if len(rivals) == 1:
        return rivals[0].candidate.version if rivals[0].verdict == "better" else None
    if not all(rival.decision for rival in rivals):
        return None  # nothing is proven of one that is not comparable
    versions = [candidate.version for candidate in trained]
    better = {pair for pair, decision in between.items() if decision.verdict == "better"}
    return next(
        (this for this in versions if all((o, this) in better for o in versions if o != this)), None
    )


def _between(
    candidates: Sequence[Candidate],
    verdicts: Sequence[VersionVerdict],
    votes: Mapping[str, Votes],
    margins: Margins,
    trained_on: Mapping[str, frozenset[str]],
) -> dict[tuple[str, str], Decision]:
    """The decision on the second of each two that share their images, the first as its baseline.

    All pairs are one family of questions. Empty of two, which one decision is enough for.
    """
    # Silence would count for who is silent, between two that are not the baseline.
    unfit = {
        each.candidate.version
        for each in verdicts
        if each.is_by_name
        or (each.judged and not each.decision)
        or (each.pairing and each.pairing.unanswered)
    }
    versions = [
        c.version for c in candidates if c.metrics and c.version in votes and c.version not in unfit
    ]
    if len(versions) < 2 or len(candidates) < 3:
        return {}
    beyond = trained_on[candidates[0].version]
    pairs = {
        (a, b): pairing.counts()
        for a, b in combinations(versions, 2)
        for taken in (beyond | trained_on[a] | trained_on[b],)
        if (pairing := pair_images(votes[a].without(taken), votes[b].without(taken))).is_same_images
    }
    k = len(versions) * (len(versions) - 1) // 2
    forward = _decided(list(pairs.values()), margins, k)
    backward = _decided([_turned(pair) for pair in pairs.values()], margins, k)
    turned = dict(zip(((b, a) for a, b in pairs), backward, strict=True))
    return {**dict(zip(pairs, forward, strict=True)), **turned}


def _turned(pair: Pair) -> Pair:
    """The same images with the roles of the two versions exchanged."""
    return Pair(_turned_counts(pair.recall), _turned_counts(pair.false_alarms))


def _turned_counts(counts: PairedCounts | Undefined) -> PairedCounts | Undefined:
    if isinstance(counts, Undefined):
        return counts
    return PairedCounts(counts.only_candidate_right, counts.only_baseline_right, counts.images)


def same_test_set(a: Candidate, b: Candidate) -> bool | None:
    """Whether both were judged on the same images with the same truth.

    None: the files do not tell.
    """
    if a.manifest and b.manifest and a.manifest.images and b.manifest.images:
        sets = [{i[:2] for i in m.images or ()} for m in (a.manifest, b.manifest)]
        named = all(ref for images in sets for ref, _ in images)
        whole = not (a.manifest.unusable or b.manifest.unusable)
        if named and whole:
            return sets[0] == sets[1]
    sizes = {c.result.testing_images for c in (a, b) if c.result}
    return False if len(sizes - {None}) == 2 else None

"""What the evidence says of each version against the baseline, and which is the best: no words.

On the same test images two questions are asked and decided by `decisions`. On other images, or
without counts, nothing is decided: a difference may be that of the images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal, TypeAlias

from lfv_mcp.analysis.comparison_question import ComparisonQuestion
from lfv_mcp.analysis.decisions import Decision, Pair, PairedCounts, decide
from lfv_mcp.analysis.paired_images import Pairing, Votes, pair_images, votes_of
from lfv_mcp.analysis.recount import metrics_of, reported_values
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
from lfv_mcp.formats.evaluation_result import EvaluationResult
from lfv_mcp.formats.predictions.prediction_set import PredictionSet
from lfv_mcp.metrics import Undefined, default_margin
from lfv_mcp.results.evaluation_report import EvaluationMetrics, Metric
from lfv_mcp.results.model_comparison import Class, Replacement, Verdict
from lfv_mcp.results.model_summary import ModelSummary

_COMPARED_METRICS: Final = ("precision", "recall", "false_alarm_rate", "f1_score")
"""The metrics of a comparison: those that need no score."""
_LARGEST_DEFAULT: Final = 0.05
"""A margin for a class of which the baseline has no image; no question is asked of it."""

Basis: TypeAlias = Literal["same_images", "other_images", "too_many_images", "no_counts"]
"""What a verdict rests on, or why there is none."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One version of a model, or one prediction set, with what could be read of its images.

    Args:
        summary: what it is.
        result: the EvaluationResult of a version.
        manifest: the test images that a version judged; of a prediction set those whose truth is
            known, with the set's verdicts.
        predictions: all that a prediction set answered, with or without truth; None of a version.
    """

    summary: ModelSummary
    result: EvaluationResult | None = None
    manifest: EvaluationManifest | None = None
    predictions: PredictionSet | None = None

    @property
    def version(self) -> str:
        """The version's number, as text, or the prediction set's name."""
        return self.summary.model_version

    @property
    def has_counts(self) -> bool:
        """Whether test images were counted by class and verdict."""
        return bool(self.manifest and self.manifest.confusion.total)

    @property
    def metrics(self) -> EvaluationMetrics | None:
        """Recounted, with intervals; else as reported (the file before DescribeModel)."""
        if self.manifest and self.manifest.confusion.total:
            return metrics_of(self.manifest.confusion)
        performance = self.summary.performance
        reported = {
            **(performance.present_members() if performance else {}),
            **reported_values(self.result.reported if self.result else None),
        }
        return EvaluationMetrics(
            **{
                name: Metric(value=reported[name], no_interval="reported without counts")
                for name in _COMPARED_METRICS
                if name in reported
            }
        ).or_none()


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

    `pairing` is there wherever both name their images, also if they are not the same ones.
    """

    candidate: Candidate
    basis: Basis
    pairing: Pairing | None = None
    decision: Decision | None = None

    @property
    def verdict(self) -> Verdict:
        """What differs."""
        return self.decision.verdict if self.decision else "not_comparable"

    @property
    def replacement(self) -> Replacement:
        """Whether the version may take over."""
        return self.decision.replacement if self.decision else "undecided"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Every version against the baseline, with the margins, and the best of all if one is."""

    baseline: Candidate
    margins: Margins
    others: tuple[VersionVerdict, ...]
    best: str | None
    votes: Mapping[str, Votes]

    @property
    def paired(self) -> tuple[VersionVerdict, ...]:
        """The versions that were decided on the baseline's own images."""
        return tuple(other for other in self.others if other.decision)


def judge(candidates: Sequence[Candidate], question: ComparisonQuestion) -> Verdicts:
    """The verdicts on all versions; the first is the baseline."""
    baseline, *others = candidates
    votes = {c.version: of_one for c in candidates if (of_one := votes_of(c.manifest))}
    margins = _margins(baseline, votes.get(baseline.version), question)
    judged = [_paired(baseline, other, votes) for other in others]
    same = [each for each in judged if each.basis == "same_images" and each.pairing]
    decisions = dict(
        zip(
            (each.candidate.version for each in same),
            _decided([each.pairing.counts() for each in same if each.pairing], margins),
            strict=True,
        )
    )
    verdicts = tuple(
        VersionVerdict(
            each.candidate, each.basis, each.pairing, decisions.get(each.candidate.version)
        )
        for each in judged
    )
    return Verdicts(baseline, margins, verdicts, _best(candidates, verdicts, votes, margins), votes)


def errors_of(candidate: Candidate, votes: Votes | None, *, anomalous: bool) -> tuple[int, int]:
    """A version's errors on all its test images of a class, and how many images these are.

    By its votes, in which repeated lines are one image; without any by its counts.
    """
    if votes is not None:
        return votes.errors(anomalous=anomalous)
    if candidate.manifest is None:
        return 0, 0
    counts = candidate.manifest.confusion
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


def _paired(baseline: Candidate, other: Candidate, votes: Mapping[str, Votes]) -> VersionVerdict:
    if not (baseline.has_counts and other.has_counts):
        return VersionVerdict(other, "no_counts")
    before, after = votes.get(baseline.version), votes.get(other.version)
    if before is None or after is None:
        return VersionVerdict(other, "too_many_images")
    pairing = pair_images(before, after)
    return VersionVerdict(
        other, "same_images" if pairing.is_same_images else "other_images", pairing
    )


def _decided(
    pairs: Sequence[Pair], margins: Margins, comparisons: int | None = None
) -> list[Decision]:
    recall = _LARGEST_DEFAULT if margins.recall is None else margins.recall
    alarms = _LARGEST_DEFAULT if margins.false_alarms is None else margins.false_alarms
    return decide(pairs, recall, alarms, comparisons=comparisons) if pairs else []


def _best(
    candidates: Sequence[Candidate],
    verdicts: Sequence[VersionVerdict],
    votes: Mapping[str, Votes],
    margins: Margins,
) -> str | None:
    """The version that is proven to be the best of all that were trained; None if none is.

    Tests against the baseline cannot rank the others, so with three or more every pair is asked,
    all of them as one family.
    """
    trained = [c for c in candidates if c.metrics]
    rivals = [v for v in verdicts if v.candidate.metrics]
    if not rivals or len(trained) != len(rivals) + 1:
        return None
    if all(rival.verdict == "worse" for rival in rivals):
        return candidates[0].version
    if len(rivals) == 1:
        return rivals[0].candidate.version if rivals[0].verdict == "better" else None
    if any(candidate.version not in votes for candidate in trained):
        return None
    versions = [candidate.version for candidate in trained]
    pairs = {
        (a, b): pairing.counts()
        for a, b in combinations(versions, 2)
        if (pairing := pair_images(votes[a], votes[b])).is_same_images
    }
    k = len(versions) * (len(versions) - 1) // 2
    forward = _decided(list(pairs.values()), margins, k)
    backward = _decided([_turned(pair) for pair in pairs.values()], margins, k)
    wins = dict.fromkeys(versions, 0)
    for (first, second), second_wins, first_wins in zip(pairs, forward, backward, strict=True):
        wins[second] += second_wins.verdict == "better"
        wins[first] += first_wins.verdict == "better"
    return next((version for version in versions if wins[version] == len(versions) - 1), None)


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

"""Which of two versions is better, and which of several is the best: verdicts without words.

On the same test images McNemar's exact test decides. On others a version wins only if the 95 %
intervals of recall and of the false-alarm rate both lie clear of the other's. Fewer escapes for
more false alarms, or the reverse, is a trade and never a win. Versions without counts are not
ranked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal, TypeAlias

from lfv_mcp.analysis.paired_tests import (
    McNemarTest,
    VersionPair,
    match_images,
    mcnemar_test,
    significant_pairs,
)
from lfv_mcp.analysis.recount import metrics_of, reported_values
from lfv_mcp.formats.evaluation_manifest import EvaluationManifest
from lfv_mcp.formats.evaluation_result import EvaluationResult
from lfv_mcp.results.evaluation_report import EvaluationMetrics, Metric
from lfv_mcp.results.model_comparison import Verdict
from lfv_mcp.results.model_summary import ModelSummary

COMPARED_METRICS: Final = ("precision", "recall", "false_alarm_rate", "f1_score")
"""The metrics of a comparison: those that need no score."""

VerdictBasis: TypeAlias = Literal[
    "paired_test", "no_counts", "intervals_overlap", "intervals_apart", "intervals_mixed"
]
"""What a verdict rests on."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One version of a model in a comparison, with what could be read of its evaluation files."""

    summary: ModelSummary
    result: EvaluationResult | None = None
    manifest: EvaluationManifest | None = None

    @property
    def version(self) -> str:
        """The version's number, as text."""
        return self.summary.model_version

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
            **{n: Metric(value=reported[n]) for n in COMPARED_METRICS if n in reported}
        ).or_none()


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """What the evidence says of the later of two versions against the earlier, and why."""

    first: str
    second: str
    verdict: Verdict
    basis: VerdictBasis
    test: McNemarTest | None = None
    is_trade: bool = False

    @property
    def pair(self) -> VersionPair:
        """Both versions, the earlier first."""
        return self.first, self.second


PairVerdicts: TypeAlias = Mapping[VersionPair, PairVerdict]


def pair_verdicts(candidates: Sequence[Candidate]) -> PairVerdicts:
    """The verdict on every pair, the version that was named earlier before the later."""
    pairs = {(a.version, b.version): (a, b) for a, b in combinations(candidates, 2)}
    matches = {pair: match_images(a.manifest, b.manifest) for pair, (a, b) in pairs.items()}
    tests = {pair: mcnemar_test(matched) for pair, matched in matches.items() if matched}
    significant = significant_pairs({pair: test.p_value for pair, test in tests.items()})
    return {
        pair: _verdict_by_test(pair, tests[pair], is_significant=pair in significant)
        if pair in tests
        else _verdict_by_intervals(a, b)
        for pair, (a, b) in pairs.items()
    }


def _verdict_by_test(pair: VersionPair, test: McNemarTest, *, is_significant: bool) -> PairVerdict:
    """`is_significant`: the p-value passes, among all those tested."""
    verdict: Verdict = "no_difference"
    if test.is_trade:
        verdict = "not_comparable"
    elif is_significant:
        verdict = "better" if test.second_alone_right > test.first_alone_right else "worse"
    return PairVerdict(*pair, verdict, "paired_test", test, is_trade=test.is_trade)


def _verdict_by_intervals(first: Candidate, second: Candidate) -> PairVerdict:
    """The verdict on versions that share too few test images to be paired, or are not counted."""
    pair = first.version, second.version
    theirs = first.metrics or EvaluationMetrics()
    ours = second.metrics or EvaluationMetrics()
    recall = interval_order(ours.recall, theirs.recall)
    alarms = interval_order(theirs.false_alarm_rate, ours.false_alarm_rate)
    if recall is None or alarms is None:
        return PairVerdict(*pair, "not_comparable", "no_counts")
    if recall == alarms == 0:
        return PairVerdict(*pair, "no_difference", "intervals_overlap")
    if recall == alarms:
        return PairVerdict(*pair, "better" if recall > 0 else "worse", "intervals_apart")
    is_trade = recall == -alarms
    return PairVerdict(*pair, "not_comparable", "intervals_mixed", is_trade=is_trade)


def interval_order(a: Metric | None, b: Metric | None) -> int | None:
    """1 if the interval of `a` lies clear above that of `b`, -1 below, 0 if they overlap.

    None if one of the metrics has no interval.
    """
    if a is None or a.low is None or a.high is None or b is None or b.low is None or b.high is None:
        return None
    return (a.low > b.high) - (a.high < b.low)


def same_test_set(a: Candidate, b: Candidate) -> bool | None:
    """Whether both were judged on the same images with the same truth.

    None: the files do not tell.
    """
    if a.manifest and b.manifest and a.manifest.images and b.manifest.images:
        sets = [sorted(i[:2] for i in m.images or ()) for m in (a.manifest, b.manifest)]
        named = all(ref for images in sets for ref, _ in images)
        whole = not (a.manifest.unusable or b.manifest.unusable)
        if named and whole:
            return sets[0] == sets[1]
    sizes = {c.result.testing_images for c in (a, b) if c.result}
    return False if len(sizes - {None}) == 2 else None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Which version is the best, and the pairs of versions that decide it or leave it open."""

    trained: tuple[str, ...]
    """The versions that have metrics."""
    best: str | None
    leaders: tuple[str, ...]
    """The best; without one, the versions that no other beats."""
    deciding: tuple[PairVerdict, ...]
    """The pairs that tell why."""


def rank(candidates: Sequence[Candidate], verdicts: PairVerdicts) -> Ranking:
    """The version that beats every other that was trained, if there is one; and why, or why not."""
    trained = tuple(c.version for c in candidates if c.metrics)
    if len(trained) < 2:
        return Ranking(trained, None, (), ())
    won: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    among_trained = [verdicts[pair] for pair in combinations(trained, 2)]
    for each in among_trained:
        if each.verdict in ("better", "worse"):
            second_wins = each.verdict == "better"
            won[each.second if second_wins else each.first] += 1
            lost[each.first if second_wins else each.second] += 1
    best = next((version for version in trained if won[version] == len(trained) - 1), None)
    if best is not None:
        return Ranking(trained, best, (best,), tuple(e for e in among_trained if best in e.pair))
    # Without a winner, what tells is why those that nothing beats do not beat each other.
    leaders = tuple(version for version in trained if not lost[version])
    deciding = (e for e in among_trained if len(leaders) < 2 or set(e.pair) <= set(leaders))
    return Ranking(trained, None, leaders, tuple(deciding))

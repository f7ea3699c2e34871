"""The findings of a comparison: what limits it, and what its figures must not be taken for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import log
from typing import Final

from lfv_mcp.analysis.answer_findings import answer_findings
from lfv_mcp.analysis.candidate import Candidate, all_called, called
from lfv_mcp.analysis.changed_images import Doubt
from lfv_mcp.analysis.comparison_text import (
    alone_in_words,
    asked_rates,
    auc_in_words,
    capitalised,
    images_in_words,
    images_unknown,
    sentence,
    stricter_test,
    was,
    why_undecided,
)
from lfv_mcp.analysis.evaluation_findings import COUNT_THE_DEFECTS
from lfv_mcp.analysis.keeping import keeping
from lfv_mcp.analysis.recount import why_incomplete
from lfv_mcp.analysis.training_text import training_findings
from lfv_mcp.analysis.verdicts import Margins, Verdicts, VersionVerdict, errors_of
from lfv_mcp.figures import points_upward, two_digits
from lfv_mcp.findings import finding
from lfv_mcp.results.common import Finding
from lfv_mcp.results.model_comparison import ComparedModel, ComparedRate

_LOSS_BY_CUT: Final = ((20, 4.0), (45, 2.0), (100, 2.0), (300, 0.5))
"""Points of recall that an equal ranker with a cut fixed beforehand seems to lose, by the number
of defects; simulated at 20+40, 45+55, 100+200 and 300+700 images."""
_BLIND: Final = (
    "Have these labels re-judged blind, mixed with images that were judged right: to correct only "
    "where a model was wrong can only raise its score."
)
_ADD_MANIFESTS: Final = "Add the evaluation manifests of these versions to the archive."
_FRESH: Final = "Decide on fresh images, with both cuts fixed beforehand."


def loss_by_cut(defects: int) -> float:
    """Points of recall that a successor seems to lose because only the baseline's cut was chosen
    on these very images.

    Simulated at four sizes; between them linear in the logarithm of the number of defects, beyond
    them as at the nearest one.
    """
    first, last = _LOSS_BY_CUT[0], _LOSS_BY_CUT[-1]
    if defects <= first[0]:
        return first[1]
    for (few, more_points), (many, fewer_points) in pairwise(_LOSS_BY_CUT):
        if defects <= many:
            share = log(defects / few) / log(many / few)
            return more_points + share * (fewer_points - more_points)
    return last[1]


def comparison_findings(
    verdicts: Verdicts,
    candidates: Sequence[Candidate],
    same_test_set: Mapping[str, bool | None],
    rows: Sequence[ComparedModel],
    doubted: Sequence[Doubt],
) -> Iterator[Finding]:
    """Every finding on what limits a comparison, the gravest of a severity first.

    Args:
        verdicts: what is decided.
        candidates: all versions, the baseline first.
        same_test_set: for each other version, whether its test set is the baseline's.
        rows: the other versions as the answer has them.
        doubted: labels that all contradict who were tested on their images.
    """
    yield from _test_set_findings(verdicts, same_test_set)
    yield from _wide_margins(verdicts, rows)
    yield from _trades(verdicts, rows)
    for candidate in candidates:
        yield from _counts_not_counted(candidate)
        if reason := why_incomplete(candidate.manifest, candidate.result):
            yield _incomplete_manifest(candidate, reason)
    if verdicts.paired and verdicts.baseline.predictions is None:
        yield _cuts_chosen_here(verdicts)
    if message := stricter_test(verdicts):
        yield finding("several_comparisons", message)
    if doubted:
        told = [*_doubted_by(doubted, everyone=len(candidates))]
        known = {each.version for each in candidates if each.manifest}
        if apart := [version for version in keeping(verdicts).apart if version in known]:
            told.append(
                f"the images of {all_called(apart)} were judged by no other, so none is said"
            )
        yield finding("labels_to_doubt", sentence("; ".join(told)), _BLIND)


def _doubted_by(doubted: Sequence[Doubt], everyone: int) -> Iterator[str]:
    """How many labels who contradicts: one clause for each group that shares images."""
    for judges, count in Counter(each.judges for each in doubted).items():
        are, their = ("is", "its") if count == 1 else ("are", "their")
        who = "every model asked" if len(judges) == everyone else all_called(judges)
        yield f"{images_in_words(count)} {are} judged against {their} label by {who}"


def _test_set_findings(
    verdicts: Verdicts, same_test_set: Mapping[str, bool | None]
) -> Iterator[Finding]:
    baseline = verdicts.baseline.version
    answers = {each.candidate.version for each in verdicts.others if each.judged}
    told = {
        version: is_same for version, is_same in same_test_set.items() if version not in answers
    }
    everyone = [verdicts.baseline, *(other.candidate for other in verdicts.others)]
    lacking = [c.version for c in everyone if c.version not in answers and not c.manifest]
    known = {v: same for v, same in told.items() if not {v, baseline} & {*lacking}}
    if differing := [version for version, is_same in known.items() if is_same is False]:
        yield finding(
            "different_test_sets",
            sentence(
                f"{all_called(differing)} {was(differing)} tested on other images than "
                f"{called(baseline)}, or with other labels{_among(differing, verdicts)}"
            ),
            f"Where few images are shared, or none, a difference may be that of the images: "
            f"{_on_the_same(verdicts, differing)}",
        )
    if unknown := [version for version, is_same in known.items() if is_same is None]:
        yield finding(
            "test_set_unknown",
            f"Whether {all_called(unknown)} {was(unknown)} tested on the images of "
            f"{called(baseline)} is not known.",
            _ADD_MANIFESTS,
        )
    metrics = {candidate.version for candidate in everyone if candidate.metrics}
    if told and (untold := [version for version in lacking if version in metrics]):
        yield finding("test_set_unknown", sentence(images_unknown(untold)), _ADD_MANIFESTS)
    for other in verdicts.others:
        if other.basis == "no_counts" and other.candidate.metrics and verdicts.baseline.metrics:
            reason = why_undecided(other, verdicts.baseline)
            yield finding(
                "counts_missing",
                sentence(f"{other.candidate.in_words} against {called(baseline)}: {reason}"),
                "Add the missing evaluation manifests to the archive.",
            )
    for other in verdicts.paired:
        if other.pairing and other.pairing.left_out:
            yield _left_out(other, baseline)
    for other in verdicts.others:
        yield from answer_findings(other, verdicts.baseline)
    yield from training_findings(verdicts)


def _on_the_same(verdicts: Verdicts, differing: Sequence[str]) -> str:
    """What can still be done about other images: versions of the service judge no more of them."""
    sets = {o.candidate.version for o in verdicts.others if o.candidate.predictions is not None}
    if verdicts.baseline.predictions is None and sets.isdisjoint(differing):
        return "these versions can judge no others any more, but a successor can judge theirs."
    return "have the successor judge the images of the other."


def _among(differing: Sequence[str], verdicts: Verdicts) -> str:
    """Whether versions with other images than the baseline share theirs, as the end of a clause."""
    groups = [g.versions for g in keeping(verdicts).groups if {*g.versions} <= {*differing}]
    if groups:
        return f"; {' and '.join(map(all_called, groups))} share theirs with each other"
    return ", each on its own ones" if len(differing) > 1 else ""


def _left_out(other: VersionVerdict, baseline: str) -> Finding:
    """How many images of the two test sets are not compared, and why."""
    pairing = other.pairing
    if pairing is None:
        raise ValueError("only versions with images can leave some out")
    reasons = [
        f"{count:,} {words}"
        for count, words in (
            (pairing.only_one, "in only one of the test sets"),
            (pairing.labels_differ, "with labels that differ"),
            (pairing.contradictory, "with contradictory labels, or verdicts of the baseline"),
        )
        if count
    ]
    return finding(
        "images_left_out",
        f"{_both(baseline, other.candidate.version)} are compared on the "
        f"{images_in_words(len(pairing.images))} that both judged; left out: {', '.join(reasons)}.",
    )


def _both(baseline: str, other: str) -> str:
    return capitalised(all_called([baseline, other]))


def _wide_margins(verdicts: Verdicts, rows: Sequence[ComparedModel]) -> Iterator[Finding]:
    """A margin that the caller gave, and that lets errors grow by more than the default does."""
    margins = verdicts.margins
    for name, margin, default, anomalous in (
        ("recall", margins.recall, margins.default_recall, True),
        ("false_alarm", margins.false_alarms, margins.default_false_alarms, False),
    ):
        if name not in margins.given or margin is None or default is None or margin <= default:
            continue
        rise = _rise(verdicts, margin, anomalous=anomalous)
        what = "missed defects" if anomalous else "false alarms"
        message = f"{points_upward(margin)} would let {what} rise {rise}."
        if shown := _shown(rows, margins, anomalous=anomalous):
            message += f" The data show: {shown}."
        yield finding(
            "margin_wide",
            message,
            f"Without a margin given it is {points_upward(default)}. Set a margin by what the "
            "line can bear, before looking at the data.",
        )


def _rise(verdicts: Verdicts, margin: float, *, anomalous: bool) -> str:
    """How errors would grow: `"from 0.5 % to 5.5 %, 11 times as many"`."""
    baseline = verdicts.baseline
    errors, images = errors_of(baseline, verdicts.votes.get(baseline.version), anomalous=anomalous)
    if not images:
        return "by as much"
    rate = errors / images
    to = min(1.0, rate + margin)
    words = f"from {two_digits(100 * rate)} % to {two_digits(100 * to)} %"
    return f"{words}, {two_digits(to / rate)} times as many" if errors else words


def _shown(rows: Sequence[ComparedModel], margins: Margins, *, anomalous: bool) -> str:
    """By how much the versions are shown not to be worse, as a clause; empty if nothing is."""
    name = "recall" if anomalous else "false alarms"
    shown = [
        (row.model_version, each.rate)
        for row in rows
        for each in asked_rates(row, margins)
        if each.name == name and each.rate.smallest_margin_shown is not None
    ]
    if len(shown) == 1:
        return _not_worse(shown[0][1])
    return "; ".join(f"{called(version)} {_not_worse(rate)}" for version, rate in shown)


def _not_worse(rate: ComparedRate) -> str:
    margin = rate.smallest_margin_shown or 0.0
    return f"not worse by more than {points_upward(margin)}" if margin else "not worse"


def _trades(verdicts: Verdicts, rows: Sequence[ComparedModel]) -> Iterator[Finding]:
    baseline = verdicts.baseline.version
    for row in rows:
        if row.verdict != "trade_off":
            continue
        told = "; ".join(
            alone_in_words(each, row.model_version, baseline)
            for each in asked_rates(row, verdicts.margins)
        )
        auc = row.roc_auc
        if auc and auc.p_value > 0.05:
            told += (
                ". That the two rank images differently well is not shown (ROC AUC "
                f"{auc_in_words(auc)}): the difference is where the cut sits"
            )
        yield finding(
            "trade_off",
            sentence(f"{called(row.model_version)} against {called(baseline)} is a trade: {told}"),
            f"Decide by what an escape and a false reject cost. {_FRESH}",
        )


def _counts_not_counted(candidate: Candidate) -> Iterator[Finding]:
    """What the reported figures of a version without a manifest say of its counts."""
    possible = candidate.possible_counts
    if candidate.manifest is not None or not possible:
        return
    one = len(possible) == 1
    yield finding(
        "counts_recovered" if one else "counts_ambiguous",
        f"{capitalised(candidate.in_words)}: there is no EvaluationManifest, and "
        + (
            "its counts are recovered: no others give the reported figures."
            if one
            else "several sets of counts give the reported figures, so none is taken."
        ),
        "" if one else COUNT_THE_DEFECTS,
    )


def _incomplete_manifest(candidate: Candidate, reason: str) -> Finding:
    """The finding on a version whose manifest is not the whole of its test."""
    manifest = candidate.manifest
    return finding(
        "unusable_lines" if manifest and manifest.unusable else "test_set_size_differs",
        f"{capitalised(candidate.in_words)}: the manifest is not whole ({reason}), so what is said "
        "of this version rests on a part of its test.",
        "Get the whole manifest before you decide.",
    )


def _cuts_chosen_here(verdicts: Verdicts) -> Finding:
    counts = verdicts.baseline.manifest and verdicts.baseline.manifest.confusion
    defects = counts.true_positives + counts.false_negatives if counts else 0
    loss = two_digits(round(2 * loss_by_cut(defects)) / 2)  # as fine as the simulation is
    noun = "point" if loss == "1" else "points"
    return finding(
        "cuts_chosen_here",
        f"The cut of {verdicts.baseline.in_words} is most likely the one that looks best on "
        "these very images: a successor that ranks as well, with a cut fixed beforehand, seems to "
        f"lose about {loss} {noun} of recall.",
        _FRESH,
    )


def shortened_lists(left_out: int) -> Iterator[Finding]:
    """That an answer names fewer images than were asked for."""
    if left_out:
        yield finding(
            "answer_shortened",
            f"{images_in_words(left_out)} fewer than asked for are named: one answer has no room "
            "for more. The counts are of all.",
            "Compare two versions at a time, or ask for fewer examples.",
        )

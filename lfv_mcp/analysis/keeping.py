"""Which versions share their test images, and which of those the data supports to keep: no words.

One version *beats* another if it is proven better on one question at least, and worse on none: with
it as the baseline the other would be `worse`. `best` asks for more where three or more are asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lfv_mcp.analysis.decisions import Decision, Question, QuestionVerdict
from lfv_mcp.analysis.verdicts import Verdicts


@dataclass(frozen=True, slots=True)
class Group:
    """Versions of which each shares its test images with another one of the group.

    Args:
        versions: as they were asked, the baseline first.
        kept: the one that beats every other; None if there is none.
        proven: the questions in which that one is proven better than every other.
        beaten: those that another one beats.
        is_trade: of two versions: each is better on one question and worse on the other.
    """

    versions: tuple[str, ...]
    kept: str | None
    proven: tuple[str, ...]
    beaten: tuple[str, ...]
    is_trade: bool


@dataclass(frozen=True, slots=True)
class Keeping:
    """What the data supports to keep: the baseline's group first, and who is in no group."""

    groups: tuple[Group, ...]
    apart: tuple[str, ...]


def keeping(verdicts: Verdicts) -> Keeping:
    """What to keep of the versions and sets asked, as far as they share their images."""
    baseline = verdicts.baseline.version
    everyone = [baseline, *(other.candidate.version for other in verdicts.others)]
    linked = {
        *((baseline, other.candidate.version) for other in verdicts.paired),
        *verdicts.between,
    }
    groups: list[list[str]] = []
    for version in everyone:
        joined = [g for g in groups if any({(a, version), (version, a)} & linked for a in g)]
        groups = [g for g in groups if g not in joined]
        groups.append([*(each for group in joined for each in group), version])
    ordered = sorted(
        (sorted(g, key=everyone.index) for g in groups), key=lambda g: everyone.index(g[0])
    )
    return Keeping(
        groups=tuple(_group(tuple(g), verdicts) for g in ordered if len(g) > 1),
        apart=tuple(version for version in everyone if [version] in ordered),
    )


def _group(versions: tuple[str, ...], verdicts: Verdicts) -> Group:
    pairs = [(a, b) for a in versions for b in versions if a != b]
    beats = {pair: _better_in(*pair, verdicts, among=len(versions)) for pair in pairs}
    kept = next((v for v in versions if all(beats[v, o] for o in versions if o != v)), None)
    proven = [beats[kept, other] for other in versions if other != kept] if kept else []
    trade = verdicts.others[0] if len(verdicts.others) == 1 else None
    return Group(
        versions=versions,
        kept=kept,
        proven=tuple(name for name in ("recall", "false alarms") if all(name in p for p in proven)),
        beaten=tuple(
            v for v in versions if any(_better_in(o, v, verdicts) for o in versions if o != v)
        ),
        is_trade=trade is not None and trade.verdict == "trade_off",
    )


def _better_in(this: str, other: str, verdicts: Verdicts, *, among: int = 2) -> tuple[str, ...]:
    """The questions in which one version is proven better than another; none if worse in one.

    Against the baseline the answer's own decisions hold. Only to be kept among three or more
    another version has to pass the test of all pairs.
    """
    decided = {each.candidate.version: each.decision for each in verdicts.others}
    if other == verdicts.baseline.version and among == 2:
        decision, sought = decided[this], "better"
    elif this == verdicts.baseline.version:
        decision, sought = decided[other], "worse"
    else:
        decision, sought = verdicts.between.get((other, this)), "better"
    told = dict(question_verdicts(decision))
    against = "worse" if sought == "better" else "better"
    return () if against in told.values() else tuple(n for n, v in told.items() if v == sought)


def question_verdicts(decision: Decision | None) -> Iterator[tuple[str, QuestionVerdict]]:
    """The verdict on each question that was asked, by its name in a sentence."""
    if decision is None:
        return
    for name, question in (("recall", decision.recall), ("false alarms", decision.false_alarms)):
        if isinstance(question, Question):
            yield name, question.verdict

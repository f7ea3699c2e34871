"""Which version to keep, as sentences, and never more than the verdicts allow.

Nothing in here says what to delete: nothing can be deleted any more, and undecided is not worse.
"""

from __future__ import annotations

from collections.abc import Iterator

from lfv_mcp.analysis.candidate import all_called, called
from lfv_mcp.analysis.comparison_text import sentence
from lfv_mcp.analysis.keeping import Group, keeping
from lfv_mcp.analysis.training_text import CONDITION, is_training_unknown
from lfv_mcp.analysis.verdicts import Verdicts


def keeping_in_words(verdicts: Verdicts) -> str:
    """Which of the versions and sets with metrics to keep, as far as their images are shared."""
    kept = keeping(verdicts)
    everyone = [verdicts.baseline, *(other.candidate for other in verdicts.others)]
    judged = {candidate.version for candidate in everyone if candidate.metrics}
    apart = [version for version in kept.apart if version in judged]
    if not kept.groups:
        return sentence(
            f"No two of {all_called(apart)} are known to share their test images, so which to keep "
            "is not shown"
        )
    told = [_of_group(group, verdicts, is_all=len(judged) == 2) for group in kept.groups]
    if apart:
        told.append(f"{all_called(apart)} cannot be placed")
    return sentence("; ".join(told))


def _of_group(group: Group, verdicts: Verdicts, *, is_all: bool) -> str:
    is_pair = len(group.versions) == 2
    whole = "the two" if is_all else all_called(group.versions)
    if verdicts.baseline.version not in group.versions:
        whole = f"{whole}, which share their images,"
    if group.is_trade:
        return f"which of {whole} to keep depends on what an escape and a false reject cost"
    if group.kept:
        told = (
            f"if only one of {whole} can stay, keep {called(group.kept)}: "
            f"{_proven(group, is_pair=is_pair)}"
        )
        return told + _conditions(group, verdicts)
    left = [version for version in group.versions if version not in group.beaten]
    if not group.beaten or not left:
        return f"{'neither' if is_pair else 'none'} of {whole} is proven the one to keep"
    others = "" if len(left) == 1 else f"; which of {all_called(left)} is not shown"
    are = "is" if len(group.beaten) == 1 else "are"
    beaten = f"{all_called(group.beaten)}, which {are} proven worse"
    return f"keep {all_called(left)} before {beaten}{_conditions(group, verdicts)}{others}"


def _proven(group: Group, *, is_pair: bool) -> str:
    than = "" if is_pair else " than every other one"
    if len(group.proven) == 2:
        return f"proven better{than} in both recall and false alarms"
    if not group.proven:
        return f"proven better{than} in recall or false alarms, and worse in none"
    (other,) = {"recall", "false alarms"} - {*group.proven}
    whom = "they differ" if is_pair else "it differs from every one"
    return f"proven better{than} in {group.proven[0]}; whether {whom} in {other} is not shown"


def _conditions(group: Group, verdicts: Verdicts) -> str:
    """What is taken for granted of prediction sets: the same images, and no training images."""
    return "".join(f", {condition}" for condition in dict.fromkeys(_unknown(group, verdicts)))


def _unknown(group: Group, verdicts: Verdicts) -> Iterator[str]:
    for other in verdicts.others:
        version = other.candidate.version
        if version in group.versions and other.is_by_name:
            yield "if equal names are the same images"
        if version == group.kept and is_training_unknown(other):
            yield CONDITION

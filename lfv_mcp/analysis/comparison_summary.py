"""The summary of a ModelComparison: what is decided, and what would decide the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lfv_mcp.analysis.best_in_words import best_in_words
from lfv_mcp.analysis.candidate import all_called, called
from lfv_mcp.analysis.comparison_text import (
    VERDICTS,
    AskedRate,
    asked_rates,
    images_in_words,
    margins_in_words,
    open_replacement,
    question_in_words,
    sentence,
    why_apart,
    why_undecided,
)
from lfv_mcp.analysis.decisions import Question
from lfv_mcp.analysis.keeping_text import keeping_in_words
from lfv_mcp.analysis.training_text import (
    CONDITION,
    is_training_unknown,
    trained_on_in_words,
)
from lfv_mcp.analysis.verdicts import Verdicts, VersionVerdict
from lfv_mcp.figures import MANY_IMAGES, points, points_upward
from lfv_mcp.results.common import SourceKind
from lfv_mcp.results.model_comparison import ComparedModel
from lfv_mcp.results.model_summary import ModelSummary


def comparison_summary(
    verdicts: Verdicts,
    rows: Sequence[ComparedModel],
    kind: SourceKind,
    incomplete: Sequence[str] = (),
) -> str:
    """What is decided of each version, the gravest first, and which is the best.

    `incomplete` are the versions whose manifest is not the whole of their test.
    """
    decided = _decided(verdicts, rows, kind)
    if kind != "live":
        decided = " ".join([decided, *_history(verdicts.baseline.summary, rows)])
    if not incomplete:
        return decided
    return f"{decided} But not the whole test is known of {all_called(incomplete)}."


def _history(baseline: ModelSummary, rows: Sequence[ComparedModel]) -> Iterator[str]:
    """What would read as the present."""
    statuses = {row.model_version: row.status for row in rows}
    for version, status in {baseline.model_version: baseline.status, **statuses}.items():
        if status not in (None, "TRAINED"):
            yield f"{sentence(called(version))[:-1]} was {status} when captured."


def _decided(verdicts: Verdicts, rows: Sequence[ComparedModel], kind: SourceKind) -> str:
    project = verdicts.baseline.summary.project_name
    project += " (synthetic sample)" if kind == "sample" else ""
    best = best_in_words(verdicts, len(rows) + 1)
    if "nothing to compare" in best:
        return f"{best[:-1]} in {project}."
    if len(rows) == 1:
        return _of_two(verdicts, rows[0], project)
    told = [_of_many(verdicts, rows, project), trained_on_in_words(verdicts)]
    told += [best] if verdicts.best else []
    return " ".join(filter(None, [*told, keeping_in_words(verdicts)]))


def _of_two(verdicts: Verdicts, row: ComparedModel, project: str) -> str:
    this, baseline = verdicts.others[0], verdicts.baseline.version
    asked = list(asked_rates(row, verdicts.margins))
    if not this.decision:
        reason = why_undecided(this, verdicts.baseline)
        both = all_called([baseline, row.model_version])
        trained = trained_on_in_words(verdicts)
        trained = f" {trained}" if trained and this.basis != "all_trained_on" else ""
        return (
            f"Nothing is decided about {both} of {project}, nor which to keep: {reason}.{trained}"
        )
    told = [question_in_words(each) for each in asked]
    rest = f"{sentence('; '.join(told))} {margins_in_words(verdicts.margins)}"
    lead = _lead(row, asked, baseline, project)
    if this.is_by_name:
        lead = f"{lead.removesuffix('.')}, if equal names are the same images."
    if row.replacement == "accept" and is_training_unknown(this):
        lead = f"{lead.removesuffix('.')}, {CONDITION}."
    told_before = [
        lead,
        trained_on_in_words(verdicts),
        unanswered_in_words(this),
        keeping_in_words(verdicts),
    ]
    return " ".join([*filter(None, told_before), rest])


def unanswered_in_words(this: VersionVerdict) -> str:
    """That unanswered images count as errors, as a sentence; empty where there are none."""
    silent = this.pairing.unanswered if this.pairing and this.decision else 0
    if not silent or this.decision is None:
        return ""
    are = "is" if silent == 1 else "are"
    decide_it = any(
        isinstance(question, Question) and question.rests_on_silence
        for question in (this.decision.recall, this.decision.false_alarms)
    )
    told = f"{images_in_words(silent)} that it did not answer {are} counted as errors"
    if decide_it:
        verb = "decides" if silent == 1 else "decide"
        told += f", and {verb} it: without {'it' if silent == 1 else 'them'} no such loss is proven"
    return sentence(told)


def _lead(row: ComparedModel, asked: Sequence[AskedRate], baseline: str, project: str) -> str:
    """The first sentence about one version: what is proven, and whether it may take over."""
    this = called(row.model_version)
    replace = f"replace {called(baseline)} of {project}"
    if row.replacement == "accept":
        if row.verdict in ("worse", "trade_off"):
            return f"{accepted_though_worse(asked, this)}; {this} may {replace}."
        quality = "better" if row.verdict == "better" else "not worse by more than the margins"
        return sentence(f"{this} may {replace}: it is {quality}")
    if row.replacement == "reject":
        losses = " and ".join(each.name for each in asked if each.is_loss_beyond)
        trade = ", though it is better in the other" if row.verdict == "trade_off" else ""
        return sentence(
            f"{this} may not {replace}: it is proven worse in {losses} by more than the "
            f"margin{trade}"
        )
    if any(each.is_proven for each in asked):
        shown = open_replacement(asked, f"{called(baseline)} of {project}")
        return sentence(f"{this} is proven {shown}")
    needed = needs_in_words(asked)
    whether = f"whether {this} may {replace} is undecided, which is not equal"
    return f"Not shown yet: {whether}; {needed}." if needed else sentence(whether)


def needs_in_words(asked: Sequence[AskedRate]) -> str:
    """What would decide both questions: `"it needs about 310 more good images"`; or nothing."""
    open_ones = [each for each in asked if each.rate.images_needed is not None]
    if not open_ones or any(
        each.rate.difference is None
        or (each.rate.verdict == "undecided" and each.rate.images_needed is None)
        for each in asked
    ):
        return ""  # more images of one class alone would not decide it
    told: list[str] = []
    for each in open_ones:
        count = each.rate.images_needed or 0
        many = f"more than {MANY_IMAGES:,}" if count > MANY_IMAGES else f"about {count:,}"
        kind = "defect" if each.name == "recall" else "good"
        told.append(f"{many} more {kind} {'image' if count == 1 else 'images'}")
    return f"it needs {' and '.join(told)}"


def accepted_though_worse(asked: Sequence[AskedRate], this: str) -> str:
    """The clause on a version whose proven loss stays within the margin."""
    losses = [each for each in asked if each.rate.verdict == "worse"]
    allowed = " and ".join(
        f"the {points_upward(each.margin)} you allowed"
        if each.is_given
        else f"the margin of {points_upward(each.margin)}"
        for each in losses
    )
    lost: list[str] = []
    for each in losses:
        rate = each.rate
        ends = (abs(rate.low or 0.0), abs(rate.high or 0.0))
        size = points(abs(rate.difference or 0.0), min(ends), max(ends)).replace("+", "")
        verb = "misses" if each.name == "recall" else "rejects"
        amount, _, interval = size.partition(" (")
        lost.append(f"{verb} {amount} more of the {each.images} ({interval}")
    return f"Accepted within {allowed}, but proven worse: {this} {' and '.join(lost)}"


def _of_many(verdicts: Verdicts, rows: Sequence[ComparedModel], project: str) -> str:
    """Every version by what is decided of it, the gravest first, as sentences."""
    baseline = called(verdicts.baseline.version)
    groups: dict[tuple[int, str, str], list[str]] = {}
    for row, verdict in zip(rows, verdicts.others, strict=True):
        groups.setdefault(_kind(row, verdict, verdicts), []).append(row.model_version)
    by_name = [o.candidate.version for o in verdicts.others if o.is_by_name]
    condition = f", if equal names are the same images in {all_called(by_name)}" if by_name else ""
    told: list[str] = []
    for (_, one, several), names in sorted(groups.items(), key=lambda group: group[0][0]):
        clause = f"{all_called(names)} {several if len(names) > 1 else one}"
        told.append(clause if told else f"Against {baseline} of {project}{condition}, {clause}")
    return " ".join(map(sentence, told))


def _kind(row: ComparedModel, this: VersionVerdict, verdicts: Verdicts) -> tuple[int, str, str]:
    """What is decided of a version: its rank, and what is said of one and of several such."""
    asked = list(asked_rates(row, verdicts.margins))
    if row.replacement == "reject":
        return 0, "may not replace it", "may not replace it"
    if not this.decision:
        why = why_apart(this, verdicts.baseline)
        if why == "no metrics":
            return 5, "has no metrics", "have no metrics"
        return 4, f"is not comparable with it: {why}", f"are not comparable with it: {why}"
    if row.replacement == "undecided":
        is_proven = any(each.is_proven for each in asked)
        proven = "proven " if is_proven else ""
        baseline = called(verdicts.baseline.version)
        return (
            1 if is_proven else 3,
            f"is {proven}{open_replacement(asked, baseline)}",
            f"are {proven}{open_replacement(asked, baseline, 'they')}",
        )
    condition = f", {CONDITION}" if is_training_unknown(this) else ""
    if row.verdict in ("worse", "trade_off"):
        told = f"accepted within the margins, but proven worse{condition}"
        return 1, f"is {told}", f"are {told}"
    told = f"{VERDICTS[row.verdict or 'undecided']} and may replace it{condition}"
    return 2, f"is {told}", f"are {told}"

"""The words of a ModelComparison: what differs, why nothing is decided, and its summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from lfv_mcp.analysis.candidate import Candidate, all_called, called
from lfv_mcp.analysis.decisions import Question
from lfv_mcp.analysis.verdicts import Margins, Verdicts, VersionVerdict
from lfv_mcp.figures import MANY_IMAGES, count_of, points, points_upward, signed_estimate
from lfv_mcp.formats.evaluation_manifest import LINES_KEPT
from lfv_mcp.results.common import SourceKind
from lfv_mcp.results.model_comparison import AucDifference, ComparedModel, ComparedRate, Verdict

VERDICTS: Final[Mapping[Verdict, str]] = {
    "better": "better",
    "worse": "worse",
    "trade_off": "a trade, better in one and worse in the other",
    "not_worse": "not worse",
    "undecided": "undecided, which is not equal",
    "not_comparable": "not comparable",
}
_NUMBERS: Final = ("One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


class AskedRate(NamedTuple):
    """One of the two questions in words and figures.

    Args:
        name: the rate, as the subject of a sentence.
        verb: of that subject.
        one: an image of the class.
        images: several of them.
        done: what was done to those that were judged right.
        rate: the answer.
        margin: how much worse the version may be.
        is_given: whether the caller named the margin.
    """

    name: str
    verb: str
    one: str
    images: str
    done: str
    rate: ComparedRate
    margin: float
    is_given: bool


def asked_rates(row: ComparedModel, margins: Margins) -> Iterator[AskedRate]:
    """Both questions of a version."""
    if row.recall:
        given = "recall" in margins.given
        yield AskedRate(
            "recall", "is", "defect", "defects", "caught", row.recall, margins.recall or 0.0, given
        )
    if row.false_alarm_rate:
        rate, margin = row.false_alarm_rate, margins.false_alarms or 0.0
        given = "false_alarm" in margins.given
        yield AskedRate(
            "false alarms", "are", "good part", "good parts", "passed", rate, margin, given
        )


def difference_in_words(rate: ComparedRate) -> str:
    """A difference with its interval: `"+16 points (+3 to +30)"`."""
    return points(rate.difference or 0.0, rate.low or 0.0, rate.high or 0.0)


def auc_in_words(auc: AucDifference) -> str:
    """A difference of two ROC AUCs with its interval: `"+0.094 (+0.02 to +0.17)"`."""
    ends = f"{signed_estimate(auc.low)} to {signed_estimate(auc.high)}"
    return f"{signed_estimate(auc.difference)} ({ends})"


def question_in_words(asked: AskedRate) -> str:
    """What is shown of one question, as a clause: verdict, difference, what would decide it."""
    rate = asked.rate
    if rate.difference is None:
        return f"{asked.name}: nothing can be said, for {rate.undefined}"
    figures = difference_in_words(rate)
    subject = f"{asked.name} {asked.verb}"
    if rate.p_value is None:
        return f"{subject} undecided (which is not equal): {figures}"
    if rate.verdict == "not_worse":
        shown = rate.smallest_margin_shown or 0.0
        by = f" by more than {points_upward(shown)}" if shown else ""
        return f"{subject} not worse{by}: {figures}{_not_yet_proof(rate)}"
    if rate.verdict == "undecided":
        return (
            f"{subject} undecided (which is not equal): {figures}{_not_yet_proof(rate)}"
            f"{_what_decides(asked)}"
        )
    held = f", within the margin of {points_upward(asked.margin)}" if _is_loss_held(asked) else ""
    return f"{subject} {rate.verdict}: {figures}{held}{_what_decides(asked)}"


def _not_yet_proof(rate: ComparedRate) -> str:
    """That an interval leaves out 0 though nothing is proven."""
    if rate.low is None or rate.high is None or rate.low <= 0 <= rate.high:
        return ""
    return "; the interval leaves out 0, which is not yet proof with so many questions asked"


def _is_loss_held(asked: AskedRate) -> bool:
    rate = asked.rate
    return (
        rate.verdict == "worse"
        and rate.smallest_margin_shown is not None
        and rate.smallest_margin_shown < asked.margin
    )


def _what_decides(asked: AskedRate) -> str:
    """How many images would decide an open question; empty for one that is decided."""
    rate = asked.rate
    if rate.images_needed is not None:
        count = rate.images_needed
        many = f"more than {MANY_IMAGES:,}" if count > MANY_IMAGES else f"about {count:,}"
        noun = asked.one if count == 1 else asked.images
        return f"; {many} more {noun} would decide, if the two are in truth equal, with 80 % chance"
    loss = -(rate.difference or 0.0) if asked.name == "recall" else rate.difference or 0.0
    if rate.verdict == "undecided" and loss >= asked.margin:
        return f"; the estimate itself lies beyond the margin of {points_upward(asked.margin)}"
    return ""


def alone_in_words(asked: AskedRate, this: str, baseline: str) -> str:
    """Who alone judged images right: `"of 45 defects version 3 alone caught 8, version 2 1"`."""
    rate = asked.rate
    noun = asked.one if rate.images == 1 else asked.images
    return (
        f"of {rate.images:,} {noun} {called(this)} alone {asked.done} {rate.only_this_right:,}, "
        f"{called(baseline)} alone {rate.only_baseline_right:,}"
    )


def why_undecided(this: VersionVerdict, baseline: Candidate) -> str:
    """Why a version and the baseline cannot be compared image by image, as a clause."""
    if this.basis == "no_counts":
        lacking = [c for c in (baseline, this.candidate) if not c.has_counts]
        untrained = [c.version for c in lacking if not c.metrics]
        if untrained:
            return f"{all_called(untrained)} {_has(untrained)} no metrics"
        names = [c.version for c in lacking]
        return f"no counts are known of {all_called(names)}: there is no EvaluationManifest"
    if this.basis == "too_many_images":
        return f"one of the test sets has more than {LINES_KEPT:,} images, or names none"
    if this.judged:
        return _why_no_answers(this, baseline)
    shared = len(this.pairing.images) if this.pairing else 0
    of = this.pairing.of if this.pairing else 0
    both = f"{all_called([baseline.version, this.candidate.version])}"
    both = both.replace(", ", " and ", 1)
    return (
        f"{both} were tested on other images ({shared:,} of {of:,} are shared, with equal labels)"
    )


def _why_no_answers(this: VersionVerdict, baseline: Candidate) -> str:
    """Why a prediction set cannot be compared with the baseline, as a clause."""
    judged, name = this.judged, this.candidate.in_words
    if this.basis == "truth_missing" or judged is None:
        return f"no label is known of the images that {name} or {baseline.in_words} answered"
    tests = len(judged.unanswered) + judged.matched
    if this.basis == "too_few_answered":
        return (
            f"{name} did not answer {len(judged.unanswered):,} of the {tests:,} test images of "
            f"{baseline.in_words}, which is more than a tenth"
        )
    if this.basis == "other_labels":
        return (
            f"the labels differ on {judged.labels_differ:,} of the {judged.matched:,} images that "
            f"{name} shares with {baseline.in_words}, so they may be other images"
        )
    return (
        f"{name} answered none of the {tests:,} test images of {baseline.in_words}: no URI, key or "
        "name matches"
    )


def _has(versions: Sequence[str]) -> str:
    return "have" if len(versions) > 1 else "has"


def sentence(clause: str) -> str:
    """A clause as a sentence."""
    return f"{clause[:1].upper()}{clause[1:]}."


# The best


def best_in_words(verdicts: Verdicts, asked: int) -> str:
    """Why the best version is the best, or why none is, as a sentence."""
    trained = [
        c.version for c in (verdicts.baseline, *(o.candidate for o in verdicts.others)) if c.metrics
    ]
    if not trained:
        return f"None of the {asked} versions has metrics, so there is nothing to compare."
    if len(trained) == 1:
        only = called(trained[0])
        return f"Only {only} has metrics, so there is nothing to compare."
    baseline = verdicts.baseline.version
    if verdicts.best == baseline:
        return sentence(f"{called(baseline)} is the best: every other one is proven worse")
    if verdicts.best is not None:
        than = called(baseline) if len(trained) == 2 else "every other one"
        return sentence(f"{called(verdicts.best)} is the best: it is proven better than {than}")
    which = "version" if all(version.isdigit() for version in trained) else "model"
    return f"No {which} is proven the best: {_why_none_is_best(verdicts, trained)}."


def _why_none_is_best(verdicts: Verdicts, trained: Sequence[str]) -> str:
    undecided = [o for o in verdicts.others if o.candidate.metrics and not o.decision]
    if undecided:
        return why_undecided(undecided[0], verdicts.baseline)
    if len(trained) > 2:
        return "none is proven better than every other one"
    told = [VERDICTS[o.verdict] for o in verdicts.others if o.candidate.metrics]
    return f"{called(trained[1])} is {told[0]}"


# The summary


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
    if not incomplete:
        return decided
    return f"{decided} But not the whole test is known of {all_called(incomplete)}."


def _decided(verdicts: Verdicts, rows: Sequence[ComparedModel], kind: SourceKind) -> str:
    project = verdicts.baseline.summary.project_name
    project += " (synthetic sample)" if kind == "sample" else ""
    best = best_in_words(verdicts, len(rows) + 1)
    if "nothing to compare" in best:
        return f"{best[:-1]} in {project}."
    if len(rows) == 1:
        return _of_two(verdicts, rows[0], project)
    return f"{_of_many(verdicts, rows, project)} {best}"


def _of_two(verdicts: Verdicts, row: ComparedModel, project: str) -> str:
    this, baseline = verdicts.others[0], verdicts.baseline.version
    asked = list(asked_rates(row, verdicts.margins))
    if not this.decision:
        reason = why_undecided(this, verdicts.baseline)
        known = [question_in_words(each) for each in asked if each.rate.difference is not None]
        figures = f" {sentence('; '.join(known))}" if known else ""
        both = all_called([baseline, row.model_version]).replace(", ", " and ", 1)
        return f"Nothing is decided about {both} of {project}: {reason}.{figures}"
    told = [question_in_words(each) for each in asked]
    rest = f"{sentence('; '.join(told))} {margins_in_words(verdicts.margins)}"
    lead = _lead(row, asked, baseline, project)
    if this.is_by_name:
        lead = f"{lead.removesuffix('.')}, if equal names are the same images."
    silent = unanswered_in_words(this)
    return f"{lead} {f'{silent} ' if silent else ''}{rest}"


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
        losses = " and ".join(each.name for each in asked if each.rate.verdict == "worse")
        trade = ", though it is better in the other" if row.verdict == "trade_off" else ""
        return sentence(
            f"{this} may not {replace}: it is proven worse in {losses} by more than the "
            f"margin{trade}"
        )
    proven = [each for each in asked if each.rate.verdict in ("better", "worse")]
    if proven:
        what = ", and ".join(f"{e.rate.verdict} in {e.name}" for e in proven)
        return sentence(f"{this} is proven {what}; whether it may {replace} is undecided")
    needed = needs_in_words(asked)
    whether = f"whether {this} may {replace} is undecided, which is not equal"
    return f"Not shown yet: {whether}; {needed}." if needed else sentence(whether)


def needs_in_words(asked: Sequence[AskedRate]) -> str:
    """What would decide both questions: `"it needs about 310 more good images"`; or nothing."""
    open_ones = [each for each in asked if each.rate.images_needed is not None]
    if not open_ones:
        return ""
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


def margins_in_words(margins: Margins) -> str:
    """Both margins, and which of them the caller gave, as a sentence."""
    told: list[str] = []
    for name, margin, question in (
        ("recall", margins.recall, "recall"),
        ("false alarms", margins.false_alarms, "false_alarm"),
    ):
        if margin is not None:
            how = "given" if question in margins.given else "by default"
            told.append(f"{points_upward(margin)} of {name} ({how})")
    return f"Margins: {', '.join(told)}." if told else "Margins: none can be said."


def _of_many(verdicts: Verdicts, rows: Sequence[ComparedModel], project: str) -> str:
    """Every version in one sentence, by what is decided of it."""
    baseline = verdicts.baseline.version
    groups: dict[str, list[str]] = {}
    for row, verdict in zip(rows, verdicts.others, strict=True):
        if row.replacement == "reject":
            kind = "may not replace it"
        elif not verdict.decision:
            kind = "not comparable with it"
        elif row.replacement == "undecided":
            proven = [
                f"{each.rate.verdict} in {each.name}"
                for each in asked_rates(row, verdicts.margins)
                if each.rate.verdict in ("better", "worse")
            ]
            kind = f"proven {' and '.join(proven)}, else undecided" if proven else "undecided"
        elif row.verdict in ("worse", "trade_off"):
            kind = "accepted within the margins, but proven worse"
        else:
            kind = f"may replace it ({VERDICTS[row.verdict or 'undecided']})"
        groups.setdefault(kind, []).append(row.model_version)
    order = sorted(groups, key=lambda kind: not kind.startswith(("proven", "accepted", "may not")))
    told = "; ".join(f"{kind}: {all_called(groups[kind])}" for kind in order)
    note = " (undecided is not equal)" if "undecided" in told else ""
    by_name = [o.candidate.version for o in verdicts.others if o.is_by_name]
    condition = f", if equal names are the same images in {all_called(by_name)}" if by_name else ""
    return f"Against {called(baseline)} of {project}{condition}, {told}{note}."


def stricter_test(verdicts: Verdicts) -> str:
    """That several versions were compared at once, as a sentence; empty for one."""
    count = len(verdicts.paired)
    if count < 2:
        return ""
    number = _NUMBERS[count - 1] if count <= len(_NUMBERS) else str(count)
    return f"{number} pairs were compared, so each had to pass a stricter test."


def images_in_words(count: int) -> str:
    """A number of images with its noun."""
    return count_of(count, "image", "images")

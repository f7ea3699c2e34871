"""The words of a ModelComparison: what differs, why nothing is decided, and its summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from lfv_mcp.analysis.verdicts import Candidate, Margins, Verdicts, VersionVerdict
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
        f"of {rate.images:,} {noun} version {this} alone {asked.done} {rate.only_this_right:,}, "
        f"version {baseline} alone {rate.only_baseline_right:,}"
    )


def why_undecided(this: VersionVerdict, baseline: Candidate) -> str:
    """Why a version and the baseline cannot be compared image by image, as a clause."""
    if this.basis == "no_counts":
        lacking = [c for c in (baseline, this.candidate) if not c.has_counts]
        untrained = [c.version for c in lacking if not c.metrics]
        if untrained:
            return f"{versions_in_words(untrained)} {_has(untrained)} no metrics"
        names = [c.version for c in lacking]
        return f"no counts are known of {versions_in_words(names)}: there is no EvaluationManifest"
    if this.basis == "too_many_images":
        return f"one of the test sets has more than {LINES_KEPT:,} images, or names none"
    shared = len(this.pairing.images) if this.pairing else 0
    of = this.pairing.of if this.pairing else 0
    return (
        f"versions {baseline.version} and {this.candidate.version} were tested on other images "
        f"({shared:,} of {of:,} are shared, with equal labels)"
    )


def _has(versions: Sequence[str]) -> str:
    return "have" if len(versions) > 1 else "has"


def versions_in_words(versions: Sequence[str]) -> str:
    """Versions by number: `"version 2"`, `"versions 2, 3"`."""
    return f"version{'s' if len(versions) > 1 else ''} {', '.join(versions)}"


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
        return f"Only version {trained[0]} has metrics, so there is nothing to compare."
    baseline = verdicts.baseline.version
    if verdicts.best == baseline:
        return f"Version {baseline} is the best: every other one is proven worse."
    if verdicts.best is not None:
        than = f"version {baseline}" if len(trained) == 2 else "every other one"
        return f"Version {verdicts.best} is the best: it is proven better than {than}."
    return f"No version is proven the best: {_why_none_is_best(verdicts, trained)}."


def _why_none_is_best(verdicts: Verdicts, trained: Sequence[str]) -> str:
    undecided = [o for o in verdicts.others if o.candidate.metrics and not o.decision]
    if undecided:
        return why_undecided(undecided[0], verdicts.baseline)
    if len(trained) > 2:
        return "none is proven better than every other one"
    told = [VERDICTS[o.verdict] for o in verdicts.others if o.candidate.metrics]
    return f"version {trained[1]} is {told[0]}"


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
    return f"{decided} But not the whole test is known of {versions_in_words(incomplete)}."


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
        return (
            f"Nothing is decided about versions {baseline} and {row.model_version} of {project}: "
            f"{reason}.{figures}"
        )
    told = [question_in_words(each) for each in asked]
    rest = f"{sentence('; '.join(told))} {margins_in_words(verdicts.margins)}"
    return f"{_lead(row, asked, baseline, project)} {rest}"


def _lead(row: ComparedModel, asked: Sequence[AskedRate], baseline: str, project: str) -> str:
    """The first sentence about one version: what is proven, and whether it may take over."""
    this = f"version {row.model_version}"
    replace = f"replace version {baseline} of {project}"
    if row.replacement == "accept":
        if row.verdict in ("worse", "trade_off"):
            return f"{accepted_though_worse(asked, this)}; {this} may {replace}."
        quality = "better" if row.verdict == "better" else "not worse by more than the margins"
        return f"Version {row.model_version} may {replace}: it is {quality}."
    if row.replacement == "reject":
        losses = " and ".join(each.name for each in asked if each.rate.verdict == "worse")
        trade = ", though it is better in the other" if row.verdict == "trade_off" else ""
        return (
            f"Version {row.model_version} may not {replace}: it is proven worse in {losses} by "
            f"more than the margin{trade}."
        )
    proven = [each for each in asked if each.rate.verdict in ("better", "worse")]
    if proven:
        what = ", and ".join(f"{e.rate.verdict} in {e.name}" for e in proven)
        return (
            f"Version {row.model_version} is proven {what}; whether it may {replace} is undecided."
        )
    return f"Whether {this} may {replace} is undecided, which is not equal."


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
    told = "; ".join(f"{kind}: {versions_in_words(groups[kind])}" for kind in order)
    note = " (undecided is not equal)" if "undecided" in told else ""
    return f"Against version {baseline} of {project}, {told}{note}."


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

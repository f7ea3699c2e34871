"""The words of a ModelComparison: what differs, why nothing is decided, and its summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isclose
from typing import Final, NamedTuple

from lfv_mcp.analysis.candidate import Candidate, all_called, called
from lfv_mcp.analysis.decisions import ALPHA
from lfv_mcp.analysis.verdicts import Margins, Verdicts, VersionVerdict
from lfv_mcp.figures import MANY_IMAGES, count_of, points, points_upward, signed_estimate
from lfv_mcp.formats.evaluation_manifest import LINES_KEPT
from lfv_mcp.metrics import MAX_DEFAULT_MARGIN
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
        is_rejected: whether the version may not replace the baseline, for this or the other one.
    """

    name: str
    verb: str
    one: str
    images: str
    done: str
    rate: ComparedRate
    margin: float
    is_given: bool
    is_rejected: bool

    @property
    def is_proven(self) -> bool:
        """Whether a difference is proven."""
        return self.rate.p_value is not None and self.rate.verdict in ("better", "worse")

    @property
    def is_loss_held(self) -> bool:
        """Whether a proven loss is shown to be within the margin."""
        shown = self.rate.smallest_margin_shown
        return self.rate.verdict == "worse" and shown is not None and shown < self.margin

    @property
    def is_loss_beyond(self) -> bool:
        """Whether a proven loss is shown to be beyond the margin."""
        return self.rate.verdict == "worse" and not self.is_loss_held and not self.is_loss_open

    @property
    def is_loss_open(self) -> bool:
        """Whether a proven loss is neither shown to be within the margin nor beyond it."""
        rate = self.rate
        if rate.verdict != "worse" or self.is_loss_held:
            return False
        low = rate.low if rate.decision_low is None else rate.decision_low
        high = rate.high if rate.decision_high is None else rate.decision_high
        least = -(high or 0.0) if self.name == "recall" else low or 0.0
        return not (self.is_rejected and least > self.margin)


def asked_rates(row: ComparedModel, margins: Margins) -> Iterator[AskedRate]:
    """Both questions of a version."""
    is_rejected = row.replacement == "reject"
    if row.recall:
        given = "recall" in margins.given
        rate, margin = row.recall, margins.recall or 0.0
        yield AskedRate(
            "recall", "is", "defect", "defects", "caught", rate, margin, given, is_rejected
        )
    if row.false_alarm_rate:
        rate, margin = row.false_alarm_rate, margins.false_alarms or 0.0
        given = "false_alarm" in margins.given
        yield AskedRate(
            "false alarms",
            "are",
            "good part",
            "good parts",
            "passed",
            rate,
            margin,
            given,
            is_rejected,
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
    if rate.verdict == "not_worse":
        shown = rate.smallest_margin_shown or 0.0
        by = f" by more than {points_upward(shown)}" if shown else ""
        return f"{subject} not worse{by}: {figures}{_not_yet_proof(rate)}"
    if rate.verdict == "undecided":
        return (
            f"{subject} undecided (which is not equal): {figures}{_not_yet_proof(rate)}"
            f"{_what_decides(asked)}"
        )
    held = f", within the margin of {points_upward(asked.margin)}" if asked.is_loss_held else ""
    return f"{subject} {rate.verdict}: {figures}{held}{_what_is_open(asked)}"


def _not_yet_proof(rate: ComparedRate) -> str:
    """That an interval leaves out 0 though the test proves nothing, and why."""
    if rate.low is None or rate.high is None or rate.low <= 0 <= rate.high:
        return ""
    if rate.p_value is None or rate.p_adjusted is None or rate.p_adjusted <= ALPHA:
        return ""
    if rate.p_value > ALPHA:
        return "; the interval leaves out 0, which McNemar's test does not prove"
    return "; the interval leaves out 0, which is not yet proof with so many questions asked"


def _what_decides(asked: AskedRate) -> str:
    """How many images would decide an undecided question; empty if the estimate forbids it."""
    rate = asked.rate
    if rate.images_needed is not None:
        more = _more_images(asked, rate.images_needed)
        return f"; {more} would decide, if the two are in truth equal, with 80 % chance"
    loss = -(rate.difference or 0.0) if asked.name == "recall" else rate.difference or 0.0
    if loss >= asked.margin:
        where = "at" if isclose(loss, asked.margin) else "beyond"
        return f"; the estimate itself lies {where} the margin of {points_upward(asked.margin)}"
    return ""


def _what_is_open(asked: AskedRate) -> str:
    """That a proven loss is not shown to be beyond the margin; empty where that is said before.

    The verdict of a version whose replacement is undecided says it.
    """
    if not asked.is_loss_open:
        return ""
    if (needed := asked.rate.images_needed) is None:
        return f"; {open_loss(asked)} is open" if asked.is_rejected else ""
    more = _more_images(asked, needed)
    return (
        f"; {more} would tell {open_loss(asked)}, if it is in truth as measured, with 80 % chance"
    )


def open_loss(asked: AskedRate) -> str:
    """What is not known of a proven loss: `"whether by more than the 5 points allowed"`."""
    return f"whether by more than the {points_upward(asked.margin)} allowed"


def _more_images(asked: AskedRate, count: int) -> str:
    many = f"more than {MANY_IMAGES:,}" if count > MANY_IMAGES else f"about {count:,}"
    return f"{many} more {asked.one if count == 1 else asked.images}"


def open_replacement(asked: Sequence[AskedRate], baseline: str, it: str = "it") -> str:
    """What is shown of a version whose replacement is undecided, as one thought.

    `"better in recall; false alarms undecided; so not yet shown that it may replace version 2"`
    """
    proven: dict[str, list[str]] = {}
    for each in asked:
        if each.is_proven:
            proven.setdefault(each.rate.verdict or "", []).append(each.name)
    told = [f"{verdict} in {' and '.join(names)}" for verdict, names in proven.items()]
    told = [" and ".join(told)] if told else []
    lost = dict.fromkeys(points_upward(each.margin) for each in asked if each.is_loss_open)
    is_open = [f"whether by more than the {' or '.join(lost)} allowed is open"] if lost else []
    unknown = [f"{each.name} unknown" for each in asked if each.rate.difference is None]
    undecided = [f"{each.name} undecided" for each in asked if each.rate.verdict == "undecided"]
    held = [f"{each.name} not worse" for each in asked if each.rate.verdict == "not_worse"]
    if not (is_open or unknown or undecided):
        return "; ".join([*told, *held, f"replacement of {baseline} undecided"])
    if len(undecided) == len(asked):
        undecided = [VERDICTS["undecided"]]
    that = "whether" if any(each.rate.verdict == "worse" for each in asked) else "that"
    told += [*is_open, *held, *unknown, *undecided]
    return f"{'; '.join(told)}; so not yet shown {that} {it} may replace {baseline}"


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
        lacking = [c for c in (baseline, this.candidate) if c.counts is None]
        untrained = [c.version for c in lacking if not c.metrics]
        if untrained:
            return f"{all_called(untrained)} {_has(untrained)} no metrics"
        names = [c.version for c in lacking]
        several = "".join(
            ", and several sets of counts fit the reported figures"
            f"{f' of {c.in_words}' if len(lacking) > 1 else ''}"
            for c in lacking
            if c.possible_counts
        )
        return (
            f"no counts are known of {all_called(names)}: there is no EvaluationManifest{several}"
        )
    if this.basis == "recovered_counts":
        names = [c.version for c in (baseline, this.candidate) if c.is_recovered]
        return (
            f"the images of {all_called(names)} are not known: there is no EvaluationManifest, and "
            "the counts are recovered from the reported figures"
        )
    if this.basis == "too_many_images":
        return f"one of the test sets has more than {LINES_KEPT:,} images, or names none"
    if this.judged:
        return _why_no_answers(this, baseline)
    shared = len(this.pairing.images) if this.pairing else 0
    of = this.pairing.of if this.pairing else 0
    both = all_called([baseline.version, this.candidate.version])
    return (
        f"{both} were tested on other images ({shared:,} of {of:,} are shared, with equal labels)"
    )


def why_apart(this: VersionVerdict, baseline: Candidate) -> str:
    """The same in short, as it is said of several versions at once."""
    lacking: list[str] = []
    if this.basis == "no_counts":
        lacking = [c.version for c in (baseline, this.candidate) if c.counts is None and c.metrics]
        if not this.candidate.metrics:
            return "no metrics"
    if this.basis == "recovered_counts":
        lacking = [c.version for c in (baseline, this.candidate) if c.is_recovered]
    if lacking:
        return images_unknown(lacking)
    if this.basis == "other_images" and not this.judged:
        return "tested on other images"
    return why_undecided(this, baseline)


def images_unknown(versions: Sequence[str]) -> str:
    """That nobody knows on what versions were tested, as a clause."""
    return f"which images {all_called(versions)} {was(versions)} tested on is not known"


def _why_no_answers(this: VersionVerdict, baseline: Candidate) -> str:
    """Why a prediction set cannot be compared with the baseline, as a clause."""
    judged, name = this.judged, this.candidate.in_words
    if this.basis == "truth_missing" or judged is None:
        return f"no label is known of the images that {name} or {baseline.in_words} answered"
    tests = judged.tests
    if this.basis == "all_trained_on":
        names = [this.candidate.version] if judged.training.tests else []
        names += (
            [baseline.version] if baseline.predictions and baseline.predictions.training else []
        )
        return (
            f"no test image is left without those that {all_called(names)} {was(names)} trained on"
        )
    if this.basis == "too_few_answered" and judged.training.tests:
        return (
            f"without the {len(judged.training.tests):,} test images that {name} was trained on it "
            f"did not answer {len(judged.unanswered):,} of {tests:,}, which is more than a tenth"
        )
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


def was(named: Sequence[object]) -> str:
    """The verb of what is named."""
    return "were" if len(named) > 1 else "was"


def _has(versions: Sequence[str]) -> str:
    return "have" if len(versions) > 1 else "has"


_FIRST_WORDS: Final = frozenset(
    {
        *("version", "versions", "recall", "false", "of", "whether", "images"),
        *("the", "its", "it", "no", "none", "both", "every", "only", "if", "keep", "neither"),
        *("which", "nothing", "nobody", "not", "few", "one", "two", "all", "in", "at", "against"),
        *("this", "these", "that", "label", "labels", "some", "as", "where", "in", "a", "an"),
    }
)
"""What clauses begin with that do not begin with a name."""


def sentence(clause: str) -> str:
    """A clause as a sentence. The name of a prediction set that it begins with stays as it is."""
    return f"{capitalised(clause)}."


def capitalised(words: str) -> str:
    """Words with a capital first, unless the first of them is a name, or may be one."""
    is_ours = words.partition(" ")[0].rstrip(":,;") in _FIRST_WORDS
    return f"{words[:1].upper()}{words[1:]}" if is_ours else words


def margins_in_words(margins: Margins) -> str:
    """Both margins, and which of them the caller gave, as a sentence.

    A default below the usual one says why: it follows from the baseline's own errors.
    """
    told: list[str] = []
    for name, margin, question, errs in (
        ("recall", margins.recall, "recall", "misses few defects"),
        ("false alarms", margins.false_alarms, "false_alarm", "rejects few good parts"),
    ):
        if margin is None:
            continue
        how = "given" if question in margins.given else "by default"
        if how != "given" and margin < MAX_DEFAULT_MARGIN:
            how = f"by default; below {points_upward(MAX_DEFAULT_MARGIN)}, as the baseline {errs}"
        told.append(f"{points_upward(margin)} of {name} ({how})")
    return f"Margins: {', '.join(told)}." if told else "Margins: none can be said."


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

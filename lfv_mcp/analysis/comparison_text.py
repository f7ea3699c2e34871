"""The words of a ModelComparison: what differs, why nothing is decided, and its summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from lfv_mcp.analysis.candidate import Candidate, all_called, called
from lfv_mcp.analysis.verdicts import Margins, Verdicts, VersionVerdict
from lfv_mcp.figures import MANY_IMAGES, count_of, points, points_upward, signed_estimate
from lfv_mcp.formats.evaluation_manifest import LINES_KEPT
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
        *("the", "its", "it", "no", "none", "both", "every", "only"),
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

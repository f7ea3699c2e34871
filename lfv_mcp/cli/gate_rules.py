"""The rules of a gate, judged by what the tools answered. Pure: asks nothing, prints nothing.

Every number and word is a tool's own: a requirement passes if analyze_evaluation says `shown`, a
replacement if compare_models says `accept`. What is undecided did not pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from lfv_mcp import figures
from lfv_mcp.analysis.requirements_text import is_met_exactly
from lfv_mcp.cli.words import on_command_line, text_in_words
from lfv_mcp.errors import SetupError
from lfv_mcp.findings import finding

Structure = Mapping[str, Any]
"""A tool's structured answer, or an object of it."""
RuleName = Literal["recall_at_least", "false_alarms_at_most", "replacement", "better"]

STOPPING: Final = frozenset(
    {
        # Files of another model, or of another training of it.
        *("evaluation_mismatch", "description_disagrees", "metrics_disagree"),
        # A part of the test set, or images that count more than once: intervals too narrow.
        *("test_set_size_differs", "unusable_lines", "duplicate_images"),
        # Predictions that may be of other images, or other ones than were meant.
        *("matched_by_name", "predictions_disagree"),
        # Rates of what it chose to answer.
        "too_few_answered",
        # What was not read may be a newer record of this very model.
        *("files_unread", "index_stale"),
    }
)
"""Findings that fail a gate: by them the answer may rest on the wrong files, whatever it says."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the candidate has to meet; None where a rule is not asked for.

    Args:
        recall_at_least: share of the defects that it has to catch.
        false_alarms_at_most: share of the good parts that it may reject.
        baseline: the version that it is to replace.
        recall_margin: by how much its recall may be lower; None for the tool's own margin.
        false_alarm_margin: by how much its false-alarm rate may be higher; None likewise.
        better: whether it has to be proven better than the baseline, not only no worse.
    """

    recall_at_least: float | None = None
    false_alarms_at_most: float | None = None
    baseline: str | None = None
    recall_margin: float | None = None
    false_alarm_margin: float | None = None
    better: bool = False

    def names(self) -> Iterator[RuleName]:
        """The rules that are asked for, in the order in which they are judged."""
        if self.recall_at_least is not None:
            yield "recall_at_least"
        if self.false_alarms_at_most is not None:
            yield "false_alarms_at_most"
        if self.baseline is not None:
            yield "replacement"
            if self.better:
                yield "better"

    def title(self, rule: RuleName) -> str:
        """A rule with the number that it takes: `recall_at_least 0.9`, `replacement`."""
        numbers = {
            "recall_at_least": self.recall_at_least,
            "false_alarms_at_most": self.false_alarms_at_most,
        }
        return f"{rule} {numbers[rule]}" if rule in numbers else rule

    def given(self) -> dict[str, str]:
        """What was asked for, by the names of the flags, as text."""
        return {
            name.replace("_", "-"): str(value)
            for name, value in asdict(self).items()
            if value is not None and value is not False
        }


@dataclass(frozen=True, slots=True)
class Answers:
    """What the tools answered: about the candidate, and with a baseline about that and about both.

    Args:
        candidate: analyze_evaluation of the candidate, with the requirements.
        baseline: analyze_evaluation of the baseline.
        comparison: compare_models of the baseline and the candidate.
    """

    candidate: Structure
    baseline: Structure | None = None
    comparison: Structure | None = None


@dataclass(frozen=True, slots=True)
class JudgedRule:
    """One rule and whether it passed.

    Args:
        rule: which one.
        passed: whether it did.
        seen: the rate with its interval, or the tool's word.
        needed: the number or the word that it takes.
        outcome: the tool's word for what it found.
        explanation: the same for people, as whole sentences.
    """

    rule: RuleName
    passed: bool
    seen: Structure | str
    needed: float | str
    outcome: str
    explanation: str


@dataclass(frozen=True, slots=True)
class GateFinding:
    """A finding of a tool, and whether it fails the gate."""

    found: Structure
    stops: bool

    @property
    def code(self) -> str:
        """The finding's code."""
        code: str = self.found["code"]
        return code

    @property
    def is_warning(self) -> bool:
        """Whether it is more than information."""
        severity: str = self.found["severity"]
        return severity != "info"

    @property
    def text(self) -> str:
        """The finding as sentences."""
        said = " ".join(self.found[name] for name in ("message", "advice") if name in self.found)
        return on_command_line(said)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a gate decided, and by what."""

    rules: tuple[JudgedRule, ...]
    findings: tuple[GateFinding, ...]

    @property
    def passed(self) -> bool:
        """Whether every rule passed and no finding fails the gate."""
        return all(rule.passed for rule in self.rules) and not self.stopping

    @property
    def stopping(self) -> list[GateFinding]:
        """The findings that fail the gate."""
        return [each for each in self.findings if each.stops]

    def to_json(self) -> dict[str, Any]:
        """The judgement for pipes."""
        return {
            "passed": self.passed,
            "rules": [
                {
                    "rule": rule.rule,
                    "passed": rule.passed,
                    "seen": rule.seen,
                    "needed": rule.needed,
                }
                for rule in self.rules
            ],
            "findings": [
                {**each.found, **({"stops": True} if each.stops else {})} for each in self.findings
            ],
        }


def judge(rules: Rules, answers: Answers, *, sample_is_meant: bool) -> Judgement:
    """Judge every rule that is asked for.

    Args:
        rules: what is asked for.
        answers: what the tools answered.
        sample_is_meant: whether somebody wrote that the bundled sample is to be judged.

    Raises:
        SetupError: `evidence_unavailable`, what a rule is judged by could not be read.
    """
    judged = [*_requirements(rules, answers.candidate)]
    if answers.comparison is not None:
        judged += _replacement(rules, answers, answers.comparison)
    found = [*_findings(answers)]
    if answers.candidate["source"]["kind"] == "sample" and not sample_is_meant:
        found = [each for each in found if each.found["code"] != _SAMPLE.code]
        found.append(GateFinding(_SAMPLE.to_json(), stops=True))
    return Judgement(tuple(judged), tuple(sorted(found, key=lambda each: not each.stops)))


_SAMPLE: Final = finding(
    "sample_data",
    "The bundled sample answered, which is no model of yours, so the gate fails.",
    "Name your archive by --source; to try the gate on the sample, write --source sample.",
)


# Requirements


def _requirements(rules: Rules, report: Structure) -> Iterator[JudgedRule]:
    answered = {row["requirement"]: row for row in report.get("requirements", [])}
    for rule in rules.names():
        if rule in ("replacement", "better"):
            continue
        if rule not in answered:
            raise _unreadable(report, "the test images cannot be counted")
        row = answered[rule]
        yield JudgedRule(
            rule,
            row["verdict"] == "shown",
            "undefined" if "undefined" in row["seen"] else row["seen"],
            row["needed"],
            row["verdict"],
            _requirement_in_words(row, report),
        )


@dataclass(frozen=True, slots=True)
class _Class:
    """One class of test images, in words: what the model did to how many of them."""

    did: str
    count: int
    images: int
    one: str
    many: str

    def more(self, count: int) -> str:
        """So many further images of the class."""
        if count > figures.MANY_IMAGES:
            return f"more than {figures.MANY_IMAGES:,} more {self.many}"
        if count >= 100:
            return f"about {figures.two_digits(count)} more {self.many}"
        return f"{count} more {self.one if count == 1 else self.many}"

    def __str__(self) -> str:
        """What was counted: `caught 43 of 45 defects`."""
        return f"{self.did} {self.count:,} of {figures.count_of(self.images, self.one, self.many)}"


def _requirement_in_words(row: Structure, report: Structure) -> str:
    """What was measured, and what that shows of the requirement."""
    counts, needed, seen = report["confusion"], row["needed"], row["seen"]
    if "undefined" in seen:
        return f"It is not shown: {seen['undefined']}."
    if row["requirement"] == "recall_at_least":
        caught, missed = counts["true_positives"], counts["false_negatives"]
        images, limit = _Class("caught", caught, caught + missed, "defect", "defects"), "at least"
    else:
        alarms, passed = counts["false_positives"], counts["true_negatives"]
        images = _Class("rejected", alarms, alarms + passed, "good part", "good parts")
        limit = "at most"
    interval = figures.interval_of_95(seen["low"], seen["high"], images.images, needed)
    verdict = {"shown": "is shown", "not_shown": "is not shown", "refuted": "is refuted"}
    sentence = (
        f"It {images} ({interval}): {limit} {figures.limit_in_percent(needed)} "
        f"{verdict[row['verdict']]}."
    )
    return " ".join([sentence, *_what_it_would_take(row, images)])


def _what_it_would_take(row: Structure, images: _Class) -> Iterator[str]:
    """How many images would show what is not shown."""
    if row["verdict"] != "not_shown":
        return
    if (without := row.get("images_needed")) is not None:
        yield f"It would take {images.more(without)} without an error."
    if (as_measured := row.get("images_needed_as_measured")) is not None:
        yield (
            f"If the rate is in truth as measured, {images.more(as_measured)} would show it, with "
            "80 % chance."
        )
    elif is_met_exactly(row["seen"]["value"], row["needed"]):
        yield "The rate as measured meets it exactly, with no room to spare."
    else:
        yield "The rate as measured misses it."


# The comparison


def _replacement(rules: Rules, answers: Answers, comparison: Structure) -> Iterator[JudgedRule]:
    for report in (answers.candidate, answers.baseline):
        if report is not None and _code_in(report, "evaluation_manifest_unread"):
            raise _unreadable(report, "images cannot be compared one by one")
    (candidate,) = (
        row for row in comparison["models"] if row["model_version"] != comparison["baseline"]
    )
    verdict, word = candidate["verdict"], candidate.get("replacement", "undecided")
    summary = text_in_words(comparison["summary"], comparison)
    outcome = verdict if verdict == "not_comparable" else word
    yield JudgedRule(
        "replacement",
        word == "accept",
        word,
        "accept",
        outcome,
        f"{_in_words(outcome).capitalize()}, where accept is needed. {summary}"
        if word != "accept"
        else summary,
    )
    if rules.better:
        yield JudgedRule(
            "better",
            verdict == "better",
            verdict,
            "better",
            verdict,
            f"The verdict is {_in_words(verdict)}"
            + ("." if verdict == "better" else ", where better is needed."),
        )


def _in_words(code: str) -> str:
    return code.replace("_", " ")


# Findings and failures


def _findings(answers: Answers) -> Iterator[GateFinding]:
    """The findings about the candidate, and of the baseline those that fail the gate; each once."""
    comparison = answers.comparison
    found = [
        *(_with_version(each, comparison, 1) for each in _findings_of(answers.candidate)),
        *(
            _with_version(each, comparison, 0)
            for each in _findings_of(answers.baseline)
            if each["code"] in STOPPING
        ),
        *_findings_of(comparison),
    ]
    told = {_key(each): each for each in reversed(found)}
    for (code, _), each in reversed(told.items()):
        yield GateFinding(each, stops=code in STOPPING)


def _findings_of(answer: Structure | None) -> Sequence[Structure]:
    return () if answer is None else answer["findings"]


def _key(found: Structure) -> tuple[str, str]:
    return found["code"], found["message"]


def _with_version(found: Structure, comparison: Structure | None, place: int) -> Structure:
    """A finding of one of two models, with the version that it is about.

    Args:
        found: the finding.
        comparison: the answer about both; None if there is one model only.
        place: of the model in the comparison.
    """
    if comparison is None or _is_about_the_source(found, comparison):
        return found
    version: str = comparison["models"][place]["model_version"]
    name = f"Version {version}" if version.isdigit() else version
    return {**found, "message": f"{name}: {found['message']}"}


def _is_about_the_source(found: Structure, comparison: Structure) -> bool:
    """Whether the answer about both models has the same finding."""
    return _key(found) in map(_key, _findings_of(comparison))


def _code_in(answer: Structure, code: str) -> Structure | None:
    return next((each for each in _findings_of(answer) if each["code"] == code), None)


def _unreadable(report: Structure, so_that: str) -> SetupError:
    """The error of a rule that cannot be judged, with the reason that the tool gave."""
    why = (_code_in(report, code) for code in ("evaluation_manifest_unread", "truth_missing"))
    nothing: Structure = {}
    found = next(filter(None, why), nothing)
    reason = found.get("message", "Its evaluation manifest is not there.")
    return SetupError(
        "evidence_unavailable",
        f"The gate cannot decide, for {so_that}. {reason}",
        found.get("advice", "")
        or "Bring the EvaluationManifest of the version into the archive, and run the gate again.",
    )

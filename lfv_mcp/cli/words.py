"""What answers and failures say, in the words of a command line: commands, arguments, flags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from lfv_mcp.errors import CallerError, LfvError
from lfv_mcp.model_query import InvalidArgumentError

_BOTH_COSTS: Final = "--cost-of-escape 10 --cost-of-false-reject 1"
_PLACES: Final = {
    "project_name": ("PROJECT", "sample-cap-seal"),
    "model_version": ("VERSION", "3"),
    "model_versions": ("VERSIONS", "1 3"),
    "status": ("--status", "--status HOSTED"),
    "defect_rate": ("--defect-rate", "--defect-rate 0.01"),
    "threshold": ("--threshold", "--threshold 0.8"),
    "cost_of_escape": ("--cost-of-escape", _BOTH_COSTS),
    "cost_of_false_reject": ("--cost-of-false-reject", _BOTH_COSTS),
    "recall_at_least": ("--recall-at-least", "--recall-at-least 0.95"),
    "false_alarms_at_most": ("--false-alarms-at-most", "--false-alarms-at-most 0.05"),
    "recall_margin": ("--recall-margin", "--recall-margin 0.02"),
    "false_alarm_margin": ("--false-alarm-margin", "--false-alarm-margin 0.02"),
    "max_examples": ("--examples", "--examples 5"),
}
"""What the command line calls an argument of a tool, and a good value of it."""
_COMMANDS: Final = {
    "describe_model": "`lfv-mcp describe`",
    "list_models": "`lfv-mcp list`",
    "analyze_evaluation": "`lfv-mcp evaluate`",
    "compare_models": "`lfv-mcp compare`",
}
"""The command that asks what a tool asks."""
_WHOLE: Final = (
    # What reads well only as a whole comes before the single words.
    (
        r"name 'hosted' first in model_versions \(command line: VERSIONS hosted \.\.\.\)",
        "name `hosted` first",
    ),
    (r"model_version='hosted' \(command line: VERSION hosted\)", "give `hosted` as VERSION"),
    (r"(?:lookoutvision://\S+, or )?(`lfv-mcp inventory[^`]*`) in a terminal", r"\1"),
    (r"\bPass region\b", "Pass --region"),
    (r"\bleave region out\b", "leave --region out"),
    (r"\b[Ss]ay (so|it) on the command line: ", r"Say \1: "),
    (r"\bThis server (?=may not\b|made a mistake\b)", "This command "),
    (r"\bIts operator can add the bucket to\b", "Add the bucket to"),
    (r"\bcompare_models, with the version first", "`lfv-mcp compare`, with the version first"),
    (r"\bonly compare_models ranks\b", "only `lfv-mcp compare` ranks"),
    (r"\b([Ss]ee|[Rr]ead) status_message\b", r"\1 the status message"),
    (r"\btell analyze_evaluation the defect rate\b", "tell `lfv-mcp evaluate` the defect rate"),
    # What an answer rests on is an answer of the API, which has a name of its own.
    (r"(?<=\()describe_model(?=\), )", "DescribeModel"),
    (r"(?<=\()list_models(?=\), )", "ListModels"),
)
_COMPILED: Final = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        *((rf"\b{tool}\b", command) for tool, command in _COMMANDS.items()),
        *((rf"\b{name}\b", place) for name, (place, _) in _PLACES.items() if "_" in name),
    )
)
_SAID: Final = ("message", "advice")
"""The members of a finding that are sentences."""
_KEPT: Final = re.compile(r"(`[^`\n]*`|(?<!\w)'[^'\n]*'(?!\w))")
"""Commands and values that are quoted, which stay as they are."""


def on_command_line(text: str) -> str:
    """A sentence of ours, with the names that a person in a terminal uses.

    Values that it quotes stay as they are: a file may be called `project_name`.
    """
    return "".join(
        part if at % 2 else _in_words(part)  # every second part is what the pattern caught
        for at, part in enumerate(_KEPT.split(_phrases_in_words(text)))
    )


def _phrases_in_words(text: str) -> str:
    """A text with our own phrases in it alone changed: no name is like one of them."""
    for pattern, said in _WHOLE:
        text = re.sub(pattern, said, text)
    return text


def _in_words(text: str) -> str:
    for pattern, said in _COMPILED:
        text = pattern.sub(said, text)
    return text


def text_in_words(text: str, answer: Mapping[str, Any]) -> str:
    """A text of an answer in the words of a command line: what its findings say, and our phrases.

    A summary names projects, versions and sets without quotes, so no single word of it is changed.
    """
    for found in answer.get("findings", ()):
        for sentence in (found["message"], found.get("advice", "")):
            if (said := on_command_line(sentence)) != sentence:
                text = text.replace(sentence, said)
    return _phrases_in_words(text)


def answer_in_words(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer with its summary and findings in the words of a command line."""
    said = dict(answer)
    if "summary" in answer:
        said["summary"] = text_in_words(answer["summary"], answer)
    if "findings" in answer:
        said["findings"] = [
            found | {part: on_command_line(found[part]) for part in _SAID if part in found}
            for found in answer["findings"]
        ]
    return said


def failure_in_words(error: LfvError) -> LfvError:
    """The same failure, in the words of a command line."""
    if isinstance(error, InvalidArgumentError):
        name, example = _PLACES.get(error.argument, (error.argument, ""))
        shown = error.shown_value
        if name == "VERSIONS":  # a list is no word of a command line
            shown = re.sub(r"[\[\]',]", "", shown)
        if error.meant and name.startswith("--"):
            example = f"{name} {error.meant}"
        correct = f"Correct it, for example: {example}." if example else "Correct it."
        refused = f"{name}: {shown} is not accepted: {on_command_line(error.rule)}."
        return CallerError(
            error.code,
            f"{refused} {error.known}".strip(),
            on_command_line(error.step) or correct,
        )
    said = error.saying(on_command_line(error.message), on_command_line(error.next_step))
    said.question = re.sub(r"\b(?:project|model)_(name|versions?)\b", _asked, error.question)
    return said


def _asked(found: re.Match[str]) -> str:
    return "project" if found[1] == "name" else found[1]

"""What the prompt files tell a model: names that exist, no arithmetic, honest advice."""

from __future__ import annotations

import re
from typing import Final

import pytest

from lfv_mcp.findings import FINDINGS
from lfv_mcp.results.base import Result
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.evaluation_report import EvaluationReport
from lfv_mcp.results.model_comparison import ModelComparison
from lfv_mcp.results.model_list import ModelList
from lfv_mcp.results.model_summary import ModelSummary
from lfv_mcp.server.prompts import Prompt, check, prompts, render
from lfv_mcp.server.tools import TOOLS

PROMPTS: Final = prompts()
ARITHMETIC: Final = re.compile(
    r"""
    [0-9A-Za-z_)}]\s+[x\u00d7*/+=\u2212]\s+[0-9A-Za-z_({]  # a formula; a limit is met below
    | \d\s*-\s*[A-Za-z_]                           # 1 - recall
    | \b(multipl\w+|divid\w+|subtract\w*|sum\s+up|add\s+up|minus|average\s+the|calculate)\b
    | (?<!not\ )(?<!do\ not\ )\bcompute\b(?!\s+(none|one\s+yourself))
    """,
    re.VERBOSE | re.IGNORECASE,
)
LIMITS_OF_THE_SERVICE: Final = "10 + 10 for testing"
"""A limit of the service and no sum: ten images of each class."""

every_prompt = pytest.mark.parametrize("name", PROMPTS)


def flowing(prompt: Prompt) -> str:
    """The text of a prompt on one line."""
    return " ".join(prompt.text.split())


@every_prompt
def test_no_prompt_leaves_arithmetic_to_the_model(name: str) -> None:
    text = flowing(PROMPTS[name]).replace(LIMITS_OF_THE_SERVICE, "")
    assert not [match[0] for match in ARITHMETIC.finditer(text)]


@pytest.mark.parametrize(
    "text",
    [
        "escapes = 1,000,000 x d x (1 - recall)",
        "cost = escapes x cost of an escape + false rejects x cost of a false reject",
        "escapes (1 - recall)",
        "compute per million parts, with d the defect rate",
        "Multiply the rate by the cost.",
        "score = Confidence if IsAnomalous",
    ],
)
def test_the_check_knows_arithmetic(text: str) -> None:
    assert ARITHMETIC.search(text)


@every_prompt
def test_a_prompt_fills_in_its_arguments_and_no_others(name: str) -> None:
    prompt = PROMPTS[name]
    assert set(re.findall(r"\{([a-z_]+)\}", prompt.text)) == {a.name for a in prompt.arguments}
    assert set(prompt.models) <= {a.name for a in prompt.arguments} | {"latest"}


@every_prompt
def test_tools_that_a_prompt_names_exist(name: str) -> None:
    named = set(re.findall(r"`((?:describe|list|analyze|compare)_\w+)`", PROMPTS[name].text))
    assert named <= {tool.name for tool in TOOLS}
    assert named or name == "diagnose_training"


WANTED: Final[dict[str, tuple[str, set[str], type[Result], set[str]]]] = {
    "choose_threshold": (
        "analyze_evaluation",
        {"project_name", "model_version", "defect_rate", "cost_of_escape", "cost_of_false_reject"},
        EvaluationReport,
        {"cost", "cheapest", "built_in", "reject_nothing", "reject_everything", "decided"},
    ),
    "compare_model_versions": (
        "compare_models",
        {"project_name", "model_versions"},
        ModelComparison,
        {"recall", "false_alarm_rate", "verdict", "smallest_margin_shown", "images_needed"},
    ),
    "accept_successor": (
        "compare_models",
        {"project_name", "model_versions", "recall_margin", "false_alarm_margin"},
        ModelComparison,
        {"replacement", "verdict", "smallest_margin_shown", "images_needed"},
    ),
}


@pytest.mark.parametrize("name", WANTED)
def test_what_a_prompt_reads_and_passes_is_published(name: str) -> None:
    tool_name, arguments, answer, members = WANTED[name]
    text = flowing(PROMPTS[name])
    for word in arguments | members:
        assert word in text, word
    (tool,) = (tool for tool in TOOLS if tool.name == tool_name)
    assert arguments <= {argument.name for argument in tool.arguments}
    assert members <= member_names(answer)


def member_names(answer: type[Result]) -> set[str]:
    """The names of all members of an answer, at any depth, as its schema publishes them."""
    schema = answer.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return {name for part in parts for name in part.get("properties", {})}


@every_prompt
def test_every_member_that_a_prompt_names_is_published(name: str) -> None:
    published = {
        member
        for answer in (ModelSummary, ModelList, EvaluationReport, ModelComparison, Finding, Source)
        for member in member_names(answer)
    }
    published |= {argument.name for tool in TOOLS for argument in tool.arguments}
    published |= {tool.name for tool in TOOLS} | FINDINGS.keys()
    written = set(re.findall(r"`([a-z]+(?:[._][a-z_]+)+)`", PROMPTS[name].text))
    assert {part for path in written for part in path.split(".")} <= published


@pytest.mark.parametrize("name", [n for n in PROMPTS if n != "choose_threshold"])
def test_labels_are_re_judged_blind(name: str) -> None:
    text = flowing(PROMPTS[name])
    assert "blind" in text
    assert not re.search(r"check (the )?labels", text)


def test_an_interval_is_explained_with_what_it_assumes() -> None:
    text = flowing(PROMPTS["explain_performance_metrics"])
    assert "in 95 of 100 such test sets it holds the true value" in text
    assert "if the images are drawn like the line's parts" in text
    assert "sampling error only" in text


def test_a_replacement_is_decided_by_non_inferiority_and_by_no_old_interval() -> None:
    text = flowing(PROMPTS["plan_migration"])
    assert "non-inferiority" in text
    for word in ("`replacement` accept", "`recall_margin`", "`images_needed`"):
        assert word in text
    assert not re.search(r"must not lie below|old `(low|high)`", text)


def test_a_migration_starts_from_what_is_held_and_ends_with_the_decision() -> None:
    steps = re.split(r"(?m)^\d\. ", PROMPTS["plan_migration"].text)[1:]
    first, last = (" ".join(step.split()) for step in (steps[0], steps[-1]))
    assert first.startswith("**What is held**, from the inventory")
    assert "prompt accept_successor with project_name {project_name}" in last
    (successor,) = (p for p in PROMPTS.values() if p.name == "accept_successor")
    assert {a.name for a in successor.arguments} == {"project_name", "baseline", "successor"}
    assert all(word in last for word in ("baseline", "successor"))


def test_undecided_is_never_equal() -> None:
    for name in ("compare_model_versions", "accept_successor", "plan_migration"):
        text = flowing(PROMPTS[name]).lower()
        assert "undecided" in text
        assert re.search(r"never call that equal|does not mean equal", text), name
        assert "call again with a wider" not in text.replace("do not call again with a wider", "")


def test_the_defect_rate_is_an_argument_of_choose_threshold() -> None:
    prompt = PROMPTS["choose_threshold"]
    given = {"project_name": "p", "defect_rate": "0.01", "cost_of_escape": "10 EUR"}
    text = render(prompt, check(prompt, given))
    assert "Defect rate of the line: 0.01." in text
    assert "Cost of an escape: 10 EUR." in text
    assert "Cost of a false reject: not given." in " ".join(text.split())

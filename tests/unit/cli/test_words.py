"""Answers and failures in the words of a command line: no tool is left in them."""

from __future__ import annotations

import json
import re
from typing import Final

import pytest

from lfv_mcp.cli.words import on_command_line
from tests.support.clients import run
from tests.support.sentences_of_code import sentences_of_code

_ELSEWHERE: Final = re.compile(
    r"\b(?:describe_model|list_models|analyze_evaluation|compare_models|project_name|model_versions?"
    r"|defect_rate|cost_of_\w+|max_examples|recall_margin|false_alarm_margin)\b"
    r"|[Pp]ass region|command line|call again"
)
"""What a person in a terminal does not have."""
_REACHED: Final = ("aws", "analysis", "catalog", "wiring", "formats/predictions")
"""Where findings and failures are made."""


@pytest.mark.slow
def test_no_sentence_keeps_a_word_of_the_tools() -> None:
    sentences = [each for each in sentences_of_code(*_REACHED) if " " in each[1]]
    assert len([text for _, text in sentences if _ELSEWHERE.search(text)]) > 10
    said = {where: on_command_line(text) for where, text in sentences}
    assert {where: text for where, text in said.items() if _ELSEWHERE.search(text)} == {}


@pytest.mark.parametrize("name", ["project_name", "describe_model"])
def test_a_quoted_value_stays_as_it_is(name: str) -> None:
    assert on_command_line(f"There is no file 'a/{name}/b'.") == f"There is no file 'a/{name}/b'."
    assert on_command_line(f"Run `lfv-mcp {name}`.") == f"Run `lfv-mcp {name}`."


def test_answers_name_commands_and_the_json_is_that_of_the_tools() -> None:
    command = ("describe", "sample-cap-seal", "3")
    shown, structure = run(*command).stdout, json.loads(run(*command, "--json").stdout)
    assert "tell `lfv-mcp evaluate` the defect rate" in shown
    advice = [each.get("advice", "") for each in structure["findings"]]
    assert any("tell analyze_evaluation the defect rate" in each for each in advice)


def test_failures_name_arguments_and_commands() -> None:
    refused = run("compare", "sample-weld-bead", "1")
    assert refused.stderr.startswith("VERSIONS: 1 is not accepted: ")
    without = run("evaluate", "sample-cap-seal", "4")
    assert "`lfv-mcp list` for other versions" in without.stderr
    assert "project=sample-cap-seal, version=4" in without.stderr

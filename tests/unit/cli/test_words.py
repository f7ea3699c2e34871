"""Answers and failures in the words of a command line: no tool is left in them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Final

import pytest

from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.cli.words import on_command_line
from tests.support.clients import run
from tests.support.sentences_of_code import sentences_of_code
from tests.support.successors import as_csv, truths, verdicts

_ELSEWHERE: Final = re.compile(
    r"\b(?:describe_model|list_models|analyze_evaluation|compare_models|project_name|model_versions?"
    r"|defect_rate|cost_of_\w+|max_examples|recall_margin|false_alarm_margin|status_message)\b"
    r"|[Pp]ass region|command line|call again|This server may not|Its operator can"
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
    assert refused.stderr.startswith("Error: VERSIONS: 1 is not accepted: ")
    without = run("evaluate", "sample-cap-seal", "4")
    assert "`lfv-mcp list` for other versions" in without.stderr
    assert "project=sample-cap-seal, version=4" in without.stderr


MODELS: Final = [
    (row["project_name"], row["model_version"])
    for row in json.loads(run("list", "--json").stdout)["models"]
]


def words_of_tools(said: str) -> set[str]:
    """The names of tools and of their arguments in a text; data, and what it rests on, is none."""
    said = re.sub(r"(?s)<(script|style).*?</\1>", "", said)
    said = re.sub(r'"\w+": ?|"describe_model"|\bsample, describe_model\b', "", said)
    return {found[0] for found in _ELSEWHERE.finditer(said)}


def test_no_text_of_a_command_names_a_tool(tmp_path: Path) -> None:
    table = tmp_path / "new.csv"
    table.write_bytes(as_csv(verdicts(truths())))
    lines: list[tuple[object, ...]] = [
        ("list",),
        ("inventory",),
        ("doctor",),
        ("archive", "check", SAMPLE),
    ]
    for number, (project, version) in enumerate(MODELS):
        page = tmp_path / f"{number}.html"
        lines += [
            ("describe", project, version),
            ("evaluate", project, version, "--html", page),
            ("evaluate", project, version, "--defect-rate", "0.01", "--cost-of-escape", "10"),
            ("gate", project, version, "--recall-at-least", "0.9", "--baseline", "1"),
            ("compare", project, "1", version, "--html", tmp_path / f"{number}.compared.html"),
            ("export", project, version, "--format", "huggingface", "--to", "-"),
            ("export", project, version, "--format", "sagemaker", "--to", "-"),
        ]
    with_set = ("sample-weld-bead", "new")
    archive = tmp_path / "archive"
    shutil.copytree(SAMPLE, archive)
    imported = ("archive", "import", table, "--predictions", "new", "--to", archive)
    run(*imported, "--project", with_set[0])
    lines += [
        ("describe", *with_set, "--source", archive),
        ("evaluate", *with_set, "--source", archive, "--html", tmp_path / "set.html"),
        ("list", "--source", archive),
        ("inventory", "--source", archive),
        ("export", *with_set, "--source", archive, "--format", "huggingface", "--to", "-"),
    ]
    named = {line: words_of_tools(run(*line).output) for line in lines}
    assert {line: found for line, found in named.items() if found} == {}
    for page in tmp_path.glob("*.html"):
        assert words_of_tools(page.read_text(encoding="utf-8")) == set(), page


@pytest.mark.parametrize(
    "line",
    [
        ("describe", "nope"),
        ("evaluate", "sample-cap-seal", "99"),
        ("evaluate", "sample-cap-seal", "3", "--cost-of-escape", "10"),
        ("evaluate", "sample-cap-seal", "3", "--defect-rate", "2"),
        ("compare", "sample-cap-seal", "1", "3", "--recall-margin", "2"),
        ("compare", "sample-cap-seal", "1", "1"),
        ("list", "--status", "nope"),
        ("describe", "bad name"),
        ("describe", "sample-cap-seal", "bad version"),
        ("inventory", "nope"),
        ("list", "--source", "s3://not-allowed/x", "--allowed-bucket", "another"),
    ],
)
def test_no_refusal_names_a_tool(line: tuple[str, ...]) -> None:
    result = run(*line)
    assert result.exit_code == 1
    assert words_of_tools(result.output) == set()

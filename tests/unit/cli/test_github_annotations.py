"""Lines for the log of a GitHub job, read back as its runner reads them."""

from __future__ import annotations

import json
from typing import Final, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.cli.github_annotations import annotation, json_without_commands, without_commands

COMMANDS: Final = {"error", "warning", "notice", "set-output", "add-mask", "stop-commands", "debug"}
HOSTILE: Final = [
    "::error::gotcha",
    "  ::add-mask::a",
    "a\n::stop-commands::token",
    "a\r::debug::x",
    "a%0A::error::x",
    "a ##[add-mask]secret",
    "::::error::::",
    "###[[debug]##[debug]",
    "##\u200b[debug]x",
    ":\u200b:error:\u200b:x",
    "title,file=a.py::x",
    "100 % of 5,000: yes",
]
pieces = st.sampled_from([*":#[]%,=\r\n\t 0AD25\u2028\u200b", "::", "##[", "error", "debug"])
hostile = st.sampled_from(HOSTILE) | st.lists(pieces, max_size=12).map("".join) | st.text()


class Command(NamedTuple):
    """What the runner makes of a line: a command with its properties, and the rest."""

    name: str
    properties: dict[str, str]
    message: str


def command_in(line: str) -> Command | None:
    """A command in a line of the log, by the two syntaxes of the runner."""
    if found := _second_syntax(line.lstrip()):
        return found
    start = line.find("##[")
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    name = line[start + 3 : end].partition(" ")[0]
    return Command(name, {}, line[end + 1 :]) if name in COMMANDS else None


def _second_syntax(line: str) -> Command | None:
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, told = line[2:end].partition(" ")
    if name not in COMMANDS:
        return None
    pairs = [part.partition("=") for part in told.strip().split(",") if part]
    properties = {key: _unescaped(value, "\r\n:,%") for key, _, value in pairs}
    return Command(name, properties, _unescaped(line[end + 2 :], "\r\n%"))


def _unescaped(text: str, characters: str) -> str:
    for character in characters:
        text = text.replace(f"%{ord(character):02X}", character)
    return text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("::error::gotcha", Command("error", {}, "gotcha")),
        (
            "  ::error title=a%3Ab%2C%25,line=3::x%0Ay",
            Command("error", {"title": "a:b,%", "line": "3"}, "x\ny"),
        ),
        ("a ##[debug]secret", Command("debug", {}, "secret")),
        ("a ::error::gotcha", None),
        ("::unknown::x", None),
        ("##[error", None),
    ],
)
def test_the_reader_of_these_tests_finds_what_the_runner_finds(
    line: str, expected: Command | None
) -> None:
    assert command_in(line) == expected


@given(title=hostile, message=hostile)
def test_an_annotation_is_one_command_with_the_text_in_it(title: str, message: str) -> None:
    line = annotation("error", title, message)
    assert len(line.splitlines()) == 1
    command = command_in(line)
    assert command is not None
    assert command.name == "error"
    assert set(command.properties) <= {"title"}
    # The runner drops an empty title, and blanks at its end.
    assert command.properties.get("title", "") == without_commands(title).rstrip()
    assert command.message == without_commands(message)


@given(hostile)
def test_text_without_commands_is_one_line_that_the_runner_prints(text: str) -> None:
    line = without_commands(text)
    assert "\n" not in line
    assert "\r" not in line
    for before in ("", "  ", "note  files_unread: "):
        assert command_in(before + line) is None


@given(hostile, hostile)
def test_json_stays_what_it_was(key: str, value: str) -> None:
    structure = {"findings": [{"message": value, "##[debug]": key}], "passed": False}
    text = json_without_commands(structure)
    assert json.loads(text) == structure
    assert not any(command_in(line) for line in text.split("\n"))


def test_what_people_read_is_said_as_it_was() -> None:
    line = annotation("warning", "lfv-mcp gate: margin_wide", "100 % of 5,000: yes")
    assert line == "::warning title=lfv-mcp gate%3A margin_wide::100 %25 of 5,000: yes"

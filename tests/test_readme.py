"""Every command and snippet that people are shown: run, or parsed by what would run it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import pytest
from click.testing import CliRunner

from lfv_mcp.cli import SAMPLE, main
from lfv_mcp.errors import ERRORS
from lfv_mcp.summary import FINDINGS
from scripts.checks import ROOT

PAGES: Final = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CI: Final = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
ELSEWHERE: Final = {
    # What other programs do with their arguments is theirs; what is ours in them is checked below.
    *("apt-get", "aws", "claude", "curl", "docker", "export", "git", "npm", "pip", "uv", "uvx"),
    *(".venv/bin/pip",),
}
OURS: Final = {"lfv-mcp", ".venv/bin/lfv-mcp"}
PYTHON: Final = {"python", "python3", ".venv/bin/python"}


class Shown(NamedTuple):
    """A piece of a page."""

    page: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(*languages: str) -> Iterator[Shown]:
    """The fenced blocks in these languages."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(r"(?ms)^```(\w*)\n(.*?)^```$", text):
            if found[1] in languages:
                yield Shown(page, text.count("\n", 0, found.start()) + 2, found[2])


def commands() -> Iterator[Shown]:
    """Every single command of the shell blocks, and ours that stand in running text."""
    for block in blocks("sh", "bash", "console", "shell"):
        for number, line in enumerate(block.text.replace("\\\n", " ").splitlines(), block.line):
            for part in re.split(r"\s(?:&&|\|\|?|;)\s", line.removeprefix("$ ")):
                if shlex.split(part, comments=True):
                    yield Shown(block.page, number, part)
    for page in PAGES:
        text = re.sub(
            r"(?ms)^```.*?^```$", lambda found: "\n" * found[0].count("\n"), page.read_text("utf-8")
        )
        for found in re.finditer(r"`(lfv-mcp [^`]+)`", text):
            # In running text `...` stands for the rest.
            if "..." not in found[1]:
                yield Shown(page, text.count("\n", 0, found.start()) + 1, found[1])


def words(command: str) -> list[str]:
    """A command's words, without settings before it, redirections and a last &."""
    split = shlex.split(command, comments=True)
    while split and re.fullmatch(r"[A-Z_]+=.*", split[0]):
        split.pop(0)
    cut = next((i for i, word in enumerate(split) if re.match(r"[0-9]?[<>]|&$", word)), len(split))
    return split[:cut]


COMMANDS: Final = list(commands())


def parse(arguments: list[str]) -> click.Context:
    """What click makes of our arguments, without doing it.

    Raises:
        click.UsageError: it would refuse them.
    """
    context = click.Context(main, info_name="lfv-mcp")
    command: click.Command = main
    while isinstance(command, click.Group):
        if not arguments or arguments[0].startswith("-"):
            return command.make_context("lfv-mcp", arguments, resilient_parsing=True)
        name, found, arguments = command.resolve_command(context, arguments)
        assert found
        command = found
        if not isinstance(command, click.Group):
            return command.make_context(name, arguments, parent=context)
        context = click.Context(command, parent=context)
    raise AssertionError("unreachable")


@pytest.mark.parametrize("shown", COMMANDS, ids=map(str, COMMANDS))
def test_command_is_one_that_there_is(shown: Shown) -> None:
    match words(shown.text):
        case []:
            pass  # settings alone
        case [program, *arguments] if program in OURS:
            parse(arguments)
        case [program, "-m", module, *_] if program in PYTHON:
            assert module in {"venv", "pytest", "lfv_mcp"}
        case [program, script, *_] if program in PYTHON:
            assert (ROOT / script).is_file()
        case [program, *_]:
            assert program in ELSEWHERE or (ROOT / program).is_file(), program


def test_a_wrong_command_would_be_noticed() -> None:
    for wrong in ("describ x", "describe", "list --no-such", "archive", "replay --port x"):
        with pytest.raises((click.UsageError, AssertionError)):
            assert parse(wrong.split()).params


def test_first_commands_of_the_readme_are_run_before_landing() -> None:
    for heading in ("Try it", "Test it"):
        assert f"readme '{heading}'" in CI
        text = PAGES[0].read_text(encoding="utf-8")
        assert re.search(rf"(?ms)^## {heading}\n+```sh\n.+?^```$", text)


def test_the_way_to_an_archive_works_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The README's own lines, with a local directory instead of a bucket."""
    monkeypatch.setenv("HOME", str(tmp_path))
    shutil.copytree(SAMPLE, tmp_path / "saved-answers")
    lines = [c for c in COMMANDS if c.page.name == "README.md" and "~/lfv-archive" in c.text]
    ran = 0
    for shown in lines:
        arguments = [
            word.replace("~", str(tmp_path), 1)
            for word in words(shown.text)[1:]
            if not word.startswith("s3://")
        ]
        if arguments[0] in {"archive", "list", "describe", "doctor"}:
            result = CliRunner().invoke(main, arguments)
            assert result.exit_code == 0, f"{shown}: {result.output}"
            ran += 1
    assert ran >= 2


JSON: Final = list(blocks("json"))


@pytest.mark.parametrize("shown", JSON, ids=map(str, JSON))
def test_json_parses(shown: Shown) -> None:
    parsed: dict[str, Any] = json.loads(shown.text)
    for server in (parsed.get("mcpServers") or parsed.get("servers") or {}).values():
        assert "url" in server or isinstance(server["command"], str)
        for variable in server.get("env", {}):
            assert variable in known_variables()


def test_claude_code_starts_what_the_others_start() -> None:
    added = [words(c.text) for c in COMMANDS if c.text.startswith("claude mcp add")]
    assert added
    for command in added:
        if "--" in command:
            assert command[command.index("--") - 1] == "lfv"
            assert command[command.index("--") + 1 :] == ["uvx", "lfv-mcp"]


# What pages name must exist


def parameters(command: click.Command) -> Iterator[click.Parameter]:
    yield from command.params
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from parameters(below)


def known_variables() -> set[str]:
    """Every variable that a command's help names, and those that boto3 reads by itself."""
    helped = {
        variable
        for parameter in parameters(main)
        for variable in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+", getattr(parameter, "help", "") or "")
    }
    return helped | {
        *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LOOKOUTVISION", "AWS_ENDPOINT_URL_S3"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_EC2_METADATA_DISABLED", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"),
        *("AWS_CA_BUNDLE", "AWS_MAX_ATTEMPTS"),
        *("LFV_TEST_CACHE", "LFV_UPDATE_SNAPSHOTS"),  # of the tests
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_variables_exist(page: Path) -> None:
    named = set(re.findall(r"`((?:LFV|AWS)_[A-Z0-9_]+)(?![\w.])", page.read_text(encoding="utf-8")))
    assert named <= known_variables()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_flags_exist(page: Path) -> None:
    if page.name in {"performance.md", "faults.md"}:
        return  # they show the flags of scripts
    flags = {option for parameter in parameters(main) for option in parameter.opts}
    theirs = {"--check", "--bundle", "--help", "--version", "--init", "--endpoint-url", "--query"}
    text = re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8"))
    assert set(re.findall(r"`(--[a-z][a-z-]+)(?![-\w.])", text)) <= flags | theirs


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            place = (page.parent / path) if path else page
            assert place.exists(), target
            if anchor:
                headings = re.findall(r"(?m)^#+ (.+)$", place.read_text(encoding="utf-8"))
                slugs = [re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings]
                assert anchor in slugs, target


def test_every_error_has_a_line_in_troubleshooting() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", page)) | {"throttled", "conflict"}
    assert set(ERRORS) <= named
    assert named <= set(ERRORS) | set(FINDINGS) | {"insufficient_scope", "project_name"}

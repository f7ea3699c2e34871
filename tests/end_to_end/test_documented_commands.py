"""Every command and snippet that people are shown: run, or parsed by what would run it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import pytest
from click.testing import CliRunner

from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.cli import config_command
from lfv_mcp.cli.environment import EnvironmentOption, variables_of
from lfv_mcp.cli.main import main
from lfv_mcp.errors import ERRORS
from lfv_mcp.findings import FINDINGS
from scripts.check_foreign_clients import INSTALL
from scripts.checks import ROOT
from tests.support.s3 import Buckets, directed, moto_server
from tests.support.saved_records import tree
from tests.support.successors import as_csv, truths, verdicts

PAGES: Final = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CI: Final = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
# What other programs do with their arguments is theirs; these are the sub-commands that are shown.
ELSEWHERE: Final = {
    INSTALL,
    *(("claude", "mcp", "add"), ("docker", "build"), ("docker", "run")),
    *(("pip", "install"), (".venv/bin/pip", "install"), ("apt-get", "install")),
    ("aws", "lookoutvision", "list-projects"),
    # Run by scripts/check_external_hosts.py, from which the page's lines are made.
    *(("claude", "-p"), ("codex", "exec"), ("gemini", "-p"), ("qwen", "-p"), ("copilot", "-p")),
    ("opencode", "run"),
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
        case ["export", *variables]:
            assert {variable.partition("=")[0] for variable in variables} <= known_variables()
        case ["uv", *_] as whole:
            assert tuple(whole) == INSTALL  # run by scripts/check_foreign_clients.py
        case [program, *_] as whole:
            known = any(tuple(whole[: len(start)]) == start for start in ELSEWHERE)
            assert known or (ROOT / program).is_file(), whole


def test_a_wrong_command_would_be_noticed() -> None:
    for wrong in ("describ x", "describe", "list --no-such", "archive", "replay --port x"):
        with pytest.raises((click.UsageError, AssertionError)):
            assert parse(wrong.split()).params
    for wrong in ("uv tool instal .", "uv tool install lfv", "docker compose up", "claude mcp ad"):
        with pytest.raises(AssertionError):
            test_command_is_one_that_there_is(Shown(PAGES[0], 1, wrong))


def test_first_commands_of_the_readme_are_run_before_landing() -> None:
    for heading in ("Try it", "Test it"):
        assert f"readme '{heading}'" in CI
        text = PAGES[0].read_text(encoding="utf-8")
        assert re.search(rf"(?ms)^## {heading}\n+```sh\n.+?^```$", text)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The README's bucket, with the evaluation files of its project."""
    files = {
        f"{prefix}/{name}": data
        for prefix in ("my-project", "my-prefix")
        for name, data in tree(SAMPLE / "evaluation").items()
    }
    with moto_server() as url:
        directed(monkeypatch, url)
        Buckets().make("my-bucket", files)
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("bucket")
def test_every_command_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a home of its own, in the order of the page; servers are ended after their first line."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LFV_PORT", "0")  # 8000 may be taken
    # The clone that is tested may be in a temporary folder, which `config` refuses.
    monkeypatch.setattr(config_command, "passing_folder", lambda *_: None)
    shutil.copytree(SAMPLE / "describe-model", tmp_path / "saved-answers")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "predictions.csv").write_bytes(as_csv(verdicts(truths())))
    first_lines = []
    for shown in [c for c in COMMANDS if c.page == PAGES[0] and words(c.text)[0] in OURS]:
        arguments = [re.sub("^~", str(tmp_path), word) for word in words(shown.text)[1:]]
        if arguments[0] in {"serve", "replay"}:
            first_lines.append(first_line(arguments))
        else:
            ran(arguments)
    served, replayed = first_lines
    assert re.fullmatch(r"listening on http://127\.0\.0\.1:\d+/mcp\n", served)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+\n", replayed)
    # What was in the bucket has been imported with what was saved.
    archive = ["--source", str(tmp_path / "lfv-archive")]
    assert "was HOSTED when captured" in ran(["describe", "sample-cap-seal", "3", *archive])
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    assert "`evaluate ... --html FILE`" in PAGES[0].read_text(encoding="utf-8")
    assert "padim" in (tmp_path / "accepted.html").read_text(encoding="utf-8")
    page = tmp_path / "card.html"
    ran(["evaluate", "sample-cap-seal", "3", "--html", str(page), *archive])
    assert "sample-cap-seal" in page.read_text(encoding="utf-8")


def lines_of_section(page: Path, heading: str) -> range:
    """The lines between a heading and the next one."""
    lines = page.read_text(encoding="utf-8").splitlines()
    first = lines.index(f"## {heading}") + 1
    rest = (number for number, line in enumerate(lines[first:], first) if line.startswith("## "))
    return range(first, next(rest, len(lines)) + 1)


@pytest.mark.slow
@pytest.mark.usefixtures("bucket")
def test_commands_about_imports_and_packs_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of the page, with the evaluation files in the bucket and the answers saved."""
    page = ROOT / "docs" / "archive.md"
    monkeypatch.setenv("HOME", str(tmp_path))
    shutil.copytree(SAMPLE / "describe-model", tmp_path / "saved-answers")
    listings = []
    for heading in ("2. Import it", "One file for many readers"):
        section = lines_of_section(page, heading)
        shown = [c for c in COMMANDS if c.page == page and c.line in section]
        assert len(shown) >= 3
        for arguments in (words(command.text)[1:] for command in shown):
            output = ran([re.sub("^~", str(tmp_path), word) for word in arguments])
            if arguments[0] == "list":
                listings.append(output)
    assert "sample-cap-seal 3: HOSTED" in listings[0]
    assert listings[1] == listings[0]  # the pack says the same
    assert tree(tmp_path / "unpacked") == tree(tmp_path / "lfv-archive")


def ran(arguments: list[str]) -> str:
    """What a command says that has to end well."""
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, f"{arguments}: {result.output}"
    return result.output


def first_line(arguments: list[str]) -> str:
    """What a server says first; it is ended then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lfv_mcp", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout
        line = process.stdout.readline()
        process.terminate()
        assert process.wait(20) == 0
        return line


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
            assert command[command.index("--") + 1 :] == ["/ABSOLUTE/PATH/TO/lfv-mcp"]


# What pages name must exist


def parameters(command: click.Command) -> Iterator[click.Parameter]:
    yield from command.params
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from parameters(below)


def known_variables() -> set[str]:
    """Every variable that a command reads, and those that boto3 reads by itself."""
    return {*variables_of(main)} | {
        *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LOOKOUTVISION", "AWS_ENDPOINT_URL_S3"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_EC2_METADATA_DISABLED", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"),
        *("AWS_CA_BUNDLE", "AWS_MAX_ATTEMPTS", "AWS_DATA_PATH"),
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
    theirs |= {"--pull", "--url"}  # of docker, and of the agents in examples/
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


def test_readme_has_every_setting_that_all_commands_share() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    _, _, rest = text.partition("\n## Settings\n")
    table, _, _ = rest.partition("\n## ")
    for parameter in main.commands["doctor"].params:
        if not isinstance(parameter, EnvironmentOption):
            assert parameter.opts == ["--json"]
            continue
        (row,) = [line for line in table.splitlines() if f"`{parameter.opts[-1]}`" in line[:20]]
        named = [parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar
        assert named
        assert set(named) <= set(re.findall(r"`([A-Z_]+)`", row)), row


def test_every_error_has_a_line_in_troubleshooting() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", page)) | {"throttled", "conflict"}
    assert set(ERRORS) <= named
    assert named <= set(ERRORS) | set(FINDINGS) | {"insufficient_scope", "project_name"}

"""The commands that ask about models, in this process: what they print and how they end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final, Unpack

import anyio
import pytest
from click.testing import CliRunner

from lfv_mcp.analysis.model_summary import summary_digest
from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.catalog.catalog import Catalog, CatalogOptions
from lfv_mcp.cli.main import main
from lfv_mcp.cli.words import text_in_words
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.server.tools import TOOLS
from lfv_mcp.wiring import opening
from lfv_mcp.wiring.settings import Settings
from tests.support.clients import run


def test_describe_prints_the_readable_half(sample: Catalog) -> None:
    result = run("describe", "sample-cap-seal", "3")
    described = anyio.run(sample.describe_model, ModelQuery("sample-cap-seal", "3"))
    expected = text_in_words(summary_digest(described, sys.maxsize), described.to_json())
    expected = expected.replace("\nSource:", "\nDescribed as: august_relabel\nSource:")
    assert (result.exit_code, result.stdout, result.stderr) == (0, expected + "\n", "")


def test_describe_prints_the_structured_half(sample: Catalog) -> None:
    result = run("describe", "sample-cap-seal", "3", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    described = anyio.run(sample.describe_model, ModelQuery("sample-cap-seal", "3"))
    assert json.loads(result.stdout) == described.to_json()


@pytest.mark.parametrize(
    "arguments",
    [
        ("sample-cap-seal",),
        ("sample-cap-seal", "latest"),
        ("arn:aws:lookoutvision:us-east-1:111122223333:model/sample-cap-seal/5",),
        ("sample-cap-seal", "--source", "sample", "--region", "eu-central-1"),
    ],
)
def test_describe_takes_what_the_tool_takes(arguments: tuple[str, ...]) -> None:
    result = run("describe", *arguments)
    assert result.exit_code == 0
    assert result.stdout.startswith("sample-cap-seal version 5 was TRAINING when captured")


# How it ends: 0 good, 1 the thing asked for failed, 2 wrong usage


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("describe", "no-such"), "sample-cap-seal"),
        (("describe", "sample-cap-seal", "99"), "1, 2, 3, 4, 5"),
        (("describe", "sample-cap-seal", "01"), "a whole number from 1"),
        (("describe", "a b"), "PROJECT: 'a b' is not accepted: a project name has 1 to 255"),
        (("compare", "sample-cap-seal", "3"), "VERSIONS: 3 is not accepted"),
        (("describe", "caps", "--source", "live"), "AWS_REGION"),
        (("describe", "caps", "--source", "live", "--region", "mars"), "us-east-1"),
        (("describe", "caps", "--source", "live", "--profile", "none"), "AWS_PROFILE"),
    ],
)
def test_what_fails_says_so_on_stderr(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr
    assert "Next: " in result.stderr


def test_a_defect_is_logged_and_the_question_is_repeated(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(Catalog, "describe_model", fail)
    result = run("describe", "sample-cap-seal", "3")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(
        "Error: This command made a mistake of its own. [internal_error]\n"
        "Asked: project=sample-cap-seal, version=3\n"
    )
    (logged,) = caplog.records
    assert logged.getMessage() == "describe_model failed unexpectedly"
    assert logged.exc_info


# What a command costs: one catalogue, and no MCP


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of every catalogue that is opened from now on."""
    made: list[Settings] = []
    real = opening.open_catalog

    def open_catalog(settings: Settings, **options: Unpack[CatalogOptions]) -> Catalog:
        assert options == {"waits_for_index": True}
        made.append(settings)
        return real(settings, **options)

    monkeypatch.setattr(opening, "open_catalog", open_catalog)
    return made


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    """An archive of 250 models: three pages of a listing."""
    for version in range(1, 251):
        answer = {"ModelDescription": {"ModelVersion": str(version), "Status": "TRAINED"}}
        arn = f"arn:aws:lookoutvision:us-east-1:111122223333:model/caps/{version}"
        answer["ModelDescription"]["ModelArn"] = arn
        (tmp_path / f"{version}.json").write_text(json.dumps(answer))
    return tmp_path


def test_all_pages_of_a_listing_come_from_one_catalogue(
    portfolio: Path, opened: list[Settings]
) -> None:
    whole = json.loads(run("list", "--json", "--source", portfolio).stdout)
    assert opened == [Settings(str(portfolio))]
    assert [row["model_version"] for row in whole["models"]] == [*map(str, range(250, 0, -1))]
    assert "next_token" not in whole
    text = run("list", "--source", portfolio).stdout
    assert all(f"caps {version}" in text for version in (1, 100, 101, 250))
    # Nobody has to pass what the command passes itself.
    assert "next_token" not in text + whole["summary"]


@pytest.mark.parametrize(
    "command",
    [
        ("describe", "sample-cap-seal", "3"),
        ("evaluate", "sample-cap-seal", "3"),
        ("compare", "sample-cap-seal", "1", "3"),
    ],
    ids=" ".join,
)
def test_a_page_with_two_answers_comes_from_one_catalogue(
    tmp_path: Path, opened: list[Settings], command: tuple[str, ...]
) -> None:
    result = run(*command, "--html", tmp_path / "card.html")
    assert result.exit_code == 0
    assert opened == [Settings()]


COUNT_OPENS: Final = """
import collections, contextlib, json, sys
place, *line = sys.argv[1:]
opened = collections.Counter()

def count(event, given):
    if event == "open" and isinstance(given[0], str) and given[0].startswith(place):
        opened[given[0]] += 1

sys.addaudithook(count)
from lfv_mcp.cli.main import main
from lfv_mcp.server.tools import TOOLS
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr):
    main([*line, "--source", place])
print(json.dumps(opened))
"""
"""Counts how often each file below a directory is opened, by Python's own audit."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "read_again"),
    [
        (("list",), 0),
        (("list", "--json"), 0),
        (("describe", "caps", "3"), 1),
        (("describe", "caps", "3", "--html", "{page}"), 1),
        (("compare", "caps", "1", "2"), 2),
        (("compare", "caps", "1", "2", "--html", "{page}"), 2),
        (("doctor",), 10),  # looks for a model with evaluation files
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_reads_each_file_once_and_again_only_what_it_shows(
    portfolio: Path,
    tmp_path_factory: pytest.TempPathFactory,
    line: tuple[str, ...],
    read_again: int,
) -> None:
    page = str(tmp_path_factory.mktemp("pages") / "page.html")
    given = [page if word == "{page}" else word for word in line]
    done = subprocess.run(
        [sys.executable, "-c", COUNT_OPENS, str(portfolio), *given],
        capture_output=True,
        text=True,
        check=True,
    )
    opened: dict[str, int] = json.loads(done.stdout)
    assert len(opened) == 250
    assert sum(opened.values()) - len(opened) <= read_again
    assert max(opened.values()) <= 2


def imported(*command: str) -> set[str]:
    """The modules that a command has loaded when it ends, in a process of its own."""
    code = (
        "import sys, contextlib; from lfv_mcp.cli.main import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr):\n"
        f"    main({[*command]!r})\n"
        "print(*sys.modules)"
    )
    # Where it is the folder that a command is about, it has to be one of few files.
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=SAMPLE
    )
    return {*done.stdout.split()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("describe", "sample-cap-seal", "3"),
        ("list",),
        ("evaluate", "sample-cap-seal", "3", "--defect-rate", "0.01"),
        ("compare", "sample-cap-seal", "1", "3"),
        ("archive", "check", "docs"),
        ("doctor",),
    ],
    ids=" ".join,
)
def test_a_command_loads_neither_the_sdk_nor_http(command: tuple[str, ...]) -> None:
    loaded = imported(*command)
    assert "lfv_mcp.wiring.opening" in loaded
    heavy = {"mcp", "mcp_types", "starlette", "uvicorn", "httpx2", "jsonschema", "jwt"}
    assert not heavy & loaded


def test_next_step_of_a_failure_names_commands_and_no_tools() -> None:
    result = CliRunner().invoke(main, ["evaluate", "sample-cap-seal", "5"], prog_name="lfv-mcp")
    assert result.exit_code == 1
    assert "`lfv-mcp describe`" in result.stderr
    assert not [tool.name for tool in TOOLS if tool.name in result.stderr]


# What is asked without a version


def test_evaluate_without_a_version_takes_the_newest_that_was_evaluated() -> None:
    result = run("evaluate", "sample-cap-seal", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json.loads(
        run("evaluate", "sample-cap-seal", "3", "--json").stdout
    )
    assert result.stderr == (
        "Version 5 (TRAINING) has no evaluation files; version 3 is the newest that has.\n"
    )


@pytest.mark.parametrize(
    "named",
    [
        ("sample-cap-seal", "latest"),
        ("arn:aws:lookoutvision:us-east-1:111122223333:model/sample-cap-seal/5",),
    ],
)
def test_evaluate_takes_no_other_version_than_was_named(named: tuple[str, ...]) -> None:
    result = run("evaluate", *named)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "[evidence_unavailable]" in result.stderr


def test_the_models_own_description_is_shown() -> None:
    assert "Described as: august_relabel" in run("describe", "sample-cap-seal", "3").stdout


@pytest.mark.parametrize("spelled", ["95%", "95 %", "0,95", "9.5e-1"])
def test_a_share_may_be_a_percentage(spelled: str) -> None:
    command = ("evaluate", "sample-cap-seal", "3", "--json", "--recall-at-least")
    assert run(*command, spelled).stdout == run(*command, "0.95").stdout


@pytest.mark.parametrize(
    ("command", "flag", "value", "example"),
    [
        (("evaluate", "sample-cap-seal", "3"), "--recall-at-least", "95", "0.95"),
        (("evaluate", "sample-cap-seal", "3"), "--defect-rate", "5", "0.05"),
        (("evaluate", "sample-cap-seal", "3"), "--defect-rate", "-5", "0.01"),
        (("compare", "sample-cap-seal", "2", "3"), "--recall-margin", "3", "0.03"),
        (("gate", "sample-cap-seal", "3"), "--false-alarms-at-most", "7", "0.07"),
    ],
)
def test_a_bare_percentage_is_refused_with_the_share_that_it_means(
    command: tuple[str, ...], flag: str, value: str, example: str
) -> None:
    result = run(*command, flag, value)
    assert result.exit_code == 1
    assert f"Correct it, for example: {flag} {example}." in result.stderr + result.stdout

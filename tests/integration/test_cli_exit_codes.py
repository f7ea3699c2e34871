"""How every command ends: 0 answered, 2 for what cannot be parsed, 1 for any other failure.

With `--json` a failure is `{"error": {"code", "message", "next_step"}}` on stdout.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final

import click
import hypothesis
import pytest
from click.testing import Result
from hypothesis import HealthCheck
from hypothesis import strategies as st

from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.cli import serving
from lfv_mcp.cli.environment import EnvironmentOption
from lfv_mcp.cli.main import main
from lfv_mcp.errors import ERRORS
from lfv_mcp.wiring.settings import Settings
from tests.support.clients import run


def commands(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words that name each command, at any depth."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


def command_of(path: tuple[str, ...]) -> click.Command:
    command: click.Command = main
    for word in path:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    return command


GOOD: Final[dict[str, tuple[str, ...]]] = {
    "serve": (),
    "describe": ("sample-cap-seal", "3"),
    "list": (),
    "evaluate": ("sample-cap-seal", "3"),
    "compare": ("sample-cap-seal", "1", "3"),
    "gate": ("sample-weld-bead", "3", "--recall-at-least", "0.85"),
    "export": ("sample-cap-seal", "3", "--format", "csv", "--to", "{tmp}/images.csv"),
    "archive import": ("{sample}", "--to", "{tmp}/to"),
    "archive export": ("--to", "{tmp}/to"),
    "archive pack": ("{sample}", "--to", "{tmp}/pack"),
    "archive check": ("{sample}",),
    "dataset check": ("{sample}",),
    "dataset convert": ("{sample}", "--format", "anomalib", "--to", "{tmp}/converted"),
    "inventory": ("sample-cap-seal",),
    "replay": ("--port", "0"),
    "config": ("cursor",),
    "doctor": (),
    "man": (),
}
"""Arguments that every command takes."""
ALL: Final = [*commands()]
WITH_JSON: Final = [
    path for path in ALL if any("--json" in param.opts for param in command_of(path).params)
]
WITH_SETTINGS: Final = [
    path
    for path in ALL
    if any(isinstance(param, EnvironmentOption) for param in command_of(path).params)
]


def arguments_of(path: tuple[str, ...], tmp: Path) -> list[str]:
    given = [*path, *GOOD[" ".join(path)]]
    return [a.replace("{tmp}", str(tmp)).replace("{sample}", str(SAMPLE)) for a in given]


def names(paths: list[tuple[str, ...]]) -> list[Any]:
    return [pytest.param(path, id=" ".join(path)) for path in paths]


def assert_fails(result: Result, exit_code: int, code: str, *said: str, as_json: bool) -> None:
    """It ended with that code, says so for people, and as an object where that is asked for."""
    assert result.exit_code == exit_code, result.output
    assert all(word in result.stderr for word in said), result.stderr
    if not as_json:
        assert result.stdout == ""
        return
    error = json.loads(result.stdout)["error"]
    assert set(error) == {"code", "message", "next_step"}
    assert error["code"] == code
    assert code in ERRORS
    assert error["message"]
    assert error["next_step"]
    if said:
        assert said[0] in error["message"] + error["next_step"]


def both(path: tuple[str, ...], given: list[str]) -> Iterator[tuple[list[str], bool]]:
    """The command line, and where the command has `--json` the same with it."""
    yield given, False
    if path in WITH_JSON:
        yield [*given, "--json"], True


def test_every_command_is_known_here() -> None:
    assert {" ".join(path) for path in ALL} == set(GOOD)
    assert len(WITH_JSON) >= 5


# What cannot be parsed: 2


@pytest.mark.parametrize("path", names(ALL))
def test_an_unknown_flag(tmp_path: Path, path: tuple[str, ...]) -> None:
    for line, as_json in both(path, [*arguments_of(path, tmp_path), "--no-such-flag"]):
        assert_fails(run(*line), 2, "usage_error", "--no-such-flag", as_json=as_json)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("path", names(ALL))
def test_a_flag_without_its_value(tmp_path: Path, path: tuple[str, ...]) -> None:
    options = [
        option
        for option in command_of(path).params
        if isinstance(option, click.Option) and not option.is_flag and "--write" not in option.opts
    ]
    assert options or path == ("man",)  # which has none
    for option in options:
        for line, as_json in both(path, arguments_of(path, tmp_path)):
            result = run(*line, option.opts[0])
            assert_fails(result, 2, "usage_error", option.opts[0], as_json=as_json)


@pytest.mark.parametrize("path", names(ALL))
def test_a_missing_argument(path: tuple[str, ...]) -> None:
    needed = [param for param in command_of(path).params if param.required]
    for line, as_json in both(path, [*path]) if needed else ():
        assert_fails(run(*line), 2, "usage_error", "Missing", as_json=as_json)


@pytest.mark.parametrize("path", names(ALL))
def test_an_argument_too_many(tmp_path: Path, path: tuple[str, ...]) -> None:
    if any(param.nargs == -1 for param in command_of(path).params):
        return
    for line, as_json in both(path, [*arguments_of(path, tmp_path), "a", "b", "c"]):
        assert_fails(run(*line), 2, "usage_error", "extra argument", as_json=as_json)


def test_unknown_commands() -> None:
    assert_fails(run("no-such"), 2, "usage_error", "no-such", as_json=False)
    assert_fails(run("no-such", "--json"), 2, "usage_error", "no-such", as_json=True)
    assert_fails(run("archive", "no-such"), 2, "usage_error", "no-such", as_json=False)


# A wrong value, setting or source: 1

BAD: Final = {
    "--timeout": ("soon", "LFV_TIMEOUT"),
    "--log-level": ("loud", "LFV_LOG_LEVEL"),
    "--transport": ("htp", "LFV_TRANSPORT"),
    "--region": ("${X}-1", "AWS_REGION"),
    "--profile": ("<profile>", "AWS_PROFILE"),
    "--allowed-bucket": ("${A}-b", "LFV_ALLOWED_BUCKETS"),
}
"""A wrong value of each setting, and its variable."""


@pytest.mark.parametrize("path", names(WITH_SETTINGS))
@pytest.mark.parametrize("flag", BAD)
def test_a_wrong_value_by_flag_and_by_variable(
    tmp_path: Path, path: tuple[str, ...], flag: str
) -> None:
    value, variable = BAD[flag]
    if not any(flag in param.opts for param in command_of(path).params):
        return
    for line, as_json in both(path, arguments_of(path, tmp_path)):
        result = run(*line, flag, value)
        assert_fails(result, 1, "setting_invalid", f"{flag} ({variable})", as_json=as_json)
        result = run(*line, **{variable: value})
        assert_fails(result, 1, "setting_invalid", f"{variable} ({flag})", as_json=as_json)
        assert "Usage:" not in result.stderr


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL_LOOKOUTVISION", "AWS_ENDPOINT_URL_S3"])
@pytest.mark.parametrize(
    "path", names([p for p in WITH_SETTINGS if p not in (("serve",), ("doctor",))])
)
def test_an_endpoint_filled_in_by_half(
    tmp_path: Path, path: tuple[str, ...], variable: str
) -> None:
    if path[0] in ("archive", "dataset") and path[1] != "export":
        return  # they are told what to read by name
    for line, as_json in both(path, arguments_of(path, tmp_path)):
        result = run(*line, **{variable: "http://${HOST}:8000"})
        assert_fails(result, 1, "setting_invalid", variable, as_json=as_json)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("evaluate", "sample-cap-seal", "--defect-rate", "x"), "--defect-rate"),
        (("evaluate", "sample-cap-seal", "--defect-rate", "2"), "--defect-rate"),
        (("evaluate", "sample-cap-seal", "--examples", "x"), "--examples"),
        (("evaluate", "sample-cap-seal", "--examples", "21"), "--examples"),
        (("evaluate", "sample-cap-seal", "--threshold", "-1"), "--threshold"),
        (("list", "--status", "NO_SUCH"), "--status"),
        (("list", "no/slash"), "PROJECT"),
        (("describe", "no/slash"), "PROJECT"),
        (("describe", "sample-cap-seal", "x!"), "VERSION"),
        (("compare", "sample-cap-seal", "1"), "VERSIONS"),
        (("compare", "sample-cap-seal", "1", "1"), "VERSIONS"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_argument(line: tuple[str, ...], said: str) -> None:
    for given, as_json in both((line[0],), [*line]):
        result = run(*given)
        assert_fails(result, 1, "invalid_argument", said, as_json=as_json)
        assert "call again" not in result.output


@pytest.mark.parametrize(
    "line", [("replay", "--port", "x"), ("replay", "--port", "65536"), ("config", "emacs")]
)
def test_a_wrong_argument_of_other_commands(line: tuple[str, ...]) -> None:
    assert_fails(run(*line), 1, "", line[-1], as_json=False)


SOURCES: Final = ("/no/such/directory", "${HOME}/lfv", "s3://", "https://b.s3.amazonaws.com/p")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "path", names([*((p,) for p in ("describe", "list", "evaluate", "compare", "replay"))])
)
def test_a_wrong_source(tmp_path: Path, path: tuple[str, ...], source: str) -> None:
    for line, as_json in both(path, arguments_of(path, tmp_path)):
        for result in (run(*line, "--source", source), run(*line, LFV_SOURCE=source)):
            assert_fails(result, 1, "source_unusable", "LFV_SOURCE (--source)", as_json=as_json)
            assert source in result.stderr


@pytest.mark.parametrize("source", SOURCES)
def test_a_wrong_place_of_an_archive_command(tmp_path: Path, source: str) -> None:
    for line in (
        ("archive", "check", source),
        ("archive", "import", source, "--to", tmp_path / "t"),
        ("dataset", "check", source),
        ("dataset", "check", SAMPLE, "--test", source),
        ("dataset", "check", SAMPLE, "--images", source),
    ):
        result = run(*line)
        assert_fails(result, 1, "source_unusable", source, as_json=False)
        assert "LFV_SOURCE (--source) is" not in result.stderr


@pytest.mark.parametrize("source", SOURCES)
def test_doctor_finds_a_wrong_source(source: str) -> None:
    result = run("doctor", LFV_SOURCE=source)
    assert (result.exit_code, result.stderr) == (1, "")
    assert f"FIX  source: LFV_SOURCE (--source) is '{source}'" in result.stdout
    found = json.loads(run("doctor", "--json", LFV_SOURCE=source).stdout)["checks"]
    (check,) = [check for check in found if not check["good"]]
    assert check["name"] == "source"
    assert source in check["found"]
    assert check["fix"]


def test_an_unknown_model() -> None:
    for line in (
        ("describe", "no-such"),
        ("describe", "sample-cap-seal", "99"),
        ("evaluate", "no-such"),
        ("compare", "no-such", "1", "2"),
        ("list", "no-such"),
    ):
        code = "model_not_found" if "99" in line else "project_not_found"
        assert_fails(run(*line), 1, code, as_json=False)
        assert_fails(run(*line, "--json"), 1, code, as_json=True)


def test_what_is_not_json_is_no_answer(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("{ not JSON")
    for line, code in (
        (("describe", "caps"), "project_not_found"),
        (("compare", "caps", "1", "2"), "project_not_found"),
    ):
        assert_fails(run(*line, "--json", "--source", tmp_path), 1, code, as_json=True)
    assert run("archive", "check", tmp_path).exit_code == 1


def test_an_empty_directory_is_answered_in_words(tmp_path: Path) -> None:
    result = run("list", "--source", tmp_path)
    assert result.exit_code == 0
    assert "No model" in result.stdout


@pytest.mark.parametrize(
    "path", names([*((p,) for p in ("describe", "list", "evaluate", "compare"))])
)
def test_a_page_that_cannot_be_written(tmp_path: Path, path: tuple[str, ...]) -> None:
    if path == ("list",):
        return
    line = [*arguments_of(path, tmp_path), "--html", str(tmp_path / "no" / "page.html")]
    result = run(*line)
    assert (result.exit_code, "--html" in result.stderr) == (1, True)


# Flags before the command

SERVE: Final = {
    "--log-level": "ERROR",
    "--allowed-bucket": "one-bucket",
    "--timeout": "7",
    "--profile": "team",
    "--region": "eu-west-1",
    "--source": "live",
    "--transport": "http",
    "--host": "127.0.0.2",
    "--port": "0",
    "--public-url": "https://mcp.example/mcp",
    "--allowed-host": "a.example",
    "--allowed-origin": "https://a.example",
    "--behind-gateway": "",
    "--auth-issuer": "https://i.example",
    "--auth-jwks-url": "https://i.example/keys",
    "--auth-audience": "audience",
    "--auth-scope": "scope",
    "--auth-algorithm": "RS256",
    "--auth-audience-claim": "claim",
    "--auth-scope-claim": "scopes",
}
"""A good value of every flag of `serve`; empty for a switch."""


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the server is told each time that it would start."""
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(serving, "_serve_stdio", lambda settings: told.append((settings,)))
    monkeypatch.setattr(serving, "_serve_http", lambda *given: told.append(given))
    return told


def flag_values() -> Iterator[tuple[str, str]]:
    """Every flag of `serve`, with a value."""
    for param in main.commands["serve"].params:
        if isinstance(param, click.Option):
            for flag in param.opts:
                assert flag in SERVE or param.is_flag, f"a value of {flag} is missing in SERVE"
                yield flag, SERVE.get(flag, "")


@pytest.mark.parametrize(
    "flag", [flag for flag, _ in flag_values() if flag not in ("-h", "--help")]
)
def test_every_flag_of_serve_works_without_the_command(
    served: list[tuple[Any, ...]], flag: str
) -> None:
    value = SERVE.get(flag, "")
    spellings = [[flag, value], [f"{flag}={value}"]] if value else [[flag]]
    for given in spellings:
        assert run("serve", *given).exit_code == 0
        assert run(*given).exit_code == 0
    assert len(served) == 2 * len(spellings)
    assert len({repr(told) for told in served}) == 1


@hypothesis.given(
    chosen=st.permutations([*SERVE]).flatmap(
        lambda flags: st.integers(1, len(flags)).map(lambda n: flags[:n])
    ),
    joined=st.randoms(use_true_random=False),
)
@hypothesis.settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_they_work_in_any_order_and_spelling(
    served: list[tuple[Any, ...]], chosen: list[str], joined: Any
) -> None:
    line = [
        *chain.from_iterable(
            [flag]
            if not SERVE[flag]
            else [f"{flag}={SERVE[flag]}"]
            if joined.random() < 0.5
            else [flag, SERVE[flag]]
            for flag in chosen
        )
    ]
    served.clear()
    assert run("serve", *line).exit_code == run(*line).exit_code == 0
    assert served[0] == served[1]


@pytest.mark.parametrize("path", names([path for path in ALL if path != ("serve",)] + [("serve",)]))
def test_a_flag_before_the_command_is_put_after_it(
    tmp_path: Path, served: list[tuple[Any, ...]], path: tuple[str, ...]
) -> None:
    for given in (
        ["--source", str(tmp_path)],
        [f"--source={tmp_path}"],
        ["--timeout", "list", "--source", "."],
    ):
        result = run(*given, *arguments_of(path, tmp_path))
        flags = " ".join(word.partition("=")[0] for word in given if word.startswith("--"))
        assert_fails(result, 2, "usage_error", f"put {flags} after {' '.join(path)}", as_json=False)
    assert not served


def test_the_value_of_a_flag_may_be_the_name_of_a_command(served: list[tuple[Any, ...]]) -> None:
    assert run("--source", "list").exit_code == 0
    assert served[0][0] == Settings("list")


def test_help_and_version_stay_those_of_the_group(served: list[tuple[Any, ...]]) -> None:
    for flag, said in (("--help", "Commands:"), ("-h", "Commands:"), ("--version", "version")):
        for line in ((flag,), ("--source", "x", flag), (flag, "--source", "x")):
            result = run(*line)
            assert result.exit_code == 0
            assert said in result.stdout
    assert run("serve", "--help").stdout.startswith("Usage: lfv-mcp serve")
    assert not served


def test_an_unknown_flag_alone_is_refused(served: list[tuple[Any, ...]]) -> None:
    result = run("--sorce", "x")
    assert_fails(result, 2, "usage_error", "'--sorce'", "--source", as_json=False)
    assert not served

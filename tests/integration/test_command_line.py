"""The command line, in this process: what it prints for people and pipes, and how it ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import anyio
import click
import pytest
from click.testing import CliRunner, Result

from lfv_mcp import __version__
from lfv_mcp.analysis.model_summary import summary_digest
from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.cli.main import main
from lfv_mcp.model_query import ModelQuery
from tests.support.api_endpoint import Endpoint, Reply, api_error


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments, prog_name="lfv-mcp")
    # Anything but an exit is a traceback in the user's face.
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return result


# For people and for pipes


def test_describe_prints_the_readable_half(sample: Catalog) -> None:
    result = run("describe", "sample-cap-seal", "3")
    expected = summary_digest(anyio.run(sample.describe_model, ModelQuery("sample-cap-seal", "3")))
    assert (result.exit_code, result.stdout, result.stderr) == (0, expected + "\n", "")


def test_describe_prints_the_structured_half(sample: Catalog) -> None:
    result = run("describe", "sample-cap-seal", "3", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == anyio.run(
        sample.describe_model, ModelQuery("sample-cap-seal", "3")
    )


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
        (("describe", "a b", "--json"), "a project name has 1 to 255"),
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


@pytest.mark.parametrize(
    "arguments",
    [
        ("describ",),
        ("describe",),
        ("describe", "caps", "1", "2"),
        ("describe", "caps", "--jason"),
        ("describe", "caps", "--timeout", "soon"),
        ("describe", "caps", "--timeout", "0"),
        ("describe", "caps", "--timeout", "-1"),
        ("describe", "caps", "--timeout", "nan"),
        ("describe", "caps", "--log-level", "loud"),
        ("describe", "caps", "--source", "/no/such/directory"),
        ("serve", "--source", "/no/such/directory"),
        ("describe", "caps", "--source", "s3://"),
        ("serve", "--source", "s3:///prefix"),
        ("--source", "sample"),
    ],
    ids=" ".join,
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LFV_TIMEOUT", "soon"),
        ("LFV_TIMEOUT", "0"),
        ("LFV_TIMEOUT", "inf"),
        ("LFV_LOG_LEVEL", "loud"),
        ("LFV_SOURCE", "/no/such/directory"),
    ],
)
def test_setting_that_cannot_be_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    result = run("describe", "sample-cap-seal")
    assert (result.exit_code, result.stdout) == (2, "")
    assert value in result.stderr


# Settings


UNSET = ("", "  ", "${LFV_SOURCE}", "${LFV_SOURCE:-}", "${user_config.x}")


def test_empty_and_unexpanded_settings_count_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    names = (
        *("LFV_SOURCE", "LFV_TIMEOUT", "LFV_LOG_LEVEL", "FASTMCP_LOG_LEVEL"),
        *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"),
        *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LOOKOUTVISION", "AWS_ENDPOINT_URL_S3"),
    )
    for value in UNSET:
        monkeypatch.setenv("LFV_SOURCE", value)
        assert setting("LFV_SOURCE") is None
    for name, value in zip(names, UNSET + UNSET, strict=True):
        monkeypatch.setenv(name, value)
    result = run("describe", "sample-cap-seal")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "synthetic sample" in result.stdout


def test_flags_beat_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LFV_SOURCE", "/no/such/directory")
    monkeypatch.setenv("LFV_TIMEOUT", "soon")
    result = run("describe", "sample-cap-seal", "--source", "sample", "--timeout", "20")
    assert result.exit_code == 0


def test_first_setting_that_says_something_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "${AWS_REGION}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", " eu-west-1 ")
    assert setting("AWS_REGION", "AWS_DEFAULT_REGION") == "eu-west-1"


def test_an_endpoint_in_the_environment_means_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LOOKOUTVISION", "http://127.0.0.1:9")
    result = run("describe", "sample-cap-seal")
    assert result.exit_code == 1
    assert "region_required" in result.stderr  # so it did not answer from the sample


# doctor


def diagnosis(*arguments: str) -> tuple[int, dict[str, str]]:
    """Exit code, and what is said of each part, its fix included."""
    result = run("doctor", *arguments)
    parts = re.split(r"(?m)^(ok |FIX)  (\w+): ", result.stdout)[1:]
    said = {
        name: f"{verdict}{text}"
        for verdict, name, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    }
    return result.exit_code, said


def test_doctor_finds_the_sample_healthy() -> None:
    code, said = diagnosis()
    assert code == 0
    assert all(text.startswith("ok ") for text in said.values())
    assert f"lfv-mcp {__version__}" in said["versions"]
    assert "sample" in said["source"]
    assert "explain_performance_metrics" in said["prompts"]
    assert "can be read" in said["evidence"]
    assert Path(said["command"][3:].split()[0]).is_absolute()  # what a host with no PATH can start
    assert "credentials" not in said  # nothing is asked of AWS
    assert "next_token" not in str(said)  # nobody at a shell can pass one


def test_doctor_names_settings_that_are_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "${user_config.profile}")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://user:hidden@127.0.0.1:9")
    code, said = diagnosis()
    assert code == 0
    assert "AWS_PROFILE=${user_config.profile}" in said["settings"].partition("unset")[2]
    assert "hidden" not in said["settings"]
    monkeypatch.setenv("LFV_SORUCE", "/archive")
    code, said = diagnosis()
    assert code == 1
    assert "LFV_SORUCE (did you mean LFV_SOURCE?)" in said["settings"]


def test_doctor_tries_the_evidence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    saved = SAMPLE / "describe-model" / "sample-cap-seal-3.json"
    (tmp_path / saved.name).write_bytes(saved.read_bytes())
    code, said = diagnosis("--source", str(tmp_path))
    assert code == 1
    assert said["answers"].startswith("ok 1 model")
    assert said["credentials"].startswith("ok none")  # maybe not needed
    assert said["evidence"].startswith("FIXsample-cap-seal 3: ")  # but here they are
    assert "Set AWS_PROFILE" in said["evidence"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE1234")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    code, said = diagnosis("--source", str(tmp_path), "--allowed-bucket", "another")
    assert said["credentials"] == "ok from env, key id ...1234\n"
    assert "LFV_ALLOWED_BUCKETS" in said["evidence"]
    result = next((SAMPLE / "evaluation").rglob("EvaluationResult-sample-cap-seal-3.json"))
    manifest = next((SAMPLE / "evaluation").rglob("EvaluationManifest-sample-cap-seal-3.json"))
    for file in (result, manifest):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    code, said = diagnosis("--source", str(tmp_path))
    assert code == 0, said
    assert "can be read" in said["evidence"]


def s3_error(status: int, code: str) -> Reply:
    return Reply(f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode(), status)


class Broken(NamedTuple):
    """A way to AWS that leads nowhere, and what doctor has to say of it."""

    source: str
    reply: Reply | None  # None: nobody listens
    part: str
    code: str
    fix: str


BUCKET: Final = "s3://results/"
BROKEN: Final = {
    "no credentials": Broken(
        "live", Reply(), "credentials", "credentials_missing", "Set AWS_PROFILE"
    ),
    "expired": Broken(
        *("live", api_error(403, "ExpiredTokenException"), "answers"),
        *("credentials_expired", "aws sso login"),
    ),
    "rejected": Broken(
        *("live", api_error(403, "UnrecognizedClientException"), "answers"),
        *("credentials_rejected", "AWS_PROFILE"),
    ),
    "denied": Broken(
        *("live", api_error(403, "AccessDeniedException"), "answers"),
        *("access_denied", "Allow lookoutvision:"),
    ),
    "nobody there": Broken(
        *("live", None, "answers"),
        *("endpoint_unreachable", "AWS_ENDPOINT_URL_LOOKOUTVISION"),
    ),
    "S3 expired": Broken(
        *(BUCKET, s3_error(400, "ExpiredToken"), "answers"),
        *("credentials_expired", "aws sso login"),
    ),
    "S3 denied": Broken(
        *(BUCKET, s3_error(403, "AccessDenied"), "answers"),
        *("s3_access_denied", "s3:ListBucket"),
    ),
    "no bucket": Broken(
        *(BUCKET, s3_error(404, "NoSuchBucket"), "answers"), *("s3_not_found", "bucket")
    ),
}


@pytest.mark.parametrize("wrong", BROKEN)
def test_doctor_finds_what_is_wrong_with_aws(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    source, reply, part, code, fix = BROKEN[wrong]
    with Endpoint(lambda _: reply or Reply()) as endpoint:
        settings = endpoint.environment | {
            "AWS_ENDPOINT_URL_S3": endpoint.url,
            "AWS_REGION": "us-east-1",
        }
        if reply is None:
            settings["AWS_ENDPOINT_URL_LOOKOUTVISION"] = "http://127.0.0.1:9"
        if code == "credentials_missing":
            del settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"]
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        exit_code, said = diagnosis("--source", source)
    assert exit_code == 1
    assert said[part].startswith("FIX")
    found, _, advice = said[part].partition(f"[{code}]\n     ")
    assert found
    assert fix in advice
    before = list(said)[: list(said).index(part)]
    assert [name for name in before if said[name].startswith("FIX")] == []  # the cause comes first


@pytest.mark.parametrize("source", ["/no/such/directory", "s3://", "samples"])
def test_doctor_says_how_to_write_a_source(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.setenv("LFV_SOURCE", source)
    code, said = diagnosis()
    assert code == 1
    assert said["settings"] == f"ok LFV_SOURCE={source}\n"
    *_, last = said
    problem, fix = said[last].splitlines()
    assert (last, problem[:3]) == ("source", "FIX")
    assert source in problem
    assert "Set LFV_SOURCE (--source) to sample, live, s3://bucket/prefix" in fix


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--source", "."), "LFV_SOURCE"),  # holds no model
        (("--source", "live"), "AWS_REGION"),
        (("--source", "live", "--profile", "none"), "AWS_PROFILE"),
    ],
)
def test_doctor_says_what_to_fix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("doctor", *arguments)
    assert result.exit_code == 1
    *_, problem, fix = result.stdout.splitlines()
    assert problem.startswith("FIX  ")
    assert said in fix


# Help


def commands(group: click.Group = main, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command with the words that call it, groups included."""
    for name, command in group.commands.items():
        words = f"{path} {name}".strip()
        yield words, command
        if isinstance(command, click.Group):
            yield from commands(command, words)


COMMANDS = dict(commands())


def test_help_names_every_command() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert set(main.commands) >= {"serve", "describe", "doctor"}
    for name in main.commands:
        assert f"  {name} " in result.stdout
    assert run("-h").stdout == result.stdout


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_help(words: str) -> None:
    command = COMMANDS[words]
    assert command.help
    result = run(*words.split(), "--help")
    assert result.exit_code == 0
    assert command.help.split(".")[0] in " ".join(result.stdout.split())
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{words} {parameter.name}"


def test_version() -> None:
    assert run("--version").stdout == f"lfv-mcp, version {__version__}\n"


def test_version_and_help_load_neither_boto3_nor_the_sdk() -> None:
    code = (
        "import sys; from lfv_mcp.cli.main import main\n"
        "for flag in ('--version', '--help'): main([flag], standalone_mode=False)\n"
        "sys.exit(bool({'boto3', 'botocore', 'mcp', 'pydantic', 'anyio'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_module_is_the_command() -> None:
    command = [sys.executable, "-m", "lfv_mcp", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: lfv-mcp ")

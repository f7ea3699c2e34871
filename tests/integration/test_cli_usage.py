"""Wrong usage of the command line ends with exit code 2, a wrong value or setting with 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lfv_mcp.cli import serving
from tests.support.clients import run


@pytest.mark.parametrize(
    "arguments",
    [
        ("describ",),
        ("describe",),
        ("describe", "caps", "1", "2"),
        ("describe", "caps", "--jason"),
        ("--source", "sample", "list"),
    ],
    ids=" ".join,
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("describe", "caps", "--timeout", "soon"),
        ("describe", "caps", "--timeout", "0"),
        ("describe", "caps", "--timeout", "-1"),
        ("describe", "caps", "--timeout", "nan"),
        ("describe", "caps", "--log-level", "loud"),
        ("describe", "caps", "--source", "/no/such/directory"),
        ("describe", "caps", "--source", "s3://"),
        ("describe", "caps", "--source", "s3:///prefix"),
    ],
    ids=" ".join,
)
def test_wrong_value(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert arguments[-1] in result.stderr
    assert arguments[-2] in result.stderr


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
def test_setting_that_cannot_be_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    result = run("describe", "sample-cap-seal")
    assert (result.exit_code, result.stdout) == (1, "")
    assert name in result.stderr
    assert value in result.stderr


UNSET = ("", "  ", "${LFV_SOURCE}", "${LFV_SOURCE:-}", "${user_config.x}")


def test_empty_and_unexpanded_settings_count_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    names = (
        *("LFV_SOURCE", "LFV_TIMEOUT", "LFV_LOG_LEVEL", "FASTMCP_LOG_LEVEL"),
        *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"),
        *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LOOKOUTVISION", "AWS_ENDPOINT_URL_S3"),
    )
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


def test_an_endpoint_in_the_environment_means_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LOOKOUTVISION", "http://127.0.0.1:9")
    result = run("describe", "sample-cap-seal")
    assert result.exit_code == 1
    assert "region_required" in result.stderr  # so it did not answer from the sample


# A flag that has no effect is not passed over in silence


@pytest.mark.parametrize("port", ["x", "99999999", "-1"])
def test_a_port_that_is_none_is_refused_by_any_transport(port: str) -> None:
    result = run("serve", "--port", port)
    assert result.exit_code == 1
    assert "--port" in result.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--port", "8000"), "--port has no effect"),
        (("--port", "8000", "--metrics"), "--port, --metrics have no effect"),
        (("--allowed-host", "a"), "--allowed-host has no effect"),
        (("--port", "${user_config.port}"), ""),
        (("--port", ""), ""),
        ((), ""),
    ],
)
def test_a_flag_of_http_without_it_is_said_to_have_no_effect(
    monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr(serving, "_serve_stdio", lambda _: None)
    for environment in ({}, {"LFV_PORT": "x"}):  # a leftover of another server is nobody's mistake
        result = run("serve", *given, **environment)
        assert result.exit_code == 0, result.output
        assert said in result.stderr
        assert bool(result.stderr) is bool(said)


def test_a_source_for_no_host_is_refused() -> None:
    result = run("config", "--source", "/nope")
    assert result.exit_code == 2
    assert "--source takes a host before it" in result.stderr
    listed = run("config")
    assert listed.exit_code == 0
    assert "lfv-mcp config HOST" in listed.stderr


@pytest.mark.parametrize("command", ["list", "describe", "evaluate", "inventory"])
def test_a_file_that_cannot_be_read_is_no_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    file = tmp_path / "saved.json"
    file.write_text("{}")
    opened = Path.open

    def refusing(path: Path, *given: Any, **more: Any) -> Any:
        if path == file:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *given, **more)

    monkeypatch.setattr(Path, "open", refusing)
    words = () if command in ("list", "inventory") else ("sample-cap-seal",)
    result = run(command, *words, "--source", file)
    assert result.exit_code == 1
    assert "cannot be read: Permission denied. [source_unusable]" in result.stderr


# An argument that is given and empty: a shell leaves it of a variable that was not set


@pytest.mark.parametrize("empty", ["", " "])
@pytest.mark.parametrize(
    "line",
    [
        ("list", "{}"),
        ("inventory", "{}"),
        ("describe", "{}"),
        ("describe", "sample-cap-seal", "{}"),
        ("evaluate", "{}", "3"),
        ("evaluate", "sample-cap-seal", "{}"),
        ("compare", "{}", "1", "3"),
        ("compare", "sample-cap-seal", "1", "{}"),
        ("compare", "sample-cap-seal", "{}", "3"),
        ("gate", "{}", "3", "--recall-at-least", "0.5"),
        ("gate", "sample-weld-bead", "{}", "--recall-at-least", "0.5"),
        ("gate", "sample-weld-bead", "3", "--baseline", "{}"),
        ("export", "{}", "--format", "csv", "--to", "-"),
        ("export", "sample-weld-bead", "{}", "--format", "csv", "--to", "-"),
    ],
    ids=" ".join,
)
def test_what_is_given_and_empty_is_refused(line: tuple[str, ...], empty: str) -> None:
    result = run(*(word.replace("{}", empty) for word in line))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is empty. [invalid_argument]" in result.stderr
    assert "where it is a variable, it was not set" in result.stderr

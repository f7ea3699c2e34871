"""Wrong usage of the command line ends with exit code 2, a wrong value or setting with 1."""

from __future__ import annotations

import pytest

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

"""`lfv-mcp doctor`: what it finds healthy, what it finds wrong, and what it says to fix."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from lfv_mcp import __version__
from lfv_mcp.archive.sample import SAMPLE
from tests.support.api_endpoint import Endpoint, Reply, api_error
from tests.support.clients import run


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
    assert said["evidence"] == (
        "ok looked at 10 of 20 models: the evaluation files of 8 of 8 that have some can be "
        "read; of 1 of these only one of the two is held\n"
    )
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
    assert "LFV_SORUCE is not a setting: did you mean LFV_SOURCE?" in said["settings"]


def test_doctor_tries_the_evidence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    saved = SAMPLE / "describe-model" / "sample-cap-seal-3.json"
    (tmp_path / saved.name).write_bytes(saved.read_bytes())
    code, said = diagnosis("--source", str(tmp_path))
    assert code == 1
    assert said["answers"].startswith("ok 1 model")
    assert said["credentials"].startswith("ok none")  # maybe not needed
    assert (
        "of 0 of 1 that have some can be read. sample-cap-seal 3: " in said["evidence"]
    )  # but here they are
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
    assert said["evidence"] == (
        "ok looked at 1 of 1 model: the evaluation files of 1 of 1 that have some can be read\n"
    )
    manifest_copy = tmp_path / manifest.name
    manifest_copy.write_bytes(manifest_copy.read_bytes()[:-200])
    code, said = diagnosis("--source", str(tmp_path))
    assert code == 1


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

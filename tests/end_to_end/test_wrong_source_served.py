"""The real server with a wrong source, over its pipes and over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from lfv_mcp.archive.sample import SAMPLE
from tests.support.http_server import call, started
from tests.support.stdio_server import CALL, COMMAND, MODERN

pytestmark = pytest.mark.slow
PATIENCE: Final = 30.0
LIST: Final = {"name": "list_models", "arguments": {}}


def conversation(
    *requests: tuple[str, dict[str, Any]], flags: tuple[str, ...] = (), **environment: str
) -> tuple[list[dict[str, Any]], str]:
    """The results of requests to a new server over stdio, by their order, and its stderr."""
    lines = [
        json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params | MODERN})
        for number, (method, params) in enumerate(requests)
    ]
    # A process of its own answers while its stdin is open: the last request's answer ends it.
    process = subprocess.Popen(
        [*COMMAND, *flags],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | environment,
    )
    assert process.stdin
    assert process.stdout
    answers: dict[int, dict[str, Any]] = {}
    process.stdin.write("".join(f"{line}\n" for line in lines).encode())
    process.stdin.flush()
    while len(answers) < len(lines):
        answer = json.loads(process.stdout.readline())
        if "id" in answer:
            answers[answer["id"]] = answer
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    return [answers[number] for number in sorted(answers)], stderr.decode()


@pytest.mark.parametrize(
    ("source", "by_flag"),
    [
        (source, by_flag)
        for source in ("/no/such/directory", "${HOME}/lfv-archive", "S3:", "$HOME/x")
        for by_flag in (False, True)
    ],
)
def test_over_stdio_it_starts_and_says_what_is_wrong(source: str, by_flag: bool) -> None:
    answers, stderr = conversation(
        ("tools/list", {}),
        ("tools/call", CALL),
        ("tools/call", LIST),
        flags=("--source", source) if by_flag else (),
        **({} if by_flag else {"LFV_SOURCE": source}),
    )
    listed, *called = answers
    assert len(listed["result"]["tools"]) == 4
    for answer in called:
        assert answer["result"]["isError"]
        (content,) = answer["result"]["content"]
        assert f"LFV_SOURCE (--source) is '{source}'" in content["text"]
        assert "[source_unusable]" in content["text"]
        assert "\nNext: " in content["text"]
    assert f"LFV_SOURCE (--source) is '{source}'" in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize("apart", [True, False])
def test_the_documented_flag_starts_the_server(tmp_path: Path, apart: bool) -> None:
    shutil.copytree(SAMPLE, tmp_path / "mine")
    flags = ("--source", str(tmp_path / "mine")) if apart else (f"--source={tmp_path / 'mine'}",)
    (answer,), stderr = conversation(("tools/call", LIST), flags=flags)
    assert answer["result"]["structuredContent"]["source"]["kind"] == "archive"
    assert stderr == ""


def test_a_source_left_unexpanded_is_said_and_the_sample_answers() -> None:
    (answer,), stderr = conversation(("tools/call", CALL), LFV_SOURCE="${workspaceFolder}")
    found = answer["result"]["structuredContent"]["findings"]
    (sample,) = [finding for finding in found if finding["code"] == "sample_data"]
    for text in (stderr, sample["message"], answer["result"]["content"][0]["text"]):
        assert "LFV_SOURCE (--source) is set, but was not filled in" in text


def test_a_misspelt_variable_is_said() -> None:
    (answer,), stderr = conversation(("tools/call", LIST), LFV_SOUCE="/archive")
    assert "LFV_SOUCE is not a setting: did you mean LFV_SOURCE?" in stderr
    assert "did you mean LFV_SOURCE?" in str(answer["result"]["structuredContent"]["findings"])


def test_over_http_callers_read_the_setting_and_the_operator_its_value(tmp_path: Path) -> None:
    late = tmp_path / "mounted-late"
    with started(LFV_SOURCE=str(late)) as server:
        reply = call(server.url)
        assert reply.message["result"]["isError"]
        (content,) = reply.message["result"]["content"]
        assert (
            "LFV_SOURCE (--source), cannot be used: there is no such directory" in content["text"]
        )
        assert str(tmp_path) not in reply.body.decode()
        assert f"LFV_SOURCE (--source) is '{late}'" in server.stderr
        shutil.copytree(SAMPLE, late)
        assert not call(server.url).message["result"].get("isError")


def test_over_http_a_wrong_spelling_is_not_told() -> None:
    source = "https://secret-bucket.s3.amazonaws.com/saved"
    with started(LFV_SOURCE=source) as server:
        reply = call(server.url)
        assert reply.message["result"]["isError"]
        assert "LFV_SOURCE" in reply.body.decode()
        assert "secret-bucket" not in reply.body.decode()
        assert "Write it as s3://secret-bucket/saved." in server.stderr

"""The real process over its real pipes: what a host starts, and what a person starts by hand."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from mcp import Client, StdioServerParameters, stdio_client
from mcp.types import TextResourceContents

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.cli.serving import PRELOAD_DELAY
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.results.model_summary import ModelSummary
from tests.support.stdio_server import CALL, COMMAND, MODEL, MODERN

PATIENCE: Final = 20.0

HELLO: Final = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "0"},
}
URI: Final = "lookoutvision://projects/sample-cap-seal/models/3"

# What hosts and shells really hold; none of it may disturb answers from the sample.
SHELLS: Final[dict[str, dict[str, str]]] = {
    "auto": {"AWS_REGION": "eu-central-1", "AWS_PROFILE": "missing-profile"},
    "legacy": {
        "LFV_SOURCE": "",
        "LFV_TIMEOUT": "${LFV_TIMEOUT}",
        "AWS_REGION": "${AWS_REGION}",
        "AWS_PROFILE": "",
        "AWS_ENDPOINT_URL_LOOKOUTVISION": "${AWS_ENDPOINT_URL_LOOKOUTVISION:-}",
    },
}


@pytest.mark.anyio
async def test_official_client_gets_everything_in_both_eras(
    sample: Catalog, tmp_path: Path
) -> None:
    expected = await sample.describe_model(ModelQuery(**MODEL))
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:  # at one time: starting takes longest
            for era in SHELLS:
                tasks.start_soon(converse, era, expected, tmp_path)


async def converse(era: str, expected: ModelSummary, cwd: Path) -> None:
    shell = {"AWS_EC2_METADATA_DISABLED": "true"} | SHELLS[era]
    # Hosts start servers in a directory of their own choice.
    server = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=shell, cwd=cwd)
    with (cwd / era).open("w+", encoding="utf-8") as stderr:
        async with Client(stdio_client(server, errlog=stderr), mode=era) as client:
            assert "describe_model" in [t.name for t in (await client.list_tools()).tools]
            answer = await client.call_tool("describe_model", MODEL)
            assert answer.structured_content == expected.to_json()
            (contents,) = (await client.read_resource(URI)).contents
            assert isinstance(contents, TextResourceContents)
            assert json.loads(contents.text) == expected.to_json()
            prompts = [p.name for p in (await client.list_prompts()).prompts]
            assert "explain_performance_metrics" in prompts
            prompt = await client.get_prompt("explain_performance_metrics", MODEL)
            assert len(prompt.messages) == 2
        stderr.seek(0)
        assert stderr.read() == ""


@contextmanager
def started(
    stdin: int = subprocess.PIPE, command: Sequence[str] = COMMAND, stderr: Any = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    """The server as a process of its own; killed if a test leaves it running."""
    process = subprocess.Popen(
        command, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, bufsize=0
    )
    with process:  # waits, and closes the pipes
        try:
            yield process
        finally:
            process.kill()


def ask(process: subprocess.Popen[bytes], number: int, method: str, params: object) -> Any:
    """Send one request and read up to its answer; every line on the way must be a frame."""
    assert process.stdin
    assert process.stdout
    request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    process.stdin.write(json.dumps(request).encode() + b"\n")
    for line in process.stdout:
        answer = frame(line)
        if answer.get("id") == number:
            return answer["result"]
    raise AssertionError("stdout was closed before the answer")


def frame(line: bytes) -> dict[str, Any]:
    assert line.endswith(b"\n")
    message: dict[str, Any] = json.loads(line)
    assert message["jsonrpc"] == "2.0"
    return message


def assert_ends_with_stdin(process: subprocess.Popen[bytes]) -> None:
    stdout, stderr = process.communicate(timeout=5)  # closes stdin first
    for line in stdout.splitlines(keepends=True):
        frame(line)
    assert stderr == b""
    assert process.returncode == 0


@pytest.mark.slow
def test_every_byte_on_stdout_is_a_frame_in_both_eras() -> None:
    with started() as legacy, started() as modern:  # at one time, because starting takes longest
        result = ask(legacy, 1, "initialize", HELLO)
        assert result["protocolVersion"] == "2025-11-25"
        assert result["serverInfo"]["name"] == "lfv-mcp"
        assert "31 October 2025" in result["instructions"]
        assert legacy.stdin
        legacy.stdin.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        answer = ask(legacy, 2, "tools/call", CALL)
        assert "synthetic sample" in answer["content"][0]["text"]
        assert_ends_with_stdin(legacy)

        result = ask(modern, 1, "server/discover", MODERN)
        assert "2026-07-28" in result["supportedVersions"]
        assert "31 October 2025" in result["instructions"]
        answer = ask(modern, 2, "tools/call", CALL | MODERN)
        assert "synthetic sample" in answer["content"][0]["text"]
        assert_ends_with_stdin(modern)


# What only questions need: a client that starts a server waits for its list of tools.
LATER: Final = {
    *(
        "boto3",
        "botocore",
        "lfv_mcp.aws.client",
        "lfv_mcp.analysis.comparison",
        "lfv_mcp.cli.checks",
    ),
    *("lfv_mcp.analysis.evaluation", "lfv_mcp.catalog.evidence", "lfv_mcp.cli.tables"),
}


@pytest.mark.slow
def test_up_to_the_list_of_tools_little_is_imported(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "lfv_mcp"]

    def imported(questions: Sequence[tuple[str, Any]]) -> set[str]:
        with (tmp_path / "imports").open("w+") as told:
            with started(command=command, stderr=told) as process:
                for number, (method, params) in enumerate(questions, 1):
                    ask(process, number, method, params)
                process.communicate(timeout=PATIENCE)
            told.seek(0)
            return {line.rpartition("|")[2].strip() for line in told}

    first: list[tuple[str, Any]] = [("initialize", HELLO), ("tools/list", {})]
    listed = imported(first)
    assert "lfv_mcp.server.tools" in listed
    assert not LATER & listed
    question = ("tools/call", {"name": "analyze_evaluation", "arguments": MODEL})
    assert {"boto3", "lfv_mcp.analysis.evaluation"} <= imported([*first, question])
    assert PRELOAD_DELAY > 0  # the archive is indexed after that, not before


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals and SIGINT are POSIX")
def test_by_hand_it_says_that_it_waits_and_ctrl_c_ends_it() -> None:
    ours, theirs = os.openpty()
    try:
        with started(stdin=theirs) as process:
            assert process.stdout
            assert process.stderr
            waiting = process.stderr.readline()
            assert b"waiting for an MCP client on stdin" in waiting
            assert b"lfv-mcp describe sample-cap-seal" in waiting  # what to type instead
            request = {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": MODERN}
            os.write(ours, json.dumps(request).encode() + b"\n")
            assert "result" in frame(process.stdout.readline())  # it is up, and idle now
            process.send_signal(signal.SIGINT)
            # The terminal is still open: it is the signal that ends the server, and quietly.
            stdout, stderr = process.communicate(timeout=2)
            assert (process.returncode, stdout, stderr) == (130, b"", b"")
    finally:
        os.close(ours)
        os.close(theirs)

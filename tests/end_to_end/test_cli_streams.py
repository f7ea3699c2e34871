"""Commands whose stdout or stderr is full or closed, or that are interrupted: how they end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from itertools import product
from typing import Final, NamedTuple

import pytest

from lfv_mcp.archive.sample import SAMPLE
from tests.support.stdio_server import COMMAND

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="/dev/full, pipes and signals of POSIX"),
]
PATIENCE: Final = 30.0


class Streams(NamedTuple):
    """What a shell does to the streams of a command, and how the command has to end."""

    shell: str
    exit_code: int
    stderr: str = ""


FULL: Final = "Error: the answer cannot be written to stdout: No space left on device.\n"
CLOSED: Final = "Error: the answer cannot be written to stdout: it is closed.\n"
STREAMS: Final = {
    "stdout full": Streams('"$@" >/dev/full', 1, FULL),
    "stdout closed": Streams('"$@" >&-', 1, CLOSED),
    "nobody reads": Streams('"$@" | true; exit "${PIPESTATUS[0]}"', 1),
    "stderr closed": Streams('"$@" 2>&-', 0),
    "stderr full": Streams('"$@" 2>/dev/full', 0),
    "all closed": Streams('"$@" <&- >&- 2>&-', 1),
    "stdout full, stderr closed": Streams('"$@" >/dev/full 2>&-', 1),
}
LINES: Final = (
    "describe sample-cap-seal 3",
    "--help",
    "serve --help",
    "--version",
    "list --json",
    "evaluate sample-cap-seal 3",
    "compare sample-cap-seal 1 3",
    "doctor",
    "doctor --json",
    "config",
    "config cursor",
    f"archive check {SAMPLE}",
)


def start(line: str, shell: str, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["bash", "-c", shell, "bash", *COMMAND, *line.split()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | environment,
    )


@pytest.mark.parametrize(("line", "unbuffered"), list(product(LINES, ("", "1"))))
def test_an_answer_that_cannot_be_written_is_said(line: str, unbuffered: str) -> None:
    started = {
        name: start(line, streams.shell, PYTHONUNBUFFERED=unbuffered)
        for name, streams in STREAMS.items()
    }
    for name, process in started.items():
        _, stderr = process.communicate(timeout=PATIENCE)
        exit_code, said = STREAMS[name].exit_code, STREAMS[name].stderr
        notes = stderr.decode()
        if line == "config cursor":  # which says on stderr where its answer belongs
            notes = notes if "--write merges" not in notes else ""
        assert (process.returncode, notes) == (exit_code, said), name


@pytest.mark.parametrize("name", ["stdout full", "stdout closed", "nobody reads"])
def test_what_failed_keeps_its_exit_code_when_nobody_reads_why(name: str) -> None:
    with start("list --json --no-such-flag", STREAMS[name].shell) as process:
        _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert b"Traceback" not in stderr
    assert b"No such option '--no-such-flag'" in stderr


# The server


def test_a_server_without_stderr_answers() -> None:
    request = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
    for shell in ('"$@" 2>&-', '"$@" 2>/dev/full', 'LFV_SOURCE=/no/such "$@" 2>&-'):
        process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        stdout, _ = process.communicate(request, timeout=PATIENCE)
        assert process.returncode == 0
        assert b'"id":1' in stdout


@pytest.mark.parametrize("shell", ['"$@" >&-', '"$@" <&-'])
def test_a_server_without_a_client_says_so(shell: str) -> None:
    with start("serve", shell) as process:
        _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert stderr == (
        b"Error: stdin or stdout is closed: MCP clients start this command with pipes for both.\n"
    )


# Ctrl-C, and progress at a terminal


@pytest.fixture
def silent_endpoint() -> Iterator[socket.socket]:
    """An endpoint that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        yield listener


@pytest.mark.parametrize("line", ["describe caps 3", "doctor"])
def test_ctrl_c_ends_a_question_at_once(silent_endpoint: socket.socket, line: str) -> None:
    environment = os.environ | {
        "AWS_ENDPOINT_URL_LOOKOUTVISION": f"http://127.0.0.1:{silent_endpoint.getsockname()[1]}",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_REGION": "us-east-1",
    }
    process = subprocess.Popen(
        [*COMMAND, *line.split()],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    asked, _ = silent_endpoint.accept()  # it waits for the answer to that now
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    stdout, stderr = process.communicate(timeout=PATIENCE)
    assert time.monotonic() - started < 1
    assert (process.returncode, stderr) == (130, b"\nInterrupted.\n")
    assert b"answers" not in stdout
    asked.close()


@pytest.mark.parametrize("encoding", ["cp1252", "cp932", "ascii"])
def test_a_pipe_gets_utf_8_whatever_the_machine_is_used_to(encoding: str) -> None:
    lines = (
        "compare sample-weld-bead 2 3",
        "compare sample-weld-bead 2 3 --json",
        "gate sample-weld-bead 3 --recall-at-least .85 --baseline 1 --source sample",
    )
    for line in lines:
        said = []
        for environment in ({"PYTHONIOENCODING": encoding}, {"PYTHONIOENCODING": "utf-8"}):
            process = start(line, '"$@"', **environment)
            stdout, stderr = process.communicate(timeout=PATIENCE)
            assert (process.returncode, stderr) == (0, b""), line
            said.append(stdout)
        assert said[0] == said[1]
        assert "\N{MINUS SIGN}" in said[0].decode("utf-8")

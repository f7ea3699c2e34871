"""The fault table: what a server process has to survive, and what its log says."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import pytest

from tests.support.api_endpoint import (
    ACCESS_KEY,
    Endpoint,
    Reply,
    api_error,
    arn,
    description,
    healthy,
    ok,
)
from tests.support.fault_table import (
    ACCOUNT_DATA,
    DEFAULT,
    MANIFEST,
    Row,
    always,
    but_manifest,
    s3_error,
)
from tests.support.http_server import call, started
from tests.support.paths import REPOSITORY
from tests.support.stdio_server import CALL, COMMAND, MODERN

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@contextmanager
def serving(
    shell: Mapping[str, str], stderr: int | IO[str] = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """The server over its real pipes; killed if a test leaves it running."""
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LFV_"))}
    with subprocess.Popen(
        COMMAND,
        env=bare | dict(shell),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def process() -> Iterator[subprocess.Popen[bytes]]:
    """One server for all that it has to survive."""
    with serving({"LFV_SOURCE": "sample"}) as server:
        assert "result" in asked(server, 0)
        yield server


def pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin
    assert process.stdout
    return process.stdin, process.stdout


def frame(number: int, arguments: object = None, tool: str = "describe_model") -> bytes:
    asked = CALL | ({} if arguments is None else {"name": tool, "arguments": arguments})
    params = asked | MODERN
    request = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
    return json.dumps(request).encode() + b"\n"


def answered(process: subprocess.Popen[bytes], number: int) -> Any:
    """What is answered to a request; every line on the way must be a frame."""
    for line in pipes(process)[1]:
        answer = json.loads(line)
        assert answer["jsonrpc"] == "2.0"
        if answer.get("id") == number:
            return answer
    raise AssertionError("stdout was closed before the answer")


def asked(
    process: subprocess.Popen[bytes],
    number: int,
    arguments: object = None,
    tool: str = "describe_model",
) -> Any:
    stdin, _ = pipes(process)
    stdin.write(frame(number, arguments, tool))
    stdin.flush()
    return answered(process, number)


def memory_of(process: subprocess.Popen[bytes], what: str = "VmRSS") -> float:
    """Resident memory in MiB, now or (VmHWM) at most; 0 where there is no /proc."""
    status = Path(f"/proc/{process.pid}/status")
    found = re.search(rf"{what}:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else 0.0


def call_under_way(process: subprocess.Popen[bytes], api: Endpoint) -> None:
    """A call that the server has asked the API about, and gets no answer to."""
    stdin, _ = pipes(process)
    api.answer = always(Reply(pause=60))
    stdin.write(frame(1, {"project_name": "cap-seal", "model_version": "3"}))
    stdin.flush()
    end = time.monotonic() + 20
    while not api.requests and time.monotonic() < end:
        time.sleep(0.01)
    assert api.requests


def test_stdin_closed_mid_call(api: Endpoint) -> None:
    with serving({**api.environment, "AWS_REGION": "us-east-1"}) as process:
        call_under_way(process, api)
        stdout, _ = process.communicate(timeout=5)  # closes stdin first
        assert process.returncode == 0
        assert all(json.loads(line) for line in stdout.splitlines())


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM is POSIX")
def test_sigterm_mid_call(api: Endpoint, row: Row) -> None:
    with serving({**api.environment, "AWS_REGION": "us-east-1"}) as process:
        call_under_way(process, api)
        process.send_signal(signal.SIGTERM)
        with row.in_time():
            stdout = pipes(process)[1].read()
        assert process.wait(5) in (0, -signal.SIGTERM)
        assert all(json.loads(line) for line in stdout.splitlines())


def test_a_request_of_64_megabytes(process: subprocess.Popen[bytes], row: Row) -> None:
    before = memory_of(process, "VmHWM")
    with row.in_time():
        answer = asked(process, 64, {"project_name": "x" * (64 << 20)})
    assert answer["error"]["code"] == -32600
    assert "at most 1,048,576 bytes" in answer["error"]["message"]
    assert not asked(process, 65)["result"].get("isError")
    assert memory_of(process, "VmHWM") < before + 8


MALFORMED: Final[Mapping[bytes, int | None]] = {
    **dict.fromkeys((b"garbage", b"\xff\xfe\x00", b'{"jsonrpc":"2.0","id":1,'), -32700),
    **dict.fromkeys((b"{}", b"[]", b"null", b"7", b'{"jsonrpc":"2.0"}', b"[" * 5000), -32600),
    b'{"jsonrpc":"1.0","id":1}': -32600,
    b'{"jsonrpc":"2.0","id":{},"method":"tools/call"}': -32600,
    b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":[]}': -32602,
    b'{"jsonrpc":"2.0","id":"\\ud800","method":"tools/call","params":{}}': -32600,
    b"": None,
    b'{"jsonrpc":"2.0","id":1,"result":{}}': None,
    b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":[]}': None,
}
"""Lines that are no requests, and the error that each is answered with, if any."""
BAD_REQUESTS: Final[Mapping[str, tuple[str, Mapping[str, object], int]]] = {
    "a": ("no/such", MODERN, -32601),
    "b": ("tools/call", {}, -32602),
    "c": ("tools/call", MODERN | {"name": 7}, -32602),
    "d": ("tools/call", MODERN | {"name": "no_such"}, -32602),
    "e": ("resources/read", MODERN | {"uri": []}, -32602),
}
"""By id: messages that ask for nothing that there is, and the error that each is answered with."""


def test_10000_malformed_frames(process: subprocess.Popen[bytes], row: Row) -> None:
    before = memory_of(process)
    stdin, stdout = pipes(process)
    bad = [
        json.dumps({"jsonrpc": "2.0", "id": name, "method": method, "params": params}).encode()
        for name, (method, params, _) in BAD_REQUESTS.items()
    ]
    malformed = [line + b"\n" for line in (*MALFORMED, *bad)]
    times = 10_000 // len(malformed)
    codes = [code for code in MALFORMED.values() if code is not None]

    def write() -> None:
        for _ in range(times):
            stdin.writelines(malformed)
        stdin.flush()

    writing = threading.Thread(target=write)  # the pipes hold only so much
    with row.in_time():
        writing.start()
        answers = [json.loads(stdout.readline()) for _ in range(times * (len(codes) + len(bad)))]
    writing.join()
    by_id = Counter((answer["id"], answer["error"]["code"]) for answer in answers)
    for name, (_, _, code) in BAD_REQUESTS.items():
        assert by_id[name, code] == times
    assert Counter(answer["error"]["code"] for answer in answers) == Counter(
        times * (codes + [code for _, _, code in BAD_REQUESTS.values()])
    )
    assert not asked(process, 10_000)["result"].get("isError")
    assert memory_of(process) < before + 32


def write_what_is_taken(process: subprocess.Popen[bytes], seconds: float) -> list[bytes]:
    """Write big questions and read no answer; the lines that the server and the pipe took whole."""
    stdin, _ = pipes(process)
    os.set_blocking(stdin.fileno(), False)
    lines, end = list[bytes](), time.monotonic() + seconds
    while time.monotonic() < end:
        line = frame(len(lines), {"project_name": "sample-cap-seal"}, "analyze_evaluation")
        try:
            # Shorter than what a pipe takes at one time, so it is written whole or not at all.
            os.write(stdin.fileno(), line)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            lines.append(line)
    os.set_blocking(stdin.fileno(), True)
    return lines


@pytest.mark.skipif(sys.platform == "win32", reason="pipes that do not block are POSIX")
def test_a_client_that_does_not_read(row: Row) -> None:
    with serving({"LFV_SOURCE": "sample"}) as process:
        assert "result" in asked(process, 0, tool="analyze_evaluation")
        before = memory_of(process, "VmHWM")
        taken = write_what_is_taken(process, 4)
        assert 64 < len(taken) < 10_000  # then it is the client who has to wait
        assert memory_of(process, "VmHWM") < before + 32
        with row.in_time(DEFAULT):
            answers = [json.loads(pipes(process)[1].readline()) for _ in taken]
        assert {answer["id"] for answer in answers} == set(range(len(taken)))
        assert not asked(process, 20_000)["result"].get("isError")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell that a pipe is closed")
def test_a_client_that_leaves_without_reading(row: Row, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w+", encoding="utf-8") as log:
        with serving({"LFV_SOURCE": "sample"}, log) as process:
            assert "result" in asked(process, 0)
            write_what_is_taken(process, 4)
            pipes(process)[0].close()
            with row.in_time():
                assert process.wait(20) == 0
        log.seek(0)
        assert log.read() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="the errors of closed pipes are POSIX")
def test_stdout_closed(row: Row, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w+", encoding="utf-8") as log:
        with serving({"LFV_SOURCE": "sample"}, log) as process:
            stdin, stdout = pipes(process)
            assert "result" in asked(process, 0)
            stdout.close()
            stdin.write(frame(1))
            stdin.flush()
            with row.in_time():
                assert process.wait(20) == 0  # though stdin is open
        log.seek(0)
        assert log.read() == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_stdout_full() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            COMMAND, input=frame(1), stdout=full, stderr=subprocess.PIPE, check=False, timeout=20
        )
    assert done.returncode == 1
    assert done.stderr == b"Error: stdout cannot be written to: No space left on device.\n"


CLOSED: Final[Mapping[str, tuple[int, str]]] = {
    "2>&-": (0, ""),
    "<&-": (1, "Error: stdin or stdout is closed"),
    ">&-": (1, "Error: stdin or stdout is closed"),
    "<&- >&- 2>&-": (1, ""),
}
"""By what a shell closes before the command starts: its exit code, and what it says."""


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
@pytest.mark.parametrize("closed", CLOSED)
def test_streams_closed_from_the_start(closed: str) -> None:
    exit_code, said = CLOSED[closed]
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND],
        input=frame(1),
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert (done.returncode, done.stderr.decode()[: len(said) or 1]) == (exit_code, said)
    assert bool(done.stdout) == (exit_code == 0)


def test_200_callers_over_stdio(process: subprocess.Popen[bytes], row: Row) -> None:
    stdin, stdout = pipes(process)
    with row.in_time(DEFAULT):
        for number in range(200):
            stdin.write(frame(20_000 + number, {"project_name": "sample-cap-seal"}))
        stdin.flush()
        answers = [json.loads(stdout.readline()) for _ in range(200)]
    assert {answer["id"] for answer in answers} == set(range(20_000, 20_200))
    assert not any(answer["result"].get("isError") for answer in answers)
    assert not asked(process, 20_200)["result"].get("isError")


def test_200_callers_over_http(row: Row) -> None:
    with started("--source", "sample") as server, ThreadPoolExecutor(200) as callers:
        with row.in_time(DEFAULT):
            replies = list(callers.map(call, [server.url] * 200))
        for reply in (*replies, call(server.url)):
            assert reply.status == 200
            assert not reply.message["result"].get("isError")


GRIEF: Final = (
    api_error(403, "AccessDeniedException", f"{arn()} may not be read by {ACCESS_KEY}"),
    api_error(404, "ResourceNotFoundException", arn(), ResourceId="cap-seal"),
    api_error(429, "ThrottlingException", arn()),
    api_error(500, "InternalServerException", arn()),
    Reply(arn().encode(), 502, {"content-type": "text/html"}),
    Reply(json.dumps(description()).encode(), reset_after=99),
    ok({"ModelDescription": description("2")}),
)


def conversation(api: Endpoint, s3: Endpoint, ask: Callable[[str, object], Any]) -> None:
    """Good and bad calls, whose names and texts are of the account."""
    model = {"project_name": "cap-seal", "model_version": "3"}
    for tool in ("describe_model", "analyze_evaluation"):
        assert not ask(tool, model).get("isError")
    for wrong in ({"project_name": arn()[:-1] + "?"}, model | {"cap-seal": arn()}, {}):
        assert ask("describe_model", wrong)["isError"]
    for api.answer in map(always, GRIEF):
        assert ask("describe_model", {"project_name": arn(version="1")})["isError"]
    api.answer = healthy
    for version, reply in (("1", s3_error(403, "AccessDenied")), ("2", s3_error(404, "NoSuchKey"))):
        s3.answer = always(reply)
        assert ask("analyze_evaluation", model | {"model_version": version})["isError"]
    s3.answer = but_manifest(Reply(MANIFEST, reset_after=99))
    ask("compare_models", {"project_name": "cap-seal", "model_versions": ["1", "2"]})


@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_the_log_of_a_process_names_nothing(
    api: Endpoint, s3: Endpoint, transport: str, tmp_path: Path
) -> None:
    shell = {**api.environment, "AWS_ENDPOINT_URL_S3": s3.url, "AWS_REGION": "us-east-1"}
    shell |= {"LFV_SOURCE": "live", "LFV_LOG_LEVEL": "INFO"}
    if transport == "http":
        with started(**shell) as server:

            def posted(tool: str, arguments: object) -> Any:
                params = {"name": tool, "arguments": arguments}
                return call(server.url, params=params).message["result"]

            conversation(api, s3, posted)
        log = server.stderr
    else:
        with (tmp_path / "log").open("w+", encoding="utf-8") as file:
            with serving(shell, file) as process:

                def written(tool: str, arguments: object) -> Any:
                    return asked(process, 1, arguments, tool)["result"]

                conversation(api, s3, written)
            file.seek(0)
            log = file.read()
    assert log.count("describe_model failed: ") == 3 + len(GRIEF)
    assert log.count("analyze_evaluation failed: ") == 2
    assert "Traceback" not in log
    assert not ACCOUNT_DATA.search(log), log


@pytest.mark.timeout(180)  # each measurement waits until idle threads have ended
def test_a_short_soak() -> None:
    """scripts/soak.py in its short form: nothing grows after the warm-up."""
    forms = {"2,000 calls in memory": ["--calls", "2000"]}
    forms["1,000 calls over HTTP"] = ["--http", "--calls", "1000"]
    with ThreadPoolExecutor() as both:
        for said, done in zip(forms, both.map(soaked, forms.values()), strict=True):
            assert done.returncode == 0, done.stdout
            assert said in done.stdout


def soaked(flags: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "scripts/soak.py", *flags],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

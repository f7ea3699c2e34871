"""The fault table: an endpoint, an S3, an archive and callers that misbehave, all on this machine.

For each fault: what the caller sees, within what time, and that the next call works. The table is
in docs/faults.md, and the last test holds the two together.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import IO, Any, Final

import anyio
import anyio.to_thread
import pytest
from botocore.loaders import JSONFileLoader
from botocore.retries.standard import ExponentialBackoff
from mcp import Client
from mcp.types import CallToolResult, TextContent

from lfv_mcp.archive import Archive, Directory
from lfv_mcp.catalog import CONCURRENCY, Catalog
from lfv_mcp.cli import open_catalog
from lfv_mcp.errors import LfvError, ServiceError, SetupError
from lfv_mcp.limits import RESULT_LIMIT
from lfv_mcp.memory import Memory
from lfv_mcp.server import ERROR_META, build_server
from tests.endpoint import (
    ACCESS_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    Answer,
    Endpoint,
    Reply,
    Request,
    api_error,
    arn,
    description,
    healthy,
    ok,
)
from tests.saved import described, judged, lines, listed, result_of
from tests.test_stdio import CALL, COMMAND, MODERN

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROOT: Final = Path(__file__).parents[1]
LIMIT: Final = 1.2
"""Seconds that a call may take in here (LFV_TIMEOUT)."""
MARGIN: Final = 8.0
"""Seconds more, on a machine that is busy with other things."""
ACCOUNT_DATA: Final = re.compile(
    r"cap-seal|arn:aws|lookoutvision-us-east-1|111122223333|/images/|"
    + "|".join(map(re.escape, (ACCESS_KEY, SECRET_KEY, SESSION_TOKEN[:40])))
)


@pytest.fixture(scope="module", autouse=True)
def files_read_once() -> Iterator[None]:
    """boto3's own JSON files are parsed once: what a new client costs counts for the caller."""
    load = functools.cache(JSONFileLoader().load_file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: load(path))
        yield


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3's retries as they are, without their random sleeps; and no answer from memory."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.0)
    monkeypatch.setattr("lfv_mcp.catalog.SETTLED_FOR", 0.0)
    monkeypatch.setattr("lfv_mcp.catalog.EVIDENCE_FOR", 0.0)


@pytest.fixture(autouse=True)
def discreet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No test in here leaves a stack trace, a secret or a name in the log at INFO."""
    caplog.set_level(logging.INFO)
    yield
    for record in caplog.get_records("call"):
        assert not (record.exc_info and record.name.startswith("lfv_mcp")), record.getMessage()
        assert not ACCOUNT_DATA.search(record.getMessage()), record.getMessage()


def text(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def code_of(result: CallToolResult) -> str:
    """The code of a failure; "" for an answer."""
    if not result.is_error:
        return ""
    assert result.meta is not None
    assert "Next: " in text(result)
    code: str = result.meta[ERROR_META]["code"]
    return code


async def describe(client: Client, version: str = "3") -> CallToolResult:
    return await client.call_tool(
        "describe_model", {"project_name": "cap-seal", "model_version": version}
    )


async def analyze(client: Client, version: str = "3") -> CallToolResult:
    return await client.call_tool(
        "analyze_evaluation", {"project_name": "cap-seal", "model_version": version}
    )


Question = Callable[[Client], Awaitable[CallToolResult]]


async def assert_works(client: Client, question: Question) -> CallToolResult:
    """The next call works; where other things keep the machine busy, it may be out of time once."""
    result = await question(client)
    if code_of(result) in TIMEOUTS:
        result = await question(client)
    assert not code_of(result), text(result)
    return result


# The API


@dataclass(frozen=True)
class Fault:
    """What misbehaves, and what the caller sees of it: one of these codes; "" for an answer."""

    answer: Answer
    codes: tuple[str, ...]
    says: str = ""


def always(reply: Reply) -> Answer:
    return lambda _: reply


TIMEOUTS: Final = ("endpoint_timeout", "deadline_exceeded")
API: Final = {
    "latency": Fault(lambda r: healthy_after(r, 0.2), ("",), "cap-seal"),
    "slow drip": Fault(always(Reply(b"{" * 1000, drip=0.05)), TIMEOUTS, "LFV_TIMEOUT"),
    "half-open connection": Fault(always(Reply(pause=60)), TIMEOUTS, "LFV_TIMEOUT"),
    "silence after the headers": Fault(always(Reply(b"{}", drip=60)), TIMEOUTS, "LFV_TIMEOUT"),
    "reset mid-body": Fault(
        always(Reply(b"{}" * 500, reset_after=7)), ("bad_answer",), "closed the connection"
    ),
    "429 storm": Fault(
        always(api_error(429, "ThrottlingException", Retry_After=7)),
        ("throttled",),
        "after 7 seconds",
    ),
    "500s": Fault(always(api_error(500, "InternalServerException")), ("service_error",), "500"),
    "RequestTimeTooSkewed": Fault(
        always(api_error(403, "RequestTimeTooSkewed")), ("clock_skewed",), "NTP"
    ),
    "expired credentials": Fault(
        always(api_error(403, "ExpiredTokenException")),
        ("credentials_expired",),
        "without a restart",
    ),
}


def healthy_after(request: Request, seconds: float) -> Reply:
    reply = healthy(request)
    return Reply(reply.body, reply.status, reply.headers, pause=seconds)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Endpoint, Endpoint]]:
    """The API and S3; leaving them ends what tests have left hanging."""
    with Endpoint() as api, Endpoint() as s3:
        yield api, s3


@pytest.fixture
def api(running: tuple[Endpoint, Endpoint], monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    return reset(running, monkeypatch)[0]


@pytest.fixture
def s3(running: tuple[Endpoint, Endpoint], monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    return reset(running, monkeypatch)[1]


def reset(
    running: tuple[Endpoint, Endpoint], monkeypatch: pytest.MonkeyPatch
) -> tuple[Endpoint, Endpoint]:
    api, s3 = running
    shell = {**api.environment, "AWS_ENDPOINT_URL_S3": s3.url, "AWS_REGION": "us-east-1"}
    for name, value in shell.items():
        monkeypatch.setenv(name, value)
    api.answer, s3.answer = healthy, objects
    api.requests.clear()
    s3.requests.clear()
    return api, s3


def live(timeout: float = LIMIT) -> Catalog:
    return open_catalog("live", "us-east-1", None, timeout)


@pytest.fixture(scope="module")
def patient() -> Catalog:
    """One catalogue for many tests: its clients take longer to make than a call may take here."""
    return live(LIMIT)


@pytest.fixture
async def client(patient: Catalog, api: Endpoint) -> AsyncIterator[Client]:
    """A client whose server has its boto3 clients open."""
    assert api.answer is healthy
    await anyio.to_thread.run_sync(patient.warm)
    async with Client(build_server(patient)) as connected:
        await assert_works(connected, describe)
        api.requests.clear()
        yield connected


@pytest.mark.parametrize("fault", API)
async def test_an_api_that_misbehaves(api: Endpoint, client: Client, fault: str) -> None:
    api.answer = API[fault].answer
    with anyio.fail_after(LIMIT + MARGIN):
        result = await describe(client)
    assert code_of(result) in API[fault].codes, text(result)
    assert API[fault].says in text(result)
    assert len(api.requests) <= 3
    api.answer = healthy
    await assert_works(client, describe)


async def test_a_storm_is_not_fed(api: Endpoint) -> None:
    """Forty callers who ask the same are one question, also while it fails."""
    storm = api_error(429, "ThrottlingException", Retry_After=7)
    api.answer = lambda _: Reply(storm.body, storm.status, storm.headers, pause=0.3)
    codes: list[str] = []

    async def ask(client: Client) -> None:
        codes.append(code_of(await describe(client)))

    async with Client(build_server(live(20.0))) as client:
        with anyio.fail_after(20 + MARGIN):
            async with anyio.create_task_group() as tasks:
                for _ in range(40):
                    tasks.start_soon(ask, client)
        assert codes == ["throttled"] * 40
        assert len(api.requests) == 3
        api.answer = healthy
        assert not code_of(await describe(client))


def workers() -> int:
    return sum(thread.name.startswith("AnyIO worker") for thread in threading.enumerate())


async def test_callers_who_give_up(api: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are free at once, and the threads that they leave behind are counted."""
    monkeypatch.setattr("lfv_mcp.catalog.THREADS", 8)
    before = workers()
    async with Client(build_server(live(2.0))) as client:
        await assert_works(client, describe)
        api.answer = always(Reply(pause=60))
        for start in range(1, 400, 100):
            begun = len(api.requests)
            with anyio.fail_after(MARGIN):
                async with anyio.create_task_group() as tasks:
                    for version in range(start, start + 100):
                        tasks.start_soon(describe, client, str(version))
                    with anyio.move_on_after(0.3):
                        while len(api.requests) < begun + CONCURRENCY:
                            await anyio.sleep(0.01)
                    tasks.cancel_scope.cancel()
        assert CONCURRENCY <= workers() - before <= 8 + CONCURRENCY + 8
        api.answer = healthy
        with anyio.fail_after(4.0 + MARGIN):
            while code_of(await describe(client)):  # until what was left behind has timed out
                pass


# One question, many callers


async def test_a_follower_takes_over(anyio_backend: str) -> None:
    """The caller whose question it is gives up: another of those who wait asks it."""
    assert anyio_backend
    memory: Memory[str, int] = Memory(lambda _: 60.0, 5)
    asked: list[str] = []
    answers: list[int] = []
    go_on = anyio.Event()

    async def ask(name: str) -> int:
        asked.append(name)
        await go_on.wait()
        return len(asked)

    async def follow(name: str) -> None:
        answers.append(await memory.get("question", lambda: ask(name)))

    with anyio.fail_after(MARGIN):
        async with anyio.create_task_group() as tasks:
            with anyio.move_on_after(0.05) as leader:
                tasks.start_soon(follow, "second")  # starts after the first has asked
                tasks.start_soon(follow, "third")
                await memory.get("question", lambda: ask("first"))
            assert leader.cancelled_caught
            await anyio.sleep(0.01)
            go_on.set()
    assert asked[0] == "first"
    assert len(asked) == 2
    assert answers == [2, 2]


async def test_200_callers_at_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are answered, over no more connections than are kept."""
    codes: list[str] = []

    async def ask(client: Client, number: int) -> None:
        codes.append(code_of(await describe(client, str(number % 3 + 1))))
        listing = {"project_name": "cap-seal", "max_results": number % 100 + 1}
        codes.append(code_of(await client.call_tool("list_models", listing)))

    with Endpoint(lambda r: healthy_after(r, 0.01)) as api:
        for name, value in api.environment.items():
            monkeypatch.setenv(name, value)
        async with Client(build_server(live(20.0))) as client:
            with anyio.fail_after(20 + MARGIN):
                async with anyio.create_task_group() as tasks:
                    for number in range(200):
                        tasks.start_soon(ask, client, number)
    assert codes == [""] * 400
    assert len({r.connection for r in api.requests}) <= CONCURRENCY


# S3


RESULT: Final = json.dumps(result_of()).encode()
MANIFEST: Final = lines(
    judged(str(n), "normal" if n % 4 else "anomaly", "normal" if n % 5 else "anomaly")
    for n in range(40)
)


def objects(request: Request) -> Reply:
    """The evaluation files of every version of `cap-seal`."""
    return Reply(RESULT if "EvaluationResult" in request.path else MANIFEST)


def but_manifest(reply: Reply) -> Answer:
    """The manifest is answered otherwise."""
    return lambda request: reply if "Manifest" in request.path else objects(request)


def s3_error(status: int, code: str) -> Reply:
    return Reply(f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode(), status)


def once(reply: Reply) -> Answer:
    """The first question is answered so, all others well."""
    first = iter([reply])
    return lambda request: next(first, None) or objects(request)


NEITHER: Final = ("evidence_unavailable",)
UNREAD: Final = "evaluation_manifest_unread"
S3: Final = {
    "slow": Fault(always(Reply(pause=60)), NEITHER, "EvaluationResult is not read"),
    "slow drip": Fault(always(Reply(b"{" * 1000, drip=0.05)), NEITHER, "time"),
    "one file slow": Fault(but_manifest(Reply(pause=60)), ("",), UNREAD),
    "one file drips": Fault(but_manifest(Reply(b"{" * 1000, drip=0.05)), ("",), UNREAD),
    "reset mid-body": Fault(but_manifest(Reply(MANIFEST, reset_after=99)), ("",), UNREAD),
    "503 SlowDown": Fault(always(s3_error(503, "SlowDown")), NEITHER, "SlowDown"),
    "RequestTimeTooSkewed": Fault(always(s3_error(403, "RequestTimeTooSkewed")), NEITHER, "clock"),
    "no permission": Fault(always(s3_error(403, "AccessDenied")), NEITHER, "s3:GetObject"),
    "expired credentials": Fault(once(s3_error(400, "ExpiredToken")), ("",), "Recounted"),
}


@pytest.mark.parametrize("fault", S3)
async def test_an_s3_that_misbehaves(s3: Endpoint, client: Client, fault: str) -> None:
    """While the API is well: it is described as ever, and analysed as far as that can be."""
    await assert_works(client, analyze)  # the S3 client is open
    s3.answer = S3[fault].answer
    results: dict[str, CallToolResult] = {}

    async def ask(name: str, question: Question) -> None:
        results[name] = await question(client)

    with anyio.fail_after(LIMIT + MARGIN):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, "analysed", analyze)
            tasks.start_soon(ask, "described", describe)
    assert not code_of(results["described"])
    analysed = results["analysed"]
    assert code_of(analysed) in S3[fault].codes, text(analysed)
    assert S3[fault].says in text(analysed)
    s3.answer = objects
    assert UNREAD not in text(await assert_works(client, analyze))


async def test_a_slow_s3_does_not_keep_the_api_waiting(api: Endpoint, s3: Endpoint) -> None:
    """Not even with more analyses under way than there are questions allowed at one time."""
    api.answer = lambda r: ok({"ModelDescription": description(r.path.rpartition("/")[2])})
    async with Client(build_server(live(12.0))) as client:
        assert not code_of(await analyze(client, "1"))
        s3.answer = always(Reply(pause=60))
        async with anyio.create_task_group() as tasks:
            for version in range(2, 3 * CONCURRENCY):
                tasks.start_soon(analyze, client, str(version))
            with anyio.fail_after(MARGIN):
                while len(api.requests) < 90 or len(s3.requests) < 15:
                    await anyio.sleep(0.01)
            begun = anyio.current_time()
            assert not code_of(await describe(client, "999"))
            assert anyio.current_time() - begun < 3  # an attempt at S3 takes that long
            tasks.cancel_scope.cancel()


async def test_latest_moves_on(
    api: Endpoint, s3: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new version's evaluation is never mixed with the files of the one before."""
    monkeypatch.setattr("lfv_mcp.catalog.EVIDENCE_FOR", 60.0)
    versions = ["1"]

    def answer(request: Request) -> Reply:
        if request.path.endswith("/models"):
            return ok({"Models": [{"ModelVersion": v} for v in versions]})
        return healthy(request)

    api.answer = answer
    s3.answer = lambda r: (
        Reply(json.dumps(result_of(version=2 if "-2.json" in r.path else 1)).encode())
        if "Result" in r.path
        else Reply(MANIFEST)
    )
    async with Client(build_server(live(20.0))) as client:
        for version in "12":
            versions[:] = [version]
            result = await analyze(client, "latest")
            assert "EvaluationResult is of" not in text(result)
            assert any(f"Result-cap-seal-{version}.json" in r.path for r in s3.requests)


async def test_a_dead_s3_archive_is_tried_once_for_all_who_wait() -> None:
    """Else each of them would wait for the time-outs of all before it."""
    scans: list[float] = []

    class Dead(Directory):
        rescan_after = 0.0

        def entries(self) -> Iterator[Any]:
            scans.append(time.monotonic())
            time.sleep(0.2)
            raise SetupError("archive_unreadable", "S3 does not answer.", "Wait.")

    archive = Archive(Dead(ROOT / "docs"))

    async def ask() -> None:
        with pytest.raises(LfvError, match="does not answer"):
            await anyio.to_thread.run_sync(archive.index)

    with anyio.fail_after(MARGIN):
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(ask)
    assert len(scans) <= 3


# An archive that changes


def save(folder: Path, status: str, version: int = 3) -> Path:
    """An archive with one model, all of whose files agree about it."""
    folder.mkdir(parents=True)
    body = described(version=version, Status=status, Description=status)
    (folder / "model.json").write_text(json.dumps({"ModelDescription": body}))
    (folder / "result.json").write_text(json.dumps(result_of(version=version)))
    (folder / "manifest.json").write_bytes(MANIFEST)
    return folder


@contextmanager
def over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    """A catalogue that looks at its files for every question."""
    monkeypatch.setattr(Directory, "rescan_after", 0.0)
    yield open_catalog(str(folder), None, None, 20.0)


def status_of(result: CallToolResult) -> str:
    assert not code_of(result), text(result)
    assert result.structured_content is not None
    status: str = result.structured_content["status"]
    assert result.structured_content["model_description"]["Description"] == status
    return status


async def test_an_archive_replaced_by_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks meanwhile gets the old or the new answer, whole."""
    link = tmp_path / "archive"
    link.symlink_to(save(tmp_path / "TRAINED", "TRAINED"))
    save(tmp_path / "HOSTED", "HOSTED")
    seen: set[str] = set()
    swapped = anyio.Event()

    async def swap() -> None:
        for number in range(20):
            spare = tmp_path / "spare"
            spare.symlink_to(tmp_path / ("HOSTED", "TRAINED")[number % 2])
            spare.rename(link)
            await anyio.sleep(0.005)
        spare.symlink_to(tmp_path / "HOSTED")
        spare.rename(link)
        swapped.set()

    async def ask(client: Client) -> None:
        while not swapped.is_set():
            seen.add(status_of(await describe(client)))
            assert not code_of(await analyze(client))

    with over(link, monkeypatch) as catalog:
        async with Client(build_server(catalog)) as client:
            with anyio.fail_after(20 + MARGIN):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(swap)
                    for _ in range(4):
                        tasks.start_soon(ask, client)
            assert seen <= {"TRAINED", "HOSTED"}
            assert status_of(await describe(client)) == "HOSTED"


async def test_an_archive_whose_directory_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moved away and another put in its place; in between it is not there, and that is said."""
    folder = save(tmp_path / "archive", "TRAINED")
    with over(folder, monkeypatch) as catalog:
        async with Client(build_server(catalog)) as client:
            assert status_of(await describe(client)) == "TRAINED"
            folder.rename(tmp_path / "old")
            assert code_of(await describe(client)) == "archive_unreadable"
            save(folder, "HOSTED")
            assert status_of(await describe(client)) == "HOSTED"


async def test_an_archive_file_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next question sees it; a file that is half-written is no record, and nothing breaks."""
    folder = save(tmp_path / "archive", "TRAINED")
    file = folder / "model.json"
    with over(folder, monkeypatch) as catalog:
        async with Client(build_server(catalog)) as client:
            assert status_of(await describe(client)) == "TRAINED"
            whole = json.dumps(
                {"ModelDescription": described(Status="DELETING", Description="DELETING")}
            )
            file.write_text(whole[:100])
            half = await describe(client)  # its evaluation files still speak for it
            assert not code_of(half)
            assert "evaluation_files_only" in text(half)
            file.write_text(whole)
            assert status_of(await describe(client)) == "DELETING"


# The process


@contextmanager
def serving(shell: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The server over its real pipes; killed if a test leaves it running."""
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LFV_"))}
    with subprocess.Popen(
        COMMAND,
        env=bare | dict(shell),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def process() -> Iterator[subprocess.Popen[bytes]]:
    """One server for all that it has to survive."""
    with serving({"LFV_SOURCE": "sample"}) as started:
        assert "result" in asked(started, 0)
        yield started


def pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin
    assert process.stdout
    return process.stdin, process.stdout


def frame(number: int, arguments: Mapping[str, str] | None = None) -> bytes:
    params = CALL | MODERN | ({"arguments": arguments} if arguments else {})
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
    process: subprocess.Popen[bytes], number: int, arguments: Mapping[str, str] | None = None
) -> Any:
    stdin, _ = pipes(process)
    stdin.write(frame(number, arguments))
    stdin.flush()
    return answered(process, number)


def memory_of(process: subprocess.Popen[bytes]) -> float:
    """Resident memory in MiB; 0 where there is no /proc."""
    status = Path(f"/proc/{process.pid}/status")
    found = re.search(r"VmRSS:\s+(\d+)", status.read_text()) if status.exists() else None
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
def test_sigterm_mid_call(api: Endpoint) -> None:
    with serving({**api.environment, "AWS_REGION": "us-east-1"}) as process:
        call_under_way(process, api)
        process.send_signal(signal.SIGTERM)
        stdout = pipes(process)[1].read()
        assert process.wait(5) in (0, -signal.SIGTERM)
        assert all(json.loads(line) for line in stdout.splitlines())


def test_a_request_of_64_megabytes(process: subprocess.Popen[bytes]) -> None:
    answer = asked(process, 64, {"project_name": "x" * (64 << 20)})
    assert answer["result"]["_meta"][ERROR_META]["code"] == "invalid_argument"
    assert len(json.dumps(answer)) < RESULT_LIMIT
    assert not asked(process, 65)["result"].get("isError")


MALFORMED: Final = (
    *(b"garbage", b"", b"{}", b"[]", b"null", b"7", b'{"jsonrpc":"2.0"}', b"\xff\xfe\x00"),
    *(b"[" * 5000, b'{"jsonrpc":"2.0","id":1,"result":{}}', b'{"jsonrpc":"1.0","id":1}'),
    b'{"jsonrpc":"2.0","id":{},"method":"tools/call"}',
    b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}',
    b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":[]}',
    b'{"jsonrpc":"2.0","id":"\\ud800","method":"tools/call","params":{}}',
)


def test_10000_malformed_frames(process: subprocess.Popen[bytes]) -> None:
    before = memory_of(process)
    stdin, _ = pipes(process)

    def write() -> None:
        for number in range(10_000):
            stdin.write(MALFORMED[number % len(MALFORMED)] + b"\n")
        stdin.write(frame(10_000))
        stdin.flush()

    writing = threading.Thread(target=write)  # some are answered, and the pipes hold only so much
    writing.start()
    assert not answered(process, 10_000)["result"].get("isError")
    writing.join()
    assert memory_of(process) < before + 32


def test_200_callers_over_stdio(process: subprocess.Popen[bytes]) -> None:
    stdin, stdout = pipes(process)
    for number in range(200):
        stdin.write(frame(20_000 + number, {"project_name": "sample-cap-seal"}))
    stdin.flush()
    answers = [json.loads(stdout.readline()) for _ in range(200)]
    assert {answer["id"] for answer in answers} == set(range(20_000, 20_200))
    assert not any(answer["result"].get("isError") for answer in answers)
    assert not asked(process, 20_200)["result"].get("isError")


# Size


def size_of(result: CallToolResult) -> int:
    return len(result.model_dump_json(by_alias=True, exclude_none=True).encode())


WIDE: Final = "\N{FACTORY}"
"""Four bytes."""


@pytest.mark.parametrize("letter", ["x", '"', WIDE])
async def test_a_long_listing(tmp_path: Path, letter: str) -> None:
    """100 models with 500 characters of description each: shorter pages, and nothing is lost."""
    models = [listed(described(version=n, Description=letter * 500)) for n in range(1, 101)]
    (tmp_path / "list.json").write_text(json.dumps({"Models": models}))
    found: list[str] = []
    token = ""
    async with Client(build_server(open_catalog(str(tmp_path), None, None, 20.0))) as client:
        for _ in range(100):
            page = {"max_results": 100, "next_token": token}
            result = await client.call_tool("list_models", page)
            assert not code_of(result), text(result)
            assert size_of(result) <= RESULT_LIMIT
            assert result.structured_content is not None
            found += [row["model_version"] for row in result.structured_content["models"]]
            token = result.structured_content.get("next_token", "")
            if not token:
                break
            assert token in text(result)
    assert found == [str(n) for n in range(100, 0, -1)]


async def test_a_listing_of_projects_that_fail(api: Endpoint, client: Client) -> None:
    names = [f"cap-seal-{n:03}-{'x' * 200}" for n in range(100)]
    api.answer = lambda r: (
        ok({"Projects": [{"ProjectName": name} for name in names]})
        if r.path.endswith("/projects")
        else api_error(403, "AccessDeniedException", "no " * 200)
    )
    result = await client.call_tool("list_models", {})
    assert not code_of(result)
    assert size_of(result) <= RESULT_LIMIT
    assert re.search(r"Left out.* \d+ of 100 findings", text(result))
    assert result.structured_content is not None
    assert "of 100 findings" in result.structured_content["summary"]
    assert result.structured_content["findings"][-1]["code"] == "answer_shortened"


def large(folder: Path, letter: str, versions: int = 1) -> Catalog:
    """Models whose evaluation files have as much to say as can be."""
    for version in range(1, versions + 1):
        labels = [
            {"ClassName": f"{n}{letter * 600}", "Recall": 0.1, "Precision": 0.1, "AIOU": 0.1}
            for n in range(100)
        ]
        document = result_of(version=version, PixelAnomalyClassMetrics=labels)
        (folder / f"result-{version}.json").write_text(json.dumps(document))
        name = arn(version=str(version))
        names = [name] * 58 + [name + letter * 1900, name + letter * 1901]  # of other models
        judgements = [
            judged(f"{n}{letter * 980}", *pair, 0.9 - n / 1000 * version, model=names[n])
            for n in range(60)
            for pair in (("anomaly", "normal"), ("normal", "anomaly"))
        ]
        (folder / f"manifest-{version}.json").write_bytes(lines(judgements))
        body = described(version=version, Description=letter * 500)
        (folder / f"model-{version}.json").write_text(json.dumps({"ModelDescription": body}))
    return open_catalog(str(folder), None, None, 20.0)


@pytest.mark.parametrize("letter", ["x", WIDE])
async def test_a_large_evaluation(tmp_path: Path, letter: str) -> None:
    async with Client(build_server(large(tmp_path, letter))) as client:
        result = await client.call_tool(
            "analyze_evaluation", {"project_name": "cap-seal", "max_examples": 20}
        )
        assert not code_of(result), text(result)
        assert size_of(result) <= RESULT_LIMIT
        assert result.structured_content is not None
        for shown in (text(result), result.structured_content["summary"]):
            assert re.search(r"Left out.* \d+ of 100 labels.*max_examples", shown, re.DOTALL)
            assert re.search(r"Left out.* \d+ of 20 examples.missed_defects", shown, re.DOTALL)
        assert result.structured_content["findings"][-1]["code"] == "answer_shortened"
        asked = {"project_name": "cap-seal", "max_examples": 0}
        assert not code_of(await client.call_tool("analyze_evaluation", asked))


async def test_a_comparison_of_ten(tmp_path: Path) -> None:
    async with Client(build_server(large(tmp_path, "x", 10))) as client:
        versions = [str(n) for n in range(1, 11)]
        result = await client.call_tool(
            "compare_models", {"project_name": "cap-seal", "model_versions": versions}
        )
        assert not code_of(result), text(result)
        assert size_of(result) <= RESULT_LIMIT
        assert result.structured_content is not None
        assert len(result.structured_content["models"]) == 10
        for shown in (text(result), result.structured_content["summary"]):
            assert re.search(r"Left out.* of \d+ findings.*fewer versions", shown, re.DOTALL)


@pytest.mark.parametrize("letter", ["x", '"', WIDE])
async def test_a_record_with_the_longest_texts(api: Endpoint, client: Client, letter: str) -> None:
    at = {"Bucket": letter * 63, "Key": letter * 1024}
    body = described(
        ModelArn=letter * 2048,
        Description=letter * 500,
        Status=letter * 500,
        StatusMessage=letter * 500,
        OutputConfig={"S3Location": {"Bucket": letter * 63, "Prefix": letter * 1024}},
        EvaluationManifest=at,
        EvaluationResult=at,
        KmsKeyId=letter * 2048,
    )
    api.answer = always(ok({"ModelDescription": body}))
    result = await describe(client)
    assert not code_of(result), text(result)
    assert size_of(result) <= RESULT_LIMIT
    assert result.structured_content is not None
    if letter == "x":  # what the API can really say is never cut
        assert result.structured_content["model_description"]["ModelArn"] == letter * 2048
    api.answer = healthy
    assert not code_of(await describe(client))


# Time


async def test_one_deadline_for_a_resource_and_a_prompt(
    api: Endpoint, s3: Endpoint, client: Client
) -> None:
    """Several questions make up one answer, and one limit holds for all of them."""
    await assert_works(client, analyze)
    s3.answer = always(Reply(pause=60))
    with anyio.fail_after(LIMIT + MARGIN):
        card = await client.read_resource("lookoutvision://projects/cap-seal/models/3/card")
    assert "EvaluationResult is not read" in card.model_dump_json()
    api.answer = always(Reply(b"{" * 1000, drip=0.05))
    names = {"project_name": "cap-seal", "baseline": "1", "candidate": "2"}
    with anyio.fail_after(LIMIT + MARGIN):
        prompt = await client.get_prompt("compare_model_versions", names)
    assert prompt.model_dump_json().count("There is no record") == 2


async def test_deadlines_inside_each_other() -> None:
    catalog = open_catalog("sample", None, None, 0.5)
    start = anyio.current_time()

    async def answer() -> None:
        with catalog.deadline():
            with pytest.raises(ServiceError), catalog.deadline():
                await anyio.sleep(60)
            assert anyio.current_time() - start < 0.5  # there is time left to answer with less
            await anyio.sleep(60)

    with pytest.raises(ServiceError, match="No answer within"):
        await answer()


# For long


def test_a_short_soak() -> None:
    """scripts/soak.py in its short form: nothing grows after the warm-up."""
    done = subprocess.run(
        [sys.executable, "scripts/soak.py", "--calls", "2000"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "2,000 calls in memory" in done.stdout


# The table


def rows() -> Iterator[str]:
    """Every test of this file, as the table names it."""
    for name, test in globals().items():
        if name.startswith("test_") and isinstance(test, FunctionType) and test is not THIS:
            marks = [m for m in getattr(test, "pytestmark", []) if m.name == "parametrize"]
            values = list(marks[0].args[1]) if marks else []
            if values and marks[0].args[0] == "fault":
                yield from (f"{name}[{value}]" for value in values)
            else:
                yield name


def test_the_table_is_of_these_tests() -> None:
    document = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    table = [line for line in document.splitlines() if re.search(r"\| `test_[^`]+` \|$", line)]
    named = [line.split("`")[-2] for line in table]
    assert sorted(named) == sorted(rows())
    for prefix, faults in (("test_an_api_", API), ("test_an_s3_", S3)):
        for line in table:
            found = re.search(rf"`{prefix}that_misbehaves\[(.*)\]`", line)
            for code in faults[found[1]].codes if found else ():
                assert not code or f"`{code}`" in line, f"{code} is not in: {line}"


THIS: Final = test_the_table_is_of_these_tests

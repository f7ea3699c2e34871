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
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
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

from lfv_mcp.archive.store import Directory
from lfv_mcp.catalog.cache import Cache
from lfv_mcp.catalog.catalog import CONCURRENCY, Catalog
from lfv_mcp.cli.main import open_catalog
from lfv_mcp.errors import ERRORS, ServiceError
from lfv_mcp.findings import FINDINGS
from lfv_mcp.http.settings import DEFAULT_LIMITS
from lfv_mcp.server.app import build_server
from lfv_mcp.server.protocol import ERROR_META
from lfv_mcp.server.size_limits import MAX_RESULT_BYTES
from tests.support.api_endpoint import (
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
from tests.support.http_server import call, started
from tests.support.paths import REPOSITORY
from tests.support.saved_records import described, judged, lines, listed, result_of
from tests.support.stdio_server import CALL, COMMAND, MODERN

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROOT: Final = REPOSITORY
LIMIT: Final = 2.0
"""Seconds that a call may take in here (LFV_TIMEOUT)."""
DEFAULT: Final = 20.0
"""The limit that users have, and the table's."""
AT_ONCE: Final = 2.0
"""Seconds that the table calls `at once`; asked for with DEFAULT, so that the limit is far."""
MARGIN: Final = 4.0
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


PAUSES: Final[defaultdict[int, float]] = defaultdict(float)
"""By thread: the seconds that botocore would have slept between its attempts, at the most."""


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3's retries as they are, their random sleeps counted at their longest and not slept;
    and no answer from memory."""
    delay_amount = ExponentialBackoff.delay_amount

    def counted(backoff: Any, context: Any) -> float:
        backoff._random = lambda: 1.0
        PAUSES[threading.get_ident()] += delay_amount(backoff, context)
        return 0.0

    monkeypatch.setattr(ExponentialBackoff, "delay_amount", counted)
    monkeypatch.setattr("lfv_mcp.catalog.catalog.SETTLED_FOR", 0.0)
    monkeypatch.setattr("lfv_mcp.catalog.catalog.EVIDENCE_FOR", 0.0)


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


# A row of the table


@dataclass(frozen=True)
class Row:
    """Within what time the caller sees what: one of these codes, "" for an answer; of an error or
    a finding."""

    within: str
    codes: tuple[str, ...]

    @property
    def limit(self) -> float:
        """To ask with: short where it is what ends a call, and far away where it must not be."""
        return LIMIT if self.within == "20 s" else DEFAULT

    @contextmanager
    def in_time(self, limit: float = LIMIT) -> Iterator[None]:
        """What is done in here takes no longer than the row says, the limit being this one."""
        PAUSES.clear()
        start = time.monotonic()
        yield
        taken = time.monotonic() - start
        slept = max(PAUSES.values(), default=0.0)
        if self.within == "20 s":  # what botocore would have slept is cut off with the rest
            allowed, slept = limit, 0.0
        else:
            allowed = AT_ONCE if self.within == "at once" else float(self.within.split()[0])
        assert taken + slept < allowed + MARGIN, f"{taken:.1f} s, and {slept:.1f} s of pauses"


ROWS: Final[dict[str, Row]] = {}
"""By test, where a row is one whole test."""


def row(within: str, *codes: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Marks a test as a row of the table."""

    def marked(test: Callable[..., Any]) -> Callable[..., Any]:
        ROWS[test.__name__] = Row(within, codes)
        return test

    return marked


@pytest.fixture(name="row")
def row_of(request: pytest.FixtureRequest) -> Row:
    """What the table says of a test."""
    return ROWS[request.function.__name__]


# The API


@dataclass(frozen=True)
class Fault(Row):
    """What misbehaves, and what is said of it."""

    answer: Answer
    says: str = ""


def always(reply: Reply) -> Answer:
    return lambda _: reply


TIMEOUTS: Final = ("endpoint_timeout", "deadline_exceeded")
API: Final = {
    "latency": Fault("20 s", ("",), lambda r: healthy_after(r, 0.2), "cap-seal"),
    "slow drip": Fault("20 s", TIMEOUTS, always(Reply(b"{" * 1000, drip=0.05)), "LFV_TIMEOUT"),
    "half-open connection": Fault("20 s", TIMEOUTS, always(Reply(pause=60)), "LFV_TIMEOUT"),
    "silence after the headers": Fault(
        "20 s", TIMEOUTS, always(Reply(b"{}", drip=60)), "LFV_TIMEOUT"
    ),
    "reset mid-body": Fault(
        "5 s",
        ("bad_answer",),
        always(Reply(b"{}" * 500, reset_after=7)),
        "closed the connection",
    ),
    "429 storm": Fault(
        "5 s",
        ("throttled",),
        always(api_error(429, "ThrottlingException", Retry_After=7)),
        "after 7 seconds",
    ),
    "500s": Fault(
        "5 s", ("service_error",), always(api_error(500, "InternalServerException")), "500"
    ),
    "RequestTimeTooSkewed": Fault(
        "at once", ("clock_skewed",), always(api_error(403, "RequestTimeTooSkewed")), "NTP"
    ),
    "expired credentials": Fault(
        "at once",
        ("credentials_expired",),
        always(api_error(403, "ExpiredTokenException")),
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
def patient() -> Mapping[float, Catalog]:
    """A catalogue by limit for many tests: its clients take longer to make than a call may take
    here."""
    return {limit: live(limit) for limit in (LIMIT, DEFAULT)}


@asynccontextmanager
async def connected(catalog: Catalog, api: Endpoint) -> AsyncIterator[Client]:
    """A client whose server has its boto3 clients open."""
    assert api.answer is healthy
    await anyio.to_thread.run_sync(catalog.preload_index)
    async with Client(build_server(catalog)) as client:
        await assert_works(client, describe)
        api.requests.clear()
        yield client


@pytest.fixture
async def client(patient: Mapping[float, Catalog], api: Endpoint) -> AsyncIterator[Client]:
    async with connected(patient[LIMIT], api) as client:
        yield client


@pytest.fixture
async def unhurried(patient: Mapping[float, Catalog], api: Endpoint) -> AsyncIterator[Client]:
    """One with the limit that users have."""
    async with connected(patient[DEFAULT], api) as client:
        yield client


@pytest.mark.parametrize("fault", API)
async def test_an_api_that_misbehaves(
    api: Endpoint, patient: Mapping[float, Catalog], fault: str
) -> None:
    row = API[fault]
    async with connected(patient[row.limit], api) as client:
        api.answer = row.answer
        with row.in_time():
            result = await describe(client)
        assert code_of(result) in row.codes, text(result)
        assert row.says in text(result)
        assert len(api.requests) <= 3
        assert max(PAUSES.values(), default=0.0) <= 3.0  # also where Retry-After says more
        api.answer = healthy
        await assert_works(client, describe)


@row("5 s", "throttled")
async def test_a_storm_is_not_fed(api: Endpoint, row: Row) -> None:
    """Forty callers who ask the same are one question, also while it fails."""
    storm = api_error(429, "ThrottlingException", Retry_After=7)
    api.answer = lambda _: Reply(storm.body, storm.status, storm.headers, pause=0.3)
    codes: list[str] = []

    async def ask(client: Client) -> None:
        codes.append(code_of(await describe(client)))

    async with Client(build_server(live(DEFAULT))) as client:
        with row.in_time():
            async with anyio.create_task_group() as tasks:
                for _ in range(40):
                    tasks.start_soon(ask, client)
        assert codes == [*row.codes] * 40
        assert len(api.requests) == 3
        assert max(PAUSES.values()) == 3.0  # whatever Retry-After says
        api.answer = healthy
        assert not code_of(await describe(client))


def workers() -> int:
    return sum(thread.name.startswith("AnyIO worker") for thread in threading.enumerate())


@row("at once")
async def test_callers_who_give_up(
    api: Endpoint, monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    """They are free at once, and the threads that they leave behind are counted."""
    monkeypatch.setattr("lfv_mcp.catalog.catalog.THREADS", 8)
    before = workers()
    async with Client(build_server(live(2.0))) as client:
        await assert_works(client, describe)
        api.answer = always(Reply(pause=60))
        for start in range(1, 400, 100):
            begun = len(api.requests)
            with row.in_time():
                async with anyio.create_task_group() as tasks:
                    for version in range(start, start + 100):
                        tasks.start_soon(describe, client, str(version))
                    with anyio.move_on_after(0.3):
                        while len(api.requests) < begun + CONCURRENCY:
                            await anyio.sleep(0.01)
                    tasks.cancel_scope.cancel()
        # Idle ones of before are put to work first, so that it may be fewer that were started.
        assert CONCURRENCY <= workers() <= before + 8 + CONCURRENCY + 8
        api.answer = healthy
        with anyio.fail_after(4.0 + MARGIN):
            while code_of(await describe(client)):  # until what was left behind has timed out
                pass


# One question, many callers


@row("at once")
async def test_a_follower_takes_over(anyio_backend: str, row: Row) -> None:
    """The caller whose question it is gives up: another of those who wait asks it."""
    assert anyio_backend
    memory: Cache[str, int] = Cache(lambda _: 60.0, 5)
    asked: list[str] = []
    answers: list[int] = []
    go_on = anyio.Event()

    async def ask(name: str) -> int:
        asked.append(name)
        await go_on.wait()
        return len(asked)

    async def follow(name: str) -> None:
        answers.append(await memory.get("question", lambda: ask(name)))

    with row.in_time():
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


@row("20 s", "")
async def test_200_callers_at_one_time(monkeypatch: pytest.MonkeyPatch, row: Row) -> None:
    """All are answered, over no more connections than are kept."""
    codes: list[str] = []

    async def ask(client: Client, number: int) -> None:
        codes.append(code_of(await describe(client, str(number % 3 + 1))))
        listing = {"project_name": "cap-seal", "max_results": number % 100 + 1}
        codes.append(code_of(await client.call_tool("list_models", listing)))

    with Endpoint(lambda r: healthy_after(r, 0.01)) as api:
        for name, value in api.environment.items():
            monkeypatch.setenv(name, value)
        async with Client(build_server(live(DEFAULT))) as client:
            with row.in_time(DEFAULT):
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
UNREAD: Final = ("evaluation_manifest_unread",)
S3: Final = {
    "slow": Fault("20 s", NEITHER, always(Reply(pause=60)), "EvaluationResult could not be read"),
    "slow drip": Fault("20 s", NEITHER, always(Reply(b"{" * 1000, drip=0.05)), "time"),
    "one file slow": Fault("20 s", UNREAD, but_manifest(Reply(pause=60))),
    "one file drips": Fault("20 s", UNREAD, but_manifest(Reply(b"{" * 1000, drip=0.05))),
    "reset mid-body": Fault("at once", UNREAD, but_manifest(Reply(MANIFEST, reset_after=99))),
    "503 SlowDown": Fault("5 s", NEITHER, always(s3_error(503, "SlowDown")), "SlowDown"),
    "RequestTimeTooSkewed": Fault(
        "at once", NEITHER, always(s3_error(403, "RequestTimeTooSkewed")), "clock"
    ),
    "no permission": Fault(
        "at once", NEITHER, always(s3_error(403, "AccessDenied")), "s3:GetObject"
    ),
    "expired credentials": Fault(
        "at once", ("",), once(s3_error(400, "ExpiredToken")), "Recounted"
    ),
}


def findings_of(result: CallToolResult) -> list[str]:
    return [f["code"] for f in (result.structured_content or {}).get("findings", [])]


@pytest.mark.parametrize("fault", S3)
async def test_an_s3_that_misbehaves(
    api: Endpoint, s3: Endpoint, patient: Mapping[float, Catalog], fault: str
) -> None:
    """While the API is well: it is described as ever, and analysed as far as that can be."""
    row = S3[fault]
    results: dict[str, CallToolResult] = {}

    async def ask(client: Client, name: str, question: Question) -> None:
        results[name] = await question(client)

    async with connected(patient[row.limit], api) as client:
        await assert_works(client, analyze)  # the S3 client is open
        s3.answer = row.answer
        with row.in_time():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask, client, "analysed", analyze)
                tasks.start_soon(ask, client, "described", describe)
        assert not code_of(results["described"])
        analysed = results["analysed"]
        if row.codes == UNREAD:
            assert not code_of(analysed)
            assert UNREAD[0] in findings_of(analysed)
        else:
            assert code_of(analysed) in row.codes, text(analysed)
        assert row.says in text(analysed)
        s3.answer = objects
        assert UNREAD[0] not in findings_of(await assert_works(client, analyze))


@row("at once", "")
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


@row("20 s", "")
async def test_latest_moves_on(
    api: Endpoint, s3: Endpoint, monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    """A new version's evaluation is never mixed with the files of the one before."""
    monkeypatch.setattr("lfv_mcp.catalog.catalog.EVIDENCE_FOR", 60.0)
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
            with row.in_time(DEFAULT):
                result = await analyze(client, "latest")
            assert "EvaluationResult is of" not in text(result)
            assert any(f"Result-cap-seal-{version}.json" in r.path for r in s3.requests)


@row("20 s", "endpoint_timeout")
async def test_a_dead_s3_archive_is_tried_once_for_all_who_wait(s3: Endpoint, row: Row) -> None:
    """Else each of them would wait for the time-outs of all before it."""
    codes: list[str] = []

    async def ask(client: Client, version: int) -> None:
        codes.append(code_of(await describe(client, str(version))))

    s3.answer = always(Reply(pause=60))
    # Not LIMIT: there must be time left for whoever is told late on a busy machine.
    catalog = open_catalog("s3://bucket/prefix", "us-east-1", None, 4 * LIMIT)
    async with Client(build_server(catalog)) as client:
        with row.in_time(4 * LIMIT):
            async with anyio.create_task_group() as tasks:
                for version in range(1, CONCURRENCY + 1):
                    tasks.start_soon(ask, client, version)
        assert codes == [*row.codes] * CONCURRENCY
        listings = [r for r in s3.requests if r.path.startswith("/bucket")]
        assert len(listings) == 3  # the attempts of one
        s3.answer = always(Reply(NOTHING))
        assert code_of(await describe(client)) == "project_not_found"


NOTHING: Final = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


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
    yield open_catalog(str(folder), None, None, DEFAULT)


def status_of(result: CallToolResult) -> str:
    assert not code_of(result), text(result)
    assert result.structured_content is not None
    status: str = result.structured_content["status"]
    assert result.structured_content["model_description"]["Description"] == status
    return status


@row("at once", "", "conflict")
async def test_an_archive_replaced_by_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    """Whoever asks meanwhile gets the old or the new answer, whole; or hears that it changed again
    each time that it was read, as it may here, on a busy machine."""
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
            for question in (describe, analyze):
                with row.in_time():
                    result = await question(client)
                assert code_of(result) in row.codes
                if question is describe and not code_of(result):
                    seen.add(status_of(result))

    with over(link, monkeypatch) as catalog:
        async with Client(build_server(catalog)) as client:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(swap)
                for _ in range(4):
                    tasks.start_soon(ask, client)
            assert seen
            assert seen <= {"TRAINED", "HOSTED"}
            assert status_of(await describe(client)) == "HOSTED"


@row("at once", "archive_unreadable")
async def test_an_archive_whose_directory_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    """Moved away and another put in its place; in between it is not there, and that is said."""
    folder = save(tmp_path / "archive", "TRAINED")
    with over(folder, monkeypatch) as catalog:
        async with Client(build_server(catalog)) as client:
            assert status_of(await describe(client)) == "TRAINED"
            folder.rename(tmp_path / "old")
            with row.in_time():
                assert code_of(await describe(client)) in row.codes
            save(folder, "HOSTED")
            assert status_of(await describe(client)) == "HOSTED"


@row("at once", "", "evaluation_files_only")
async def test_an_archive_file_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
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
            with row.in_time():
                half = await describe(client)  # its evaluation files still speak for it
            assert not code_of(half)
            assert "evaluation_files_only" in findings_of(half)
            file.write_text(whole)
            assert status_of(await describe(client)) == "DELETING"


# The process


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


@row("5 s")
def test_stdin_closed_mid_call(api: Endpoint) -> None:
    with serving({**api.environment, "AWS_REGION": "us-east-1"}) as process:
        call_under_way(process, api)
        stdout, _ = process.communicate(timeout=5)  # closes stdin first
        assert process.returncode == 0
        assert all(json.loads(line) for line in stdout.splitlines())


@row("5 s")
@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM is POSIX")
def test_sigterm_mid_call(api: Endpoint, row: Row) -> None:
    with serving({**api.environment, "AWS_REGION": "us-east-1"}) as process:
        call_under_way(process, api)
        process.send_signal(signal.SIGTERM)
        with row.in_time():
            stdout = pipes(process)[1].read()
        assert process.wait(5) in (0, -signal.SIGTERM)
        assert all(json.loads(line) for line in stdout.splitlines())


@row("5 s", "invalid_argument")
def test_a_request_of_64_megabytes(process: subprocess.Popen[bytes], row: Row) -> None:
    with row.in_time():
        answer = asked(process, 64, {"project_name": "x" * (64 << 20)})["result"]
    assert answer["_meta"][ERROR_META]["code"] in row.codes
    (block,) = answer["content"]
    assert "x" * 50 in block["text"]
    assert len(block["text"]) < 400
    assert len(json.dumps(answer)) < 1000
    assert not asked(process, 65)["result"].get("isError")


NO_MESSAGES: Final = (
    *(b"garbage", b"", b"{}", b"[]", b"null", b"7", b'{"jsonrpc":"2.0"}', b"\xff\xfe\x00"),
    *(b"[" * 5000, b'{"jsonrpc":"2.0","id":1,"result":{}}', b'{"jsonrpc":"1.0","id":1}'),
    b'{"jsonrpc":"2.0","id":{},"method":"tools/call"}',
    b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}',
    b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":[]}',
    b'{"jsonrpc":"2.0","id":"\\ud800","method":"tools/call","params":{}}',
)
"""The SDK drops them, also where there is an id: what is no JSON-RPC message is not answered."""
BAD_REQUESTS: Final[Mapping[str, tuple[str, Mapping[str, object], int]]] = {
    "a": ("no/such", MODERN, -32601),
    "b": ("tools/call", {}, -32602),
    "c": ("tools/call", MODERN | {"name": 7}, -32602),
    "d": ("tools/call", MODERN | {"name": "no_such"}, -32602),
    "e": ("resources/read", MODERN | {"uri": []}, -32602),
}
"""By id: messages that ask for nothing that there is, and the error that each is answered with."""


@row("5 s")
def test_10000_malformed_frames(process: subprocess.Popen[bytes], row: Row) -> None:
    before = memory_of(process)
    stdin, stdout = pipes(process)
    bad = [
        json.dumps({"jsonrpc": "2.0", "id": name, "method": method, "params": params}).encode()
        for name, (method, params, _) in BAD_REQUESTS.items()
    ]
    malformed = [line + b"\n" for line in (*NO_MESSAGES, *bad)]
    times = 10_000 // len(malformed)

    def write() -> None:
        for _ in range(times):
            stdin.writelines(malformed)
        stdin.flush()

    writing = threading.Thread(target=write)  # the pipes hold only so much
    with row.in_time():
        writing.start()
        answers = [json.loads(stdout.readline()) for _ in range(times * len(bad))]
    writing.join()
    assert Counter((answer["id"], answer["error"]["code"]) for answer in answers) == {
        (name, code): times for name, (_, _, code) in BAD_REQUESTS.items()
    }
    assert not asked(process, 10_000)["result"].get("isError")
    assert memory_of(process) < before + 32


@row("20 s", "")
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


@row("20 s", "")
def test_200_callers_over_http(row: Row) -> None:
    with started("--source", "sample") as server, ThreadPoolExecutor(200) as callers:
        with row.in_time(DEFAULT):
            replies = list(callers.map(call, [server.url] * 200))
        for reply in (*replies, call(server.url)):
            assert reply.status == 200
            assert not reply.message["result"].get("isError")


# The log


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


# Size


def size_of(result: CallToolResult) -> int:
    return len(result.model_dump_json(by_alias=True, exclude_none=True).encode())


WIDE: Final = "\N{FACTORY}"
"""Four bytes."""


@row("at once", "")
@pytest.mark.parametrize("letter", ["x", '"', WIDE])
async def test_a_long_listing(tmp_path: Path, letter: str, row: Row) -> None:
    """100 models with 500 characters of description each: shorter pages, and nothing is lost."""
    models = [listed(described(version=n, Description=letter * 500)) for n in range(1, 101)]
    (tmp_path / "list.json").write_text(json.dumps({"Models": models}))
    found: list[str] = []
    token = ""
    async with Client(build_server(open_catalog(str(tmp_path), None, None, DEFAULT))) as client:
        for _ in range(100):
            page = {"max_results": 100, "next_token": token}
            with row.in_time():
                result = await client.call_tool("list_models", page)
            assert not code_of(result), text(result)
            assert size_of(result) <= MAX_RESULT_BYTES
            assert result.structured_content is not None
            found += [row["model_version"] for row in result.structured_content["models"]]
            token = result.structured_content.get("next_token", "")
            if not token:
                break
            assert token in text(result)
    assert found == [str(n) for n in range(100, 0, -1)]


@row("at once", "", "answer_shortened")
async def test_a_listing_of_projects_that_fail(api: Endpoint, unhurried: Client, row: Row) -> None:
    names = [f"cap-seal-{n:03}-{'x' * 200}" for n in range(100)]
    api.answer = lambda r: (
        ok({"Projects": [{"ProjectName": name} for name in names]})
        if r.path.endswith("/projects")
        else api_error(403, "AccessDeniedException", "no " * 200)
    )
    with row.in_time():
        result = await unhurried.call_tool("list_models", {})
    assert not code_of(result)
    assert size_of(result) <= MAX_RESULT_BYTES
    assert re.search(r"Left out.* \d+ of 100 findings", text(result))
    assert result.structured_content is not None
    assert "of 100 findings" in result.structured_content["summary"]
    assert result.structured_content["findings"][-1]["code"] in row.codes


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
    return open_catalog(str(folder), None, None, DEFAULT)


@row("at once", "", "answer_shortened")
@pytest.mark.parametrize("letter", ["x", WIDE])
async def test_a_large_evaluation(tmp_path: Path, letter: str, row: Row) -> None:
    async with Client(build_server(large(tmp_path, letter))) as client:
        with row.in_time():
            result = await client.call_tool(
                "analyze_evaluation", {"project_name": "cap-seal", "max_examples": 20}
            )
        assert not code_of(result), text(result)
        assert size_of(result) <= MAX_RESULT_BYTES
        assert result.structured_content is not None
        for shown in (text(result), result.structured_content["summary"]):
            assert re.search(r"Left out.* \d+ of 100 labels.*max_examples", shown, re.DOTALL)
            assert re.search(r"Left out.* \d+ of 20 examples.missed_defects", shown, re.DOTALL)
        assert result.structured_content["findings"][-1]["code"] in row.codes
        asked = {"project_name": "cap-seal", "max_examples": 0}
        assert not code_of(await client.call_tool("analyze_evaluation", asked))


@row("at once", "", "answer_shortened")
async def test_a_comparison_of_ten(tmp_path: Path, row: Row) -> None:
    async with Client(build_server(large(tmp_path, "x", 10))) as client:
        versions = [str(n) for n in range(1, 11)]
        with row.in_time():
            result = await client.call_tool(
                "compare_models", {"project_name": "cap-seal", "model_versions": versions}
            )
        assert not code_of(result), text(result)
        assert size_of(result) <= MAX_RESULT_BYTES
        assert result.structured_content is not None
        assert len(result.structured_content["models"]) == 10
        assert result.structured_content["findings"][-1]["code"] in row.codes
        for shown in (text(result), result.structured_content["summary"]):
            assert re.search(r"Left out.* of \d+ findings.*fewer versions", shown, re.DOTALL)


@row("at once", "")
@pytest.mark.parametrize("letter", ["x", '"', WIDE])
async def test_a_record_with_the_longest_texts(
    api: Endpoint, unhurried: Client, letter: str, row: Row
) -> None:
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
    with row.in_time():
        result = await describe(unhurried)
    assert not code_of(result), text(result)
    assert size_of(result) <= MAX_RESULT_BYTES
    assert result.structured_content is not None
    if letter == "x":  # what the API can really say is never cut
        assert result.structured_content["model_description"]["ModelArn"] == letter * 2048
    api.answer = healthy
    assert not code_of(await describe(unhurried))


# Time


@row("20 s")
async def test_one_deadline_for_a_resource_and_a_prompt(
    api: Endpoint, s3: Endpoint, client: Client, row: Row
) -> None:
    """Several questions make up one answer, and one limit holds for all of them."""
    await assert_works(client, analyze)
    s3.answer = always(Reply(pause=60))
    with row.in_time():
        card = await client.read_resource("lookoutvision://projects/cap-seal/models/3/card")
    assert "EvaluationResult could not be read" in card.model_dump_json()
    api.answer = always(Reply(b"{" * 1000, drip=0.05))
    names = {"project_name": "cap-seal", "baseline": "1", "candidate": "2"}
    with row.in_time():
        prompt = await client.get_prompt("compare_model_versions", names)
    assert prompt.model_dump_json().count("There is no record") == 2


@row("20 s", "deadline_exceeded")
async def test_deadlines_inside_each_other(row: Row) -> None:
    catalog = open_catalog("sample", None, None, 0.5)
    start = anyio.current_time()

    async def answer() -> None:
        with catalog.deadline():
            with pytest.raises(ServiceError), catalog.deadline():
                await anyio.sleep(60)
            assert anyio.current_time() - start < 0.5  # there is time left to answer with less
            await anyio.sleep(60)

    with pytest.raises(ServiceError, match="No answer within") as failed:
        await answer()
    assert failed.value.code in row.codes


# For long


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
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


# The table


OVER_HTTP: Final = {
    "test_64_megabytes_are_refused_and_not_kept": f"{DEFAULT_LIMITS.body_seconds:g} s",
    "test_a_body_that_drips_is_not_waited_for": f"{DEFAULT_LIMITS.body_seconds:g} s",
    "test_who_falls_silent_is_not_waited_for": f"{DEFAULT_LIMITS.head_seconds:g} s",
    "test_too_many_connections": "at once",
    "test_a_client_that_hangs_up_is_no_event": "at once",
    "test_a_caller_who_hangs_up_ends_the_work": "at once",
    "test_sigterm_lets_calls_finish_but_not_for_ever": f"{DEFAULT_LIMITS.shutdown_seconds} s",
}
"""What tests/end_to_end/test_http_server.py asserts, and within what time."""
NO_ROWS: Final = ("test_the_log_of_a_process_names_nothing", "test_the_table_is_of_these_tests")


def rows() -> Iterator[tuple[str, Row]]:
    """Every row, as the table names its test."""
    families = {"test_an_api_that_misbehaves": API, "test_an_s3_that_misbehaves": S3}
    for name, test in globals().items():
        if not name.startswith("test_") or not isinstance(test, FunctionType) or name in NO_ROWS:
            continue
        if name in families:
            yield from ((f"{name}[{fault}]", row) for fault, row in families[name].items())
        else:
            yield name, ROWS.get(name, Row("-", ()))
    yield from (
        (f"tests/end_to_end/test_http_server.py::{name}", Row(time, ()))
        for name, time in OVER_HTTP.items()
    )


def test_the_table_is_of_these_tests() -> None:
    document = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    table = re.findall(r"(?m)^\| .+ \| (.+) \| (.+) \| .+ \| `([^`]*test_[^`]+)` \|$", document)
    expected = dict(rows())
    assert sorted(name for *_, name in table) == sorted(expected)
    for seen, within, name in table:
        codes = {word for word in re.findall(r"`([^`]+)`", seen) if word in {*ERRORS, *FINDINGS}}
        assert (name, within) == (name, expected[name].within)
        assert (name, codes) == (name, {*expected[name].codes} - {""})
    assert f"less than {AT_ONCE:g} seconds on an idle machine" in document
    assert f"They allow {MARGIN:g} seconds more" in document
    there = (ROOT / "tests" / "test_http.py").read_text(encoding="utf-8")
    for name in OVER_HTTP:
        assert f"\ndef {name}(" in there

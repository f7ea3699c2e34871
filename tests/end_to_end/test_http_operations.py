"""What whoever runs the server over HTTP sees: probes under flood, and which files may be open."""

from __future__ import annotations

import json
import re
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from threading import Event, Thread
from typing import Final
from urllib.parse import urlsplit

import pytest

from lfv_mcp.http.settings import DEFAULT_LIMITS
from tests.support.api_endpoint import Endpoint, Reply, Request
from tests.support.http_server import Process, call, running, send, started
from tests.support.saved_records import described, write

pytestmark = pytest.mark.slow
PROBES: Final = ("/healthz", "/readyz")
PROMPTLY: Final = 5.0
"""Seconds within which a probe has its answer, on a machine that runs other tests beside this."""
posix = pytest.mark.skipif(sys.platform == "win32", reason="ulimit")


def connect(server: Process, stack: ExitStack, count: int, said: bytes = b"") -> None:
    """Open connections that say this and then nothing more."""
    parts = urlsplit(server.url)
    for _ in range(count):
        with suppress(OSError):  # the server may have hung up on one
            connection = socket.create_connection((parts.hostname, parts.port), timeout=5)
            stack.enter_context(connection)
            connection.sendall(said)


def probe(server: Process, path: str) -> int:
    started_at = time.monotonic()
    reply = send(server.url.replace("/mcp", path), "GET", patience=PROMPTLY)
    assert time.monotonic() - started_at < PROMPTLY
    return reply.status


def until_ready(server: Process) -> None:
    while probe(server, "/readyz") != 200:
        time.sleep(0.05)


@contextmanager
def flood(server: Process, said: bytes) -> Iterator[None]:
    """Open connections as fast as they are taken, and keep them, until told to end."""
    ending = Event()
    stack = ExitStack()

    def run() -> None:
        while not ending.wait(0.001):
            connect(server, stack, 1, said)

    thread = Thread(target=run, name="flood")
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
        stack.close()


@pytest.mark.parametrize("said", [b"", b"POST /mcp HTTP/1.1\r\nHost: loc"], ids=["idle", "slow"])
def test_probes_are_answered_under_flood(said: bytes) -> None:
    with started("--source", "sample") as server, ExitStack() as held:
        until_ready(server)
        connect(server, held, DEFAULT_LIMITS.max_connections, said)
        for path in PROBES * 3:
            assert probe(server, path) == 200
        # Everything else hears at once that it may come again.
        refused = call(server.url, patience=PROMPTLY)
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert refused.headers["connection"] == "close"
        # Who asks for nothing gives way: many more than the reserve has room for.
        connect(server, held, 3 * DEFAULT_LIMITS.max_reserved, said)
        for path in PROBES * 3:
            assert probe(server, path) == 200
        with flood(server, said):
            for path in PROBES * 5:
                assert probe(server, path) == 200
        held.close()
        while True:  # the server has to notice that they have left
            with suppress(OSError, HTTPException):
                if call(server.url).status == 200:
                    break
            time.sleep(0.05)
        code, log, _ = server.end()
    assert (code, log) == (0, "")


def test_a_connection_of_the_reserve_is_soon_closed() -> None:
    """Even one whose body drips, and one that reads nothing."""
    with started("--source", "sample") as server, ExitStack() as held:
        connect(server, held, DEFAULT_LIMITS.max_connections)
        parts = urlsplit(server.url)
        slow = held.enter_context(socket.create_connection((parts.hostname, parts.port), 10))
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        began = time.monotonic()
        answer = b""
        while received := slow.recv(4096):
            answer += received
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert time.monotonic() - began < DEFAULT_LIMITS.reserved_seconds + 2


@posix
@pytest.mark.parametrize("idle", [300, 700])
def test_few_file_descriptors(idle: int) -> None:
    """As on macOS, which allows a process 256 of them."""
    few = running(("--source", "sample"), {}, descriptors="-n 256")
    with few as server, ExitStack() as held:
        (cap,) = re.findall(r"At most (\d+) connections", server.stderr)
        assert 64 <= int(cap) < 256
        until_ready(server)
        connect(server, held, idle)
        for path in PROBES * 5:
            assert probe(server, path) == 200
        held.close()
        deadline = time.monotonic() + 20
        while True:
            with suppress(OSError, HTTPException):
                if call(server.url).status == 200:
                    break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert len(server.stderr) < 4096, server.stderr[-2000:]
        assert "Traceback" not in server.stderr


@posix
def test_a_soft_limit_is_raised() -> None:
    few = running(("--source", "sample"), {}, descriptors="-S -n 256")
    with few as server, ExitStack() as held:
        connect(server, held, 400)
        assert call(server.url).status == 200
        assert "At most" not in server.stderr


def bucket(request: Request) -> Reply:
    """A bucket with one record."""
    if "list-type" in request.query:
        return Reply(
            b'<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated><Contents>'
            b"<Key>records/3.json</Key><Size>900</Size><ETag>1</ETag></Contents>"
            b"</ListBucketResult>",
            headers={"content-type": "application/xml"},
        )
    record = json.dumps({"ModelDescription": described()}, default=str).encode()
    return Reply(record.ljust(900))


def denied(_: Request) -> Reply:
    return Reply(b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>", 403)


def test_it_gets_ready_by_itself() -> None:
    """Health is one thing, readiness another; and nobody has to ask for an index to be made."""
    source = "s3://hidden-bucket-5b1/hidden-prefix-7c2/records/"
    with (
        Endpoint(denied) as s3,
        started(
            *("--source", source),
            AWS_ENDPOINT_URL_S3=s3.url,
            AWS_ACCESS_KEY_ID="key",
            AWS_SECRET_ACCESS_KEY="secret",
            AWS_REGION="us-east-1",
        ) as server,
    ):
        ready = server.url.replace("/mcp", "/readyz")
        while not s3.requests:
            time.sleep(0.02)
        refused = send(ready, "GET")
        assert (refused.status, json.loads(refused.body)) == (503, {"ready": False})
        assert int(refused.headers["retry-after"]) > 0
        assert probe(server, "/healthz") == 200
        told = call(server.url, params={"name": "list_models", "arguments": {}}).body
        assert b"LFV_SOURCE" in told
        assert b"hidden" not in told

        s3.answer = lambda request: replace(bucket(request), pause=1.0)
        asked = len(s3.requests)
        while len(s3.requests) == asked:
            time.sleep(0.02)
        assert probe(server, "/readyz") == 503  # at once, though S3 takes a second
        until_ready(server)
        answer = json.loads(send(ready, "GET").body)
        assert answer.keys() == {"ready", "index_age_seconds"}
        assert 0 <= answer["index_age_seconds"] < 5

        s3.answer = denied
        time.sleep(1.2)
        later = json.loads(send(ready, "GET").body)
        assert later["ready"]  # what is in memory is answered from
        assert later["index_age_seconds"] >= answer["index_age_seconds"] + 1
        listed = call(server.url, params={"name": "list_models", "arguments": {}})
        assert listed.message["result"]["structuredContent"]["source"]["location"] == (
            "archive:records"
        )
        assert b"hidden" not in listed.body
        assert "hidden-bucket-5b1" in server.stderr  # the operator is told the whole


def test_a_directory_that_comes_late(tmp_path: Path) -> None:
    """The server starts without it, is not ready, and gets ready once it is there."""
    source = tmp_path / "parent-4e1" / "mounted-late"
    with started("--source", str(source)) as server:
        for path, status in (("/healthz", 200), ("/readyz", 503)):
            assert probe(server, path) == status
        told = call(server.url, params={"name": "list_models", "arguments": {}}).body
        assert b"LFV_SOURCE" in told
        assert b"parent-4e1" not in told
        write(source, "3.json", {"ModelDescription": described()})
        until_ready(server)
        listed = call(server.url, params={"name": "list_models", "arguments": {}})
        answer = listed.message["result"]["structuredContent"]
        assert [model["model_version"] for model in answer["models"]] == ["3"]
        assert answer["source"]["location"] == "archive:mounted-late"


def test_a_live_source_has_no_index() -> None:
    with started("--source", "live") as server:
        reply = send(server.url.replace("/mcp", "/readyz"), "GET")
        assert (reply.status, json.loads(reply.body)) == (200, {"ready": True})


@pytest.mark.parametrize("host", ["10.1.2.3:8000", "evil.example", ""])
def test_probes_take_any_host(host: str) -> None:
    with started("--source", "sample", "--allowed-host", "mcp.example.com") as server:
        until_ready(server)
        for path in PROBES:
            for method in ("GET", "HEAD"):
                reply = send(server.url.replace("/mcp", path), method, headers={"host": host})
                assert reply.status == 200

"""MCP over HTTP, by real requests: who is let in, what is asked of them, and how it ends."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from http.client import HTTPException, IncompleteRead
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import anyio
import pytest
from mcp import Client

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.http.settings import DEFAULT_LIMITS, HttpLimits, HttpSettings
from lfv_mcp.model_query import ModelQuery
from tests.support.api_endpoint import (
    ACCESS_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    Endpoint,
    Request,
    healthy,
)
from tests.support.api_endpoint import Reply as Answer
from tests.support.http_server import COMMAND, MODEL, Process, Reply, call, send, served, started

pytestmark = pytest.mark.slow
GATEWAY = HttpSettings(behind_gateway=True)
NAMED = HttpSettings(
    allowed_hosts=("mcp.example.com",), allowed_origins=("https://app.example.com",)
)


@pytest.fixture(scope="module")
def server() -> Iterator[Process]:
    """One process over the sample, for all who only ask it."""
    with started("--source", "sample") as process:
        yield process


# Both eras


@pytest.mark.anyio
async def test_a_client_gets_the_same_as_anywhere(
    server: Process, era: str, sample: Catalog
) -> None:
    async with Client(server.url, mode=era) as client:
        described = await client.call_tool("describe_model", MODEL)
        expected = await sample.describe_model(ModelQuery(**MODEL))
        assert described.structured_content == expected.to_json()
        told: list[float] = []

        async def progress(progress: float, total: float | None, message: str | None) -> None:
            assert (total, bool(message)) == (None, True)
            told.append(progress)

        listed = await client.call_tool("list_models", {}, progress_callback=progress)
        assert listed.structured_content == (await sample.list_models()).to_json()
        assert told == sorted(told)
        assert len(told) > 1  # of server-sent events: with plain JSON there would be none


def test_without_progress_the_modern_era_gets_plain_json(server: Process) -> None:
    assert call(server.url).headers["content-type"] == "application/json"


def test_no_session_is_needed_and_any_is_taken(server: Process, era: str) -> None:
    # AgentCore and other gateways add session ids of their own.
    headers = {
        "mcp-session-id": "somebody-else",
        "x-amzn-bedrock-agentcore-runtime-session-id": "1",
    }
    reply = call(server.url, era=era, headers=headers)
    assert reply.status == 200
    assert "mcp-session-id" not in reply.headers
    assert reply.message["result"]["structuredContent"]["project_name"] == "sample-cap-seal"


@pytest.mark.parametrize(
    ("method", "scope"),
    [
        ("tools/list", "public"),
        ("prompts/list", "public"),
        ("resources/templates/list", "public"),
        ("resources/list", "private"),
        ("server/discover", "private"),
    ],
)
def test_only_what_is_the_same_for_all_may_be_shared(
    server: Process, method: str, scope: str
) -> None:
    result = call(server.url, method).message["result"]
    assert result["cacheScope"] == scope
    assert (result["ttlMs"] > 0) == (scope == "public")


def test_account_data_is_never_shared(server: Process) -> None:
    uri = "lookoutvision://models"
    reply = call(server.url, "resources/read", {"uri": uri}, headers={"mcp-name": uri})
    assert reply.message["result"]["cacheScope"] == "private"


@pytest.mark.parametrize("method", ["server/discover", "initialize"])
def test_no_changes_are_promised(server: Process, method: str) -> None:
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}}
    hello |= {"clientInfo": {"name": "test", "version": "0"}}
    era, params = ("legacy", hello) if method == "initialize" else ("auto", {})
    result = call(server.url, method, params, era=era).message["result"]
    for name in ("tools", "prompts", "resources"):
        assert not result["capabilities"][name].get("listChanged")
        assert not result["capabilities"][name].get("subscribe")


# Who is let in


def test_health_is_for_everybody(server: Process) -> None:
    url = server.url.replace("/mcp", "/healthz")
    for headers in ({}, {"host": "evil.example", "origin": "http://evil.example"}):
        reply = send(url, "GET", headers=headers)
        assert (reply.status, reply.body) == (200, b"ok\n")


def port_of(server: Process) -> int:
    port = urlsplit(server.url).port
    assert port
    return port


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost"}, 200),
        ({"host": "localhost:{port}", "origin": "http://localhost:{port}"}, 200),
        ({"host": "[::1]:{port}", "origin": "http://127.0.0.1:6274"}, 200),
        ({"host": "evil.example"}, 421),
        ({"host": "localhost.evil.example:{port}"}, 421),
        # DNS rebinding: the name of a page's own host points at 127.0.0.1 now.
        ({"host": "evil.example:{port}", "origin": "http://evil.example:{port}"}, 421),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://localhost.evil.example"}, 403),
        ({"origin": "https://localhost"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "LOCALHOST:{port}"}, 200),
        ({"host": "localhost:80.evil.example"}, 421),
        ({"host": "localhost:80@evil.example"}, 421),
        ({"origin": "http://localhost:1@evil.example"}, 403),
        ({"origin": "HTTP://LOCALHOST:1"}, 200),
        ({"content-type": "text/plain"}, 400),  # what a page may send without a preflight
        ({"accept": "text/html"}, 406),
    ],
    ids=str,
)
def test_host_and_origin(server: Process, era: str, headers: dict[str, str], status: int) -> None:
    port = port_of(server)
    sent = {name: value.format(port=port) for name, value in headers.items()}
    assert call(server.url, era=era, headers=sent).status == status


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD", "PUT", "OPTIONS"])
def test_mcp_is_posted(server: Process, method: str) -> None:
    reply = send(server.url, method, headers={"accept": "text/event-stream"})
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


def test_nothing_else_is_there(server: Process) -> None:
    for path in ("/", "/mcp/", "/.well-known/oauth-protected-resource/mcp"):
        assert send(server.url.replace("/mcp", path), "GET").status == 404


@pytest.mark.parametrize(
    ("site", "headers", "status"),
    [
        (NAMED, {"host": "mcp.example.com"}, 200),
        (NAMED, {"host": "mcp.example.com:8443", "origin": "https://app.example.com"}, 200),
        (NAMED, {"host": "localhost"}, 200),
        (NAMED, {"host": "example.com"}, 421),
        (NAMED, {"origin": "https://app.example.com:444"}, 403),
        (NAMED, {"origin": "http://app.example.com"}, 403),
        (HttpSettings(allowed_hosts=("a:1",)), {"host": "a:1"}, 200),
        (HttpSettings(allowed_hosts=("a:1",)), {"host": "a"}, 421),
        (HttpSettings(allowed_origins=("https://a:*",)), {"origin": "https://a:8"}, 200),
        (HttpSettings(allowed_origins=("https://a:*",)), {"origin": "https://a.b"}, 403),
        (HttpSettings(public_url="https://mcp.example.com/mcp"), {"host": "mcp.example.com"}, 200),
        (HttpSettings(allowed_hosts=("MCP.example.com",)), {"host": "mcp.EXAMPLE.com"}, 200),
        (GATEWAY, {"host": "replicas", "origin": "https://anywhere.example"}, 200),
        (replace(NAMED, behind_gateway=True), {"host": "replicas"}, 421),
    ],
)
def test_names_that_the_operator_allows(
    sample: Catalog, site: HttpSettings, headers: dict[str, str], status: int
) -> None:
    with served(sample, site) as url:
        assert call(url, headers=headers).status == status


def test_pages_of_an_allowed_origin_can_call(sample: Catalog) -> None:
    ask = {"access-control-request-method": "POST", "access-control-request-headers": "mcp-method"}
    with served(sample, NAMED) as url:
        for origin, status in (("https://app.example.com", 200), ("https://evil.example", 400)):
            preflight = send(url, "OPTIONS", headers={"origin": origin, **ask})
            assert preflight.status == status
            allowed = preflight.headers.get("access-control-allow-origin")
            assert allowed == (origin if status == 200 else None)
        reply = call(url, headers={"origin": "https://app.example.com"})
        assert reply.headers["access-control-allow-origin"] == "https://app.example.com"


def test_a_refused_page_hears_why(sample: Catalog) -> None:
    with served(sample, NAMED) as url:
        headers = {"origin": "https://app.example.com", "content-type": "application/json"}
        reply = send(url, "POST", b"x" * (DEFAULT_LIMITS.max_body_bytes + 1), headers)
    assert reply.status == 413
    assert reply.headers["access-control-allow-origin"] == "https://app.example.com"


def test_the_log_does_not_repeat_what_headers_say(
    sample: Catalog, caplog: pytest.LogCaptureFixture
) -> None:
    with served(sample) as url, caplog.at_level(logging.INFO):
        for name in ("host", "origin"):
            for value in (
                "evil.example",
                "http://evil.example:1",
                "evil\x9b31m\x85line",
                "e" * 9999,
            ):
                assert call(url, headers={name: value}).status in (403, 421)
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert set(said) == {"Invalid Host header", "Invalid Origin header"}
    assert "evil" not in caplog.text


@pytest.mark.parametrize(
    ("header", "value", "status", "body"),
    [
        ("host", "localhost:80@evil.example", 421, b"Invalid Host header"),
        ("host", "evil.example", 421, b"Invalid Host header"),
        ("origin", "http://localhost:1@evil.example", 403, b"Invalid Origin header"),
        ("origin", "http://evil.example", 403, b"Invalid Origin header"),
    ],
)
def test_a_malformed_header_is_refused_as_a_foreign_one(
    server: Process, era: str, header: str, value: str, status: int, body: bytes
) -> None:
    reply = call(server.url, era=era, headers={header: value})
    assert (reply.status, reply.body) == (status, body)
    assert "content-type" not in reply.headers


def test_a_gateway_that_checks_callers_may_send_any_host(sample: Catalog, era: str) -> None:
    with served(sample, GATEWAY) as url:
        assert call(url, era=era, headers={"host": "replica_1:x@y", "origin": "?"}).status == 200


def test_any_loopback_address_answers_to_its_name() -> None:
    with started("--source", "sample", "--host", "127.0.0.2") as server:
        assert server.url.startswith("http://127.0.0.2:")
        assert call(server.url).status == 200


# Requests that are too much


def talk(server: str, *chunks: bytes) -> bytes:
    """Bytes as they are; what comes back until the other side closes or falls silent."""
    parts = urlsplit(server)
    with socket.create_connection((parts.hostname, parts.port), timeout=15) as connection:
        for chunk in chunks:
            connection.sendall(chunk)
        answer = b""
        while not (answer.startswith(b"HTTP") and b"\r\n\r\n" in answer):
            received = connection.recv(65536)
            if not received:
                break
            answer += received
    return answer.partition(b"\r\n")[0]


HEAD = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: */*\r\n"


def test_headers_may_be_long_but_not_endless(server: Process) -> None:
    assert call(server.url, headers={"authorization": "Bearer " + "a" * 32_000}).status == 200
    too_large = {"x": "a" * (DEFAULT_LIMITS.max_head_bytes - 100)}  # with the others
    assert call(server.url, headers=too_large).status == 431
    assert talk(server.url, HEAD, b"X: " + b"a" * 300_000) == b"HTTP/1.1 400 Bad Request"
    assert call(server.url).status == 200


@pytest.mark.parametrize("era_line", [b"", b"MCP-Protocol-Version: 2026-07-28\r\n"])
@pytest.mark.parametrize("declared", [True, False])
def test_64_megabytes_are_refused_and_not_kept(
    server: Process, declared: bool, era_line: bytes
) -> None:
    size = 64 << 20
    before = memory(server.pid)
    length = (
        b"Content-Length: %d\r\n\r\n" % size if declared else b"Transfer-Encoding: chunked\r\n\r\n"
    )
    piece = b"x" * (1 << 20) if declared else b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
    answer = talk(server.url, HEAD, era_line, length, *[piece] * 64)
    assert answer == b"HTTP/1.1 413 Request Entity Too Large"
    assert memory(server.pid) - before < 8 << 20
    assert call(server.url).status == 200


def memory(pid: int) -> int:
    """Peak resident bytes."""
    if sys.platform != "linux":
        return 0
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(peak) * 1024


def test_a_body_that_drips_is_not_waited_for(sample: Catalog) -> None:
    with served(sample, HttpSettings(limits=HttpLimits(body_seconds=0.2))) as url:
        answer = talk(url, HEAD, b"Content-Length: 100\r\n\r\n{")
        assert answer == b"HTTP/1.1 408 Request Timeout"
        assert call(url).status == 200


HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("answered", "begun"),
    [(b"", b""), (b"", HEAD), (b"", HEAD + b"Content-Length: 9\r\n\r\n{"), (HEALTH, b"P")],
    ids=["nothing", "half a head", "half a body", "half of another one"],
)
def test_who_falls_silent_is_not_waited_for(sample: Catalog, answered: bytes, begun: bytes) -> None:
    impatient = HttpLimits(head_seconds=0.3, body_seconds=0.3)
    with served(sample, HttpSettings(limits=impatient)) as url:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
            if answered:
                connection.sendall(answered)
                heard = b""
                while not heard.endswith(b"ok\n"):
                    heard += connection.recv(65536)
            connection.sendall(begun)
            while connection.recv(65536):
                pass  # until the other side closes; by itself it would not within the 10 seconds
        assert call(url).status == 200


def test_too_large_a_body_that_drips_is_not_waited_for(sample: Catalog) -> None:
    with served(sample, HttpSettings(limits=HttpLimits(body_seconds=0.3))) as url:
        length = b"Content-Length: 100000000\r\n\r\n"
        answer = talk(url, HEAD, length, b"x" * (DEFAULT_LIMITS.max_body_bytes + 1))
        assert answer == b"HTTP/1.1 413 Request Entity Too Large"


def test_too_many_connections(sample: Catalog) -> None:
    few = HttpSettings(limits=HttpLimits(max_connections=3))
    with served(sample, few) as url, ExitStack() as held:
        parts = urlsplit(url)
        place = (parts.hostname, parts.port)
        for _ in range(3):
            held.enter_context(socket.create_connection(place))
        with socket.create_connection(place, timeout=10) as one_more:
            answer = one_more.recv(65536)
            assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n")
            assert one_more.recv(65536) == b""
        held.close()
        deadline = time.monotonic() + 10
        while True:  # the server has to notice that they have left
            with suppress(OSError, HTTPException):
                if call(url).status == 200:
                    break
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff", b"[1]", b'"x"', b"1e9999"])
def test_malformed_bodies(server: Process, era: str, body: bytes) -> None:
    headers = {"content-type": "application/json", "accept": "*/*"}
    if era != "legacy":
        headers["mcp-protocol-version"] = "2026-07-28"
    reply = send(server.url, "POST", body, headers)
    assert reply.status == 400
    assert reply.message["error"]["code"] in (-32700, -32600, -32602)


def test_a_client_that_hangs_up_is_no_event(
    sample: Catalog, era: str, caplog: pytest.LogCaptureFixture
) -> None:
    line = b"" if era == "legacy" else b"MCP-Protocol-Version: 2026-07-28\r\n"
    with served(sample) as url:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.sendall(HEAD + line + b"Content-Length: 100\r\n\r\n{")
            time.sleep(0.2)
        assert call(url, era=era).status == 200
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


def test_a_caller_who_hangs_up_ends_the_work(
    sample: Catalog, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = Event(), Event()

    async def describe(_: ModelQuery) -> None:
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    monkeypatch.setattr(sample, "describe_model", describe)
    with served(sample) as url, ThreadPoolExecutor() as callers:
        waiting = callers.submit(call, url, era=era, patience=1.0)
        assert begun.wait(5)
        with pytest.raises(TimeoutError):
            waiting.result()
        assert ended.wait(5)


# How it ends


CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
}


def in_flight(url: str, version: str, era: str) -> Reply | None:
    """A call; None if its answer was broken off."""
    model = {"project_name": "cap-seal", "model_version": version}
    try:
        return call(url, params={"name": "describe_model", "arguments": model}, era=era)
    except IncompleteRead:
        return None


def test_sigterm_lets_calls_finish_but_not_for_ever() -> None:
    def slow(request: Request) -> Answer:
        return replace(healthy(request), pause=60 if request.path.endswith("3") else 1.5)

    with (
        Endpoint(slow) as endpoint,
        started(
            *("--source", "live", "--timeout", "300"),
            AWS_ENDPOINT_URL_LOOKOUTVISION=endpoint.url,
            **CREDENTIALS,
        ) as server,
        ThreadPoolExecutor() as callers,
    ):
        calls = [
            callers.submit(in_flight, server.url, version, era)
            for version in ("2", "3")
            for era in ("auto", "legacy")
        ]
        while len(endpoint.requests) < 2:  # the same question is asked but once
            time.sleep(0.01)
        time.sleep(0.2)
        code, said, seconds = server.end()
        modern, legacy, late_modern, late_legacy = (c.result() for c in calls)
    assert code == 0
    assert "Traceback" not in said
    assert "ASGI" not in said  # a stream that is broken off at the end is no mistake of the server
    assert DEFAULT_LIMITS.shutdown_seconds <= seconds < DEFAULT_LIMITS.shutdown_seconds + 10
    for finished in (modern, legacy):
        assert finished
        assert finished.message["result"]["structuredContent"]["project_name"] == "cap-seal"
    assert late_modern
    assert (late_modern.status, late_modern.body) == (503, b"The server is being shut down.")
    assert late_legacy is None  # its stream had begun: better broken off than ended


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_ends_it_at_once_and_quietly() -> None:
    with started("--source", "sample") as server:
        assert call(server.url).status == 200
        code, said, seconds = server.end(signal.SIGINT)
    assert (code, said) == (130, "")
    assert seconds < 5


def test_behind_a_gateway_it_listens_everywhere() -> None:
    with started("--source", "sample", "--behind-gateway", "--host", "0.0.0.0") as server:
        assert server.url.startswith("http://0.0.0.0:")
        url = server.url.replace("0.0.0.0", "127.0.0.1")
        assert call(url, headers={"host": "10.0.0.1:8000"}).status == 200
        code, said, seconds = server.end()
    assert (code, said) == (0, "")
    assert seconds < 5


# What is logged


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_no_secret_is_logged(level: str) -> None:
    command = (COMMAND, "describe", "cap-seal", "3", "--source", "live", "--log-level", level)
    with Endpoint(healthy) as endpoint:
        shell = {**os.environ, **endpoint.environment, "AWS_REGION": "us-east-1"}
        done = subprocess.run(command, env=shell, capture_output=True, text=True, check=True)
    assert ("DEBUG " in done.stderr) == (level == "DEBUG")
    (request, *_) = endpoint.requests
    assert request.headers["x-amz-security-token"] == SESSION_TOKEN
    signature = request.headers["authorization"].rpartition("Signature=")[2]
    for secret in (SESSION_TOKEN, SECRET_KEY, ACCESS_KEY, signature):
        assert secret not in done.stderr

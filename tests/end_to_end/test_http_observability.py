"""Access log, metrics and answers of the HTTP server: what is in them, and what never is."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp.shared.exceptions import MCPError
from prometheus_client.parser import text_string_to_metric_families

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.errors import ERRORS
from lfv_mcp.http.settings import DEFAULT_LIMITS
from lfv_mcp.server.prompts import prompts
from lfv_mcp.server.tools import TOOLS
from tests.support.api_endpoint import Endpoint
from tests.support.clients import run
from tests.support.http_server import (
    COMMAND,
    PATIENCE,
    Process,
    call,
    running,
    send,
    served,
    started,
)
from tests.support.oauth_issuer import RSA, SCOPE, bearer, published, token
from tests.support.saved_records import described, write

pytestmark = pytest.mark.slow
UUID: Final = "6f1a2b3c-4d5e-4f60-8a9b-0c1d2e3f4a5b"
LINE: Final = re.compile(
    r"time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z id=(?:[0-9a-fA-F-]{16,64}|-) "
    r"method=(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|-) path=(?:/[a-z.\-/]+|-) status=\d{3} "
    r"(?:reason=malformed_head|seconds=\d+\.\d{3} bytes=\d+ rpc=(?:[a-z/]+|-) "
    r"tool=(?:[a-z_]+|-) code=(?:[a-z0-9_]+|-))"
)
SECRETS: Final = (
    *(
        "Hunter2",
        "evil",
        "AKIAIOSFODNN7EXAMPLE",
        "secret-model",
        "sample-cap-seal",
        "\x1b",
        "forged",
    ),
)


@pytest.fixture(scope="module")
def server() -> Iterator[Process]:
    with started("--source", "sample", "--metrics") as process:
        yield process


def logged(server: Process, count: int, since: int = 0) -> list[dict[str, str]]:
    """The lines of the access log from one on, once there are so many."""
    deadline = time.monotonic() + PATIENCE
    while len(server.access_log) < since + count and time.monotonic() < deadline:
        time.sleep(0.01)
    lines = server.access_log[since:]
    assert len(lines) == count, lines
    return lines


def raw(server: Process, data: bytes) -> bytes:
    """Bytes as they are, and what comes back until the other side closes."""
    parts = urlsplit(server.url)
    answer = b""
    place = (parts.hostname, parts.port)
    with socket.create_connection(place, timeout=15) as connection, suppress(OSError):
        connection.sendall(data)
        while received := connection.recv(65536):
            answer += received
    return answer


# The access log


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (
            {"name": "describe_model", "arguments": {"project_name": "sample-cap-seal"}},
            ("200", "tools/call", "describe_model", "ok"),
        ),
        (
            {"name": "describe_model", "arguments": {"project_name": "secret-model"}},
            ("200", "tools/call", "describe_model", "project_not_found"),
        ),
        (
            {"name": "describe_model", "arguments": {"evil": "forged"}},
            ("200", "tools/call", "describe_model", "invalid_argument"),
        ),
    ],
)
def test_a_call_is_a_line(
    server: Process, era: str, params: dict[str, Any], expected: tuple[str, ...]
) -> None:
    since = len(server.access_log)
    reply = call(server.url, params=params, era=era, headers={"x-request-id": UUID})
    assert reply.headers["x-request-id"] == UUID
    (line,) = logged(server, 1, since)
    assert (line["status"], line["rpc"], line["tool"], line["code"]) == expected
    assert (line["id"], line["method"], line["path"]) == (UUID, "POST", "/mcp")
    assert int(line["bytes"]) == len(reply.body)
    assert 0 <= float(line["seconds"]) < 20


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        ("tools/list", {}, ("200", "tools/list", "-", "ok")),
        (
            "resources/read",
            {"uri": "lookoutvision://glossary"},
            ("200", "resources/read", "-", "ok"),
        ),
        (
            "resources/read",
            {"uri": "lookoutvision://projects/secret-model/models/1"},
            ("resources/read", "-", "project_not_found"),
        ),
        ("tools/call", {"name": "evil"}, ("tools/call", "other", "invalid_argument")),
        ("evil/forged", {}, ("other", "-", "invalid_argument")),
    ],
)
def test_other_messages(
    server: Process, method: str, params: dict[str, Any], expected: tuple[str, ...]
) -> None:
    since = len(server.access_log)
    headers = {"mcp-name": str(params["uri"])} if "uri" in params else {}
    reply = call(server.url, method, params, headers=headers)
    (line,) = logged(server, 1, since)
    assert tuple(line[name] for name in ("status", "rpc", "tool", "code"))[-len(expected) :] == (
        expected
    )
    assert line["status"] == str(reply.status)
    assert line["id"] == reply.headers["x-request-id"]


@pytest.mark.parametrize(
    "given",
    [
        *(
            "AKIAIOSFODNN7EXAMPLE",
            "sample-cap-seal",
            "1",
            "a b",
            "x=y",
            "é",
            UUID + "\x1b",
            "0" * 65,
        ),
        *("", '"', "forged\tline", "deadbeef" * 9),
    ],
)
def test_an_id_is_taken_only_if_it_can_be_nothing_else(server: Process, given: str) -> None:
    since = len(server.access_log)
    reply = raw(
        server,
        b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-Id: "
        + given.encode()
        + b"\r\n\r\n",
    )
    (line,) = logged(server, 1, since)
    assert line["id"] != given.strip() or not given
    if b"x-request-id" in reply:
        assert line["id"].encode() in reply
    assert given not in "".join(server.stderr.splitlines()[-1:]) or len(given) < 2


def test_what_is_refused_is_a_line_too(server: Process) -> None:
    since = len(server.access_log)
    host = b"Host: localhost\r\n"
    statuses = [
        call(server.url, headers={"host": "evil.example"}).status,
        call(server.url, headers={"origin": "http://evil.example"}).status,
        send(server.url, "POST", b"x" * (DEFAULT_LIMITS.max_body_bytes + 1)).status,
        call(server.url, headers={"x": "a" * (DEFAULT_LIMITS.max_head_bytes - 100)}).status,
        call(server.url, headers={"accept": "text/html"}).status,
        send(server.url.replace("/mcp", "/evil?token=Hunter2"), "GET").status,
        send(server.url, "GET").status,
    ]
    assert statuses == [421, 403, 413, 431, 406, 404, 405]
    assert b" 400 " in raw(server, b"EVIL \x1b forged\r\n\r\n")
    assert b" 404 " in raw(
        server, b"EVIL /forged HTTP/1.1\r\nConnection: close\r\n" + host + b"\r\n"
    )
    lines = logged(server, 9, since)
    assert [line["status"] for line in lines] == [*map(str, statuses), "400", "404"]
    assert [(line["method"], line["path"]) for line in lines[-4:]] == [
        ("GET", "-"),
        ("GET", "/mcp"),
        ("-", "-"),
        ("-", "-"),
    ]


def test_a_probe_is_a_line_only_where_it_says_something_else(server: Process) -> None:
    since = len(server.access_log)
    for path in ("/healthz", "/readyz", "/metrics"):
        for _ in range(3):
            assert send(server.url.replace("/mcp", path), "GET").status == 200
    metrics = server.url.replace("/mcp", "/metrics")
    for _ in range(3):
        assert send(metrics, "GET", headers={"host": "evil.example"}).status == 421
    assert send(metrics, "GET").status == 200
    assert [line["status"] for line in logged(server, 2, since)] == ["421", "200"]


HEADER: Final = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40)
HOSTILE: Final = st.sampled_from([*SECRETS, "\n", "\r\n", "time=", '"', "\u2028", "=", " "])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    parts=st.lists(HOSTILE | st.text(max_size=8), min_size=1, max_size=4),
    method=st.sampled_from(["tools/call", "resources/read", "prompts/get", "evil", ""]),
)
def test_no_text_of_a_caller_is_logged(server: Process, parts: list[str], method: str) -> None:
    text = "".join(parts)
    header = text.encode("utf-8", "surrogatepass").decode("latin-1")
    header = re.sub(r"[\x00-\x1f\x7f]", "", header).strip()
    since = len(server.access_log)
    params = {"name": text, "uri": text, "arguments": {text: text, "project_name": text}}
    body = {"jsonrpc": "2.0", "id": text, "method": method or text, "params": params}
    sent = {
        "content-type": "application/json",
        "accept": "*/*",
        "mcp-method": method or header,
        "x-request-id": header,
        "user-agent": header,
        "authorization": header,
        "x-forwarded-for": header,
    }
    for version in ("2026-07-28", "2025-11-25"):
        headers = {
            k: v.encode("latin-1") for k, v in (sent | {"mcp-protocol-version": version}).items()
        }
        with suppress(HTTPException):
            send(server.url, "POST", json.dumps(body).encode(), headers)  # type: ignore[arg-type]
    logged(server, 2, since)
    for line in server.stderr.split("\n"):
        assert LINE.fullmatch(line) or not line.startswith("time=")
        for secret in SECRETS:
            assert secret not in line


@pytest.mark.parametrize(("level", "count"), [("INFO", 1), ("WARNING", 1), ("ERROR", 0)])
def test_the_log_is_on_unless_only_errors_are_asked_for(level: str, count: int) -> None:
    with started("--source", "sample", "--log-level", level) as server:
        assert call(server.url).status == 200
        server.end()
        assert len(server.access_log) == count


def test_over_stdio_there_is_none() -> None:
    done = subprocess.run(
        [COMMAND, "serve", "--source", "sample"],
        input='{"jsonrpc":"2.0","id":1,"method":"ping"}\n',
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert (done.stderr, '"id":1' in done.stdout) == ("", True)


def test_nobody_reads_the_log() -> None:
    """Whoever starts the server and forgets its stderr does not stop it: a pipe holds 64 kB."""
    with running(("--source", "sample"), {}, read_stderr=False) as server:
        for _ in range(700):
            reply = send(server.url.replace("/mcp", "/"), "GET", patience=5)
            assert reply.status == 404
        os.kill(server.pid, signal.SIGTERM)


# Metrics


def scrape(url: str, headers: Mapping[str, str] | None = None) -> dict[str, float]:
    """Every sample of the metrics page, by its name and labels."""
    reply = send(url.replace("/mcp", "/metrics"), "GET", headers=headers)
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        sample.name + json.dumps(sample.labels, sort_keys=True): sample.value
        for family in text_string_to_metric_families(reply.body.decode())
        for sample in family.samples
    }


def test_metrics_count_what_happened(server: Process) -> None:
    before = scrape(server.url)
    for arguments in ({"project_name": "sample-cap-seal"}, {"project_name": "nothing"}):
        call(server.url, params={"name": "describe_model", "arguments": arguments})
    call(server.url, headers={"host": "evil.example"})
    after = scrape(server.url)

    def grown(name: str, **labels: str) -> float:
        key = name + json.dumps(labels, sort_keys=True)
        return after[key] - before.get(key, 0.0)

    calls = "lfv_mcp_tool_calls_total"
    assert grown(calls, tool="describe_model", code="ok") == 1
    assert grown(calls, tool="describe_model", code="project_not_found") == 1
    assert grown("lfv_mcp_tool_call_seconds_count", tool="describe_model") == 2
    assert grown("lfv_mcp_requests_total", method="tools/call", code="ok") == 1
    assert grown("lfv_mcp_refused_total", reason="foreign_host") == 1
    assert grown("lfv_mcp_http_requests_total", path="/mcp", status="200") == 2
    assert after["lfv_mcp_requests_in_flight{}"] == 0
    assert after["lfv_mcp_connections{}"] >= 1
    assert after["lfv_mcp_connections_limit{}"] == DEFAULT_LIMITS.max_connections
    assert after["lfv_mcp_ready{}"] == 1
    assert after["lfv_mcp_index_models{}"] == 20
    assert after["lfv_mcp_files_unread{}"] == 0
    assert 0 <= after["lfv_mcp_index_age_seconds{}"] < 3600
    assert after["lfv_mcp_busy_threads_limit{}"] > 0
    assert after["process_resident_memory_bytes{}"] > 1e6


def label_values(samples: Mapping[str, float]) -> set[tuple[str, str]]:
    return {
        pair
        for key in samples
        for pair in json.loads(key[key.index("{") :]).items()
        if pair[0] != "le"
    }


ALLOWED: Final[dict[str, set[str]]] = {
    "tool": {tool.name for tool in TOOLS} | {"other"},
    "code": set(ERRORS) | {"ok"},
}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.text(min_size=1, max_size=12) | st.sampled_from([tool.name for tool in TOOLS]),
    method=st.text(max_size=12)
    | st.sampled_from(["tools/call", "ping", "notifications/cancelled"]),
    path=st.text("abcdefz/%2.", max_size=8),
    verb=st.sampled_from(["GET", "POST", "PUT", "EVIL", "TRACE", "get"]),
)
def test_no_request_makes_a_new_label(
    server: Process, name: str, method: str, path: str, verb: str
) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"name": name, "arguments": {}}}
    headers = {"content-type": "application/json", "accept": "*/*"}
    for version in ("2026-07-28", "2025-11-25", "evil"):
        versioned = headers | {"mcp-protocol-version": version}
        send(server.url, "POST", json.dumps(body).encode(), versioned)
    with suppress(HTTPException):
        send(server.url.replace("/mcp", f"/{path}"), verb, headers=headers)
    for label, value in label_values(scrape(server.url)):
        if label in ALLOWED:
            assert value in ALLOWED[label]
        elif label == "method":
            assert value == "other" or re.fullmatch(r"[a-z]+(/[a-z/]+)?", value)
            assert value != name
        elif label == "path":
            assert value in {"/mcp", "/healthz", "/readyz", "/metrics", "other"}
        elif label == "status":
            assert re.fullmatch(r"[2345]\d\d", value)
        else:
            assert label in {"reason", "version"}


def test_a_scraper_is_asked_what_callers_are_asked() -> None:
    with Endpoint(lambda _: published(one=RSA)) as issuer:
        flags = {
            "LFV_PUBLIC_URL": "https://mcp.example.com/mcp",
            "LFV_AUTH_ISSUER": "https://issuer.example/pool",
            "LFV_AUTH_JWKS_URL": f"{issuer.url}/keys",
            "LFV_AUTH_SCOPES": SCOPE,
            "LFV_METRICS": "1",
        }
        with started("--source", "sample", **flags) as server:
            metrics = server.url.replace("/mcp", "/metrics")
            refused = send(metrics, "GET")
            assert refused.status == 401
            assert f'scope="{SCOPE}"' in refused.headers["www-authenticate"]
            assert send(metrics, "GET", headers=bearer(token(scope="openid"))).status == 403
            assert scrape(server.url, bearer(token()))["lfv_mcp_ready{}"] in (0, 1)
            headers = bearer(token(), host="evil.example")
            assert send(metrics, "GET", headers=headers).status == 421
            for path in (
                "/healthz",
                "/readyz",
            ):  # probes have no tokens, and bad ones do not matter
                url = server.url.replace("/mcp", path)
                assert send(url, "GET", headers={"authorization": "Bearer x"}).status in (200, 503)


def test_without_the_flag_there_are_none(sample: Catalog) -> None:
    with served(sample) as url:
        assert send(url.replace("/mcp", "/metrics"), "GET").status == 404


def test_the_extra_is_named_where_it_is_missing(tmp_path: Path) -> None:
    missing = "raise ModuleNotFoundError(name=__name__)\n"
    write(tmp_path / "prometheus_client", "__init__.py", missing.encode())
    done = subprocess.run(
        [COMMAND, "serve", "--transport", "http", "--port", "0", "--metrics"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert "Install `.[metrics]` from the clone" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_library_is_imported_only_for_metrics() -> None:
    code = (
        "import sys, lfv_mcp.cli.main, lfv_mcp.http.app, lfv_mcp.http.access_log;"
        "print('prometheus_client' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# Where the archive is


async def everything(url: str) -> list[str]:
    """Every tool, resource and prompt, and their errors, as they come over HTTP."""
    said: list[str] = []
    arguments: list[dict[str, Any]] = [
        {},
        {"project_name": "cap-seal"},
        {"project_name": "cap-seal", "model_version": "9"},
        {"project_name": "cap-seal", "model_version": "3"},
        {"project_name": "cap-seal", "model_versions": ["3", "4"]},
        {"project_name": "nothing", "baseline": "1", "candidate": "2"},
        {"nothing": 1},
    ]
    model = "lookoutvision://projects/cap-seal/models/3"
    uris = ["lookoutvision://models", model, f"{model}/card", model.replace("3", "9"), "x:y"]
    for mode in ("auto", "legacy"):
        async with Client(url, mode=mode) as client:
            for given_arguments in arguments:
                for tool in TOOLS:
                    result = await client.call_tool(tool.name, given_arguments)
                    said.append(result.model_dump_json())
                texts = {k: v for k, v in given_arguments.items() if isinstance(v, str)}
                for prompt in prompts():
                    with suppress(MCPError):
                        said.append((await client.get_prompt(prompt, texts)).model_dump_json())
            for uri in uris:
                try:
                    said.append((await client.read_resource(uri)).model_dump_json())
                except MCPError as error:
                    said.append(error.error.model_dump_json())
            said.append((await client.list_resources()).model_dump_json())
    return said


@pytest.mark.anyio
async def test_no_answer_says_where_the_archive_is(tmp_path: Path) -> None:
    parent = tmp_path / "parent-9f3c"
    folder = parent / "lfv-archive"
    write(folder, "3.json", {"ModelDescription": described()})
    write(folder, "cut.json", b'{"ModelDescription": {"ModelArn": ')
    write(folder, "EvaluationResult.json", b'{"EvaluationResult": "cut')
    (folder / "out.json").symlink_to(parent)
    (folder / "gone.json").symlink_to(parent / "gone")
    os.mkfifo(folder / "pipe.json")
    with started("--source", str(folder), "--log-level", "ERROR") as server:
        answers = await everything(server.url)
        assert any("archive:lfv-archive" in answer for answer in answers)
        shutil.move(folder, parent / "moved")
        await anyio.sleep(2.2)  # the listing has grown old
        answers += await everything(server.url)
        write(folder, "4.json", {"ModelDescription": described(ModelVersion="4")})
        await anyio.sleep(2.2)
        answers += await everything(server.url)
    assert not [answer for answer in answers if "parent-9f3c" in answer or str(tmp_path) in answer]


def test_who_is_on_this_machine_is_told_the_path(tmp_path: Path) -> None:
    write(tmp_path, "3.json", {"ModelDescription": described()})
    listed = json.loads(run("list", "--json", "--source", str(tmp_path)).stdout)
    assert listed["source"]["location"] == str(tmp_path)

"""Many replicas, any of which may answer any request: nothing ties a caller to one of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPException
from itertools import cycle
from pathlib import Path
from threading import Event
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest
from mcp import Client, MCPError

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.model_query import ModelQuery
from tests.support.api_endpoint import Endpoint
from tests.support.http_server import MODEL, Process, call, send, started
from tests.support.oauth_issuer import (
    EC,
    ISSUER,
    METADATA,
    RSA,
    SCOPE,
    URL,
    bearer,
    published,
    token,
)
from tests.support.paths import REPOSITORY

pytestmark = pytest.mark.slow
CALLERS: Final = 16
LOCATION: Final = re.search(
    r"(?ms)^    location / \{.*?^    \}$",
    (REPOSITORY / "docs" / "operating.md").read_text(encoding="utf-8"),
)
"""As operators are told to write it."""
ANSWERS: Final = 200
"""Right answers of each era to wait for, before and after."""
NGINX: Final = """
daemon off;
pid {place}/nginx.pid;
error_log {place}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log {place}/access.log;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    upstream replicas {{
        {servers}
    }}
    server {{
        listen 127.0.0.1:{port};
        {location}
    }}
}}
"""


@contextmanager
def replicas(count: int, *flags: str) -> Iterator[list[Process]]:
    """Servers over the sample, started one by one."""
    with ExitStack() as running:
        yield [running.enter_context(started("--source", "sample", *flags)) for _ in range(count)]


def page(url: str, era: str, token: str = "") -> dict[str, Any]:
    """One small page of all models."""
    arguments = {"max_results": 3, "next_token": token}
    params = {"name": "list_models", "arguments": arguments}
    reply = call(url, params=params, era=era)
    assert reply.status == 200
    content: dict[str, Any] = reply.message["result"]["structuredContent"]
    return content


def names(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["project_name"], row["model_version"]) for row in rows]


def walk(next_url: Callable[[], str], era: str) -> list[tuple[str, str]]:
    """Every model, page by page, each page from wherever `next_url` leads."""
    rows: list[dict[str, Any]] = []
    token = ""
    while True:
        listed = page(next_url(), era, token)
        rows += listed["models"]
        token = listed.get("next_token", "")
        if not token:
            return names(rows)


def every_model(sample: Catalog) -> list[tuple[str, str]]:
    listed = anyio.run(partial(sample.list_models, max_results=100))
    return names([row.to_json() for row in listed.models])


def test_a_listing_goes_on_at_another_replica(sample: Catalog) -> None:
    everything = every_model(sample)
    assert len(everything) > 6
    with replicas(2) as (one, other):
        for era in ("auto", "legacy"):
            assert walk(cycle([one.url, other.url]).__next__, era) == everything
        # A client may even keep talking after an introduction to somebody else.
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}}
        hello |= {"clientInfo": {"name": "test", "version": "0"}}
        assert call(one.url, "initialize", hello, era="legacy").status == 200
        assert call(other.url, era="legacy").status == 200


@contextmanager
def balanced(backends: list[Process], place: Path) -> Iterator[str]:
    """nginx with its default balancing, round robin, before these; the URL of /mcp."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    servers = "\n".join(f"server {b.url.split('/')[2]} fail_timeout=1s;" for b in backends)
    config = place / "nginx.conf"
    assert LOCATION
    filled = NGINX.format(place=place, port=port, servers=servers, location=LOCATION[0])
    config.write_text(filled, encoding="ascii")
    command = ["nginx", "-p", str(place), "-c", str(config), "-e", str(place / "error.log")]
    with subprocess.Popen(command) as process:
        try:
            health = f"http://127.0.0.1:{port}/healthz"
            deadline = time.monotonic() + 10
            while not answers(health):
                assert time.monotonic() < deadline, (place / "error.log").read_text()
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            process.terminate()


def answers(url: str) -> bool:
    try:
        return send(url, "GET").status == 200
    except OSError:
        return False


class Load:
    """Callers of both eras who ask until told to stop, and compare every answer."""

    def __init__(self, url: str, described: object, listed: object) -> None:
        self.right = dict.fromkeys(("auto", "legacy"), 0)
        self.lost = dict.fromkeys(("auto", "legacy"), 0)
        self.wrong: list[object] = []
        self.stop = Event()
        self._url, self._described, self._listed = url, described, listed

    def describe(self, era: str) -> None:
        """Requests as they go over the wire, one at a time."""
        while not self.stop.is_set():
            try:
                reply = call(self._url, era=era)
            except (OSError, HTTPException):
                self.lost[era] += 1
                continue
            if reply.status >= 500:
                self.lost[era] += 1
            else:
                self._compare(era, reply.message["result"]["structuredContent"], self._described)

    def list(self, era: str) -> None:
        """The whole portfolio, page by page."""
        while not self.stop.is_set():
            try:
                found = walk(lambda: self._url, era)
            except (OSError, HTTPException):
                self.lost[era] += 1
            else:
                self._compare(era, found, self._listed)

    def connect(self, era: str) -> None:
        """The official client, which connects again when it has lost its server."""
        anyio.run(self._connect, era)

    async def _connect(self, era: str) -> None:
        while not self.stop.is_set():
            try:
                async with Client(self._url, mode=era) as client:
                    while not self.stop.is_set():
                        answer = await client.call_tool("describe_model", MODEL)
                        self._compare(era, answer.structured_content, self._described)
            except* (OSError, httpx2.TransportError, MCPError):
                self.lost[era] += 1

    def _compare(self, era: str, found: object, expected: object) -> None:
        if found == expected:
            self.right[era] += 1
        else:
            self.wrong.append(found)

    def goes_on(self) -> None:
        """Return when every era has had so many more right answers."""
        goals = {era: count + ANSWERS for era, count in self.right.items()}
        deadline = time.monotonic() + 60
        while any(self.right[era] < goal for era, goal in goals.items()):
            assert time.monotonic() < deadline, (self.right, self.lost)
            time.sleep(0.05)


@pytest.mark.nginx
@pytest.mark.timeout(180)
def test_one_replica_is_killed_under_load(sample: Catalog, tmp_path: Path) -> None:
    if shutil.which("nginx") is None and not os.environ.get("CI"):
        pytest.skip("nginx is not installed (Debian: nginx-light)")
    described = anyio.run(sample.describe_model, ModelQuery(**MODEL)).to_json()
    with (
        replicas(3, "--behind-gateway") as backends,
        balanced(backends, tmp_path) as url,
        ThreadPoolExecutor(CALLERS) as callers,
    ):
        load = Load(url, described, every_model(sample))
        kinds: list[Callable[[str], None]] = [*[load.describe] * 6, load.list, load.connect]
        tasks = [callers.submit(kind, era) for era in load.right for kind in kinds]
        try:
            load.goes_on()
            backends[1].kill()
            load.goes_on()
            load.goes_on()
        finally:
            load.stop.set()
        for task in tasks:
            task.result()
    assert load.wrong == []
    # nginx asks another replica unless an answer has begun; a stream of the legacy era begins at
    # once, so each of its callers may lose one.
    assert load.lost["auto"] <= 1
    assert load.lost["legacy"] <= CALLERS / 2


@pytest.mark.nginx
def test_tokens_through_nginx(tmp_path: Path) -> None:
    if shutil.which("nginx") is None and not os.environ.get("CI"):
        pytest.skip("nginx is not installed (Debian: nginx-light)")
    with Endpoint(lambda _: published(one=RSA, two=EC)) as issuer:
        flags = ("--auth-issuer", ISSUER, "--auth-jwks-url", issuer.url, "--auth-scope", SCOPE)
        with (
            replicas(2, "--public-url", URL, *flags) as backends,
            balanced(backends, tmp_path) as url,
        ):
            host = {"host": "mcp.example.com"}
            challenge = call(url, headers=host)
            assert challenge.status == 401
            assert f'resource_metadata="{METADATA}"' in challenge.headers["www-authenticate"]
            told = send(url.replace("/mcp", urlsplit(METADATA).path), "GET", headers=host)
            assert json.loads(told.body)["resource"] == URL
            for _ in range(4):  # each of the replicas twice
                assert call(url, headers=bearer(token()) | host).status == 200
            other = bearer(token(), host="mcp.example.org")
            assert call(url, headers=other).status == 421  # the name is passed on

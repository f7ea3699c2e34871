"""`lfv-mcp serve --transport http` under test: as a process, or its application in a thread; and
requests as they go over the wire."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final
from urllib.parse import urlsplit

import uvicorn

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.http.app import application, configuration
from lfv_mcp.http.connection import ConnectionPool
from lfv_mcp.http.listener import open_listener, url_of
from lfv_mcp.http.observation import Observer
from lfv_mcp.http.paths import MCP
from lfv_mcp.http.settings import HttpSettings
from lfv_mcp.server.app import build_server

COMMAND: Final = str(Path(sys.executable).with_name("lfv-mcp"))
PATIENCE: Final = 20.0
READY: Final = "listening on "
ACCESS: Final = "time="
"""How a line of the access log starts."""
MODEL: Final = {"project_name": "sample-cap-seal", "model_version": "3"}
META: Final = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


@dataclass(frozen=True)
class Reply:
    """One HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        """The JSON-RPC message: the body, or the last event of a stream."""
        text = self.body.decode()
        if self.headers["content-type"].startswith("text/event-stream"):
            text = [line for line in text.splitlines() if line.startswith("data: ")][-1][6:]
        message: dict[str, Any] = json.loads(text)
        return message


def send(
    url: str,
    method: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    patience: float = PATIENCE,
) -> Reply:
    """One request on a connection of its own; `TimeoutError` after so many seconds of silence."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=patience)
    try:
        connection.request(method, parts.path, body, dict(headers or {}))
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, names, answer.read())
    finally:
        connection.close()


def call(
    url: str,
    method: str = "tools/call",
    params: Mapping[str, object] | None = None,
    *,
    era: str = "auto",
    headers: Mapping[str, str] | None = None,
    patience: float = PATIENCE,
) -> Reply:
    """One MCP request, by default for the description of a model; a header given as "" is left
    out."""
    if params is None:
        params = {"name": "describe_model", "arguments": MODEL} if method == "tools/call" else {}
    sent = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    if era == "legacy":
        sent["mcp-protocol-version"] = "2025-11-25"
    else:
        sent |= {"mcp-protocol-version": "2026-07-28", "mcp-method": method}
        sent |= {"mcp-name": str(params["name"])} if "name" in params else {}
        params = {**params, "_meta": META}
    sent = {name: value for name, value in (sent | dict(headers or {})).items() if value}
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return send(url, "POST", json.dumps(request).encode(), sent, patience=patience)


class Process:
    """The server as a process of its own."""

    url: str

    def __init__(self, process: subprocess.Popen[str], *, read_stderr: bool = True) -> None:
        self._process = process
        self._reads_on = read_stderr
        self._ready = Event()
        self._lines: list[str] = []
        self._reader = Thread(target=self._read, name="stderr")
        self._reader.start()

    def wait(self) -> None:
        """Until it says that it listens."""
        self._ready.wait(PATIENCE)
        ready = [line for line in self._lines if line.startswith(READY)]
        assert ready, self.stderr
        self.url = ready[0].removeprefix(READY).strip()

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End it without a warning."""
        self._process.kill()
        self._reader.join()

    @property
    def access_log(self) -> list[dict[str, str]]:
        """The lines of the access log so far, each as its members."""
        lines = [line for line in self._lines if line.startswith(ACCESS)]
        return [dict(part.split("=", 1) for part in line.split()) for line in lines]

    @property
    def stderr(self) -> str:
        """What it has said so far."""
        return "".join(self._lines)

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, float]:
        """Signal it: exit code, what it said beside its access log and that it is ready, and the
        seconds it took."""
        started = time.monotonic()
        self._process.send_signal(number)
        code = self._process.wait(PATIENCE)
        seconds = time.monotonic() - started
        self._reader.join()
        said = "".join(line for line in self._lines if not line.startswith((READY, ACCESS)))
        return code, said, seconds

    def _read(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self._lines.append(line)
            if line.startswith(READY):
                self._ready.set()
                if not self._reads_on:
                    return
        self._ready.set()


@contextmanager
def started(*flags: str, **environment: str) -> Iterator[Process]:
    """The real command on a free port; killed if a test leaves it running."""
    with running(flags, environment) as server:
        yield server


@contextmanager
def running(
    flags: Sequence[str],
    environment: Mapping[str, str],
    *,
    descriptors: str = "",
    read_stderr: bool = True,
) -> Iterator[Process]:
    """As `started`, for a machine of another kind.

    With `descriptors`, an argument of `ulimit`, it may not open more files than that. Without
    `read_stderr` nobody reads what it says once it is ready.
    """
    # A fixture for a whole module starts before the one that makes the environment bare.
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LFV_"))}
    bare["AWS_EC2_METADATA_DISABLED"] = "true"
    command = [COMMAND, "serve", "--transport", "http", "--port", "0", *flags]
    if descriptors:
        command = ["sh", "-c", f'ulimit {descriptors} && exec "$0" "$@"', *command]
    process = subprocess.Popen(
        command,
        env=bare | dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    with process:  # waits, and closes the pipe
        server = Process(process, read_stderr=read_stderr)
        try:
            server.wait()
            yield server
        finally:
            server.kill()


@contextmanager
def served(
    catalog: Catalog, settings: HttpSettings | None = None, observers: Sequence[Observer] = ()
) -> Iterator[str]:
    """The application in a thread, where a test can look in; its URL."""
    settings = settings or HttpSettings()
    with open_listener("127.0.0.1", 0, settings) as listener:
        source = catalog.readiness.state
        app = application(build_server(catalog), settings, listener, source, observers)
        pool = ConnectionPool(settings.limits, observers)
        server = uvicorn.Server(configuration(app, pool))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="served")
        url = url_of(listener) + MCP
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            yield url
        finally:
            server.should_exit = True
            thread.join()

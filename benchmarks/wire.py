"""Processes to measure, and a client so plain that it costs them nothing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

HERE: Final = Path(__file__).parent
_SCRIPT: Final = Path(sys.executable).with_name("lfv-mcp")
OURS: Final = [str(_SCRIPT)] if _SCRIPT.exists() else [sys.executable, "-m", "lfv_mcp"]
INITIALIZE: Final = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "benchmark", "version": "1"},
}


def floor(kind: str) -> list[str]:
    """The command of a minimal server."""
    return [sys.executable, "-m", "floors", kind]


def environment(scratch: Path, url: str = "", **more: str) -> dict[str, str]:
    """What a process gets: nothing of this shell's settings, an endpoint if there is one."""
    ours = ("AWS_", "BOTO", "FASTMCP_", "LFV_", "PYTHON")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    kept |= {
        "HOME": str(scratch),
        "PYTHONPATH": str(HERE),
        "AWS_EC2_METADATA_DISABLED": "true",
        "FLOOR_ANSWER": str(scratch / "answer.json"),
    }
    if url:
        kept |= {
            "AWS_ENDPOINT_URL_LOOKOUTVISION": url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "NO_PROXY": "127.0.0.1",
        }
    return kept | more


@dataclass
class Stdio:
    """A server over its pipes, spoken to in frames made by hand."""

    process: subprocess.Popen[bytes]
    stderr: IO[bytes]
    spawned: float
    number: int = 0

    def send(self, *requests: tuple[str, Mapping[str, Any]]) -> None:
        """Requests, all in one write."""
        frames = bytearray()
        for method, params in requests:
            self.number += 1
            frame = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
            frames += json.dumps(frame).encode() + b"\n"
        assert self.process.stdin
        self.process.stdin.write(frames)
        self.process.stdin.flush()

    def receive(self, answers: int = 1) -> list[dict[str, Any]]:
        """Results, in the order in which they come."""
        assert self.process.stdout
        results: list[dict[str, Any]] = []
        while len(results) < answers:
            frame = json.loads(self.process.stdout.readline())
            if "id" in frame:
                results.append(frame["result"])
                if results[-1].get("isError"):
                    raise RuntimeError(f"a call failed: {results[-1]}")
        return results

    def ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """One request, one result."""
        self.send((method, params))
        return self.receive()[0]

    def initialize(self) -> None:
        """The handshake."""
        self.ask("initialize", INITIALIZE)
        assert self.process.stdin
        self.process.stdin.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')

    def call(self, project: str, version: str = "1") -> dict[str, Any]:
        """describe_model."""
        return self.ask("tools/call", call(project, version))

    def together(self, calls: Sequence[Mapping[str, Any]], callers: int) -> float:
        """Seconds that calls take when so many of them are always under way."""
        start = time.perf_counter()
        self.send(*(("tools/call", c) for c in calls[:callers]))
        for waiting in calls[callers:]:
            self.receive()
            self.send(("tools/call", waiting))
        self.receive(min(callers, len(calls)))
        return time.perf_counter() - start

    def resident(self) -> float:
        """MiB of memory in use now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def complaints(self) -> str:
        """What has been written to stderr."""
        self.stderr.seek(0)
        return self.stderr.read().decode()


def call(project: str, version: str = "1") -> dict[str, Any]:
    """Parameters of one describe_model."""
    arguments = {"project_name": project, "model_version": version}
    return {"name": "describe_model", "arguments": arguments}


NOTHING: Final = ("echo", "fastmcp")
"""Floors whose tool does nothing."""


def question(kind: str, project: str) -> dict[str, Any]:
    """Parameters of a call that a server of that kind answers; ours is `ours`."""
    if kind in NOTHING:
        return {"name": "echo", "arguments": {"text": project}}
    return call(project)


@contextmanager
def spawned(command: list[str], env: Mapping[str, str]) -> Iterator[Stdio]:
    """A server process over stdio, its clock running."""
    with tempfile.TemporaryFile() as stderr:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
        )
        with process:
            try:
                yield Stdio(process, stderr, started)
            finally:
                process.kill()


@contextmanager
def endpoint(seconds: float = 0.0) -> Iterator[str]:
    """The URL of an endpoint that takes so long over every answer."""
    command = [sys.executable, str(HERE / "endpoint.py"), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def counts(url: str) -> dict[str, int]:
    """What has reached the endpoint since this was asked last."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/counts") as reply:
        told: dict[str, int] = json.load(reply)
    return told


@contextmanager
def over_http(kind: str, env: Mapping[str, str]) -> Iterator[str]:
    """The URL of a server over HTTP, once it listens: ours, or a floor."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ours = [*OURS, "serve", "--transport", "http", "--port", str(port)]
    command = ours if kind == "ours" else [*floor(kind), str(port)]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE) as process:
        # Read to its end all the same: a full pipe would stop the server.
        assert process.stderr
        threading.Thread(target=process.stderr.read, daemon=True).start()
        try:
            for _ in range(300):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if process.poll() is not None:
                        raise RuntimeError(f"{command} ended at once") from None
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            process.kill()

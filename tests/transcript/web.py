"""Requests over HTTP to `serve --transport http` and to `replay`, each a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import IO, Any, Final
from urllib.parse import urlsplit

from tests.transcript.world import COMMAND, World

_PATIENCE: Final = 30.0
_URL: Final = re.compile(r"http://[^\s/]+")
_IDS: Final = ("x-amzn-requestid", "x-request-id")
_ACCESS: Final = re.compile(r"^(time=\S+ )id=[0-9a-f-]{36}( .* )seconds=[\d.]+ ", re.MULTILINE)
"""A line of the access log; what it has but for its id and its seconds is the same in each run."""


class Server:
    """A process that listens; `url` is where."""

    def __init__(self, world: World, process: subprocess.Popen[str], ready: IO[str]) -> None:
        self.world = world
        self.process = process
        line = ready.readline()
        found = _URL.search(line)
        if found is None:
            process.kill()
            raise AssertionError(f"it does not listen: {line}{process.communicate()}")
        self.url = found[0]
        port = urlsplit(self.url).port
        world.normalise.learn(f":{port}", ":<port>")
        self.said: dict[str, list[str]] = {"stdout": [], "stderr": []}
        for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
            if stream is ready:
                self.said[name].append(line)
        self._readers = [
            threading.Thread(target=self._read, args=(name, stream))
            for name, stream in (("stdout", process.stdout), ("stderr", process.stderr))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str, stream: IO[str]) -> None:
        self.said[name].extend(stream)

    def end(self) -> dict[str, Any]:
        """Tell it to end: its exit code and all that it said."""
        self.process.terminate()
        code = self.process.wait(_PATIENCE)
        for reader in self._readers:
            reader.join()
        # Lines of the access log are written by a thread of their own, so their place among the
        # others differs, and even among themselves: they come last, sorted.
        return {"exit": code} | {name: _in_order(lines) for name, lines in self.said.items()}


def _in_order(lines: list[str]) -> str:
    plain = [_ACCESS.sub(r"\1id=<id>\2seconds=<seconds> ", line) for line in lines]
    access = [line for line in plain if "id=<id>" in line]
    access.sort(key=lambda line: line.partition(" id=<id>")[2])  # without their times
    return "".join([line for line in plain if "id=<id>" not in line] + access)


@contextmanager
def listening(
    world: World, *arguments: str, environment: Mapping[str, str] | None = None, ready: str
) -> Iterator[Server]:
    """A server on a free port; the first line of the stream `ready` names it."""
    process = subprocess.Popen(
        [*COMMAND, *map(world.here, arguments), "--port", "0"],
        env=world.environment(environment),
        cwd=world.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    with process:
        try:
            assert process.stdout
            assert process.stderr
            yield Server(world, process, process.stdout if ready == "stdout" else process.stderr)
        finally:
            process.kill()


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; `note` stands for a body or header that is not worth showing."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    note: str = ""


def send(server: Server, request: Request) -> dict[str, Any]:
    """Send it on a connection of its own: what was asked and what came back."""
    parts = urlsplit(server.url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_PATIENCE)
    try:
        connection.request(
            request.method, request.path, request.body or None, dict(request.headers)
        )
        answer = connection.getresponse()
        body = answer.read().decode("utf-8", "backslashreplace")
        headers = {name.lower(): value for name, value in sorted(answer.getheaders())}
    finally:
        connection.close()
    plain = server.world.normalise(body)
    if plain != body and "content-length" in headers:
        headers["content-length"] = "<length>"
    headers |= {name: "<id>" for name in _IDS if name in headers}
    if "allow" in headers:  # a set, in any order
        headers["allow"] = ", ".join(sorted(headers["allow"].split(", ")))
    shown: dict[str, Any] = {"request": f"{request.method} {request.path}"}
    if request.note:
        shown["note"] = request.note
    else:
        shown["headers"] = dict(request.headers)
        if request.body:
            shown["body"] = _decoded(request.body.decode(), request.headers)
    return shown | {
        "status": answer.status,
        "answer headers": dict(sorted(headers.items())),
        "answer": _decoded(plain, headers),
    }


def _decoded(body: str, headers: Mapping[str, str]) -> Any:
    """JSON as JSON; the events of a stream and everything else as text."""
    if any("json" in headers.get(name, "") for name in ("content-type", "Content-Type")):
        try:
            return json.loads(body)
        except ValueError:
            return body
    return body


def send_all(server: Server, requests: Sequence[Request]) -> list[dict[str, Any]]:
    """Send them one after another."""
    return [send(server, request) for request in requests]

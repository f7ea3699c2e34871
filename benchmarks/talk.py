"""A conversation with a server that may take its time: questions overlap, and progress is kept."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple

import wire

ERROR_META: Final = "io.github.lfv-mcp/error"
"""Where a failed call has its code; by its name, for any version of the server is measured."""
PATIENCE: Final = 120.0
"""Seconds after which a question counts as not answered at all."""
HOW_LONG: Final = re.compile(r"about ([\d,]+(?:\.\d+)?) ?(s\b|seconds|min)")
"""How an error says how long something still takes."""
HOW_FAR: Final = re.compile(r"[\d,]+ (?:objects|files) (?:listed|read)")
"""How it says how far that is, while a listing has not told yet how much there is."""


class Reply(NamedTuple):
    """What came of one question; `code` is empty for an answer, `silence` for none."""

    seconds: float
    code: str
    text: str
    structure: Mapping[str, Any]

    @property
    def wait(self) -> float | None:
        """Seconds after which one was told to ask again."""
        found = HOW_LONG.search(self.text) if self.code else None
        if found is None:
            return None
        return float(found[1].replace(",", "")) * (60 if found[2] == "min" else 1)


@dataclass
class Talk:
    """One client of a server over its pipes. Any thread may ask."""

    server: wire.Stdio
    progress: list[str] = field(default_factory=list)
    _waiting: dict[int, SimpleQueue[dict[str, Any]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self) -> None:
        """Hand every frame to whom it is for, until the server closes its stdout."""
        assert self.server.process.stdout
        for line in self.server.process.stdout:
            frame = json.loads(line)
            if frame.get("method") == "notifications/progress":
                self.progress.append(frame["params"].get("message", ""))
            elif (waiting := self._waiting.pop(frame.get("id", 0), None)) is not None:
                waiting.put(frame)

    def ask(self, tool: str, arguments: Mapping[str, Any]) -> Reply:
        """One call of a tool, with a token for its progress."""
        start = time.perf_counter()
        frames: SimpleQueue[dict[str, Any]] = SimpleQueue()
        with self._lock:
            number = self.server.number + 1
            self._waiting[number] = frames
            call = {"name": tool, "arguments": arguments, "_meta": {"progressToken": number}}
            self.server.send(("tools/call", call))
        try:
            frame = frames.get(timeout=PATIENCE)
        except Empty:
            frame = {"error": {"message": "no answer", "data": {"code": "silence"}}}
        seconds = time.perf_counter() - start
        if "error" in frame:
            error = frame["error"]
            return Reply(seconds, error.get("data", {}).get("code", "?"), error["message"], {})
        result = frame["result"]
        text = "\n".join(part.get("text", "") for part in result["content"])
        code = ""
        if result.get("isError"):
            code = result.get("_meta", {}).get(ERROR_META, {}).get("code", "?")
        return Reply(seconds, code, text, result.get("structuredContent") or {})

    def describe(self, project: str, version: str = "1") -> Reply:
        """describe_model."""
        return self.ask("describe_model", {"project_name": project, "model_version": version})

    def peak(self) -> float:
        """MiB that the server had in memory at most."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024


@contextmanager
def talk(command: list[str], env: Mapping[str, str]) -> Iterator[Talk]:
    """A server process and its client, after the handshake."""
    with wire.spawned(command, env) as server:
        server.initialize()
        client = Talk(server)
        reader = threading.Thread(target=client.read, daemon=True)
        reader.start()
        try:
            yield client
        finally:
            server.process.kill()
            reader.join()


@contextmanager
def meanwhile(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Work that goes on in a thread until the block ends; what it raises is raised there."""
    ended = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work(ended)
        except BaseException as error:  # raised below
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    if failures:
        raise failures[0]

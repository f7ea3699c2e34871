"""What tests of the stdio server share: the command, and calls as they go over its pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, Final

_SCRIPT: Final = Path(sys.executable).with_name("lfv-mcp")
COMMAND: Final = [str(_SCRIPT)] if _SCRIPT.exists() else [sys.executable, "-m", "lfv_mcp"]
"""The command that starts the server."""
MODEL: Final = {"project_name": "sample-cap-seal", "model_version": "3"}
"""A model of the sample."""
CALL: Final = {"name": "describe_model", "arguments": MODEL}
"""The parameters of a tool call about that model."""
MODERN: Final = {
    "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
}
"""What the parameters of every request of the modern era hold."""
HELLO: Final = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "0"},
}
"""The parameters of the request that opens the legacy era."""
INITIALIZED: Final = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'


def request(number: object, method: str, params: object, era: str = "auto") -> bytes:
    """One request as a line of JSON, without its end."""
    if era == "auto" and isinstance(params, dict):
        params = params | MODERN
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()


def call(
    number: object, arguments: object, tool: str = "describe_model", era: str = "auto"
) -> bytes:
    """One tool call as a line of JSON, without its end."""
    return request(number, "tools/call", {"name": tool, "arguments": arguments}, era)


class Pipes:
    """A server process, asked line by line."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def send(self, *lines: bytes) -> None:
        """Write lines; the process may be slow to read them, and is not waited for."""
        stdin = self.process.stdin
        assert stdin
        Thread(target=stdin.write, args=[b"".join(line + b"\n" for line in lines)]).start()

    def answers(self) -> Iterator[dict[str, Any]]:
        """Every message that it writes, as it comes."""
        assert self.process.stdout
        for line in self.process.stdout:
            assert line.endswith(b"\n")
            message: dict[str, Any] = json.loads(line)
            assert message["jsonrpc"] == "2.0"
            yield message

    def answers_until(self, last: object) -> list[dict[str, Any]]:
        """Every message up to the answer with that id."""
        found = []
        for message in self.answers():
            found.append(message)
            if message.get("id") == last:
                return found
        raise AssertionError("stdout was closed before the answer")

    def open(self, era: str) -> None:
        """What a client of that era says first."""
        if era == "legacy":
            self.send(request("open", "initialize", HELLO, era), INITIALIZED)
        else:
            self.send(request("open", "server/discover", {}, era))
        assert "result" in self.answers_until("open")[-1]


@contextmanager
def serving(*flags: str, pipe_stderr: bool = True) -> Iterator[Pipes]:
    """The server over its real pipes; killed if a test leaves it running."""
    process = subprocess.Popen(
        [*COMMAND, "serve", *flags],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if pipe_stderr else None,
        bufsize=0,
    )
    with process:  # waits, and closes the pipes
        try:
            yield Pipes(process)
        finally:
            process.kill()


def run_with(lines: Iterable[bytes], *flags: str) -> tuple[list[dict[str, Any]], bytes, int]:
    """What is answered to lines after which stdin is closed, what is logged, and the exit code."""
    done = subprocess.run(
        [*COMMAND, "serve", *flags],
        input=b"".join(line + b"\n" for line in lines),
        capture_output=True,
        check=False,
        timeout=30,
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr, done.returncode

"""Raw JSON-RPC lines over stdio: what no well-behaved client sends, and the frames of each era."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tests.transcript.form import as_json
from tests.transcript.world import COMMAND, World

_PATIENCE: Final = 30.0
Line = Mapping[str, Any] | str


def converse(world: World, lines: Sequence[Line], *flags: str) -> dict[str, Any]:
    """Send line after line to one server, each answered before the next; then close stdin."""
    process = subprocess.Popen(
        [*COMMAND, "serve", *flags],
        env=world.environment(),
        cwd=world.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        bufsize=1,
    )
    stdin, stdout, errors = process.stdin, process.stdout, process.stderr
    assert stdin
    assert stdout
    assert errors
    said: queue.Queue[str] = queue.Queue()
    stderr: list[str] = []
    readers = [
        threading.Thread(target=_read, args=(stdout, said)),
        threading.Thread(target=stderr.extend, args=(errors,)),
    ]
    for reader in readers:
        reader.start()
    try:
        talk = []
        for line in lines:
            stdin.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
            stdin.flush()
            wanted = line.get("id") if isinstance(line, Mapping) and "method" in line else None
            talk.append({"sent": line, "received": _until(said, wanted)})
        stdin.close()
        code = process.wait(_PATIENCE)
    finally:
        process.kill()
        process.wait()
        for reader in readers:
            reader.join()
    rest = [json.loads(said.get()) for _ in range(said.qsize())]
    return {"talk": talk, "afterwards": rest, "exit": code, "stderr": "".join(stderr)}


def _read(stream: Iterable[str], said: queue.Queue[str]) -> None:
    for line in stream:
        said.put(line)


def _until(said: queue.Queue[str], wanted: object) -> list[Any]:
    """The messages up to the answer to a request; nothing is waited for after a notification."""
    received: list[Any] = []
    while wanted is not None:
        received.append(json.loads(said.get(timeout=_PATIENCE)))
        if received[-1].get("id") == wanted and "method" not in received[-1]:
            break
    return received


def record(world: World, conversations: Mapping[str, Sequence[Line]]) -> str:
    """The recording of several conversations, each with a server of its own."""
    pending = {
        name: world.pool.submit(converse, world, lines, "--source", "sample")
        for name, lines in conversations.items()
    }
    return world.normalise(as_json({name: done.result() for name, done in pending.items()}))

"""What one replica over HTTP needs: `python benchmarks/replica.py --models 10000`.

Starts `lfv-mcp serve --transport http --metrics` over an archive made for it, waits until
`/readyz` says so, asks it from many callers at one time, and prints memory and processor time as
`/metrics` has them. `deploy/kubernetes/deployment.yaml` asks for what this prints, and
docs/operating.md has the figures with their date.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import archive

COMMAND: Final = str(Path(sys.executable).with_name("lfv-mcp"))
CALLERS: Final = 32


@contextmanager
def replica(source: Path) -> Iterator[int]:
    """The server as a process of its own; its port."""
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LFV_"))}
    command = [COMMAND, "serve", "--transport", "http", "--port", "0", "--metrics"]
    with subprocess.Popen(
        [*command, "--source", str(source), "--log-level", "ERROR"],
        env=bare,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        try:
            for line in process.stderr:
                if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)/", line):
                    yield int(found[1])
                    return
            raise SystemExit("The server did not start.")
        finally:
            process.terminate()


def get(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def used(port: int) -> tuple[float, float]:
    """Resident MiB and seconds of processor time so far."""
    text = get(port, "/metrics")[1]
    memory = re.search(r"^process_resident_memory_bytes (\S+)$", text, re.MULTILINE)
    seconds = re.search(r"^process_cpu_seconds_total (\S+)$", text, re.MULTILINE)
    if memory is None or seconds is None:
        raise SystemExit("This system's processes tell no memory: run it on Linux.")
    return float(memory[1]) / 2**20, float(seconds[1])


def ask(port: int, projects: list[str], first: int, count: int) -> None:
    """Descriptions of one model after another, over one connection."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    for number in range(first, first + count):
        arguments = {"project_name": projects[number % len(projects)], "model_version": "1"}
        params = {"name": "describe_model", "arguments": arguments}
        body = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
        headers = {
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
        }
        connection.request("POST", "/mcp", json.dumps(body), headers)
        answer = connection.getresponse()
        if b'"isError":true' in answer.read() or answer.status != 200:
            raise SystemExit(f"A question failed: {answer.status}")
    connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=3_200)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive.make(Path(folder), given.models)
        names = sorted({path.name for path in Path(folder).iterdir() if path.is_dir()})
        started = time.monotonic()
        with replica(Path(folder)) as port:
            while get(port, "/readyz")[0] != 200:
                time.sleep(0.05)
            ready = time.monotonic() - started
            idle, before = used(port)
            share = given.calls // CALLERS
            asked = time.monotonic()
            with ThreadPoolExecutor(CALLERS) as callers:
                work = [callers.submit(ask, port, names, n * share, share) for n in range(CALLERS)]
                for each in work:
                    each.result()
            seconds = time.monotonic() - asked
            busy, after = used(port)
    calls = share * CALLERS
    print(f"{given.models:,} models: ready after {ready:.1f} s and {before:.1f} s of processor")
    print(f"resident: {idle:.0f} MiB ready, {busy:.0f} MiB after {calls:,} calls")
    per_call = 1000 * (after - before) / calls
    print(f"{CALLERS} callers: {calls / seconds:.0f} calls/s, {per_call:.2f} ms processor each")


if __name__ == "__main__":
    main()

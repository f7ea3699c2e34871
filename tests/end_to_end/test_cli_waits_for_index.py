"""A command waits while an archive in a slow S3 is indexed, and shows how far that has come."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

import pytest

from tests.support.s3 import CREDENTIALS
from tests.support.stdio_server import COMMAND

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX"),
]
MODELS: Final = 400
PATIENCE: Final = 60.0


def record(version: int) -> bytes:
    """A saved DescribeModel answer."""
    arn = f"arn:aws:lookoutvision:us-east-1:111122223333:model/caps/{version}"
    described = {"ModelVersion": str(version), "ModelArn": arn, "Status": "TRAINED"}
    return json.dumps({"ModelDescription": described}).encode()


class SlowS3(BaseHTTPRequestHandler):
    """A bucket of `MODELS` saved answers whose objects take `delay` seconds each."""

    protocol_version = "HTTP/1.1"
    delay = 0.3

    def do_GET(self) -> None:
        """Answer a listing at once, and an object late."""
        if "list-type=2" in self.path:
            contents = "".join(
                f"<Contents><Key>saved/{v}.json</Key><Size>{len(record(v))}</Size>"
                f'<ETag>"{v}"</ETag></Contents>'
                for v in range(1, MODELS + 1)
                if "saved%2F" in self.path or "saved/" in self.path
            )
            body = (
                f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
            )
            self._send(body.encode())
            return
        time.sleep(self.delay)
        found = re.search(r"/saved/(\d+)\.json", self.path)
        self._send(record(int(found[1])) if found else b"")

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def slow_s3() -> Iterator[dict[str, str]]:
    """The environment of a process whose S3 is slow."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), SlowS3)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield (
            os.environ
            | CREDENTIALS
            | {
                "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{server.server_port}",
                "LFV_SOURCE": "s3://bucket/saved",
                "LFV_TIMEOUT": "4",
                "COLUMNS": "120",
            }
        )
    finally:
        server.shutdown()
        server.server_close()


def test_a_question_waits_longer_than_its_timeout_and_says_how_far_it_is() -> None:
    ours, theirs = os.openpty()
    with slow_s3() as environment:
        process = subprocess.Popen(
            [*COMMAND, "describe", "caps", "7", "--json"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
        )
        os.close(theirs)
        stdout, _ = process.communicate(timeout=PATIENCE)
        shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert process.returncode == 0, shown
    assert json.loads(stdout)["model_version"] == "7"
    progress = re.findall(rf"Indexing: ([\d,]+) of {MODELS} objects read", shown)
    assert progress, shown
    assert [int(count) for count in progress] == sorted(map(int, progress))
    assert shown.endswith("\r\x1b[K")
    assert "\n" not in shown


def test_ctrl_c_ends_the_wait_at_once() -> None:
    with slow_s3() as environment:
        process = subprocess.Popen(
            [*COMMAND, "list"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        stdout, stderr = process.communicate(timeout=PATIENCE)
    assert time.monotonic() - started < 2
    assert (process.returncode, stdout, stderr) == (130, b"", b"\nInterrupted.\n")

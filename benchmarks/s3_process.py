"""The S3 of `s3_server.py` as a process of its own, and how it is told what to do."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SERVER: Final = Path(__file__).with_name("s3_server.py")
KEYS: Final = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True)
class S3Process:
    """A running S3."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """Directs boto3 here."""
        return {"AWS_ENDPOINT_URL_S3": self.url, "NO_PROXY": "127.0.0.1", **KEYS}

    def control(self, **asked: Any) -> dict[str, Any]:
        """Set `faults`, `latency` or `generation`, or `forget` the counts; these, as they were."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        body = json.dumps(asked).encode()
        with opener.open(f"{self.url}/-/control", data=body, timeout=30) as reply:
            told: dict[str, Any] = json.load(reply)
        return told

    def fail(self, *faults: Mapping[str, Any]) -> None:
        """Let requests fail so from now on; none: let all be well."""
        self.control(faults=faults)


@contextmanager
def s3_process(latency: float = 0.0) -> Iterator[S3Process]:
    """An S3 that takes so many seconds over every answer."""
    command = [sys.executable, str(SERVER), str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield S3Process(process.stdout.readline().strip())
        finally:
            process.kill()

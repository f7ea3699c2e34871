"""S3 in tests: credentials that sign, moto's server, and what is in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import pytest
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
}


@contextmanager
def moto_server() -> Iterator[str]:
    """moto's server on loopback; its URL. It is empty again at the end."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        s3_backends.reset()
        server.stop()


def directed(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Direct boto3 of this process to an S3, with credentials that sign."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": url}.items():
        monkeypatch.setenv(name, value)


@contextmanager
def emptied_buckets() -> Iterator[Buckets]:
    """What is in moto's S3; nothing at the end."""
    try:
        yield Buckets()
    finally:
        s3_backends.reset()


class Buckets:
    """What is in moto's S3; filled directly, for 2,500 requests would take longer than the rest."""

    def __init__(self) -> None:
        self._backend = s3_backends["123456789012"]["aws"]

    def make(self, bucket: str, objects: Mapping[str, bytes]) -> str:
        """A bucket of these objects; its URL."""
        self._backend.create_bucket(bucket, "us-east-1")
        for key, data in objects.items():
            self._backend.put_object(bucket, key, data)
        return f"s3://{bucket}/"

    def put(self, bucket: str, key: str, data: bytes) -> None:
        """One more object."""
        self._backend.put_object(bucket, key, data)

    def drop(self, bucket: str) -> None:
        """The bucket and all in it."""
        for key in list(self._backend.buckets[bucket].keys):
            self._backend.delete_object(bucket, key)
        self._backend.delete_bucket(bucket)

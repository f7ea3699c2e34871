"""S3 in tests: credentials that sign, and what is in moto's server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from moto.s3.models import s3_backends

CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
}


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

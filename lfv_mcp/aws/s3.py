"""S3 as a place of files: an archive at `s3://bucket/prefix`, and single evaluation files.

Objects are read with the user's own credentials and nothing is kept on disk.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import IO, Any, Final

from lfv_mcp.archive.store import FileEntry
from lfv_mcp.errors import SetupError
from lfv_mcp.text import clean

CONNECTIONS: Final = 160
"""As many as there can be threads: of one too many urllib3 warns, and names the bucket's host."""


class S3:
    """Objects by bucket and key. Safe between threads; the client is made at the first use.

    Args:
        profile: an AWS profile; None for boto3's usual chain.
        region: None for the profile's own; a bucket elsewhere is found all the same.
        timeout: seconds one question may take in all.
        allowed: the buckets that may be read; None for whatever the credentials may read.
    """

    def __init__(
        self,
        profile: str | None = None,
        region: str | None = None,
        timeout: float = 20.0,
        allowed: frozenset[str] | None = None,
    ) -> None:
        self._settings = (profile, region, timeout)
        self._allowed = allowed
        self._lock = threading.Lock()
        self._client: Any = None

    def list(self, bucket: str, prefix: str) -> Iterator[FileEntry]:
        """Every object under a prefix, in pages of a thousand.

        Raises:
            LfvError: the bucket cannot be listed.
        """
        token: dict[str, str] = {}
        while True:
            page = self._call(
                _uri(bucket, prefix), "list_objects_v2", Bucket=bucket, Prefix=prefix, **token
            )
            for item in page.get("Contents", []):
                if item["Size"] or not item["Key"].endswith("/"):  # the console's empty "folders"
                    yield FileEntry(item["Key"], item["Size"], item["ETag"])
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    @contextmanager
    def open(self, bucket: str, key: str) -> Iterator[IO[bytes]]:
        """One object, as a stream that fails with our errors.

        Raises:
            LfvError: it cannot be read, at once or half-way.
        """
        what = _uri(bucket, key)
        body = self._call(what, "get_object", Bucket=bucket, Key=key)["Body"]
        with _aws().translated(what), body:
            yield body

    def _call(self, what: str, operation: str, **parameters: Any) -> Any:
        if self._allowed is not None and (
            parameters["Bucket"] not in self._allowed
            # Where a path names the bucket, what stands between may take this for another one.
            or ".." in parameters.get("Key", "").split("/")
        ):
            raise SetupError(
                "bucket_not_allowed",
                f"This server may not read {what}.",
                "Its operator can add the bucket to LFV_ALLOWED_BUCKETS (--allowed-bucket).",
            )
        for attempt in (1, 2):
            client = self._open_client()
            try:
                with _aws().translated(what):
                    return getattr(client, operation)(**parameters)
            except SetupError as error:
                if attempt == 1 and error.code == "credentials_expired":
                    with self._lock:
                        self._client = None
                    continue
                raise
        raise AssertionError("unreachable")

    def _open_client(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = _aws().s3_client(*self._settings, connections=CONNECTIONS)
            return self._client


def _uri(bucket: str, key: str) -> str:
    """For messages: a key out of an archive or a bucket may hold anything."""
    return clean(f"s3://{bucket}/{key}", 1100)


def _aws() -> ModuleType:
    """The boto3 seam, imported at the first use: it takes longer than all the rest."""
    from lfv_mcp.aws import client

    return client

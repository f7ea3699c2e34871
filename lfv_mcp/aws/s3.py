"""S3 as a place of files: objects listed under a prefix, and read one by one.

Objects are read with the user's own credentials and nothing is kept on disk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import IO, Any, BinaryIO, Final, NamedTuple, Protocol, TypeVar, cast

from lfv_mcp.aws.credentials import with_fresh_credentials
from lfv_mcp.aws.object_stream import ObjectPart, ObjectStream
from lfv_mcp.errors import LfvError, SetupError
from lfv_mcp.text import clean

CONNECTIONS: Final = 160
"""As many as there can be threads: of one too many urllib3 warns, and names the bucket's host."""
ATTEMPTS: Final = 3
"""Times that a request of a question is sent: somebody waits for the answer."""
_T = TypeVar("_T")


class S3Object(NamedTuple):
    """One object of a bucket as a listing has it; another ETag means another content.

    Args:
        key: its key.
        size: bytes.
        etag: as S3 writes it, in quotation marks.
        archived: it is in a storage class that must be restored first. Whether it has been is only
            known of a listing that was asked for it.
    """

    key: str
    size: int
    etag: str
    archived: bool = False


class S3Page(NamedTuple):
    """A page of a listing, and whether there is another one."""

    objects: Sequence[S3Object]
    has_more: bool


class _S3Client(Protocol):
    """The two operations of boto3's S3 client that are called."""

    def list_objects_v2(self, **parameters: Any) -> dict[str, Any]: ...

    def get_object(self, **parameters: str) -> dict[str, Any]: ...

    def put_object(self, **parameters: Any) -> dict[str, Any]: ...

    def delete_object(self, **parameters: str) -> dict[str, Any]: ...

    @property
    def exceptions(self) -> Any: ...


class S3:
    """Objects by bucket and key. Safe between threads; the client is made at the first use.

    Args:
        profile: an AWS profile; None for boto3's usual chain.
        region: None for the profile's own; a bucket elsewhere is found all the same.
        timeout: seconds one question may take in all.
        allowed: the buckets that may be used; None for whatever the credentials may use.
        attempts: times that a request is sent if it fails for a passing reason.
    """

    def __init__(
        self,
        profile: str | None = None,
        region: str | None = None,
        timeout: float = 20.0,
        allowed: frozenset[str] | None = None,
        *,
        attempts: int = ATTEMPTS,
    ) -> None:
        """Open nothing yet."""
        self._settings = (profile, region, timeout)
        self._attempts = attempts
        self._allowed = allowed
        self._lock = threading.Lock()
        self._client: _S3Client | None = None

    def list(
        self, bucket: str, prefix: str, *, after: str = "", restores: bool = False
    ) -> Iterator[S3Page]:
        """Every object under a prefix, in pages of a thousand and in the order of their keys.

        Args:
            bucket: the bucket.
            prefix: what the keys begin with.
            after: only keys beyond this one; not every server that speaks S3 keeps to it.
            restores: ask for what was restored, too.

        Raises:
            LfvError: the bucket cannot be listed.
        """
        uri = _uri(bucket, prefix)
        self._require_allowed(bucket, "", uri)
        parameters: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
        if restores:
            parameters["OptionalObjectAttributes"] = ["RestoreStatus"]
        if after:
            parameters["StartAfter"] = after
        while True:
            page = self._call(uri, lambda client: client.list_objects_v2(**parameters))
            has_more = bool(page.get("IsTruncated"))
            objects = [
                S3Object(item["Key"], item["Size"], item["ETag"], _must_be_restored(item))
                for item in page.get("Contents", [])
                if item["Size"] or not item["Key"].endswith("/")  # the console's empty "folders"
            ]
            yield S3Page(objects, has_more)
            if not has_more:
                return
            parameters["ContinuationToken"] = page["NextContinuationToken"]

    @contextmanager
    def open(
        self, bucket: str, key: str, *, start: int = 0, limit: int | None = None
    ) -> Generator[IO[bytes]]:
        """One object, as a stream that fails with our errors.

        A stream that breaks off is gone on with from there, as long as the object is the same.

        Args:
            bucket: the bucket.
            key: the object.
            start: the first byte that is read.
            limit: bytes to ask for; None for all. Who wants only the head of a large object says
                so: a connection that is left in the middle of an answer cannot be used again.

        Raises:
            LfvError: it cannot be read, at once or half-way.
        """
        uri = _uri(bucket, key)
        self._require_allowed(bucket, key, uri)

        def request(first: int, etag: str) -> ObjectPart:
            last = "" if limit is None else str(start + limit - 1)
            parameters = {"Bucket": bucket, "Key": key}
            if first or last:
                parameters["Range"] = f"bytes={first}-{last}"
            if etag:
                parameters["IfMatch"] = etag
            reply = self._call(uri, lambda client: client.get_object(**parameters))
            is_part = reply.get("ResponseMetadata", {}).get("HTTPStatusCode") == 206
            total = str(reply.get("ContentRange", "")).rpartition("/")[2]
            whole = total if is_part else str(reply.get("ContentLength", ""))
            size = int(whole) if whole.isdecimal() else None
            first = first if is_part else 0
            return ObjectPart(reply["Body"], first, reply.get("ETag", ""), size)

        with _boto3_client_module().translated(uri), ObjectStream(request, start) as stream:
            yield cast(IO[bytes], stream)

    def put(
        self, bucket: str, key: str, content: bytes | BinaryIO, *, replace: bool = False
    ) -> str | None:
        """Write an object in one part; its ETag, or None if there is one of that key already.

        Args:
            bucket: the bucket.
            key: the object's key.
            content: what to write; a file has to be one that can be read again from its start.
            replace: write it even if there is an object of that key.

        Raises:
            LfvError: it cannot be written.
        """
        uri = _uri(bucket, key)
        self._require_allowed(bucket, key, uri, "write")
        parameters = {"Bucket": bucket, "Key": key, "Body": content}
        if replace:
            return self._write(uri, lambda client: str(client.put_object(**parameters)["ETag"]))

        def put_if_absent(client: _S3Client) -> str | None:
            try:
                return str(client.put_object(**parameters, IfNoneMatch="*")["ETag"])
            except client.exceptions.ClientError as error:
                if _code(error) == "PreconditionFailed":
                    return None
                if _code(error) not in _CONDITION_UNKNOWN:
                    raise
            # Something that speaks S3, but an older one: look, then write.
            listed = client.list_objects_v2(Bucket=bucket, Prefix=key)
            if any(item["Key"] == key for item in listed.get("Contents", [])):
                return None
            if not isinstance(content, bytes):
                content.seek(0)
            return str(client.put_object(**parameters)["ETag"])

        return self._write(uri, put_if_absent)

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object, if there is one.

        Raises:
            LfvError: it cannot be removed.
        """
        uri = _uri(bucket, key)
        self._require_allowed(bucket, key, uri, "write")
        self._write(uri, lambda client: client.delete_object(Bucket=bucket, Key=key))

    def _write(self, uri: str, operation: Callable[[_S3Client], _T]) -> _T:
        """A call that changes a bucket; a refusal of it names what writing needs."""
        try:
            return self._call(uri, operation)
        except LfvError as error:
            if error.code not in _REFUSALS:
                raise
            raise SetupError(
                "archive_unwritable",
                f"{uri} cannot be written to: {_REFUSALS[error.code]}.",
                "Allow s3:PutObject (and s3:ListBucket; s3:DeleteObject for --replace) on that "
                "bucket and prefix, and kms:GenerateDataKey if it has its own encryption key.",
            ) from error

    def _require_allowed(self, bucket: str, key: str, uri: str, verb: str = "read") -> None:
        if self._allowed is not None and (
            bucket not in self._allowed
            # Where a path names the bucket, what stands between may take this for another one.
            or ".." in key.split("/")
        ):
            raise SetupError(
                "bucket_not_allowed",
                f"This server may not {verb} {uri}.",
                "Its operator can add the bucket to LFV_ALLOWED_BUCKETS (--allowed-bucket).",
            )

    def _call(self, uri: str, operation: Callable[[_S3Client], _T]) -> _T:
        def attempt() -> _T:
            client = self._open_client()
            with _boto3_client_module().translated(uri):
                return operation(client)

        return with_fresh_credentials(attempt, self._forget_client)

    def _open_client(self) -> _S3Client:
        with self._lock:
            if self._client is None:
                opened: _S3Client = _boto3_client_module().s3_client(
                    *self._settings, connections=CONNECTIONS, attempts=self._attempts
                )
                self._client = opened
            return self._client

    def _forget_client(self) -> None:
        with self._lock:
            self._client = None


_CONDITION_UNKNOWN: Final = {"NotImplemented", "501", "InvalidArgument", "InvalidRequest", "400"}
"""What an endpoint answers that does not know `If-None-Match` of a write."""
_REFUSALS: Final = {
    "s3_access_denied": "these credentials may not write there",
    "s3_not_found": "there is no such bucket",
    "s3_key_unusable": "its KMS key cannot be used",
}
"""Errors whose texts speak about reading, and what they mean of a write."""


_ARCHIVES: Final = ("GLACIER", "DEEP_ARCHIVE")
"""Storage classes that are not read from; of GLACIER_IR an object is read like any other."""


def _must_be_restored(item: Mapping[str, Any]) -> bool:
    """Whether a listed object cannot be read before it has been restored."""
    if item.get("StorageClass") not in _ARCHIVES:
        return False
    restored = item.get("RestoreStatus", {})
    return restored.get("IsRestoreInProgress") is not False or "RestoreExpiryDate" not in restored


def _code(error: Any) -> str:
    """The error code that S3 answered with."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _uri(bucket: str, key: str) -> str:
    """For messages: a key out of an archive or a bucket may hold anything."""
    return clean(f"s3://{bucket}/{key}", 1100)


def _boto3_client_module() -> ModuleType:
    """`aws.client`, imported at the first use.

    Importing boto3 takes a fifth of a second, longer than all the rest of the package; a client
    that starts a server waits for its list of tools, which needs no S3.
    """
    from lfv_mcp.aws import client

    return client

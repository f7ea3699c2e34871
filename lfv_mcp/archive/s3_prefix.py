"""archive.s3_prefix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from lfv_mcp.archive.store import FileEntry
from lfv_mcp.aws.s3 import S3
from lfv_mcp.errors import CallerError

PARALLEL: Final = 16
"""Objects read at one time."""


class S3Prefix:
    """The objects under `s3://bucket/prefix`, as an archive's files."""

    parallel = PARALLEL
    # Listing costs a request for every thousand objects, so it is not repeated for every question.
    rescan_after = 300.0

    def __init__(self, url: str, s3: S3) -> None:
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        if not url.startswith("s3://") or not bucket:
            raise CallerError(
                "invalid_argument",
                f"{url[:80]!r} is not an S3 prefix.",
                "Write it as s3://bucket/prefix.",
            )
        self.location = url
        self._bucket, self._prefix = bucket, prefix
        self._s3 = s3

    def entries(self) -> Iterator[FileEntry]:
        """Every object under the prefix, by its key."""
        return self._s3.list(self._bucket, self._prefix)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """One object."""
        with self._s3.open(self._bucket, name) as stream:
            yield stream

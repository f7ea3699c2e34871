"""An archive whose files are the objects under an S3 prefix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import IO, Final

from lfv_mcp.archive.store import FileEntry
from lfv_mcp.aws.s3 import S3, S3Object
from lfv_mcp.aws.s3_listing import list_side_by_side
from lfv_mcp.errors import CallerError

PARALLEL: Final = 16
"""Objects read at one time."""


class S3Prefix:
    """The objects under `s3://bucket/prefix`, as an archive's files.

    Args:
        url: the prefix.
        s3: reads the objects.
        rescan_after: seconds for which a listing counts as current; None for the class's own.

    Raises:
        CallerError: the URL is none of an S3 prefix.
    """

    parallel = PARALLEL
    # Listing costs a request for every thousand objects, so it is not repeated for every question.
    rescan_after: float = 300.0

    def __init__(self, url: str, s3: S3, *, rescan_after: float | None = None) -> None:
        """Take the URL apart; nothing is asked of S3 yet."""
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
        if rescan_after is not None:
            self.rescan_after = rescan_after

    def entries(self) -> Iterator[FileEntry]:
        """Every object under the prefix, by its key; of a large prefix in no certain order.

        A prefix without a slash at its end means that folder, or that one object: `s3://b/saved`
        is not `saved-old/`.

        Raises:
            LfvError: the bucket cannot be listed.
        """
        folder = self._prefix
        if folder and not folder.endswith("/"):
            folder += "/"
            # The object itself comes first of all that start with its key.
            first = next(self._s3.list(self._bucket, self._prefix)).objects[:1]
            if first and first[0].key == self._prefix:
                yield _entry(first[0])
        for listed in list_side_by_side(self._s3, self._bucket, folder):
            yield _entry(listed)

    def open(
        self, name: str, *, start: int = 0, limit: int | None = None
    ) -> AbstractContextManager[IO[bytes]]:
        """One object, to read from its start or from a later byte.

        Raises:
            LfvError: it cannot be read.
        """
        return self._s3.open(self._bucket, name, start=start, limit=limit)


def _entry(listed: S3Object) -> FileEntry:
    return FileEntry(listed.key, listed.size, listed.etag, listed.archived)

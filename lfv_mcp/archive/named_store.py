"""File stores for remote callers, who are told a name instead of a path or URL.

Where an archive lies on the server's disk, or in which bucket, is the operator's affair. Both stand
in the log, and `lfv-mcp doctor` shows them.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lfv_mcp.archive.s3_prefix import S3Prefix
from lfv_mcp.archive.store import Directory, FileEntry
from lfv_mcp.aws.s3 import S3
from lfv_mcp.errors import ERRORS, LfvError
from lfv_mcp.text import clean

logger = logging.getLogger(__name__)


class NamedDirectory(Directory):
    """A directory whose `location` is the name of its folder, and whose errors name the setting.

    The whole error goes to the log.
    """

    def __init__(self, root: Path, *, rescan_after: float | None = None) -> None:
        super().__init__(root, rescan_after=rescan_after)
        self._place = self.location
        self.location = name_of(root.resolve().name)

    def entries(self) -> Iterator[FileEntry]:
        """As `Directory.entries`."""
        with _without_place(self._place, logging.WARNING):
            yield from super().entries()


class NamedS3Prefix(S3Prefix):
    """An S3 prefix whose `location` is the name of its last folder; its errors name the setting.

    The whole error goes to the log.
    """

    def __init__(self, url: str, s3: S3, *, rescan_after: float | None = None) -> None:
        super().__init__(url, s3, rescan_after=rescan_after)
        self._place = self.location
        self.location = name_of(url.rstrip("/").rpartition("/")[2])

    def entries(self) -> Iterator[FileEntry]:
        """As `S3Prefix.entries`."""
        with _without_place(self._place, logging.WARNING):
            yield from super().entries()

    @contextmanager
    def open(self, name: str) -> Generator[IO[bytes]]:
        """As `S3Prefix.open`."""
        # Not a warning: there may be a hundred thousand objects, each with an error of its own.
        with _without_place(self._place, logging.INFO), super().open(name) as stream:
            yield stream


def name_of(folder: str) -> str:
    """What callers are told of an archive in a folder of this name."""
    name = clean(folder, 200)
    return f"archive:{name}" if name else "archive"


@contextmanager
def _without_place(place: str, level: int) -> Generator[None]:
    """Make every error inside one that names the setting instead of its value; log the whole."""
    try:
        yield
    except LfvError as error:
        logger.log(level, "%s: %s [%s]", clean(place), error.message, error.code)
        reason = ERRORS[error.code][1]
        if isinstance(error.__cause__, OSError) and error.__cause__.strerror:
            reason = error.__cause__.strerror
        raise type(error)(
            error.code,
            f"The archive that LFV_SOURCE names cannot be read: {reason}.",
            "The operator of this server finds the whole error in its log, or with "
            "`lfv-mcp doctor`.",
        ) from error

"""The objects below an S3 prefix as the place that an archive is written to."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from typing import BinaryIO
from uuid import uuid4

from lfv_mcp.archive.places import S3Place
from lfv_mcp.archive.reading import read_rest
from lfv_mcp.archive.s3_prefix import PARALLEL
from lfv_mcp.archive.targets import (
    IN_MEMORY,
    Chunks,
    OccupiedError,
    PublishedFile,
    Spill,
    StagedFile,
    stage,
)
from lfv_mcp.aws.s3 import S3, S3Object
from lfv_mcp.aws.s3_listing import list_side_by_side
from lfv_mcp.errors import SetupError


class S3Target:
    """Objects are written by PutObject, which makes each appear whole; none is overwritten.

    Args:
        place: the bucket and prefix.
        s3: writes the objects.
    """

    parallel = PARALLEL

    def __init__(self, place: S3Place, s3: S3) -> None:
        """Ask nothing of S3 yet."""
        self.location = str(place)
        self._bucket, self._folder = place.bucket, place.folder
        self._s3 = s3
        self._lock = Lock()
        self._there: dict[str, S3Object] | None = None
        self._temporary: str | None = None

    def prepare(self) -> None:
        """As `Target.prepare`: look once what is there, which spares a request for each of it."""
        self._objects()

    def _objects(self) -> dict[str, S3Object]:
        with self._lock:
            if self._there is None:
                start = len(self._folder)
                listed = list_side_by_side(self._s3, self._bucket, self._folder)
                self._there = {found.key[start:]: found for found in listed}
            return self._there

    def stage(
        self,
        chunks: Chunks,
        folder: str,  # noqa: ARG002 - S3 has no folders
        *,
        in_memory: int = IN_MEMORY,
    ) -> StagedFile:
        """As `Target.stage`: what is too long for the memory waits in a temporary folder."""

        def open_temporary() -> tuple[BinaryIO, str]:
            with self._lock:
                self._temporary = self._temporary or mkdtemp(prefix="lfv-mcp-")
                path = Path(self._temporary, uuid4().hex)
            return path.open("xb"), str(path)

        return stage(chunks, in_memory, Spill(open_temporary, _temporary_failures))

    def publish(self, staged: StagedFile, name: str, *, replace: bool = False) -> PublishedFile:
        """As `Target.publish`."""
        known = self._objects().get(name)
        if known is None or replace:
            etag = self._put(staged, name, replace=replace)
            if etag is not None:
                staged.discard()
                return PublishedFile(name, staged.size, etag, is_new=known is None)
            known = self._find(name)  # written by another run since it was looked
        if known.size != staged.size:
            raise OccupiedError(f"{self.location.rstrip('/')}/{name}")
        staged.discard()
        return PublishedFile(name, staged.size, known.etag, is_new=False)

    def _put(self, staged: StagedFile, name: str, *, replace: bool) -> str | None:
        key = self._folder + name
        if staged.data is not None:
            return self._s3.put(self._bucket, key, staged.data, replace=replace)
        with Path(staged.path).open("rb") as content:
            return self._s3.put(self._bucket, key, content, replace=replace)

    def _find(self, name: str) -> S3Object:
        key = self._folder + name
        for page in self._s3.list(self._bucket, key):
            for found in page.objects:
                if found.key == key:
                    return found
        raise OccupiedError(f"{self.location.rstrip('/')}/{name}")  # it has come and gone

    def names(self, folder: str = "") -> list[str]:
        """As `Target.names`."""
        names = self._objects()
        return [name for name in names if name.rpartition("/")[0] == folder] if folder else [*names]

    def read(self, name: str, limit: int | None = None) -> bytes:
        """As `Target.read`."""
        with self._s3.open(self._bucket, self._folder + name, limit=limit) as stream:
            return read_rest(stream, b"", limit) if limit is not None else stream.read()

    def remove(self, name: str) -> None:
        """As `Target.remove`."""
        self._s3.delete(self._bucket, self._folder + name)

    def close(self) -> None:
        """As `Target.close`."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None


@contextmanager
def _temporary_failures() -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise SetupError(
            "archive_unwritable",
            f"A file in the temporary folder cannot be written: {error.strerror or error}.",
            "Make room there, or set TMPDIR to a folder that has some, and run this again.",
        ) from error

"""A file that is opened once: whatever part of it is read is of the version that was opened."""

from __future__ import annotations

import io
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import pytest

from lfv_mcp.archive.fetched_file import fetched_once
from lfv_mcp.archive.listed_file import FileChangedError
from lfv_mcp.archive.store import Directory, FileEntry

FAR: Final = 20 << 20


def sparse(path: Path, end: bytes) -> None:
    """A file of zeros, and these bytes at its end."""
    with path.open("wb") as file:
        file.seek(FAR)
        file.write(end)


def test_a_far_part_of_a_file_on_disk_is_of_the_file_that_was_opened(tmp_path: Path) -> None:
    sparse(tmp_path / "a.zip", b"old")
    sparse(tmp_path / "other", b"new")
    files = Directory(tmp_path)
    (entry,) = (each for each in files.entries() if each.name == "a.zip")
    with fetched_once(files, entry) as (fetched, now):
        (tmp_path / "other").replace(tmp_path / "a.zip")
        with fetched.open(now.name, start=FAR, limit=3) as stream:
            assert stream.read(3) == b"old"


class Part(io.BytesIO):
    """Bytes of one version of an object."""

    def __init__(self, data: bytes, stamp: str) -> None:
        super().__init__(data)
        self.size, self.stamp = FAR + 3, stamp


class Overwritten:
    """A bucket with an object that another one replaces."""

    location, parallel, rescan_after = "s3://b/", 1, -1.0

    def __init__(self) -> None:
        self.end = b"old"

    def entries(self) -> list[FileEntry]:
        return [FileEntry("a.zip", FAR + 3, f'"{self.end!r}"')]

    @contextmanager
    def open(self, name: str, *, start: int = 0, limit: int | None = None) -> Generator[IO[bytes]]:
        del name, limit
        yield Part(self.end if start == FAR else bytes(1 << 18), f'"{self.end!r}"')


def test_a_far_part_of_an_object_is_never_of_another_one() -> None:
    bucket = Overwritten()
    with fetched_once(bucket, bucket.entries()[0]) as (fetched, now):
        with fetched.open(now.name, start=FAR, limit=3) as stream:
            assert stream.read(3) == b"old"
        bucket.end = b"new"
        with (
            pytest.raises(FileChangedError),
            fetched.open(now.name, start=FAR, limit=3) as stream,
        ):
            stream.read(3)

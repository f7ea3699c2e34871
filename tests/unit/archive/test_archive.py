"""`Archive` over stores that count, read short, or fail for a while."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.reading import HEAD, may_be_records
from lfv_mcp.archive.store import Directory, FileEntry
from lfv_mcp.errors import ServiceError
from tests.support.archives import KEY, saved, sparse
from tests.support.saved_records import (
    described,
    manifest_of,
    write,
)


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    for version in range(1, 11):
        write(tmp_path, f"{version}.json", saved(version=version))

    class Counting(Directory):
        def open(self, name: str, *, start: int = 0, limit: int | None = None) -> Any:
            opened.append(name)
            return super().open(name, start=start, limit=limit)

    opened: list[str] = []
    held = Archive(Counting(tmp_path, rescan_after=-1.0))
    first = held.index()
    assert len(opened) == 10
    assert held.index() is first
    write(tmp_path, "3.json", saved(Status="HOSTED"))
    assert held.index() is not first
    assert opened[10:] == ["3.json"]


def test_stores_that_read_short(tmp_path: Path) -> None:
    """A socket may give less than it was asked for: that is no end of the file."""

    class Short(Directory):
        def open(self, name: str, *, start: int = 0, limit: int | None = None) -> Any:
            stream = super().open(name, start=start, limit=limit)
            first = [True]
            read = stream.read

            def shortly(size: int = -1) -> bytes:
                size = 100 if first[0] else size
                first[0] = False
                return read(size)

            return _Wrapped(stream, shortly)

    write(tmp_path, "a.json", saved())
    index = Archive(Short(tmp_path)).index()
    assert not index.problems
    assert KEY in index.models


class _Wrapped:
    def __init__(self, stream: Any, read: Callable[..., bytes]) -> None:
        self._stream, self.read = stream, read

    def __enter__(self) -> _Wrapped:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def test_large_manifest_is_known_by_its_start(tmp_path: Path) -> None:
    """A manifest may have a gigabyte: its lines are read where it is analysed."""
    start = manifest_of(images=300)
    assert len(start) > HEAD
    sparse(tmp_path / "m.json", start)
    before = time.process_time()
    index = Archive(Directory(tmp_path)).index()
    assert time.process_time() - before < 1
    assert index.models[KEY].manifest
    assert not index.problems


def test_images_are_passed_over_by_name(tmp_path: Path) -> None:
    files = Directory(tmp_path)
    for name in ("a.png", "b.JPG", "c.jpeg", "d.json", "e.tiff"):
        write(tmp_path, name, b"{}")
    wanted = may_be_records(files.entries())
    assert [e.name for e in wanted] == ["d.json"]
    assert FileEntry("x.manifest", 1, 1) in may_be_records([FileEntry("x.manifest", 1, 1)])


def test_a_failure_that_passes_is_not_remembered(tmp_path: Path) -> None:
    """The file has not changed, so its stamp alone would not have it read again."""

    class Moody(Directory):
        dead = True

        def open(self, name: str, *, start: int = 0, limit: int | None = None) -> FileIO:
            if self.dead:
                raise ServiceError("endpoint_timeout", "No answer in time.", "Ask again later.")
            return super().open(name, start=start, limit=limit)

    (tmp_path / "a.json").write_text(json.dumps({"ModelDescription": described()}))
    files = Moody(tmp_path, rescan_after=-1.0)
    archive = Archive(files)
    with pytest.raises(ServiceError, match=r"No answer in time\."):  # no index is no empty one
        archive.index()
    assert archive.held is not None
    assert archive.held.unread is not None
    assert archive.held.unread.first == "a.json"
    files.dead = False
    after = archive.index()
    assert len(after.models) == 1
    assert not after.problems
    assert archive.index() is after  # what was read is not read again

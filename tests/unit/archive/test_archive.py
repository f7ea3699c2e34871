"""`Archive` over stores that count, read short, or fail for a while."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.reading import may_be_records
from lfv_mcp.archive.store import Directory, FileEntry, OpenedFile
from lfv_mcp.errors import ServiceError
from lfv_mcp.formats.texts import HEAD
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


@pytest.mark.parametrize("is_cut", [False, True])
def test_large_manifest_is_known_by_its_ends(tmp_path: Path, is_cut: bool) -> None:
    """A manifest may have a gigabyte: its lines are read where it is analysed.

    That it is cut off shows in its last line; a hole stands for those between.
    """
    start = manifest_of(images=300)
    assert len(start) > HEAD
    sparse(tmp_path / "m.json", start)
    with (tmp_path / "m.json").open("ab") as file:
        file.write(b"\n" + start[: -20 if is_cut else None])
    before = time.process_time()
    index = Archive(Directory(tmp_path)).index()
    assert time.process_time() - before < 1
    assert index.models[KEY].manifest
    assert [(group.kind, group.reason) for group in index.problems] == (
        [("corrupt", "a manifest that is cut off in its last line")] if is_cut else []
    )


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (b"PK\x03\x04", "a compressed file or an archive of more than 64 MiB; unpack it"),
        (b"\x1f\x8b\x08", "a compressed file or an archive of more than 64 MiB; unpack it"),
        (b'{"a', "larger than 64 MiB"),
        (b"INFO lookoutvision\n", "larger than 64 MiB"),
        (b"a,b\n1,2\n3,4\n5,6\n7,8\n9,0\n", "not JSON"),
        (b"call Bob", "not JSON"),
    ],
)
def test_of_a_large_file_the_start_tells(tmp_path: Path, start: bytes, told: str) -> None:
    """What may hold records is said to be unread; what is something else is foreign."""
    write(tmp_path, "large", start.ljust(HEAD, start[-1:]))
    os.truncate(tmp_path / "large", 200 << 20)
    (group,) = Archive(Directory(tmp_path)).index().problems
    assert group.first[0][1].startswith(told)
    assert (group.kind == "foreign") is (told == "not JSON")


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

        def open(self, name: str, *, start: int = 0, limit: int | None = None) -> OpenedFile:
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


@pytest.mark.slow
def test_nobody_waits_for_a_long_look(tmp_path: Path) -> None:
    """Neither for the index, nor because a file was found to have changed meanwhile."""
    go_on = threading.Event()

    class Long(Directory):
        def entries(self) -> Iterator[FileEntry]:
            yield from super().entries()
            if archive.held is not None:
                go_on.wait(30)

    write(tmp_path, "a.json", saved())
    archive = Archive(Long(tmp_path, rescan_after=-1.0))
    winner = archive.index().models[KEY].winner
    try:
        write(tmp_path, "a.json", saved(Status="HOSTED"))
        began = time.monotonic()
        held = archive.index()  # waits its grace, and then takes what is at hand
        assert archive.progress is not None
        assert archive.index() is held
        assert archive.read(winner) is None  # the file has changed, and nothing old is said of it
        assert time.monotonic() - began < 5
    finally:
        go_on.set()
    look = archive.begin_look()
    if look is not None:
        look.done.wait()
    assert archive.index().models[KEY].winner.status == "HOSTED"

"""Readiness: it never waits, gets ready without being asked, and knows how old the index is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.store import Directory, FileEntry
from lfv_mcp.catalog.readiness import FIRST_RETRY, LAST_RETRY, MIN_REFRESH, Readiness, SourceState
from lfv_mcp.errors import SetupError
from tests.support.saved_records import described, write


class Scripted(Directory):
    """A directory that fails or waits when it is listed, as long as the test wants it to."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.failure: Exception | None = None
        self.gate: threading.Event | None = None

    def entries(self) -> Iterator[FileEntry]:
        if self.gate is not None:
            self.gate.wait(10)
        if self.failure is not None:
            raise self.failure
        return super().entries()


class EnoughError(Exception):
    """The test has seen enough."""


@pytest.fixture
def files(tmp_path: Path) -> Scripted:
    write(tmp_path, "3.json", {"ModelDescription": described()})
    write(tmp_path, "cut.json", b'{"ModelDescription": {')
    return Scripted(tmp_path)


def test_a_live_endpoint_is_ready_and_has_no_index() -> None:
    assert Readiness("live", None).state() == SourceState(is_ready=True)


def test_a_source_that_could_not_be_opened_is_not_ready() -> None:
    assert not Readiness("archive", None).state().is_ready


def test_it_does_not_wait_for_the_index(files: Scripted) -> None:
    files.gate = threading.Event()
    archive = Archive(files)
    readiness = Readiness("archive", archive)
    indexing = threading.Thread(target=archive.index)
    indexing.start()
    try:
        state = readiness.state()  # the lock of the archive is taken
        assert (state.is_ready, state.index_age, state.progress) == (False, None, 0.0)
    finally:
        files.gate.set()
        indexing.join()
    assert readiness.state().is_ready


def test_what_is_told_of_an_index(files: Scripted) -> None:
    archive = Archive(files)
    archive.index()
    checked_at = archive.checked_at
    assert checked_at is not None
    readiness = Readiness("archive", archive, clock=lambda: checked_at + 7.5)
    assert readiness.state() == SourceState(
        is_ready=True, index_age=7.5, models=1, files_unread=1, progress=1.0
    )
    behind = Readiness("archive", archive, clock=lambda: checked_at - 5)  # somebody set the clock
    assert behind.state().index_age == 0.0


@pytest.mark.parametrize(
    "failure", [SetupError("s3_access_denied", "no", "ask"), RuntimeError("a defect")]
)
def test_it_tries_until_there_is_an_index(files: Scripted, failure: Exception) -> None:
    files.failure = failure
    archive = Archive(files)
    readiness = Readiness("archive", archive)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 8:
            files.failure = None
        if archive.held is not None:
            raise EnoughError

    with pytest.raises(EnoughError):
        readiness.keep_current(pause)
    assert pauses[:6] == [FIRST_RETRY * 2**n if n < 5 else LAST_RETRY for n in range(6)]
    assert pauses[-2:] == [LAST_RETRY, MIN_REFRESH]
    assert readiness.state().is_ready


def test_an_index_that_grows_old_is_still_answered_from(files: Scripted) -> None:
    archive = Archive(files)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        files.failure = SetupError("s3_access_denied", "no", "ask")
        if len(pauses) == 3:
            raise EnoughError

    readiness = Readiness("archive", archive)
    with pytest.raises(EnoughError):
        readiness.keep_current(pause)
    assert pauses == [MIN_REFRESH] * 3
    assert readiness.state().is_ready

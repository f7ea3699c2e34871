"""Files that are another for a moment and then as before: no answer of that moment may stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.store import Directory, FileEntry
from lfv_mcp.server.app import build_server
from tests.support.archives import KEY, archive_catalog, saved
from tests.support.clients import describe
from tests.support.fault_table import analyze
from tests.support.saved_records import manifest_of, write


def status_held(archive: Archive) -> str | None:
    """What the index of now says of the model."""
    entry = archive.index().models.get(KEY)
    return None if entry is None else entry.winner.status


class _Swapped(Directory):
    """A directory behind a link that another process turns: at every chosen moment."""

    def __init__(self, link: Path) -> None:
        super().__init__(link, rescan_after=-1.0)
        self._link = link
        self.when_listed: Callable[[], None] = lambda: None
        self.when_closed: Callable[[], None] = lambda: None

    def turn(self, folder: Path) -> None:
        """Let the link lead to that folder, as an atomic deployment does."""
        spare = self._link.with_name("spare")
        spare.symlink_to(folder)
        spare.rename(self._link)

    def entries(self) -> Iterator[FileEntry]:
        entries = list(super().entries())
        self.when_listed()
        yield from entries

    @contextmanager
    def open(self, name: str, *, start: int = 0, limit: int | None = None) -> Iterator[FileIO]:  # type: ignore[override]
        with super().open(name, start=start, limit=limit) as stream:
            yield stream
        self.when_closed()


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """An archive of each status, with files of one length and one name."""
    found = {}
    for status in ("TRAINED", "HOSTED"):
        found[status] = tmp_path / status
        write(found[status], "model.json", saved(Status=status, Description=status))
    return found


@pytest.fixture
def files(tmp_path: Path, folders: dict[str, Path]) -> _Swapped:
    """The archive that is HOSTED until it is turned."""
    link = tmp_path / "archive"
    link.symlink_to(folders["HOSTED"])
    return _Swapped(link)


def test_a_directory_that_is_another_between_listing_and_reading(
    files: _Swapped, folders: dict[str, Path]
) -> None:
    files.when_listed = lambda: files.turn(folders["TRAINED"])
    files.when_closed = lambda: files.turn(folders["HOSTED"])
    archive = Archive(files)
    assert status_held(archive) == "TRAINED"  # as it was read
    files.when_listed = files.when_closed = lambda: None
    assert status_held(archive) == "HOSTED"  # and not for ever


class _TurnedWhileAsked:
    """Turns the archive while a question is answered, and back before it has its answer."""

    def __init__(self, files: _Swapped, folders: dict[str, Path]) -> None:
        self.catalog = archive_catalog(files)
        archive = self.catalog._files._archive
        assert archive is not None
        self._archive, self._files, self._folders = archive, files, folders
        self.times = 0

    def around(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do the work while the archive is the other one."""
        if self.times:
            return work(*arguments)
        self.times += 1
        self._files.turn(self._folders["TRAINED"])
        self._archive.index()
        result = work(*arguments)
        self._files.turn(self._folders["HOSTED"])
        self._archive.index()
        return result


@pytest.fixture
def turned(files: _Swapped, folders: dict[str, Path]) -> _TurnedWhileAsked:
    return _TurnedWhileAsked(files, folders)


@pytest.mark.anyio
async def test_an_answer_from_an_archive_that_was_another_meanwhile_is_not_kept(
    turned: _TurnedWhileAsked, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lfv_mcp.catalog.describe import Describer

    original = Describer.describe
    monkeypatch.setattr(
        Describer, "describe", lambda self, query: turned.around(original, self, query)
    )
    async with Client(build_server(turned.catalog)) as client:
        statuses = [(await describe(client)).structured_content["status"] for _ in range(2)]
    assert turned.times == 1
    assert statuses == ["TRAINED", "HOSTED"]


@pytest.mark.anyio
async def test_evaluation_files_of_an_archive_that_was_another_meanwhile_are_not_kept(
    folders: dict[str, Path], turned: _TurnedWhileAsked, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lfv_mcp.catalog.evidence import EvidenceLoader

    for status, lines in (("HOSTED", 1), ("TRAINED", 3)):
        (folders[status] / "manifest.json").write_bytes(manifest_of(version=3, images=4 * lines))
    original = EvidenceLoader._read_manifest
    monkeypatch.setattr(
        EvidenceLoader,
        "_read_manifest",
        lambda self, *asked: turned.around(original, self, *asked),
    )
    async with Client(build_server(turned.catalog)) as client:
        images = [(await analyze(client)).structured_content["test_images"] for _ in range(2)]
    assert turned.times == 1
    assert images[0] == 3 * images[1]

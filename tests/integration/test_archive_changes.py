"""An archive under a running server: files come, change and go."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.store import Directory
from lfv_mcp.errors import SetupError
from tests.support.archives import KEY, archive_door, saved
from tests.support.clients import door
from tests.support.saved_records import (
    described,
    response,
    write,
)

pytestmark = pytest.mark.anyio


async def test_files_come_change_and_go(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", saved(Status="TRAINED"))
    stat = path.stat()
    async with archive_door(Directory(tmp_path, rescan_after=-1.0)) as ask:
        assert (await ask.describe("cap-seal"))["status"] == "TRAINED"
        # The same size and modification time: only the content tells.
        write(tmp_path, "a.json", saved(Status="DELETE!"))
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert path.stat().st_size == stat.st_size
        assert (await ask.describe("cap-seal"))["status"] == "DELETE!"
        replacement = write(tmp_path, "new.partial", saved(Status="HOSTED"))
        replacement.replace(path)
        assert (await ask.describe("cap-seal"))["status"] == "HOSTED"
        write(tmp_path, "b.json", saved(version=9))
        assert (await ask.describe("cap-seal"))["model_version"] == "9"
        path.write_bytes(b"{")
        error = await ask.refused("describe_model", project_name="cap-seal", model_version="3")
        assert error["code"] == "model_not_found"
        path.unlink()
        path.mkdir()
        assert (await ask.describe("cap-seal"))["model_version"] == "9"


async def test_folder_vanishes_and_returns(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    write(folder, "a.json", saved())
    async with archive_door(Directory(folder, rescan_after=-1.0)) as ask:
        assert (await ask.list())["models"]
        folder.rename(tmp_path / "away")
        for tool in ("describe_model", "list_models"):
            error = await ask.refused(tool, project_name="cap-seal")
            assert error["code"] == "archive_unreadable"
            assert "LFV_SOURCE" in error["next_step"]
        (tmp_path / "away").rename(folder)
        assert (await ask.describe("cap-seal"))["status"] == "TRAINED"


async def test_file_replaced_within_the_seconds_of_the_index(tmp_path: Path) -> None:
    """Either record is an answer; a part of the old one is none."""
    write(tmp_path, "a.json", saved(Status="TRAINED"))
    async with door(tmp_path) as ask:
        await ask.list()
        write(tmp_path, "a.json", saved(Status="HOSTED"))
        answer = await ask.describe("cap-seal", "3")
        assert answer["status"] in ("TRAINED", "HOSTED")
        assert answer["model_description"].keys() == described().keys()


def test_record_that_changes_between_index_and_answer(tmp_path: Path) -> None:
    """Within the seconds for which the index is taken as current."""
    path = write(tmp_path, "a.json", saved())
    held = Archive(Directory(tmp_path))
    winner = held.index().models[KEY].winner
    assert held.read(winner) is not None
    write(tmp_path, "a.json", saved(Status="HOSTED"))
    assert held.read(winner) is None
    assert held.index().models[KEY].winner.status == "HOSTED"
    path.unlink()
    assert held.read(held.index().models[KEY].winner) is None
    assert held.index().models == {}
    shutil.rmtree(tmp_path)
    with pytest.raises(SetupError, match="cannot be read"):
        held.read(winner)


def test_record_that_becomes_unreadable_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Better than an answer that is silently short of what the file has."""
    write(tmp_path, "a.json", saved())
    held = Archive(Directory(tmp_path))
    winner = held.index().models[KEY].winner

    def broken(*_: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "open", broken)
    with pytest.raises(SetupError, match=r"a\.json in the archive cannot be read: Input/output"):
        held.read(winner)


async def test_file_that_becomes_a_link_out(tmp_path: Path) -> None:
    secret = write(tmp_path, "outside.json", response("ModelDescription", described("secret", 1)))
    path = write(tmp_path / "archive", "a.json", saved())
    files = Directory(tmp_path / "archive")
    list(files.entries())
    path.unlink()
    path.symlink_to(secret)
    with pytest.raises(OSError, match="symbolic links"):
        files.open("a.json")
    async with archive_door(Directory(tmp_path / "archive", rescan_after=-1.0)) as ask:
        assert (await ask.list())["models"] == []

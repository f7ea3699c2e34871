"""The files of a conversion are put into place before those of an earlier one go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lfv_mcp.archive.conversion_target import write_files
from lfv_mcp.archive.directory_target import DirectoryTarget
from lfv_mcp.errors import LfvError, SetupError


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_an_earlier_conversion_wrote_goes(tmp_path: Path) -> None:
    write_files(tmp_path, {"train.manifest": [b"1"], "test.manifest": [b"2"]})
    (tmp_path / "notes.txt").write_bytes(b"mine")
    write_files(tmp_path, {"train.manifest": [b"3"]})
    assert written(tmp_path) == {"train.manifest": b"3", "notes.txt": b"mine"}


def test_nothing_goes_before_the_new_files_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, {"test.manifest": [b"old"]})

    def full(*_: object, **__: object) -> Any:
        raise SetupError("archive_unwritable", "The disk is full.", "Make room.")

    monkeypatch.setattr(DirectoryTarget, "publish", full)
    with pytest.raises(LfvError, match="disk is full"):
        write_files(tmp_path, {"train.manifest": [b"new"]})
    assert written(tmp_path)["test.manifest"] == b"old"

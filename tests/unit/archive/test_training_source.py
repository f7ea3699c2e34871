"""What a model was trained on: nothing that cannot be read is taken for nothing."""

from __future__ import annotations

import bz2
import gzip
import io
import random
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest

from lfv_mcp.archive.store import Directory
from lfv_mcp.archive.training_source import TrainingImages, TrainingPlace, read_training_images
from lfv_mcp.errors import LfvError, ServiceError
from tests.support.datasets import as_lines, labelled
from tests.support.denied import deny
from tests.support.edge_packages import component_members, edge_manifest, zipped
from tests.support.saved_records import write

NAMES: Final = [f"s3://b/{random.Random(n).getrandbits(128):032x}.png" for n in range(600)]
LINES: Final = as_lines([labelled(name, "normal") for name in NAMES]).encode()


def read(files: Directory, waited: list[float] | None = None) -> TrainingImages:
    pauses = [] if waited is None else waited
    return read_training_images([TrainingPlace("given", files)], wait=pauses.append)


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is looked at first, and none of these archives may be read."""
    monkeypatch.setattr("lfv_mcp.archive.training_source._LARGE", 100)
    monkeypatch.setattr("lfv_mcp.archive.dataset_files.FILE_LIMIT", 100)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("train.manifest.gz", gzip.compress(LINES)),
        ("train.manifest.bz2", bz2.compress(LINES)),
        ("train.jsonl", LINES),
    ],
)
def test_a_compressed_manifest_is_read_however_long(tmp_path: Path, name: str, data: bytes) -> None:
    write(tmp_path, name, data)
    write(tmp_path, "model.zip", zipped(component_members(edge_manifest(0.25))))
    write(tmp_path, "weights.bin", bytes(5000))
    assert [line.image for line in read(Directory(tmp_path)).lines] == sorted(NAMES)


@pytest.mark.usefixtures("small_limits")
def test_an_archive_that_nobody_looks_into_is_said(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("train.manifest", LINES)
    write(tmp_path, "old.zip", out.getvalue())
    write(tmp_path, "train.manifest", LINES[: LINES.index(b"\n") + 1])
    with pytest.raises(LfvError, match=r"old.zip cannot be read: .* more than 64 MiB") as caught:
        read(Directory(tmp_path))
    assert caught.value.code == "training_images_unread"


class Bucket(Directory):
    """A bucket that fails as often as it is told."""

    def __init__(self, root: Path, failures: list[Exception]) -> None:
        super().__init__(root)
        self.location = "s3://b/"
        self.failures = failures

    def open(self, name: str, *, start: int = 0, limit: int | None = None) -> Any:
        if self.failures:
            raise self.failures.pop(0)
        return super().open(name, start=start, limit=limit)


@pytest.mark.usefixtures("small_limits")
def test_a_look_that_failed_in_passing_is_made_again(tmp_path: Path) -> None:
    write(tmp_path, "a/train.manifest", LINES)
    waited: list[float] = []
    bucket = Bucket(tmp_path, [ServiceError("throttled", "S3 asked to slow down.", "Wait.")])
    assert len(read(bucket, waited).lines) == len(NAMES)
    assert len(waited) == 1


@pytest.mark.usefixtures("small_limits")
def test_a_look_that_failed_names_the_object(tmp_path: Path) -> None:
    write(tmp_path, "a/train.manifest", LINES)
    with pytest.raises(LfvError, match=r"s3://b/a/train.manifest cannot be read: no such luck"):
        read(Bucket(tmp_path, [PermissionError(13, "no such luck")] * 9))


def test_a_folder_that_cannot_be_listed_has_not_no_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a/1.png", b"x")
    write(tmp_path, "b/2.png", b"x")
    deny(monkeypatch, tmp_path / "b")
    with pytest.raises(LfvError, match=r"b/ cannot be read: Permission denied"):
        read(Directory(tmp_path))


def test_a_link_that_leads_nowhere_is_no_image(tmp_path: Path) -> None:
    write(tmp_path, "1.png", b"x")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (found,) = read(Directory(tmp_path)).lines
    assert (found.image, found.size, found.etag) == (f"{tmp_path.as_posix()}/1.png", 1, "")

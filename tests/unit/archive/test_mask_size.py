"""The size of masks: from the headers of a few, wherever a manifest may mean them."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO

import pytest

from lfv_mcp.archive.mask_size import Objects, held_mask_size, places_of_masks
from lfv_mcp.errors import LfvError, SetupError
from lfv_mcp.formats.datasets.dataset import Dataset, DatasetLine
from lfv_mcp.formats.png import HEADER, ImageSize, white_png

SMALL, LARGE = white_png(ImageSize(64, 48)), white_png(ImageSize(640, 480))


class Bucket:
    """S3 of a few objects that counts what is asked of it."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects
        self.asked: list[tuple[str, int | None]] = []

    @contextmanager
    def open(
        self, bucket: str, key: str, *, start: int = 0, limit: int | None = None
    ) -> Generator[IO[bytes]]:
        self.asked.append((f"{bucket}/{key}", limit))
        if (data := self.objects.get(f"{bucket}/{key}")) is None:
            raise SetupError("s3_not_found", f"There is no s3://{bucket}/{key}.", "Look again.")
        yield BytesIO(data[start:limit])


def never() -> Objects:
    raise AssertionError("no mask is in S3")


def test_three_headers_are_read_and_no_more() -> None:
    bucket = Bucket({f"parts/{n}.png": LARGE for n in range(2, 9)})
    held = held_mask_size([f"s3://parts/{n}.png" for n in range(9)], lambda: bucket)
    assert (held.size, held.file, len(bucket.asked)) == (
        ImageSize(640, 480),
        "s3://parts/2.png",
        5,
    )
    assert {limit for _, limit in bucket.asked} == {HEADER}


def test_where_none_can_be_read_the_first_reason_is_told() -> None:
    bucket = Bucket({"parts/1.png": b"\xff\xd8\xff JPEG"})
    held = held_mask_size((f"s3://parts/{n}.png" for n in range(99)), lambda: bucket)
    assert held.size is None
    assert held.why_not == "s3://parts/0.png: There is no s3://parts/0.png."
    assert len(bucket.asked) == 10
    held = held_mask_size(["s3://parts/1.png"], lambda: bucket)
    assert held.why_not == "s3://parts/1.png is no PNG file."
    assert held_mask_size([], never).size is None


def test_files_are_read_and_nothing_else_that_a_manifest_names(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(SMALL)
    os.mkfifo(tmp_path / "pipe.png")
    names = ["pipe.png", ".", "gone.png", "1.png", "nul\0.png"]
    held = held_mask_size([str(tmp_path / name) for name in names], never)
    assert (held.size, held.file) == (ImageSize(64, 48), str(tmp_path / "1.png"))
    held = held_mask_size([str(tmp_path / name) for name in names[:3]], never)
    assert held.why_not == f"{tmp_path / 'pipe.png'}: no such file."


def test_two_sizes_are_refused(tmp_path: Path) -> None:
    for name, data in (("1.png", SMALL), ("2.png", LARGE)):
        (tmp_path / name).write_bytes(data)
    with pytest.raises(LfvError, match=r"1\.png has 64x48, .*2\.png has 640x480"):
        held_mask_size([str(tmp_path / name) for name in ("1.png", "2.png")], never)


def test_a_relative_path_may_count_from_any_folder_above() -> None:
    def places(name: str, mask: str) -> list[str]:
        lines = (DatasetLine("a.png", True, mask=mask), DatasetLine("b.png", False))
        return [*places_of_masks([Dataset(name, "ground_truth", "", lines)])]

    assert places("s3://b/x/y/train.manifest", "m/1.png") == [
        "s3://b/x/y/m/1.png",
        "s3://b/x/m/1.png",
        "s3://b/m/1.png",
    ]
    assert places("s3://b/train.manifest", "m/1.png") == ["s3://b/m/1.png"]
    assert places("manifest in d/export.zip", "1.png")[0] == "d/1.png"
    assert places("train.manifest", "/d/1.png") == ["/d/1.png"]
    assert places("train.manifest", "s3://b/1.png") == ["s3://b/1.png"]

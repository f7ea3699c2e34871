"""Datasets in listings: the class is the folder, and only words of the class table are classes."""

from __future__ import annotations

from collections import Counter

import pytest

from lfv_mcp.formats.datasets import gathering
from lfv_mcp.formats.datasets.folders import datasets_in_listing
from lfv_mcp.formats.datasets.image_objects import ImageObject
from lfv_mcp.formats.decoding import UnrecognisedError


def listed(*images: str) -> list[tuple[str, ImageObject]]:
    return [(image, ImageObject(100 + n, f"{n:032x}")) for n, image in enumerate(images)]


def test_train_and_test_folders_are_datasets() -> None:
    entries = listed(
        *(f"s3://b/caps/train/normal/{n}.jpg" for n in range(5)),
        *(f"s3://b/caps/train/Anomaly/{n}.JPG" for n in range(2)),
        *(f"s3://b/caps/test/good/deep/{n}.png" for n in range(3)),
        *(f"s3://b/caps/test/crack/{n}.png" for n in range(4)),
        "s3://b/caps/test/good/notes.txt",
        "s3://b/caps/test/stray.png",
        "s3://b/caps/ground_truth/crack/000_mask.png",
        "s3://b/lids/train/ok/1.png",
    )
    found = datasets_in_listing("s3://b/", entries)
    assert [
        (each.name, each.split, dict(Counter(line.anomalous for line in each.lines)))
        for each in found
    ] == [
        ("s3://b/caps/train/", "train", {False: 5, True: 2}),
        ("s3://b/caps/test/", "test", {False: 3, None: 4}),
        ("s3://b/lids/train/", "train", {False: 1}),
    ]
    assert {each.form for each in found} == {"folders"}
    line = found[1].lines[3]
    assert (line.word, line.size, len(line.etag), line.number) == ("crack", 110, 32, 0)


def test_folders_of_an_export_script_are_no_classes() -> None:
    assert not datasets_in_listing("s3://b/", listed("s3://b/train/images/parts/1.png"))
    assert not datasets_in_listing(
        "s3://b/", listed("s3://b/train/1/1.png", "s3://b/train/0/2.png")
    )
    assert not datasets_in_listing("s3://b/", listed("s3://b/normal/1.png", "s3://b/anomaly/2.png"))


def test_the_nearest_split_counts_and_paths_of_windows_are_paths() -> None:
    (dataset,) = datasets_in_listing(r"C:\x", listed(r"C:\x\test\v2\train\normal\1.png"))
    assert (dataset.name, dataset.split) == (r"C:/x/test/v2/train/ in C:\x", "train")


def test_a_folder_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "LINES_KEPT", 5)
    with pytest.raises(UnrecognisedError, match="more than 5 images"):
        datasets_in_listing("s3://b", listed(*(f"s3://b/train/good/{n}.png" for n in range(6))))

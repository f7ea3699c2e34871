"""Sources of datasets: a file, a folder of files, a folder of images."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from lfv_mcp.archive.dataset_source import read_dataset_source
from lfv_mcp.archive.store import Directory
from lfv_mcp.errors import LfvError
from lfv_mcp.formats.datasets.dataset import Dataset
from tests.support.datasets import as_lines, class_example, exported, labelled


def put(folder: Path, files: dict[str, bytes | str]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return folder


def read(path: Path) -> list[Dataset]:
    return read_dataset_source(Directory(path))


def packed(member: str, data: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(member, data)
    return out.getvalue()


def test_a_file_is_for_what_its_folder_says(tmp_path: Path) -> None:
    name = "caps/train/manifests/output/output.manifest"
    (dataset,) = read(put(tmp_path, {name: as_lines(class_example())}) / name)
    assert (dataset.split, len(dataset.lines)) == ("train", 63)
    assert dataset.name == str(tmp_path / name)


def test_a_folder_has_the_datasets_of_its_files(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "datasets/train.manifest": as_lines(class_example()),
            "datasets/test.manifest.gz": gzip.compress(as_lines(exported("test", 9)).encode()),
            "old.zip": packed("manifest", as_lines(exported("train", 4))),
            "model.zip": packed("config.yaml", "a: 1"),
            "notes.txt": "nothing",
            "answer.json": '{"ModelDescription": {}}',
            "train/images/parts/0001.png": b"\x89PNG",
            "big.bin": b"\0" * 100_000,
        },
    )
    found = read(tmp_path)
    assert [(Path(each.name).name, each.split, len(each.lines)) for each in found] == [
        ("test.manifest.gz", "test", 9),
        ("train.manifest", "train", 63),
        ("old.zip", "", 4),
    ]
    assert found[2].name == f"manifest in {tmp_path / 'old.zip'}"


def test_a_folder_of_images_is_datasets_by_its_folders(tmp_path: Path) -> None:
    put(tmp_path, {f"train/normal/{n}.png": b"x" * n for n in range(3)})
    put(tmp_path, {"test/anomaly/1.png": b"", "readme.md": "Hello"})
    found = read(tmp_path)
    assert [(each.split, len(each.lines), each.form) for each in found] == [
        ("test", 1, "folders"),
        ("train", 3, "folders"),
    ]
    assert found[1].lines[2].size == 2
    assert found[1].lines[2].image == str(tmp_path / "train" / "normal" / "2.png")
    assert found[1].lines[2].etag == ""


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.csv": "x,y\n1,2\n"}, "is no dataset: its first line is"),
        ({"a.json": '{"a": 1}'}, "is no dataset: no line of it names an image"),
        ({"a.txt": "x", "b.txt": "y"}, "None of the files of .* is a dataset"),
        ({}, "has no files in it"),
    ],
)
def test_what_holds_no_dataset_is_refused(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    with pytest.raises(LfvError, match=message) as caught:
        read(put(tmp_path, dict(files)))
    assert caught.value.code == "dataset_refused"


def test_a_dataset_that_cannot_be_read_is_said_and_never_left_out(tmp_path: Path) -> None:
    whole = gzip.compress(as_lines([labelled("a.png", "normal")] * 5000).encode(), 0)
    put(tmp_path, {"a.manifest": as_lines(class_example()), "b.manifest.gz": whole[:-200]})
    with pytest.raises(LfvError, match=r"b\.manifest\.gz cannot be read: truncated") as caught:
        read(tmp_path)
    assert caught.value.code == "dataset_unread"

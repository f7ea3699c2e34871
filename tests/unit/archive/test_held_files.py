"""Datasets, packaged models, images of an archive: known by their starts, read when asked for."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import pytest

from lfv_mcp.archive.about_file import AboutFile
from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.directory_target import DirectoryTarget
from lfv_mcp.archive.index import HeldFile
from lfv_mcp.archive.store import Directory, FileEntry
from lfv_mcp.archive.tally import ImportTally
from lfv_mcp.archive.writer import ArchiveWriter
from lfv_mcp.errors import LfvError
from lfv_mcp.formats.datasets.image_objects import ImageObject
from lfv_mcp.formats.datasets.reader import read_datasets
from lfv_mcp.formats.edge_package import EdgePackageFacts
from tests.support.archives import saved
from tests.support.datasets import (
    anomalib_rows,
    as_lines,
    class_example,
    evaluated,
    guide_csv,
    table,
)
from tests.support.edge_packages import (
    MODEL,
    component_members,
    edge_manifest,
    tarred,
    training_members,
    zipped,
)
from tests.support.saved_records import write

FACTS: Final = EdgePackageFacts(0.25, 1000, 800, ("anomaly", "normal"))
DATASETS: Final[dict[str, bytes]] = {
    "caps/train/manifests/output/output.manifest": as_lines(class_example()).encode(),
    "caps/test.csv": guide_csv([("s3://b/1.png", "anomaly"), ("s3://b/2.png", "normal")]).encode(),
    "anomalib.csv": table(
        anomalib_rows({("train", "normal"): 3, ("test", "abnormal"): 2})
    ).encode(),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An archive of a model, datasets, packages and images."""
    write(tmp_path, "model.json", saved())
    write(
        tmp_path,
        "evaluation.json",
        as_lines([evaluated("s3://b/1.png", "anomaly", "normal")]).encode(),
    )
    for name, data in DATASETS.items():
        write(tmp_path, name, data)
    write(tmp_path, "edge/model.tar.gz", tarred(training_members(edge_manifest(0.25))))
    write(tmp_path, "edge/caps-1.0.0.zip", zipped(component_members(edge_manifest(0.25))))
    write(tmp_path, "images/a.PNG", b"\x89PNG")
    return tmp_path


def about(held: Iterable[HeldFile]) -> dict[str, AboutFile]:
    return {each.ref.name: each.about for each in held}


def test_an_index_has_datasets_and_packages_by_name(folder: Path) -> None:
    index = Archive(Directory(folder)).index()
    first = class_example()[0]["source-ref"]
    assert about(index.datasets) == {
        "anomalib.csv": AboutFile("anomalib", "images/train/normal/000.png"),
        "caps/test.csv": AboutFile("csv", "s3://b/1.png", "test"),
        "caps/train/manifests/output/output.manifest": AboutFile("ground_truth", first, "train"),
    }
    sizes = {p.name: p.stat().st_size for p in (folder / "edge").iterdir()}
    assert about(index.edge_packages) == {
        "edge/caps-1.0.0.zip": AboutFile("zip", size=sizes["caps-1.0.0.zip"]),
        "edge/model.tar.gz": AboutFile("tar", size=sizes["model.tar.gz"]),
    }
    assert len(index.models) == 2
    assert (len(index.problems), index.unread, index.skipped_images) == (0, None, 1)


def test_datasets_are_read_as_the_reader_reads_them(folder: Path) -> None:
    archive = Archive(Directory(folder))
    for held in archive.index().datasets:
        path = folder / held.ref.name
        assert archive.read_datasets(held.ref) == read_datasets(
            path.as_posix(), [path.read_bytes()]
        )


def test_packages_tell_their_thresholds(folder: Path) -> None:
    archive = Archive(Directory(folder))
    read = [archive.read_edge_package(held.ref) for held in archive.index().edge_packages]
    assert read == [FACTS, FACTS]


@pytest.mark.parametrize("name", ["caps/test.csv", "edge/model.tar.gz", "edge/caps-1.0.0.zip"])
def test_a_file_that_is_gone_is_said(folder: Path, name: str) -> None:
    archive = Archive(Directory(folder))
    index = archive.index()
    (ref,) = (each.ref for each in (*index.datasets, *index.edge_packages) if each.ref.name == name)
    (folder / name).unlink()
    read: Any = archive.read_datasets if name.endswith("csv") else archive.read_edge_package
    with pytest.raises(LfvError, match="is not in the archive any more"):
        read(ref)


def test_a_file_that_is_something_else_now_is_said(folder: Path) -> None:
    archive = Archive(Directory(folder))
    ref = next(e.ref for e in archive.index().datasets if e.ref.name == "caps/test.csv")
    write(folder, "caps/test.csv", b"call Bob")
    with pytest.raises(LfvError, match=r"caps/test.csv in the archive cannot be read: no dataset"):
        archive.read_datasets(ref)


def test_images_are_listed_by_their_paths_and_not_kept(folder: Path) -> None:
    archive = Archive(Directory(folder))
    archive.index()
    listing = archive.image_listing()
    assert listing.objects == {f"{folder}/images/a.PNG": ImageObject(4)}
    assert listing.presence(f"{folder}/images/a.PNG") == "present"
    assert listing.presence(f"{folder}/images/b.png") == "gone"
    assert listing.presence(f"{folder}-old/images/a.PNG") is None
    write(folder, "images/b.png", b"\x89PNG")
    assert archive.image_listing().presence(f"{folder}/images/b.png") == "present"


class Bucket:
    """A bucket's listing, and no bytes."""

    location, parallel, rescan_after = "s3://photos/caps", 1, -1.0

    def entries(self) -> list[FileEntry]:
        return [
            FileEntry("caps/a b.png", 7, '"0123456789abcdef0123456789abcdef"'),
            FileEntry("caps/old/b.jpg", 9, '"x-2"', archived=True),
            FileEntry("caps/labels.csv", 9, '"y"'),
        ]

    def open(self, name: str, **_: Any) -> Any:
        raise AssertionError(name)


def test_images_of_a_bucket_have_their_etags_and_storage_class() -> None:
    listing = Archive(Bucket()).image_listing()
    assert listing.prefixes == ("s3://photos/caps/",)
    assert listing.objects == {
        "s3://photos/caps/a b.png": ImageObject(7, "0123456789abcdef0123456789abcdef"),
        "s3://photos/caps/old/b.jpg": ImageObject(9, "x-2", archived=True),
    }
    assert listing.presence("s3://photos/caps/old/b.jpg") == "archived"
    assert listing.presence("s3://photos/caps-old/b.jpg") is None


# A package of gigabytes


class Huge:
    """A store of one file of two gigabytes, whose bytes are made when they are read."""

    location, parallel, rescan_after = "huge", 1, -1.0
    size = 2 << 30

    def __init__(self, name: str) -> None:
        self.name = name
        self.read: list[int] = []

    def entries(self) -> list[FileEntry]:
        return [FileEntry(self.name, self.size, 1)]

    @contextmanager
    def open(self, name: str, *, start: int = 0, limit: int | None = None) -> Generator[IO[bytes]]:
        assert name == self.name
        assert limit is not None, "all of it was asked for"
        self.read.append(limit)
        yield self.part(start, min(limit, self.size - start))

    def part(self, start: int, size: int) -> IO[bytes]:
        raise NotImplementedError


class HugeZip(Huge):
    """A zip archive whose model is stored: its own header, zeros, a manifest, the directory."""

    def __init__(self, name: str, members: dict[str, bytes]) -> None:
        super().__init__(name)
        whole = zipped({"x/model.onnx": b"", **members})
        # The first member is given two gigabytes of zeros, and all behind it moves.
        gap = self.size - len(whole)
        first = whole.index(b"PK\x03\x04", 4)
        self._front, behind = whole[:first], bytearray(whole[first:])
        self._front = self._front[:18] + gap.to_bytes(4, "little") * 2 + self._front[26:]
        place = behind.index(b"PK\x01\x02")
        is_first = True
        while bytes(behind[place : place + 4]) == b"PK\x01\x02":
            if is_first:
                behind[place + 20 : place + 28] = gap.to_bytes(4, "little") * 2
                is_first = False
            else:
                moved = int.from_bytes(behind[place + 42 : place + 46], "little") + gap
                behind[place + 42 : place + 46] = moved.to_bytes(4, "little")
            sizes = [
                int.from_bytes(behind[place + n : place + n + 2], "little") for n in (28, 30, 32)
            ]
            place += 46 + sum(sizes)
        moved = int.from_bytes(behind[place + 16 : place + 20], "little") + gap
        behind[place + 16 : place + 20] = moved.to_bytes(4, "little")
        self._behind = bytes(behind)

    def part(self, start: int, size: int) -> IO[bytes]:
        assert size < 1 << 20
        end = self.size - len(self._behind)
        return io.BytesIO(
            bytes(
                self._front[place]
                if place < len(self._front)
                else (self._behind[place - end] if place >= end else 0)
                for place in range(start, start + size)
            )
        )


@pytest.mark.parametrize(
    ("members", "is_known_by"),
    [
        ({"export_artifacts/manifest.json": edge_manifest(0.25)}, "its directory"),
        ({"manifest.json": edge_manifest(0.25)}, "its manifest"),
    ],
)
def test_of_a_zip_of_two_gigabytes_its_directory_is_read(
    members: dict[str, bytes], is_known_by: str
) -> None:
    store = HugeZip("caps-1.0.0.zip", members)
    archive = Archive(store)
    index = archive.index()
    (held,) = index.edge_packages
    assert index.unread is None, is_known_by
    assert sum(store.read) < 200_000
    store.read.clear()
    assert archive.read_edge_package(held.ref) == FACTS
    assert sum(store.read) < 100_000


def test_a_zip_of_two_gigabytes_that_is_no_package_is_still_too_large() -> None:
    index = Archive(HugeZip("backup.zip", {"manifest.json": b"{}", "a.json": b"{}"})).index()
    assert index.edge_packages == []
    assert index.unread is not None
    assert "more than 64 MiB" in index.unread.in_words()


class StreamedZip(HugeZip):
    """The same as an import opens it: as a stream that is fetched as far as it is read."""

    @contextmanager
    def open(self, name: str, *, start: int = 0, limit: int | None = None) -> Generator[IO[bytes]]:
        if limit is not None:
            with super().open(name, start=start, limit=limit) as part:
                yield part
            return
        store = self

        class Stream(io.RawIOBase):
            place = 0

            def read(self, size: int = -1, /) -> bytes:
                store.read.append(size)
                data = store.part(self.place, size).read()
                self.place += len(data)
                return data

        yield Stream()  # type: ignore[misc]


def test_an_import_fetches_no_more_of_a_package_than_tells_it(tmp_path: Path) -> None:
    store = StreamedZip("caps-1.0.0.zip", {"manifest.json": edge_manifest(0.25)})
    tally = ImportTally()
    writer = ArchiveWriter(DirectoryTarget(tmp_path / "to"))
    for _ in writer.import_files(store, store.entries(), tally):
        pass
    assert (tally.left, tally.problems) == (["caps-1.0.0.zip"], [])
    assert sum(store.read) < 1 << 20


class HugeTar(Huge):
    """A tar.gz whose model has two gigabytes of zeros before its manifest, packed at level 0."""

    def part(self, start: int, size: int) -> IO[bytes]:
        assert start == 0
        info = tarfile.TarInfo(MODEL)
        info.size = 2 << 30
        pack = zlib.compressobj(0, wbits=31)
        data = pack.compress(tarred({"config.yaml": b"x"}, "w")[:1024] + info.tobuf())
        while len(data) < size:
            data += pack.compress(bytes(8 << 20)) + pack.flush(zlib.Z_SYNC_FLUSH)
        return io.BytesIO(data[:size])


@pytest.mark.slow
def test_of_a_tar_of_two_gigabytes_64_mib_are_read() -> None:
    store = HugeTar("edge/model.tar.gz")
    archive = Archive(store)
    index = archive.index()
    (held,) = index.edge_packages
    assert (index.unread, len(index.problems)) == (None, 0)
    assert sum(store.read) <= 1 << 16
    facts = archive.read_edge_package(held.ref)
    assert facts.built_in_threshold is None
    assert "`tar -xzOf model.tar.gz export_artifacts/manifest.json` prints it" in facts.why_not
    assert sum(store.read) <= 66 << 20

"""The threshold of a packaged model: found without unpacking the model, or said why it is not."""

from __future__ import annotations

import io
import json
import math
import shutil
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfv_mcp.formats import edge_archives
from lfv_mcp.formats.compression import decompressed
from lfv_mcp.formats.edge_archives import (
    UNPACKED_LIMIT,
    edge_package_form,
    read_edge_tar,
    read_edge_zip,
)
from lfv_mcp.formats.edge_package import MEMBER_LIMIT, EdgePackageFacts, command_for, facts_of
from tests.support.edge_packages import (
    MANIFEST,
    MODEL,
    component_members,
    edge_manifest,
    tarred,
    training_members,
    zipped,
)

HEAD: Final = 1 << 16
FACTS: Final = EdgePackageFacts(0.7021560668945312, 1000, 800, ("anomaly", "normal"))
NOISE: Final = Random(1).randbytes(300_000)
"""A model's weights, which do not compress."""


class File:
    """A file in memory that notes which of its bytes are read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.reads: list[int] = []

    def read_at(self, start: int, size: int) -> bytes:
        self.reads.append(size)
        return self.data[start : start + size]

    def facts(self) -> EdgePackageFacts:
        return read_edge_zip(len(self.data), self.read_at)

    def form(self) -> str | None:
        return edge_package_form(self.data[:HEAD], len(self.data), self.read_at)


def chunks(data: bytes, size: int = 1 << 18) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


# What the manifest says


def test_the_threshold_is_what_the_manifest_says() -> None:
    assert facts_of(edge_manifest()) == FACTS
    assert facts_of(b"\xef\xbb\xbf" + edge_manifest()) == FACTS
    assert facts_of(edge_manifest(0)).built_in_threshold == 0
    assert facts_of(edge_manifest(1)).built_in_threshold == 1


@pytest.mark.parametrize(
    ("threshold", "why"),
    [
        (None, "has no model_graph.stages[0].threshold"),
        ("0.7", "is not a number"),
        (True, "is not a number"),
        ([0.7], "is not a number"),
        (math.nan, "is NaN"),
        (math.inf, "outside 0 to 1"),
        (-0.001, "outside 0 to 1"),
        (1.001, "outside 0 to 1"),
        (10**400, "outside 0 to 1"),
    ],
)
def test_a_threshold_of_no_use_is_said_and_the_rest_is_read(threshold: object, why: str) -> None:
    facts = facts_of(edge_manifest(threshold))
    assert facts.built_in_threshold is None
    assert why in facts.why_not
    assert facts._replace(why_not="", built_in_threshold=FACTS.built_in_threshold) == FACTS


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"9" * 5000])
def test_what_is_no_object_is_said(data: bytes) -> None:
    assert facts_of(data).why_not == "its manifest.json is not a JSON object"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside),
    max_leaves=8,
)
stage_values = json_values | st.fixed_dictionaries({"threshold": json_values})


@pytest.mark.slow
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "model_graph": json_values
            | st.fixed_dictionaries(
                {},
                optional={
                    "stages": json_values | st.lists(stage_values, max_size=2),
                    "image_level_classes": json_values
                    | st.fixed_dictionaries({"names": json_values}),
                },
            ),
            "dataset": json_values
            | st.fixed_dictionaries({"image_width": json_values, "image_height": json_values}),
        },
    )
)
def test_any_manifest_has_a_threshold_in_range_or_a_reason(document: dict[str, Any]) -> None:
    facts = facts_of(json.dumps(document).encode())
    assert (facts.built_in_threshold is None) == bool(facts.why_not)
    if facts.built_in_threshold is not None:
        assert 0 <= facts.built_in_threshold <= 1
        assert facts.built_in_threshold == document["model_graph"]["stages"][0]["threshold"]
    for side in (facts.image_width, facts.image_height):
        assert side is None or 0 < side <= 100_000
    assert all(isinstance(name, str) for name in facts.image_level_classes)


# What a file is


def test_a_model_is_known_and_its_threshold_read() -> None:
    file = File(tarred(training_members(edge_manifest(), NOISE)))
    assert file.form() == "tar"
    assert read_edge_tar("model.tar.gz", chunks(file.data)) == FACTS


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("prefix", ["", "./", "a/b/"])
def test_a_training_is_known_and_read(mode: Any, prefix: str) -> None:
    members = training_members(edge_manifest(), NOISE)
    file = File(tarred({prefix + name: data for name, data in members.items()}, mode))
    assert file.form() == "tar"
    assert read_edge_tar("model.tar.gz", chunks(file.data)) == FACTS
    assert sum(file.reads) <= 1 << 20  # of bzip2, whose blocks are long


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("prefix", ["", "a/b/", "../../", "/", "C:\\x\\"])
@pytest.mark.parametrize("members", [training_members, component_members])
def test_a_component_is_known_and_read(members: Any, prefix: str, compression: int) -> None:
    named = {prefix + name: data for name, data in members(edge_manifest(), NOISE).items()}
    file = File(zipped(named, compression))
    assert file.form() == "zip"
    file.reads.clear()
    assert file.facts() == FACTS
    assert sum(file.reads) < 100_000  # nothing of the model


def test_a_component_of_another_framework_is_known_by_its_manifest() -> None:
    file = File(
        zipped({"yolo_object_detection/model.onnx": NOISE, "manifest.json": edge_manifest()})
    )
    assert file.form() == "zip"
    assert file.facts() == FACTS


NO_PACKAGES: Final = {
    "a browser extension": zipped({"manifest.json": b'{"name": "x"}', "background.js": b"x"}),
    "a broken manifest": zipped({"manifest.json": b"{", "x": NOISE}),
    "records": zipped({"records/model.json": b"{}"}),
    "an empty zip": zipped({}),
    "another model": tarred({"model.pth": b"x", "code/inference.py": b"y", "config.yaml": b"z"}),
    "an empty tar": tarred({}),
    "the start of a zip": b"PK\x03\x04",
    "the end of a zip": b"PK\x05\x06" + bytes(18),
    "the start of a gzip": b"\x1f\x8b",
    "JSON": b'{"mochi.json": 1}',
    "nothing": b"",
}


@pytest.mark.parametrize("name", NO_PACKAGES)
def test_anything_else_is_no_package(name: str) -> None:
    assert File(NO_PACKAGES[name]).form() is None


def test_an_archive_in_an_archive_is_no_package() -> None:
    inner = zipped(training_members(edge_manifest()), zipfile.ZIP_STORED)
    assert File(zipped({"inner.zip": inner}, zipfile.ZIP_STORED)).form() is None


# Bombs and damage


def test_of_a_large_manifest_in_a_zip_nothing_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    file = File(zipped({MANIFEST: edge_manifest() + b" " * (20 << 20), MODEL: b"x"}))

    def refuse(*_: object) -> Any:
        raise AssertionError("unpacked")

    monkeypatch.setattr(zipfile.ZipFile, "open", refuse)
    assert file.form() == "zip"
    assert "larger than 1 MiB" in file.facts().why_not


def claiming(data: bytes, size: int) -> bytes:
    """A zip archive whose first member says another unpacked size than it has."""
    claimed = bytearray(data)
    struct.pack_into("<I", claimed, 22, size)
    struct.pack_into("<I", claimed, claimed.find(b"PK\x01\x02") + 24, size)
    return bytes(claimed)


@pytest.mark.slow
@pytest.mark.parametrize("said", [10, 1000, MEMBER_LIMIT])
def test_a_size_that_lies_is_believed_no_further(
    said: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked: list[int] = []
    real = zlib.decompressobj

    class Counted:
        def __init__(self, *args: Any) -> None:
            self._inner = real(*args)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        def decompress(self, *args: Any) -> bytes:
            data = self._inner.decompress(*args)
            unpacked.append(len(data))
            return data

    monkeypatch.setattr(zlib, "decompressobj", Counted)
    file = File(claiming(zipped({MANIFEST: bytes(20 << 20)}), said))
    assert "damaged" in file.facts().why_not
    assert sum(unpacked) <= 2 * MEMBER_LIMIT


@pytest.mark.slow
def test_a_directory_of_millions_is_not_read() -> None:
    file = File(zipped({f"{n:0200}": b"" for n in range(10_000)} | {"manifest.json": b"{}"}))
    assert "too many members" in file.facts().why_not
    assert file.form() is None
    assert sum(file.reads) < 1 << 20


@pytest.mark.slow
@settings(max_examples=300)
@given(st.sampled_from(["tar", "zip"]), st.data())
def test_damage_is_said_and_never_raised(form: str, data: st.DataObject) -> None:
    members = training_members(edge_manifest(), NOISE[:3000])
    whole = bytearray(zipped(members) if form == "zip" else tarred(members, "w"))
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    spoiled = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    if form == "tar" and data.draw(st.booleans()):
        spoiled = zlib.compress(spoiled, wbits=31)[: data.draw(st.integers(1, 4000))]
    File(spoiled).form()
    facts = File(spoiled).facts() if form == "zip" else read_edge_tar("m", chunks(spoiled))
    assert (facts.built_in_threshold is None) == bool(facts.why_not)


@pytest.mark.parametrize("cut", [0, 10, 511, 512, 1500, 3000])
def test_a_package_that_is_cut_off_is_said(cut: int) -> None:
    whole = tarred(training_members(edge_manifest(), NOISE), "w")
    start = whole.index(b'{"model_graph"')
    assert start < 3000 < start + 3000
    facts = read_edge_tar("model.tar", chunks(whole[: min(cut, start + 5)]))
    assert facts.built_in_threshold is None
    assert "damaged or cut off" in facts.why_not or "no manifest.json" in facts.why_not
    cut_zip = zipped(component_members(edge_manifest(), NOISE))[: -cut - 1]
    assert "damaged or cut off" in File(cut_zip).facts().why_not


def test_what_cannot_be_read_is_no_damage() -> None:
    def broken(*_: int) -> bytes:
        raise OSError(5, "Input/output error")

    def broken_chunks() -> Iterator[bytes]:
        yield tarred(training_members(edge_manifest(), NOISE))[:100]
        raise OSError(5, "Input/output error")

    data = zipped(component_members(edge_manifest(), NOISE))
    with pytest.raises(OSError, match="Input/output"):
        read_edge_zip(len(data), broken)
    with pytest.raises(OSError, match="Input/output"):
        read_edge_tar("model.tar.gz", broken_chunks())


# A model of gigabytes


def packed_model(size: int, level: int, *, after: bytes = b"") -> Iterator[bytes]:
    """The bytes of a model.tar.gz whose model has so many bytes; made while they are read."""
    info = tarfile.TarInfo(MODEL)
    info.size = size
    pack = zlib.compressobj(level, wbits=31)
    yield pack.compress(tarred({"config.yaml": b"x"}, "w")[:1024] + info.tobuf())
    for _ in range(size >> 20):
        yield pack.compress(bytes(1 << 20))
    yield pack.compress(after) + pack.flush()


@pytest.fixture
def unpacked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what is unpacked of tar archives."""
    sizes: list[int] = []
    real = decompressed

    def counting(head: bytes, chunks: Iterator[bytes], **limits: Any) -> Any:
        name, found = real(head, chunks, **limits)

        def counted() -> Iterator[bytes]:
            for chunk in found:
                sizes.append(len(chunk))
                yield chunk

        return name, counted()

    monkeypatch.setattr(edge_archives, "decompressed", counting)
    return sizes


@pytest.mark.slow
@pytest.mark.parametrize("level", [0, 9])
def test_of_two_gigabytes_64_mib_are_unpacked(level: int, unpacked: list[int]) -> None:
    read = 0

    def stream() -> Iterator[bytes]:
        nonlocal read
        for chunk in packed_model(2 << 30, level):
            read += len(chunk)
            yield chunk

    facts = read_edge_tar("model.tar.gz", stream())
    assert facts == EdgePackageFacts(
        why_not="its manifest.json was not read: it is not in the first 64 MiB; "
        "`tar -xzOf model.tar.gz export_artifacts/manifest.json` prints it"
    )
    assert sum(unpacked) <= UNPACKED_LIMIT
    assert read <= UNPACKED_LIMIT + (2 << 20)


def test_a_stream_that_unpacks_to_nothing_ends(
    unpacked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_archives, "PACKED_LIMIT", 1 << 20)
    empty = zlib.compress(b"", wbits=31) * 1000
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += len(empty)
            yield empty

    assert "was not read" in read_edge_tar("model.tar.gz", endless()).why_not
    assert taken < 2 << 20
    assert not unpacked


@pytest.mark.skipif(shutil.which("tar") is None, reason="runs the printed command")
@pytest.mark.parametrize("prefix", ["", "./"])
@pytest.mark.parametrize("name", ["model.tar.gz", "my model's.tar.gz", "-rf.tar.gz"])
def test_the_command_prints_the_manifest(
    name: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_archives, "UNPACKED_LIMIT", 1 << 18)
    members = {prefix + "config.yaml": b"x", prefix + MODEL: NOISE}
    data = tarred({**members, prefix + MANIFEST: edge_manifest()})
    facts = read_edge_tar(f"a/{name}", chunks(data, 1000))
    assert facts.built_in_threshold is None
    command = facts.why_not.split("`")[1]
    (tmp_path / name).write_bytes(data)
    printed = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, check=True)
    assert printed.stdout == edge_manifest()
    assert facts_of(printed.stdout) == FACTS


def test_the_command_is_one_word_of_a_shell_for_any_name() -> None:
    assert command_for("$(rm -rf x)\n\x1b[31m.tgz").count("\n") == 0
    assert "'" in command_for("$(rm -rf x).tgz")


def test_a_member_may_be_anything_but_a_file() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            info = tarfile.TarInfo(MANIFEST)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    facts = read_edge_tar("model.tar.gz", chunks(out.getvalue()))
    assert facts.why_not == "it has no manifest.json"


def test_two_manifests_of_equal_rank_are_not_chosen_from() -> None:
    both = {"a/manifest.json": edge_manifest(0.1), "b/manifest.json": edge_manifest(0.9)}
    facts = File(zipped(both | {"mochi/x": b""})).facts()
    assert facts == EdgePackageFacts(why_not="it has 2 members that may be its manifest.json")
    first = File(zipped(both | {MANIFEST: edge_manifest()})).facts()
    assert first == FACTS

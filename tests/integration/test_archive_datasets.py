"""Datasets and packaged models in an archive: held, copied, named; no answer of a model changes."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.loaders import JSONFileLoader

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.replay import Replay
from lfv_mcp.archive.store import Directory
from lfv_mcp.aws.client import LookoutVision
from lfv_mcp.errors import LfvError
from lfv_mcp.identifiers import AccountScope
from tests.support.archives import imported, saved, sparse
from tests.support.clients import codes, door, everything, run, table
from tests.support.datasets import as_lines, class_example, exported, guide_csv
from tests.support.edge_packages import (
    component_members,
    edge_manifest,
    tarred,
    training_members,
    zipped,
)
from tests.support.killing import Killed, killed_at
from tests.support.loopback_s3 import LoopbackS3
from tests.support.saved_records import ONE, lines, manifest_of, result_of, tree, write

pytestmark = pytest.mark.anyio

TRAIN: Final = as_lines(class_example()).encode()
TEST: Final = as_lines(exported("test", 20)).encode()
GUIDE: Final = guide_csv([("s3://b/1.png", "anomaly"), ("s3://b/2.png", "normal")]).encode()
RECORDS: Final[dict[str, bytes]] = {
    "saved/model.json": lines([saved()]),
    "output/EvaluationResult-3.json": lines([result_of()]),
    "output/EvaluationManifest-3.json": manifest_of(),
}
DATASETS: Final[dict[str, bytes]] = {
    "datasets/cap-seal/train/manifests/output/output.manifest": TRAIN,
    "datasets/cap-seal/test/manifests/output/output.manifest": TEST,
    "old/line 4/labels.csv": GUIDE,
    "old/line 4/labels again.csv": GUIDE,
    "old/packed.manifest.gz": gzip.compress(TRAIN, mtime=0),
}
PACKAGES: Final[dict[str, bytes]] = {
    "edge/model.tar.gz": tarred(training_members(edge_manifest())),
    "edge/caps-1.0.0.zip": zipped(component_members(edge_manifest())),
}
CAP_SEAL: Final = f"us-east-1/{ONE}/cap-seal"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr("lfv_mcp.archive.rounds.PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


@pytest.fixture(scope="module", autouse=True)
def descriptions_read_once() -> Iterator[None]:
    """boto3 reads a megabyte of JSON for every S3 client; here it would be most of the work."""
    with pytest.MonkeyPatch.context() as patch:
        read = cache(partial(JSONFileLoader.load_file, JSONFileLoader()))
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: read(path))
        yield


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackS3]:
    with LoopbackS3() as server:
        server.direct(monkeypatch)
        yield server


def made(folder: Path, *parts: dict[str, bytes]) -> Path:
    for part in parts:
        for name, data in part.items():
            write(folder, name, data)
    return folder


def copies(data: dict[str, bytes]) -> dict[str, bytes]:
    """The datasets of an archive, their digests left out of their names."""
    found = {
        re.sub(r"-[0-9a-f]{16}\.", ".", name): content
        for name, content in data.items()
        if re.search(r"(train|test|dataset)-[0-9a-f]{16}\.", name)
    }
    assert len(found) == sum(
        bool(re.search(r"(train|test|dataset)-[0-9a-f]{16}\.", n)) for n in data
    )
    return found


COPIES: Final = {
    f"{CAP_SEAL}/train.manifest": TRAIN,
    f"{CAP_SEAL}/test.manifest": TEST,
    "datasets/source/old/line_4/dataset.csv": GUIDE,
    "datasets/source/old/dataset.manifest.gz": gzip.compress(TRAIN, mtime=0),
}

PACKED: Final = {
    name.replace("datasets/source/", "datasets/"): data for name, data in COPIES.items()
}


def test_a_check_names_datasets_and_packages_and_finds_nothing_wrong(tmp_path: Path) -> None:
    result = run("archive", "check", made(tmp_path, RECORDS, DATASETS, PACKAGES))
    assert result.exit_code == 0, result.output
    counted = table(result.output)
    assert (counted["datasets"], counted["packaged models"]) == (5, 2)
    assert (counted["models"], counted["foreign"], counted["unread"]) == (1, 0, 0)
    first = class_example()[0]["source-ref"]
    name = "datasets/cap-seal/train/manifests/output/output.manifest"
    assert f"dataset  '{name}': a manifest, for training, first image {first}" in result.output
    size = len(PACKAGES["edge/model.tar.gz"])
    assert (
        f"package  'edge/model.tar.gz': a packaged model of {size:,} bytes, which was not unpacked"
        in result.output
    )


def test_many_datasets_are_counted_and_the_first_named(tmp_path: Path) -> None:
    for number in range(30):
        write(tmp_path, f"{number:02}.csv", GUIDE)
    result = run("archive", "check", tmp_path)
    assert result.exit_code == 0
    named = [line for line in result.output.splitlines() if line.startswith("dataset  ")]
    assert named[-1] == "dataset  and 10 more"
    assert len(named) == 21
    assert table(result.output)["datasets"] == 30


async def test_an_answer_about_a_model_says_no_more_than_that_they_are_held(
    tmp_path: Path,
) -> None:
    with_datasets = made(tmp_path / "with", RECORDS, DATASETS, PACKAGES)
    without = made(tmp_path / "without", RECORDS)
    said: list[Any] = []
    for folder in (without, with_datasets):
        async with door(folder) as ask:
            answers = [
                await ask.list(),
                await ask.describe("cap-seal"),
                await ask.analyze("cap-seal"),
            ]
            refused = await ask.refused("describe_model", project_name="datasets")
            said.append(json.loads(everything([answers, refused]).replace(str(folder), "")))
            assert all("files_unread" not in codes(answer) for answer in answers)
    assert said[0] == [_without_what_is_held(each) for each in said[1]]


def _without_what_is_held(value: Any) -> Any:
    """An answer, or many, without the finding that names the inventory."""
    if isinstance(value, list):
        kept = [each for each in value if not _is_about_what_is_held(each)]
        return [_without_what_is_held(each) for each in kept]
    if isinstance(value, dict):
        found = {name: _without_what_is_held(each) for name, each in value.items()}
        return {name: each for name, each in found.items() if name != "findings" or each}
    return value


def _is_about_what_is_held(value: Any) -> bool:
    return isinstance(value, dict) and value.get("code") == "more_is_held"


async def test_datasets_alone_are_no_models_and_nothing_is_unread(tmp_path: Path) -> None:
    async with door(made(tmp_path, DATASETS, PACKAGES)) as ask:
        listing = await ask.list()
        assert listing["models"] == []
        assert "files_unread" not in codes(listing)
    client = LookoutVision(transport=Replay(Archive(Directory(tmp_path))))
    with pytest.raises(LfvError, match="it holds none at all"):
        client.list_projects(AccountScope())


async def test_a_dataset_that_is_cut_off_is_said_in_every_answer(tmp_path: Path) -> None:
    made(tmp_path / "a", RECORDS, {"train.manifest": TRAIN[:-20]})
    async with door(tmp_path / "a") as ask:
        for answer in (await ask.list(), await ask.describe("cap-seal")):
            (finding,) = [f for f in answer["findings"] if f["code"] == "files_unread"]
            assert "a dataset that is cut off at its end" in finding["message"]
            assert "train.manifest" in finding["message"]
    result = run("archive", "check", tmp_path / "a")
    assert result.exit_code == 1
    assert "corrupt  'train.manifest': a dataset that is cut off at its end" in result.output
    assert table(result.output)["datasets"] == 1
    assert run("archive", "pack", tmp_path / "a", "--to", tmp_path / "p").exit_code == 1
    assert not (tmp_path / "p").exists()


# Import


def test_datasets_are_copied_unchanged_beside_the_project_they_name(tmp_path: Path) -> None:
    source = made(tmp_path / "source", RECORDS, DATASETS, PACKAGES)
    result = imported(tmp_path / "to", source)
    assert "recognised: 5 dataset, 1 manifest, 1 model, 1 result; 7 new files" in result.stdout
    assert copies(tree(tmp_path / "to")) == COPIES
    held = [line for line in result.stderr.splitlines() if line.startswith("held ")]
    assert sorted(held) == [
        "held     'edge/caps-1.0.0.zip': a packaged model, not copied",
        "held     'edge/model.tar.gz': a packaged model, not copied",
    ]
    before = tree(tmp_path / "to")
    assert "0 new files" in imported(tmp_path / "to", source).stdout
    assert tree(tmp_path / "to") == before
    index = Archive(Directory(tmp_path / "to")).index()
    assert sorted(each.about.split for each in index.datasets) == ["", "", "test", "train"]
    assert index.unread is None


def test_the_order_of_sources_does_not_matter(tmp_path: Path) -> None:
    records = made(tmp_path / "records", RECORDS)
    source = made(tmp_path / "source", DATASETS)
    imported(tmp_path / "one", records, source)
    imported(tmp_path / "other", source, records)
    assert tree(tmp_path / "one") == tree(tmp_path / "other")
    assert copies(tree(tmp_path / "one")) == COPIES
    imported(tmp_path / "later", records)
    imported(tmp_path / "later", source)  # the target knows the project
    assert tree(tmp_path / "later") == tree(tmp_path / "one")


def test_datasets_without_a_known_project_are_kept_by_their_path(tmp_path: Path) -> None:
    source = made(tmp_path / "source", DATASETS)
    imported(tmp_path / "to", source)
    named = COPIES | {
        "datasets/source/cap-seal/train/train.manifest": TRAIN,
        "datasets/source/cap-seal/test/test.manifest": TEST,
    }
    assert copies(tree(tmp_path / "to")) == {
        name: data for name, data in named.items() if not name.startswith("us-")
    }
    again = imported(tmp_path / "again", tmp_path / "to")
    assert "4 new files" in again.stdout
    assert tree(tmp_path / "again") == tree(tmp_path / "to")


def test_packaged_models_alone_are_nothing_to_import(tmp_path: Path) -> None:
    source = made(tmp_path / "source", PACKAGES)
    result = run("archive", "import", source, "--to", tmp_path / "to")
    assert result.exit_code == 1
    assert "recognised: nothing; 0 new files written; 0 problems" in result.stdout
    assert result.stderr.count("a packaged model, not copied") == 2
    assert not (tmp_path / "to").exists()
    packed = run("archive", "pack", source, "--to", tmp_path / "p")
    assert packed.exit_code == 1
    assert "nothing published: no record" in packed.stdout


@pytest.mark.slow
def test_an_import_that_is_killed_can_be_run_again(tmp_path: Path) -> None:
    source = made(tmp_path / "source", RECORDS, DATASETS)
    imported(tmp_path / "whole", source)
    for number in range(1, 60):
        target = tmp_path / f"to{number}"
        with killed_at(number) as calls, suppress(Killed):
            run("archive", "import", source, "--to", target)
        if calls[0] < number:
            break
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("lfv_mcp.archive.unfinished._this_machine", lambda: b"another")
            imported(target, source)
        done = {name: data for name, data in tree(target).items() if ".partial" not in name}
        assert done == tree(tmp_path / "whole")
    else:
        raise AssertionError("it never ran to its end")


# Pack


def test_a_pack_has_datasets_unchanged_and_unpacks_to_the_same(tmp_path: Path) -> None:
    source = made(tmp_path / "source", RECORDS, DATASETS, PACKAGES)
    result = run("archive", "pack", source, "--to", tmp_path / "pack")
    assert result.exit_code == 0, result.output
    assert "2 records packed, 5 files beside them" in result.stdout
    packed = tree(tmp_path / "pack")
    assert copies(packed) == PACKED
    imported(tmp_path / "unpacked", tmp_path / "pack")
    assert copies(tree(tmp_path / "unpacked")) == PACKED
    again = run("archive", "pack", tmp_path / "unpacked", "--to", tmp_path / "again")
    assert again.exit_code == 0
    assert tree(tmp_path / "again") == packed


def test_a_pack_in_a_directory_is_listed_without_opening_its_datasets(tmp_path: Path) -> None:
    source = made(tmp_path / "source", RECORDS, DATASETS)
    assert run("archive", "pack", source, "--to", tmp_path / "pack").exit_code == 0
    opened: list[str] = []

    class Counted(Directory):
        def open(self, name: str, **part: Any) -> Any:
            opened.append(name)
            return super().open(name, **part)

    archive = Archive(Counted(tmp_path / "pack"))
    listed = archive.index().datasets
    assert opened == ["records.jsonl.gz"]
    plain = Archive(Directory(tmp_path / "pack"))
    (tmp_path / "pack" / "records.jsonl.gz").unlink()
    opened_anew = plain.index().datasets
    assert [(e.about, e.ref.content) for e in listed] == [
        (e.about, e.ref.content) for e in opened_anew
    ]
    counts = {e.ref.name: len(archive.read_datasets(e.ref)[0].lines) for e in listed}
    assert sorted(counts.values()) == [2, 20, 63, 63]


def test_replacing_a_pack_drops_the_datasets_that_it_had(tmp_path: Path) -> None:
    source = made(tmp_path / "source", RECORDS, DATASETS)
    assert run("archive", "pack", source, "--to", tmp_path / "pack").exit_code == 0
    (source / "old/line 4/labels.csv").unlink()
    write(source, "old/line 4/labels again.csv", GUIDE + b"s3://b/3.png,normal\n")
    again = run("archive", "pack", source, "--to", tmp_path / "pack", "--replace")
    assert again.exit_code == 0, again.output
    assert copies(tree(tmp_path / "pack")) == PACKED | {
        "datasets/old/line_4/dataset.csv": GUIDE + b"s3://b/3.png,normal\n"
    }


@pytest.mark.parametrize("line", [{"Dataset": None}, {"Dataset": {"Form": 1}}, {"Start": "x"}, {}])
def test_a_table_that_lies_is_said_and_the_dataset_is_opened(
    tmp_path: Path, line: dict[str, Any]
) -> None:
    name = "train-0123456789abcdef.manifest"
    write(tmp_path, name, TRAIN)
    body = {"Key": name, "Size": len(TRAIN), "ETag": "", "Form": "dataset"} | line
    write(tmp_path, "records.jsonl.gz", gzip.compress(lines([{"PackedFile": body}, saved()])))
    index = Archive(Directory(tmp_path)).index()
    assert [each.about.form for each in index.datasets] == ["ground_truth"]
    assert index.problems.count("corrupt") == 1


# S3


def test_datasets_in_a_bucket_are_fetched_once_and_packages_are_not(
    s3: LoopbackS3, tmp_path: Path
) -> None:
    for part in (RECORDS, DATASETS, PACKAGES):
        s3.objects |= {f"source/x/{name}": data for name, data in part.items()}
    s3.objects |= {f"source/x/images/{n}.png": b"\x89PNG" for n in range(20)}
    result = run("archive", "import", "s3://source/x/", "--to", tmp_path / "to")
    assert result.exit_code == 0, result.output
    got = [name for method, name in s3.requests if method == "GET"]
    assert len(got) == len(set(got)) == len(RECORDS) + len(DATASETS) + len(PACKAGES)
    assert set(copies(tree(tmp_path / "to")).values()) == set(COPIES.values())
    assert f"{CAP_SEAL}/train.manifest" in copies(tree(tmp_path / "to"))


async def test_a_pack_in_a_bucket_is_listed_in_one_request(s3: LoopbackS3, tmp_path: Path) -> None:
    source = made(tmp_path / "source", RECORDS, DATASETS)
    result = run("archive", "pack", source, "--to", "s3://pack/p")
    assert result.exit_code == 0, result.output
    assert copies(s3.below("pack/p/")) == PACKED
    s3.requests.clear()
    checked = run("archive", "check", "s3://pack/p")
    assert table(checked.output)["datasets"] == 4
    assert s3.counts()["GET"] == 1
    imported_again = run("archive", "import", "s3://pack/p", "--to", tmp_path / "to")
    assert imported_again.exit_code == 0
    assert copies(tree(tmp_path / "to")) == PACKED
    moved = source.rename(tmp_path / "moved")
    assert run("archive", "pack", moved, "--to", tmp_path / "pack").exit_code == 0
    assert tree(tmp_path / "pack") == s3.below("pack/p/")


def test_a_package_of_gigabytes_is_counted_at_once(tmp_path: Path) -> None:
    source = made(tmp_path / "source", RECORDS)
    sparse(source / "model.tar.gz", PACKAGES["edge/model.tar.gz"], 2 << 30)
    result = run("archive", "check", source)
    assert result.exit_code == 0, result.output
    assert "a packaged model of 2,048 MiB, which was not unpacked" in result.output
    copied = imported(tmp_path / "to", source)
    assert "'model.tar.gz': a packaged model, not copied" in copied.stderr

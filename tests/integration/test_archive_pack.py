"""One file for a fleet: a pack says exactly what its archive says, in a few requests."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.loaders import JSONFileLoader
from click.testing import Result

import lfv_mcp
from tests.support.archives import NEW, OLD, imported
from tests.support.clients import codes, door, run, table
from tests.support.clock import Clock
from tests.support.loopback_s3 import LoopbackS3, etag_of
from tests.support.saved_records import (
    described,
    lines,
    listed,
    manifest_of,
    project_of,
    response,
    result_of,
    tree,
    write,
)

pytestmark = pytest.mark.anyio

SAMPLE: Final = Path(lfv_mcp.__file__).parent / "archive" / "_sample"
RECORDS: Final = "records.jsonl.gz"


@pytest.fixture(scope="module", autouse=True)
def descriptions_read_once() -> Iterator[None]:
    """boto3 reads a megabyte of JSON for every S3 client; here it would be most of the work."""
    with pytest.MonkeyPatch.context() as patch:
        read = cache(partial(JSONFileLoader.load_file, JSONFileLoader()))
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: read(path))
        yield


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr("lfv_mcp.archive.rounds.PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackS3]:
    with LoopbackS3() as server:
        server.direct(monkeypatch)
        yield server


def packed(source: object, target: object, *flags: str) -> Result:
    result = run("archive", "pack", source, "--to", target, *flags)
    assert result.exit_code == 0, result.output
    return result


def odd_archive(folder: Path) -> Path:
    """Disagreeing, undated, doubled and odd records, in odd files."""
    write(folder, "new.json", response("ModelDescription", described(Status="HOSTED"), NEW))
    write(folder, "old.json", response("ModelDescription", described(Status="TRAINED"), OLD))
    write(folder, "old again.json", response("ModelDescription", described(), OLD))
    undated = [response("ModelDescription", described(version=4, Status=f"S{n}")) for n in range(5)]
    write(folder, "undated.jsonl.gz", gzip.compress(lines(undated)))
    write(
        folder, "listing.json", response("Models", [listed(described(version=v)) for v in (3, 5)])
    )
    odd = described("odd", 1, Description="\ud800 \u2028 \x1b[31m 日本語", Performance=...)
    write(folder, "odd.json", response("ModelDescription", odd))
    write(folder, "utf16.json", json.dumps(result_of()).encode("utf-16"))
    write(folder, "r6.json", result_of(version=6))
    write(folder, "project.json", response("ProjectDescription", project_of(), OLD))
    write(folder, "m3.manifest", manifest_of())
    write(folder, "m3-other.manifest", manifest_of(images=8))
    write(folder, "m6.json.gz", gzip.compress(manifest_of(version=6, images=600)))
    write(folder, "photo.png", b"\x89PNG")
    write(folder, "note.txt", b"call Bob")
    return folder


async def everything_said(source: object) -> list[Any]:
    """All that the tools say of every model, places of files aside."""
    said: list[Any] = []
    async with door(str(source)) as ask:
        listing = await ask.list(max_results=100)
        for row in listing["models"]:
            asked = (row["project_name"], row["model_version"])
            answers = [await ask.describe(*asked)]
            if row["model_version"] != "5":  # known from a listing alone
                with_evidence = {"project_name": asked[0], "model_version": asked[1]}
                result = await ask.client.call_tool("analyze_evaluation", with_evidence)
                answers.append(result.structured_content or {})
            said += [row, *answers]
    return [without_places(answer) for answer in said]


def without_places(answer: Any) -> Any:
    answer = json.loads(json.dumps(answer))
    answer.get("source", {}).pop("location", None)
    for found in answer.get("findings", []):
        if found["code"] == "records_disagree":  # a record that is held twice is packed once
            found["message"] = sorted(set(re.findall(r"\w+ \([^)]*\)", found["message"])))
    return answer


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("odd", "s3"),
        pytest.param("sample", "directory", marks=pytest.mark.slow),
        pytest.param("sample", "s3", marks=pytest.mark.slow),
        pytest.param("odd", "directory", marks=pytest.mark.slow),
    ],
)
async def test_a_pack_says_what_its_archive_says(tmp_path: Path, place: str, source: str) -> None:
    folder = SAMPLE if source == "sample" else odd_archive(tmp_path / "from")
    target: object = tmp_path / "pack" if place == "directory" else "s3://bkt/pack"
    packed(folder, target)
    assert await everything_said(target) == await everything_said(folder)
    before, after = run("archive", "check", folder), run("archive", "check", target)
    kept = {
        k: v
        for k, v in table(before.output).items()
        if k not in ("foreign", "passed over as images")
    }
    assert {k: v for k, v in table(after.output).items() if k in kept} == kept
    assert table(after.output)["foreign"] == 0
    # And back again.
    imported(tmp_path / "whole", folder)
    result = run("archive", "import", target, "--to", tmp_path / "back")
    assert result.exit_code == 0, result.output
    assert tree(tmp_path / "back") == tree(tmp_path / "whole")
    assert "0 problems" in result.stdout


async def test_records_that_disagree_still_disagree(tmp_path: Path) -> None:
    packed(odd_archive(tmp_path / "from"), tmp_path / "pack")
    async with door(tmp_path / "pack") as ask:
        answer = await ask.describe("cap-seal", "3")
        assert answer["status"] == "HOSTED"
        assert answer["source"]["captured_at"] == "2025-10-28T09:00:00.000Z"
        assert "records_disagree" in codes(answer)


def test_layout(tmp_path: Path) -> None:
    source = odd_archive(tmp_path / "from")
    result = packed(source, tmp_path / "pack")
    assert result.stdout == (
        "13 looked at, 1 passed over as images; recognised: 2 listing, 3 manifest, 9 model, "
        "1 project, 2 result; 13 records packed, 3 files beside them.\n"
    )
    assert result.stderr == "foreign  'note.txt': not JSON\n"
    held = tree(tmp_path / "pack")
    copies = {name: data for name, data in held.items() if name != RECORDS}
    # Unchanged, to the byte.
    assert sorted(copies.values()) == sorted(
        (source / name).read_bytes() for name in ("m3.manifest", "m3-other.manifest", "m6.json.gz")
    )
    text = gzip.decompress(held[RECORDS])
    documents = [json.loads(line) for line in text.splitlines()]
    tabled = [document["PackedFile"] for document in documents[:3]]
    assert [line["Key"] for line in tabled] == sorted(copies)
    for line in tabled:
        data = copies[line["Key"]]
        assert (line["Size"], line["ETag"]) == (len(data), etag_of(data))
        assert line["ModelArn"].endswith(
            line["Key"].split("/")[2] + "/" + line["Key"].split("/")[3]
        )
    assert all("PackedFile" not in document for document in documents[3:])
    dates = [
        d["ResponseMetadata"]["HTTPHeaders"]["date"]
        for d in documents[3:]
        if "ResponseMetadata" in d
    ]
    assert sorted(set(dates)) == ["Sat, 01 Mar 2025 09:00:00 GMT", "Tue, 28 Oct 2025 09:00:00 GMT"]


def test_the_same_input_is_the_same_pack(tmp_path: Path) -> None:
    """Whatever its files are called, and in whatever order they come."""
    source = odd_archive(tmp_path / "from")
    packed(source, tmp_path / "one")
    for path in list(source.iterdir()):
        path.rename(source / f"{random.Random(path.name).random()}{path.suffix}")
    os.utime(next(source.glob("*.json")))
    packed(source, tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    imported(tmp_path / "back", tmp_path / "one")
    packed(tmp_path / "one", tmp_path / "again")  # a pack of a pack
    assert tree(tmp_path / "again") == tree(tmp_path / "one")
    header = tree(tmp_path / "one")[RECORDS][:10]
    assert header[3:8] == b"\0" * 5  # no name, no time


@pytest.mark.slow
async def test_the_table_may_be_deleted(tmp_path: Path) -> None:
    packed(SAMPLE, tmp_path / "pack")
    before = await everything_said(tmp_path / "pack")
    records = tmp_path / "pack" / RECORDS
    kept = [
        line
        for line in gzip.decompress(records.read_bytes()).splitlines(keepends=True)
        if b"PackedFile" not in line
    ]
    records.write_bytes(gzip.compress(b"".join(kept)))
    assert await everything_said(tmp_path / "pack") == before


# Where it may go, and when it appears


def test_what_is_not_empty_needs_replace(tmp_path: Path, s3: LoopbackS3) -> None:
    source = odd_archive(tmp_path / "from")
    write(tmp_path / "to", "mine.txt", b"mine")
    s3.objects["bkt/to/mine.txt"] = b"mine"
    for target in (tmp_path / "to", "s3://bkt/to"):
        refused = run("archive", "pack", source, "--to", target)
        assert refused.exit_code == 1
        assert "is not empty" in refused.stderr
        assert "--replace" in refused.stderr
    assert tree(tmp_path / "to") == s3.below("bkt/to/") == {"mine.txt": b"mine"}
    for target in (tmp_path / "to", "s3://bkt/to"):
        assert "1 other files were there" in packed(source, target, "--replace").stderr
    packed(source, tmp_path / "clean")
    whole = tree(tmp_path / "clean") | {"mine.txt": b"mine"}
    assert tree(tmp_path / "to") == s3.below("bkt/to/") == whole
    # Another pack in its place: what only the old one had goes, what is somebody else's stays.
    (source / "m6.json.gz").unlink()
    (source / "new.json").unlink()
    for target in (tmp_path / "to", "s3://bkt/to", tmp_path / "second"):
        packed(source, target, "--replace")
    whole = tree(tmp_path / "second") | {"mine.txt": b"mine"}
    assert tree(tmp_path / "to") == s3.below("bkt/to/") == whole
    assert not any("cap-seal/6" in str(path) for path in (tmp_path / "to").rglob("*"))


@pytest.mark.parametrize(
    "unread",
    [
        ("cut.json", b'{"ModelDescription": {'),
        ("cut.json.gz", gzip.compress(lines([response("ModelDescription", described())]))[:-9]),
        ("out.json", None),
    ],
    ids=["cut", "cut gzip", "link that leads out"],
)
def test_with_unread_files_nothing_is_published(
    tmp_path: Path, s3: LoopbackS3, unread: tuple[str, bytes | None]
) -> None:
    source = odd_archive(tmp_path / "from")
    name, data = unread
    if data is None:
        (source / name).symlink_to(tmp_path)
        (source / name).unlink()
        (source / name).symlink_to(write(tmp_path, "elsewhere.json", b"{}"))
    else:
        write(source, name, data)
    packed(SAMPLE, tmp_path / "there")
    before = tree(tmp_path / "there")
    for target in (tmp_path / "to", "s3://bkt/to", tmp_path / "there"):
        result = run("archive", "pack", source, "--to", target, "--replace")
        assert result.exit_code == 1
        assert "nothing published: 1 files could not be read" in result.stdout
        assert repr(name) in result.stderr
    assert not (tmp_path / "to").exists()
    assert s3.objects == {}
    assert tree(tmp_path / "there") == before


@pytest.mark.slow
def test_while_s3_fails_nothing_is_published(tmp_path: Path, s3: LoopbackS3) -> None:
    source = {f"bkt/from/{k}": v for k, v in tree(odd_archive(tmp_path / "from")).items()}
    s3.objects = dict(source)
    s3.fault = lambda _, name: (503, "SlowDown") if name.endswith("/odd.json") else None
    result = run("archive", "pack", "s3://bkt/from/", "--to", "s3://bkt/to/")
    assert result.exit_code == 1
    assert "failed   'from/odd.json'" in result.stderr
    assert s3.objects == source
    dice = random.Random(3)
    s3.fault = lambda *_: (503, "SlowDown") if dice.random() < 0.3 else None
    packed("s3://bkt/from/", "s3://bkt/to/")
    s3.fault = lambda *_: None
    packed(tmp_path / "from", tmp_path / "to")
    assert s3.below("bkt/to/") == tree(tmp_path / "to")


def test_the_records_are_published_last(tmp_path: Path, s3: LoopbackS3) -> None:
    """A run that ends before leaves no pack, and the next one completes it."""
    source = odd_archive(tmp_path / "from")
    s3.fault = lambda method, name: (
        (403, "AccessDenied") if method == "PUT" and RECORDS in name else None
    )
    result = run("archive", "pack", source, "--to", "s3://bkt/to")
    assert result.exit_code == 1
    assert "s3:PutObject" in result.stderr
    assert len(s3.objects) == 3
    s3.fault = lambda *_: None
    packed(source, "s3://bkt/to")  # without --replace: all that is there is this pack's own
    writes = [name for method, name in s3.requests if method == "PUT"]
    assert writes[-1] == f"bkt/to/{RECORDS}"
    packed(source, tmp_path / "to")
    assert s3.below("bkt/to/") == tree(tmp_path / "to")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        result = run("archive", "pack", SAMPLE, "--to", tmp_path / "to")
    assert result.exit_code == 1
    assert "No space left on device" in result.stderr
    assert not (tmp_path / "to").exists() or tree(tmp_path / "to") == {}
    packed(SAMPLE, tmp_path / "to")


@pytest.mark.slow
def test_killed_anywhere_and_run_again(tmp_path: Path) -> None:
    source = tmp_path / "from"
    for version in range(1, 301):
        answer = response("ModelDescription", described(version=version))
        write(source, f"{version}.json", answer)
        write(source, f"{version}.manifest", manifest_of(version=version))
    packed(source, tmp_path / "whole")
    command = [sys.executable, "-m", "lfv_mcp", "archive", "pack", str(source)]
    for number, pause in enumerate((0.3, 0.5, 0.7, 0.9, 1.1)):
        target = tmp_path / f"to-{number}"
        with subprocess.Popen(
            [*command, "--to", str(target)], stdout=subprocess.DEVNULL
        ) as process:
            time.sleep(pause)
            process.kill()
        assert process.returncode in (-signal.SIGKILL, 0)
        left = tree(target) if target.exists() else {}
        if RECORDS in left:
            assert {n: c for n, c in left.items() if not n.endswith(".partial")} == tree(
                tmp_path / "whole"
            )
        packed(source, target, *(["--replace"] * (RECORDS in left)))
        assert {n: c for n, c in tree(target).items() if not n.endswith(".partial")} == tree(
            tmp_path / "whole"
        )


# Read in a few requests


def many(folder: Path, models: int) -> Path:
    """So many models, with results and manifests."""
    for number in range(models):
        project, version = f"line-{number // 10}", number % 10 + 1
        place = folder / project / str(version)
        answer = response("ModelDescription", described(project, version), NEW)
        write(place, "model.json", answer)
        write(place, "result.json", result_of(project, version))
        write(place, "m.json", manifest_of(project, version, images=20))
    return folder


@pytest.mark.slow
async def test_a_fleet_asks_little(tmp_path: Path, s3: LoopbackS3) -> None:
    packed(many(tmp_path / "from", 120), "s3://bkt/pack")
    s3.requests.clear()
    async with door("s3://bkt/pack/") as ask:
        assert len((await ask.list(max_results=100))["models"]) > 50  # as its length allows
        assert s3.counts() == {"LIST": 1, "GET": 1}
        assert (await ask.describe("line-7", "3"))["status"] == "TRAINED"
        assert s3.counts() == {"LIST": 1, "GET": 2}  # its part of the pack
        s3.requests.clear()
        answer = await ask.analyze("line-8", "4")
        assert answer["test_images"] == 20
        opened = [name for method, name in s3.requests if "manifest-" in name]
        assert len(set(opened)) == 1
        assert "line-8/4/" in opened[0]
        assert len(s3.requests) <= 5


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_ten_thousand_models_are_twenty_requests(tmp_path: Path, s3: LoopbackS3) -> None:
    packed(many(tmp_path / "from", 10_000), tmp_path / "pack")
    s3.objects = {f"bkt/pack/{name}": data for name, data in tree(tmp_path / "pack").items()}
    async with door("s3://bkt/pack/") as ask:
        assert (await ask.describe("line-700", "3"))["status"] == "TRAINED"
        assert len(s3.requests) <= 13
        assert (await ask.analyze("line-99", "4"))["test_images"] == 20
        assert len(s3.requests) <= 20


@pytest.mark.slow
async def test_what_disagrees_with_the_table_is_opened(tmp_path: Path, s3: LoopbackS3) -> None:
    packed(many(tmp_path / "from", 10), "s3://bkt/pack")
    (name,) = [n for n in s3.objects if "/3/manifest-" in n]
    s3.objects[name] = manifest_of("line-0", 3, images=40)
    s3.requests.clear()
    async with door("s3://bkt/pack/") as ask:
        await ask.list()
        assert {n for method, n in s3.requests if method == "GET"} == {name, f"bkt/pack/{RECORDS}"}
        assert (await ask.analyze("line-0", "3"))["test_images"] == 40
    # On a disk, too; there a change of the length is seen, and any other when it is opened.
    packed(tmp_path / "from", tmp_path / "pack")
    (copy,) = (tmp_path / "pack").rglob("line-0/3/manifest-*")
    content = copy.read_bytes()
    copy.write_bytes(content.replace(b"line-0/3", b"line-9/3"))
    async with door(tmp_path / "pack") as ask:
        answer = await ask.analyze("line-0", "3")
        assert "evaluation_manifest_unread" in codes(answer) or "evaluation_mismatch" in codes(
            answer
        )
    copy.write_bytes(content + content)
    async with door(tmp_path / "pack") as ask:
        assert (await ask.analyze("line-0", "3"))["test_images"] == 40
    copy.write_bytes(b"something else")
    check = run("archive", "check", tmp_path / "pack")
    assert table(check.output)["with an evaluation manifest"] == 9


async def test_a_server_sees_a_new_pack(tmp_path: Path) -> None:
    source = many(tmp_path / "from", 10)
    packed(source, tmp_path / "pack")
    async with door(tmp_path / "pack", clock=Clock().read) as ask:
        assert len((await ask.list())["models"]) == 10
        hosted = response("ModelDescription", described("line-0", 3, Status="HOSTED"), NEW)
        write(source, "line-0/3/model.json", hosted)
        packed(source, tmp_path / "pack", "--replace")
        # Its index is older than the pack: the part has moved, and that is found out.
        assert (await ask.describe("line-0", "3"))["status"] == "HOSTED"
        assert len((await ask.list())["models"]) == 10


@pytest.mark.slow
def test_packs_of_any_length_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too long for one file of records is not too long for a pack of them."""
    packed(many(tmp_path / "from", 300), tmp_path / "pack")
    assert len(gzip.decompress((tmp_path / "pack" / RECORDS).read_bytes())) > 400_000
    for module in ("formats.decoding", "formats.texts", "archive.packed_lines", "archive.reading"):
        monkeypatch.setattr(f"lfv_mcp.{module}.FILE_LIMIT", 400_000)
    found = table(run("archive", "check", tmp_path / "pack").output)
    assert (found["models"], found["corrupt"]) == (300, 0)
    assert "300 model" in imported(tmp_path / "back", tmp_path / "pack").stdout

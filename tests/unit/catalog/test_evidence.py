"""Evaluation files at a deadline: both are read at one time, and one is enough for a report."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import IO

import anyio
import pytest

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.store import Directory
from lfv_mcp.aws.s3 import S3
from lfv_mcp.catalog.backend import IndexLoader
from lfv_mcp.catalog.cache import CachePolicy
from lfv_mcp.catalog.evidence import EvidenceLoader, combine, timed_out
from lfv_mcp.catalog.evidence_files import EvidenceFiles
from lfv_mcp.catalog.files_read import noted_files
from lfv_mcp.catalog.workers import WorkerLimits, Workers
from lfv_mcp.errors import ServiceError, SetupError
from lfv_mcp.results.model_description import ModelDescription, S3Object
from lfv_mcp.times import iso_utc
from tests.support.saved_records import BUCKET, arn, manifest_of, result_of, write

pytestmark = pytest.mark.anyio
MODEL = ModelDescription(
    ModelArn=arn(),
    Status="TRAINED",
    EvaluationResult=S3Object(Bucket=BUCKET, Key="result.json"),
    EvaluationManifest=S3Object(Bucket=BUCKET, Key="manifest.json"),
)


@dataclass
class Bucket(S3):
    """An S3 in memory; a key in `closed` is answered when `gate` is opened."""

    contents: dict[str, bytes]
    closed: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    gate: threading.Event = field(default_factory=threading.Event)
    reads: list[str] = field(default_factory=list)

    @contextmanager
    def open(
        self, bucket: str, key: str, *, start: int = 0, limit: int | None = None
    ) -> Iterator[IO[bytes]]:
        assert (bucket, start, limit) == (BUCKET, 0, None)
        self.reads.append(key)
        if key in self.closed:
            self.gate.wait()
        if key in self.failing:
            raise ServiceError("service_error", f"{key} fails.", "Ask again.")
        yield BytesIO(self.contents[key])


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """Both files of the model; what is held back is let go at the end."""
    contents = {"result.json": json.dumps(result_of()).encode(), "manifest.json": manifest_of()}
    made = Bucket(contents)
    yield made
    made.gate.set()


class Setting:
    """A loader over a bucket or an archive, and the clock of its cache."""

    def __init__(self, s3: S3 | None, folder: Path | None = None, *, timeout: float = 20.0) -> None:
        archive = None if folder is None else Archive(Directory(folder))
        self.now = 0.0
        self.workers = Workers(timeout, WorkerLimits())
        self.files = EvidenceFiles(archive, s3)
        self.loader = EvidenceLoader(
            self.files,
            self.workers,
            IndexLoader(archive),
            CachePolicy(),
            lambda: self.now,
        )


async def test_both_files_are_read(bucket: Bucket) -> None:
    evidence = await Setting(bucket).loader.load(MODEL)
    assert evidence.result is not None
    assert evidence.manifest is not None
    assert evidence.findings == ()
    assert evidence.cacheable
    assert sorted(bucket.reads) == ["manifest.json", "result.json"]


async def test_both_files_are_read_at_one_time(bucket: Bucket) -> None:
    bucket.closed = set(bucket.contents)
    setting = Setting(bucket)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(setting.loader.load, MODEL)
            while len(bucket.reads) < 2:
                await anyio.sleep(0.01)
            bucket.gate.set()


@pytest.mark.slow
async def test_at_nine_tenths_of_the_time_one_file_is_enough(bucket: Bucket) -> None:
    bucket.closed = {"manifest.json"}
    setting = Setting(bucket, timeout=1.0)
    with anyio.fail_after(10), setting.workers.deadline():
        start = anyio.current_time()
        evidence = await setting.loader.load(MODEL)
        assert 0.85 < anyio.current_time() - start < 1.0
    assert evidence.result is not None
    assert evidence.manifest is None
    (unread,) = evidence.findings
    assert unread.code == "evaluation_manifest_unread"
    assert "not within the time limit" in unread.message
    assert not evidence.cacheable
    bucket.gate.set()
    assert (await setting.loader.load(MODEL)).manifest is not None


async def test_without_either_file_it_is_an_error_with_both_reasons(bucket: Bucket) -> None:
    bucket.failing = set(bucket.contents)
    with pytest.raises(SetupError) as caught:
        await Setting(bucket).loader.load(MODEL)
    assert caught.value.code == "evidence_unavailable"
    assert caught.value.message == (
        "EvaluationResult could not be read: result.json fails. "
        "EvaluationManifest could not be read: manifest.json fails."
    )
    assert caught.value.next_step == "Ask again."


async def test_what_was_read_is_kept_and_what_failed_is_read_again(bucket: Bucket) -> None:
    setting = Setting(bucket)
    bucket.failing = {"manifest.json"}
    for reads in (2, 4):
        assert len((await setting.loader.load(MODEL)).findings) == 1
        assert len(bucket.reads) == reads
    bucket.failing.clear()
    for now, reads in ((0.0, 6), (9.99, 6), (10.0, 8)):
        setting.now = now
        await setting.loader.load(MODEL)
        assert len(bucket.reads) == reads


async def test_a_file_that_is_no_evaluation_file_is_a_finding_that_is_kept(
    bucket: Bucket,
) -> None:
    bucket.contents["result.json"] = b"[]"
    setting = Setting(bucket)
    for _ in range(2):
        evidence = await setting.loader.load(MODEL)
    assert [f.code for f in evidence.findings] == ["evaluation_result_unread"]
    assert evidence.cacheable
    assert len(bucket.reads) == 2


async def test_the_archive_comes_first(bucket: Bucket, tmp_path: Path) -> None:
    write(tmp_path, "result.json", result_of())
    setting = Setting(bucket, tmp_path)
    assert setting.files.where_available(MODEL) == "archive"
    evidence = await setting.loader.load(MODEL)
    assert evidence.result is not None
    assert bucket.reads == ["manifest.json"]


@pytest.mark.parametrize(
    ("recorded", "s3", "where"),
    [(True, True, "s3"), (True, False, ""), (False, True, ""), (False, False, "")],
)
def test_where_files_would_come_from(bucket: Bucket, recorded: bool, s3: bool, where: str) -> None:
    model = MODEL if recorded else ModelDescription(ModelArn=arn())
    assert EvidenceFiles(None, bucket if s3 else None).where_available(model) == where


def test_a_model_that_was_never_evaluated_has_its_own_words() -> None:
    with pytest.raises(SetupError, match="Status TRAINING: no evaluation files are known"):
        combine(timed_out("result"), timed_out("manifest"), ModelDescription(Status="TRAINING"))


@pytest.mark.parametrize("version_ended", [1754299005.127, 1754399005.127])
async def test_of_several_results_that_of_this_evaluation_is_taken(
    tmp_path: Path, version_ended: float
) -> None:
    """A model may have been evaluated again: each file says when its evaluation ended."""
    first, second = result_of(), result_of(F1Score=0.5)
    second["EvaluationDetails"]["EvaluationEndTimestamp"] = "2025-08-05T13:03:25.127000"
    write(tmp_path, "first.json", first)
    write(tmp_path, "second.json", second)
    model = ModelDescription(
        ModelArn=arn(),
        EvaluationEndTimestamp=iso_utc(datetime.fromtimestamp(version_ended, UTC)),
    )
    result = (await Setting(None, tmp_path).loader.load(model)).result
    assert result is not None
    assert result.evaluated_at == pytest.approx(version_ended)


async def test_a_result_of_another_evaluation_is_better_than_none(tmp_path: Path) -> None:
    write(tmp_path, "result.json", result_of())
    model = ModelDescription(ModelArn=arn(), EvaluationEndTimestamp="2024-01-01T00:00:00.000Z")
    result = (await Setting(None, tmp_path).loader.load(model)).result
    assert result is not None
    assert result.evaluated_at == pytest.approx(1754299005.127)


async def test_digests_are_of_the_bytes_that_an_answer_was_made_of(tmp_path: Path) -> None:
    place = write(tmp_path, "result.json", result_of())
    (tmp_path / "manifest.json").write_bytes(manifest_of())
    loader = Setting(None, tmp_path).loader
    first = {place.name: sha256(place.read_bytes()).hexdigest()}
    first["manifest.json"] = sha256(manifest_of()).hexdigest()
    with noted_files() as read:
        await loader.load(MODEL)
        (tmp_path / "manifest.json").write_bytes(manifest_of()[::-1])  # after it was read
        assert {each.place: each.sha256 for each in read} == first
    with noted_files() as of_another_answer:
        assert not of_another_answer
    assert {each.place: each.sha256 for each in read} == first

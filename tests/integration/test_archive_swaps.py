"""An archive that is another one, and the old one again, between any two steps of reading it.

Directories are swapped by a rename and objects are overwritten while they are listed and read. An
answer may be of either; once the archive stays as it is, every answer is of that one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, repeat
from pathlib import Path
from threading import Lock
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.directory_target import DirectoryTarget
from lfv_mcp.archive.late_store import LateStore
from lfv_mcp.archive.pack import Packer
from lfv_mcp.archive.packed_lines import compressed
from lfv_mcp.archive.replay import Replay
from lfv_mcp.archive.s3_prefix import S3Prefix
from lfv_mcp.archive.store import Directory, FileEntry, FileStore
from lfv_mcp.archive.tally import ImportTally
from lfv_mcp.archive.writer import ArchiveWriter
from lfv_mcp.aws.client import LookoutVision
from lfv_mcp.aws.s3 import S3
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.catalog.describe import Describer
from lfv_mcp.catalog.evidence_files import ArchivedFile
from lfv_mcp.formats.texts import HEAD
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.results.model_summary import ModelSummary
from tests.support.archives import KEY, archive_door, saved
from tests.support.faulty_s3 import served
from tests.support.prediction_sets import PADIM, about_of, images_of, set_file
from tests.support.saved_records import lines, manifest_of, result_of, write

STATES: Final = ("TRAINED", "HOSTED")
IMAGES: Final = {"TRAINED": 8, "HOSTED": 400}
"""A manifest that is read whole, and one that is read at its start and its end."""


def save(folder: Path, status: str) -> Path:
    """An archive, all of whose files differ between the states."""
    write(folder, "manifest.json", manifest_of(images=IMAGES[status]))
    write(folder, "model.json", saved(Status=status))
    write(folder, "result.json", result_of())
    return folder


class Swapped(Directory):
    """A directory that is swapped by a rename before a listing begins or a file is opened.

    Args:
        folder: where the states are, and the link to one of them.
        steps: the state before each such step; after the last one it stays.
    """

    def __init__(self, folder: Path, steps: Iterator[str]) -> None:
        self._folder = folder
        self._swapping = Lock()
        self.steps = steps
        self.now = ""
        self.swap(STATES[0])
        super().__init__(folder / "archive", rescan_after=-1.0)

    def rest(self, status: str) -> None:
        """Stay in a state from now on."""
        self.steps = iter(())
        self.swap(status)

    def swap(self, status: str) -> None:
        """Let the link lead to another state, in one step; files are opened in several threads."""
        with self._swapping:
            if status == self.now:
                return
            spare = self._folder / "spare"
            spare.symlink_to(self._folder / status)
            spare.rename(self._folder / "archive")
            self.now = status

    def entries(self) -> Iterator[FileEntry]:
        self.swap(next(self.steps, self.now))
        return iter([*super().entries()])

    def open(self, name: str, *, start: int = 0, limit: int | None = None) -> Any:
        self.swap(next(self.steps, self.now))
        return super().open(name, start=start, limit=limit)


def held_status(archive: Archive) -> str | None:
    return archive.index().models[KEY].winner.status


@pytest.mark.parametrize("late", [False, True])
def test_a_file_that_was_another_one_when_it_was_opened(tmp_path: Path, late: bool) -> None:
    """A listing, B opened, A again: no listing shows that B was read."""
    for status in STATES:
        write(tmp_path / status, "model.json", saved(Status=status))
    files = Swapped(tmp_path, chain(["TRAINED"], repeat("HOSTED")))
    store: FileStore = LateStore(lambda: files, "late") if late else files
    archive = Archive(store)
    assert held_status(archive) == "HOSTED"
    files.rest("TRAINED")
    assert held_status(archive) == "TRAINED"


def test_a_manifest_is_read_at_the_size_that_it_has(tmp_path: Path) -> None:
    """Where its last lines are, the size in the listing tells, which was another file's."""
    for status, images in (("TRAINED", 400), ("HOSTED", 900)):
        write(tmp_path / status, "manifest.json", manifest_of(images=images))
        assert (tmp_path / status / "manifest.json").stat().st_size > HEAD
    archive = Archive(Swapped(tmp_path, chain(["TRAINED"], repeat("HOSTED"))))
    index = archive.index()
    assert index.models[KEY].manifest
    assert not index.problems
    assert archive.index() is index  # of the second listing nothing is new


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes have names here")
def test_what_is_no_file_is_not_taken_for_the_one_that_was_listed(tmp_path: Path) -> None:
    write(tmp_path / "TRAINED", "model.json", saved(Status="TRAINED"))
    (tmp_path / "HOSTED").mkdir()
    os.mkfifo(tmp_path / "HOSTED" / "model.json")
    files = Swapped(tmp_path, chain(["TRAINED"], repeat("HOSTED")))
    archive = Archive(files)
    assert archive.index().is_empty
    files.rest("TRAINED")
    assert held_status(archive) == "TRAINED"


def test_a_pack_that_was_another_one_when_it_was_opened(tmp_path: Path) -> None:
    for status in STATES:
        data = b"".join(compressed([lines([saved(Status=status)]).strip()]))
        write(tmp_path / status, "records.jsonl.gz", data)
    files = Swapped(tmp_path, chain(["TRAINED"], repeat("HOSTED")))
    archive = Archive(files)
    assert held_status(archive) == "HOSTED"
    files.rest("TRAINED")
    assert held_status(archive) == "TRAINED"


def test_a_file_that_is_another_one_each_time(tmp_path: Path) -> None:
    """It could not be read, which is said; and it is tried again."""

    class Restless(Directory):
        calm = False

        def open(self, name: str, *, start: int = 0, limit: int | None = None) -> Any:
            if not self.calm and name == "model.json":
                write(tmp_path, "new.partial", saved()).rename(tmp_path / name)
            return super().open(name, start=start, limit=limit)

    write(tmp_path, "model.json", saved())
    write(tmp_path, "other.json", saved(version=4))
    files = Restless(tmp_path, rescan_after=-1.0)
    archive = Archive(files)
    index = archive.index()
    assert index.unread is not None
    assert index.passing is not None
    assert "it changes while it is read" in index.unread.in_words()
    files.calm = True
    assert archive.index().unread is None


def test_an_object_that_is_overwritten_between_its_listing_and_its_reading() -> None:
    bodies = {status: lines([saved(Status=status)]) for status in STATES}
    with served({"x/model.json": bodies["TRAINED"]}) as s3:
        archive = Archive(S3Prefix("s3://b-1/x/", S3(), rescan_after=-1.0))

        def overwrite(key: str) -> None:
            s3.objects[key] = bodies["HOSTED"]

        s3.fault = overwrite
        archive.index()
        s3.objects["x/model.json"] = bodies["TRAINED"]
        s3.fault = lambda _: None
        assert held_status(archive) == "TRAINED"
        gets = len(s3.gets)
        archive.index()
        assert len(s3.gets) == gets  # it is known by now


def test_parts_of_one_manifest_are_of_one_object() -> None:
    key = "x/manifest.json"
    bodies = [manifest_of(images=images) for images in (400, 900)]
    with served({key: bodies[0]}) as s3:
        archive = Archive(S3Prefix("s3://b-1/x/", S3(), rescan_after=-1.0))

        def overwrite(_: str) -> None:
            s3.objects[key] = bodies[len(s3.gets) > 1]

        s3.fault = overwrite
        index = archive.index()
        assert index.models[KEY].manifest
        assert not index.problems
        assert archive.index() is index


@pytest.mark.parametrize("packs", [False, True])
@pytest.mark.parametrize("opened_before", range(4))
def test_what_is_copied_is_what_was_recognised(
    tmp_path: Path, opened_before: int, packs: bool
) -> None:
    """A manifest that is another model's from some moment on is not copied under the first one's
    name, nor measured by the size that the first one had."""
    manifests = {"TRAINED": manifest_of(images=400), "HOSTED": manifest_of(version=4, images=900)}
    for status, data in manifests.items():
        write(tmp_path / status, "manifest.json", data)
    files = Swapped(tmp_path, chain(["TRAINED"] * (1 + opened_before), repeat("HOSTED")))
    entries = [*files.entries()]
    tally = ImportTally()
    with closing(DirectoryTarget(tmp_path / "to")) as target:
        if packs:
            packer = Packer(files, target)
            assert [*packer.read(entries)] == [None]
            tally = packer.tally
            packer.publish(lambda: None)
        else:
            assert [*ArchiveWriter(target).import_files(files, entries, tally)] == [None]
    assert not tally.problems
    (copied,) = (tmp_path / "to").rglob("manifest-*.json")
    expected = manifests["TRAINED" if opened_before else "HOSTED"]
    assert copied.read_bytes() == expected
    assert copied.parent.name == ("3" if opened_before else "4")


def set_of(images: int) -> bytes:
    """A set under one name, which is read whole or at its two ends by its images."""
    return set_file(images_of(images))


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(20, 4000), (4000, 20), (3000, 4000), (4000, 3000), (20, 30)])
@pytest.mark.parametrize("opened_before", range(4))
def test_a_prediction_set_is_never_put_together_of_two(
    tmp_path: Path, sizes: tuple[int, int], opened_before: int
) -> None:
    """Neither its header and its lines, nor the header that the index has and what is read then."""
    for status, images in zip(STATES, sizes, strict=True):
        write(tmp_path / status, "set.jsonl", set_of(images))
    files = Swapped(tmp_path, chain(["TRAINED"] * (1 + opened_before), repeat("HOSTED")))
    archive = Archive(files)
    assert not archive.index().problems
    read = archive.read_predictions(PADIM)
    assert read.images is not None
    assert read.about.content == about_of(read.images).content
    assert len(read.images) in sizes
    files.rest("TRAINED")
    archive.index()
    assert len(archive.read_predictions(PADIM).images or ()) == sizes[0]


@pytest.mark.parametrize("opened_before", range(3))
def test_a_record_of_a_pack_that_was_replaced_after_it_was_indexed(
    tmp_path: Path, opened_before: int
) -> None:
    """Its part begins elsewhere in the new one: the record is that of the index, or is not given.

    The new pack has more records in other places, and at these bytes another record or none.
    """
    for status, count in zip(STATES, (2, 300), strict=True):
        records = [saved(Status=status)] + [
            saved(Status=status, version=n) for n in range(4, 4 + count)
        ]
        data = b"".join(compressed(lines([each]).strip() for each in reversed(records)))
        write(tmp_path / status, "records.jsonl.gz", data)
    files = Swapped(tmp_path, chain(["TRAINED"] * (1 + opened_before), repeat("HOSTED")))
    archive = Archive(files)
    ref = archive.index().models[KEY].winner
    record = archive.read(ref)
    assert record is None or record.body["Status"] == ref.status
    files.rest("HOSTED")
    ref = archive.index().models[KEY].winner
    record = archive.read(ref)
    assert record is not None
    assert record.body["Status"] == ref.status == "HOSTED"


@pytest.mark.anyio
async def test_a_summary_of_the_other_archive_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index is the same again when the answer is there, which is of another one."""
    files = Swapped(tmp_path, iter(()))
    for status in STATES:
        save(tmp_path / status, status)
    archive, describe = Archive(files), Describer.describe

    def swapped(self: Describer, query: ModelQuery) -> ModelSummary:
        files.swap("HOSTED")
        answer = describe(self, query)
        files.swap("TRAINED")
        assert held_status(archive) == "TRAINED"
        return answer

    service = LookoutVision(transport=Replay(archive))
    catalog = Catalog(lambda: service, "archive", archive)
    query = ModelQuery("cap-seal", "3")
    with monkeypatch.context() as patch:
        patch.setattr(Describer, "describe", swapped)
        assert (await catalog.describe_model(query)).status == "HOSTED"
    assert (await catalog.describe_model(query)).status == "TRAINED"


@pytest.mark.anyio
async def test_evidence_of_the_other_archive_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are swapped after the last look at them, and back before the next one."""
    files = Swapped(tmp_path, iter(()))
    for status in STATES:
        save(tmp_path / status, status)
    opened = ArchivedFile.open

    def swapped(self: ArchivedFile) -> Any:
        files.swap("HOSTED")
        return opened(self)

    async with archive_door(files) as ask:
        with monkeypatch.context() as patch:
            patch.setattr(ArchivedFile, "open", swapped)
            assert (await ask.analyze("cap-seal"))["test_images"] == IMAGES["HOSTED"]
        files.swap("TRAINED")
        assert (await ask.analyze("cap-seal"))["test_images"] == IMAGES["TRAINED"]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.anyio
@given(
    first=st.sampled_from(STATES),
    runs=st.lists(st.integers(1, 8), min_size=1, max_size=3),
    tools=st.lists(st.sampled_from(["describe_model", "analyze_evaluation"]), max_size=3),
)
@settings(
    max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
async def test_the_archive_that_stays_is_the_one_that_answers(
    tmp_path: Path, first: str, runs: list[int], tools: list[str]
) -> None:
    """The states take turns, each for some steps of the questions."""
    shutil.rmtree(tmp_path)
    for status in STATES:
        save(tmp_path / status, status)
    turns = STATES if first == STATES[0] else STATES[::-1]
    steps = [turns[n % 2] for n, length in enumerate(runs) for _ in range(length)]
    files = Swapped(tmp_path, iter(steps))
    async with archive_door(files) as ask:
        for tool in tools:
            await ask.client.call_tool(tool, {"project_name": "cap-seal"})
        for last in STATES:
            files.rest(last)
            for _ in range(2):  # the second answer may be a kept one
                assert (await ask.describe("cap-seal"))["status"] == last
                assert (await ask.analyze("cap-seal"))["test_images"] == IMAGES[last]

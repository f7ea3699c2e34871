"""Which images there are, by one listing below each prefix, and what a listing cannot tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lfv_mcp.archive.image_listings import list_images
from lfv_mcp.archive.places import S3Place
from lfv_mcp.aws.s3 import S3
from lfv_mcp.errors import LfvError
from lfv_mcp.formats.datasets.image_objects import ImageObject
from tests.support.loopback_s3 import LoopbackS3, etag_of

RESTORED = (
    "<StorageClass>DEEP_ARCHIVE</StorageClass><RestoreStatus>"
    "<IsRestoreInProgress>{}</IsRestoreInProgress>{}</RestoreStatus>"
)
UNTIL = "<RestoreExpiryDate>2026-12-24T00:00:00.000Z</RestoreExpiryDate>"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackS3]:
    with LoopbackS3() as loopback:
        loopback.direct(monkeypatch)
        yield loopback


def test_an_object_is_listed_with_size_and_etag_and_whether_it_is_archived(
    store: LoopbackS3,
) -> None:
    classes = {
        "standard": "<StorageClass>STANDARD</StorageClass>",
        "instant": "<StorageClass>GLACIER_IR</StorageClass>",
        "glacier": "<StorageClass>GLACIER</StorageClass>",
        "deep": "<StorageClass>DEEP_ARCHIVE</StorageClass>",
        "restored": RESTORED.format("false", UNTIL),
        "restoring": RESTORED.format("true", ""),
    }
    for name, listed_as in classes.items():
        store.objects[f"b/caps/{name}.png"] = name.encode()
        store.listed_as[f"b/caps/{name}.png"] = listed_as
    listing = list_images([S3Place("b", "caps")], S3())
    assert listing.objects["s3://b/caps/glacier.png"] == ImageObject(
        7, etag_of(b"glacier").strip('"'), archived=True
    )
    presence = {name: listing.presence(f"s3://b/caps/{name}.png") for name in [*classes, "lost"]}
    assert presence == {
        "standard": "present",
        "instant": "present",
        "glacier": "archived",
        "deep": "archived",
        "restored": "present",
        "restoring": "archived",
        "lost": "gone",
    }
    assert listing.presence("s3://b/caps-old/1.png") is None
    assert store.counts() == {"LIST": 1}


def test_a_prefix_below_another_is_not_listed_again(store: LoopbackS3) -> None:
    store.objects |= {"b/caps/1.png": b"1", "b/welds/2.png": b"2"}
    listing = list_images([S3Place("b", "caps/"), S3Place("b", ""), S3Place("b", "")], S3())
    assert set(listing.objects) == {"s3://b/caps/1.png", "s3://b/welds/2.png"}
    assert store.counts() == {"LIST": 1}


def test_of_a_prefix_that_may_not_be_listed_nothing_is_gone(store: LoopbackS3) -> None:
    store.objects |= {"b/caps/1.png": b"1", "c/welds/2.png": b"2"}
    store.fault = lambda _, name: (403, "AccessDenied") if name.startswith("b") else None
    listing = list_images([S3Place("b", "caps"), S3Place("c", "welds")], S3())
    assert listing.presence("s3://b/caps/1.png") == "forbidden"
    assert listing.presence("s3://c/welds/2.png") == "present"
    assert listing.presence("s3://c/welds/3.png") == "gone"


def test_another_failure_is_no_answer(store: LoopbackS3) -> None:
    store.fault = lambda _, __: (404, "NoSuchBucket")
    with pytest.raises(LfvError) as error:
        list_images([S3Place("b", "caps")], S3())
    assert error.value.code == "s3_not_found"


def test_only_what_is_wanted_is_kept(store: LoopbackS3) -> None:
    store.objects |= {f"b/caps/{n}.png": b"x" for n in range(20)}
    listing = list_images([S3Place("b", "caps")], S3(), wanted=lambda uri: uri.endswith("/7.png"))
    assert list(listing.objects) == ["s3://b/caps/7.png"]


def test_a_bucket_that_is_not_allowed_is_not_listed(store: LoopbackS3) -> None:
    with pytest.raises(LfvError) as error:
        list_images([S3Place("b", "caps")], S3(allowed=frozenset({"other"})))
    assert error.value.code == "bucket_not_allowed"
    assert store.counts() == {}


def test_a_folder_of_this_machine_is_listed_by_absolute_paths(tmp_path: Path) -> None:
    (tmp_path / "train" / "good").mkdir(parents=True)
    (tmp_path / "train" / "good" / "1.png").write_bytes(b"123")
    (tmp_path / "train" / "lost.png").symlink_to(tmp_path / "nowhere.png")
    listing = list_images([tmp_path], S3())
    image = f"{tmp_path.as_posix()}/train/good/1.png"
    assert listing.objects == {image: ImageObject(3)}
    assert listing.presence(image) == "present"
    assert listing.presence("train/good/1.png") == "present"
    assert listing.presence("./train/good/1.png") == "present"
    assert listing.presence(f"{tmp_path.as_posix()}/train/lost.png") == "gone"
    assert listing.presence("train/good/2.png") is None  # relative to what, nobody knows


def test_images_behind_links_are_there_and_links_that_lead_round_end(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    (data / "real").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "1.png").write_bytes(b"1")
    (data / "linked").symlink_to(elsewhere)
    (data / "real" / "round").symlink_to(data)
    listing = list_images([data], S3())
    assert listing.presence(f"{data.as_posix()}/linked/1.png") == "present"
    assert listing.presence(f"{data.as_posix()}/real/round/linked/1.png") == "present"
    assert listing.presence(f"{data.as_posix()}/linked/2.png") == "gone"
    deep = f"{data.as_posix()}{'/real/round' * 30}/linked/2.png"
    assert listing.presence(deep) == "forbidden"


@pytest.mark.slow
def test_a_prefix_of_20000_objects_is_listed_once_and_nothing_is_read(store: LoopbackS3) -> None:
    store.objects = {f"b/line/{n // 500}/{n:05}.png": b"image" for n in range(20_000)}
    listing = list_images([S3Place("b", "line")], S3())
    assert len(listing.objects) == 20_000
    counts = store.counts()
    assert set(counts) == {"LIST"}
    assert counts["LIST"] <= 40

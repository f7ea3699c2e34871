"""Which images are there, gone, or not known of; and where to look is suggested."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.analysis.datasets.image_presence import presence_of, suggested_prefixes, wanted_of
from lfv_mcp.formats.datasets.dataset import Dataset, DatasetLine
from lfv_mcp.formats.datasets.image_objects import ImageListing, ImageObject


def dataset(*lines: DatasetLine, form: str = "ground_truth") -> Dataset:
    assert form in ("ground_truth", "folders")
    return Dataset("d", "folders" if form == "folders" else "ground_truth", "train", lines)


def test_each_image_and_mask_counts_once() -> None:
    listing = ImageListing({"s3://b/k/1.png": ImageObject(1)}, ("s3://b/k/",))
    mask = "s3://b/k/white.png"
    lines = [DatasetLine(f"s3://b/k/{number}.png", True, mask=mask) for number in (1, 2, 2, 3)]
    presence = presence_of([dataset(*lines), dataset(*lines)], listing)
    assert presence.count("images") == 2
    assert presence.count("masks") == 1
    assert presence.named("present", "images") == ["s3://b/k/1.png"]


def test_what_nobody_looked_for_is_not_counted() -> None:
    lines = dataset(DatasetLine("s3://b/k/1.png", True))
    assert presence_of([lines], None).count("images") is None
    elsewhere = presence_of([lines], ImageListing({}, ("s3://b/other/",)))
    assert elsewhere.count("images") is None
    forbidden = presence_of([lines], ImageListing({}, (), ("s3://b/",)))
    assert forbidden.count("images") is None
    assert forbidden.named("forbidden", "images") == ["s3://b/k/1.png"]


def test_the_images_of_a_listing_are_there() -> None:
    presence = presence_of(
        [dataset(DatasetLine("/d/train/good/1.png", False), form="folders")], None
    )
    assert presence.count("images") == 0


def test_the_nearest_prefix_decides() -> None:
    listing = ImageListing({}, ("s3://b/open/",), ("s3://b/",))
    assert listing.presence("s3://b/open/1.png") == "gone"
    assert listing.presence("s3://b/closed/1.png") == "forbidden"


@pytest.mark.parametrize(
    "there",
    [
        "s3://b/k/Gut%20teil.png",
        "s3://b/k/Gut teil.PNG",
        unicodedata.normalize("NFD", "s3://b/k/Gut teil.png"),
    ],
)
def test_an_image_under_another_spelling_is_said(there: str) -> None:
    listing = ImageListing({there: ImageObject(1)}, ("s3://b/k/",))
    sets = [dataset(DatasetLine("s3://b/k/Gut teil.png", True))]
    assert wanted_of(sets)(there)
    presence = presence_of(sets, listing)
    if there == "s3://b/k/Gut teil.png":
        assert presence.misspelt == ()
        return
    assert presence.misspelt == ("s3://b/k/Gut teil.png",)
    assert not wanted_of(sets)("s3://b/k/other.png")


@given(
    st.lists(
        st.builds(
            lambda bucket, folders, number: "/".join(["s3:/", bucket, *folders, f"{number}.png"]),
            st.sampled_from(["lines", "b"]),
            st.lists(st.sampled_from(["a", "ab", "b"]), max_size=3),
            st.integers(0, 30),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_suggested_prefixes_have_all_images_below_them_and_nothing_narrower_has(
    images: list[str],
) -> None:
    prefixes = suggested_prefixes(images)
    for image in images:
        assert sum(image.startswith(prefix) for prefix in prefixes) == 1
    for prefix in prefixes:
        below = [image for image in images if image.startswith(prefix)]
        nexts = {image.removeprefix(prefix).partition("/")[0] + "/" for image in below}
        assert prefix.endswith("/")
        assert len(nexts) > 1 or any("/" not in image.removeprefix(prefix) for image in below)


@pytest.mark.parametrize("image", ["images/1.png", "s3://s3://b/k.png", "s3://b", "C:/x.png"])
def test_no_prefix_is_suggested_of_what_has_none(image: str) -> None:
    assert suggested_prefixes([image]) == []

"""What is held of a project's images: whose object is whose, and what is said of those missing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.analysis.datasets.held_images import presences
from lfv_mcp.analysis.datasets.inventory import LabelledImages, ProjectHoldings, held_project
from lfv_mcp.formats.datasets.image_objects import ImageListing, ImageObject
from lfv_mcp.results.inventory import HeldImages

WORDS = ("present", "archived", "gone", "not to be listed", "not looked up")


@pytest.mark.parametrize("prefixes", [("s3://a/",), ("s3://a/", "s3://b/")])
def test_an_object_is_no_copy_of_an_image_beside_its_own(prefixes: tuple[str, ...]) -> None:
    listing = ImageListing({"s3://a/caps/1.png": ImageObject(1)}, prefixes)
    own, other = "s3://a/caps/1.png", "s3://b/caps/1.png"
    gone = {other: "gone"} if "s3://b/" in prefixes else {}
    assert presences([own, other], listing) == {own: "present"} | gone
    assert presences([other], listing) == {other: "present"}


@given(st.tuples(*[st.integers(0, 9)] * 3, st.integers(10, 30), st.integers(0, 30)))
def test_every_image_that_is_missing_is_counted(counts: tuple[int, ...]) -> None:
    present, archived, forbidden, gone, others = counts
    held = HeldImages(present=present, gone=gone, archived=archived, forbidden=forbidden)
    training = LabelledImages(sum(counts), 0, held)
    project = held_project(ProjectHoldings("caps", dataset_manifests=1, training=training))
    (told,) = (each for each in project.missing if each.startswith("To retrain:"))
    expected = dict(zip(WORDS, (present, archived, gone, forbidden, others), strict=True))
    found = {word: int(n) for n, word in re.findall(rf"(\d+) ({'|'.join(WORDS)})[,.]", told)}
    assert found == {word: count for word, count in expected.items() if count}
    assert ("--images" in told) is (others > 0)


@pytest.mark.parametrize(("gone", "can"), [(0, True), (1, True), (29, True), (30, False)])
def test_a_comparison_is_lost_only_if_every_test_image_is_gone(gone: int, can: bool) -> None:
    tested = LabelledImages(10, 20, HeldImages(present=0, gone=gone, archived=0, forbidden=0))
    project = held_project(ProjectHoldings("caps", manifests=1, tested=tested))
    assert ("compare" in project.can) is can
    assert any("which are gone" in each for each in project.missing) is not can

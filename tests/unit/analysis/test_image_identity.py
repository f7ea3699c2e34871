"""Which images are the same: the rules, their order, and what is never matched."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.analysis.image_identity import image_path, match_images

REFERENCE = "s3://lines/caps/images/2025/anomaly/Gut teil ä 1.png"


@pytest.mark.parametrize(
    "other",
    [
        "s3://other-bucket/caps/images/2025/anomaly/Gut teil ä 1.png",
        "s3://other-bucket/copy/of/caps/images/2025/anomaly/Gut teil ä 1.png",
        "caps/images/2025/anomaly/Gut teil ä 1.png",
        "/home/me/caps/images/2025/anomaly/Gut teil ä 1.png",
        "./caps/images/2025/anomaly/Gut teil ä 1.png",
        "2025/anomaly/Gut teil ä 1.png",
        "file:///data/caps/images/2025/anomaly/Gut teil ä 1.png",
        r"D:\data\caps\images\2025\anomaly\Gut teil ä 1.png",
        "https://lines.example/caps/images/2025/anomaly/Gut%20teil%20%C3%A4%201.png?v=1",
        "s3://dest/train/images/caps/images/2025/anomaly/Gut teil ä 1.png",
        quote("caps/images/2025/anomaly/Gut teil ä 1.png"),
        "caps/images/2025/anomaly/Gut+teil+ä+1.png",
        unicodedata.normalize("NFD", "caps/images/2025/anomaly/Gut teil ä 1.png"),
        "caps/images/2025/anomaly/Gut teil ä 1.PNG",
    ],
)
def test_one_image_in_many_spellings_matches_by_key(other: str) -> None:
    for names in (False, True):
        found = match_images([REFERENCE], [other], names=names)
        assert found.found == {other: REFERENCE}
        assert (found.by_uri, found.by_key, found.by_name) == (0, 1, 0)


@pytest.mark.parametrize(
    "other",
    [
        "Gut teil ä 1.png",
        "anomaly/Gut teil ä 1.png",
        "/home/me/anomaly/Gut teil ä 1.png",
        "s3://else/other/anomaly/Gut teil ä 1.png",
        "s3://else/Gut teil ä 1.png",
        "/home/me/2025/anomaly/Gut teil ä 1.png",  # an absolute path stands for no key
    ],
)
def test_a_shorter_end_is_a_name_and_only_a_hint(other: str) -> None:
    assert match_images([REFERENCE], [other], names=False).found == {}
    found = match_images([REFERENCE], [other], names=True)
    assert (found.by_uri, found.by_key, found.by_name) == (0, 0, 1)


@pytest.mark.parametrize(
    "other",
    [
        "caps/images/2025/anomaly/gut teil ä 1.png",  # only the extension has no case
        "caps/images/2025/anomaly/Gut teil ä 2.png",
        "caps/images/2025/anomaly/Gut teil ä 1.jpg",
        "",
    ],
)
def test_what_is_another_image(other: str) -> None:
    assert match_images([REFERENCE], [other], names=True).found == {}


def test_two_exports_of_one_key_are_the_same_image() -> None:
    one, other = "s3://a/x/train/images/caps/1/2.png", "s3://b/y/test/images/caps/1/2.png"
    assert match_images([one], [other], names=False).by_key == 1


def test_an_exact_uri_comes_before_everything() -> None:
    others = [REFERENCE, f"s3://b/copy/{REFERENCE.removeprefix('s3://lines/')}"]
    found = match_images([REFERENCE], others, names=True)
    assert found.found == {REFERENCE: REFERENCE}
    assert (found.by_uri, found.by_key, found.by_name) == (1, 0, 0)


def test_what_is_not_unique_stays_unmatched_and_is_named() -> None:
    key = REFERENCE.removeprefix("s3://lines/")
    found = match_images(
        [REFERENCE, "s3://b/c/d/e.png"], [key, f"x/{key}", "c/d/e.png"], names=True
    )
    assert found.found == {"c/d/e.png": "s3://b/c/d/e.png"}
    assert set(found.collisions) == {REFERENCE, key, f"x/{key}"}
    twice = match_images(["a/x/1.png", "b/x/1.png"], ["x/1.png"], names=True)
    assert twice.found == {}
    assert twice.collisions == ("x/1.png",)


def test_names_match_by_the_longest_end_that_tells_them_apart() -> None:
    reference = ["s3://b/l/i/anomaly/1.png", "s3://b/l/i/normal/1.png"]
    found = match_images(reference, ["normal/1.png", "anomaly/1.png"], names=True)
    assert found.found == {"normal/1.png": reference[1], "anomaly/1.png": reference[0]}
    assert found.by_name == 2


PARTS = st.text(st.sampled_from("abcä %1+-_."), min_size=1, max_size=4).filter(
    lambda part: part.strip(". ") and "%" not in part
)
KEYS = st.lists(PARTS, min_size=3, max_size=5).map(lambda parts: "/".join(parts) + ".png")


@pytest.mark.slow
@given(st.lists(KEYS, min_size=1, max_size=12, unique_by=lambda key: image_path(key).parts))
def test_every_unique_key_is_found_below_any_prefix(keys: list[str]) -> None:
    reference = [f"s3://old/{key}" for key in keys]
    others = [f"s3://new/some/where/{key}" for key in keys]
    found = match_images(reference, others, names=False)
    for other, image in found.found.items():
        assert image_path(other).parts[2:] == image_path(image).parts
    assert len(found.found) + len([c for c in found.collisions if c in others]) == len(others)


@pytest.mark.slow
@given(st.lists(KEYS, max_size=10, unique=True), st.lists(KEYS, max_size=10, unique=True))
def test_matching_is_one_to_one_and_symmetric(first: list[str], second: list[str]) -> None:
    there = match_images(first, second, names=True)
    assert len(set(there.found.values())) == len(there.found)
    assert there.by_uri + there.by_key + there.by_name == len(there.found)
    assert not set(there.collisions) & there.found.keys()
    back = match_images(second, first, names=False)
    by_key = match_images(first, second, names=False)
    assert {v: k for k, v in by_key.found.items()} == back.found


@given(st.text(max_size=40))
def test_any_text_has_a_path(text: str) -> None:
    assert all(part not in ("", ".") for part in image_path(text).parts)


@pytest.mark.slow
def test_sixteen_thousand_images_take_work_in_proportion() -> None:
    """Counted, not timed: lookups by the ends of paths, never image against image."""
    reference = [f"s3://b/line/{n // 100}/anomaly/{n:05}.png" for n in range(16_000)]
    others = [f"s3://c/x/{image.removeprefix('s3://b/')}" for image in reference]
    found = match_images(reference, others, names=True)
    assert found.by_key == 16_000

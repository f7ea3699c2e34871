"""Which images two sets share, and by which evidence."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from hashlib import md5
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.analysis.datasets.shared_images import Shared, shared_images
from lfv_mcp.formats.datasets.dataset import DatasetLine
from lfv_mcp.formats.datasets.image_objects import ImageListing, ImageObject

MD5 = {name: md5(name.encode()).hexdigest() for name in "abcdef"}


def lines(*images: str) -> list[DatasetLine]:
    return [DatasetLine(image, anomalous=False) for image in images]


def graded(shared: Shared) -> dict[str, str]:
    return {pair.second: pair.evidence for pair in shared.pairs}


PLANTED = {
    # An image of the training set, and the same one as the test set spells it.
    "s3://lines/caps/2024/anomaly/0007.png": (
        "s3://export/set/test/images/caps/2024/anomaly/0007.png",
        "key",
    ),
    "s3://lines/caps/2024/Gut teil/0008.png": (
        f"s3://lines/{quote('caps/2024/Gut teil/0008.png')}",
        "key",
    ),
    unicodedata.normalize("NFC", "s3://lines/caps/2024/Überlauf/0009.png"): (
        unicodedata.normalize("NFD", "s3://lines/caps/2024/Überlauf/0009.png"),
        "key",
    ),
    "s3://lines/caps/2024/normal/0010.png": ("s3://second/caps/2024/normal/0010.png", "key"),
    "s3://lines/caps/2024/normal/0011.png": ("s3://lines/caps/2024/normal/0011.PNG", "key"),
}


@pytest.mark.parametrize("count", [500, pytest.param(15_995, marks=pytest.mark.slow)])
def test_five_planted_overlaps_are_found_among_many_and_none_is_invented(count: int) -> None:
    """The other lines have equal names in other folders, as every line's cameras write them."""
    train = [f"s3://lines/caps/t{n // 250}/normal/{n % 250:04}.png" for n in range(count)]
    test = [f"s3://lines/welds/u{n // 250}/normal/{n % 250:04}.png" for n in range(count)]
    shared = shared_images(
        lines(*train, *PLANTED), lines(*test, *(image for image, _ in PLANTED.values()))
    )
    assert {pair.first: (pair.second, pair.evidence) for pair in shared.pairs} == PLANTED
    assert len(shared.same) == 5


def test_equal_names_alone_are_hints() -> None:
    train = [f"s3://lines/caps/train/{n:05}.png" for n in range(300)]
    test = [f"s3://lines/welds/test/{n:05}.png" for n in range(300)]
    shared = shared_images(lines(*train), lines(*test))
    assert shared.same == ()
    assert len(shared.hints) == 300


def test_content_proves_what_no_path_tells() -> None:
    train = [DatasetLine("s3://a/x/1.png", True, size=9, etag=MD5["a"])]
    copies = [
        DatasetLine("s3://b/y/renamed.png", True, size=9, etag=MD5["a"]),
        DatasetLine("s3://b/y/again.png", True, size=9, etag=MD5["a"]),
        DatasetLine("s3://b/y/other-size.png", True, size=8, etag=MD5["a"]),
        DatasetLine("s3://b/y/other.png", True, size=9, etag=MD5["b"]),
        DatasetLine("s3://b/y/unlisted.png", True),
    ]
    shared = shared_images(train, copies)
    assert graded(shared) == {"s3://b/y/renamed.png": "content", "s3://b/y/again.png": "content"}
    assert {pair.first for pair in shared.pairs} == {"s3://a/x/1.png"}


def test_a_listing_tells_what_the_lines_do_not() -> None:
    objects = ImageListing(
        {
            "s3://a/x/1.png": ImageObject(9, MD5["a"]),
            "s3://b/y/2.png": ImageObject(9, MD5["a"]),
        }
    )
    train, test = lines("s3://a/x/1.png"), lines("s3://b/y/2.png")
    assert graded(shared_images(train, test)) == {}
    assert graded(shared_images(train, test, objects)) == {"s3://b/y/2.png": "content"}


def test_empty_files_are_no_evidence() -> None:
    empty = md5(b"").hexdigest()
    one = [DatasetLine("s3://a/x/1.png", True, size=0, etag=empty)]
    other = [DatasetLine("s3://b/y/2.png", True, size=0, etag=empty)]
    assert shared_images(one, other).pairs == ()


@pytest.mark.parametrize(
    ("one", "other", "evidence", "refuted"),
    [
        (ImageObject(9, MD5["a"]), ImageObject(9, MD5["b"]), None, 1),
        (ImageObject(9, MD5["a"]), ImageObject(8, ""), None, 1),
        (ImageObject(9, "abc-2"), ImageObject(9, MD5["b"]), "key", 0),  # put in parts
        (ImageObject(9, "abc-2"), ImageObject(9, "abd-2"), "key", 0),
        (ImageObject(9, "abc-2"), ImageObject(9, "abc-2"), "content", 0),
        (ImageObject(9, ""), ImageObject(9, ""), "key", 0),  # files of this machine
        (None, ImageObject(9, MD5["b"]), "key", 0),
    ],
)
def test_an_equal_key_is_refuted_by_a_size_or_by_two_md5s_only(
    one: ImageObject | None, other: ImageObject | None, evidence: str | None, refuted: int
) -> None:
    first, second = "s3://a/k/l/1.png", "s3://b/k/l/1.png"
    found = {name: each for name, each in ((first, one), (second, other)) if each is not None}
    shared = shared_images(lines(first), lines(second), ImageListing(found))
    assert graded(shared) == ({second: evidence} if evidence else {})
    assert shared.refuted == refuted
    assert shared.collisions == ()


def test_a_size_tells_which_of_two_of_one_key_it_is() -> None:
    train = [
        DatasetLine("s3://a/k/l/1.png", True, size=1),
        DatasetLine("s3://b/k/l/1.png", True, size=2),
    ]
    shared = shared_images(train, [DatasetLine("s3://c/k/l/1.png", True, size=2)])
    assert [(pair.first, pair.evidence) for pair in shared.pairs] == [("s3://b/k/l/1.png", "key")]
    unknown = shared_images(train, lines("s3://c/k/l/1.png"))
    assert unknown.pairs == ()
    assert set(unknown.collisions) == {line.image for line in train} | {"s3://c/k/l/1.png"}
    assert unknown.same_keys == unknown.collisions


def test_equal_names_of_many_are_not_even_hints() -> None:
    train = [f"s3://a/line/x{n}/0001.png" for n in range(5)]
    test = [f"s3://a/line/y{n}/0001.png" for n in range(5)]
    shared = shared_images(lines(*train), lines(*test))
    assert shared.pairs == ()
    assert shared.same_keys == ()


def test_a_key_of_thousands_names_none_of_them() -> None:
    """As many pairs as there are images, not their square: 2,000 of one key on either side."""
    train = [f"s3://a-{n}/line/0001.png" for n in range(2_000)]
    test = [f"s3://b-{n}/line/0001.png" for n in range(2_000)]
    shared = shared_images(lines(*train), lines(*test))
    assert shared.pairs == ()
    assert len(shared.collisions) == 4_000


CONTENTS = st.none() | st.builds(
    ImageObject, st.integers(0, 2), st.sampled_from(["", MD5["a"], MD5["b"], "ab-2", "cd-2"])
)
PATHS = st.builds(
    lambda bucket, folders, name: "/".join(["s3:/", bucket, *folders, name]),
    st.sampled_from("xyz"),
    st.lists(st.sampled_from(["k", "l", "train", "images"]), max_size=3),
    st.sampled_from(["1.png", "2.png", "2.PNG"]),
)
SETS = st.lists(
    st.builds(
        lambda image, content: DatasetLine(
            image,
            None,
            size=content.size if content else None,
            etag=content.etag if content else "",
        ),
        PATHS,
        CONTENTS,
    ),
    max_size=8,
    unique_by=lambda line: line.image,
)


def content_of(line: DatasetLine) -> tuple[int, str] | None:
    return (line.size, line.etag) if line.size and line.etag else None


@pytest.mark.slow
@given(SETS, SETS)
def test_the_evidence_holds_against_a_look_at_every_pair(
    first: list[DatasetLine], second: list[DatasetLine]
) -> None:
    shared = shared_images(first, second)
    of_first, of_second = ({line.image: line for line in each} for each in (first, second))
    same_content: dict[str, set[str]] = defaultdict(set)
    for other in second:
        for one in first:
            if content_of(one) and content_of(one) == content_of(other):
                same_content[other.image].add(one.image)
    grades = graded(shared)
    assert len(grades) == len(shared.pairs)
    for image in of_second:
        if image in of_first:
            assert grades[image] == "uri"
        elif image in same_content:
            assert grades[image] == "content"
        else:
            assert grades.get(image) in (None, "key", "name")
    for pair in shared.pairs:
        one, other = of_first[pair.first], of_second[pair.second]
        if pair.evidence in ("key", "name"):
            assert not (one.size is not None and other.size is not None and one.size != other.size)
            md5s = {each.etag for each in (one, other) if len(each.etag) == 32}
            assert one.size is None or other.size is None or len(md5s) < 2
            assert key_end(pair.first) == key_end(pair.second)
    assert set(shared.collisions).isdisjoint(grades)


def key_end(image: str) -> str:
    return image.rsplit("/", 1)[1].lower()


def test_repeated_lines_count_once() -> None:
    repeated: Iterable[DatasetLine] = lines("s3://a/k/1.png", "s3://a/k/1.png")
    assert len(shared_images(repeated, repeated).pairs) == 1

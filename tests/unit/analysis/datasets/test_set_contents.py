"""What a set holds, against counts by pandas."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfv_mcp.analysis.datasets.set_contents import contents_of
from lfv_mcp.formats.datasets.dataset import Dataset, DatasetLine
from lfv_mcp.formats.datasets.image_objects import ImageListing, ImageObject

IMAGES = st.sampled_from([f"s3://b/k/{number}.png" for number in range(6)])
LINES = st.lists(
    st.builds(
        DatasetLine,
        IMAGES,
        st.sampled_from([True, False, None]),
        st.sampled_from(["anomaly", "normal", "scratch", ""]),
        size=st.none(),
        etag=st.just(""),
    ),
    max_size=30,
)


def dataset(*lines: DatasetLine) -> Dataset:
    return Dataset("train.manifest", "ground_truth", "train", lines)


@pytest.mark.slow
@settings(max_examples=40)
@given(LINES)
def test_counts_are_those_of_pandas(lines: list[DatasetLine]) -> None:
    result = contents_of(dataset(*lines)).to_result()
    frame = pd.DataFrame(
        [{"image": line.image, "label": str(line.anomalous)} for line in lines],
        columns=["image", "label"],
    )
    labels = frame["label"].value_counts()
    assert result.images == frame["image"].nunique()
    assert result.anomaly == labels.get("True", 0)
    assert result.normal == labels.get("False", 0)
    assert result.unlabelled == labels.get("None", 0)
    of_image = frame.groupby("image")["label"].agg(["size", set])
    contradictory = of_image[[{"True", "False"} <= labels for labels in of_image["set"]]]
    assert result.contradictory_labels == len(contradictory)
    assert result.repeated_images == (of_image["size"] > 1).sum() - len(contradictory)


def test_class_words_are_counted_as_written_and_unknown_ones_apart() -> None:
    contents = contents_of(
        dataset(
            DatasetLine("1.png", True, "Anomaly"),
            DatasetLine("2.png", False, "normal"),
            DatasetLine("3.png", False, "normal"),
            DatasetLine("4.png", None, "scratch"),
            DatasetLine("5.png", None),
        )
    )
    assert dict(contents.words) == {"normal": 2, "Anomaly": 1, "scratch": 1}
    assert next(iter(contents.words)) == "normal"
    assert dict(contents.unknown_words) == {"scratch": 1}
    assert contents.unlabelled == 2


@pytest.mark.parametrize("from_listing", [True, False])
def test_two_names_of_one_content_are_one_image_and_may_contradict(from_listing: bool) -> None:
    md5 = "0" * 31 + "a"
    objects = {"s3://b/1.png": ImageObject(7, md5), "s3://b/copy.png": ImageObject(7, md5)}
    lines = [DatasetLine("s3://b/1.png", True), DatasetLine("s3://b/copy.png", False)]
    listing = ImageListing(objects) if from_listing else None
    if not from_listing:
        lines = [line._replace(size=7, etag=md5) for line in lines]
    (repeated,) = contents_of(dataset(*lines), listing).contradictory
    assert [line.image for line in repeated.lines] == ["s3://b/1.png", "s3://b/copy.png"]
    assert contents_of(dataset(*lines[:1]), listing).repeated == ()


def test_lines_of_one_name_are_one_image_whichever_of_them_knows_its_content() -> None:
    lines = DatasetLine("s3://b/1.png", True), DatasetLine("s3://b/1.png", False, size=1, etag="e")
    assert len(contents_of(dataset(*lines)).contradictory) == 1

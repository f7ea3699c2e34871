"""What each successor would find wrong with a dataset, and what it would not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lfv_mcp.analysis.datasets.line_demands import SUCCESSORS, Successor
from lfv_mcp.analysis.datasets.successor_demands import TrainingData, demands_of
from lfv_mcp.formats.datasets.dataset import Dataset, DatasetLine
from lfv_mcp.formats.datasets.reader import read_datasets
from tests.support.datasets import (
    BACKGROUND,
    BUCKET,
    CRACKED,
    anomalib_rows,
    as_lines,
    class_example,
    labelled,
    masked,
    segmentation_template,
    table,
)


def read(items: object, name: str = "train.manifest") -> Dataset:
    assert isinstance(items, list)
    (dataset,) = read_datasets(name, [as_lines(items).encode()])
    return dataset


def codes(*training: Dataset, tests: tuple[Dataset, ...] = ()) -> dict[Successor, set[str]]:
    demands = demands_of(TrainingData(training, tests))
    return {
        successor: {found.code for found in getattr(demands, successor)} for successor in SUCCESSORS
    }


def good_line(number: int, word: str, **changes: Any) -> dict[str, Any]:
    """A line as both of AWS take it, for segmentation."""
    mask = masked(
        f"{BUCKET}/masks/{number}.png",
        BACKGROUND
        if word == "normal"
        else BACKGROUND | {"1": {"class-name": "cracked", "hex-color": "#23A436"}},
    )
    mask["anomaly-mask-ref-metadata"]["job-name"] = "anomaly-mask-ref"
    line = labelled(f"{BUCKET}/images/{number}.png", word, job="anomaly-label") | mask
    return {name: value for name, value in (line | changes).items() if value is not None}


def good_lines(count: int = 12) -> list[dict[str, Any]]:
    return [good_line(number, ("anomaly", "normal")[number % 2]) for number in range(count)]


def test_nothing_is_found_wrong_with_what_both_of_aws_take() -> None:
    found = codes(read(good_lines()))
    assert found["sagemaker"] == found["dda"] == set()


def test_the_31_normal_lines_of_the_template_lack_a_mask() -> None:
    demands = demands_of(TrainingData([read(segmentation_template())]))
    for found in (demands.sagemaker, demands.dda):
        (finding,) = [each for each in found if each.code == "masks_missing_normal"]
        assert finding.message.startswith("31 of 63 lines are normal and have no mask")
        assert finding.severity == "critical"


def test_the_class_example_needs_no_masks() -> None:
    found = codes(read(class_example()))
    assert "masks_missing_normal" not in found["sagemaker"] | found["dda"] | found["anomalib"]


NAMES = ("anomaly-label", "anomaly-label-metadata")


def changed(change: Mapping[str, Any], word: str = "anomaly") -> dict[str, Any]:
    return good_line(99, word, **change)


MASK = masked(f"{BUCKET}/masks/99.png", CRACKED)
OTHER_NAME = {
    "aliens-v3": 1,
    "aliens-v3-metadata": {
        **labelled("x", "anomaly")["anomaly-label-metadata"],
        "job-name": "aliens-v3",
    },
}


@pytest.mark.parametrize(
    ("line", "code", "successors"),
    [
        (changed(dict.fromkeys(NAMES) | OTHER_NAME), "attribute_names", "sagemaker dda"),
        (changed({"anomaly-label": "1"}), "label_values", "sagemaker dda"),
        (
            labelled(f"{BUCKET}/images/99.png", "anomaly", job="labeling-job/x")
            | {k: v for k, v in changed({}).items() if "mask" in k},
            "job_names",
            "sagemaker dda",
        ),
        (
            changed(dict.fromkeys(("anomaly-mask-ref", "anomaly-mask-ref-metadata")), "normal"),
            "masks_missing_normal",
            "sagemaker dda",
        ),
        (
            changed(dict.fromkeys(("anomaly-mask-ref", "anomaly-mask-ref-metadata"))),
            "masks_missing_anomaly",
            "sagemaker dda anomalib",
        ),
        (changed(MASK, "normal"), "colour_maps", "sagemaker dda"),
        (changed({"anomaly-mask-ref-metadata": {}}), "colour_maps", "sagemaker dda"),
        (changed({"source-ref": f"s3://{BUCKET}/9.png"}), "uris_malformed", "sagemaker dda"),
        (changed({"source-ref": f"{BUCKET}/images//9.png"}), "uris_malformed", "sagemaker dda"),
        (changed({"source-ref": "s3://only-a-bucket"}), "uris_malformed", "sagemaker dda"),
        (changed({"anomaly-mask-ref": f"{BUCKET}//9.png"}), "uris_malformed", "sagemaker dda"),
        (changed({"source-ref": "images/9.png"}), "images_not_in_s3", "sagemaker dda"),
        (changed({"source-ref": "s3://other-bucket/9.png"}), "several_buckets", "sagemaker dda"),
        (
            changed({"anomaly-mask-ref": f"{BUCKET}/masks/9_2026-01-23T10:30:00.png"}),
            "mask_names",
            "dda",
        ),
        (changed({"anomaly-label-metadata": {}}), "labels_missing", "sagemaker dda anomalib"),
    ],
)
def test_one_wrong_line_is_found_by_whom_it_concerns(
    line: dict[str, Any], code: str, successors: str
) -> None:
    found = codes(read([*good_lines(), line]))
    assert [name for name in SUCCESSORS if code in found[name]] == successors.split()


def test_a_bucket_of_one_letter_is_no_malformed_uri() -> None:
    line = changed({"source-ref": "s3://b/9.png"})
    assert "uris_malformed" not in codes(read([*good_lines(), line]))["sagemaker"]


def test_anomaly_masks_without_background_are_taken() -> None:
    """AWS's own example of a segmentation writes them so."""
    assert "colour_maps" not in codes(read([*good_lines(), changed(MASK)]))["sagemaker"]


@pytest.mark.parametrize(("count", "too_few"), [(9, True), (10, False)])
def test_ten_images_are_enough(count: int, too_few: bool) -> None:
    found = codes(read(good_lines(count)))
    for successor in (found["sagemaker"], found["dda"]):
        assert ("too_few_images" in successor) is too_few


def test_repeated_lines_are_no_more_images() -> None:
    assert "too_few_images" in codes(read(good_lines(9) * 3))["sagemaker"]


def test_a_test_set_alone_is_not_too_small_to_train_on() -> None:
    assert "too_few_images" not in codes(tests=(read(good_lines(4), "test.manifest"),))["sagemaker"]


def test_anomalib_takes_its_own_table() -> None:
    rows = anomalib_rows({("train", "normal"): 20, ("test", "normal"): 5, ("test", "abnormal"): 5})
    training, test = read_datasets("data.csv", [table(rows).encode()])
    found = codes(training, tests=(test,))
    assert found["anomalib"] == set()
    assert {"manifest_needed", "images_not_in_s3"} <= found["sagemaker"]


def test_anomalib_refuses_anomalies_to_train_on_and_needs_normal_images() -> None:
    rows = anomalib_rows({("train", "abnormal"): 3})
    (training,) = read_datasets("data.csv", [table(rows).encode()])
    assert codes(training)["anomalib"] == {"anomalies_in_training", "normal_images_missing"}
    assert "anomalies_in_training" not in codes(tests=(training,))["anomalib"]


def test_a_folder_is_no_manifest() -> None:
    line = DatasetLine("s3://b/train/normal/1.png", False, "normal", size=3)
    folder = Dataset("s3://b/train/", "folders", "train", (line,) * 10)
    found = codes(folder)
    assert "manifest_needed" in found["sagemaker"]
    assert not {"attribute_names", "job_names", "label_values"} & found["sagemaker"]
    assert "table_needed" not in found["anomalib"]

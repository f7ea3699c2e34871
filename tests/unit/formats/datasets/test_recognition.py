"""Which files are datasets, by how they start, and what each is for, by its name."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.formats.datasets.reader import read_datasets
from lfv_mcp.formats.datasets.recognition import starts_as_dataset
from lfv_mcp.formats.datasets.splits import split_of
from lfv_mcp.formats.decoding import UnrecognisedError
from tests.support.datasets import (
    ENCODINGS,
    LAYOUTS,
    anomalib_rows,
    as_lines,
    class_example,
    evaluated,
    exported,
    guide_csv,
    labelled,
    predicted,
    table,
)

GUIDE = guide_csv([("s3://b/1.png", "anomaly"), ("s3://b/2.png", "normal")])
ANOMALIB = table(anomalib_rows({("train", "normal"): 3, ("test", "abnormal"): 2}))
EVALUATION = [evaluated(f"s3://b/{n}.png", "normal", "anomaly") for n in range(3)]
PACKED = ("gzip", "bzip2")


@pytest.mark.parametrize("encoding", [name for name in ENCODINGS if name not in PACKED])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_manifest_is_told_in_any_layout_and_encoding(layout: str, encoding: str) -> None:
    data = ENCODINGS[encoding](LAYOUTS[layout](class_example()))
    assert starts_as_dataset(data) == "ground_truth"
    assert starts_as_dataset(data[:4000]) == "ground_truth"
    assert starts_as_dataset(ENCODINGS[encoding](LAYOUTS[layout](EVALUATION))) in (
        "evaluation",
        "ground_truth" if layout == "entries" else "evaluation",
    )


@pytest.mark.parametrize("encoding", [name for name in ENCODINGS if name not in PACKED])
def test_tables_are_told(encoding: str) -> None:
    assert starts_as_dataset(ENCODINGS[encoding](GUIDE)) == "csv"
    assert starts_as_dataset(ENCODINGS[encoding](ANOMALIB)) == "anomalib"
    assert starts_as_dataset(ENCODINGS[encoding](ANOMALIB)[:60]) in ("anomalib", None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello, world\n",
        "\0\0\0",
        "PK\x03\x04",
        "<html>",
        "image,truth,prediction\na.png,0,1\n",
        "path,label\na.png,cat\nb.png,dog\n",
        "s3://b/1.png\ns3://b/2.png\n",
        '{"PredictionSet": {"Name": "x"}}\n{"image": "a", "source-ref": 1}\n',
        '{"a": 1}\n{"source-ref": "s3://b/1.png"}\n',
        '[{"source-ref"',
        as_lines([predicted("a.png", "anomaly")]),
        json.dumps({"DatasetDescription": {"ProjectName": "source-ref"}}),
    ],
)
def test_what_is_no_dataset_is_none(text: str) -> None:
    assert starts_as_dataset(text.encode()) is None


def test_lines_without_a_label_are_a_dataset_and_predictions_alone_are_none() -> None:
    assert starts_as_dataset(b'{"source-ref": "s3://b/1.png"}\n') == "ground_truth"
    mixed = [predicted("a.png", "anomaly"), labelled("b.png", "normal")]
    assert starts_as_dataset(as_lines(mixed).encode()) == "ground_truth"


@pytest.mark.slow
@given(
    st.sampled_from(
        [as_lines(exported("train", 5)), GUIDE, ANOMALIB, as_lines(EVALUATION), "[]", "a,b\n"]
    ),
    st.binary(max_size=6),
    st.data(),
)
def test_any_start_of_any_file_is_told_without_a_failure(
    text: str, noise: bytes, data: st.DataObject
) -> None:
    whole = text.encode()
    place = data.draw(st.integers(0, len(whole)))
    head = whole[:place] + noise + whole[place : data.draw(st.integers(place, len(whole)))]
    if starts_as_dataset(head) is not None:
        with suppress(UnrecognisedError):  # the head may end within its first image
            assert read_datasets("a", [head])


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("datasets/caps/train/manifests/output/output.manifest", "train"),
        ("s3://b/datasets/test.manifest", "test"),
        ("s3://b/caps/Test/manifests/output/output.manifest", "test"),
        ("train_class.manifest", "train"),
        ("Training-2.jsonl", "train"),
        ("caps\\testing\\output.manifest", "test"),
        ("test/train.csv", "train"),
        ("train-test.csv", ""),
        ("latest.manifest", ""),
        ("retrained/output.manifest", ""),
        ("my-test-parts/output.manifest", ""),
        ("s3://train/output.manifest", ""),
        ("test/a/b/c/d/e/output.manifest", ""),
        ("us-east-1/111122223333/test/dataset-0a1b2c3d4e5f.manifest", ""),
        ("us-east-1/111122223333/test/train-0a1b2c3d4e5f.manifest", "train"),
        ("", ""),
    ],
)
def test_what_a_dataset_is_for_stands_in_its_path(name: str, split: str) -> None:
    assert split_of(name) == split

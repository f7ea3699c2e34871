"""The report and the table of any check: they never fail, say all of it, and keep to the width."""

from __future__ import annotations

import io
import json

import jsonschema
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfv_mcp.analysis.datasets.dataset_check import CheckedDatasets, check_datasets
from lfv_mcp.analysis.datasets.dataset_question import DatasetQuestion
from lfv_mcp.cli.dataset_csv import COLUMNS, problem_table
from lfv_mcp.cli.dataset_report import report_lines
from lfv_mcp.formats.datasets.dataset import Dataset, DatasetLine, LabelStyle, MaskColour
from lfv_mcp.formats.datasets.image_objects import ImageListing, ImageObject
from lfv_mcp.results.dataset_check import DatasetCheck
from lfv_mcp.results.schema import published_schema

IMAGES = st.sampled_from(
    [
        *(f"s3://b/caps/{folder}/{number}.png" for folder in "ab" for number in range(3)),
        "s3://c/caps/a/1.png",
        "s3://s3://b//x.png",
        "images/a/1.png",
        "/data/caps/a/1.png",
        "=cmd|'/c calc'!A0",
        "s3://b/\x1b[31m/ü\u202e.png",
        "\ud800.png",
    ]
)
STYLES = st.builds(
    LabelStyle,
    st.sampled_from(["", "anomaly-label", "aliens-v3"]),
    st.sampled_from(["integer", "string", "other", ""]),
    st.booleans(),
    st.sampled_from([None, "anomaly-label", "labeling-job/x"]),
    st.none(),
    st.sampled_from(["", "anomaly-mask-ref"]),
    st.none(),
    st.sampled_from([(), (MaskColour("0", "BACKGROUND", "#ffffff"),)]),
)
LINES = st.builds(
    DatasetLine,
    IMAGES,
    st.sampled_from([True, False, None]),
    st.sampled_from(["", "anomaly", "normal", "scratch\n"]),
    st.sampled_from(["", "s3://b/masks/1.png", "masks/T10:30:00.png"]),
    STYLES,
    st.integers(0, 20_000),
    st.none(),
    st.just(""),
    st.just(""),
)
SETS = st.builds(
    Dataset,
    st.sampled_from(["train.manifest", "s3://b/x/train.manifest", "s3://b/y/train.manifest", "t"]),
    st.sampled_from(["ground_truth", "csv", "anomalib", "folders", "evaluation"]),
    st.sampled_from(["train", "test", ""]),
    st.lists(LINES, max_size=12).map(tuple),
    st.sampled_from([{}, {"not a JSON object": 3}]),
    st.just(()),
    st.booleans(),
)
LISTINGS = st.none() | st.builds(
    ImageListing,
    st.dictionaries(
        IMAGES,
        st.builds(ImageObject, st.integers(0, 2), st.sampled_from(["", "a" * 32]), st.booleans()),
        max_size=6,
    ),
    st.sampled_from([(), ("s3://b/",), ("s3://b/caps/a/", "/data/")]),
    st.sampled_from([(), ("s3://c/",)]),
)
QUESTIONS = st.builds(
    DatasetQuestion,
    st.lists(SETS, max_size=3),
    st.lists(SETS, max_size=2),
    st.none() | SETS,
    LISTINGS,
)


def is_good_by_its_json(checked: CheckedDatasets) -> bool:
    """What design says of the exit code, read off the answer for pipes."""
    answer = checked.result.to_json()
    return not (
        any(each["contradictory_labels"] or each["unreadable_lines"] for each in answer["sets"])
        or answer.get("missing_images")
        or answer.get("missing_masks")
        or any(each["evidence"] != "name" for each in answer["overlaps"])
    )


@pytest.mark.slow
@settings(max_examples=60)
@given(QUESTIONS)
def test_any_check_is_reported(question: DatasetQuestion) -> None:
    checked = check_datasets(question)
    answer = json.loads(json.dumps(checked.result.to_json()))
    jsonschema.validate(answer, published_schema(DatasetCheck))
    assert checked.is_good is is_good_by_its_json(checked)
    lines = [part for line in report_lines(checked) for part in line.split("\n")]
    assert " ".join(lines).startswith(" ".join(checked.result.summary.split())[:60])
    for line in lines:
        assert len(line) <= 80, line
        assert line.isprintable()
    table = pd.read_csv(
        io.BytesIO(problem_table(checked)), dtype=str, keep_default_na=False, engine="python"
    )
    assert tuple(table.columns) == COLUMNS
    assert len(table) == sum(each["images"] for each in answer["sets"])
    assert not table["image"].str.startswith(("=", "+", "-", "@")).any()


def test_two_sets_of_one_name_are_told_apart_by_their_folders() -> None:
    sets = [
        Dataset(f"s3://b/{part}/manifests/train.manifest", "ground_truth", "train", ())
        for part in ("caps", "welds")
    ]
    report = "\n".join(report_lines(check_datasets(DatasetQuestion(sets))))
    assert "caps/manifests/train.mani" in report
    assert "welds/manifests/train.man" in report

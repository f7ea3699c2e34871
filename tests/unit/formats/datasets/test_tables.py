"""Tables of labels into datasets: the guide's CSV, and anomalib's columns with their splits."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import PurePosixPath

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.formats.datasets.dataset import Dataset
from lfv_mcp.formats.datasets.reader import read_datasets
from lfv_mcp.formats.decoding import UnrecognisedError
from tests.support.datasets import ENCODINGS, anomalib_rows, guide_csv, table

COUNTS = {("train", "normal"): 17, ("test", "normal"): 5, ("test", "abnormal"): 4}


def read(data: str | bytes, name: str = "a.csv") -> list[Dataset]:
    return read_datasets(name, [data.encode() if isinstance(data, str) else data])


def counts(dataset: Dataset) -> dict[bool | None, int]:
    return dict(Counter(line.anomalous for line in dataset.lines))


def test_the_guides_csv_has_no_header() -> None:
    rows = [(f"s3://b/parts/{n}.png", ("normal", "anomaly")[n % 3 == 0]) for n in range(30)]
    (dataset,) = read(guide_csv(rows), "train.csv")
    frame = pd.read_csv(io.StringIO(guide_csv(rows)), header=None, names=["image", "word"])
    words = frame["word"].value_counts()
    assert counts(dataset) == {True: words["anomaly"], False: words["normal"]}
    assert [line.image for line in dataset.lines] == list(frame["image"])
    assert (dataset.form, dataset.split, dataset.cut) == ("csv", "train", False)
    assert dataset.lines[29].number == 30


def test_what_spreadsheets_and_keys_do_to_the_guides_csv() -> None:
    text = (
        "\ns3://b/a, b.png,Anomaly,,\n"
        's3://b/c.png , "normal"\n'
        "s3://b/d.png\n"
        "s3://b/e.png,\n"
        "s3://b/f.png,scratch\n"
        "s3://b/g.png,0\n"
        "local.png,normal\n"
    )
    (dataset,) = read(text)
    assert [(line.image, line.anomalous, line.number) for line in dataset.lines] == [
        ("s3://b/a,b.png", True, 2),
        ("s3://b/c.png", False, 3),
        ("s3://b/d.png", None, 4),
        ("s3://b/e.png", None, 5),
        ("s3://b/f.png", None, 6),
        ("s3://b/g.png", None, 7),
    ]
    assert dataset.unreadable == {"no image named": 1}


def test_a_csv_that_is_cut_within_its_last_line_says_so() -> None:
    text = guide_csv([("s3://b/1.png", "anomaly"), ("s3://b/2.png", "normal")])
    for cut, expected in ((text[:-3], True), (text[:-1], False), (text, False)):
        (dataset,) = read(cut)
        assert dataset.cut == expected
    rows = table(anomalib_rows(COUNTS))
    assert any(each.cut for each in read(rows[:-7]))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_anomalibs_table_is_a_dataset_for_each_split(encoding: str) -> None:
    text = table(anomalib_rows(COUNTS))
    frame = pd.read_csv(io.StringIO(text))
    train, test = read(ENCODINGS[encoding](text))
    for dataset in (train, test):
        rows = frame[frame["split"] == dataset.split]
        assert counts(dataset) == {
            bool(index): count for index, count in rows["label_index"].value_counts().items()
        }
        assert [line.image for line in dataset.lines] == list(rows["image_path"])
        assert [line.mask for line in dataset.lines] == list(rows["mask_path"].fillna(""))
        assert dataset.form == "anomalib"
    assert (train.name, test.name) == ("a.csv (train)", "a.csv (test)")


def test_what_is_neither_train_nor_test_is_a_set_of_its_own() -> None:
    rows = anomalib_rows({("Train", "normal"): 2, ("val", "normal"): 3, ("", "normal"): 1})
    found = read(table(rows))
    assert [(each.name, each.split, len(each.lines)) for each in found] == [
        ("a.csv (train)", "train", 2),
        ("a.csv (val)", "", 3),
        ("a.csv (no split)", "", 1),
    ]


def test_anomalibs_labels_are_a_word_or_a_number_which_must_agree() -> None:
    text = (
        "image_path,label,label_index\n"
        "1.png,normal_test,\n"
        "2.png,,1.0\n"
        "3.png,abnormal,0\n"
        "4.png,dent,1\n"
        "5.png,,2\n"
        "6.png,,\n"
        "7.png\n"
        "image_path,label,label_index\n"
        ",normal,0\n"
        "10.png,normal,0\n"
    )
    (dataset,) = read(text, "test/parts.csv")
    assert {line.image: line.anomalous for line in dataset.lines} == {
        "1.png": False,
        "2.png": True,
        "4.png": True,
        "6.png": None,
        "10.png": False,
    }
    assert dataset.unreadable == {
        "a label and a label_index that contradict each other": 1,
        "a label_index that is neither 0 nor 1": 1,
        "fewer cells than the header": 1,
        "the header once more": 1,
        "no image named": 1,
    }
    assert [each.number for each in dataset.first_unreadable] == [4, 6, 8, 9, 10]
    assert dataset.split == "test"


def test_a_table_of_images_and_truth_is_a_dataset_in_any_words() -> None:
    (dataset,) = read("Filename;Ground Truth\na.png;NG\nb.png;OK\nc.png;?\n")
    assert {line.image: line.anomalous for line in dataset.lines} == {
        "a.png": True,
        "b.png": False,
        "c.png": None,
    }
    assert dataset.form == "csv"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,truth,prediction\na.png,0,1\n", "predictions, no dataset: .* 'prediction'"),
        ("image_path,label,pred_score\na.png,0,1\n", "predictions, no dataset"),
        ("name,colour\na,red\n", "no dataset: its first line is 'name', 'colour'"),
        ("image_path\na.png\n", "no dataset"),
    ],
)
def test_other_tables_are_named(text: str, message: str) -> None:
    with pytest.raises(UnrecognisedError, match=message):
        read(text)


def test_lines_of_no_use_are_counted_where_no_image_is_left() -> None:
    (dataset,) = read("image_path,label,split\n,normal,train\n")
    assert (dataset.lines, dataset.unreadable) == ((), {"no image named": 1})


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=12)


@pytest.mark.slow
@given(
    rows=st.lists(st.tuples(cells, st.sampled_from(["normal", "abnormal", "?", ""]), cells)),
    delimiter=st.sampled_from(",;\t|"),
    size=st.integers(1, 99),
)
def test_every_row_is_an_image_or_counted(
    rows: list[tuple[str, str, str]], delimiter: str, size: int
) -> None:
    text = table(
        [
            {"image_path": "first.png", "label": "normal", "split": "train"},
            *({"image_path": image, "label": word, "split": split} for image, word, split in rows),
        ],
        delimiter,
    )
    data = text.encode()
    found = read_datasets("a", [data[start : start + size] for start in range(0, len(data), size)])
    images = sum(len(dataset.lines) for dataset in found)
    others = sum(sum(dataset.unreadable.values()) for dataset in found)
    # A row of nothing but blanks is none.
    wanted = [row for row in rows if any(cell.strip() for cell in row)]
    assert images + others == 1 + len(wanted)
    assert all(line.image.strip() for dataset in found for line in dataset.lines)


def test_images_of_a_table_keep_their_folders() -> None:
    train, _ = read(table(anomalib_rows(COUNTS)))
    assert {PurePosixPath(line.image).parent.name for line in train.lines} == {"normal"}

"""Manifests of every spelling into datasets: what a person labelled, and nothing is lost."""

from __future__ import annotations

import io
import json
import re
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.formats.datasets import gathering
from lfv_mcp.formats.datasets.dataset import Dataset, MaskColour
from lfv_mcp.formats.datasets.labels import LONG_NAME
from lfv_mcp.formats.datasets.reader import read_datasets
from lfv_mcp.formats.datasets.recognition import starts_as_dataset
from lfv_mcp.formats.decoding import UnrecognisedError
from tests.support.datasets import (
    BACKGROUND,
    CRACKED,
    ENCODINGS,
    LAYOUTS,
    as_array,
    as_lines,
    as_objects,
    class_example,
    evaluated,
    exported,
    guide_csv,
    labelled,
    masked,
    predicted,
    segmentation_template,
)

_WORDS: Final = {"anomaly": True, "normal": False}


def one(data: bytes | str, name: str = "a.manifest", size: int = 1 << 16) -> Dataset:
    """The only dataset of a file."""
    data = data.encode() if isinstance(data, str) else data
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    (dataset,) = read_datasets(name, chunks)
    return dataset


def counts(dataset: Dataset) -> dict[bool | None, int]:
    """Lines by label."""
    return dict(Counter(line.anomalous for line in dataset.lines))


def labels(items: Iterable[dict[str, Any]], **changes: Any) -> list[bool | None]:
    """The labels of lines, with members changed."""
    return [line.anomalous for line in one(as_lines(item | changes for item in items)).lines]


def test_awss_example_for_classification_has_32_anomalies_and_31_normal_images() -> None:
    dataset = one(as_lines(class_example()), "datasets/train_class.manifest")
    assert counts(dataset) == {True: 32, False: 31}
    assert (dataset.form, dataset.split, dataset.cut) == ("ground_truth", "train", False)
    styles = Counter((line.style.label, line.style.job_name) for line in dataset.lines)
    assert styles == {
        ("anomaly-label", "anomaly-label"): 32,
        ("anomaly-label", "labeling-job/auto-label"): 31,
    }
    assert [line.number for line in dataset.lines] == list(range(1, 64))


def test_awss_template_for_segmentation_has_31_normal_lines_without_a_mask() -> None:
    dataset = one(as_lines(segmentation_template()))
    assert counts(dataset) == {True: 32, False: 31}
    assert Counter(line.anomalous for line in dataset.lines if not line.mask) == {False: 31}
    first = dataset.lines[0]
    assert first.mask == "mask-images/anomaly-1.png"
    assert first.style.mask == "anomaly-mask-ref"
    assert first.style.mask_job_name == "labeling-job/object-mask-ref"
    assert first.style.colours == (MaskColour("0", "cracked", "#23A436"),)


def test_the_counts_are_those_of_pandas() -> None:
    data = as_lines([*exported("train", 41), *class_example(), labelled("s3://b/x.png", "scratch")])
    frame = pd.read_json(io.StringIO(data), lines=True)
    words = frame["anomaly-label-metadata"].map(lambda each: each["class-name"]).value_counts()
    dataset = one(data)
    assert counts(dataset) == {
        True: words["anomaly"],
        False: words["normal"],
        None: words["scratch"],
    }
    assert [line.image for line in dataset.lines] == list(frame["source-ref"])


def test_the_class_name_decides_whatever_stands_beside_it() -> None:
    for value in (0, 1, "0", "1", -1, None, True, "normal"):
        assert labels([labelled("a.png", "anomaly"), labelled("b.png", "Normal")], x=value) == [
            True,
            False,
        ]
    lines = [labelled("a.png", "Anomaly", value=0), labelled("b.png", " NORMAL ", value="1")]
    dataset = one(as_lines(lines))
    assert counts(dataset) == {True: 1, False: 1}
    assert [line.word for line in dataset.lines] == ["Anomaly", " NORMAL "]
    assert [line.style.value for line in dataset.lines] == ["integer", "string"]


@pytest.mark.parametrize("value", [0, 1, "0", "1", True, None, [0], {"annotations": []}])
def test_a_number_alone_says_nothing_for_awss_samples_write_both(value: object) -> None:
    line = labelled("a.png", None)
    assert labels([line | {"anomaly-label": value}]) == [None]
    assert labels([{"source-ref": "a.png", "anomaly-label": value}]) == [None]


def test_a_class_word_in_the_place_of_the_number_is_one() -> None:
    lines = [labelled("a.png", None, value="anomaly"), labelled("b.png", None, value="OK")]
    assert labels(lines) == [True, False]
    assert labels([{"source-ref": "a.png", "label": "defect"}]) == [True]
    assert labels([{"source-ref": "a.png", "worker": "good"}]) == [None]


@pytest.mark.parametrize("word", ["scratch", "", "1", "0", "yes", "maybe"])
def test_a_word_of_neither_class_leaves_the_image_unlabelled(word: str) -> None:
    (line,) = one(as_lines([labelled("a.png", word, value=1)])).lines
    assert (line.anomalous, line.word) == (None, word)


def test_what_a_model_predicted_is_no_label() -> None:
    dataset = one(as_lines([predicted("a.png", "anomaly"), labelled("b.png", "normal")]))
    assert [line.anomalous for line in dataset.lines] == [None, False]
    assert [line.style.human_annotated for line in dataset.lines] == [False, True]
    assert dataset.lines[0].word == ""
    detected = labelled("a.png", "anomaly", label="anomaly-label-detected", human=None)
    assert labels([detected]) == [None]


def test_the_label_attribute_may_have_any_name() -> None:
    dataset = one(as_lines([labelled("a.png", "anomaly", label="aliens-v3")]))
    assert counts(dataset) == {True: 1}
    assert dataset.lines[0].style.label == "aliens-v3"


def test_of_several_labels_that_of_a_person_counts() -> None:
    both = predicted("a.png", "anomaly", label="auto") | labelled("a.png", "normal", label="mine")
    assert labels([both]) == [False]
    unknown = labelled("a.png", "scratch", label="kind") | labelled("a.png", "anomaly")
    assert labels([unknown]) == [True]
    boxes = labelled("a.png", "normal") | labelled(
        "a.png", "anomaly", label="boxes", value={"annotations": []}
    )
    assert labels([boxes]) == [False]


def test_two_labels_of_persons_that_contradict_each_other_are_of_no_use() -> None:
    lines = [labelled("a.png", "anomaly") | labelled("a.png", "normal", label="second")]
    dataset = one(as_lines([*lines, labelled("b.png", "normal")]))
    assert counts(dataset) == {False: 1}
    assert dataset.unreadable == {"two labels that contradict each other": 1}
    assert dataset.first_unreadable[0].number == 1


def test_an_evaluation_manifest_gives_the_truth_of_its_images() -> None:
    lines = [evaluated("a.png", "anomaly", "normal"), evaluated("b.png", "normal", "normal")]
    dataset = one(as_lines(lines), "caps/train/EvaluationManifest-caps-2.json")
    assert (dataset.form, dataset.split) == ("evaluation", "test")
    assert counts(dataset) == {True: 1, False: 1}
    # Another label beside it, of another question, changes nothing.
    beside = evaluated("a.png", "anomaly", "normal") | labelled("a.png", "normal", label="clean")
    assert counts(one(as_lines([beside]))) == {True: 1}


def test_a_mask_and_its_colours_are_read_whatever_they_are_called() -> None:
    colours = BACKGROUND | {"1": {"name": "scratch", "hex-color": "#2ca02c"}}
    line = labelled("a.png", "anomaly") | masked("s3://b/m.png", colours, "scratch-mask-ref")
    (read,) = one(as_lines([line])).lines
    assert (read.mask, read.style.mask) == ("s3://b/m.png", "scratch-mask-ref")
    assert read.style.colours == (
        MaskColour("0", "BACKGROUND", "#ffffff"),
        MaskColour("1", "scratch", "#2ca02c"),
    )
    guessed = labelled("a.png", "anomaly") | masked("s3://b/m.png", CRACKED)
    guessed["anomaly-mask-ref-metadata"]["human-annotated"] = "no"
    assert one(as_lines([guessed])).lines[0].mask == ""
    odd = labelled("a.png", "anomaly") | {
        "anomaly-mask-ref": 7,
        "anomaly-mask-ref-metadata": {"internal-color-map": [1]},
    }
    assert one(as_lines([odd])).lines[0].mask == ""


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_manifest_is_read_in_any_layout_and_encoding(layout: str, encoding: str) -> None:
    lines = [*class_example(), labelled("s3://b/Gehäuse grün 1.png", "anomaly")]
    dataset = one(ENCODINGS[encoding](LAYOUTS[layout](lines)), size=1000)
    assert [(line.image, line.anomalous) for line in dataset.lines] == [
        (line["source-ref"], _WORDS[line["anomaly-label-metadata"]["class-name"]]) for line in lines
    ]
    assert not dataset.unreadable
    assert not dataset.cut


@pytest.mark.parametrize("layout", ["lines", "array", "objects"])
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp437", "gb18030"])
def test_names_of_a_code_page_stay_apart(layout: str, encoding: str) -> None:
    letters = "\u4e00\u4e59" if encoding == "gb18030" else "\xe4\xf6"
    lines = [labelled(f"s3://b/{letter}.png", "normal") for letter in letters]
    text = LAYOUTS[layout](lines)
    for letter in letters:
        text = text.replace(json.dumps(letter)[1:-1], letter)
    dataset = one(text.encode(encoding))
    assert len({line.image for line in dataset.lines}) == len(lines)
    assert not dataset.unreadable


@pytest.mark.parametrize("layout", ["lines", "array", "objects"])
def test_a_letter_that_ends_in_a_backslash_loses_no_image(layout: str) -> None:
    lines = [labelled(f"s3://b/{letter}.png", "anomaly") for letter in "ab"]
    text = LAYOUTS[layout](lines).replace("/a.png", "/\u8868.png").replace("/b.png", "/\u30bd.png")
    dataset = one(text.encode("shift-jis"))
    assert counts(dataset) == {True: 2}
    assert not dataset.unreadable


def test_the_members_of_an_archive_are_datasets_of_their_own() -> None:
    train, test = as_lines(class_example()).encode(), as_array(exported("test", 8)).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("caps/train.manifest", train)
        packed.writestr("caps/test.manifest", test)
        packed.writestr("caps/readme.txt", "nothing, in particular\nhere, too\n")
    found = read_datasets("caps.zip", [out.getvalue()])
    assert [(each.name, each.split, len(each.lines)) for each in found] == [
        ("caps/train.manifest in caps.zip", "train", 63),
        ("caps/test.manifest in caps.zip", "test", 8),
    ]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        member = tarfile.TarInfo("manifest")
        member.size = len(test)
        tar.addfile(member, io.BytesIO(test))
    (dataset,) = read_datasets("export.tar.gz", [out.getvalue()])
    assert len(dataset.lines) == 8


def test_lines_of_no_use_are_counted_and_located() -> None:
    whole = json.dumps(labelled("a.png", "normal"))
    text = "\n".join(
        [
            whole,
            whole[:40],
            "",
            json.dumps(labelled("", "normal")),
            json.dumps({"source": "no image"}),
            json.dumps(labelled("x" * 5000, "normal")),
            f'{{"source-ref": "{"y" * (1 << 20)}"}}',
            "[1]",
            whole,
        ]
    )
    dataset = one(text)
    assert [line.number for line in dataset.lines] == [1, 9]
    assert dataset.unreadable == {
        "not a JSON object": 2,
        "no image named": 2,
        LONG_NAME: 1,
        "longer than 1 MiB": 1,
    }
    assert [each.number for each in dataset.first_unreadable] == [2, 4, 5, 6, 7, 8]
    assert not dataset.cut


@pytest.mark.parametrize("layout", [as_array, as_objects])
def test_an_array_that_is_cut_off_keeps_what_was_whole(layout: Any) -> None:
    text = layout(exported("train", 20))
    starts = [found.end() for found in re.finditer('"source-ref"', text)]
    for whole, cut in enumerate(starts[1:], 1):
        dataset = one(text[:cut])
        assert len(dataset.lines) == whole
        assert dataset.cut
        assert sum(dataset.unreadable.values()) == 1


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0"])
def test_a_line_that_looks_like_another_encoding_is_one_bad_line(mark: bytes) -> None:
    lines = as_lines(class_example()).encode().splitlines(keepends=True)
    lines[5] = mark + lines[5]
    dataset = one(b"".join(lines))
    assert (len(dataset.lines), dataset.unreadable) == (62, {"not a JSON object": 1})
    assert starts_as_dataset(b"".join(lines)) == "ground_truth"
    rows = guide_csv([("s3://b/1.png", "anomaly"), ("s3://b/2.png", "normal")]).encode()
    rows += mark[:2] + b"s3://b/3.png,normal\n"
    assert starts_as_dataset(rows) == "csv"
    dataset = one(rows)
    assert (len(dataset.lines), dataset.unreadable) == (2, {"no image named": 1})


def test_a_dataset_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "LINES_KEPT", 50)
    with pytest.raises(UnrecognisedError, match="more than 50 images; split it") as caught:
        one(as_lines(class_example()))
    assert caught.value.is_unread


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "an empty file"),
        (b"\x89PNG\r\n\x1a\n", "an image"),
        (b"<html></html>", "HTML or XML"),
        (b'{"a": 1}\n{"b": 2}\n', "no line of it names an image"),
        (b'{"PredictionSet": {"Name": "padim"}}\n', "a prediction set, no dataset"),
        (b'[{"a": 1}]', "no line of it names an image"),
        (b"hello", "no dataset"),
        (b"hello,\0\n", "not a text"),
        (b"PK\x05\x06" + bytes(18), "an archive without a dataset"),
    ],
)
def test_what_is_no_dataset_is_named(data: bytes, message: str) -> None:
    with pytest.raises(UnrecognisedError, match=message):
        read_datasets("a", [data])


def test_a_damaged_file_is_no_smaller_dataset() -> None:
    packed = ENCODINGS["gzip"](as_lines(class_example()))
    with pytest.raises(UnrecognisedError, match="truncated or corrupt gzip") as caught:
        read_datasets("a.gz", [packed[:-40]])
    assert caught.value.is_unread


kinds = st.sampled_from(["anomaly", "normal", "good", "scratch", "predicted", "no image", "broken"])


def _line(kind: str, number: int) -> str:
    image = f"s3://b/{number}.png"
    if kind == "predicted":
        return json.dumps(predicted(image, "anomaly"))
    if kind == "no image":
        return json.dumps({"anomaly-label": 1})
    whole = json.dumps(labelled(image, kind))
    return whole[:-1] if kind == "broken" else whole


@pytest.mark.slow
@given(
    found=st.lists(kinds, min_size=1, max_size=30),
    blanks=st.sets(st.integers(0, 30)),
    encoding=st.sampled_from(sorted(ENCODINGS)),
    size=st.integers(1, 500),
)
def test_every_line_is_an_image_or_counted(
    found: list[str], blanks: set[int], encoding: str, size: int
) -> None:
    found = ["anomaly", *found]
    expected = Counter(
        {"anomaly": True, "normal": False, "good": False}.get(kind)
        for kind in found
        if kind not in ("no image", "broken")
    )
    text = "".join(
        f"{_line(kind, number)}\n{' ' if number in blanks else ''}\n"
        for number, kind in enumerate(found)
    )
    dataset = one(ENCODINGS[encoding](text), size=size)
    assert counts(dataset) == expected
    assert sum(dataset.unreadable.values()) == found.count("no image") + found.count("broken")
    places = sorted(
        [line.number for line in dataset.lines] + [each.number for each in dataset.first_unreadable]
    )
    wanted = [2 * number + 1 for number in range(len(found))]
    assert places == wanted[: len(places)] or len(dataset.first_unreadable) == 20
    assert dataset.cut == (found[-1] == "broken")


@pytest.mark.slow
@given(count=st.integers(2, 12), data=st.data())
def test_a_manifest_that_is_cut_anywhere_says_so(count: int, data: st.DataObject) -> None:
    lines = as_lines(exported("train", count)).encode().splitlines(keepends=True)
    end = data.draw(st.integers(len(lines[0]), sum(map(len, lines))))
    part = b"".join(lines)[:end]
    dataset = one(part)
    rest = part.rpartition(b"\n")[2]
    whole = part.count(b"\n") + (bool(rest) and rest in [line[:-1] for line in lines])
    assert len(dataset.lines) == whole
    assert dataset.cut == (bool(rest) and rest not in [line[:-1] for line in lines])
    assert sum(dataset.unreadable.values()) == dataset.cut


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
names = st.sampled_from(
    [
        *("source-ref", "anomaly-label", "anomaly-label-metadata", "x", "x-metadata", "-metadata"),
        *("anomaly-mask-ref", "anomaly-mask-ref-metadata", "x-detected-metadata", "DatasetEntries"),
    ]
)
metadata = st.dictionaries(
    st.sampled_from(["class-name", "human-annotated", "job-name", "internal-color-map"]),
    json_values,
)


@pytest.mark.slow
@given(
    st.lists(st.dictionaries(names, json_values | metadata | st.text(max_size=3)), min_size=1),
    st.sampled_from(sorted(LAYOUTS)),
)
def test_no_value_of_a_member_breaks_the_reading(items: list[dict[str, Any]], layout: str) -> None:
    try:
        datasets = read_datasets("a", [LAYOUTS[layout](items).encode()])
    except UnrecognisedError:
        return
    for dataset in datasets:
        for line in dataset.lines:
            assert line.image
            assert line.anomalous in (True, False, None)
            hash(line)


@pytest.mark.slow
@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(str.encode)
    | st.sampled_from([as_lines(class_example()[:3]).encode()]).flatmap(
        lambda data: st.tuples(st.integers(0, len(data)), st.binary(max_size=9)).map(
            lambda change: data[: change[0]] + change[1] + data[change[0] + len(change[1]) :]
        )
    )
)
def test_bytes_are_datasets_or_said_to_be_none(data: bytes) -> None:
    with suppress(UnrecognisedError):
        assert read_datasets("a", [data])

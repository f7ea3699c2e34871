"""The file of a prediction set: what is written is read back, and what is cut off is never taken
for a smaller set."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.formats.datasets.dataset import DatasetLine
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.manifest_lines import lines_of
from lfv_mcp.formats.predictions.prediction_file import (
    header_line,
    image_line,
    prediction_set_text,
    read_prediction_file,
    starts_as_prediction_set,
    training_line,
)
from lfv_mcp.formats.predictions.prediction_set import PredictedImage, PredictionSet, TrainedOn
from lfv_mcp.formats.recognition import recognise
from tests.support.prediction_sets import PADIM, about_of, images_of, predicted_images, set_file
from tests.support.saved_records import described, response
from tests.support.tiers import slow_but

RECORD: Final = json.dumps(response("ModelDescription", described())).encode()


def read_back(data: bytes) -> PredictionSet:
    """The set in a file of these bytes."""
    return read_prediction_file(lines_of(prediction_set_text([data], lambda _: True)))


@pytest.mark.slow
@given(st.lists(predicted_images, max_size=20))
def test_what_is_written_is_read_back(images: list[PredictedImage]) -> None:
    data = set_file(images)
    assert read_back(data) == PredictionSet(about_of(images), tuple(images))
    assert starts_as_prediction_set(data)
    (record,), problems = recognise(data)
    assert (record.form, record.key, problems) == ("predictions", PADIM, [])


_LABEL_MEMBERS = ("word", "mask", "style", "number", "created")


@pytest.mark.slow
@given(
    st.lists(predicted_images, max_size=5),
    st.lists(
        st.builds(
            DatasetLine,
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
            st.none(),
            size=st.none() | st.integers(0, 1 << 40),
            etag=st.text("0123456789abcdef-", max_size=40),
            # What a line says of its label is not kept: only which images were trained on.
            **{name: st.just(DatasetLine("x", None)._asdict()[name]) for name in _LABEL_MEMBERS},
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_what_its_model_was_trained_on_is_read_back(
    images: list[PredictedImage], training: list[DatasetLine]
) -> None:
    about = replace(about_of(images), trained_on=TrainedOn("train.manifest", len(training)))
    lines = [header_line(about), *map(image_line, images), *map(training_line, training)]
    found = read_back(b"".join(lines))
    assert found == PredictionSet(about, tuple(images), training=tuple(training))
    (record,), problems = recognise(b"".join(lines))
    assert (record.key, problems) == (PADIM, [])
    with pytest.raises(UnrecognisedError, match="ends early"):
        read_back(b"".join(lines[:-1]))
    broken = read_back(b"".join([*lines[:-1], b"{\n"]))
    assert (broken.training_unread, broken.training) == (1, tuple(training[:-1]))


def in_tar(data: bytes) -> bytes:
    """A compressed tar archive with this file amid others."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in (("a.txt", b"notes"), ("sets/p.jsonl", data), ("z.json", b"{}")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


SPELLINGS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "tar": in_tar,
    "mark": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "Windows": lambda data: data.replace(b"\n", b"\r\n"),
    "blank lines": lambda data: data.replace(b"\n", b"\n\n"),
    "blanks": lambda data: b"\n".join(
        json.dumps(json.loads(line)).encode() for line in data.splitlines()
    ),
}


@pytest.mark.parametrize("number", slow_but((0, 3), (0, 3, 5000)))
@pytest.mark.parametrize("spelled", SPELLINGS.values(), ids=list(SPELLINGS))
def test_a_set_is_told_in_any_spelling(spelled: Callable[[bytes], bytes], number: int) -> None:
    images = images_of(number)
    data = spelled(set_file(images))
    records, problems = recognise(data)
    assert [record.key for record in records] == [PADIM]
    assert not any(problem.is_unread for problem in problems)
    assert read_back(data) == PredictionSet(about_of(images), tuple(images))


@given(st.data())
def test_a_set_that_is_cut_anywhere_is_no_smaller_set(data: st.DataObject) -> None:
    whole = set_file(images_of(12))
    # Between two lines, or within one.
    ends = [at for at, byte in enumerate(whole) if byte == ord("\n")]
    cut = whole[: data.draw(st.sampled_from(ends[:-1]) | st.integers(1, len(whole) - 2))]
    records, problems = recognise(cut)
    assert not records
    assert any(problem.is_unread for problem in problems) or not starts_as_prediction_set(cut)
    try:
        found = read_back(cut)
    except UnrecognisedError:
        return
    # The last line alone can be broken and be there all the same.
    assert found.unreadable == 1
    assert found.images == tuple(images_of(12)[:-1])


def test_two_sets_in_one_file_are_none() -> None:
    both = set_file(images_of(3)) + set_file(images_of(4))
    records, problems = recognise(both)
    assert not records
    assert [str(problem) for problem in problems if problem.is_unread] == [
        "a prediction set that has lines too many (8 images, and its first line says 3)"
    ]
    with pytest.raises(UnrecognisedError, match="lines too many"):
        read_back(both)


@pytest.mark.parametrize(
    "spelled",
    [
        lambda lines: b"[" + b",".join(lines) + b"]",
        lambda lines: b"\n".join(json.dumps(json.loads(line), indent=2).encode() for line in lines),
        lambda lines: RECORD + b"\n" + b"\n".join(lines),
    ],
    ids=["array", "indented", "amid others"],
)
def test_a_set_that_is_not_alone_in_its_file_is_unread(
    spelled: Callable[[list[bytes]], bytes],
) -> None:
    records, problems = recognise(spelled(set_file(images_of(3)).splitlines()))
    assert [record.form for record in records if record.form == "predictions"] == []
    assert "a prediction set that is not alone in its file" in str(
        next(problem for problem in problems if problem.is_unread)
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"Project": "../caps"},
        {"Region": "../../etc", "Account": "111122223333"},
        {"Region": "us-east-1", "Account": ""},
        {"Region": "", "Account": "111122223333"},
        {"Region": "us-east-1", "Account": "1"},
        {"Name": "latest"},
        {"Name": "v3"},
        {"Name": "a/b"},
        {"Images": -1},
        {"Images": True},
        {"Images": "3"},
        {"Columns": []},
        {"Scores": "some"},
        {"Origin": 3},
        {"Cut": float("nan")},
    ],
)
def test_a_first_line_that_cannot_be_used(changed: dict[str, object]) -> None:
    first, *rest = set_file(images_of(3)).splitlines(keepends=True)
    body = json.loads(first)["PredictionSet"] | changed
    data = json.dumps({"PredictionSet": body}).encode() + b"\n" + b"".join(rest)
    records, problems = recognise(data)
    assert not records
    assert [problem.corrupt for problem in problems] == [True]
    with pytest.raises(UnrecognisedError):
        read_back(data)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
MEMBERS: Final = (
    *("Region", "Account", "Project", "Name", "Origin", "Columns", "Images", "Answered", "Truth"),
    *("Scores", "Cut", "Unusable", "SameNames", "Content"),
)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(MEMBERS), values, max_size=4))
def test_whatever_a_first_line_says_is_read_or_said(changed: dict[str, object]) -> None:
    first, *rest = set_file(images_of(3)).splitlines(keepends=True)
    body = json.loads(first)["PredictionSet"] | changed
    data = json.dumps({"PredictionSet": body}).encode() + b"\n" + b"".join(rest)
    records, problems = recognise(data)
    assert len(records) + sum(problem.is_unread for problem in problems) == 1
    if records:
        assert read_back(data).about.images == 3
        assert read_back(data).about.key == records[0].key


def test_a_broken_line_is_counted() -> None:
    lines = set_file(images_of(4)).splitlines(keepends=True)
    lines[2] = b'{"image": "a.png", "prediction": "perhaps"}\n'
    found = read_back(b"".join(lines))
    assert found.unreadable == 1
    assert found.images is not None
    assert len(found.images) == 3

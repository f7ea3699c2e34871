"""A dataset is one record of an archive, in every spelling; whatever is none stays foreign."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.archive.reading import recognise_file
from lfv_mcp.archive.store import Directory
from lfv_mcp.formats.datasets.reader import read_datasets
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.recognition import recognise
from tests.support.datasets import (
    ENCODINGS,
    LAYOUTS,
    anomalib_rows,
    as_array,
    as_lines,
    class_example,
    evaluated,
    exported,
    guide_csv,
    labelled,
    predicted,
    segmentation_template,
    table,
)
from tests.support.edge_packages import tarred, zipped

MANIFESTS: Final[dict[str, list[dict[str, Any]]]] = {
    "classes": class_example(),
    "segmentation": segmentation_template(),
    "exported": exported("train", 30),
    "custom": [labelled("s3://b/1.png", "anomaly", label="aliens-v3")],
    "unlabelled": [{"source-ref": "s3://b/1.png"}, {"source-ref": "s3://b/2.png"}],
}
GUIDE: Final = guide_csv([("s3://b/1.png", "anomaly"), ("s3://b/2, old.png", "normal")] * 40)
ANOMALIB: Final = table(anomalib_rows({("train", "normal"): 30, ("test", "abnormal"): 5}))
TEXTS: Final = {
    **{
        f"{name}, {layout}": as_text(items)
        for name, items in MANIFESTS.items()
        for layout, as_text in LAYOUTS.items()
    },
    "guide": GUIDE,
    "anomalib": ANOMALIB,
    "anomalib, semicolons": ANOMALIB.replace(",", ";"),
}


def form_and_image(data: bytes) -> tuple[str, str]:
    """What the one record of a file's bytes tells, and nothing is wrong with it."""
    (record,), problems = recognise(data)
    assert [str(problem) for problem in problems] == []
    assert record.form == "dataset"
    assert record.arn == ""
    return record.body["Form"], record.body["FirstImage"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", TEXTS)
def test_a_dataset_is_one_record_however_it_was_saved(name: str, encoding: str) -> None:
    data = ENCODINGS[encoding](TEXTS[name])
    (first, *_) = read_datasets(name, [data])
    assert form_and_image(data) == (first.form, first.lines[0].image)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_of_datasets_is_one_record(pack: Callable[[Any], bytes]) -> None:
    members = {name: text.encode() for name, text in TEXTS.items()}
    form, image = form_and_image(pack(members | {"a.png": b"\x89PNG", "note.txt": b"call Bob"}))
    assert (form, image) == ("ground_truth", MANIFESTS["classes"][0]["source-ref"])


@pytest.mark.parametrize(
    "name", ["classes, lines", "exported, lines", "guide", "anomalib", "anomalib, semicolons"]
)
def test_of_a_long_one_its_ends_tell_the_same(name: str, tmp_path: Path) -> None:
    lines = TEXTS[name].splitlines(keepends=True)
    long = "".join([*lines, *lines[1:] * (300_000 // len(TEXTS[name]))])
    assert len(long) > 200_000
    read: list[int] = []

    class Counted(Directory):
        def open(self, name: str, *, start: int = 0, limit: int | None = None) -> Any:
            read.append(limit or 1 << 30)
            return super().open(name, start=start, limit=limit)

    for encoding, most in (("utf-8", 1 << 17), ("windows", 1 << 17), ("utf-16", 1 << 31)):
        read.clear()
        (tmp_path / "a").write_bytes(ENCODINGS[encoding](long))
        files = Counted(tmp_path)
        (entry,) = files.entries()
        (record,), problems, _ = recognise_file(files, entry)
        assert problems == []
        assert (record.form, record.body["FirstImage"]) == (
            "dataset",
            form_and_image(TEXTS[name].encode())[1],
        )
        assert sum(read) <= most


@pytest.mark.slow
@given(st.sampled_from(sorted(TEXTS)), st.data())
def test_what_is_cut_off_is_unread_or_reads_the_same(name: str, data: st.DataObject) -> None:
    whole = TEXTS[name].encode()
    cut = whole[: data.draw(st.integers(1, len(whole)))]
    found, problems = recognise(cut)
    try:
        is_cut = any(each.cut for each in read_datasets(name, [cut]))
    except UnrecognisedError:
        assert found == []  # the cut is in its first line
        return
    unread = [str(problem) for problem in problems if problem.is_unread]
    if found:
        assert bool(unread) == is_cut
    else:
        assert problems


def test_a_cut_manifest_is_held_and_said() -> None:
    whole = as_lines(class_example()).encode()
    (record,), (problem,) = recognise(whole[:-30])
    assert record.body["FirstImage"] == class_example()[0]["source-ref"]
    assert str(problem) == "a dataset that is cut off at its end"
    assert problem.is_unread


LINE: Final = labelled("s3://b/1.png", "anomaly")
NO_DATASETS: Final[dict[str, bytes]] = {
    "what a device predicted": as_lines([predicted("a.png", "anomaly")] * 3).encode(),
    "its capture": json.dumps({"deviceGroundTruthData": [LINE]}).encode(),
    "a notebook": json.dumps({"cells": [{"outputs": [LINE]}]}).encode(),
    "inside another document": json.dumps({"captures": {"a": LINE}}).encode(),
    "amid other lines": as_lines([{"id": 1}, LINE]).encode(),
    "named in a text": b'a manifest has "source-ref" in each line',
    "an answer without entries": b'{"DatasetEntries": []}',
    "predictions": b"image_path,gt_label,pred_label,pred_score\na.png,0,0,0.1\n",
    "predictions with a split": b"image_path,label,split,pred_score\na.png,0,test,0.1\n",
    "keys": b"s3://b/1.png\ns3://b/2.png\n",
    "keys and sizes": b"s3://b/1.png,100\ns3://b/2.png,200\n",
    "words of no known class": b"s3://b/1.png,cat\ns3://b/2.png,dog\n",
    "paths that are no URIs": b"a/1.png,anomaly\na/2.png,normal\n",
    "a table with a header of its own": b"filename,label\na.png,anomaly\n",
    "numbers": b"id,label,split\n1,0,train\n2,1,test\n",
    "a header alone": ANOMALIB.splitlines(keepends=True)[0].encode(),
    "a list of results": b"model,image_AUROC,split\npadim,0.9,test\n",
    "HTML": b"<p>s3://b/1.png,anomaly</p>",
}


@pytest.mark.parametrize("name", NO_DATASETS)
def test_what_is_no_dataset_stays_foreign(name: str) -> None:
    found, problems = recognise(NO_DATASETS[name])
    assert found == []
    assert {problem.is_unread for problem in problems} == {False}


def test_an_evaluation_stays_an_evaluation() -> None:
    lines = [evaluated("s3://b/1.png", "anomaly", "normal")] * 3
    for as_text in (as_lines, as_array):
        (record,), problems = recognise(as_text(lines).encode())
        assert (record.form, problems) == ("manifest", [])
    unnamed = as_lines(lines).replace(":lookoutvision:", ":rekognition:")
    found, (problem,) = recognise(unnamed.encode())
    assert found == []
    assert "whose it is cannot be told" in str(problem)


cells: Final = st.text(st.characters(codec="ascii", exclude_characters='",\n\r\\{}[]'), max_size=9)


@pytest.mark.slow
@given(st.lists(st.lists(cells, min_size=2, max_size=4), min_size=1, max_size=8))
def test_any_other_table_stays_foreign(rows: list[list[str]]) -> None:
    found, problems = recognise("".join(",".join(row) + "\n" for row in rows).encode())
    assert found == []
    assert not any(problem.is_unread for problem in problems if str(problem) != "empty file")

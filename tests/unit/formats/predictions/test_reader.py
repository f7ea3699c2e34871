"""The front door: whatever files a source has, each line is read by one rule, or said."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.json_values import JsonObject
from lfv_mcp.formats.predictions.column_choice import ColumnChoice, PredictionsRefusedError
from lfv_mcp.formats.predictions.columns import NoPredictionsError
from lfv_mcp.formats.predictions.items import Shape
from lfv_mcp.formats.predictions.prediction_file import header_line, image_line
from lfv_mcp.formats.predictions.prediction_set import PredictedImage
from lfv_mcp.formats.predictions.reader import PredictionReader
from tests.support.prediction_files import (
    KEY,
    NOTHING_SAID,
    cut,
    plain_reader,
    read_file,
    read_source,
)

relaxed = settings(deadline=None, max_examples=100)

ROWS: Final = [
    {"image": "a b.png", "truth": 1, "pred": True, "score": 7.5},
    {"image": "ü/%20.PNG", "truth": 0, "pred": False, "score": -2},
    {"image": "c.png", "truth": None, "pred": "NG", "score": 12},
]
IMAGES: Final = [
    PredictedImage("a b.png", True, True, 7.5),
    PredictedImage("ü/%20.PNG", False, False, -2),
    PredictedImage("c.png", None, True, 12),
]
CSV: Final = "image,truth,pred,score\na b.png,1,True,7.5\nü/%20.PNG,0,False,-2\nc.png,,NG,12\n"
LINES: Final = "".join(json.dumps(row) + "\n" for row in ROWS)
TEXTS: Final = {
    "csv": CSV,
    "tsv": CSV.replace(",", "\t"),
    "lines": LINES,
    "lines in UTF-8": "".join(json.dumps(row, ensure_ascii=False) + "\r\n" for row in ROWS),
    "array": json.dumps(ROWS),
    "array of lines": json.dumps(ROWS, indent=None).replace("}, ", "},\n"),
    "indented array": json.dumps(ROWS, indent=2),
    "without indent": json.dumps(ROWS, indent=0),
    "documents": "\n".join(json.dumps(row, indent=4) for row in ROWS),
    "wrapper": json.dumps({"model": "padim", "predictions": ROWS, "classes": ["good", "bad"]}),
    "indented wrapper": json.dumps({"results": ROWS}, indent=2),
}


def _zip(name: str, data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("images/a.png", b"\x89PNG")
        archive.writestr(name, data)
    return made.getvalue()


def _tar(name: str, data: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


PACKINGS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda data: _zip("manifest", data),
    "tar": lambda data: _tar("out/predictions", data),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("packing", PACKINGS.values(), ids=PACKINGS)
def test_one_content_is_read_from_every_layout_encoding_and_packing(
    text: str, encoding: str, packing: Callable[[bytes], bytes]
) -> None:
    images, about, reader = read_file(packing(text.encode(encoding)))
    assert images == IMAGES
    assert (about.images, about.answered, about.truth, about.scores) == (3, 3, 2, "anomaly_score")
    assert list(about.columns.items()) == [
        ("image", "image"),
        ("truth", "truth"),
        ("prediction", "pred"),
        ("score", "score"),
    ]
    assert not reader.problems


@pytest.mark.parametrize("layout", ["lines", "array", "csv"])
def test_names_in_a_code_page_are_read_and_that_is_said(layout: str) -> None:
    text = TEXTS[layout].encode().decode("unicode_escape") if layout != "csv" else CSV
    images, about, _ = read_file(text.encode("cp1252"))
    assert images == IMAGES
    assert "Windows-1252" in about.columns["encoding"]


@pytest.mark.slow
@relaxed
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "image_path": st.text(min_size=1, max_size=9).filter(
                    lambda text: text == text.strip() and not set(text) & set("\r\n")
                ),
                "gt_label": st.sampled_from([0, 1]),
                "pred_label": st.booleans(),
                "pred_score": st.none() | st.floats(-9, 9).map(lambda value: round(value, 6)),
            }
        ),
        min_size=1,
    )
)
def test_pandas_json_lines_are_read_as_pandas_reads_them(rows: list[JsonObject]) -> None:
    text = pd.DataFrame(rows).to_json(orient="records", lines=True)
    frame = pd.read_json(io.StringIO(text), lines=True, dtype=False)
    images = list(plain_reader().read("a.jsonl", cut(text.encode(), 11)))
    assert [image.image for image in images] == [row["image_path"] for row in rows]
    assert [image.anomalous for image in images] == frame["gt_label"].astype(bool).tolist()
    assert [image.flagged for image in images] == frame["pred_label"].tolist()
    expected = [None if pd.isna(score) else score for score in frame["pred_score"]]
    assert [image.score for image in images] == pytest.approx(expected)


def test_rows_may_leave_out_what_they_do_not_know() -> None:
    text = '{"image": "a", "pred": 1}\n{"image": "b"}\n{"pred": 0, "score": 1, "image": "c"}\n'
    images, about, _ = read_file(text)
    assert images == [
        PredictedImage("a", None, True),
        PredictedImage("b", None, None),
        PredictedImage("c", None, False, 1),
    ]
    assert (about.images, about.answered) == (3, 2)


# The rule


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("image,pred\na,1\n", "file,pred\nb,1\n"),
        ("image,pred\na,1\n", "image,pred,score\nb,1,2\n"),
        ("image,truth,pred\na,1,1\n", "image,pred\nb,1\n"),
        ("image,pred\na,1\n", '{"path": "b", "pred": 1}\n'),
        ('{"image": "a", "pred": 1}\n', '{"image": "b", "class": "NG"}\n'),
    ],
)
def test_two_rules_in_one_source_are_refused_with_both_files(first: str, second: str) -> None:
    with pytest.raises(PredictionsRefusedError) as caught:
        read_source({"out/1.csv": first.encode(), "out/2.csv": second.encode()})
    for said in ("Two rules in one source", "out/1.csv", "out/2.csv"):
        assert said in str(caught.value)


def test_one_rule_in_several_files_is_one_source() -> None:
    files = {
        "1.csv": b"image,pred\na,1\n",
        "2.tsv": b"PRED\tImage\n0\tb\n",
        "3.jsonl": b'{"image": "c", "pred": 1}\n',
    }
    images, about, _ = read_source(files)
    assert [image[0:3:2] for image in images] == [("a", True), ("b", False), ("c", True)]
    assert about.images == 3


# What is something else

OTHERS: Final = {
    "README.md": (b"# Predictions\n\nOf padim, in files.\n", "no table of predictions"),
    "results.csv": (b"category,image_AUROC\nbottle,0.9\n", "cannot be paired"),
    "labels.csv": (b"s3://b/a.png,anomaly\n", "labels, no predictions: it is a dataset"),
    "files.csv": (b"path,file\na,b\n", "predicts nothing"),
    "config.json": (b'{"model": "padim", "seed": 7}', "no column that is known"),
    "run.json": (b'{"id": 17, "when": "now"}', "neither a prediction nor an anomaly score"),
    "index.html": (b"<!doctype html><p>", "HTML or XML"),
    "model.pkl": (b"\x80\x04\x95\x10", "not a text"),
    "table.parquet": (b"PAR1\x15\x00", "a Parquet file"),
    "_SUCCESS": (b"", "an empty file"),
    "noise.bin": (b"ab\0cd", "not a text"),
    "scores.npy": (b"\x93NUMPY\x01\x00", "a NumPy file"),
    "answer.json": (b'{"ProjectVersionDescriptions": []}', "Rekognition Custom Labels"),
}


@pytest.mark.parametrize(("name", "case"), OTHERS.items(), ids=OTHERS)
def test_a_file_of_something_else_is_named_in_a_folder_and_refused_alone(
    name: str, case: tuple[bytes, str]
) -> None:
    data, said = case
    for files in ({"a.csv": CSV.encode(), name: data}, {name: data, "z.csv": CSV.encode()}):
        images, about, reader = read_source(files)
        assert images == IMAGES
        assert about.unusable == {"no predictions": 1}
        (problem,) = map(str, reader.problems)
        assert name in problem
        assert said in problem
    with pytest.raises(PredictionsRefusedError, match=said) as caught:
        read_source({name: data})
    assert name in str(caught.value)


def test_what_lies_beside_the_predictions_in_an_archive_is_named() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("out.csv", CSV)
        archive.writestr("notes.txt", "no table")
    images, _, reader = read_source({"all.zip": made.getvalue()})
    assert images == IMAGES
    assert [problem.file for problem in reader.problems] == ["notes.txt in all.zip"]


@pytest.mark.parametrize("data", [_zip("images/b.png", b""), b"PK\x05\x06" + bytes(18)])
def test_an_archive_of_images_alone_is_refused(data: bytes) -> None:
    with pytest.raises(PredictionsRefusedError, match="an archive without a file"):
        read_source({"all.zip": data})


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(CSV.encode() * 1000)[:-9],
        _zip("a.csv", CSV.encode())[:-30],
        json.dumps(ROWS, indent=1)[:-9].encode(),
        b'[{"image": "a", "pred": 1}, {"image": "b", "pred": ]',
        bytes(5000),
        CSV.encode("utf-16")[:-1],
        b"7z\xbc\xaf\x27\x1c",
    ],
)
def test_a_damaged_file_ends_the_reading_for_images_may_be_missing(data: bytes) -> None:
    with pytest.raises(UnrecognisedError) as caught:
        read_source({"a.csv": CSV.encode(), "b": data})
    assert caught.value.is_unread


def test_a_source_without_files_or_lines_is_refused() -> None:
    with pytest.raises(PredictionsRefusedError, match="that can be read: no file\\."):
        read_source({})
    for data in ("image,pred\n", "[]", '{"results": []}'):
        with pytest.raises(PredictionsRefusedError, match=r"no file of it has|no column"):
            read_file(data)


@pytest.mark.parametrize("cut", [float("nan"), float("inf")])
def test_a_cut_is_a_finite_number(cut: float) -> None:
    with pytest.raises(PredictionsRefusedError, match="no finite number"):
        plain_reader(ColumnChoice(cut=cut))


def test_tables_that_were_appended_to_one_another_are_one() -> None:
    images, about, _ = read_file(CSV + CSV)
    assert images == IMAGES * 2
    assert about.unusable == {"the header once more": 1}


def test_blanks_in_the_names_of_json_are_kept() -> None:
    images, _, _ = read_file('{"image": " a .png ", "pred": 1}\n{"image": " ", "pred": 1}\n')
    assert [image.image for image in images] == [" a .png "]


# Lines of no use


def test_lines_are_counted_by_cause_and_the_first_three_located() -> None:
    bad = "".join(f"{n}.png,1,nan\n" for n in range(10))
    _, about, reader = read_file(f"image,pred,score\n{bad}a,1,1\n,1,1\nb,1,1,1\n", name="out/x.csv")
    assert about.unusable == {
        "a score that is not a finite number": 10,
        "more cells than the header": 1,
        "no image named": 1,
    }
    assert list(map(str, reader.problems)) == [
        "line 2 of out/x.csv: a score that is not a finite number",
        "line 3 of out/x.csv: a score that is not a finite number",
        "line 4 of out/x.csv: a score that is not a finite number",
        "line 13 of out/x.csv: no image named",
        "line 14 of out/x.csv: more cells than the header",
    ]


@pytest.mark.parametrize("score", ["nan", "inf", "-inf", "1e999", "x", "0x1", "1_000", "9" * 400])
def test_a_score_that_is_no_finite_number_makes_a_line_unusable(score: str) -> None:
    for text in (
        f"image,pred,score\na,1,1\nb,1,{score}\n",
        f'{{"image": "a", "pred": 1, "score": 1}}\n{{"image": "b", "pred": 1, "score": "{score}"}}',
    ):
        images, about, _ = read_file(text)
        assert [image.image for image in images] == ["a"]
        assert about.unusable == {"a score that is not a finite number": 1}


@pytest.mark.parametrize(
    "score", ["NaN", "Infinity", "1e999", "[1]", '{"a": 1}', "true", "1" + "0" * 400]
)
def test_neither_does_json_bring_any_other_number(score: str) -> None:
    good = '{"image": "a", "pred": 1, "score": 1}\n'
    reader = plain_reader()
    line = good.replace('"a"', '"b"').replace('"score": 1', f'"score": {score}')
    images = list(reader.read("a.jsonl", [(good + line).encode()]))
    # A list is no cell: such a row says nothing of a score.
    assert [(image.image, image.score) for image in images[1:]] in ([], [("b", None)])
    assert len(images) + reader.unusable.total() == 2


def test_a_line_without_its_prediction_is_an_image_without_an_answer() -> None:
    images, about, _ = read_file("image,pred\na,\nb,1\nc,nan\n")
    assert [image.flagged for image in images] == [None, True, None]
    assert (about.images, about.answered) == (3, 1)


# Verdicts


def test_an_explicit_cut_beats_the_prediction_and_says_how_many_verdicts_it_changed() -> None:
    text = "image,pred,score\na,1,9\nb,1,5\nc,0,4\nd,,9\ne,1,\n"
    images, about, _ = read_file(text, ColumnChoice(cut=6))
    assert [image.flagged for image in images] == [True, False, False, True, None]
    assert about.columns["prediction"] == "score >= 6"
    assert about.columns["cut"] == "6 instead of pred: 2 of 4 verdicts changed"
    assert (about.answered, about.cut) == (4, 6)


def test_a_cut_of_confidences_is_one_of_the_scores_behind_them() -> None:
    text = "image,pred,confidence\na,1,0.9\nb,0,0.9\nc,1,0.6\n"
    images, about, _ = read_file(text, ColumnChoice(cut=0.7))
    assert images == [
        PredictedImage("a", None, True, 0.9, 0.9),
        PredictedImage("b", None, False, 0.1, 0.9),
        PredictedImage("c", None, False, 0.6, None),
    ]
    assert about.scores == "anomaly_score"


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ("image,pred\na,1\n", "none"),
        ("image,pred,confidence\na,1,.9\n", "confidence"),
        ("image,pred,confidence,score\na,1,.9,3\n", "anomaly_score"),
        ("image,pred,score\na,1,\n", "none"),
    ],
)
def test_what_images_can_be_ranked_by_is_said(text: str, scores: str) -> None:
    assert read_file(text)[1].scores == scores


@pytest.mark.parametrize("rows", ["a,1,0.2\nb,0,0.8\n", "a,1,5\nb,0,5\n"])
def test_scores_that_run_against_the_predictions_are_refused(rows: str) -> None:
    with pytest.raises(PredictionsRefusedError) as caught:
        read_file(f"image,pred,pred_score\n{rows}")
    assert "the scores run against the predictions: 'pred_score' is" in caught.value.message
    for flag in ("--score", "--prediction", "--anomaly-value"):
        assert flag in caught.value.next_step


@pytest.mark.slow
@relaxed
@given(st.lists(st.tuples(st.booleans(), st.floats(-1e300, 1e300)), max_size=20))
def test_scores_run_against_predictions_where_the_means_say_so(
    rows: list[tuple[bool, float]],
) -> None:
    frame = pd.DataFrame(rows, columns=["pred", "score"]).astype({"score": "float64"})
    frame["image"] = [str(number) for number in range(len(rows))]
    means = (frame["score"] / max(len(rows), 1)).groupby(frame["pred"].astype(bool)).mean()
    if len(means) < 2 or abs(means[True] - means[False]) <= 1e-9 * means.abs().max():
        return  # nothing to hold against each other, or decided by rounding
    try:
        read_file(frame.to_csv(index=False))
    except PredictionsRefusedError:
        assert means[True] < means[False]
    else:
        assert means[True] > means[False]


def test_percentages_are_read_with_their_sign_and_else_refused() -> None:
    images, _, _ = read_file("image,pred,confidence\na,1,93 %\nb,0,0.4%\nc,0,0.4\n")
    assert [image.confidence for image in images] == pytest.approx([0.93, 0.004, 0.4])
    with pytest.raises(PredictionsRefusedError, match="2 of 3 confidences are above 1"):
        read_file("image,pred,confidence\na,1,93\nb,0,88\nc,0,0.4\n")
    _, about, _ = read_file("image,pred,confidence\na,1,.93\nb,0,88\nc,0,0.4\n")
    assert about.unusable == {"a confidence outside 0 to 1": 1}


def test_unknown_words_are_refused_together() -> None:
    with pytest.raises(PredictionsRefusedError, match="'pred' has 'scratch', 'dent', and which"):
        read_file("image,pred\na,scratch\nb,good\nc,dent\nd,scratch\n")
    with pytest.raises(PredictionsRefusedError, match="'gt' has 'fine'"):
        read_file('{"image": "a", "gt": "fine", "pred": 1}\n')
    endless = "image,pred\n" + "".join(f"{n},w{n}\n" for n in range(50))
    with pytest.raises(PredictionsRefusedError, match="'w0', 'w1', 'w2', 'w3', 'w4', and"):
        read_file(endless)


def test_words_that_a_person_said_are_anomalies_and_that_is_kept() -> None:
    choice = ColumnChoice(anomaly_values=("Scratch", "dent"))
    images, about, _ = read_file("image,gt,pred\na,scratch,DENT\nb,fine,whatever\n", choice)
    assert [image[1:3] for image in images] == [(True, True), (False, False)]
    assert about.columns["classes"] == "anomaly: dent, scratch; normal: every other word"
    with pytest.raises(PredictionsRefusedError, match="its words are 'ok', 'ng'"):
        read_file("image,pred\na,OK\nb,NG\n", ColumnChoice(anomaly_values=("NGG",)))


def test_images_without_any_prediction_are_a_dataset() -> None:
    with pytest.raises(PredictionsRefusedError, match="2 images and no prediction"):
        read_file("image,truth,pred\na,1,\nb,0,\n")
    with pytest.raises(NoPredictionsError, match="labels, no predictions"):
        read_file('{"image": "a", "truth": 1}\n')


@pytest.mark.parametrize("role", ["image", "truth", "prediction", "score"])
def test_a_flag_that_no_row_has_is_refused_with_the_columns(role: str) -> None:
    choice = ColumnChoice(**{role: "nowhere"})  # type: ignore[arg-type]
    with pytest.raises(PredictionsRefusedError, match="no column 'nowhere'"):
        read_file('{"image": "a", "pred": 1}\n{"image": "b", "pred": 0}\n', choice)


# Formats of other systems


@dataclass(frozen=True)
class FakeShape:
    """A format whose objects say what is to be read of them."""

    title: str = "fake answers"
    columns: Mapping[str, str] = field(
        default_factory=lambda: {"image": "the file's name", "prediction": "IsAnomalous"}
    )

    def read(self, item: JsonObject, name: str) -> Iterable[PredictedImage | str]:
        """One image for each answer."""
        for answer in item["IsAnomalous"]:
            image = PredictedImage(name.removesuffix(".out"), None, answer, item.get("P"))
            yield "no answer in it" if answer is None else image


def fake_shape_of(item: JsonObject, name: str, choice: ColumnChoice) -> Shape | None:
    assert name
    assert isinstance(choice, ColumnChoice)
    return FakeShape() if "IsAnomalous" in item else None


def fake_refusal_of(item: JsonObject, name: str) -> PredictionsRefusedError | None:
    if "F1" not in item:
        return None
    return PredictionsRefusedError(f"{name} has the F1 of a model.", "Save the predictions.")


def shaped_reader(choice: ColumnChoice = NOTHING_SAID) -> PredictionReader:
    return PredictionReader(choice, shape_of=fake_shape_of, refusal_of=fake_refusal_of)


def test_objects_of_a_known_format_are_read_by_it() -> None:
    files = {
        "run/a b.png.out": b'{"IsAnomalous": [true]}',
        "run/c.png.out": b'{\n  "IsAnomalous": [null]\n}',
        "run/d.png.out": b'{"F1": 0.9}',
        "run/all.jsonl": b'{"IsAnomalous": [false]}\n{"IsAnomalous"\n',
    }
    images, about, reader = read_source(files, reader=shaped_reader())
    assert [image[0:3:2] for image in images] == [("run/a b.png", True), ("run/all.jsonl", False)]
    assert about.columns["format"] == "fake answers"
    assert about.unusable == {"no answer in it": 1, "no predictions": 1, "not JSON": 1}
    assert list(map(str, reader.problems)) == [
        "line 1 of run/c.png.out: no answer in it",
        "line 1 of run/d.png.out: has the F1 of a model.",
        "line 2 of run/all.jsonl: not JSON",
    ]


def test_a_member_of_an_archive_is_known_by_its_own_name() -> None:
    data = _zip("run/a.png.out", b'{"IsAnomalous": [true]}')
    images, _, _ = read_source({"s3://b/all.zip": data}, reader=shaped_reader())
    assert [image.image for image in images] == ["run/a.png"]


def test_a_known_format_beside_a_table_is_two_rules() -> None:
    with pytest.raises(PredictionsRefusedError, match="Two rules in one source"):
        read_source(
            {"a.out": b'{"IsAnomalous": [true]}', "b.csv": CSV.encode()}, reader=shaped_reader()
        )


def test_what_a_format_refuses_is_refused_alone() -> None:
    with pytest.raises(PredictionsRefusedError, match=r"a\.json has the F1 of a model"):
        read_source({"a.json": b'{"F1": 0.9}'}, reader=shaped_reader())


def test_a_flag_that_a_format_does_not_follow_makes_a_row_of_the_object() -> None:
    data = b'{"IsAnomalous": [true], "file": "x", "verdict": "NG"}'
    choice = ColumnChoice(prediction="verdict")
    images, _, _ = read_source({"a.json": data}, choice, reader=shaped_reader(choice))
    assert images == [PredictedImage("x", None, True)]
    choice = ColumnChoice(prediction="is_anomalous")
    images, _, _ = read_source({"a.json": data}, choice, reader=shaped_reader(choice))
    assert images == [PredictedImage("a.json", None, True)]


def test_a_cut_is_held_against_the_scores_of_a_format() -> None:
    choice = ColumnChoice(cut=0.7)
    files = {"a.out": b'{"IsAnomalous": [true], "P": 0.6}', "b.out": b'{"IsAnomalous": [true]}'}
    images, about, _ = read_source(files, choice, reader=shaped_reader(choice))
    assert [image.flagged for image in images] == [False, None]
    assert about.columns["cut"] == "0.7 instead of IsAnomalous: 2 of 2 verdicts changed"
    with pytest.raises(PredictionsRefusedError, match="no anomaly score to hold against"):
        read_source({"b.out": b'{"IsAnomalous": [true]}'}, choice, reader=shaped_reader(choice))


# The archive's own file


def set_file(images: int) -> bytes:
    _, about, _ = read_file(CSV)
    return header_line(about) + b"".join(map(image_line, IMAGES[:images]))


def test_a_prediction_set_of_an_archive_is_read_back() -> None:
    images, about, reader = read_file(set_file(3))
    assert images == IMAGES
    assert about.columns["prediction"] == "prediction"
    assert not reader.problems
    with pytest.raises(UnrecognisedError, match="ends 1 lines early"):
        read_file(set_file(2))
    with pytest.raises(UnrecognisedError):
        read_file(b'{"PredictionSet": 7}\n')


# Whatever the bytes are

SOURCES: Final = [
    *(text.encode() for text in TEXTS.values()),
    CSV.encode("utf-16"),
    *(packing(CSV.encode()) for packing in PACKINGS.values()),
    set_file(3),
    b'{"IsAnomalous": [true]}',
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SOURCES)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 6)))
        data[start:end] = draw(
            st.binary(max_size=4) | st.sampled_from([b'"', b"\n", b"{", b",", b"\0"])
        )
    return bytes(data)


@pytest.mark.slow
@settings(deadline=None, max_examples=400)
@given(st.binary(max_size=200) | mutated(), st.integers(1, 50))
def test_no_bytes_bring_another_error_than_a_refusal(data: bytes, size: int) -> None:
    for reader in (plain_reader(), shaped_reader(ColumnChoice(cut=0.5, anomaly_values=("NG",)))):
        try:
            images = list(reader.read("a", cut(data, size)))
            about = reader.about(KEY, "a")
        except (UnrecognisedError, PredictionsRefusedError):
            continue
        assert about.images == len(images) > 0
        assert all(image.image for image in images)


lines = st.sampled_from(
    [
        *LINES.splitlines(),
        '{"image": "x", "pred": 1, "score": NaN}',
        '{"image": ["x"], "pred": 1}',
        '{"image": "x", "pred": [1]}',
        '{"pred": 1}',
        '{"image": ""}',
        "[1, 2]",
        "null",
        "7",
        '"image"',
        "{",
        '{"image": "x"',
        "[" * 2000,
        '{"a":' * 2000,
        "1" * 5000,
        "",
        "  ",
    ]
)


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(st.lists(lines, max_size=12), st.integers(1, 99))
def test_every_line_of_json_is_read_or_counted(some: list[str], size: int) -> None:
    reader = plain_reader()
    text = "\n".join([LINES.splitlines()[0], *some])
    read = sum(1 for _ in reader.read("a.jsonl", cut(text.encode(), size)))
    assert read + reader.unusable.total() == 1 + sum(bool(line.strip()) for line in some)

"""Tables in every dialect are what pandas reads in them, and no line is lost without a word."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, roc_auc_score

from lfv_mcp.formats.predictions.column_choice import ColumnChoice, PredictionsRefusedError
from lfv_mcp.formats.predictions.prediction_set import PredictedImage
from tests.support.prediction_files import cut, plain_reader, read_file

relaxed = settings(deadline=None, max_examples=150)

ANOMALY: Final = [
    "anomaly",
    "Anomalous",
    "abnormal",
    "DEFECT",
    "defective",
    "bad",
    "NG",
    "NOK",
    "fail",
    "1",
    "True",
    "yes",
    "1.0",
]
NORMAL: Final = ["normal", "good", "OK", "pass", "0", "False", "no", "0.0"]
MEANING: Final = {**dict.fromkeys(ANOMALY, 1), **dict.fromkeys(NORMAL, 0)}


@dataclass(frozen=True)
class WrittenTable:
    """A file as the standard library's writer or a spreadsheet leaves it."""

    data: bytes
    delimiter: str
    encoding: str
    decimal: str
    columns: dict[str, str]


names = st.text(st.sampled_from("abzÄöüß /%_-.,;|\"'0129"), min_size=1, max_size=12).map(
    lambda text: f"s3://lines/{text.strip()}.PNG"
)
comments = st.text(st.sampled_from("ab \"',;|\t\né"), max_size=12)
scores = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 6))


@st.composite
def tables(draw: st.DrawFn) -> WrittenTable:
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    decimal = draw(st.sampled_from([".", ","])) if delimiter != "," else "."
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]))
    columns = {
        "image": draw(st.sampled_from(["image", "Image Path", "file", "source-ref", "ID"])),
        "truth": draw(st.sampled_from(["truth", "gt_label", "Label", "y true"])),
        "prediction": draw(st.sampled_from(["pred", "PRED_LABEL", "Class", "y_pred"])),
        "score": draw(st.sampled_from(["score", "Anomaly-Score", "p_anomaly"])),
        "comment": "what people said",
    }
    order = draw(st.permutations(sorted(columns)))
    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "image": names,
                    "truth": st.sampled_from(["", *MEANING]),
                    "prediction": st.sampled_from(["", *MEANING]),
                    "score": scores.map(lambda value: repr(value).replace(".", decimal)),
                    "comment": comments,
                }
            ),
            min_size=1,
            max_size=12,
        )
    )
    if encoding == "utf-16-le":  # without a mark it is told by ASCII at its start
        columns["image"] = "image"
        order = ["image", *(role for role in order if role != "image")]
    text = io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=delimiter,
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])),
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
    )
    writer.writerow([columns[role] for role in order])
    writer.writerows([row[role] for role in order] for row in rows)
    return WrittenTable(text.getvalue().encode(encoding), delimiter, encoding, decimal, columns)


def in_pandas(table: WrittenTable) -> pd.DataFrame:
    frame = pd.read_csv(
        io.BytesIO(table.data),
        sep=table.delimiter,
        encoding=table.encoding,
        dtype=str,
        keep_default_na=False,
    )
    return frame.rename(columns={column: role for role, column in table.columns.items()})


@pytest.mark.slow
@relaxed
@given(tables())
def test_a_table_in_any_dialect_is_what_pandas_reads(table: WrittenTable) -> None:
    reader = plain_reader()
    images = list(reader.read("a.csv", cut(table.data, 7)))
    frame = in_pandas(table)

    assert not reader.problems
    assert [image.image for image in images] == [name.strip() for name in frame["image"]]
    for role, read in (("truth", "anomalous"), ("prediction", "flagged")):
        expected = [MEANING.get(word) for word in frame[role]]
        assert [getattr(image, read) for image in images] == expected
    written = [float(score.replace(table.decimal, ".")) for score in frame["score"]]
    assert [image.score for image in images] == written
    check_counts(images, frame)


def check_counts(images: list[PredictedImage], frame: pd.DataFrame) -> None:
    """The counts that scikit-learn gets from the frame are those of the images."""
    known = frame[(frame["truth"] != "") & (frame["prediction"] != "")]
    truth, prediction = (known[role].map(MEANING) for role in ("truth", "prediction"))
    pairs = [
        (image.anomalous, image.flagged)
        for image in images
        if image.anomalous is not None and image.flagged is not None
    ]
    ours = [[pairs.count((t, p)) for p in (False, True)] for t in (False, True)]
    if len(known):
        assert confusion_matrix(truth, prediction, labels=[0, 1]).tolist() == ours
    assert len(pairs) == len(known)


@pytest.mark.slow
@relaxed
@given(
    st.lists(st.tuples(st.booleans(), st.floats(-50, 50)), min_size=2, max_size=30).filter(
        lambda rows: len({flag for flag, _ in rows}) == 2
    ),
    st.floats(-50, 50),
)
def test_counts_and_ranking_at_a_cut_are_scikit_learns(
    rows: list[tuple[bool, float]], at: float
) -> None:
    frame = pd.DataFrame(
        {
            "image_path": [f"{number}.png" for number in range(len(rows))],
            "gt_label": [int(flag) for flag, _ in rows],
            "pred_score": [score for _, score in rows],
        }
    )
    images, about, _ = read_file(frame.to_csv(index=False), ColumnChoice(cut=at))
    flagged = frame["pred_score"] >= at
    expected = confusion_matrix(frame["gt_label"], flagged, labels=[0, 1]).tolist()
    ours = [
        [sum(image[1:3] == (truth, verdict) for image in images) for verdict in (False, True)]
        for truth in (False, True)
    ]
    assert ours == expected
    truths = [image.anomalous for image in images]
    assert roc_auc_score(truths, [image.score for image in images]) == roc_auc_score(
        frame["gt_label"], frame["pred_score"]
    )
    assert about.columns["prediction"] == f"pred_score >= {at:g}"
    assert (about.cut, about.scores) == (at, "anomaly_score")


def test_anomalibs_frame_with_its_index_is_read_as_it_is_written() -> None:
    frame = pd.DataFrame(
        {
            "image_path": ["/data/test/bad/1.png", "/data/test/good/2.png"],
            "gt_label": [1, 0],
            "pred_label": [True, False],
            "pred_score": [0.91, 0.12],
        }
    )
    images, about, _ = read_file(frame.to_csv())
    assert images == [
        PredictedImage("/data/test/bad/1.png", True, True, 0.91),
        PredictedImage("/data/test/good/2.png", False, False, 0.12),
    ]
    assert (about.images, about.answered, about.truth) == (2, 2, 2)


HEADER: Final = "image,pred,comment\n"


@pytest.mark.parametrize(
    ("text", "read", "lines"),
    [
        ('a,1,"oops\nb,0,fine\nc,1,fine\n', ["b", "c"], [2]),
        ('a,1,"oops\nb,0,fine\nc,1,"x"\n', ["b", "c"], [2]),
        ('a,1,"oops\nb,0,"fine"\nc,1,x\n', ["b", "c"], [2]),
        ('a,1,"two\nlines"\nb,0,x\n', ["a", "b"], []),
        ('"a\nb",1,x\nc,0,x\n', ["c"], [2]),
        ('a,1,"x"y\nb,0,x\n', ["b"], [2]),
        ('a,1,"x', [], [2]),
        ("a,1\nb,0,x,y\nc\n,1,x\nd,1,x,,\n", ["a", "d"], [3, 4, 5]),
        ("\n\n,,\na,1,x\n , , \n", ["a"], []),
    ],
)
def test_a_broken_line_is_located_and_the_lines_behind_it_are_read(
    text: str, read: list[str], lines: list[int]
) -> None:
    reader = plain_reader()
    images = list(reader.read("a.csv", cut((HEADER + text).encode())))
    assert [image.image for image in images] == read
    assert [problem.place for problem in reader.problems] == [f"line {line}" for line in lines]
    assert reader.unusable.total() == len(lines)


@pytest.mark.slow
def test_an_unclosed_quote_swallows_nothing_of_a_long_file() -> None:
    rows = "".join(f"{number}.png,{number % 2},x\n" for number in range(100_000))
    reader = plain_reader()
    text = f'{HEADER}first.png,1,"oops\n{rows}'
    assert sum(1 for _ in reader.read("a.csv", cut(text.encode(), 1 << 16))) == 100_000
    assert [str(problem) for problem in reader.problems] == [
        "line 2 of a.csv: a quote that is not closed"
    ]


def test_a_cell_and_a_line_may_be_so_long_and_no_longer() -> None:
    cell, line = "x" * 140_000, "y" * (1 << 21)
    reader = plain_reader()
    text = f'{HEADER}a,1,"{cell}"\nb,1,{line}\nc,1,{cell}\n'
    assert [image.image for image in reader.read("a.csv", cut(text.encode(), 9999))] == ["c"]
    assert [str(problem) for problem in reader.problems] == [
        "line 2 of a.csv: a cell of more than 131,072 characters",
        "line 3 of a.csv: a line of more than 1 MiB",
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("first", ["", "sep=;\n", '"sep=;"\n'])
def test_a_spreadsheets_marks_and_line_ends_are_no_rows(end: str, first: str) -> None:
    text = f"{first}image;pred\na,b.png;1\nc.png;0\n".replace("\n", end)
    images, _, reader = read_file(text)
    assert [image.image for image in images] == ["a,b.png", "c.png"]
    assert not reader.problems


def test_a_decimal_comma_is_read_where_commas_do_not_part_cells() -> None:
    images, _, _ = read_file("image;pred;score\na;1;0,93\nb;0;-1,5E-3\nc;0;0\n")
    assert [image.score for image in images] == [0.93, -0.0015, 0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image;pred;score\na;1;0,93\nb;0;0.2\n", "some numbers have a decimal comma"),
        ('image,pred,score\na,1,"0,93"\n', "a score that is not a finite number"),
        ("image;pred;score\na;1;1.234,5\n", "a score that is not a finite number"),
    ],
)
def test_a_number_that_may_be_two_is_not_read(text: str, said: str) -> None:
    with pytest.raises(PredictionsRefusedError, match=said):
        read_file(text)


def test_names_in_a_code_page_are_read_and_that_is_said() -> None:
    text = "image,pred\nStück 1.png,1\nStöck 1.png,0\n"
    images, about, _ = read_file(text.encode("cp1252"))
    assert [image.image for image in images] == ["Stück 1.png", "Stöck 1.png"]
    assert "Windows-1252" in about.columns["encoding"]
    images, about, _ = read_file(text)
    assert [image.image for image in images] == ["Stück 1.png", "Stöck 1.png"]
    assert "encoding" not in about.columns


# Whatever the bytes are

cells = st.sampled_from(["a.png", "1", "0", "0.5", "x", "", '"', '"a', 'b"', '""', " ", "NG,", "ü"])


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(st.lists(st.lists(cells, min_size=1, max_size=5).map(",".join), max_size=20))
def test_every_line_is_read_or_located(lines: list[str]) -> None:
    choice = ColumnChoice(anomaly_values=("1",))
    reader = plain_reader(choice)
    data = "\n".join([HEADER.strip() + ",score", *lines]).encode()
    read = sum(1 for _ in reader.read("a.csv", cut(data, 5)))
    # A cell in quotes may end lines, so that a row has several of them.
    rows = sum(any(cell.strip(' ",') for cell in line) for line in lines)
    most = sum(bool(line.strip()) for line in lines)
    quoted = any('"' in line for line in lines)
    assert read + reader.unusable.total() <= most
    if not quoted:
        assert read + reader.unusable.total() == rows


@pytest.mark.slow
def test_a_large_table_is_read_in_bounded_memory() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"image,truth,pred,score,comment\n"
        row = 's3://lines/{0:08}.png,{1},{1},0.{1}{0:08},"two\nlines {2}"\n'
        for start in range(0, 100_000, 100):
            rows = (row.format(n, n % 2, "x" * 1000) for n in range(start, start + 100))
            yield "".join(rows).encode()

    assert _peak(chunks(), 100_000) < 16 << 20


@pytest.mark.slow
def test_an_endless_line_is_cut_in_bounded_memory() -> None:
    def chunks() -> Iterator[bytes]:
        yield b'image,pred\na,1\nb,"'
        yield from (b"x" * (1 << 20) for _ in range(900))
        yield b'"\nc,0\n'

    assert _peak(chunks(), 2) < 32 << 20


def _peak(chunks: Iterable[bytes], images: int) -> int:
    """The most memory that reading so many images took, in bytes."""
    reader = plain_reader()
    tracemalloc.start()
    try:
        assert sum(1 for _ in reader.read("a.csv", chunks)) == images
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

"""Predictions named by their place on the command line: compare, gate, and the table of changes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.analysis.exports.spreadsheet import defused
from lfv_mcp.cli.changed_csv import COLUMNS, changed_table
from lfv_mcp.results.common import Source
from lfv_mcp.results.model_comparison import (
    ChangedImage,
    ChangedImages,
    ChangedVerdicts,
    ComparedModel,
    DoubtedLabel,
    ModelComparison,
)
from tests.support.clients import run
from tests.support.successors import WELD_BEAD, as_csv, truths, verdicts

PROJECT: Final = "sample-weld-bead"
SAMPLE: Final = ("--source", "sample")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """The successor's predictions on the images of version 3."""
    file = tmp_path / "new.csv"
    file.write_bytes(as_csv(verdicts(truths())))
    return file


def structure(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_the_rule_by_which_it_was_read_is_said_beside_the_answer(table: Path) -> None:
    result = run("compare", PROJECT, "3", "--predictions", f"new={table}", *SAMPLE)
    assert result.exit_code == 0
    assert "100 images, 100 with a prediction" in result.stderr
    assert "pred_label" in result.stderr
    assert "new (predictions)" in result.stdout


@pytest.mark.parametrize("names", [("3", "new"), ("3", "NEW"), ("3",)])
def test_a_set_may_be_named_among_the_versions_too(table: Path, names: tuple[str, ...]) -> None:
    answer = structure("compare", PROJECT, *names, "--predictions", f"new={table}", *SAMPLE)
    assert [each["model_version"] for each in answer["models"]] == ["3", "new"]


def test_a_set_named_first_is_the_baseline(table: Path) -> None:
    answer = structure("compare", PROJECT, "new", "3", "--predictions", f"new={table}", *SAMPLE)
    assert answer["baseline"] == "new"


def test_a_cut_beats_the_predictions_and_says_how_many_it_changed(table: Path) -> None:
    given = ("compare", PROJECT, "3", "--predictions", f"new={table}", *SAMPLE)
    before, after = structure(*given), structure(*given, "--cut", "0.99")
    assert after["models"][1]["metrics"]["recall"]["value"] < 0.5
    assert before["models"][1]["metrics"]["recall"]["value"] > 0.9
    assert "verdicts changed" in run(*given, "--cut", "0.99").stderr


def test_sets_alone_are_no_synthetic_sample(tmp_path: Path) -> None:
    places = []
    for name, wrong in (("before", 0.3), ("after", 0.0)):
        file = tmp_path / f"{name}.csv"
        file.write_bytes(as_csv(verdicts(truths(), wrong=wrong), truth=True))
        places += ["--predictions", f"{name}={file}"]
    answer = structure("compare", "paint", *places)
    assert answer["baseline"] == "before"
    assert answer["models"][1]["verdict"] == "better"
    assert answer["source"]["basis"] == "predictions"
    assert "synthetic" not in answer["summary"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("new",), "is not NAME=PLACE"),
        (("new=",), "is not NAME=PLACE"),
        (("v3=new.csv",), "not latest, hosted, or v and digits"),
        (("latest=new.csv",), "not latest, hosted, or v and digits"),
        (("3=new.csv",), "begins with a letter"),
        (("new=/no/such/file.csv",), "/no/such/file.csv"),
    ],
)
def test_a_wrong_value_is_refused_with_a_right_one(given: tuple[str, ...], said: str) -> None:
    result = run("compare", PROJECT, "3", "--predictions", *given, *SAMPLE)
    assert result.exit_code == 1
    assert said in result.output


def test_flags_of_columns_need_exactly_one_set(table: Path) -> None:
    twice = ("--predictions", f"a={table}", "--predictions", f"b={table}")
    for places in ((), twice):
        result = run("compare", PROJECT, "3", *places, "--score", "pred_score", *SAMPLE)
        assert result.exit_code == 2
        assert "import the sets first" in result.output
    assert run("compare", PROJECT, *SAMPLE).exit_code == 2


def test_a_name_that_is_taken_is_refused(table: Path) -> None:
    twice = ("--predictions", f"new={table}", "--predictions", f"NEW={table}")
    result = run("compare", PROJECT, "3", *twice, *SAMPLE)
    assert result.exit_code == 1
    assert "Choose another name" in result.output


def test_the_table_has_every_changed_image(table: Path, tmp_path: Path) -> None:
    file = tmp_path / "changed.csv"
    answer = structure(
        *("compare", PROJECT, "3", "--predictions", f"new={table}", *SAMPLE),
        *("--examples", "0", "--csv", file),
    )
    with file.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    changed = answer["models"][1]["changed"]
    assert {kind: sum(row["change"] == kind for row in rows) for kind in changed} == {
        kind: images["count"] for kind, images in changed.items()
    }
    labels = dict(truths())
    for row in rows:
        assert (row["label"] == "anomaly") is labels[row["image"]]
    assert sum(row["change"] == "label_to_doubt" for row in rows) >= 1


@pytest.mark.parametrize("versions", [("2", "3"), ("3", "2"), ("1", "2", "3")])
def test_the_table_has_what_the_baseline_said(tmp_path: Path, versions: tuple[str, ...]) -> None:
    """Verdict and score of every changed or doubted image, as the baseline's manifest has them."""
    file = tmp_path / "changed.csv"
    answer = structure("compare", PROJECT, *versions, *SAMPLE, "--csv", file)
    assert "baseline_score" not in json.dumps(answer)
    said: dict[str, tuple[str, float]] = {}
    manifest = WELD_BEAD / f"EvaluationManifest-sample-weld-bead-{versions[0]}.json"
    for each in map(json.loads, manifest.read_text("utf-8").splitlines()):
        about = each["anomaly-label-detected-metadata"]
        verdict, sure = about["class-name"], about["confidence"]
        said[each["source-ref"]] = verdict, sure if verdict == "anomaly" else 1 - sure
    with file.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) > 10
    for row in rows:
        verdict, score = said[row["image"]]
        assert row["baseline_verdict"] == verdict
        assert float(row["baseline_score"]) == pytest.approx(score, abs=1e-5)


def test_a_gate_takes_predictions_by_place(table: Path, tmp_path: Path) -> None:
    given = ("gate", PROJECT, "new", "--predictions", f"new={table}", *SAMPLE)
    passed = run(*given, "--recall-at-least", "0.8")
    assert passed.exit_code == 0, passed.output
    undecided = run(*given, "--baseline", "3")
    assert undecided.exit_code == 1
    assert "Not shown yet" in undecided.output
    names = tmp_path / "names.csv"
    names.write_bytes(
        as_csv(verdicts(truths()), image=lambda each: "/".join(each.key.split("/")[-2:]))
    )
    by_name = ("gate", PROJECT, "new", "--predictions", f"new={names}", *SAMPLE)
    stopped = run(*by_name, "--recall-at-least", "0.8")
    assert stopped.exit_code == 1
    assert "matched_by_name" in stopped.output
    assert run(*by_name, "--recall-at-least", "0.8", "--same-names").exit_code == 0


def test_a_gate_does_not_pass_what_left_out_a_tenth_of_the_images(tmp_path: Path) -> None:
    found = verdicts(truths(), wrong=0.0)
    for silent, passes in ((0, True), (10, True), (11, False)):
        file = tmp_path / f"{silent}.csv"
        file.write_bytes(as_csv(found[silent:]))
        result = run(
            *("gate", PROJECT, "new", "--predictions", f"new={file}", *SAMPLE),
            *("--recall-at-least", "0.8"),
        )
        assert (result.exit_code == 0) is passes, result.output
        assert ("too_few_answered" in result.output) is not passes


def test_a_wrong_place_is_json_where_json_was_asked() -> None:
    for command in (("compare", PROJECT, "3"), ("gate", PROJECT, "new", "--baseline", "3")):
        result = run(*command, "--predictions", "v3=x.csv", "--json", *SAMPLE)
        assert result.exit_code == 1
        assert "code" in json.loads(result.stdout)["error"]


# The table


@given(st.text())
def test_no_cell_begins_a_formula(text: str) -> None:
    cell = defused(text)
    try:
        float(cell)
    except ValueError:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell in (text, f"'{text}")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_image_is_read_back_from_the_table(image: str) -> None:
    none = ChangedImages(count=0, images=())
    one = ChangedImages(count=1, images=(ChangedImage(image=image, baseline_score=-0.5),))
    changed = ChangedVerdicts(
        newly_missed=one, newly_caught=none, newly_rejected=none, newly_passed=none
    )
    comparison = ModelComparison(
        summary="",
        baseline="3",
        models=(
            ComparedModel(model_version="3"),
            ComparedModel(model_version="new", changed=changed),
        ),
        labels_to_doubt=(DoubtedLabel(image=image, label="normal", confidence=0.5),),
        best_reason="",
        findings=(),
        source=Source(kind="sample", basis="predictions"),
    )
    rows = list(csv.reader(io.StringIO(changed_table(comparison).decode("utf-8"), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert [row[2] for row in rows[1:]] == [defused(image)] * 2
    assert rows[1][3:] == ["anomaly", "", "", "anomaly", "-0.5"]
    assert rows[2][3:] == ["normal", "", "0.5", "anomaly", ""]

"""Columns are recognised by the names of the facts, never guessed; the flags settle the rest."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.formats.predictions.column_choice import ColumnChoice, PredictionsRefusedError
from lfv_mcp.formats.predictions.columns import NoPredictionsError, recognise, require_header

NAMES = {
    "image": ["image", "image_path", "filename", "file", "path", "source-ref", "image_name", "id"],
    "truth": [
        "truth",
        "gt_label",
        "gt",
        "ground_truth",
        "actual",
        "target",
        "y_true",
        "label_index",
        "human_classification",
    ],
    "prediction": [
        "prediction",
        "pred",
        "pred_label",
        "predicted",
        "y_pred",
        "is_anomalous",
        "top",
        "class",
    ],
    "score": ["anomaly_score", "pred_score", "score", "y_score", "probability", "p_anomaly"],
    "confidence": ["confidence"],
}
SAID_NOTHING = ColumnChoice()


def spellings(name: str) -> st.SearchStrategy[str]:
    """A name in other cases, and with blanks, underscores and hyphens elsewhere or nowhere."""
    mark = st.sampled_from(["", " ", "_", "-", "__"])
    case = st.sampled_from([str.lower, str.upper, str.title])
    parts = name.replace("-", "_").split("_")
    return st.tuples(mark, case).map(lambda chosen: chosen[1](chosen[0].join(parts)))


@pytest.mark.slow
@given(st.data())
def test_every_known_name_is_recognised_in_every_spelling_and_order(data: st.DataObject) -> None:
    roles = data.draw(
        st.sets(st.sampled_from(sorted(NAMES))).map(lambda some: some | {"image", "prediction"})
    )
    spelled = {
        role: data.draw(spellings(data.draw(st.sampled_from(NAMES[role])))) for role in roles
    }
    header = data.draw(st.permutations([*spelled.values(), "comment", "split", ""]))
    assert recognise(header, SAID_NOTHING, "a.csv") == spelled


@pytest.mark.parametrize(
    ("role", "two"),
    [
        (role, two)
        for role, names in NAMES.items()
        for two in combinations(names, 2)
        if len(names) > 1
    ],
)
def test_two_columns_for_a_role_are_refused_and_the_flag_settles_it(
    role: str, two: tuple[str, str]
) -> None:
    header = [*(NAMES[each][0] for each in ("image", "prediction") if each != role), *two]
    with pytest.raises(PredictionsRefusedError) as caught:
        recognise(header, SAID_NOTHING, "a.csv")
    for said in (f"'{two[0]}', '{two[1]}'", f"--{role} '{two[0]}'", "a.csv has 2 columns"):
        assert said in str(caught.value)
    for column in two:
        settled = recognise(header, ColumnChoice(**{role: column}), "a.csv")  # type: ignore[arg-type]
        assert settled[role] == column


def test_one_name_twice_cannot_be_settled_by_a_flag() -> None:
    with pytest.raises(PredictionsRefusedError, match="Rename"):
        recognise(["image", "pred", "pred"], SAID_NOTHING, "a.csv")
    with pytest.raises(PredictionsRefusedError, match="rename"):
        recognise(["image", "pred", "pred"], ColumnChoice(prediction="pred"), "a.csv")


def test_label_is_the_truth_only_beside_a_prediction() -> None:
    assert recognise(["image", "Label", "pred"], SAID_NOTHING, "a.csv")["truth"] == "Label"
    assert "truth" not in recognise(["image", "label"], ColumnChoice(prediction="label"), "a.csv")
    with pytest.raises(NoPredictionsError, match="labels, no predictions: it is a dataset"):
        recognise(["image", "label"], SAID_NOTHING, "a.csv")
    with pytest.raises(PredictionsRefusedError, match="2 columns for the truth: 'gt', 'label'"):
        recognise(["image", "gt", "label", "pred"], SAID_NOTHING, "a.csv")
    assert recognise(["image", "gt", "label", "pred"], ColumnChoice(truth="gt"), "a.csv") == {
        "image": "image",
        "truth": "gt",
        "prediction": "pred",
    }


def test_label_beside_a_score_with_a_cut_may_be_either() -> None:
    header = ["image", "label", "score"]
    with pytest.raises(PredictionsRefusedError, match="--truth 'label' or --prediction 'label'"):
        recognise(header, ColumnChoice(cut=0.5), "a.csv")
    assert recognise(header, ColumnChoice(cut=0.5, truth="label"), "a.csv")["truth"] == "label"


@pytest.mark.parametrize("role", ["image", "truth", "prediction", "score"])
def test_a_flag_names_any_column_and_frees_it_from_its_usual_role(role: str) -> None:
    header = ["image", "truth", "pred", "score", "Mine Own"]
    found = recognise(header, ColumnChoice(**{role: "mine_own"}), "a.csv")  # type: ignore[arg-type]
    assert found[role] == "Mine Own"
    assert len(found) == 4


@pytest.mark.parametrize("role", ["image", "truth", "prediction", "score"])
def test_a_flag_that_names_no_column_is_refused_with_the_columns(role: str) -> None:
    with pytest.raises(PredictionsRefusedError) as caught:
        recognise(["image", "pred"], ColumnChoice(**{role: "nowhere"}), "a.csv")  # type: ignore[arg-type]
    assert "no column 'nowhere'; its columns are 'image', 'pred'" in str(caught.value)
    assert f"--{role}" in caught.value.next_step


def test_two_flags_for_one_column_are_refused() -> None:
    choice = ColumnChoice(prediction="pred", score="Pred")
    with pytest.raises(PredictionsRefusedError, match="two flags name the column 'pred'"):
        recognise(["image", "pred"], choice, "a.csv")


@pytest.mark.parametrize(
    ("header", "choice", "flag", "said"),
    [
        (["pred", "score"], SAID_NOTHING, "--image", "no column that names the image"),
        (["image", "score"], SAID_NOTHING, "--cut", "neither a prediction nor the cut"),
        (["image", "truth", "score"], SAID_NOTHING, "0.5", "anomaly scores"),
        (["image", "confidence"], SAID_NOTHING, "--prediction", "confidence, but no prediction"),
        (["image", "pred"], ColumnChoice(cut=0.5), "--score", "no anomaly score to hold against"),
    ],
)
def test_what_is_missing_is_named_with_its_flag(
    header: list[str], choice: ColumnChoice, flag: str, said: str
) -> None:
    with pytest.raises(PredictionsRefusedError) as caught:
        recognise(header, choice, "a.csv")
    assert said in caught.value.message
    assert flag in caught.value.next_step
    assert not isinstance(caught.value, NoPredictionsError)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (["image", "truth"], "labels, no predictions: it is a dataset"),
        (["image", "comment"], "neither a prediction nor an anomaly score"),
        (["name", "value"], "no column that is known"),
        (["path", "file", "size"], "names files and predicts nothing"),
        (["model", "category", "image_AUROC", "image_F1Score"], "cannot be paired"),
        (["seed", "pixel_AUROC"], "cannot be paired"),
        (["precision", "recall", "class"], "cannot be paired"),
    ],
)
def test_what_is_something_else_than_predictions_is_told_apart(
    header: list[str], said: str
) -> None:
    with pytest.raises(NoPredictionsError, match=said):
        recognise(header, SAID_NOTHING, "a.csv")


@pytest.mark.parametrize(
    ("cells", "kind", "said"),
    [
        (["s3://b/a.png", "anomaly"], NoPredictionsError, "labels, no predictions"),
        (["S3://b/a b,c.png", "Normal"], NoPredictionsError, "it is a dataset"),
        (["a.PNG", "1"], PredictionsRefusedError, "has no header: its first line is 'a.PNG', '1'"),
        (["s3://b/a", "0.93", "1"], PredictionsRefusedError, "has no header"),
        (["# Read me"], NoPredictionsError, "no table of predictions"),
    ],
)
def test_values_in_the_place_of_a_header_are_named(
    cells: list[str], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said) as caught:
        require_header(cells, SAID_NOTHING, "a.csv")
    assert type(caught.value) is kind


def test_a_row_of_json_may_leave_out_what_it_does_not_know() -> None:
    choice = ColumnChoice(truth="gt")
    assert recognise(["image"], choice, "a.jsonl", partial=True) == {"image": "image"}
    assert recognise(["pred"], SAID_NOTHING, "a.jsonl", partial=True) == {"prediction": "pred"}

"""The words of classes: those that are known, and those that a person said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.formats.predictions.class_words import class_of, is_unknown, unknown_words
from lfv_mcp.formats.predictions.column_choice import ColumnChoice

SAID_NOTHING = ColumnChoice()
ANOMALY = [
    "anomaly",
    "anomalous",
    "abnormal",
    "defect",
    "defective",
    "bad",
    "NG",
    "NOK",
    "fail",
    "1",
    "true",
    "yes",
]
NORMAL = ["normal", "good", "OK", "pass", "0", "false", "no"]


@given(
    st.sampled_from([*((word, True) for word in ANOMALY), *((word, False) for word in NORMAL)]),
    st.sampled_from([str, str.upper, str.lower, str.title]),
    st.sampled_from(["", " ", "\t"]),
)
def test_a_known_word_is_a_class_in_any_case(
    known: tuple[str, bool], case: type[str], blank: str
) -> None:
    word, anomalous = known
    assert class_of(f"{blank}{case(word)}{blank}", SAID_NOTHING) is anomalous


@pytest.mark.parametrize(
    ("value", "anomalous"),
    [(True, True), (False, False), (1, True), (0, False), (1.0, True), (0.0, False)],
)
def test_numbers_and_truth_values_are_words(value: object, anomalous: bool) -> None:
    assert class_of(value, SAID_NOTHING) is anomalous
    assert class_of(str(value), SAID_NOTHING) is anomalous


@pytest.mark.parametrize("empty", ["", " ", None, "nan", "NaN", float("nan"), "null", "N/A", []])
def test_what_says_nothing_is_no_word(empty: object) -> None:
    for choice in (SAID_NOTHING, ColumnChoice(anomaly_values=("x",))):
        assert class_of(empty, choice) is None
        assert not is_unknown(empty, choice)


@pytest.mark.parametrize("word", ["scratch", "none", "2", "-1", "0.93", 0.93, 10**30, "0,5", "ja"])
def test_any_other_word_is_unknown(word: object) -> None:
    assert class_of(word, SAID_NOTHING) is None
    assert is_unknown(word, SAID_NOTHING)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=3), st.text())
def test_words_that_a_person_said_are_anomalies_and_every_other_word_is_normal(
    said: list[str], word: str
) -> None:
    choice = ColumnChoice(anomaly_values=tuple(said))
    assert not is_unknown(word, choice)
    for each in said:
        assert class_of(each, choice) in {True, None}
    if word.strip() and class_of(word, choice) is None:
        assert class_of(word, SAID_NOTHING) is None
    if word.casefold().strip() in {each.casefold().strip() for each in said}:
        assert class_of(word, choice) is not False


def test_what_a_person_said_beats_the_known_words() -> None:
    choice = ColumnChoice(anomaly_values=("0",))
    assert [class_of(word, choice) for word in ("0", "0.0", 0, "1", "anomaly")] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_the_refusal_names_words_column_file_and_flag() -> None:
    said = str(unknown_words(["scratch", "dent\x1b[2J"], "pred_label", "a.csv"))
    assert "a.csv: column 'pred_label' has 'scratch', 'dent'" in said
    assert "--anomaly-value 'scratch'" in said
    assert "--cut" not in said


def test_scores_in_the_place_of_words_are_named_with_the_flags_for_scores() -> None:
    said = str(unknown_words(["0.93", "0,2"], "pred", "a.csv"))
    assert "--score 'pred'" in said
    assert "--cut" in said

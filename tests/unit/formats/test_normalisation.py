"""The normal form of saved answers, and what an EvaluationResult proves of a model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.members import read_members
from lfv_mcp.formats.normalisation import plain, proven_performance
from tests.support.saved_records import described, project_of, result_of


def test_what_tools_did_to_an_answer_is_undone() -> None:
    """jq writes 1 for 1.0 and keeps nulls; times may be text in any member that has one."""
    usual = described(
        Description=..., Performance={"F1Score": 1.0, "Recall": 1.0, "Precision": 0.5}
    )
    odd = usual | {
        "Description": None,
        "Performance": {"F1Score": 1, "Recall": 1, "Precision": 0.5, "Future": None},
        "CreationTimestamp": str(usual["CreationTimestamp"]),
    }
    assert json.dumps(read_members(odd)) == json.dumps(read_members(usual))
    assert list(read_members(usual)) == sorted(usual)
    datasets = project_of()["Datasets"]
    spelled = [{**datasets[0], "CreationTimestamp": "2025-07-28T13:31:05.200Z"}]
    assert read_members({"Datasets": spelled}, "project") == {"Datasets": datasets}


@pytest.mark.parametrize("unset", [None, "", 0, "0001-01-01T00:00:00", "1970-01-01T00:00:00Z"])
def test_what_was_never_set_is_absent(unset: object) -> None:
    """A language's default is no statement: 0 units, the year 1, an empty text."""
    names = ("CreationTimestamp", "MinInferenceUnits", "MaxInferenceUnits", "KmsKeyId")
    units = 0 if unset == 0 else ""
    odd = described() | dict(zip(names, (unset, units, units, None), strict=True))
    known = {name: value for name, value in described().items() if name not in names}
    assert read_members(odd) == known


def test_what_is_no_json_is_left_out() -> None:
    assert plain({"b": {1, 2}, "a": [None, object(), 1], "c": None}) == {"a": [None, None, 1]}


@pytest.mark.parametrize(("levels", "fits"), [(16, True), (17, False)])
def test_nesting_has_a_limit(levels: int, fits: bool) -> None:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    if fits:
        assert plain(value) == value
    else:
        with pytest.raises(UnrecognisedError, match="nested too deeply"):
            plain(value)


# What an EvaluationResult proves


@pytest.mark.parametrize(
    "document",
    [{}, {"AggregatedEvaluationResults": 5}, {"AggregatedEvaluationResults": {"Metrics": []}}],
)
def test_result_that_says_nothing_proves_nothing(document: dict[str, Any]) -> None:
    assert proven_performance(document) == {}


@pytest.mark.parametrize("bad", [1.5, -0.1, "much", "NaN", True, None, [], 10**400])
def test_an_impossible_metric_proves_nothing(bad: object) -> None:
    """The same in a listing and in a description, which both take their metrics from here."""
    assert proven_performance(result_of(Precision=bad)) == {"F1Score": 0.878049, "Recall": 0.9}

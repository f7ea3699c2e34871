"""Tables of answers against the structure that they are made of."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from lfv_mcp import Lfv, LfvError, connect
from lfv_mcp.results import shown
from lfv_mcp.results.inventory import EdgePackage, HeldImages


@pytest.fixture(scope="module")
def sample() -> Iterator[Lfv]:
    with connect("sample", timeout=60) as lfv:
        yield lfv


def known(row: Any) -> dict[str, Any]:
    """The members of a row that are not missing."""
    return {
        str(name): value
        for name, value in row.items()
        if not (value is None or (isinstance(value, float) and math.isnan(value)))
    }


def test_a_listing_is_a_row_for_each_model(sample: Lfv) -> None:
    listed = sample.models()
    frame = listed.to_frame()
    assert [known(row) for _, row in frame.iterrows()] == [
        each.present_members() for each in listed.models
    ]
    assert frame["precision"].dtype == "float64"


def test_a_summary_is_one_row(sample: Lfv) -> None:
    answer = sample.describe("sample-cap-seal", 3)
    (row,) = (known(row) for _, row in answer.to_frame().iterrows())
    assert answer.performance is not None
    assert answer.performance.present_members().items() <= row.items()
    assert (row["project_name"], row["model_version"]) == ("sample-cap-seal", "3")
    assert row["findings"] == tuple(each.code for each in answer.findings)


def test_a_report_is_a_row_for_each_metric(sample: Lfv) -> None:
    answer = sample.evaluate("sample-cap-seal", 3)
    frame = answer.to_frame().set_index("metric")
    assert answer.metrics is not None
    assert answer.reported is not None
    assert list(frame.index) == list(answer.metrics.present_members())
    for name, metric in answer.metrics.present_members().items():
        row = known(frame.loc[name])
        reported = answer.reported.present_members().get(name)
        assert row.pop("reported", None) == reported
        assert row == metric.present_members()


def test_a_comparison_is_a_row_for_each_candidate_and_question(sample: Lfv) -> None:
    answer = sample.compare("sample-weld-bead", [1, 2, 3])
    frame = answer.to_frame()
    _, *candidates = answer.models
    assert list(zip(frame["model_version"], frame["question"], strict=True)) == [
        (each.model_version, question)
        for each in candidates
        for question in ("recall", "false_alarm_rate")
    ]
    for each in candidates:
        for question in ("recall", "false_alarm_rate"):
            mine = frame[(frame.model_version == each.model_version) & (frame.question == question)]
            row = known(mine.iloc[0])
            rate = getattr(each, question)
            assert rate.present_members().items() <= row.items()
            assert row["model_verdict"] == each.verdict
            assert row["replacement"] == each.replacement
            margin = answer.recall_margin if question == "recall" else answer.false_alarm_margin
            assert row.get("margin") == margin


def test_images_are_a_row_each_and_count_as_the_report_does(sample: Lfv) -> None:
    frame = sample.images("sample-weld-bead", 3).to_frame()
    counts = pd.crosstab(frame["label"], frame["prediction"])
    confusion = sample.evaluate("sample-weld-bead", 3).confusion
    assert confusion is not None
    assert counts.loc["anomaly", "anomaly"] == confusion.true_positives
    assert counts.loc["anomaly", "normal"] == confusion.false_negatives
    assert counts.loc["normal", "anomaly"] == confusion.false_positives
    assert counts.loc["normal", "normal"] == confusion.true_negatives


def test_an_inventory_is_a_row_for_each_project(sample: Lfv) -> None:
    answer = sample.inventory()
    frame = answer.to_frame()
    assert list(frame["project_name"]) == [each.project_name for each in answer.projects]
    for project, (_, row) in zip(answer.projects, frame.iterrows(), strict=True):
        for name in ("answers", "evaluation_files", "prediction_sets", "can", "missing"):
            assert row[name] == getattr(project, name)
    there = HeldImages(present=3, gone=1, archived=0, forbidden=0)
    package = EdgePackage(location="model.tar.gz", built_in_threshold=0.5)
    first = answer.projects[0].model_copy(update={"images": there, "edge_packages": (package,)})
    held = answer.model_copy(update={"projects": (first,)}).to_frame().iloc[0]
    assert (held["images_present"], held["images_gone"]) == (3, 1)
    assert held["masks_present"] is None
    assert held["edge_packages"] == ("model.tar.gz",)


def test_without_pandas_the_error_says_what_to_install(
    sample: Lfv, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(LfvError) as caught:
        sample.models().to_frame()
    assert caught.value.code == "part_not_installed"
    assert "pip install 'pandas" in caught.value.next_step


def test_answers_draw_nothing_by_themselves(sample: Lfv, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = sample.describe("sample-cap-seal")
    monkeypatch.setattr(shown, "_registered", [])
    assert answer._repr_html_() is None
    assert str(answer).startswith("summary='")
    with pytest.raises(RuntimeError, match=r"lfv_mcp\.library"):
        answer.to_frame()

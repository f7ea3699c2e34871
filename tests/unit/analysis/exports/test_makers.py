"""The pure makers of exports: limits of length, odd texts, figures that have no value."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any, Final

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.analysis.evaluation import report
from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.analysis.exports.carried import ExportedModel, fitting, whole_sentences
from lfv_mcp.analysis.exports.huggingface import huggingface_card
from lfv_mcp.analysis.exports.mlflow_run import run_content
from lfv_mcp.analysis.exports.sagemaker import MAX_CONTENT, sagemaker_content
from lfv_mcp.analysis.exports.tables import images_table
from lfv_mcp.results.common import Finding, Source
from lfv_mcp.results.image_list import ImageList, JudgedImage
from tests.support.answers import ARCHIVE
from tests.support.reports import FIXTURE, judged, read
from tests.support.sagemaker_schema import CONTENT
from tests.support.summaries import summary_of

TEXTS: Final = st.text(max_size=40) | st.sampled_from(
    ["---", "\n---\n", "a: b", "\U0001f600" * 30, "=1+1", "\u202eabc", '"', "\\", "\u2028", "null"]
)
LONG: Final = st.builds(lambda text, times: text * times, TEXTS, st.integers(0, 400))


def model(
    description: str = "", findings: tuple[Finding, ...] = (), *cells: tuple[bool, bool, float]
) -> ExportedModel:
    manifest = judged(*cells) if cells else read(FIXTURE)
    summary = summary_of(Status="TRAINED", Description=description)
    question = EvaluationQuestion(with_cuts=True)
    made = report(
        summary.model_description, None, manifest, ARCHIVE, question=question, findings=findings
    )
    return ExportedModel(summary, made, "lfv-mcp 0")


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def metrics_of(card: dict[str, Any]) -> dict[str, Any]:
    groups = card["evaluation_details"][0]["metric_groups"]
    return {each["name"]: each["value"] for group in groups for each in group["metric_data"]}


def test_every_format_has_the_same_figures() -> None:
    made = model()
    in_run = run_content(made, "<html>").metrics
    front = yaml.safe_load(huggingface_card(made).split("---\n")[1])
    listed = front["model-index"][0]["results"][0]["metrics"]
    card = json.loads(sagemaker_content(made))
    assert {each["type"]: each["value"] for each in listed} == in_run
    numbers = metrics_of(card)
    assert {name: numbers[name] for name in in_run} == in_run
    assert in_run["recall"] == 0.5  # the worked example: one image of each outcome
    assert in_run["recall_low"] == pytest.approx(0.0945, abs=5e-5)  # Wilson's, 1 of 2
    assert numbers["confusion_matrix"] == [[1, 1], [1, 1]]


def test_a_metric_without_a_value_says_why() -> None:
    made = model("", (), (True, True, 0.9), (True, False, 0.6))  # no good part
    assert "false_alarm_rate" not in run_content(made, "").metrics
    assert run_content(made, "").tags["lfv.undefined.false_alarm_rate"]
    card = json.loads(sagemaker_content(made))
    jsonschema.validate(card, CONTENT)
    assert metrics_of(card)["false_alarm_rate"] == "undefined"


@pytest.mark.slow
@given(text=LONG, limit=st.integers(1, 200))
def test_a_text_fits_and_is_kept_if_it_can_be(text: str, limit: int) -> None:
    fitted = fitting(text, limit)
    assert units(fitted) <= limit
    assert fitting(fitted, limit) == fitted


@pytest.mark.slow
@given(texts=st.lists(LONG, min_size=1, max_size=8), limit=st.integers(60, 3000))
def test_sentences_fit(texts: list[str], limit: int) -> None:
    assert units(whole_sentences(texts, limit)) <= limit


@pytest.mark.slow
@given(description=LONG, messages=st.lists(LONG, max_size=150))
def test_cards_keep_their_limits_whatever_an_account_says(
    description: str, messages: list[str]
) -> None:
    findings = tuple(
        Finding(code=f"code_{i}", severity="warning", message=each)
        for i, each in enumerate(messages)
    )
    made = model(description, findings)
    text = sagemaker_content(made)
    assert units(text) <= MAX_CONTENT
    jsonschema.validate(json.loads(text), CONTENT)
    front = yaml.safe_load(huggingface_card(made).split("\n---\n")[0].removeprefix("---\n"))
    assert front["lfv_mcp"]["source_kind"] == "archive"
    content = run_content(made, "")
    assert max(map(units, content.tags.values())) <= 5000
    assert max(map(units, content.parameters.values())) <= 500
    assert all(map(math.isfinite, content.metrics.values()))


@pytest.mark.slow
@given(names=st.lists(TEXTS, max_size=5))
def test_a_table_of_images_reads_back(names: list[str]) -> None:
    images = ImageList(
        summary="",
        images=tuple(
            JudgedImage(image=name or None, label="anomaly", prediction="normal") for name in names
        ),
        findings=(),
        source=Source(kind="archive", basis="evaluation_files"),
    )
    text = images_table("p", "1", images, "lfv-mcp 0").decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["image"].removeprefix("'") for row in rows] == [
        name.removeprefix("'") for name in names
    ]
    assert {row["outcome"] for row in rows} <= {"missed"}
    assert not any(row["image"].startswith(("=", "+", "-", "@")) for row in rows if not number(row))


def number(row: dict[str, str]) -> bool:
    try:
        float(row["image"])
    except ValueError:
        return False
    return True

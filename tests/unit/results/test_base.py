"""What every result is: immutable, validated, exact, and without null in its JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from typing import Any, Final

import anyio
import pytest
from pydantic import ValidationError

from lfv_mcp.analysis.evaluation_question import EvaluationQuestion
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.errors import SetupError
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.results.base import Result
from lfv_mcp.results.common import Source
from lfv_mcp.results.evaluation_report import Metric
from lfv_mcp.results.model_description import ModelDescription, ModelPerformance
from lfv_mcp.results.model_list import ModelRow
from tests.support.answers import as_json

QUESTION: Final = EvaluationQuestion(0.01, 0.5, 10, 1, 0.95, 0.05)
ROW: Final = ModelRow(project_name="caps", model_version="3")


def test_a_result_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ROW.status = "HOSTED"
    assert ROW.status is None


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        (ModelRow, {"project_name": "caps", "model_version": 3}),
        (ModelRow, {"project_name": "caps"}),
        (ModelRow, {"project_name": "caps", "model_version": "3", "colour": "red"}),
        (ModelPerformance, {"Recall": "0.9"}),
        (ModelPerformance, {"Recall": True}),
        (ModelPerformance, {"Recall": float("nan")}),
        (ModelPerformance, {"Recall": float("inf")}),
        (ModelDescription, {"MinInferenceUnits": 1.0}),
        (Source, {"kind": "rumour", "basis": "list_models"}),
        (Metric, {}),
        (Metric, {"value": 0.5, "undefined": "no test image is anomalous"}),
        (Metric, {"value": 0.5, "low": 0.4}),
    ],
)
def test_what_is_no_such_record_is_refused(kind: type[Result], members: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kind(**members)


def test_absent_members_are_not_in_the_json_at_any_depth() -> None:
    description = ModelDescription(Performance=ModelPerformance(Recall=0.0), MinInferenceUnits=0)
    assert description.to_json() == {"Performance": {"Recall": 0.0}, "MinInferenceUnits": 0}
    assert list(description.present_members()) == ["Performance", "MinInferenceUnits"]
    assert ModelDescription().to_json() == {}


def test_a_record_without_members_is_none() -> None:
    assert ModelPerformance().or_none() is None
    some = ModelPerformance(Recall=0)
    assert some.or_none() is some


@pytest.mark.parametrize("value", [0, 1, 0.1 + 0.2, 0.8780487804878049, 5e-324, 1.0])
def test_a_number_is_written_as_it_was_given(value: float) -> None:
    assert json.dumps(ModelPerformance(Recall=value).to_json()) == json.dumps({"Recall": value})


@pytest.mark.slow
def test_every_answer_of_the_sample_fits_its_schema_and_survives_json(sample: Catalog) -> None:
    async def answers() -> list[Result]:
        listed = await sample.list_models(max_results=100)
        found: list[Result] = [listed]
        versions: dict[str, list[str]] = {}
        for row in listed.models:
            asked = ModelQuery(row.project_name, row.model_version)
            versions.setdefault(row.project_name, []).append(row.model_version)
            found.append(await sample.describe_model(asked))
            with suppress(SetupError):  # some of the sample's models have no evaluation files
                found.append(await sample.analyze_evaluation(asked, QUESTION))
        for project, known in versions.items():
            if len(known) > 1:
                found.append(await sample.compare_models(ModelQuery(project), known))
        return found

    found = anyio.run(answers)
    assert {type(answer).__name__ for answer in found} == {
        "ModelList",
        "ModelSummary",
        "EvaluationReport",
        "ModelComparison",
    }
    for answer in found:
        plain = as_json(answer)
        assert as_json(type(answer).model_validate(plain)) == plain


@pytest.mark.parametrize(
    "answer", ["ModelSummary", "ModelList", "EvaluationReport", "ModelComparison"]
)
def test_models_are_built_whole_before_threads_use_them(answer: str) -> None:
    """In a process of its own: here other tests have built them long ago."""
    code = (
        "from lfv_mcp.results import evaluation_report, model_comparison\n"
        "from lfv_mcp.results import model_list, model_summary\n"
        "from lfv_mcp.results.base import Result, build_models\n"
        "modules = (evaluation_report, model_comparison, model_list, model_summary)\n"
        f"answer = next(getattr(m, {answer!r}) for m in modules if hasattr(m, {answer!r}))\n"
        "assert not answer.__pydantic_complete__\n"
        "build_models(answer)\n"
        "kinds = Result.__subclasses__()\n"
        "for kind in kinds: kinds += kind.__subclasses__()\n"
        "named = set(answer.model_json_schema()['$defs']) | {answer.__name__}\n"
        "print(all(k.__pydantic_complete__ for k in kinds if k.__name__ in named))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"

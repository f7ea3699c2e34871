"""The published schemas: what pydantic makes of the results is what was committed, and they fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from lfv_mcp.results.base import Result
from lfv_mcp.results.evaluation_report import EvaluationReport
from lfv_mcp.results.model_comparison import ModelComparison
from lfv_mcp.results.model_list import ModelList
from lfv_mcp.results.model_summary import ModelSummary
from lfv_mcp.results.schema import published_schema

SNAPSHOT: Final = Path(__file__).parents[2] / "snapshots" / "tools.json"
RESULTS: Final[dict[str, type[Result]]] = {
    "describe_model": ModelSummary,
    "list_models": ModelList,
    "analyze_evaluation": EvaluationReport,
    "compare_models": ModelComparison,
}


@pytest.mark.parametrize("tool", RESULTS)
def test_the_published_schema_is_the_committed_one(tool: str) -> None:
    committed = {each["name"]: each["outputSchema"] for each in json.loads(SNAPSHOT.read_bytes())}
    assert set(committed) == set(RESULTS)
    made = json.dumps(published_schema(RESULTS[tool]), indent=2, sort_keys=True)
    assert made == json.dumps(committed[tool], indent=2, sort_keys=True)


def plain(node: Any) -> Any:
    """pydantic's own schema with titles, docstrings, defaults and null taken out by hand."""
    if isinstance(node, list):
        return [plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    branches = [each for each in node.get("anyOf", []) if each != {"type": "null"}]
    if len(branches) == 1:
        inner = plain(branches[0])
        return inner | {n: v for n, v in node.items() if n == "description"}
    noise = {"title", "default"}
    if "properties" in node:
        noise |= {"additionalProperties", "description", "required"}
    return {
        name: {key: plain(value) for key, value in member.items()}
        if name in ("properties", "$defs")
        else plain(member)
        for name, member in node.items()
        if name not in noise
    }


def without_texts(node: dict[str, Any]) -> dict[str, Any]:
    """A published schema without what is published of records by hand: description, required."""
    records = [node, *node["$defs"].values()]
    for record in records:
        record.pop("description", None)
        record.pop("required", None)
    return node


@pytest.mark.parametrize("kind", RESULTS.values())
def test_nothing_but_noise_is_taken_from_pydantics_own_schema(kind: type[Result]) -> None:
    published = json.loads(json.dumps(published_schema(kind)))
    assert without_texts(published) == plain(TypeAdapter(kind).json_schema())


@pytest.mark.parametrize("kind", RESULTS.values())
def test_a_schema_is_one_and_never_speaks_of_null(kind: type[Result]) -> None:
    Draft202012Validator.check_schema(published_schema(kind))
    text = json.dumps(published_schema(kind))
    for noise in ("null", "title", "default", "anyOf"):
        assert f'"{noise}"' not in text


def test_the_published_schemas_stay_small() -> None:
    sizes = [
        len(json.dumps(published_schema(kind), separators=(",", ":")))
        for kind in (EvaluationReport, ModelComparison)
    ]
    assert sum(sizes) <= 14_000  # of 24 kB for the whole list of tools

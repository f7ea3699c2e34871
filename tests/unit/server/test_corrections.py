"""The call to make instead of a refused one: it keeps every rule, and names a known project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client

from lfv_mcp.catalog.held_names import HeldNames
from lfv_mcp.errors import CallerError
from lfv_mcp.server.arguments import parse
from lfv_mcp.server.corrections import corrected_call
from lfv_mcp.server.protocol import ERROR_META
from lfv_mcp.server.tools import TOOLS

PROJECTS: Final = ("cap-seal", "weld-bead", "weld-bead-2024")
HELD: Final = HeldNames(PROJECTS, {"cap-seal": ("padim", "patchcore_2")})
BY_NAME: Final = {tool.name: tool for tool in TOOLS}
NAMES: Final = sorted({argument.name for tool in TOOLS for argument in tool.arguments})
WORDS: Final = st.one_of(
    st.sampled_from(
        (*PROJECTS, "your-project-name", "latest", "hosted", "FAILED", "null", "", "3")
    ),
    st.builds("{}{}{}".format, st.sampled_from(PROJECTS), st.sampled_from("-/:#_ "), st.integers()),
    st.text(max_size=20),
)
VALUES: Final = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), WORDS, st.lists(WORDS, max_size=3)
)


CALLS: Final[list[tuple[str, Mapping[str, Any], tuple[str, Mapping[str, Any]] | None]]] = [
    (
        "list_models",
        {"project_name": "your-project-name", "status": "failed"},
        ("list_models", {"status": "TRAINING_FAILED"}),
    ),
    ("describe_model", {"project_name": "your-project-name"}, ("list_models", {})),
    (
        "describe_model",
        {"project_name": "latest", "model_version": "cap-seal"},
        ("describe_model", {"project_name": "cap-seal", "model_version": "latest"}),
    ),
    (
        "analyze_evaluation",
        {"project_name": "weld-bead-2024-3", "threshold": "high"},
        ("analyze_evaluation", {"project_name": "weld-bead-2024", "model_version": "3"}),
    ),
    (
        "describe_model",
        {"project_name": "aws:lookoutvision", "model_version": "cap-seal/3"},
        ("describe_model", {"project_name": "cap-seal", "model_version": "3"}),
    ),
    (
        "describe_model",
        {"project_name": "Cap-Sael", "model_version": "3", "region": "eu-west-1"},
        ("describe_model", {"project_name": "cap-seal", "model_version": "3"}),
    ),
    ("compare_models", {"project_name": "cap-seal", "model_versions": ["3"]}, None),
    ("compare_models", {"project_name": "cap seal v4", "model_versions": ["3", "5"]}, None),
    (
        "describe_model",
        {"project_name": "cap seal 4"},
        ("describe_model", {"project_name": "cap-seal", "model_version": "4"}),
    ),
    *(
        (
            "describe_model",
            {"project_name": typed},
            ("describe_model", {"project_name": "cap-seal", "model_version": "4"}),
        )
        for typed in (
            *("cap-seal, version 4", "cap seal (Version 4)", "cap-seal/models/4", "CAP SEAL v4"),
            *("the model cap-seal, model 4", "cap-seal model v4", "capseal versión 4"),
        )
    ),
    (
        "compare_models",
        {"project_name": "Cap_Seal", "model_versions": ["3", "Patch core 2"], "recall_margin": 2},
        (
            "compare_models",
            {
                "project_name": "cap-seal",
                "model_versions": ["3", "patchcore_2"],
                "recall_margin": 0.02,
            },
        ),
    ),
    (
        "analyze_evaluation",
        {"project_name": "cap-seal", "model_version": "padmi"},
        ("analyze_evaluation", {"project_name": "cap-seal", "model_version": "padim"}),
    ),
    ("analyze_evaluation", {"project_name": "cap-seal", "recall_at_least": 101}, None),
    ("analyze_evaluation", {"project_name": "cap-seal", "cost_of_escape": "1,000"}, None),
    ("analyze_evaluation", {"project_name": "cap-seal", "defect_rate": "5 of 100"}, None),
    ("analyze_evaluation", {"project_name": "cap-seal", "threshold": "0.5²"}, None),
    ("describe_model", {"project_name": "cap-seal", "model_version": "1.2.3"}, None),
]
LISTING: Final[tuple[str, Any]] = ("list_models", {})
_ARN: Final = "arn:aws:lookoutvision:eu-west-1:444455556666"
_URI: Final = "lookoutvision://projects/cap-seal/models"
_DESCRIBE: Final[list[tuple[Mapping[str, Any], tuple[str, str] | None]]] = [
    # An ARN or URI stays whole: its region, account and version are part of the question.
    (
        {"project_name": f"{_ARN}:project/cap-seal", "model_version": "02"},
        (f"{_ARN}:project/cap-seal", "2"),
    ),
    ({"project_name": f"{_ARN}:model/cap-seal/5", "region": "x"}, (f"{_ARN}:model/cap-seal/5", "")),
    ({"project_name": f"{_ARN}:model/cap-seal/5", "model_version": "hosted", "x": True}, None),
    ({"project_name": f"{_URI}/padim", "x": True}, (f"{_URI}/padim", "")),
    ({"project_name": f"the one, {_ARN}:model/cap-seal/5."}, (f"{_ARN}:model/cap-seal/5", "")),
    # A part of a longer name is none; two names are none.
    ({"project_name": "weld-seam"}, LISTING),
    ({"project_name": "my-cap-seal-line", "model_version": "2"}, LISTING),
    ({"project_name": "cap-seal and weld-bead"}, LISTING),
    ({"project_name": "cap-seal (not weld-bead-2024)"}, LISTING),
    ({"project_name": "weld bead", "model_version": "2"}, ("weld-bead", "2")),
    ({"project_name": ["cap-seal"]}, ("cap-seal", "")),
    # Arguments by another name.
    ({"project": "cap-seal", "version": "3"}, ("cap-seal", "3")),
    ({"projectName": "cap-seal", "modelVersion": "3"}, ("cap-seal", "3")),
    ({"name": "Cap Seal", "model": "3"}, ("cap-seal", "3")),
    ({"project_name": "cap-seal", "top_k": 5}, None),
    ({"project_name": "cap-seal", "include_metrics": True}, ("cap-seal", "")),
    # A version that is said twice has to be the same one; one that is none leaves no call.
    ({"project_name": "cap-seal v3", "model_version": "v2"}, None),
    ({"project_name": "cap-seal v3", "model_version": "padim"}, None),
    ({"project_name": "cap-seal v3", "model_version": "v3"}, ("cap-seal", "3")),
    ({"project_name": "cap-seal", "model_version": "weld-bead/2"}, None),
    ({"project_name": "Is version 3 of cap-seal any good?"}, ("cap-seal", "3")),
    ({"project_name": "cap-seal 1.5"}, LISTING),
    ({"project_name": "cap-seal 3 vs 2"}, LISTING),
    *(
        ({"project_name": "cap-seal", "model_version": said}, None)
        for said in (">2", "-1", "3 versions ago", "the one before 3", "all except 3", "8/2025")
    ),
    *(
        ({"project_name": "cap-seal", "model_version": said}, ("cap-seal", "3"))
        for said in ("No. 3", "versión 3", "03", "cap-seal/3", "(v3)", "model version 3.")
    ),
    *(
        ({"project_name": "cap-seal", "model_version": said}, ("cap-seal", "latest"))
        for said in ("newest", "the latest one", "most recent version", "neueste")
    ),
    ({"project_name": "cap-seal", "model_version": "hosted version"}, ("cap-seal", "hosted")),
]
_ANALYZE: Final[list[tuple[Mapping[str, Any], Mapping[str, Any] | None]]] = [
    ({"defect_rate": [0.05]}, None),
    ({"defect_rate": {"value": 5, "unit": "%"}}, None),
    ({"defect_rate": "five percent"}, None),
    ({"defectRate": 0.05}, {"defect_rate": 0.05}),
    ({"rate": "5 %"}, {"defect_rate": "5 %"}),
    ({"cost": 5}, None),
    (
        {"escape_cost": 10, "false_reject_cost": 1},
        {"cost_of_escape": 10, "cost_of_false_reject": 1},
    ),
    ({"defect_rate": 2, "threshold": 80}, None),
    ({"defect_rate": 2, "cost_of_escape": 10}, None),
    ({"cost_of_escape": "10", "cost_of_false_reject": "cheap"}, None),
]
"""What is said beside a project, and what of it the call has."""


@pytest.mark.parametrize(("said", "model"), _DESCRIBE)
def test_the_call_is_about_the_model_that_was_meant(
    said: Mapping[str, Any], model: tuple[str, str] | None
) -> None:
    call = corrected_call("describe_model", BY_NAME["describe_model"].arguments, said, HELD)
    if model is None or model == LISTING:
        assert call == (LISTING if model else None)
        return
    given_to = ("project_name", "model_version")
    expected = {name: value for name, value in zip(given_to, model, strict=True) if value}
    assert call == ("describe_model", expected)


@pytest.mark.parametrize(("said", "instead"), _ANALYZE)
def test_the_call_has_every_number_that_was_said(
    said: Mapping[str, Any], instead: Mapping[str, Any] | None
) -> None:
    tool, project = BY_NAME["analyze_evaluation"], {"project_name": "cap-seal"}
    call = corrected_call(tool.name, tool.arguments, {**project, **said}, HELD)
    assert call == (None if instead is None else (tool.name, {**project, **instead}))


def test_versions_by_their_arns_stay_of_their_project() -> None:
    tool = BY_NAME["compare_models"]
    models = [f"{_ARN}:model/cap-seal/{version}" for version in (2, 3)]
    call = corrected_call(
        tool.name, tool.arguments, {"model_versions": models, "recall_margin": 5}, HELD
    )
    assert call is not None
    assert call.arguments == {
        "project_name": f"{_ARN}:project/cap-seal",
        "model_versions": ["2", "3"],
        "recall_margin": 0.05,
    }


@pytest.mark.parametrize(("tool", "given_arguments", "instead"), CALLS)
def test_the_call_meant_is_written_out(
    tool: str, given_arguments: Mapping[str, Any], instead: tuple[str, Mapping[str, Any]] | None
) -> None:
    assert corrected_call(tool, BY_NAME[tool].arguments, given_arguments, HELD) == instead


@pytest.mark.slow
@given(st.sampled_from(TOOLS), st.dictionaries(st.sampled_from([*NAMES, "region"]), VALUES))
def test_every_call_written_out_keeps_the_rules(tool: Any, said: Mapping[str, Any]) -> None:
    call = corrected_call(tool.name, tool.arguments, said, HELD)
    if call is None:
        return
    parsed = parse(BY_NAME[call.name].arguments, call.arguments)
    assert call.name in (tool.name, "list_models")
    assert parsed["project_name"] in (*PROJECTS, "")
    assert call != (tool.name, said)
    assert corrected_call(call.name, BY_NAME[call.name].arguments, call.arguments, HELD) is None


@pytest.mark.anyio
async def test_a_refusal_can_be_answered_by_copying_its_call(client: Client) -> None:
    await client.call_tool("list_models", {})  # the projects are known once the index is read
    for status in ("failed", "HOSTED", "no such"):
        asked = {"project_name": "my-own-project", "status": status}
        refused = await client.call_tool("list_models", asked)
        assert refused.is_error
        assert refused.meta
        call = refused.meta[ERROR_META]["call"]
        answer = await client.call_tool(call["name"], call["arguments"])
        assert not answer.is_error


def test_what_cannot_be_unwrapped_has_no_other_call() -> None:
    tool = BY_NAME["describe_model"]
    with pytest.raises(CallerError):
        parse(tool.arguments, {"arguments": "["})
    assert corrected_call(tool.name, tool.arguments, {"arguments": "["}, HELD) is None

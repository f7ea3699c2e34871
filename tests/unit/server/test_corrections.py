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

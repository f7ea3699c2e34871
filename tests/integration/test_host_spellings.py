"""Calls as hosts pass them on: the answer is the one to the call that the model meant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from mcp import Client
from mcp.types import TextResourceContents

from tests.support.clients import text

pytestmark = pytest.mark.anyio
WELD: Final = {"project_name": "sample-weld-bead"}
SEAL: Final = {"project_name": "sample-cap-seal", "model_version": "3"}
RATE: Final = SEAL | {"defect_rate": 0.01}
ARN: Final = "arn:aws:lookoutvision:us-east-1:111122223333:model/sample-{}/{}"
CALLS: Final[tuple[tuple[str, Mapping[str, object], tuple[Mapping[str, object], ...]], ...]] = (
    # tool, what the model meant, what hosts make of it
    (
        "describe_model",
        SEAL,
        (
            SEAL | {"toolCallId": "call_x"},
            SEAL | {"session_id": "s", "chatInput": "describe it", "action": "", "Tool": None},
            {"project_name": " sample-cap-seal\n", "model_version": 3.0},
            {"project_name": '"sample-cap-seal"', "model_version": "V3"},
            {"project_name": "lookoutvision://projects/sample-cap-seal/models/3"},
            {"arguments": SEAL},
            {"arguments": json.dumps(SEAL)},
            {"input": SEAL, "toolCallId": "x"},
            {"params": {"arguments": json.dumps(SEAL)}},
            SEAL | {"kwargs": {}, "args": []},
            SEAL | {"model_version": ["3"]},
            SEAL | {"model_version": {"version": 3}},
            SEAL | {"model_version": "version_3"},
            SEAL | {"model_version": "\uff13"},
            SEAL | {"model_version": ARN.format("cap-seal", 3)},
            {"model_version": ARN.format("cap-seal", 3)},
            {"project_name": ARN.format("cap-seal", 3), "model_version": ARN.format("cap-seal", 3)},
        ),
    ),
    (
        "compare_models",
        WELD | {"model_versions": ["2", "3"]},
        (
            WELD | {"model_versions": '["2","3"]'},
            WELD | {"model_versions": '["2", "3"]', "recall_margin": "null"},
            WELD | {"model_versions": "2,3"},
            WELD | {"model_versions": [2, 3.0]},
            WELD | {"model_versions": [["v2", "v3"]]},
            WELD | {"model_versions": {"0": "2", "1": "3"}},
            WELD | {"model_versions": {"2": "3", "1": "2"}},
            WELD | {"model_versions": '{"items": ["2", "3"]}'},
            WELD | {"model_versions": [{"model_version": "2"}, {"model_version": 3}]},
            WELD | {"model_versions": ["2", "3", None, ""]},
            WELD | {"model_versions": "2 and 3"},
            WELD | {"model_versions": "2\n3\n"},
            WELD | {"model_versions": "[2, 3,]"},
            WELD | {"model_versions": '```json\n["2", "3"]\n```'},
        ),
    ),
    (
        "analyze_evaluation",
        RATE,
        tuple(
            SEAL | {"defect_rate": spelled}
            for spelled in ("0.01", " 0.01 ", "1e-2", ".01", "1%", "1 %", "0,01", '"0.01"')
        ),
    ),
    (
        "analyze_evaluation",
        SEAL | {"threshold": 0.8, "max_examples": 3},
        (
            SEAL | {"threshold": "0.8", "max_examples": "3"},
            SEAL | {"threshold": " 8e-1", "max_examples": 3.0, "defect_rate": "null"},
            SEAL | {"threshold": "0.80", "max_examples": "3.0", "defect_rate": ""},
        ),
    ),
    (
        "list_models",
        {"max_results": 10, "status": "HOSTED"},
        (
            {"max_results": "10", "status": "hosted"},
            {"max_results": "10.0", "status": " Hosted ", "project_name": "", "next_token": "null"},
            {"max_results": 10.0, "status": '"HOSTED"', "project_name": None, "next_token": ""},
        ),
    ),
)


@pytest.mark.parametrize(("tool", "meant", "spelled"), CALLS)
async def test_the_answer_is_that_to_the_call_meant(
    client: Client, tool: str, meant: Mapping[str, Any], spelled: tuple[Mapping[str, Any], ...]
) -> None:
    expected = await client.call_tool(tool, dict(meant))
    assert not expected.is_error, text(expected)
    for arguments in spelled:
        answer = await client.call_tool(tool, dict(arguments))
        assert not answer.is_error, (arguments, text(answer))
        assert answer.structured_content == expected.structured_content
        assert text(answer) == text(expected)


async def test_versions_by_their_arns_are_compared_like_versions(client: Client) -> None:
    arns = [ARN.format("weld-bead", 2), ARN.format("weld-bead", 3)]
    expected = await client.call_tool("compare_models", WELD | {"model_versions": ["2", "3"]})
    for arguments in (WELD | {"model_versions": arns}, {"model_versions": json.dumps(arns)}):
        answer = await client.call_tool("compare_models", arguments)
        assert answer.structured_content == expected.structured_content


@pytest.mark.parametrize(
    ("tool", "arguments", "said", "example"),
    [
        (
            "describe_model",
            SEAL | {"toolCalls": 1},
            "Unknown argument 'toolCalls'",
            "arguments are",
        ),
        (
            "compare_models",
            WELD | {"model_versions": '["2", "3"'},
            "a JSON list, not text",
            'for example model_versions=["1", "3"]',
        ),
        (
            "compare_models",
            WELD | {"model_versions": [True, "3"]},
            "a version is a whole number from 1",
            'for example model_versions=["1", "3"]',
        ),
        (
            "describe_model",
            SEAL | {"model_version": ARN.format("weld-bead", 3)},
            "of another project",
            'model_version="3"',
        ),
        (
            "compare_models",
            WELD | {"model_versions": [ARN.format("weld-bead", 2), ARN.format("cap-seal", 3)]},
            "of another project",
            'model_versions=["1", "3"]',
        ),
        ("describe_model", SEAL | {"model_version": "3rd"}, "a whole number from 1", '"3"'),
        ("describe_model", SEAL | {"model_version": ["2", "3"]}, "a whole number from 1", '"3"'),
        (
            "compare_models",
            WELD | {"model_versions": {"0": "2", "5": "3"}},
            "a list of 2 to 10",
            '["1", "3"]',
        ),
        ("describe_model", SEAL | {"input": SEAL}, "Unknown argument 'input'", "arguments are"),
        ("analyze_evaluation", SEAL | {"defect_rate": True}, "a fraction from 0", "=0.01"),
        ("analyze_evaluation", SEAL | {"defect_rate": {}}, "a fraction from 0", "=0.01"),
        ("list_models", {"max_results": "ten"}, "a whole number from 1", "max_results=50"),
        ("describe_model", {"arguments": "sample-cap-seal"}, "are a JSON object", "project_name"),
    ],
)
async def test_what_is_refused_names_the_rule_and_a_call_that_works(
    client: Client, tool: str, arguments: Mapping[str, Any], said: str, example: str
) -> None:
    answer = await client.call_tool(tool, dict(arguments))
    assert answer.is_error
    assert said in text(answer)
    assert example in text(answer)


@pytest.mark.parametrize("version", ["v3", "V3", "3.0", "%203%20", "%22v3%22"])
@pytest.mark.parametrize("project", ["sample-cap-seal", "%22sample-cap-seal%22"])
async def test_resource_uris_take_the_same_spellings(
    client: Client, project: str, version: str
) -> None:
    async def read(name: str, number: str) -> dict[str, Any]:
        uri = f"lookoutvision://projects/{name}/models/{number}"
        (contents,) = (await client.read_resource(uri)).contents
        assert isinstance(contents, TextResourceContents)
        found: dict[str, Any] = json.loads(contents.text)
        return found

    assert await read(project, version) == await read("sample-cap-seal", "3")


async def test_prompt_arguments_take_the_same_spellings(client: Client) -> None:
    name = "choose_threshold"
    expected = await client.get_prompt(name, SEAL)
    for arguments in (
        {"project_name": " 'sample-cap-seal' ", "model_version": "version 3"},
        SEAL | {"cost_of_escape": "null", "cost_of_false_reject": "undefined"},
        SEAL | {"toolCallId": "x", "session_id": "y"},
    ):
        assert (await client.get_prompt(name, arguments)).messages == expected.messages

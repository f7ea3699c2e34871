"""The surface as a client sees it, in memory and in both eras: what is offered and answered."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolResult,
    EmbeddedResource,
    GetPromptResult,
    TextContent,
    TextResourceContents,
)
from pydantic import BaseModel

import lfv_mcp
from lfv_mcp.analysis.model_summary import SUMMARY_DIGEST_LIMIT
from lfv_mcp.errors import ERRORS
from lfv_mcp.findings import FINDINGS
from lfv_mcp.server.app import build_server
from lfv_mcp.server.protocol import ERROR_META
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from tests.support.paths import SNAPSHOTS_DIR

pytestmark = pytest.mark.anyio

SNAPSHOTS: Final = SNAPSHOTS_DIR
# Read here, because tests run without the settings of the shell.
UPDATE: Final = bool(os.environ.get("LFV_UPDATE_SNAPSHOTS"))
CI: Final = bool(os.environ.get("CI"))

_SAVED: Final = Path(lfv_mcp.__file__).parent / "archive" / "_sample" / "describe-model"
SAVED: Final[dict[str, dict[str, Any]]] = {
    path.stem: json.loads(path.read_bytes()) for path in sorted(_SAVED.glob("*.json"))
}
"""The sample's files as they are on disk: the answers must agree with them."""

TYPICAL: Final[dict[str, str]] = {"project_name": "sample-cap-seal", "model_version": "3"}
ARN: Final = "arn:aws:lookoutvision:us-east-1:111122223333:model/sample-cap-seal/3"
MODEL: Final = "lookoutvision://projects/{}/models/{}"
NEEDS_THE_SERVICE: Final = re.compile(r"StartModel|StopModel|\bre-?train|wait until", re.IGNORECASE)
PROMPT_ARGUMENTS: Final = {
    "project_name": "sample-cap-seal",
    "baseline": "2",
    "candidate": "3",
    "successor": "3",
}

every_model = pytest.mark.parametrize("name", SAVED)


def key(name: str) -> tuple[str, str]:
    """Project and version of a saved model."""
    _, project, version = SAVED[name]["ModelDescription"]["ModelArn"].split("/")
    return project, version


async def describe(client: Client, name: str) -> CallToolResult:
    project, version = key(name)
    arguments = {"project_name": project, "model_version": version}
    return await client.call_tool("describe_model", arguments)


def text(result: CallToolResult) -> str:
    """The readable half of a result."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def structure(result: CallToolResult) -> dict[str, Any]:
    """The structured half of a result."""
    assert not result.is_error, text(result)
    content: dict[str, Any] = result.structured_content
    return content


async def read(client: Client, uri: str) -> tuple[str, str | None]:
    """Text and MIME type of a resource."""
    (contents,) = (await client.read_resource(uri)).contents
    assert isinstance(contents, TextResourceContents)
    assert contents.uri == uri
    return contents.text, contents.mime_type


def said(prompt: GetPromptResult) -> str:
    """What a prompt says itself, without the records that go with it."""
    contents = [message.content for message in prompt.messages]
    return "\n".join(c.text for c in contents if isinstance(c, TextContent))


def embedded(prompt: GetPromptResult) -> list[TextResourceContents]:
    """The records that go with a prompt."""
    contents = [message.content for message in prompt.messages]
    resources = [c.resource for c in contents if isinstance(c, EmbeddedResource)]
    return [r for r in resources if isinstance(r, TextResourceContents)]


@pytest.fixture(scope="module")
async def validator(client: Client) -> Draft202012Validator:
    """describe_model's published output schema, at work."""
    schemas = {tool.name: tool.output_schema for tool in (await client.list_tools()).tools}
    schema = schemas["describe_model"]
    assert schema
    return Draft202012Validator(schema)


# What is offered


def on_the_wire(items: Iterable[BaseModel]) -> list[dict[str, Any]]:
    return [item.model_dump(mode="json", by_alias=True, exclude_none=True) for item in items]


LISTS: Final[dict[str, Callable[[Client], Any]]] = {
    "tools": lambda client: client.list_tools(),
    "resources": lambda client: client.list_resources(),
    "resource_templates": lambda client: client.list_resource_templates(),
    "prompts": lambda client: client.list_prompts(),
}


@pytest.mark.parametrize("what", LISTS)
async def test_surface_is_the_committed_one(client: Client, what: str) -> None:
    listed = on_the_wire(getattr(await LISTS[what](client), what))
    shown = json.dumps(listed, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    path = SNAPSHOTS / f"{what}.json"
    if UPDATE or not (path.exists() or CI):
        path.write_text(shown, encoding="utf-8")
    committed = path.read_text(encoding="utf-8") if path.exists() else ""
    assert shown == committed, (
        "LFV_UPDATE_SNAPSHOTS=1 pytest tests/integration/test_mcp_surface.py takes it over"
    )


async def test_tools_say_what_they_do(client: Client) -> None:
    for t in (await client.list_tools()).tools:
        assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_-]{0,29}", t.name)
        assert t.title, t.name
        assert t.description, t.name
        assert t.annotations, t.name
        hints = t.annotations.model_dump(exclude_none=True)
        assert hints == {
            "read_only_hint": True,
            "destructive_hint": False,
            "idempotent_hint": True,
            "open_world_hint": False,  # the sample never leaves this machine
        }


async def test_schemas_are_closed_and_bare(client: Client) -> None:
    for t in (await client.list_tools()).tools:
        assert t.input_schema["additionalProperties"] is False, t.name
        for schema in (t.input_schema, t.output_schema):
            assert schema, t.name
            Draft202012Validator.check_schema(schema)
            published = json.dumps(schema)
            assert '"title":' not in published, t.name
            assert '"default":' not in published, t.name
        # Arguments that are optional may be null, members of results are left out.
        assert "null" not in json.dumps(t.output_schema), t.name


# describe_model, for every model of the sample


@every_model
async def test_each_half_of_the_answer_stands_alone(client: Client, name: str) -> None:
    answer = await describe(client, name)
    record = SAVED[name]["ModelDescription"]
    captured = "2025-08-05" if name == "sample-cap-seal-5" else "2025-10-28"
    assert "(synthetic sample)" in structure(answer)["summary"]  # also if only that is quoted
    for half in (text(answer), json.dumps(structure(answer))):
        assert f"was {record['Status']} when captured on {captured}" in half
        assert "synthetic sample" in half.lower()
        assert f"describe-model/{name}.json" in half
        assert any(words in half for words in quality(record.get("Performance", {})))
        advice = [f["advice"] for f in structure(answer)["findings"] if "advice" in f]
        assert advice[0] in half


def quality(performance: Mapping[str, float]) -> tuple[str, ...]:
    """How precision and recall read in plain words."""
    match performance:
        case {"Precision": 1, "Recall": 1}:
            return ("It made no error in 20 test images.",)  # by its EvaluationResult
        case {"Precision": precision, "Recall": recall}:
            rejects = f"{100 * (1 - precision):.0f} %" if precision < 1 else "none"
            return (
                f"it caught {100 * recall:.0f} % of the defects; "
                f"{rejects} of its rejects were good parts.",
            )
    return (
        "How good it is cannot be said",
        "Its record has no metrics; its evaluation files, which are held",
    )


@every_model
async def test_structure_fits_its_schema_and_its_record(
    client: Client, validator: Draft202012Validator, name: str
) -> None:
    answer = await describe(client, name)
    model, record = structure(answer), SAVED[name]["ModelDescription"]
    validator.validate(model)
    assert 0 < len(text(answer)) <= SUMMARY_DIGEST_LIMIT == 1200
    assert "null" not in json.dumps(model)
    assert (model["project_name"], model["model_version"]) == key(name)
    assert (model["region"], model["status"]) == ("us-east-1", record["Status"])
    assert model["source"] == {
        "kind": "sample",
        "basis": "describe_model",
        "captured_at": model["source"]["captured_at"],
        "location": f"describe-model/{name}.json",
    }
    assert model["model_description"].keys() == record.keys()
    # Numbers to the last digit; times alone are spelt differently.
    assert model["model_description"] == record | {
        member: model["model_description"][member]
        for member in ("CreationTimestamp", "EvaluationEndTimestamp")
        if member in record
    }


@every_model
async def test_findings_are_of_the_committed_list(client: Client, name: str) -> None:
    findings = structure(await describe(client, name))["findings"]
    severities = [f["severity"] for f in findings]
    assert severities == [FINDINGS[f["code"]][0] for f in findings]
    assert severities == sorted(severities, key=("critical", "warning", "info").index)
    assert "sample_data" in [f["code"] for f in findings]


@every_model
async def test_nothing_advises_what_needs_the_service(client: Client, name: str) -> None:
    project, version = key(name)
    answer = await describe(client, name)
    card, _ = await read(client, MODEL.format(project, version) + "/card")
    words = [text(answer), json.dumps(structure(answer)), card]
    arguments = {"project_name": project, "model_version": version}
    for prompt in ("explain_performance_metrics", "diagnose_training"):
        rendered = await client.get_prompt(prompt, arguments)
        words += [said(rendered), *(r.text for r in embedded(rendered))]
    for shown in words:
        assert not NEEDS_THE_SERVICE.search(shown)


async def test_typical_answer_is_small(client: Client) -> None:
    model = structure(await client.call_tool("describe_model", TYPICAL))
    compact = json.dumps(model, ensure_ascii=False, separators=(",", ":"))
    assert len(compact.encode()) <= 3150


# Which model is meant


async def test_integer_version_is_its_text(client: Client) -> None:
    integer = await client.call_tool("describe_model", TYPICAL | {"model_version": 3})
    assert structure(integer) == structure(await client.call_tool("describe_model", TYPICAL))


@pytest.mark.parametrize("project", sorted({key(name)[0] for name in SAVED}))
async def test_latest_is_the_highest_version(client: Client, project: str) -> None:
    highest = max(int(key(name)[1]) for name in SAVED if key(name)[0] == project)
    for said_so in ({}, {"model_version": "latest"}, {"model_version": None}):
        answer = await client.call_tool("describe_model", {"project_name": project} | said_so)
        assert structure(answer)["model_version"] == str(highest)


async def test_pasted_arn_says_it_all(client: Client) -> None:
    plain = structure(await client.call_tool("describe_model", TYPICAL))
    for repeated in ({}, {"model_version": "3"}):
        answer = await client.call_tool("describe_model", {"project_name": ARN} | repeated)
        assert structure(answer) == plain


@pytest.mark.parametrize("argument", [{"model_version": "4"}])
async def test_argument_against_the_arn_is_refused(
    client: Client, argument: dict[str, str]
) -> None:
    answer = await client.call_tool("describe_model", {"project_name": ARN} | argument)
    refused = refusal(answer, "invalid_argument")
    for name, value in argument.items():
        assert f"{name}={value!r} contradicts the ARN" in refused


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"project_name": ARN.replace("us-east-1", "eu-west-1")},
        {"project_name": ARN.replace("111122223333", "999999999999")},
    ],
    ids=["arn_region", "arn_account"],
)
async def test_model_of_another_place_is_not_taken_for_it(
    client: Client, elsewhere: dict[str, str]
) -> None:
    answer = await client.call_tool("describe_model", elsewhere)
    refused = refusal(answer, "project_not_found")
    assert "Known projects: sample-cap-seal" not in refused  # it would contradict itself


async def test_unknown_model_names_what_exists(client: Client) -> None:
    answer = await client.call_tool("describe_model", TYPICAL | {"model_version": "99"})
    refused = refusal(answer, "model_not_found")
    assert "sample-cap-seal: 1, 2, 3, 4, 5" in refused
    assert "LFV_SOURCE" in refused  # how to connect one's own data
    answer = await client.call_tool("describe_model", {"project_name": "sample-cap-sela"})
    refused = refusal(answer, "project_not_found")
    assert "LFV_SOURCE" in refused
    assert refused.index("sample-cap-seal,") < refused.index("sample-bottle-neck")  # closest first
    for project, _ in map(key, SAVED):
        assert project in refused


async def test_versions_of_an_archive_are_numbers(tmp_path: Path, era: str) -> None:
    for version in ("2", "9", "10"):
        saved = json.dumps(SAVED["sample-cap-seal-3"]).replace("cap-seal/3", f"cap-seal/{version}")
        saved = saved.replace('"ModelVersion": "3"', f'"ModelVersion": "{version}"')
        (tmp_path / f"größe {version}.json").write_text(saved, encoding="utf-8")
    server = build_server(open_catalog(Settings(str(tmp_path))))
    async with Client(server, mode=era) as client:
        answer = await client.call_tool("describe_model", {"project_name": "sample-cap-seal"})
    model = structure(answer)
    assert model["model_version"] == "10"
    assert model["source"]["kind"] == "archive"
    assert model["source"]["location"] == "größe 10.json"
    for half in (text(answer), json.dumps(model)):
        assert "was HOSTED when captured on 2025-10-28" in half
        assert "synthetic" not in half
        assert not NEEDS_THE_SERVICE.search(half)


async def test_record_that_contradicts_its_own_arn_is_not_believed(
    tmp_path: Path, era: str
) -> None:
    saved = json.dumps(SAVED["sample-cap-seal-3"])
    saved = saved.replace('"ModelVersion": "3"', '"ModelVersion": "**9** <img>"')
    (tmp_path / "contradiction.json").write_text(saved, encoding="utf-8")
    server = build_server(open_catalog(Settings(str(tmp_path))))
    async with Client(server, mode=era) as client:
        asked = [TYPICAL | {"model_version": version} for version in ("3", "latest")]
        answers = [await client.call_tool("describe_model", arguments) for arguments in asked]
    for answer in answers:
        assert "<img>" not in refusal(answer, "project_not_found")


# What is refused

PROJECT_RULE: Final = "a project name has 1 to 255 letters, digits, '-' or '_'"
KNOWN_PROJECTS: Final = "Ask again with one of these."
PROJECT_EXAMPLE: Final = 'for example project_name="sample-cap-seal"'
VERSION_RULE: Final = "a version is a whole number from 1, at most ten digits, no leading zero"
VERSION_EXAMPLE: Final = 'for example model_version="3"'

BAD_PROJECTS: Final[dict[str, object]] = {
    "empty": "",
    "too_long": "x" * 256,
    "path": "../x",
    "space": "a b",
    "leading_dash": "-a",
    "line_feed": "sample-cap-seal\nsample-pcb-top",
    "control": "a\x00\x1b[31mb\u202ec",
    "huge": "x" * 100_000,
    "other_service": "arn:aws:rekognition:us-east-1:111122223333:project/p/version/v/1",
    "number": 3,
    "bool": True,
    "list": ["sample-cap-seal"],
    "object": {"project": {"name": "sample-cap-seal"}},
}
BAD_VERSIONS: Final[dict[str, object]] = {
    "zero": "0",
    "leading_zero": "01",
    "newest": "newest one",
    "negative": "-1",
    "eleven_digits": "12345678901",
    "digits_elsewhere": "٣",
    "space": "1 3",
    "control": "3\x1b[0m",
    "huge": "9" * 100_000,
    "integer_zero": 0,
    "integer_negative": -1,
    "integer_huge": 10**5000,
    "float": 3.5,
    "bool": True,
    "list": ["3", "4"],
    "object": {"version": {"number": [3, 4]}},
}
BAD: Final[dict[str, tuple[Mapping[str, object], str, str]]] = {
    **{
        f"project_{name}": ({"project_name": value}, PROJECT_RULE, KNOWN_PROJECTS)
        for name, value in BAD_PROJECTS.items()
    },
    **{
        f"version_{name}": (TYPICAL | {"model_version": value}, VERSION_RULE, VERSION_EXAMPLE)
        for name, value in BAD_VERSIONS.items()
    },
    "project_missing": ({}, "project_name is required", PROJECT_EXAMPLE),
    "project_null": ({"project_name": None}, "project_name is required", PROJECT_EXAMPLE),
    "unknown_name": (
        TYPICAL | {"modelversion": "3"},
        "Unknown argument 'modelversion'",
        "arguments are project_name, model_version.",
    ),
    "unknown_name_control": (
        TYPICAL | {"\x1b[31m\u202e" + "x" * 1000: "3"},
        "Unknown argument '",
        "arguments are project_name, model_version.",
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_bad_argument_is_refused_with_rule_and_example(client: Client, case: str) -> None:
    arguments, rule, example = BAD[case]
    await client.call_tool("list_models", {})  # the names are known once the index is read
    refused = refusal(await client.call_tool("describe_model", dict(arguments)), "invalid_argument")
    assert rule in refused
    assert example in refused
    assert "Nothing was sent" in refused


async def test_no_tool_has_a_region(client: Client) -> None:
    """Small models invent one where it is offered; a model ARN names it."""
    for tool in (await client.list_tools()).tools:
        assert "region" not in tool.input_schema["properties"]
    answer = await client.call_tool("describe_model", TYPICAL | {"region": "eu-west-1"})
    assert "Unknown argument 'region'" in refusal(answer, "invalid_argument")


def refusal(result: CallToolResult, code: str) -> str:
    """The text of a refused call, after what holds for all of them."""
    assert result.is_error
    assert result.structured_content is None
    assert result.meta
    details = result.meta[ERROR_META]
    assert details["code"] == code
    assert code in ERRORS
    shown = text(result)
    assert details["message"] in shown
    assert details["next_step"] in shown
    for noise in ("pydantic", "Traceback", "Error executing tool"):
        assert noise not in shown
    assert shown.replace("\n", "").isprintable()
    assert len(shown) < 1000
    return shown


async def test_unknown_tool_names_the_tools(client: Client) -> None:
    with pytest.raises(MCPError, match=r"Unknown tool 'describe'; tools are .*describe_model") as e:
        await client.call_tool("describe", {})
    assert e.value.error.code == INVALID_PARAMS


# Resources


async def test_model_resource_is_what_the_tool_answers(client: Client) -> None:
    expected = structure(await client.call_tool("describe_model", TYPICAL))
    for query in ("", "?region=us-east-1", "?account=111122223333&region=us-east-1"):
        shown, mime_type = await read(client, MODEL.format("sample-cap-seal", "3") + query)
        assert mime_type == "application/json"
        assert json.loads(shown) == expected
    pasted = ARN.replace("/", "%2F")
    shown, _ = await read(client, MODEL.format(pasted, "latest"))
    assert json.loads(shown) == expected


@every_model
async def test_card_is_markdown_with_status_and_provenance(client: Client, name: str) -> None:
    project, version = key(name)
    card, mime_type = await read(client, MODEL.format(project, version) + "/card")
    assert mime_type == "text/markdown"
    assert card.startswith(f"# Model card: {project} version {version}\n")
    status = SAVED[name]["ModelDescription"]["Status"].replace("_", r"\_")
    assert f"| Status | {status} |" in card
    provenance = card.split("## Provenance")[1]
    assert "| Source | sample |" in provenance
    assert "| Captured | 2025-" in provenance
    assert f"{name}.json |" in provenance
    assert "Synthetic sample" in card


async def test_glossary_is_markdown(client: Client) -> None:
    glossary, mime_type = await read(client, "lookoutvision://glossary")
    assert mime_type == "text/markdown"
    assert "| recall | TP / (TP + FN) |" in glossary


async def test_known_models_are_all_listed(client: Client) -> None:
    shown, mime_type = await read(client, "lookoutvision://models")
    assert mime_type == "application/json"
    known = json.loads(shown)
    listed = [(m["project_name"], m["model_version"]) for m in known["models"]]
    assert sorted(listed) == sorted(map(key, SAVED))
    assert "synthetic" in known["summary"]
    assert known["source"]["kind"] == "sample"
    assert "next_token" not in known


@pytest.mark.parametrize(
    ("uri", "rule"),
    [
        ("lookoutvision://nothing", "resources are lookoutvision://models"),
        ("https://example.com/", "resources are lookoutvision://models"),
        ("lookoutvision://projects/sample-cap-seal/models/3/", "resources are lookoutvision://mod"),
        # Left out, a query that nobody knows would be answered about another model.
        (MODEL.format("sample-cap-seal", "3") + "?acount=444455556666", "{?region,account}"),
        (MODEL.format("sample-cap-seal", "3") + "/card?Region=eu-west-1", "{?region,account}"),
        ("lookoutvision://projects/sample-cap-seal/inventory?region=eu-west-1", "/inventory"),
        ("lookoutvision://projects/sample-cap-seal/models/01", VERSION_RULE),
        ("lookoutvision://projects/sample-cap-seal/models/-newest/card", VERSION_RULE),
        ("lookoutvision://projects/..%2Fx/models/3", PROJECT_RULE),
        ("lookoutvision://projects/a%20b/models/3/card", PROJECT_RULE),
        ("lookoutvision://projects/sample-cap-seal/models/3?region=mars", "us-east-1, us-east-2"),
        ("lookoutvision://projects/sample-cap-seal/models/3?account=1", "an account is 12 digits"),
        (
            MODEL.format(ARN.replace("/", "%2F"), "3") + "?account=999999999999",
            "contradicts the ARN",
        ),
        ("lookoutvision://projects/sample-cap-seal/models/99", "1, 2, 3, 4, 5"),
        ("lookoutvision://projects/no-such/models/1/card", "sample-bottle-neck, sample-cap-seal"),
    ],
)
async def test_bad_uri_is_refused_with_the_rule(client: Client, uri: str, rule: str) -> None:
    with pytest.raises(MCPError) as e:
        await client.read_resource(uri)
    assert e.value.error.code == INVALID_PARAMS
    assert rule in e.value.error.message
    assert e.value.error.data["uri"] == uri


# Prompts


async def test_prompts_render_with_the_record(client: Client) -> None:
    for prompt in (await client.list_prompts()).prompts:
        required = {a.name: PROMPT_ARGUMENTS[a.name] for a in prompt.arguments or () if a.required}
        rendered = await client.get_prompt(prompt.name, required)
        assert rendered.description == prompt.description
        assert rendered.messages[0].role == "user"
        words = said(rendered)
        assert "sample-cap-seal" in words
        assert not re.search(r"\{[a-z_]+\}", words), prompt.name
        records = embedded(rendered)
        assert records, prompt.name
        for record in records:
            assert record.mime_type == "application/json"
            assert json.loads(record.text) == json.loads((await read(client, record.uri))[0])


@pytest.mark.parametrize("name", ["explain_performance_metrics", "diagnose_training"])
async def test_prompt_is_about_the_model_asked_for(client: Client, name: str) -> None:
    expected = structure(await client.call_tool("describe_model", TYPICAL))
    for arguments in (TYPICAL, {"project_name": ARN}):
        (record,) = embedded(await client.get_prompt(name, arguments))
        assert json.loads(record.text) == expected


async def test_audience_is_text(client: Client) -> None:
    arguments = TYPICAL | {"audience": "a\x1b[31m line\nmanager {project_name}"}
    words = said(await client.get_prompt("explain_performance_metrics", arguments))
    assert "to this reader: a line manager {project_name}." in words
    words = said(await client.get_prompt("explain_performance_metrics", TYPICAL))
    assert "to this reader: engineer." in words


async def test_prompt_without_its_model_renders_and_names_what_exists(client: Client) -> None:
    for prompt in (await client.list_prompts()).prompts:
        required = {a.name: PROMPT_ARGUMENTS[a.name] for a in prompt.arguments or () if a.required}
        rendered = await client.get_prompt(prompt.name, required | {"project_name": "no-such"})
        words = said(rendered)
        assert "There is no project 'no-such' here" in words, prompt.name
        assert "sample-cap-seal" in words, prompt.name
        assert not embedded(rendered), prompt.name


async def test_prompt_arguments_are_checked(client: Client) -> None:
    for prompt in (await client.list_prompts()).prompts:
        names = [a.name for a in prompt.arguments or ()]
        required = {a.name: PROMPT_ARGUMENTS[a.name] for a in prompt.arguments or () if a.required}
        for missing in required:
            for blank in ({}, {missing: " "}):
                given = {n: v for n, v in required.items() if n != missing} | blank
                message = await prompt_refusal(client, prompt.name, given)
                assert f"missing {missing}" in message
                assert f"arguments are {', '.join(names)}" in message
        for unknown in ({"projectname": "x"}, {"projectname": ""}):
            message = await prompt_refusal(client, prompt.name, required | unknown)
            assert "unknown argument 'projectname'" in message
            assert f"arguments are {', '.join(names)}" in message
        message = await prompt_refusal(client, prompt.name, required | {"project_name": "a b"})
        assert PROJECT_RULE in message


async def test_prompt_version_has_the_rule_of_all_versions(client: Client) -> None:
    arguments = TYPICAL | {"model_version": "01"}
    assert VERSION_RULE in await prompt_refusal(client, "diagnose_training", arguments)


async def test_unknown_prompt_names_the_prompts(client: Client) -> None:
    message = await prompt_refusal(client, "explain", {})
    assert message.startswith("Unknown prompt 'explain'")
    for prompt in (await client.list_prompts()).prompts:
        assert prompt.name in message


async def prompt_refusal(client: Client, name: str, arguments: dict[str, str]) -> str:
    with pytest.raises(MCPError) as e:
        await client.get_prompt(name, arguments)
    assert e.value.error.code == INVALID_PARAMS
    return e.value.error.message

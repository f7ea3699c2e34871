"""The tools' schemas as OpenAI's strict mode, Gemini and Anthropic take them.

What is optional may be left out, or be null where a converter makes it required: a model that has
to give a number makes one up.
"""

from __future__ import annotations

import copy
from typing import Any, Final

import jsonschema
import pytest

from lfv_mcp.server.arguments import input_schema
from lfv_mcp.server.tools import TOOLS, Tool

OPENAI_STRICT: Final = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "enum", "description"}
)
"""Keywords that strict mode takes and that occur here; bounds of lists are checked apart."""
GEMINI_TYPES: Final = frozenset({"string", "number", "integer", "boolean", "array", "object"})


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema as OpenAI's SDKs send it: closed, and every property required."""
    made = copy.deepcopy(schema)
    made["additionalProperties"] = False
    made["required"] = list(made["properties"])
    return made


def gemini(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema in Gemini's own form: one type each, `nullable` beside it, no closed objects."""
    made = {name: value for name, value in schema.items() if name != "additionalProperties"}
    kind = made.get("type")
    if isinstance(kind, list):
        (made["type"],) = [each for each in kind if each != "null"]
        made["nullable"] = True
    if "enum" in made:
        made["enum"] = [value for value in made["enum"] if value is not None]
    if "items" in made:
        made["items"] = gemini(made["items"])
    if "properties" in made:
        made["properties"] = {name: gemini(part) for name, part in made["properties"].items()}
    return made


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_nothing_optional_is_forced_by_strict_mode(tool: Tool) -> None:
    schema = strict(input_schema(tool.arguments))
    optional = {a.name: None for a in tool.arguments if not a.required}
    given = {"project_name": "caps", "model_versions": ["1", "2"]}
    call = {name: given.get(name) for name in schema["required"]} | optional
    jsonschema.validate(call, schema)
    for part in schema["properties"].values():
        assert part.keys() - {"minItems", "maxItems"} <= OPENAI_STRICT


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_gemini_has_one_type_for_each_argument(tool: Tool) -> None:
    schema = gemini(input_schema(tool.arguments))
    for argument in tool.arguments:
        part = schema["properties"][argument.name]
        assert part["type"] in GEMINI_TYPES
        assert part.get("nullable", False) is not argument.required
        assert all(isinstance(value, str) for value in part.get("enum", ()))


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_anthropic_leaves_out_what_is_optional(tool: Tool) -> None:
    """Anthropic takes JSON Schema as it is: a call of what is required alone is valid."""
    schema = input_schema(tool.arguments)
    jsonschema.Draft202012Validator.check_schema(schema)
    given = {"project_name": "caps", "model_versions": ["1", "2"]}
    jsonschema.validate({name: given[name] for name in schema["required"]}, schema)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_argument_is_described_without_its_other_keywords(tool: Tool) -> None:
    """Codex shows a model neither bounds nor defaults."""
    for argument in tool.arguments:
        assert argument.schema["description"]
        assert not argument.schema.keys() & {"default", "minimum", "maximum", "exclusiveMinimum"}

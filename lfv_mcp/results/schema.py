"""The JSON Schema that clients are told of a result type: pydantic's, without what says nothing."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from lfv_mcp.results.base import Result


@cache
def published_schema(result: type[Result]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a result type, as tools/list publishes it.

    Every client pays for a schema in its context, so titles, docstrings, defaults and `null` are
    left out: an absent member is never null in JSON.
    """
    return result.model_json_schema(schema_generator=_PublishedSchema)


class _PublishedSchema(GenerateJsonSchema):
    """pydantic's generator, told to keep to what a client can use."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """A record: no title, the published description, and `required` where that is wanted."""
        record = cast(type[Result], schema["cls"])
        members = super().model_schema(schema)
        for noise in ("title", "description", "additionalProperties"):
            members.pop(noise, None)
        if not record.schema_lists_required:
            members.pop("required", None)
        description = record.__dict__.get("schema_description")
        return {"description": description} | members if description else members

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never: a member's title would repeat its name."""
        del schema
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """A member that may be absent: the schema of its value, because null is never sent."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """A member with a default, which is always None: the schema of its value."""
        return self.generate_inner(schema["schema"])

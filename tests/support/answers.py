"""Results as a client gets them: plain JSON, held against the published schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from lfv_mcp.findings import FINDINGS
from lfv_mcp.results.base import Result
from lfv_mcp.results.common import Source
from lfv_mcp.results.schema import published_schema

ARCHIVE = Source(kind="archive", basis="describe_model")
LIVE = Source(kind="live", basis="describe_model")


def as_json(answer: Result) -> dict[str, Any]:
    """An answer as JSON, checked for what holds of every one: schema, order, no null, no NaN."""
    plain: dict[str, Any] = json.loads(json.dumps(answer.to_json(), allow_nan=False))
    _validator(type(answer)).validate(plain)
    assert not list(nulls(plain))
    assert list(plain) == [name for name in type(answer).model_fields if name in plain]
    for each in plain.get("findings", []):
        assert each["severity"] == FINDINGS[each["code"]][0]
    return plain


@cache
def _validator(kind: type[Result]) -> Draft202012Validator:
    return Draft202012Validator(published_schema(kind))


def nulls(value: Any) -> Iterator[object]:
    """Every null inside a JSON value."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from nulls(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nulls(inner)
    elif value is None:
        yield value


def codes(answer: Mapping[str, Any]) -> set[str]:
    """The codes of an answer's findings."""
    return {each["code"] for each in answer["findings"]}


def message(answer: Mapping[str, Any], code: str) -> str:
    """The message of the one finding with this code."""
    (text,) = [each["message"] for each in answer["findings"] if each["code"] == code]
    return str(text)

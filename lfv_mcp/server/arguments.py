"""What a caller may say: one table of arguments, each with its rule, checked in one place.

Tools, resources, prompts and the command line parse through here, so that a rule
holds everywhere and a refusal reads the same everywhere. Rules and lengths are the
API's own (ProjectName, ModelVersion), which botocore does not enforce.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lfv_mcp.errors import CallerError
from lfv_mcp.identifiers import MODEL_STATUSES
from lfv_mcp.model_query import (
    LATEST,
    check_model_version,
    check_project_name,
    check_region,
    invalid_argument,
)


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its JSON Schema, and `parse`, which returns the value or raises the rule."""

    name: str
    schema: Mapping[str, Any]
    parse: Callable[[object], Any]
    required: bool = False
    example: str = ""


PROJECT_NAME: Final = Argument(
    "project_name",
    {"type": "string", "description": "Project name, or a model ARN."},
    check_project_name,
    required=True,
    example='"sample-cap-seal"',
)
MODEL_VERSION: Final = Argument(
    "model_version",
    {
        "type": "string",
        "default": LATEST,
        "description": 'Version number such as "3", or "latest".',
    },
    check_model_version,
)
REGION: Final = Argument(
    "region",
    {"type": "string", "default": "", "description": "AWS region, only to choose among several."},
    check_region,
)


def check_status(value: object) -> str:
    """One of the nine statuses, or empty for all."""
    if isinstance(value, str) and (value == "" or value in MODEL_STATUSES):
        return value
    raise invalid_argument(
        "status", value, f"a status is one of {', '.join(MODEL_STATUSES)}", '"HOSTED"'
    )


def check_max_results(value: object) -> int:
    """1 to 100."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100:
        return value
    raise invalid_argument("max_results", value, "it is a whole number from 1 to 100", "50")


def check_next_token(value: object) -> str:
    """Text; the catalogue knows its own tokens."""
    if isinstance(value, str) and len(value) <= 4096:
        return value
    raise invalid_argument("next_token", value, "it is the next_token of an earlier answer", '""')


ANY_PROJECT: Final = Argument(
    "project_name",
    {"type": "string", "default": "", "description": "Project name; empty for every project."},
    lambda value: value if value == "" else check_project_name(value),
)
STATUS: Final = Argument(
    "status",
    {"type": "string", "default": "", "description": 'Only this status, such as "TRAINED".'},
    check_status,
)
MAX_RESULTS: Final = Argument(
    "max_results",
    {"type": "integer", "minimum": 1, "maximum": 100, "default": 50},
    check_max_results,
)
NEXT_TOKEN: Final = Argument(
    "next_token",
    {"type": "string", "default": "", "description": "next_token of the page before."},
    check_next_token,
)


def check_fraction(name: str, what: str, example: str) -> Callable[[object], float | None]:
    """A check for an optional fraction from 0 to 1, its ends included."""

    def check(value: object) -> float | None:
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            return float(value)
        raise invalid_argument(name, value, what, example)

    return check


def check_max_examples(value: object) -> int:
    """0 to 20."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 20:
        return value
    raise invalid_argument("max_examples", value, "it is a whole number from 0 to 20", "5")


def check_model_versions(value: object) -> list[str]:
    """2 to 10 different versions; the first is the baseline."""
    if isinstance(value, list) and 2 <= len(value) <= 10:
        versions = [check_model_version(version) for version in value]
        if len(set(versions)) == len(versions):
            return versions
    raise invalid_argument(
        "model_versions",
        value,
        "it is a list of 2 to 10 different versions, the baseline first",
        '["1", "3"]',
    )


DEFECT_RATE: Final = Argument(
    "defect_rate",
    {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "description": "Share of parts on the line that are defective: 0.01 is 1 %.",
    },
    check_fraction("defect_rate", "it is a fraction from 0 to 1 (1 % is 0.01)", "0.01"),
)
THRESHOLD: Final = Argument(
    "threshold",
    {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "description": "Anomaly score from which a part would be rejected.",
    },
    check_fraction("threshold", "it is an anomaly score from 0 to 1", "0.8"),
)
MAX_EXAMPLES: Final = Argument(
    "max_examples",
    {"type": "integer", "minimum": 0, "maximum": 20, "default": 5},
    check_max_examples,
)
MODEL_VERSIONS: Final = Argument(
    "model_versions",
    {
        "type": "array",
        "items": {"type": "string"},
        "minItems": 2,
        "maxItems": 10,
        "description": 'Versions to compare, baseline first: ["1", "3"].',
    },
    check_model_versions,
    required=True,
    example='["1", "3"]',
)


def input_schema(arguments: tuple[Argument, ...]) -> dict[str, Any]:
    """The published JSON Schema of a tool's arguments."""
    return {
        "type": "object",
        "properties": {a.name: dict(a.schema) for a in arguments},
        "required": [a.name for a in arguments if a.required],
        "additionalProperties": False,
    }


def parse(arguments: tuple[Argument, ...], given: Mapping[str, object]) -> dict[str, Any]:
    """Every argument checked, defaults filled in.

    Raises:
        CallerError: unknown, missing or bad argument. Nothing has been sent yet.
    """
    names = [a.name for a in arguments]
    unknown = [name for name in given if name not in names]
    if unknown:
        raise CallerError(
            "invalid_argument",
            f"Unknown argument {unknown[0][:60]!r}; arguments are {', '.join(names)}.",
            "Correct the name and call again. Nothing was sent.",
        )
    parsed = {}
    for argument in arguments:
        value = given.get(argument.name)
        if value is None:  # absent, or null, which several hosts send for "not given"
            if argument.required:
                raise CallerError(
                    "invalid_argument",
                    f"{argument.name} is required. {argument.schema['description']}",
                    f"Call again, for example {argument.name}={argument.example}. "
                    "Nothing was sent.",
                )
            value = argument.schema.get("default")
        parsed[argument.name] = argument.parse(value)
    return parsed

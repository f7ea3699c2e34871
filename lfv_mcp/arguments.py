"""What a caller may say: one table of arguments, each with its rule, checked in one place.

Tools, resources, prompts and the command line parse through here, so that a rule
holds everywhere and a refusal reads the same everywhere. Rules and lengths are the
API's own (ProjectName, ModelVersion), which botocore does not enforce.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lfv_mcp.errors import CallerError

REGIONS: Final = (
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-northeast-1",
    "ap-northeast-2",
)
"""The seven regions the service had (botocore 1.40.60, endpoints.json)."""

STATUSES: Final = (
    "TRAINING",
    "TRAINED",
    "TRAINING_FAILED",
    "STARTING_HOSTING",
    "HOSTED",
    "HOSTING_FAILED",
    "STOPPING_HOSTING",
    "SYSTEM_UPDATING",
    "DELETING",
)
"""ModelStatus, in the order of a model's life."""

LATEST: Final = "latest"

_PROJECT: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}")
_VERSION: Final = re.compile(r"[1-9][0-9]{0,9}")
_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:lookoutvision:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):(?:model|project)/"
    rf"(?P<project>{_PROJECT.pattern})(?:/(?P<version>{_VERSION.pattern}))?"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which model is meant. `None` means: not said."""

    project_name: str
    model_version: str | None = None
    region: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its JSON Schema, and `parse`, which returns the value or raises the rule."""

    name: str
    schema: Mapping[str, Any]
    parse: Callable[[object], Any]
    required: bool = False
    example: str = ""


def _given(value: object) -> str:
    try:
        given = repr(value[:50] if isinstance(value, str) else value)[:60]
    except ValueError:
        return "(a huge number)"  # Python refuses to write out thousands of digits
    if isinstance(value, str) and len(value) > 50:
        given += f"… ({len(value)} characters)"
    return given


def refuse(name: str, value: object, rule: str, example: str) -> CallerError:
    """The error for a bad value: the value as given (shortened), the rule, an example."""
    return CallerError(
        "invalid_argument",
        f"{name}={_given(value)} is not accepted: {rule}.",
        f"Correct it and call again, for example {name}={example}. Nothing was sent.",
    )


def check_project_name(value: object) -> str:
    """A project's name or a whole ARN, still unsplit; `asked` takes it apart."""
    if isinstance(value, str) and (_PROJECT.fullmatch(value) or _ARN.fullmatch(value)):
        return value
    raise refuse(
        "project_name",
        value,
        "a project name has 1 to 255 letters, digits, '-' or '_' and starts with a letter or "
        "digit; a whole model ARN is accepted too",
        '"sample-cap-seal"',
    )


def check_model_version(value: object) -> str:
    """`latest` or the number as text; an integer is accepted."""
    text = value
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64:
        text = str(value)
    if isinstance(text, str) and (text == LATEST or _VERSION.fullmatch(text)):
        return text
    raise refuse(
        "model_version",
        value,
        "a version is a whole number from 1, at most ten digits, no leading zero, or 'latest'",
        '"3"',
    )


def check_region(value: object) -> str:
    """One of the seven regions, or empty for the configured one."""
    if value == "" or value in REGIONS:
        return str(value)
    raise CallerError(
        "region_unsupported",
        f"region={_given(value)} is not one that Lookout for Vision had.",
        f"Use one of {', '.join(REGIONS)}, or leave region out.",
    )


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
    if isinstance(value, str) and (value == "" or value in STATUSES):
        return value
    raise refuse("status", value, f"a status is one of {', '.join(STATUSES)}", '"HOSTED"')


def check_max_results(value: object) -> int:
    """1 to 100."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100:
        return value
    raise refuse("max_results", value, "it is a whole number from 1 to 100", "50")


def check_next_token(value: object) -> str:
    """Text; the catalogue knows its own tokens."""
    if isinstance(value, str) and len(value) <= 4096:
        return value
    raise refuse("next_token", value, "it is the next_token of an earlier answer", '""')


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
        raise refuse(name, value, what, example)

    return check


def check_max_examples(value: object) -> int:
    """0 to 20."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 20:
        return value
    raise refuse("max_examples", value, "it is a whole number from 0 to 20", "5")


def check_model_versions(value: object) -> list[str]:
    """2 to 10 different versions; the first is the baseline."""
    if isinstance(value, list) and 2 <= len(value) <= 10:
        versions = [check_model_version(version) for version in value]
        if len(set(versions)) == len(versions):
            return versions
    raise refuse(
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


def asked(project_name: str, model_version: str = LATEST, region: str = "") -> Asked:
    """Take a pasted ARN apart and hold it against the other arguments.

    Raises:
        CallerError: the ARN names another version or region than the argument does.
    """
    version = None if model_version == LATEST else model_version
    arn = _ARN.fullmatch(project_name)
    if arn is None:
        return Asked(project_name, version, region or None)
    for name, said, fixed in (
        ("model_version", version, arn["version"]),
        ("region", region or None, arn["region"]),
    ):
        if said and fixed and said != fixed:
            raise CallerError(
                "invalid_argument",
                f"{name}={said!r} contradicts the ARN, which says {fixed!r}.",
                f"Leave {name} out, or correct the ARN. Nothing was sent.",
            )
    check_region(arn["region"])
    return Asked(arn["project"], arn["version"] or version, arn["region"], arn["account"])

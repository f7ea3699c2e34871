"""model_query."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lfv_mcp.errors import CallerError
from lfv_mcp.identifiers import REGIONS

LATEST: Final = "latest"

_PROJECT: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}")
_VERSION: Final = re.compile(r"[1-9][0-9]{0,9}")
_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:lookoutvision:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):(?:model|project)/"
    rf"(?P<project>{_PROJECT.pattern})(?:/(?P<version>{_VERSION.pattern}))?"
)


@dataclass(frozen=True, slots=True)
class ModelQuery:
    """Which model is meant. `None` means: not said."""

    project_name: str
    model_version: str | None = None
    region: str | None = None
    account: str | None = None


def _given(value: object) -> str:
    try:
        given = repr(value[:50] if isinstance(value, str) else value)[:60]
    except ValueError:
        return "(a huge number)"  # Python refuses to write out thousands of digits
    if isinstance(value, str) and len(value) > 50:
        given += f"… ({len(value)} characters)"
    return given


def invalid_argument(name: str, value: object, rule: str, example: str) -> CallerError:
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
    raise invalid_argument(
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
    raise invalid_argument(
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


def parse_model_query(
    project_name: str, model_version: str = LATEST, region: str = ""
) -> ModelQuery:
    """Take a pasted ARN apart and hold it against the other arguments.

    Raises:
        CallerError: the ARN names another version or region than the argument does.
    """
    version = None if model_version == LATEST else model_version
    arn = _ARN.fullmatch(project_name)
    if arn is None:
        return ModelQuery(project_name, version, region or None)
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
    return ModelQuery(arn["project"], arn["version"] or version, arn["region"], arn["account"])

"""Which model a caller asks for: the rules of `project_name`, `model_version` and `region`.

Tools, resources, prompts and the command line check these three through the functions below, so
that a rule and its refusal read the same everywhere. Rules and lengths are the API's own, which
botocore does not enforce.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lfv_mcp.errors import CallerError
from lfv_mcp.identifiers import (
    MODEL_VERSION_PATTERN,
    PROJECT_NAME_PATTERN,
    REGIONS,
    parse_arn,
)

LATEST: Final = "latest"
"""The `model_version` of a caller who wants the highest version, whichever that is."""

VERSION_RULE: Final = (
    "a version is a whole number from 1, at most ten digits, no leading zero, or 'latest'"
)
"""The rule of `model_version`, as refusals say it."""
_RESOURCE_URI: Final = re.compile(
    rf"lookoutvision://projects/(?P<project>{PROJECT_NAME_PATTERN})"
    rf"(?:/models/(?P<version>latest|{MODEL_VERSION_PATTERN})(?:/card)?)?"
    r"(?:\?(?:(?:region=(?P<region>[a-z0-9-]{1,32})|account=(?P<account>[0-9]{12}))(?:&|$))*)?"
)
"""A resource of this server, as people paste it for a project's name."""
_SHOWN_LENGTH: Final = 50
"""Characters of a refused value that its error repeats."""


class InvalidArgumentError(CallerError):
    """An argument breaks its rule; its parts are for places that call the argument otherwise."""

    argument = ""
    shown_value = ""
    rule = ""


@dataclass(frozen=True, slots=True)
class ModelQuery:
    """The model a caller asked for. `None`: the caller did not say."""

    project_name: str
    model_version: str | None = None
    region: str | None = None
    account: str | None = None


def _shorten_value(value: object) -> str:
    """A refused value as its error repeats it: quoted, and cut if it is long."""
    try:
        shown = repr(value[:_SHOWN_LENGTH] if isinstance(value, str) else value)[:60]
    except ValueError:
        return "(a huge number)"  # Python refuses to write out thousands of digits
    except RecursionError:
        return "(lists or objects within each other, too many)"
    if isinstance(value, str) and len(value) > _SHOWN_LENGTH:
        shown += f"… ({len(value)} characters)"
    return shown


def invalid_argument(name: str, value: object, rule: str, example: str) -> InvalidArgumentError:
    """Build the error for an argument that breaks its rule.

    Args:
        name: the argument's name.
        value: what the caller gave; the error repeats at most 50 characters of it.
        rule: the rule as a clause, without a full stop.
        example: an accepted value, written as the caller would write it.
    """
    shown = _shorten_value(value)
    error = InvalidArgumentError(
        "invalid_argument",
        f"{name}={shown} is not accepted: {rule}.",
        f"Correct it and call again, for example {name}={example}. Nothing was sent.",
    )
    error.argument, error.shown_value, error.rule = name, shown, rule
    return error


def check_project_name(value: object) -> str:
    """Accept a project's name, or the ARN or resource URI of a model or project, unchanged.

    `parse_model_query` takes ARNs and URIs apart.

    Raises:
        CallerError: `invalid_argument`, it is neither.
    """
    if isinstance(value, str) and (
        re.fullmatch(PROJECT_NAME_PATTERN, value) or _taken_apart(value)
    ):
        return value
    raise invalid_argument(
        "project_name",
        value,
        "a project name has 1 to 255 letters, digits, '-' or '_' and starts with a letter or "
        "digit; a whole model ARN is accepted too",
        '"sample-cap-seal"',
    )


def check_model_version(value: object) -> str:
    """Accept `latest`, or a version as text or integer, and return it as text.

    Raises:
        CallerError: `invalid_argument`, it is no version.
    """
    text = value
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64:
        text = str(value)
    if isinstance(text, str) and (text == LATEST or re.fullmatch(MODEL_VERSION_PATTERN, text)):
        return text
    raise invalid_argument(
        "model_version",
        value,
        VERSION_RULE,
        '"3"',
    )


def check_region(value: object) -> str:
    """Accept one of the seven regions, or empty text for the configured region.

    Raises:
        CallerError: `region_unsupported`, the service never had that region.
    """
    if value == "" or value in REGIONS:
        return str(value)
    raise CallerError(
        "region_unsupported",
        f"region={_shorten_value(value)} is not one that Lookout for Vision had.",
        f"Use one of {', '.join(REGIONS)}, or leave region out.",
    )


def parse_model_query(
    project_name: str, model_version: str = LATEST, region: str = ""
) -> ModelQuery:
    """Build the query from checked arguments; a pasted ARN or URI is taken apart and compared.

    Args:
        project_name: a name, an ARN or a resource URI, as `check_project_name` accepted it.
        model_version: `latest` or a number, as `check_model_version` returned it.
        region: a region; empty if the caller named none.

    Raises:
        CallerError: `invalid_argument`, the ARN or URI names another version or region than the
            argument does; `region_unsupported`, it is of a region that the service never had.
    """
    version = None if model_version == LATEST else model_version
    named = _taken_apart(project_name)
    if named is None:
        return ModelQuery(project_name, version, region or None)
    kind, place = named
    for name, given, fixed in (
        ("model_version", version, place.model_version),
        ("region", region or None, place.region),
    ):
        if given and fixed and given != fixed:
            raise CallerError(
                "invalid_argument",
                f"{name}={given!r} contradicts the {kind}, which says {fixed!r}.",
                f"Leave {name} out, or correct the {kind}. Nothing was sent.",
            )
    if place.region:
        check_region(place.region)
    return ModelQuery(
        place.project_name,
        place.model_version or version,
        place.region or region or None,
        place.account,
    )


def _taken_apart(text: str) -> tuple[str, ModelQuery] | None:
    """What an ARN or a resource URI names, and which of the two it is; None for anything else."""
    if arn := parse_arn(text):
        version = None if arn.version is None else str(arn.version)
        return "ARN", ModelQuery(arn.project, version, arn.region, arn.account)
    if uri := _RESOURCE_URI.fullmatch(text):
        version = None if uri["version"] == LATEST else uri["version"]
        return "URI", ModelQuery(uri["project"], version, uri["region"], uri["account"])
    return None

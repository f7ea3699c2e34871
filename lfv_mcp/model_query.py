"""Which model a caller asks for: the rules of `project_name`, `model_version` and `region`.

Tools, resources, prompts and the command line check these three through the functions below, so
that a rule and its refusal read the same everywhere. Rules and lengths are the API's own, which
botocore does not enforce.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from lfv_mcp.errors import CallerError
from lfv_mcp.identifiers import (
    MODEL_VERSION_PATTERN,
    PREDICTION_SET_NAME_PATTERN,
    PROJECT_NAME_PATTERN,
    REGIONS,
    is_prediction_set_name,
    parse_arn,
)

LATEST: Final = "latest"
"""The `model_version` of a caller who wants the highest version, whichever that is."""

HOSTED: Final = "hosted"
"""The `model_version` for the highest version that is HOSTED, or was when captured."""

VERSION_RULE: Final = (
    "a version is a whole number from 1, at most ten digits, no leading zero, or 'latest', "
    "'hosted' or the name of a prediction set"
)
"""The rule of `model_version`, as refusals say it."""
PREDICTIONS_RULE: Final = (
    "another system or project is compared by what it predicts for each test image, which "
    "`lfv-mcp archive import FILE --predictions NAME --project PROJECT --to DIR` adds"
)
"""How to compare with what is no version of the project, as a clause."""
_RESOURCE_URI: Final = re.compile(
    rf"lookoutvision://projects/(?P<project>{PROJECT_NAME_PATTERN})"
    rf"(?:/models/(?P<version>{PREDICTION_SET_NAME_PATTERN}|{MODEL_VERSION_PATTERN})(?:/card)?)?"
    r"(?:\?(?:(?:region=(?P<region>[a-z0-9-]{1,32})|account=(?P<account>[0-9]{12}))(?:&|$))*)?"
)
"""A resource of this server, as people paste it for a project's name."""
_SPELLED_VERSION: Final = re.compile(
    r"(?:model|version|ver|model[_-]?version)[_-]*(?P<number>[1-9][0-9]{0,9})", re.IGNORECASE
)
_NOTHING_SENT: Final = "Nothing was sent."
_SHOWN_LENGTH: Final = 50
"""Characters of a refused value that its error repeats."""


class InvalidArgumentError(CallerError):
    """An argument breaks its rule; its parts are for places that call the argument otherwise."""

    argument = ""
    shown_value = ""
    rule = ""
    value: object = None
    """What the caller gave."""
    meant = ""
    """The value that was meant, if only one can be: it takes the place of an example."""
    known = ""
    """Which names there are, as sentences after the rule; empty if that is not known."""
    step = ""
    """What to do where any example would mislead, as a sentence; else empty."""

    def naming(self, known: str, step: str = "") -> InvalidArgumentError:
        """The same refusal with the names that there are.

        Args:
            known: they, as sentences.
            step: what to do instead, as a sentence; empty to leave that as it is.
        """
        next_step = f"{step} {_NOTHING_SENT}" if step else self.next_step
        said = self.saying(f"{self.message} {known}", next_step)
        said.known, said.step = known, step or self.step
        return said


@dataclass(frozen=True, slots=True)
class ModelQuery:
    """The model a caller asked for. `None`: the caller did not say.

    Args:
        project_name: the project; empty for every project.
        model_version: a number as text, or `hosted`; None for the highest.
        region: the AWS region.
        account: twelve digits.
        prediction_set: the name of a prediction set, which is asked for in place of a version.
        compared: the versions and sets of a comparison, as errors say them; empty where the whole
            project is asked about, None where it is one version.
    """

    project_name: str
    model_version: str | None = None
    region: str | None = None
    account: str | None = None
    prediction_set: str | None = None
    compared: str | None = None

    @property
    def version_or_name(self) -> str:
        """What stands in the place of a version: a number, a name, `latest` or `hosted`."""
        return self.prediction_set or self.model_version or LATEST

    def about(self, *versions: str) -> ModelQuery:
        """The same, as errors tell it of a comparison, or of no version at all."""
        return replace(self, compared=" ".join(versions))

    def of(self, version: str) -> ModelQuery:
        """The same project, and a version or set as `check_model_version` returned it."""
        if version in (LATEST, HOSTED) or version.isdigit():
            number = None if version == LATEST else version
            return replace(self, model_version=number, prediction_set=None)
        return replace(self, model_version=None, prediction_set=version)


def asked_in_words(query: ModelQuery) -> dict[str, str]:
    """Which project and versions a query names, for errors: arguments with their values."""
    members = {"project_name": query.project_name or "(every project)"}
    if query.compared is None:
        return {**members, "model_version": query.version_or_name}
    return {**members, "model_versions": query.compared} if query.compared else members


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


def invalid_argument(
    name: str, value: object, rule: str, example: str, *, meant: str = ""
) -> InvalidArgumentError:
    """Build the error for an argument that breaks its rule.

    Args:
        name: the argument's name.
        value: what the caller gave; the error repeats at most 50 characters of it.
        rule: the rule as a clause, without a full stop.
        example: an accepted value, written as the caller would write it; empty where any would
            mislead, for a name.
        meant: the accepted value that the caller meant, if only one can be; in place of an example.
    """
    shown = _shorten_value(value)
    example = meant or example
    step = "" if example else "Ask again with one of the names that list_models shows."
    correct = f"Correct it and call again, for example {name}={example}."
    error = InvalidArgumentError(
        "invalid_argument",
        f"{name}={shown} is not accepted: {rule}.",
        f"{step or correct} {_NOTHING_SENT}",
    )
    error.meant, error.step = meant, step
    error.argument, error.shown_value, error.rule, error.value = name, shown, rule, value
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
        "",
    )


def check_model_version(value: object) -> str:
    """Accept a version as text or integer, `latest`, `hosted`, or a prediction set's name, as text.

    Raises:
        CallerError: `invalid_argument`, it is no version.
    """
    text = value
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64:
        text = str(value)
    if isinstance(text, str):
        if text in (LATEST, HOSTED) or re.fullmatch(MODEL_VERSION_PATTERN, text):
            return text
        if is_prediction_set_name(text):
            return text
    raise invalid_argument(
        "model_version",
        value,
        VERSION_RULE,
        '"3"',
    )


def spelled_version(name: str) -> str | None:
    """The version that a word may stand for, if no prediction set has it for a name.

    `model2`, `version_3` → `"2"`, `"3"`; None for any other word.
    """
    found = _SPELLED_VERSION.fullmatch(name)
    return found["number"] if found else None


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
    asked = ModelQuery(project_name, region=region or None).of(model_version)
    named = _taken_apart(project_name)
    if named is None:
        return asked
    kind, place = named
    version = None if model_version == LATEST else model_version
    for name, given, fixed in (
        ("model_version", version, place.prediction_set or place.model_version),
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
    project = ModelQuery(place.project_name, None, place.region or region or None, place.account)
    fixed = place.prediction_set or place.model_version
    return project.of(fixed or model_version)


def asks_for_latest(project_name: str, model_version: str) -> bool:
    """Whether checked arguments name no version; an ARN or URI in place of the name may."""
    return parse_model_query(project_name, model_version).version_or_name == LATEST


def _taken_apart(text: str) -> tuple[str, ModelQuery] | None:
    """What an ARN or a resource URI names, and which of the two it is; None for anything else."""
    if arn := parse_arn(text):
        version = None if arn.version is None else str(arn.version)
        return "ARN", ModelQuery(arn.project, version, arn.region, arn.account)
    if uri := _RESOURCE_URI.fullmatch(text):
        place = ModelQuery(uri["project"], None, uri["region"], uri["account"])
        return "URI", place.of(uri["version"] or LATEST)
    return None

"""The tools' arguments: the JSON Schema and the rule of each, and `parse`, which applies them.

Tools, resources and the command line parse through this module, so that a rule and the words of
its refusal are the same everywhere. Rules and lengths are the API's own (ProjectName,
ModelVersion), which botocore does not enforce. pydantic could check the same rules, but its errors
cannot be made to say what to do next. What a host spelled in another way but unambiguously is taken
(`spellings`); what a host adds of its own is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, cast

from lfv_mcp.errors import CallerError
from lfv_mcp.identifiers import MODEL_STATUSES
from lfv_mcp.model_query import (
    LATEST,
    PREDICTIONS_RULE,
    VERSION_RULE,
    InvalidArgumentError,
    check_model_version,
    check_project_name,
    check_region,
    invalid_argument,
)
from lfv_mcp.server import spellings
from lfv_mcp.server.version_arns import versions_from_arns

DEFAULT_PAGE_SIZE: Final = 50
"""Models on a page of list_models, if the caller does not say."""
MAX_PAGE_SIZE: Final = 100
"""Models on a page of list_models at most."""
MAX_EXAMPLE_IMAGES: Final = 20
"""Images of each kind that analyze_evaluation lists at most."""
MAX_TOKEN_CHARACTERS: Final = 4_096
"""Characters of a next_token at most; the tokens of this server are far shorter."""
_ADDED_BY_HOSTS: Final = frozenset({"toolcallid", "sessionid", "chatinput", "action", "tool"})
"""Names that hosts add to every call (n8n does), in lower case and without `_` and `-`."""
_WHOLE_CALL: Final = "arguments"
"""The name under which a host may have put all arguments once more, as an object or as its text."""
_WRAPPERS: Final = frozenset(
    {_WHOLE_CALL, "args", "input", "kwargs", "parameters", "params", "tool_input"}
)
"""Names that frameworks put all arguments under."""
_MAX_WRAPPERS: Final = 3
"""Wrappers around each other; a framework that calls another makes two."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a tool.

    Args:
        name: the name that callers use.
        schema: the published JSON Schema without a default; an argument that is not required may
            also be null there, see `input_schema`. Its description stands alone: some hosts show a
            model nothing else of it.
        parse: takes a value as the caller sent it; returns the value that the tool gets, or raises
            `CallerError` with the rule. Its return annotation is the type that the tool declares.
        required: whether a call without it is refused.
        example: a good value, as JSON, for the refusal of a call without it.
        default: what `parse` takes for a value that was not given.
        as_meant: the value that was meant by one that `parse` refuses, if only one can be, else
            None.
    """

    name: str
    schema: Mapping[str, Any]
    parse: Callable[[object], Any]
    required: bool = False
    example: str = ""
    default: object = None
    as_meant: Callable[[object], float | None] | None = None


def read_project_name(value: object) -> str:
    """A project's name, ARN or resource URI, also with blanks and quotes around it."""
    return check_project_name(spellings.plain(value))


def read_model_version(value: object) -> str:
    """A version in any spelling that can only mean one."""
    return check_model_version(spellings.version(value))


def read_region(value: object) -> str:
    """A region in any letter case; empty for the configured one."""
    bare = spellings.plain(value)
    return check_region(bare.lower() if isinstance(bare, str) else bare)


PROJECT_NAME: Final = Argument(
    "project_name",
    {"type": "string", "description": "Project name or model ARN."},
    read_project_name,
    required=True,
    example='"sample-cap-seal"',
)
MODEL_VERSION: Final = Argument(
    "model_version",
    {
        "type": "string",
        "description": 'Number such as "3", "latest", "hosted" or a prediction set; else latest.',
    },
    read_model_version,
    default=LATEST,
)
REGION: Final = Argument(
    "region", {"type": "string", "description": "AWS region."}, read_region, default=""
)
"""Of resource URIs alone: small models that are offered a region invent one."""


def check_status(value: object) -> str:
    """One of the nine statuses, or empty for all of them."""
    status = spellings.code_word(value)
    if isinstance(status, str) and (status == "" or status in MODEL_STATUSES):
        return status
    raise invalid_argument(
        "status",
        value,
        f"a status is one of {', '.join(MODEL_STATUSES)}",
        f'"{status_like(value) or "HOSTED"}"',
    )


def status_like(value: object) -> str | None:
    """The first status with this word in it: `failed` → `TRAINING_FAILED`."""
    word = spellings.code_word(value)
    return next((status for status in MODEL_STATUSES if word in status.split("_")), None)


def check_max_results(value: object) -> int:
    """A page size: a whole number from 1 to `MAX_PAGE_SIZE`."""
    size = spellings.whole_number(value)
    if isinstance(size, int) and not isinstance(size, bool) and 1 <= size <= MAX_PAGE_SIZE:
        return size
    raise invalid_argument(
        "max_results",
        value,
        f"it is a whole number from 1 to {MAX_PAGE_SIZE}",
        str(DEFAULT_PAGE_SIZE),
    )


def check_next_token(value: object) -> str:
    """A token as text of some length; only the catalogue can read what is in it."""
    token = spellings.plain(value)
    if isinstance(token, str) and len(token) <= MAX_TOKEN_CHARACTERS:
        return token
    raise invalid_argument("next_token", value, "it is the next_token of an earlier answer", '""')


def check_any_project(value: object) -> str:
    """A project's name, or empty for every project."""
    if spellings.plain(value) == "":
        return ""
    try:
        return read_project_name(value)
    except CallerError:
        # What can be no name is taken at once; what may be one, `list_models` looks up first.
        if isinstance(value, str) and spellings.is_placeholder(value):
            return ""
        raise


ANY_PROJECT: Final = Argument(
    "project_name",
    {"type": "string", "description": "Project name. Left out: all projects."},
    check_any_project,
    default="",
)
STATUS: Final = Argument(
    "status",
    {
        "type": "string",
        "enum": list(MODEL_STATUSES),
        "description": "Only models of this status.",
    },
    check_status,
    default="",
)
MAX_RESULTS: Final = Argument(
    "max_results",
    {
        "type": "integer",
        "description": f"Models on a page, 1 to {MAX_PAGE_SIZE}, else {DEFAULT_PAGE_SIZE}.",
    },
    check_max_results,
    default=DEFAULT_PAGE_SIZE,
)
NEXT_TOKEN: Final = Argument(
    "next_token",
    {"type": "string", "description": "next_token of the page before."},
    check_next_token,
    default="",
)


def check_max_examples(value: object) -> int:
    """A whole number from 0 to `MAX_EXAMPLE_IMAGES`."""
    count = spellings.whole_number(value)
    if isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= MAX_EXAMPLE_IMAGES:
        return count
    raise invalid_argument(
        "max_examples", value, f"it is a whole number from 0 to {MAX_EXAMPLE_IMAGES}", "5"
    )


def not_as_text(value: object, kind: str) -> str:
    """The end of a rule for text that was meant as JSON: that it has to be JSON."""
    return f", a JSON {kind}, not text" if spellings.looks_like_json(value) else ""


def _as_list(value: object) -> list[object]:
    """The value if it is a list, else an empty one."""
    return cast(list[object], value) if isinstance(value, list) else []


def check_model_versions(value: object) -> list[str]:
    """A list of 2 to 10 different versions; the first is the baseline."""
    given = _as_list(spellings.items(value))
    if 2 <= len(given) <= 10:
        try:
            versions = [read_model_version(version) for version in given]
        except InvalidArgumentError as error:
            refused = invalid_argument(
                "model_versions", value, f"{VERSION_RULE}; {PREDICTIONS_RULE}", '["1", "3"]'
            )
            refused.value = error.value  # the one that is none
            raise refused from error
        if len(set(versions)) == len(versions):
            return versions
    raise invalid_argument(
        "model_versions",
        value,
        "it is a list of 2 to 10 different versions, the baseline first"
        + not_as_text(value, "list"),
        '["1", "3"]',
    )


def examples_argument(what: str, default: int) -> Argument:
    """The argument that says how many images an answer names.

    Args:
        what: the images that it counts.
        default: how many, if the caller does not say.
    """
    return Argument(
        "max_examples",
        {
            "type": "integer",
            "description": f"{what}, 0 to {MAX_EXAMPLE_IMAGES}, else {default}.",
        },
        check_max_examples,
        default=default,
    )


MAX_EXAMPLES: Final = examples_argument("Wrong images to name of each kind", 5)
MODEL_VERSIONS: Final = Argument(
    "model_versions",
    {
        "type": "array",
        "items": {"type": "string"},
        "minItems": 2,
        "maxItems": 10,
        "description": 'Versions or prediction sets, baseline first: ["1", "new_system"].',
    },
    check_model_versions,
    required=True,
    example='["1", "3"]',
)


def input_schema(arguments: tuple[Argument, ...]) -> dict[str, Any]:
    """The published JSON Schema of a tool's arguments.

    What is not required may be null: OpenAI's strict mode makes every argument required, and a
    model that has to name a number makes one up.
    """
    return {
        "type": "object",
        "properties": {a.name: _published(a) for a in arguments},
        "required": [a.name for a in arguments if a.required],
        "additionalProperties": False,
    }


def _published(argument: Argument) -> dict[str, Any]:
    schema = dict(argument.schema)
    if not argument.required:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


def is_added_by_host(name: str) -> bool:
    """Whether an argument of this name is a host's own, in whatever letter case it spells it."""
    return len(name) <= 20 and re.sub("[_-]", "", name).lower() in _ADDED_BY_HOSTS


def own_arguments(given: Mapping[str, object], names: list[str]) -> Mapping[str, object]:
    """What a call says to this server: without a host's additions, and not wrapped once more.

    Raises:
        CallerError: all there is, is `arguments`, and it is no object.
    """
    own = given
    for _ in range(_MAX_WRAPPERS):
        own = {k: v for k, v in own.items() if k in names or not is_added_by_host(k)}
        if len(own) > 1:  # beside arguments of the call an empty wrapper says nothing
            own = {k: v for k, v in own.items() if v or k in names or k not in _WRAPPERS}
        wrapper = next(iter(own), "")
        if len(own) != 1 or wrapper not in _WRAPPERS or wrapper in names:
            return own
        own = _unwrapped(wrapper, own[wrapper], names)
    return own


def _unwrapped(wrapper: str, whole: object, names: list[str]) -> Mapping[str, object]:
    for _ in range(_MAX_WRAPPERS):
        if isinstance(whole, str):
            with suppress(ValueError, RecursionError):  # refused below, as text that is no object
                whole = cast("object", json.loads(whole or "{}"))
    if whole is None or (isinstance(whole, str) and not whole.strip()):
        return {}
    if not isinstance(whole, Mapping):
        raise invalid_argument(
            wrapper,
            whole,
            f"arguments are a JSON object with the members {', '.join(names)}",
            '{"project_name": "sample-cap-seal"}',
        )
    return cast("Mapping[str, object]", whole)


def parse(arguments: tuple[Argument, ...], given: Mapping[str, object]) -> dict[str, Any]:
    """Check the arguments of a call and fill in the defaults; the result has every argument.

    Raises:
        CallerError: an argument is unknown, missing or breaks its rule. Nothing has been sent yet.
    """
    names = [a.name for a in arguments]
    own = versions_from_arns(own_arguments(given, names))
    unknown = [name for name in own if name not in names]
    if unknown:
        raise CallerError(
            "invalid_argument",
            f"Unknown argument {unknown[0][:60]!r}; arguments are {', '.join(names)}.",
            "Correct the name and call again. Nothing was sent.",
        )
    parsed: dict[str, Any] = {}
    for argument in arguments:
        value = own.get(argument.name)
        if value is None and argument.required:
            raise CallerError(
                "invalid_argument",
                f"{argument.name} is required. {argument.schema['description']}",
                f"Call again, for example {argument.name}={argument.example}. Nothing was sent.",
            )
        # Absent, or null or its text, which several hosts send for "not given".
        if not argument.required and spellings.is_not_given(value):
            value = argument.default
        parsed[argument.name] = argument.parse(value)
    return parsed

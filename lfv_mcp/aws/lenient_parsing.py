"""Takes members of a wrong type out of a reply before botocore's own parser sees the reply.

botocore's parser guesses: it makes a number of a text that looks like one, cuts 1.9 units to 1, and
drops a whole reply for one value that it cannot convert. An answer about a model would then be
wrong or missing because of a single member, so mistyped members are taken out first, and named.
"""

from __future__ import annotations

import json
from typing import Any, Final

from lfv_mcp.formats.json_values import is_array, is_object
from lfv_mcp.times import epoch_seconds

_Path = tuple[str | int, ...]
Mistyped = tuple[_Path, Any]
"""A member that was taken out of a reply: its path of names and list positions, and its value."""
MISTYPED_KEY: Final = "lfv-mistyped"
"""Where a parsed reply carries its list of `Mistyped` members, beside the members of the API."""


def drop_mistyped_members(
    operation_model: Any,
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: Any,
) -> None:
    """botocore `before-parse` handler: drop members whose type is not the API's, and list them.

    Args:
        operation_model: botocore's model of the operation that was called.
        response_dict: status, headers and body of the reply; the body is replaced.
        customized_response_dict: what botocore adds to the parsed reply; gets `MISTYPED_KEY`.
    """
    headers = response_dict["headers"]
    if not headers.get("Retry-After", "0").isdecimal():  # HTTP allows a date there
        del headers["Retry-After"]
    try:
        body = json.loads(response_dict["body"])
    except (ValueError, RecursionError):
        body = None
    if not is_object(body):
        response_dict["body"] = b""
        return
    mistyped: list[Mistyped] = []
    if response_dict["status_code"] < 300:
        body = _coerce(body, operation_model.output_shape, (), mistyped)
    else:  # of an error only texts are read: its code, its message, the resource
        body = {name: value for name, value in body.items() if isinstance(value, str)}
    response_dict["body"] = json.dumps(body).encode()
    customized_response_dict[MISTYPED_KEY] = mistyped


def _coerce(value: Any, shape: Any, path: _Path, mistyped: list[Mistyped]) -> Any:
    """The value in the type of its botocore shape; None if it has another: then it is listed."""
    match shape.type_name, value:
        case "structure", _ if is_object(value):
            members = {
                name: _coerce(value[name], member, (*path, name), mistyped)
                for name, member in shape.members.items()
                if value.get(name) is not None
            }
            return {name: kept for name, kept in members.items() if kept is not None}
        case "list", _ if is_array(value):
            return [
                _coerce(item, shape.member, (*path, i), mistyped) for i, item in enumerate(value)
            ]
        case _:
            coerced = _coerce_scalar(value, shape.type_name)
    never_set = shape.type_name == "timestamp" and value == 0  # as a replay sends what is unknown
    if coerced is None and not never_set:
        mistyped.append((path, value))
    return coerced


def _coerce_scalar(value: Any, type_name: str) -> str | float | None:
    """The value as this type of the API; None if it is none."""
    match type_name, value:
        case ("string", str()) | ("float", float()):
            scalar: str | float = value
            return scalar
        case "integer", float() if value.is_integer():
            return int(value)
        case "float" | "integer", int() if not isinstance(value, bool) and abs(value) < 2**63:
            return value
        case "timestamp", _:
            return epoch_seconds(value)
        case _:
            return None

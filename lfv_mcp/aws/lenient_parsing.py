"""aws.lenient_parsing."""

from __future__ import annotations

import json
from typing import Any, Final

from lfv_mcp.times import epoch_seconds

_Path = tuple[str | int, ...]
Mistyped = tuple[_Path, Any]
MISTYPED_KEY: Final = "lfv-unfit"


def drop_mistyped_members(
    operation_model: Any,
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: Any,
) -> None:
    """A `before-parse` handler: takes out of a reply what has not the type that the API gives it.

    botocore's parser makes a number of a text that looks like one and cuts 1.9 units to 1, and
    one bad value makes it drop the whole reply. What is left is parsed as ever.
    """
    headers = response_dict["headers"]
    if not headers.get("Retry-After", "0").isdecimal():  # HTTP allows a date there
        del headers["Retry-After"]
    try:
        body = json.loads(response_dict["body"])
    except (ValueError, RecursionError):
        body = None
    unfit: list[Mistyped] = []
    if not isinstance(body, dict):
        response_dict["body"] = b""
        return
    if response_dict["status_code"] < 300:
        body = _coerce(body, operation_model.output_shape, (), unfit)
    else:  # of an error only texts are read: its code, its message, the resource
        body = {name: value for name, value in body.items() if isinstance(value, str)}
    response_dict["body"] = json.dumps(body).encode()
    customized_response_dict[MISTYPED_KEY] = unfit


def _coerce(value: Any, shape: Any, path: _Path, unfit: list[Mistyped]) -> Any:
    """The value as its shape says; or None, and then it is in `unfit` with its path."""
    match shape.type_name, value:
        case "structure", dict():
            members = {
                name: _coerce(value[name], member, (*path, name), unfit)
                for name, member in shape.members.items()
                if value.get(name) is not None
            }
            return {name: kept for name, kept in members.items() if kept is not None}
        case "list", list():
            return [_coerce(item, shape.member, (*path, i), unfit) for i, item in enumerate(value)]
        case ("string", str()) | ("float", float()):
            return value
        case "integer", float() if value.is_integer():
            return int(value)
        case "float" | "integer", int() if not isinstance(value, bool) and abs(value) < 2**63:
            return value
        case "timestamp", _ if (seconds := epoch_seconds(value)) is not None:
            return seconds
    unfit.append((path, value))
    return None

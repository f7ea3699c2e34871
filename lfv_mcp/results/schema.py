"""results.schema."""

from __future__ import annotations

from functools import cache
from inspect import getdoc
from typing import Annotated, Any, Final, Literal, NotRequired, get_args, get_origin, get_type_hints

from typing_extensions import is_typeddict


@cache
def published_schema(result: type) -> dict[str, Any]:
    """The JSON Schema of a result type.

    It is what pydantic makes of it, without the `title` noise: a test holds the two together.
    pydantic itself would take longer for it than everything else before the first answer.
    """
    shared: dict[str, Any] = {}
    schema = _members_schema(result, shared)
    return schema | {"$defs": dict(sorted(shared.items()))} if shared else schema


def _members_schema(kind: Any, shared: dict[str, Any]) -> dict[str, Any]:
    """The schema of a TypedDict; those inside it go to `shared`."""
    hints = get_type_hints(kind, include_extras=True)
    schema: dict[str, Any] = {"description": getdoc(kind)} if kind.__doc__ else {}
    schema["properties"] = {name: _schema(hint, shared) for name, hint in hints.items()}
    if kind.__total__:
        schema["required"] = [n for n, h in hints.items() if get_origin(h) is not NotRequired]
    return schema | {"type": "object"}


def _schema(kind: Any, shared: dict[str, Any]) -> dict[str, Any]:
    parts = get_args(kind)
    match get_origin(kind):
        case None if is_typeddict(kind):
            if kind.__name__ not in shared:
                shared[kind.__name__] = _members_schema(kind, shared)
            return {"$ref": f"#/$defs/{kind.__name__}"}
        case None:
            return {"type": _JSON_TYPES[kind]}
        case origin if origin is NotRequired:
            return _schema(parts[0], shared)
        case origin if origin is Annotated:
            return {"description": parts[1].description} | _schema(parts[0], shared)
        case origin if origin is Literal:
            return {"enum": list(parts), "type": "string"}
        case origin if origin is list:
            return {"items": _schema(parts[0], shared), "type": "array"}
        case origin if origin is dict:
            return {"additionalProperties": _schema(parts[1], shared), "type": "object"}
    raise TypeError(f"no schema is known for {kind}")


_JSON_TYPES: Final = {str: "string", int: "integer", float: "number", bool: "boolean"}

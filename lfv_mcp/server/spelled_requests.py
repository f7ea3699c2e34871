"""Requests as hosts spell them, put into the form that the SDK takes, before it checks them.

The SDK refuses `arguments` that are no object, and prompt arguments that are no text, with
"Invalid request parameters" alone. Here they become what the handlers read and refuse in words of
their own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

from mcp.server.context import CallNext, HandlerResult

from lfv_mcp.server.protocol import RequestContext, invalid_params


async def take_spelled_arguments(ctx: RequestContext, call_next: CallNext) -> HandlerResult:
    """SDK middleware: make an object of a call's arguments, and text of a prompt's.

    Raises:
        MCPError: a prompt's arguments are no object, nor the JSON text of one.
    """
    params = ctx.params or {}
    given: object = params.get("arguments")
    if given is None:
        return await call_next(ctx)
    if ctx.method == "prompts/get":
        return await call_next(replace(ctx, params={**params, "arguments": _as_texts(given)}))
    if ctx.method == "tools/call" and not isinstance(given, Mapping):
        # Under its own name: `arguments.parse` takes a call whose arguments are wrapped once more.
        return await call_next(replace(ctx, params={**params, "arguments": {"arguments": given}}))
    return await call_next(ctx)


def _as_texts(given: object) -> dict[str, str]:
    """A prompt's arguments as texts, those that are null left out."""
    if isinstance(given, str):
        with suppress(ValueError, RecursionError):  # refused below
            given = cast("object", json.loads(given)) if given.strip() else {}
    if not isinstance(given, Mapping):
        raise invalid_params('The arguments of a prompt are a JSON object: {"name": "text", …}.')
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in cast("Mapping[str, Any]", given).items()
        if value is not None
    }

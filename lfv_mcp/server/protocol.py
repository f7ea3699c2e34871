"""What all handlers share: the context of a request, and failures as MCP shows them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS, CallToolResult, TextContent

from lfv_mcp.errors import ERROR_META as ERROR_META
from lfv_mcp.errors import CallerError, LfvError
from lfv_mcp.server.corrections import Call
from lfv_mcp.server.failures import failure_text, question_of

logger = logging.getLogger(__name__)

MAX_ECHOED_URI: Final = 2_048
"""Characters of a URI that an error repeats; no URI of this server is longer."""

RequestContext: TypeAlias = ServerRequestContext[dict[str, Any], Any]
"""What the SDK hands to every handler."""


def tool_error(
    error: LfvError, given: Mapping[str, Any] | None, call: Call | None = None
) -> CallToolResult:
    """A failed tool call as a result with `isError`: its text for people, its `_meta` for agents.

    Args:
        error: why the call failed.
        given: the arguments as the client sent them. They stand for the question if the call
            failed before the question was understood.
        call: the call to make instead.
    """
    details: dict[str, Any] = {"code": error.code, "message": error.message}
    if question := question_of(error, given or {}):
        details["asked"] = question
    text = failure_text(error, given or {})
    details["next_step"] = error.next_step
    if call is not None:
        details["call"] = {"name": call.name, "arguments": dict(call.arguments)}
        # On a line of its own: at the end of the next step a small model does not copy it.
        text += f"\nCall instead: {json.dumps(details['call'])}"
    return CallToolResult(
        content=[TextContent(type="text", text=text)], is_error=True, _meta={ERROR_META: details}
    )


def resource_error(error: LfvError, uri: str) -> MCPError:
    """A resource that could not be read, as a JSON-RPC error."""
    code = INVALID_PARAMS if isinstance(error, CallerError) else INTERNAL_ERROR
    return MCPError(
        code=code, message=str(error), data={"uri": uri[:MAX_ECHOED_URI], "code": error.code}
    )


def invalid_params(message: str, data: Mapping[str, str] | None = None) -> MCPError:
    """A request that names something unknown or breaks a rule, as a JSON-RPC error."""
    return MCPError(code=INVALID_PARAMS, message=message, data=data)

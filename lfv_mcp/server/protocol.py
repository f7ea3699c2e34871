"""What all handlers share: the guard around their work, and failures as MCP shows them."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS, CallToolResult, TextContent

from lfv_mcp.errors import CallerError, LfvError, ServiceError
from lfv_mcp.text import clean

logger = logging.getLogger(__name__)

ERROR_META: Final = "io.github.lfv-mcp/error"
"""`_meta` key of a failed tool call: an object with code, message, next_step and asked."""
MAX_ECHOED_URI: Final = 2_048
"""Characters of a URI that an error repeats; no URI of this server is longer."""

RequestContext: TypeAlias = ServerRequestContext[dict[str, Any], Any]
"""What the SDK hands to every handler."""


@contextmanager
def guarded(what: str) -> Generator[None]:
    """Log any failure of the work inside, and let it out as an `LfvError`.

    A designed failure keeps its code and is logged at INFO. Anything else is a defect of this
    server: the traceback goes to the log, never to the client, who gets `internal_error`.

    Args:
        what: names the work in the log; never the account's or the caller's text.

    Raises:
        LfvError: the work failed.
    """
    try:
        yield
    except LfvError as error:
        logger.info("%s failed: %s", what, error.code)
        raise
    except Exception as error:
        logger.exception("%s failed unexpectedly", what)
        raise ServiceError(
            "internal_error",
            "This server made a mistake of its own.",
            "Look at the server's log (stderr), and report it with the log lines.",
        ) from error


def tool_error(error: LfvError, given: Mapping[str, Any] | None) -> CallToolResult:
    """A failed tool call as a result with `isError`: its text for people, its `_meta` for agents.

    Args:
        error: why the call failed.
        given: the arguments as the client sent them. They stand for the question if the call
            failed before the question was understood.
    """
    details = {"code": error.code, "message": error.message, "next_step": error.next_step}
    text = str(error)
    asked = error.asked or ", ".join(
        f"{clean(name, 60)}={clean(value, 60)}"
        for name, value in (given or {}).items()
        if isinstance(value, str) and len(value) < 4096  # longer ones take long, and mean nothing
    )
    if asked and error.code != "invalid_argument":
        details["asked"] = asked
        if not error.asked:
            text += f"\nAsked: {asked}"
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

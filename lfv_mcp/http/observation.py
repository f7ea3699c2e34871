"""What is known of each request once it has been answered, for the access log and for metrics.

Everything in a `RequestRecord` is one of a fixed set, a number, or made here: no text of a caller,
no name of a project, no token can reach a log or a label through it.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from mcp.shared.exceptions import MCPError
from pydantic import ValidationError
from starlette.datastructures import MutableHeaders

from lfv_mcp.errors import ERROR_META, ERRORS

if TYPE_CHECKING:
    from mcp.server import Server, ServerRequestContext
    from mcp.server.context import CallNext, HandlerResult
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID: Final = "X-Request-Id"
"""Header of a request's id: taken from the request if it is a UUID or hexadecimal, else made."""
HUNG_UP: Final = 499
"""Status of a request whose caller hung up before the answer began, as nginx logs it."""
OTHER: Final = "other"
"""What stands for a tool or a JSON-RPC method that this server does not have."""
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Not any text: a caller could send a model's name as an id, or a secret.
_GIVEN_ID: Final = re.compile(
    rb"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{16,64}"
)
_SCOPE_KEY: Final = "lfv_mcp.request"
_PROTOCOL_ERRORS: Final = {-32700, -32600, -32601, -32602}
"""JSON-RPC codes of errors that the caller can correct."""


@dataclass(slots=True)
class RequestRecord:
    """One HTTP request: texts are empty, and numbers 0, where there is nothing to say.

    Args:
        id: its id, in the answer's `X-Request-Id` too.
        method: its HTTP method, if it is a usual one.
        path: its path, if there is something at that path.
        status: of the answer; 499 if the caller hung up before.
        seconds: from the request's head to the last byte of the answer.
        bytes: of the answer's body.
        rpc: the JSON-RPC method; `other` for one that this server does not have.
        tool: the tool that was called; `other` for one that this server does not have.
        code: `ok`, or the code of the failure; empty if no JSON-RPC request was understood.
    """

    id: str
    method: str
    path: str
    status: int = 0
    seconds: float = 0.0
    bytes: int = 0
    rpc: str = ""
    tool: str = ""
    code: str = ""
    started_at: float = field(default_factory=time.perf_counter)


class Observer(Protocol):
    """Is told of requests: the access log, and metrics."""

    def request_finished(self, record: RequestRecord) -> None:
        """An HTTP request has been answered, or its caller has hung up."""
        ...

    def call_started(self) -> None:
        """A JSON-RPC message is being handled."""
        ...

    def call_finished(self, record: RequestRecord, seconds: float) -> None:
        """A JSON-RPC message has been handled; without a `code` its caller hung up."""
        ...

    def connection_refused(self, reason: str) -> None:
        """A connection was closed before there was a request on it."""
        ...


class RequestObservation:
    """ASGI middleware: gives each request an id, and tells observers how it was answered."""

    def __init__(
        self, app: ASGIApp, paths: frozenset[str], observers: Sequence[Observer] = ()
    ) -> None:
        """Wrap an application; `paths` are those at which it has something."""
        self._app = app
        self._paths = paths
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = RequestRecord(
            _request_id(scope),
            scope["method"] if scope["method"] in _METHODS else "",
            scope["path"] if scope["path"] in self._paths else "",
        )

        async def observed_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = record.id
            elif message["type"] == "http.response.body":
                record.bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self._app({**scope, _SCOPE_KEY: record}, receive, observed_send)
        except Exception:
            record.status = record.status or 500  # as the server answers now
            raise
        finally:
            record.status = record.status or HUNG_UP
            record.seconds = time.perf_counter() - record.started_at
            for observer in self._observers:
                observer.request_finished(record)


class CallObservation:
    """MCP middleware: notes method, tool and failure of each message in its request's record."""

    def __init__(self, server: Server[Any], observers: Sequence[Observer] = ()) -> None:
        """Observe the messages of a server, which tells what methods and tools there are."""
        self._server = server
        self._observers = observers

    async def __call__(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        """Handle one message."""
        record = _record_of(ctx)
        if record is None:
            return await call_next(ctx)
        record.rpc = ctx.method if self._is_known(ctx.method) else OTHER
        if ctx.method == "tools/call":
            record.tool = self._tool(ctx.params)
        started = time.perf_counter()
        for observer in self._observers:
            observer.call_started()
        try:
            result = await call_next(ctx)
            record.code = _code_of_result(result)
        except MCPError as error:
            record.code = _code_of_error(error)
            raise
        except ValidationError:
            record.code = "invalid_argument"
            raise
        except Exception:
            record.code = "internal_error"
            raise
        finally:
            for observer in self._observers:
                observer.call_finished(record, time.perf_counter() - started)
        return result

    def _is_known(self, method: str) -> bool:
        has_handler = self._server.get_request_handler(method) is not None
        return has_handler or method in ("initialize", "notifications/initialized")

    def _tool(self, params: Mapping[str, Any] | None) -> str:
        name = (params or {}).get("name")
        lookup = self._server.get_tool_input_schema
        is_ours = isinstance(name, str) and lookup is not None and lookup(name) is not None
        return name if is_ours and isinstance(name, str) else OTHER


def _request_id(scope: Scope) -> str:
    """The id that the request brings, if it has a form that gateways make; else a new one."""
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    if len(given) == 1 and _GIVEN_ID.fullmatch(given[0]):
        return str(given[0].decode("ascii"))
    return str(uuid.uuid4())


def _record_of(ctx: ServerRequestContext[Any, Any]) -> RequestRecord | None:
    """The record of the HTTP request that brought a message."""
    scope = getattr(ctx.request, "scope", None)
    record = cast("dict[str, object]", scope).get(_SCOPE_KEY) if isinstance(scope, dict) else None
    return record if isinstance(record, RequestRecord) else None


def _code_of_result(result: Any) -> str:
    """`ok`, or the code of the failed tool call that a result is."""
    with suppress(AttributeError, KeyError, TypeError):
        code = result["_meta"][ERROR_META]["code"]
        return code if code in ERRORS else "internal_error"
    return "ok"


def _code_of_error(error: MCPError) -> str:
    """The code of a JSON-RPC error: the one in its data if it is ours."""
    with suppress(AttributeError, KeyError, TypeError):
        code = error.error.data["code"]
        if code in ERRORS:
            return str(code)
    return "invalid_argument" if error.error.code in _PROTOCOL_ERRORS else "internal_error"

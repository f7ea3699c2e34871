"""Requests to `lfv-mcp serve --transport http`: every route, and what is kept out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from tests.transcript.web import Request

MCP: Final = "/mcp"
_METADATA: Final = "/.well-known/oauth-protected-resource"
_META: Final = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
_MODEL: Final = {"project_name": "sample-cap-seal", "model_version": "3"}
_CALL: Final = {"name": "describe_model", "arguments": _MODEL}
_JSON: Final = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


def modern(
    method: str, params: Mapping[str, Any] | None = None, /, **headers: str | None
) -> Request:
    """A request of 2026-07-28; a header given as None is left out, `_` stands for `-`."""
    params = params or {}
    sent: dict[str, str | None] = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
    if name := params.get("name") or params.get("uri"):
        sent["Mcp-Name"] = str(name)
    return _post(method, {**params, "_meta": _META}, sent | _named(headers))


def legacy(
    method: str, params: Mapping[str, Any] | None = None, /, **headers: str | None
) -> Request:
    """A request of 2025-11-25."""
    sent = {"MCP-Protocol-Version": "2025-11-25"}
    return _post(method, dict(params or {}), sent | _named(headers))


def _named(headers: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _post(method: str, params: Any, headers: Mapping[str, str | None]) -> Request:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    sent = {name: value for name, value in (_JSON | dict(headers)).items() if value is not None}
    return Request("POST", MCP, sent, json.dumps(body).encode())


def _raw(body: bytes, **headers: str) -> Request:
    return Request("POST", MCP, _JSON | {n.replace("_", "-"): v for n, v in headers.items()}, body)


_HELLO: Final = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "transcript", "version": "0"},
}


def plain() -> list[Request]:
    """A server as it starts by default: on loopback, nobody asked who they are."""
    both = (modern, legacy)
    routes = ("/", "/healthz", "/healthz/", MCP, "/mcp/", "/mcp/x", _METADATA, _METADATA + MCP)
    return [
        *(Request(method, path) for path in routes for method in ("GET", "POST", "HEAD")),
        *(Request(method, MCP) for method in ("DELETE", "PUT", "OPTIONS")),
        *(ask("tools/call", _CALL) for ask in both),
        *(ask("tools/call", {"name": "describe_model", "arguments": {}}) for ask in both),
        *(ask("tools/call", {"name": "no_such_tool", "arguments": {}}) for ask in both),
        *(ask("prompts/list") for ask in both),
        *(ask("resources/read", {"uri": "lookoutvision://nothing"}) for ask in both),
        *(ask("no/such/method") for ask in both),
        *(ask("ping") for ask in both),
        modern("server/discover"),
        legacy("initialize", _HELLO),
        legacy("initialize", _HELLO, MCP_Protocol_Version=None),
        legacy("prompts/list", Mcp_Session_Id="of-another-server"),
        modern("prompts/list", MCP_Protocol_Version="1999-01-01"),
        modern("prompts/list", MCP_Protocol_Version=None),
        modern("prompts/list", Mcp_Method="tools/list"),
        modern("tools/call", _CALL, Mcp_Name="list_models"),
        modern("prompts/list", Mcp_Method=None),
        *(ask("prompts/list", Accept="application/json") for ask in both),
        *(ask("prompts/list", Accept="text/html") for ask in both),
        *(ask("prompts/list", Content_Type="text/plain") for ask in both),
        *(ask("prompts/list", Host="evil.example") for ask in both),
        *(ask("prompts/list", Host="LOCALHOST:80") for ask in both),
        *(ask("prompts/list", Host="not a host") for ask in both),
        *(ask("prompts/list", Origin="https://evil.example") for ask in both),
        *(ask("prompts/list", Origin="http://localhost:3000") for ask in both),
        *(ask("prompts/list", Origin="null") for ask in both),
        modern("prompts/list", Authorization="Bearer of-somebody"),
        Request("GET", "/healthz", {"Host": "evil.example"}),
        _raw(b"not JSON"),
        _raw(b""),
        _raw(b"[]"),
        _raw(b'{"jsonrpc":"2.0","method":"notifications/initialized"}'),
        _raw(b'{"jsonrpc":"2.0","id":1}', MCP_Protocol_Version="2026-07-28"),
        Request("POST", MCP, _JSON, b"x" * (256 * 1024 + 1), "a body of 256 KiB and a byte"),
        Request("POST", "/healthz", {}, b"x" * (256 * 1024 + 1), "a body of 256 KiB and a byte"),
        Request("GET", "/healthz", {"X-Long": "x" * 65536}, b"", "a header of 64 KiB"),
    ]


def site() -> list[Request]:
    """A server behind a gateway, with names and origins that it goes by."""
    app, preflight = "https://app.example", {"Access-Control-Request-Method": "POST"}
    asked = preflight | {"Access-Control-Request-Headers": "content-type, mcp-method"}
    return [
        *(
            ask("prompts/list", Host=host)
            for ask in (modern, legacy)
            for host in ("mcp.example", "mcp.example:8443", "one.example:1", "one.example:2")
        ),
        modern("prompts/list"),
        *(
            modern("prompts/list", Host="mcp.example", Origin=origin)
            for origin in (app, app + ":444", "http://any.example:5", "https://evil.example")
        ),
        *(
            Request("OPTIONS", MCP, asked | {"Host": "mcp.example", "Origin": origin})
            for origin in (app, "https://evil.example")
        ),
        Request("OPTIONS", MCP, {"Host": "mcp.example"} | preflight | {"Origin": app}),
        Request("GET", "/healthz", {"Host": "evil.example", "Origin": app}),
    ]


SITE: Final = (
    *("--behind-gateway", "--allowed-host", "mcp.example", "--allowed-host", "one.example:1"),
    *("--allowed-origin", "https://app.example", "--allowed-origin", "http://any.example:*"),
)


def guarded(tokens: Mapping[str, str]) -> list[Request]:
    """A server that asks for tokens; `tokens` are shown by what is the matter with them."""
    asks = (
        Request("GET", "/healthz"),
        Request("GET", _METADATA),
        Request("GET", _METADATA + MCP),
        Request("OPTIONS", _METADATA + MCP, {"Origin": "https://app.example"}),
        Request("GET", MCP),
        modern("prompts/list"),
        legacy("prompts/list"),
        modern("prompts/list", Authorization="Basic dXNlcjpwYXNz"),
        modern("prompts/list", Authorization="Bearer"),
        modern("prompts/list", Host="evil.example"),
    )
    return [
        *asks,
        *(
            Request(
                "POST",
                MCP,
                {**ask("prompts/list").headers, "Authorization": f"Bearer {token}"},
                ask("prompts/list").body,
                f"prompts/list, {ask.__name__}, with a token: {what}",
            )
            for what, token in tokens.items()
            for ask in (modern, legacy)
        ),
    ]

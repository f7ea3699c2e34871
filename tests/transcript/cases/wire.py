"""JSON-RPC lines in both eras: openings, frames, unknown methods and broken messages."""

from __future__ import annotations

from typing import Any, Final

from tests.transcript.wire import Line

_META: Final = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "transcript", "version": "0"},
}
_MODEL: Final = {"project_name": "sample-cap-seal", "model_version": "3"}
_CALL: Final = {"name": "describe_model", "arguments": _MODEL}
_REQUESTS: Final[tuple[tuple[str, Any], ...]] = (
    ("ping", {}),
    ("tools/list", {}),
    ("tools/call", _CALL),
    ("tools/call", {"name": "describe_model"}),
    ("tools/call", {"name": "describe_model", "arguments": {}}),
    ("tools/call", {"name": "describe_model", "arguments": ["sample-cap-seal"]}),
    ("tools/call", {"name": "no_such_tool", "arguments": {}}),
    ("tools/call", {"arguments": _MODEL}),
    ("tools/call", {"name": 7}),
    ("resources/list", {}),
    ("resources/list", {"cursor": "20"}),
    ("resources/list", {"cursor": "99999"}),
    ("resources/list", {"cursor": 7}),
    ("resources/templates/list", {}),
    ("resources/read", {"uri": "lookoutvision://projects/sample-cap-seal/models/3"}),
    ("resources/read", {"uri": "lookoutvision://nothing"}),
    ("resources/read", {}),
    ("resources/subscribe", {"uri": "lookoutvision://models"}),
    ("prompts/list", {}),
    ("prompts/get", {"name": "plan_migration", "arguments": {"project_name": "sample-cap-seal"}}),
    ("prompts/get", {"name": "plan_migration"}),
    ("prompts/get", {"name": "plan_migration", "arguments": {"project_name": 7}}),
    ("prompts/get", {}),
    (
        "completion/complete",
        {
            "ref": {"type": "ref/prompt", "name": "plan_migration"},
            "argument": {"name": "project_name", "value": "sample-c"},
        },
    ),
    ("completion/complete", {"ref": {"type": "ref/tool", "name": "x"}, "argument": {}}),
    ("logging/setLevel", {"level": "debug"}),
    ("server/discover", {}),
    ("no/such/method", {}),
    ("", {}),
)
_BROKEN: Final[tuple[Line, ...]] = (
    "not JSON",
    "",
    "[]",
    '{"jsonrpc":"2.0"}',
    '{"jsonrpc":"1.0","id":900,"result":{}}',
    {"jsonrpc": "2.0", "method": "notifications/no-such-notification"},
    {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 4242}},
)


def _numbered(*requests: tuple[str, Any]) -> list[Line]:
    return [
        {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        for number, (method, params) in enumerate(requests, 1)
    ]


def _opening(version: str) -> tuple[str, Any]:
    client = {"name": "transcript", "version": "0"}
    return (
        "initialize",
        {"protocolVersion": version, "capabilities": {}, "clientInfo": client},
    )


def _modern(method: str, params: dict[str, Any], **meta: Any) -> tuple[str, Any]:
    return method, {**params, "_meta": _META | meta}


def conversations() -> dict[str, list[Line]]:
    """Each conversation by its name."""
    legacy = _numbered(_opening("2025-11-25"), *_REQUESTS)
    legacy.insert(1, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    versions = ("2024-11-05", "2025-03-26", "2025-06-18", "1999-01-01", "2026-07-28")
    version = "io.modelcontextprotocol/protocolVersion"
    found: dict[str, list[Line]] = {
        "legacy": [*legacy, *_BROKEN, {"jsonrpc": "2.0", "id": 99, "method": "ping"}],
        "modern": [
            *_numbered(*(_modern(method, params) for method, params in _REQUESTS)),
            *_BROKEN,
            {"jsonrpc": "2.0", "id": "text", "method": "prompts/list", "params": {"_meta": _META}},
        ],
        "modern, bad metadata": _numbered(
            _modern("tools/list", {}, **{version: "1999-01-01"}),
            _modern("tools/list", {}, **{version: 7}),
            ("tools/list", {"_meta": {version: "2026-07-28"}}),
            ("server/discover", {}),
        ),
        "nothing is opened": _numbered(("tools/list", {}), ("tools/call", _CALL)),
    }
    for spoken in versions:
        found[f"initialize {spoken}"] = _numbered(_opening(spoken), ("prompts/list", {}))
    return found

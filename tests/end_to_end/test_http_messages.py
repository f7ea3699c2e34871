"""Bodies that hosts really post: each request gets one answer with its id, in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import pytest

from lfv_mcp.server.protocol import ERROR_META
from tests.support.http_server import META, Process, Reply, send, started
from tests.support.stdio_server import MODEL

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Process]:
    with started("--source", "sample") as process:
        yield process


def body(number: object, arguments: object, era: str) -> bytes:
    params: dict[str, object] = {"name": "describe_model", "arguments": arguments}
    if era == "auto":
        params["_meta"] = META
    request = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
    return json.dumps(request).encode()


def post(server: Process, data: bytes, era: str) -> Reply:
    sent = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    if era == "legacy":
        sent["mcp-protocol-version"] = "2025-11-25"
    else:
        sent["mcp-protocol-version"] = "2026-07-28"
        sent |= {"mcp-method": "tools/call", "mcp-name": "describe_model"}
    return send(server.url, "POST", data, sent)


HALF: Final = {"project_name": "x\ud83d"}
TAKEN: Final[tuple[tuple[object, object, str], ...]] = (
    (2, HALF, "invalid_argument"),
    ("a", MODEL | {"\ud83d": 1}, "invalid_argument"),
    (3, MODEL | {"sessionId": "\ud83d"}, ""),
    (4, json.dumps(MODEL), ""),
    (5, [MODEL], "invalid_argument"),
    (6, {"arguments": MODEL}, ""),
    (7, MODEL | {"toolCallId": "x"}, ""),
    (8, {"project_name": " sample-cap-seal ", "model_version": "v3"}, ""),
    (10**30, MODEL, ""),
)


@pytest.mark.parametrize("era", ["auto", "legacy"])
def test_requests_in_other_spellings_are_answered(server: Process, era: str) -> None:
    for number, arguments, code in TAKEN:
        reply = post(server, body(number, arguments, era), era)
        assert (reply.status, reply.message["id"]) == (200, number)
        result = reply.message["result"]
        assert (result["_meta"][ERROR_META]["code"] if result.get("isError") else "") == code


@pytest.mark.parametrize("era", ["auto", "legacy"])
def test_what_is_no_request_is_answered_in_plain_words(server: Process, era: str) -> None:
    good = body(7, MODEL, era)
    for data, answered, code in (
        (b"", None, -32600),
        (b"{bad", None, -32700),
        (good.decode().encode("utf-16"), None, -32700),
        (b"[" + good + b"]", None, -32600),
        (b"[]", None, -32600),
        (body(None, MODEL, era), None, -32600),
        (body("\ud83d", MODEL, era), "\ud83d", -32600),
        (body(1.5, MODEL, era), 1.5, -32600),
        (good.replace(b'"3"', b"[" * 9_000 + b"]" * 9_000), 7, -32600),
        (good.replace(b'"method"', b'"meth"'), 7, -32600),
    ):
        reply = post(server, data, era)
        assert reply.status == 400
        answer = json.loads(reply.body)
        assert (answer["id"], answer["error"]["code"]) == (answered, code)
        for word in ("pydantic", "validation error", "input_value", "Traceback", "surrogate"):
            assert word not in reply.body.decode()
    assert post(server, b"[" + good + b"]", era).message["error"]["message"] == (
        "JSON-RPC batches are not supported: send each request as a message of its own."
    )
    assert post(server, good, era).status == 200

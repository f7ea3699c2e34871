"""What reaches the protocol over HTTP, and what is answered before it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lfv_mcp.http.messages import MessageReader

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

pytestmark = pytest.mark.anyio
ASK = {"jsonrpc": "2.0", "id": 7, "method": "tools/list"}


async def posted(*parts: bytes, method: str = "POST", leaves: bool = False) -> tuple[Any, Any]:
    """Status and JSON of an answer; the application answers 200 with the body that it was given."""
    waiting: list[Message] = [
        {"type": "http.request", "body": part, "more_body": leaves or place < len(parts) - 1}
        for place, part in enumerate(parts)
    ]
    waiting.append({"type": "http.disconnect"})
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"]
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        assert method != "POST" or lengths == [str(len(body)).encode()]
        assert (await receive())["type"] == "http.disconnect"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    headers = [(b"content-length", str(sum(map(len, parts))).encode())]
    await MessageReader(app)({"type": "http", "method": method, "headers": headers}, receive, send)
    if not sent:
        return None, None
    start, body = sent
    return start["status"], json.loads(body["body"])


async def test_a_message_passes_whole() -> None:
    data = json.dumps(ASK).encode()
    assert await posted(data) == (200, ASK)
    assert await posted(data[:5], b"", data[5:]) == (200, ASK)


async def test_half_an_emoji_passes_as_the_replacement_character() -> None:
    data = json.dumps(ASK | {"params": {"a": "\ud83d"}}).encode()
    assert await posted(data) == (200, ASK | {"params": {"a": "\ufffd"}})


@pytest.mark.parametrize(
    ("data", "answered", "code"),
    [
        (b"", None, -32600),
        (b"garbage", None, -32700),
        (b"[" + json.dumps(ASK).encode() + b"]", None, -32600),
        (json.dumps(ASK | {"id": None}).encode(), None, -32600),
        (json.dumps(ASK | {"params": []}).encode(), 7, -32602),
        (b'{"jsonrpc":"2.0","method":"notifications/x","params":[]}', None, -32600),
    ],
)
async def test_what_is_no_message_is_answered_here(
    data: bytes, answered: object, code: int
) -> None:
    status, answer = await posted(data)
    assert status == 400
    assert (answer["id"], answer["error"]["code"]) == (answered, code)


async def test_who_leaves_in_the_middle_gets_nothing() -> None:
    assert await posted(json.dumps(ASK).encode(), leaves=True) == (None, None)


async def test_other_methods_are_the_applications() -> None:
    assert await posted(b'"as it is"', method="DELETE") == (200, "as it is")

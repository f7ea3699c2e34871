"""The ASGI middlewares by themselves: each without a socket, over an application of the test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from lfv_mcp.http.connection import HANG_UP
from lfv_mcp.http.limits import HeaderNormaliser, RequestLimits, ShutdownReply
from lfv_mcp.http.settings import HttpLimits

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

pytestmark = pytest.mark.anyio
PART = {"type": "http.request", "body": b"12345", "more_body": True}
LAST = {"type": "http.request", "body": b"67890", "more_body": False}
LEFT = {"type": "http.disconnect"}


class Application:
    """Answers 200 with the body that it was sent, and remembers the headers."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.headers = scope["headers"]
        message = await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": message["body"]})


async def answer(
    app: ASGIApp,
    *messages: Message,
    path: str = "/mcp",
    method: str = "POST",
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> tuple[int | None, bytes]:
    """Status and body of the answer to one request; no status without an answer."""
    waiting, sent = list(messages), list[Any]()

    async def receive() -> Message:
        if not waiting:
            await anyio.sleep_forever()
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "path": path, "method": method, "headers": [*headers]}
    await app(scope, receive, send)
    if not sent:
        return None, b""
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize(
    ("limits", "messages", "expected"),
    [
        (HttpLimits(), (PART, LAST), (200, b"1234567890")),
        (HttpLimits(max_body_bytes=10), (PART, LAST), (200, b"1234567890")),
        (HttpLimits(max_body_bytes=9), (PART, LAST), (413, b"The request is too large.")),
        (HttpLimits(body_seconds=0.05), (PART,), (408, b"The request took too long.")),
        (
            HttpLimits(max_body_bytes=4, body_seconds=0.05),
            (PART,),
            (413, b"The request is too large."),
        ),
        (HttpLimits(max_head_bytes=7), (PART, LAST), (200, b"1234567890")),
        (HttpLimits(max_head_bytes=6), (PART, LAST), (431, b"The head is too large.")),
        (HttpLimits(), (PART, LEFT), (None, b"")),
    ],
)
async def test_request_limits(
    limits: HttpLimits, messages: tuple[Message, ...], expected: tuple[int | None, bytes]
) -> None:
    app = Application()
    layer = RequestLimits(app, limits)
    assert await answer(layer, *messages, headers=[(b"name", b"abc")]) == expected
    assert (app.headers is not None) == (expected[0] == 200)


@pytest.mark.parametrize("begun", [False, True])
async def test_a_shutdown_is_answered_unless_an_answer_has_begun(begun: bool) -> None:
    async def cancelled(_: Scope, __: Receive, send: Send) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise asyncio.CancelledError

    expected = (200, b"") if begun else (503, b"The server is being shut down.")
    assert await answer(ShutdownReply(cancelled), LAST) == expected


async def test_an_answer_that_has_begun_is_left_once_its_connection_is_closed() -> None:
    """uvicorn takes an application that returns before that for one that forgot its answer."""
    events = list[str]()
    told: list[Message] = [PART, LAST, LEFT]

    async def receive() -> Message:
        message = told.pop(0)
        events.append(message["type"])
        return message

    async def send(message: Message) -> None:
        events.append(message["type"])

    async def cancelled(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise asyncio.CancelledError

    state = {HANG_UP: lambda: events.append("hang up")}
    await ShutdownReply(cancelled)({"type": "http", "state": state}, receive, send)
    assert events == ["http.response.start", "hang up", *["http.request"] * 2, "http.disconnect"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ((b"host", b"LOCALHOST:80"), (b"host", b"localhost:80")),
        ((b"origin", b"HTTP://[::1]:1"), (b"origin", b"http://[::1]:1")),
        ((b"x-host", b"LOCALHOST"), (b"x-host", b"LOCALHOST")),
        ((b"host", b"a:80@b"), (421, b"Invalid Host header")),
        ((b"host", b"a\xe9"), (421, b"Invalid Host header")),
        ((b"origin", b"null"), (403, b"Invalid Origin header")),
        ((b"origin", b"http://a/path"), (403, b"Invalid Origin header")),
    ],
)
async def test_hosts_and_origins_have_one_spelling(
    header: tuple[bytes, bytes], expected: tuple[int | bytes, bytes]
) -> None:
    app = Application()
    reply = await answer(HeaderNormaliser(app, refuses=True), LAST, headers=[header])
    if isinstance(expected[0], int):
        assert (reply, app.headers) == (expected, None)
    else:
        assert (reply[0], app.headers) == (200, [expected])


@pytest.mark.parametrize(
    ("path", "method", "refuses"),
    [("/healthz", "GET", True), ("/mcp", "GET", True), ("/mcp", "POST", False)],
)
async def test_who_is_not_asked_for_a_host_may_have_any(
    path: str, method: str, refuses: bool
) -> None:
    layer = HeaderNormaliser(Application(), refuses=refuses)
    reply = await answer(layer, LAST, path=path, method=method, headers=[(b"host", b"a:80@b")])
    assert reply[0] == 200


@pytest.mark.parametrize(
    "layer",
    [
        ShutdownReply,
        lambda app: RequestLimits(app, HttpLimits()),
        lambda app: HeaderNormaliser(app, refuses=True),
    ],
)
async def test_start_and_end_of_the_application_pass(layer: Callable[[ASGIApp], ASGIApp]) -> None:
    seen: list[str] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: object) -> Any:
        raise AssertionError

    await layer(app)({"type": "lifespan"}, nothing, nothing)
    assert seen == ["lifespan"]

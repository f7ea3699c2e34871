"""One connection over pipes in this process, with a tool that takes as long as a test wants."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
import anyio.to_thread
import pytest
from mcp.server import Server
from mcp.types import CallToolRequestParams, CallToolResult, TextContent

from lfv_mcp.server.protocol import RequestContext
from lfv_mcp.server.request_queue import QueueLimits
from lfv_mcp.server.stdio import StdioConnection, StdioLimits
from tests.support.stdio_server import HELLO, INITIALIZED, request

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(os.name == "nt", reason="Windows does not tell that a pipe is closed"),
]
ONE: Final = QueueLimits(running=1, waiting=2)
BUSY: Final = 10.0
"""Seconds in which what takes a moment is done, on a machine that is busy with other things."""
Tool = Callable[[str], Awaitable[str]]


def server_of(tool: Tool) -> Server[dict[str, Any]]:
    """A server whose tools all do the same with their name."""

    async def call(_: RequestContext, params: CallToolRequestParams) -> CallToolResult:
        said = await tool(params.name)
        return CallToolResult(content=[TextContent(type="text", text=said)])

    return Server("slow", on_call_tool=call)


class Client:
    """The other ends of a connection's pipes."""

    def __init__(self, stdin: int, stdout: int, connection: StdioConnection) -> None:
        self.stdin, self.stdout, self.connection = stdin, stdout, connection
        self.ended = anyio.Event()
        self._read = bytearray()
        self._open = {stdin, stdout}

    def close(self, *descriptors: int) -> None:
        """Close these ends, those that are still open."""
        for descriptor in self._open.intersection(descriptors):
            os.close(descriptor)
            self._open.remove(descriptor)

    def send(self, *lines: bytes) -> None:
        os.write(self.stdin, b"".join(line + b"\n" for line in lines))

    def call(self, number: object, tool: str, era: str = "auto") -> bytes:
        return request(number, "tools/call", {"name": tool}, era)

    def cancel(self, number: object) -> bytes:
        params = {"requestId": number}
        message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
        return json.dumps(message).encode()

    async def answer(self) -> dict[str, Any]:
        """The next message; an empty one at the end."""
        while b"\n" not in self._read:
            part = await anyio.to_thread.run_sync(os.read, self.stdout, 65536)
            if not part:
                return {}
            self._read += part
        line, _, rest = bytes(self._read).partition(b"\n")
        self._read[:] = rest
        message: dict[str, Any] = json.loads(line)
        return message

    async def ids(self, count: int) -> list[object]:
        return [(await self.answer()).get("id") for _ in range(count)]


@asynccontextmanager
async def connected(tool: Tool, limits: StdioLimits) -> AsyncIterator[Client]:
    (stdin, to_server), (from_server, stdout) = os.pipe(), os.pipe()
    client = Client(to_server, from_server, StdioConnection(stdin, stdout, limits))

    async def serve() -> None:
        await client.connection.run(server_of(tool))
        os.close(stdout)  # as the end of a process does
        client.ended.set()

    with anyio.fail_after(40):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve)
            yield client
            client.close(to_server)
            await client.ended.wait()
    client.close(from_server)
    os.close(stdin)


async def wait_if_told(name: str) -> str:
    if name == "slow":
        await anyio.sleep_forever()
    return name


async def test_a_cancelled_call_gives_its_turn_to_the_next() -> None:
    async with connected(wait_if_told, StdioLimits(ONE, grace_seconds=0.2)) as client:
        client.send(client.call(1, "slow"), client.call(2, "quick"))
        await anyio.sleep(0.1)
        client.send(client.cancel(1))
        assert await client.ids(1) == [2]


async def test_a_cancellation_is_heard_while_the_queue_is_full() -> None:
    limits = StdioLimits(QueueLimits(running=1, waiting=50), grace_seconds=0.2)
    async with connected(wait_if_told, limits) as client:
        client.send(*(client.call(number, "slow") for number in range(3)), client.call(3, "quick"))
        client.send(*(client.cancel(number) for number in ("0", 1, 2)))
        assert await client.ids(1) == [3]


async def test_what_runs_when_stdin_closes_may_end_within_the_grace() -> None:
    async def take_a_moment(name: str) -> str:
        await anyio.sleep(0.2)
        return name

    async with connected(take_a_moment, StdioLimits(ONE, grace_seconds=30)) as client:
        client.send(client.call(1, "a"), client.call(2, "b"))
        client.close(client.stdin)
        assert await client.ids(2) == [1, 2]
        started = time.monotonic()
        assert await client.answer() == {}
        assert time.monotonic() - started < BUSY  # nothing is waited for any more


async def test_after_the_grace_callers_are_told_that_it_is_over() -> None:
    async with connected(
        wait_if_told, StdioLimits(grace_seconds=0.2, farewell_seconds=30)
    ) as client:
        client.send(client.call(1, "slow"), client.call(2, "quick"))
        assert await client.ids(1) == [2]  # so the first one runs, too
        started = time.monotonic()
        client.close(client.stdin)
        answer = await client.answer()
        assert (answer["id"], answer["error"]["code"]) == (1, -32000)
        assert await client.answer() == {}
        assert time.monotonic() - started < BUSY


@pytest.mark.slow
@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_client_that_never_reads_does_not_keep_it_alive(era: str) -> None:
    running = []

    async def say_much(name: str) -> str:
        running.append(name)
        return "x" * 200_000  # more than a pipe takes

    limits = StdioLimits(ONE, grace_seconds=0.3, farewell_seconds=0.3)
    async with connected(say_much, limits) as client:
        if era == "legacy":
            client.send(request("hello", "initialize", HELLO, era), INITIALIZED)
        for number in range(9):
            client.send(client.call(number, "much", era))
        await anyio.sleep(0.3)
        assert running == ["much"]
        started = time.monotonic()
        client.close(client.stdin)
        await client.ended.wait()
        assert time.monotonic() - started < BUSY
    assert running == ["much"]


async def test_who_closes_stdout_ends_it() -> None:
    async with connected(wait_if_told, StdioLimits()) as client:
        client.send(client.call(1, "slow"))
        await anyio.sleep(0.1)
        client.close(client.stdout)
        client.send(client.call(2, "quick"))
        await client.ended.wait()  # though stdin is open and a call runs
        assert isinstance(client.connection.failure, BrokenPipeError)


async def test_refusals_take_turns_like_answers() -> None:
    limits = StdioLimits(QueueLimits(running=2, waiting=1_000))
    async with connected(wait_if_told, limits) as client:
        client.send(*[b"garbage"] * 50, client.call(1, "quick"), *[b"[]"] * 50)
        found = [await client.answer() for _ in range(101)]
    assert sum("result" in answer for answer in found) == 1
    assert sum(answer.get("error", {}).get("code") == -32700 for answer in found) == 50
    assert sum(answer.get("error", {}).get("code") == -32600 for answer in found) == 50

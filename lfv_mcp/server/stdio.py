"""MCP over the pipes of this process, in bounded memory and with an answer to every request.

The SDK's own transport starts every request that it reads, holds each answer until stdout takes it,
and says nothing to lines that it cannot read. Here requests wait for their turn, and while stdout
is not read stdin is not read either. What the messages mean stays the SDK's business.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import select
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar, cast

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup
from mcp.server import Server
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp.types import (
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    jsonrpc_message_adapter,
)

from lfv_mcp.json_rpc import Refusal, read_message, too_long, with_whole_characters
from lfv_mcp.server.request_queue import QueueLimits, RequestQueue

logger = logging.getLogger(__name__)
_T = TypeVar("_T")

_CHUNK_BYTES: Final = 64 * 1024
_KEPT_BYTES: Final = 4_096
"""Bytes at both ends of a line that is not kept; the request's id is looked for in them."""
_LOOK_INTERVAL: Final = 0.25
"""Seconds between two looks whether the client is still there, while stdin is not read."""
_HUNG_UP: Final = frozenset({errno.EPIPE, errno.ECONNRESET, errno.EBADF, errno.ESHUTDOWN})
"""What writing fails with if the client has closed its end."""


@dataclass(frozen=True, slots=True)
class StdioLimits:
    """How much the server takes from its client, and how long it goes on without one.

    Args:
        queue: requests and bytes that are held at one time.
        line_bytes: bytes of one message; the longest sensible question has 5 kB.
        grace_seconds: seconds that running calls get once stdin is closed.
        farewell_seconds: seconds more for telling the callers of those that still run.
    """

    queue: QueueLimits = field(default_factory=QueueLimits)
    line_bytes: int = 1 << 20
    grace_seconds: float = 3.0
    farewell_seconds: float = 1.25


async def serve_stdio(
    server: Server[Any], stdin: int, stdout: int, limits: StdioLimits | None = None
) -> OSError | None:
    """Serve MCP over two descriptors until either is closed.

    Returns why stdout could not be written to; None if it was the client that left. Calls that
    still run then have ended or been told so.
    """
    connection = StdioConnection(stdin, stdout, limits or StdioLimits())
    await connection.run(server)
    failure = connection.failure
    return None if failure is None or failure.errno in _HUNG_UP else failure


class StdioConnection:
    """One client at the other ends of two descriptors."""

    def __init__(self, stdin: int, stdout: int, limits: StdioLimits) -> None:
        """Read messages from one descriptor, and write answers to the other."""
        self._stdin, self._stdout, self._limits = stdin, stdout, limits
        self._queue = RequestQueue(limits.queue)
        self._reading, self._writing = anyio.CapacityLimiter(1), anyio.CapacityLimiter(1)
        self._to_server, self._from_client = anyio.create_memory_object_stream[
            SessionMessage | Exception
        ]()
        self._to_client, self._answers = anyio.create_memory_object_stream[SessionMessage]()
        self._written = anyio.Event()
        self.failure: OSError | None = None
        """Why stdout cannot be written to, if it cannot."""

    async def run(self, server: Server[Any]) -> None:
        """Serve until the client has gone and the time for what still runs is over."""
        with self._to_server, self._from_client, self._to_client, self._answers:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._read, tasks)
                tasks.start_soon(self._write, tasks)
                options = server.create_initialization_options()
                await server.run(self._from_client, self._to_client, options)
                # Else the last answers are cut off: the writer has taken them, and not written yet.
                self._to_client.close()
                with anyio.move_on_after(self._limits.farewell_seconds):
                    await self._written.wait()
                tasks.cancel_scope.cancel()

    # From the client

    async def _read(self, tasks: TaskGroup) -> None:
        passing_on = anyio.CancelScope()
        tasks.start_soon(self._pass_on_in_turn, tasks, passing_on)
        lines = LineSplitter(self._limits.line_bytes)
        while await self._wait_for_room():
            read = partial(_read_some, self._stdin)
            chunk = await _in_thread(read, self._reading)
            for line in lines.feed(chunk) if chunk else [lines.rest()]:
                message = line if isinstance(line, Refusal) else read_message(line)
                if message is not None:
                    self._queue.put(message, len(line))
            if not chunk:
                with anyio.move_on_after(self._limits.grace_seconds):
                    await self._queue.wait_until_idle()
                break
        passing_on.cancel()
        self._queue.drop_waiting()
        await self._to_server.aclose()  # the SDK tells the callers of whatever runs, and returns
        await anyio.sleep(self._limits.farewell_seconds)
        self._end(tasks)

    async def _wait_for_room(self) -> bool:
        """Wait until more may be read; false if the client has gone and nothing moves any more.

        That is looked at from outside, because the end of stdin is behind what is not read.
        """
        quiet = 0.0
        while not self._queue.has_room():
            settled = self._queue.settled
            await self._queue.wait_for_change(_LOOK_INTERVAL)
            if self._queue.settled != settled or not has_hung_up(self._stdin):
                quiet = 0.0
            elif (quiet := quiet + _LOOK_INTERVAL) >= self._limits.grace_seconds:
                return False
        return True

    async def _pass_on_in_turn(self, tasks: TaskGroup, scope: anyio.CancelScope) -> None:
        with scope:
            while True:
                message = (await self._queue.take()).message
                if isinstance(message, Refusal):
                    # On its own: while stdout is not read, cancellations have to go on.
                    tasks.start_soon(self._refuse, message, tasks)
                elif item := self._session_message(message):
                    await self._to_server.send(item)

    def _session_message(self, body: Mapping[str, Any]) -> SessionMessage | None:
        """A message as the SDK takes it; None for a response that is not one of MCP."""
        method = body.get("method")
        if method is None:
            try:
                return SessionMessage(jsonrpc_message_adapter.validate_python(dict(body)))
            except ValueError:
                return None
        # Params that are null are no params; an SDK model that was told so would say null itself.
        params = {"params": body["params"]} if body.get("params") is not None else {}
        if "id" not in body:
            return SessionMessage(JSONRPCNotification(jsonrpc="2.0", method=method, **params))

        async def settle() -> None:
            self._queue.settle(body["id"])

        request = JSONRPCRequest(jsonrpc="2.0", id=body["id"], method=method, **params)
        return SessionMessage(request, ServerMessageMetadata(on_request_unanswered=settle))

    # To the client

    async def _write(self, tasks: TaskGroup) -> None:
        async for item in self._answers:
            await self._write_line(encoded(item.message), tasks)
            if isinstance(item.message, JSONRPCResponse | JSONRPCError):
                self._queue.settle(item.message.id)
        self._written.set()

    async def _refuse(self, refusal: Refusal, tasks: TaskGroup) -> None:
        await self._write_line(refusal.to_bytes(), tasks)
        self._queue.settle(None)

    async def _write_line(self, line: bytes, tasks: TaskGroup) -> None:
        try:
            await _in_thread(partial(write_all, self._stdout, line + b"\n"), self._writing)
        except OSError as error:
            self.failure = error
            self._end(tasks)

    def _end(self, tasks: TaskGroup) -> None:
        """Nothing can be read or written any more: nobody is waited for."""
        self._answers.close()
        tasks.cancel_scope.cancel()


class LineSplitter:
    """Makes lines of chunks of bytes; of one that is too long it keeps only both ends."""

    def __init__(self, limit: int) -> None:
        """Keep lines of up to so many bytes."""
        self._limit = limit
        self._line = bytearray()
        self._end = b""
        self._length = 0

    def feed(self, chunk: bytes) -> Iterator[bytes | Refusal]:
        """The lines that a chunk completes, without their ends."""
        *completed, rest = chunk.split(b"\n")
        for part in completed:
            self._add(part)
            yield self.rest()
        self._add(rest)

    def rest(self) -> bytes | Refusal:
        """The line as far as it has come; the next one begins empty."""
        line, length, end = bytes(self._line), self._length, self._end
        self._line, self._length, self._end = bytearray(), 0, b""
        return line if length <= self._limit else too_long(line, end, self._limit)

    def _add(self, part: bytes) -> None:
        self._length += len(part)
        if self._length <= self._limit:
            self._line += part
        else:
            # While it was kept, the end of the line was the line itself.
            self._end = ((self._end or bytes(self._line[-_KEPT_BYTES:])) + part)[-_KEPT_BYTES:]
            self._line = (self._line[:_KEPT_BYTES] + part[:_KEPT_BYTES])[:_KEPT_BYTES]


def encoded(message: JSONRPCMessage) -> bytes:
    """A message as JSON in UTF-8, whatever its texts hold."""
    try:
        return message.model_dump_json(by_alias=True, exclude_unset=True).encode()
    except ValueError:  # half a character: pydantic does not write it, and hosts could not read it
        body = message.model_dump(by_alias=True, exclude_unset=True)
        return json.dumps(with_whole_characters(body), default=str).encode()


# Descriptors


async def _in_thread(work: Callable[[], _T], limiter: anyio.CapacityLimiter) -> _T:
    """Run what may block for ever; the thread is left behind when this is cancelled."""
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=limiter)


def _read_some(descriptor: int) -> bytes:
    """The next bytes; none at the end, and where the client has closed its end otherwise."""
    while True:
        try:
            return os.read(descriptor, _CHUNK_BYTES)
        except BlockingIOError:  # whoever started this process made the pipe non-blocking
            select.select([descriptor], [], [])
        except OSError:
            return b""


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte, however few a pipe takes at one time."""
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:  # as for reading
            select.select([], [descriptor], [])


def has_hung_up(descriptor: int) -> bool:
    """Whether whoever writes to a pipe has closed it, while there still is something to read.

    Windows cannot tell.
    """
    if sys.platform == "win32":
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll(0))


@contextmanager
def standard_streams() -> Generator[tuple[int, int] | None]:
    """Descriptors of stdin and stdout that nobody else uses; None if either is closed.

    Until the end, other code in this process and its children read nothing from stdin, and what
    they print goes to stderr: a stray line on stdout would be read as a message.
    """
    streams: tuple[object, ...] = (sys.__stdin__, sys.__stdout__)
    if None in streams:  # Python saw it at its start; by now other files may have those numbers
        yield None
        return
    stdin, stdout = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere if cast("object", sys.stderr) is None else 2, 1)
    os.close(nowhere)
    _tell_windows()
    try:
        yield stdin, stdout
    finally:
        with suppress(OSError):
            os.dup2(stdin, 0)
            os.dup2(stdout, 1)
            _tell_windows()


def _tell_windows() -> None:
    """Let the children of this process inherit what descriptors 0 and 1 are now."""
    if sys.platform == "win32":
        from mcp.os.win32.utilities import rebind_std_handle_to_fd

        rebind_std_handle_to_fd(0)
        rebind_std_handle_to_fd(1)

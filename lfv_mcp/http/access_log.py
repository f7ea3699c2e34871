"""The access log: one line for each HTTP request, in logfmt, on a logger of its own.

What a line can hold is what `RequestRecord` can: nothing that a caller or an account wrote.
"""

from __future__ import annotations

import logging
import queue
import time
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from typing import TYPE_CHECKING, Final, TextIO

from lfv_mcp.http.paths import HEALTH, METRICS, READY

if TYPE_CHECKING:
    from lfv_mcp.http.observation import RequestRecord

LOGGER: Final = "lfv_mcp.access"
"""The logger of the access log; its lines are at INFO, and on without `--log-level INFO`."""
WAITING_LINES: Final = 1_000
"""Lines that wait for a slow reader of stderr; more are dropped, and counted in a line."""
FLUSH_SECONDS: Final = 1.0
"""How long the end of the server waits for the last lines to be read."""
_QUIET_PATHS: Final = frozenset({HEALTH, READY, METRICS})
"""Asked every few seconds: a line only where the status is another one than the time before."""


class AccessLog:
    """Writes a line for each request; an `Observer`.

    Lines are written by a thread of their own: whoever started the server and does not read its
    stderr must not stop it.

    Args:
        stream: where lines go.
        waiting_lines: how many may wait there.
    """

    def __init__(self, stream: TextIO, waiting_lines: int = WAITING_LINES) -> None:
        self._queue: queue.Queue[logging.LogRecord] = queue.Queue(waiting_lines)
        self._handler = _DroppingHandler(self._queue)
        writer = logging.StreamHandler(stream)
        writer.setFormatter(logging.Formatter("%(message)s"))
        self._listener = QueueListener(self._queue, writer)
        self._logger = logging.getLogger(LOGGER)
        self._probed: dict[str, int] = {}

    def start(self) -> None:
        """Begin to write."""
        self._logger.setLevel(logging.INFO)
        self._logger.propagate = False  # or each line came again, behind the level and the name
        self._logger.addHandler(self._handler)
        self._listener.start()

    def stop(self) -> None:
        """Write what is left, as far as it is read within a second."""
        self._logger.removeHandler(self._handler)
        until = time.monotonic() + FLUSH_SECONDS
        while self._queue.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.01)

    def request_finished(self, record: RequestRecord) -> None:
        """Write a line; of probes and scrapes only if the status has changed."""
        if record.path in _QUIET_PATHS and record.method in ("GET", "HEAD"):
            before = self._probed.get(record.path, 200)
            self._probed[record.path] = record.status
            if record.status == before:
                return
        self._logger.info("%s", line_of(record))

    def connection_refused(self, reason: str) -> None:
        """Write a line for a head that is no HTTP; what sent no head was no request."""
        if reason == "malformed_head":
            self._logger.info(
                "time=%s id=- method=- path=- status=400 reason=malformed_head", _now()
            )

    def call_started(self) -> None:
        """Nothing: the line of its request says it all."""

    def call_finished(self, record: RequestRecord, seconds: float) -> None:
        """Nothing: the line of its request says it all."""


def line_of(record: RequestRecord) -> str:
    """A request as a line of logfmt; `-` for what there is nothing to say about."""
    members: tuple[tuple[str, object], ...] = (
        ("time", _now()),
        ("id", record.id),
        ("method", record.method),
        ("path", record.path),
        ("status", record.status),
        ("seconds", f"{record.seconds:.3f}"),
        ("bytes", record.bytes),
        ("rpc", record.rpc),
        ("tool", record.tool),
        ("code", record.code),
    )
    return " ".join(f"{name}={'-' if value == '' else value}" for name, value in members)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class _DroppingHandler(QueueHandler):
    """Hands lines to the writer's thread without waiting; counts those that find no room."""

    dropped = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        """Hand over a line, after one that says how many were dropped before it."""
        try:
            if self.dropped:
                self.queue.put_nowait(logging.makeLogRecord({"msg": self._dropped_line()}))
                self.dropped = 0
            self.queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1

    def _dropped_line(self) -> str:
        return f"time={_now()} dropped={self.dropped} reason=stderr_is_not_read"

"""The access log by itself: its form, and a stream that nobody reads."""

from __future__ import annotations

import io
import threading
from dataclasses import replace

import pytest

from lfv_mcp.http.access_log import AccessLog, line_of
from lfv_mcp.http.observation import RequestRecord

CALL = RequestRecord("id-1", "POST", "/mcp", 200, 0.01234, 99, "tools/call", "list_models", "ok")


class Stuck(io.StringIO):
    """A stream whose reader is away until `reading` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = threading.Event()

    def write(self, text: str) -> int:
        self.reading.wait(10)
        return super().write(text)


def members(line: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in line.split())


def test_a_line_is_logfmt() -> None:
    line = line_of(CALL)
    assert list(members(line)) == [
        *("time", "id", "method", "path", "status", "seconds", "bytes", "rpc", "tool", "code"),
    ]
    assert line.endswith(
        " id=id-1 method=POST path=/mcp status=200 seconds=0.012 bytes=99 rpc=tools/call "
        "tool=list_models code=ok"
    )
    unknown = RequestRecord("id-2", "", "", 404)
    assert " method=- path=- status=404 seconds=0.000 bytes=0 rpc=- tool=- code=-" in line_of(
        unknown
    )


def test_lines_are_written_in_order() -> None:
    stream = io.StringIO()
    log = AccessLog(stream)
    log.start()
    for number in range(50):
        log.request_finished(replace(CALL, id=f"id-{number}"))
    log.stop()
    assert [members(line)["id"] for line in stream.getvalue().splitlines()] == [
        f"id-{number}" for number in range(50)
    ]


def test_nobody_waits_for_a_reader_and_what_is_lost_is_counted() -> None:
    stream = Stuck()
    log = AccessLog(stream, waiting_lines=5)
    log.start()
    for number in range(100):  # returns, though nothing can be written
        log.request_finished(replace(CALL, id=f"id-{number}"))
    stream.reading.set()
    written = 0
    while written < 5:
        written = stream.getvalue().count("\n")
    log.request_finished(replace(CALL, id="id-last"))
    log.stop()
    lines = [members(line) for line in stream.getvalue().splitlines()]
    assert lines[-1]["id"] == "id-last"
    lost = [int(line["dropped"]) for line in lines if "dropped" in line]
    assert sum(lost) > 90
    assert sum(lost) + len(lines) - len(lost) == 101


@pytest.mark.slow
def test_the_end_does_not_wait_for_a_reader() -> None:
    stream = Stuck()
    log = AccessLog(stream)
    log.start()
    log.request_finished(CALL)
    log.stop()  # within a second, or the test would take ten
    stream.reading.set()

"""How many connections fit a limit on file descriptors, and what is said when none is left."""

from __future__ import annotations

import asyncio
import logging

import pytest

from lfv_mcp.http.descriptors import warn_instead_of_tracebacks, within_descriptors
from lfv_mcp.http.settings import HttpLimits

ACCEPT = {"message": "socket.accept() out of system resource", "exception": OSError(24, "files")}


@pytest.mark.parametrize("descriptors", [8, 16, 64, 256, 512, 703, 704, 705, 1024, 1_000_000])
def test_connections_leave_room_for_files(descriptors: int) -> None:
    limits = within_descriptors(HttpLimits(), descriptors)
    assert 1 <= limits.max_connections <= HttpLimits().max_connections
    assert 1 <= limits.max_reserved <= HttpLimits().max_reserved
    taken = limits.max_connections + limits.max_reserved
    assert descriptors - taken >= min(128, descriptors // 3)
    if descriptors >= 704:  # 512 connections, 64 more, 128 files
        assert limits == HttpLimits()


def test_more_descriptors_are_never_fewer_connections() -> None:
    caps = [within_descriptors(HttpLimits(), n).max_connections for n in range(8, 1024, 8)]
    assert caps == sorted(caps)


def test_one_line_for_all_connections_that_wait(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        loop = asyncio.get_running_loop()
        handle = warn_instead_of_tracebacks(loop)
        for _ in range(300):
            handle(loop, ACCEPT)
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert caplog.records[0].exc_info is None
        handle(loop, {"message": "something else", "exception": OSError(5, "broken")})

    asyncio.run(fail())
    assert "something else" in caplog.text  # with its traceback, as ever
    assert len(caplog.records) == 2

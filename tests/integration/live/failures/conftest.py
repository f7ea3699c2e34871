"""Fixtures of tests about failures: nothing leaks into the log, and boto3 does not sleep."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.failures import leaks


@pytest.fixture(autouse=True)
def fast_boto3(boto3_prepared_once: None, without_retry_pauses: None) -> None:
    """What boto3 takes its time for is no part of these tests."""


@pytest.fixture(autouse=True)
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """No host can be resolved, wherever the tests run; numbers still work."""
    resolve = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host in ("127.0.0.1", b"127.0.0.1"):
            return resolve(host, *args, **kwargs)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing secret in the log at INFO, and no stack trace: a designed failure needs none."""
    caplog.set_level(logging.INFO)
    yield
    for record in caplog.get_records("call"):
        assert not (record.exc_info and record.name.startswith("lfv_mcp")), record.getMessage()
        assert not leaks(record.getMessage())

"""Fixtures of tests about failures: nothing leaks into the log, and boto3 does not sleep."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.boto3_speed import count_pauses, data_files_parsed_once
from tests.support.failures import leaks


@pytest.fixture(scope="module", autouse=True)
def files_parsed_once() -> Iterator[None]:
    """boto3's data files are parsed once for the hundred clients in here."""
    with data_files_parsed_once():
        yield


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3's retries as they are, without their random sleeps of up to two seconds."""
    count_pauses(monkeypatch)


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

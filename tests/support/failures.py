"""What holds for every failure that a tool answers with, and replies that cause failures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import botocore.exceptions
import pydantic_core
import urllib3.exceptions
from mcp import Client
from mcp.types import CallToolResult

from lfv_mcp.errors import ERRORS
from lfv_mcp.server.protocol import ERROR_META
from tests.support.api_endpoint import (
    ACCESS_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    Answer,
    Reply,
    api_error,
)
from tests.support.clients import describe, text

MARGIN: Final = 3.0
"""Seconds over its time limit that a question may take on a busy machine."""
FOREIGN: Final = re.compile(
    r"Traceback|<class|botocore|urllib3|pydantic|site-packages|\b(?:"
    + "|".join(
        sorted(
            name
            for module in (botocore.exceptions, urllib3.exceptions, pydantic_core)
            for name, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, Exception)
        )
    )
    + r")\b"
)
"""What only a programmer understands."""


ECHO: Final = f"The key {ACCESS_KEY} ({SECRET_KEY}) with token {SESSION_TOKEN} is not known"
"""A message of the API that holds every secret."""


def leaks(shown: str) -> list[str]:
    """The secrets in a text."""
    return [s for s in (ACCESS_KEY, SECRET_KEY, SESSION_TOKEN, SESSION_TOKEN[:60]) if s in shown]


def failed(result: CallToolResult, code: str, says: str) -> Mapping[str, str]:
    """The details of a failure, after everything that holds for all of them is checked."""
    shown = text(result)
    assert result.is_error, shown
    assert result.structured_content is None
    assert result.meta is not None
    details: dict[str, str] = result.meta[ERROR_META]
    assert details["code"] == code, shown
    assert code in ERRORS
    assert f"{details['message']} [{code}]" in shown
    assert f"Next: {details['next_step']}" in shown
    assert len(details["message"]) > 10
    assert len(details["next_step"]) > 10
    assert re.search(says, shown, re.DOTALL), shown
    everything = result.model_dump_json()
    assert not FOREIGN.search(everything), shown
    assert not leaks(everything)
    return details


def assert_asked(details: Mapping[str, str], version: str = "3") -> None:
    """The failure says which model was asked for, as it was understood."""
    asked = dict(part.split("=") for part in details["asked"].split(", "))
    assert asked.keys() == {"project_name", "model_version", "region", "source"}
    assert asked["project_name"] == "cap-seal"
    assert asked["model_version"] == version
    assert asked["source"] == "live"


async def assert_good(client: Client, region: str = "") -> None:
    """A good question to the same server is answered."""
    result = await describe(client, "1", region=region)
    assert not result.is_error, text(result)


def json_reply(body: str) -> Answer:
    """An endpoint that answers everything with this body."""
    return lambda _: Reply(body.encode())


def error_body(body: str) -> Answer:
    """An endpoint that answers everything with HTTP 400 and this body."""
    return lambda _: Reply(body.encode(), 400)


def error(status: int, code: str, message: str = "no", /, **members: str | int) -> Answer:
    """An endpoint that answers everything with this error."""
    return lambda _: api_error(status, code, message, **members)

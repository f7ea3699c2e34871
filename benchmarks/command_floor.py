"""The floors of one `lfv-mcp describe`: `python command_floor.py KIND`. KIND is

- `imports`: click, boto3, pydantic and anyio are imported, and one boto3 client is made;
- `uses`: each of them is put to use as well, for pydantic and anyio load most of themselves only
  then: pydantic has its base class, and the client is made inside an event loop.
"""

import sys

import anyio
import boto3_client
import click  # noqa: F401 - importing is what is measured
import pydantic


async def make_client() -> None:
    """Make the client where a command makes it."""
    boto3_client.open_client()


if sys.argv[1] == "uses":
    _ = pydantic.BaseModel
    anyio.run(make_client)
else:
    boto3_client.open_client()

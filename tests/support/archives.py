"""Archives in tests: a saved answer of one model, and a client of a server over any file store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Unpack
from urllib.parse import urlencode

from click.testing import Result
from mcp import Client

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.replay import Replay
from lfv_mcp.archive.store import Directory, FileStore
from lfv_mcp.aws.client import LookoutVision
from lfv_mcp.catalog.catalog import Catalog, CatalogOptions
from lfv_mcp.identifiers import AccountScope, ModelKey
from lfv_mcp.server.app import build_server
from tests.support.api_endpoint import Reply, Request
from tests.support.clients import Door, run
from tests.support.saved_records import (
    ONE,
    described,
    response,
)

KEY: Final = ModelKey("us-east-1", ONE, "cap-seal", 3)
"""The model that `saved` is about."""
OLD: Final = datetime(2025, 3, 1, 9, tzinfo=UTC)
NEW: Final = datetime(2025, 10, 28, 9, tzinfo=UTC)


def saved(captured: datetime | None = None, **members: Any) -> dict[str, Any]:
    """A DescribeModel answer of cap-seal 3."""
    return response("ModelDescription", described(**members), captured)


def archive_catalog(
    files: FileStore, timeout: float = 20.0, **options: Unpack[CatalogOptions]
) -> Catalog:
    """The catalogue over an archive in a store that the test has made; both go by one clock."""
    archive = Archive(files, clock=options.get("clock"))
    return Catalog(
        lambda: LookoutVision(timeout=timeout, transport=Replay(archive)),
        "archive",
        archive,
        timeout,
        **options,
    )


@asynccontextmanager
async def archive_door(files: FileStore, **options: Unpack[CatalogOptions]) -> AsyncIterator[Door]:
    """A new server over such a catalogue, and a client of it."""
    async with Client(build_server(archive_catalog(files, **options))) as client:
        yield Door(client)


def sparse(path: Path, start: bytes, size: int = 200 << 20) -> None:
    """A file of this start and many zeros, which takes no room on the disk."""
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)


def imported(target: Path, *sources: Path) -> Result:
    """Import sources into an archive by the command; it has to succeed."""
    result = run("archive", "import", *sources, "--to", target)
    assert result.exit_code == 0, result.output
    return result


def replaying(folder: Path) -> Callable[[Request], Reply]:
    """An endpoint's answers out of an archive, as `lfv-mcp replay` gives them."""
    replay = Replay(Archive(Directory(folder)))

    def answer(request: Request) -> Reply:
        url = f"http://archive{request.path}?{urlencode(request.query)}"
        reply = replay.answer("GET", url, AccountScope(request.credential[1]))
        return Reply(reply.body, reply.status, reply.headers)

    return answer

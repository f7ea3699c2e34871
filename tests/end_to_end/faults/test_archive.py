"""The fault table: an archive that changes under the running server."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest
from mcp import Client
from mcp.types import CallToolResult

from lfv_mcp.archive.store import Directory
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.server.app import build_server
from tests.support.archives import archive_catalog
from tests.support.clients import describe, text
from tests.support.fault_table import (
    DEFAULT,
    MANIFEST,
    Row,
    analyze,
    code_of,
    findings_of,
)
from tests.support.live import UNCACHED
from tests.support.saved_records import described, result_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


def save(folder: Path, status: str, version: int = 3) -> Path:
    """An archive with one model, all of whose files agree about it."""
    folder.mkdir(parents=True)
    body = described(version=version, Status=status, Description=status)
    (folder / "model.json").write_text(json.dumps({"ModelDescription": body}))
    (folder / "result.json").write_text(json.dumps(result_of(version=version)))
    (folder / "manifest.json").write_bytes(MANIFEST)
    return folder


def over(folder: Path) -> Catalog:
    """A catalogue that looks at its files for every question."""
    return archive_catalog(Directory(folder, rescan_after=0.0), DEFAULT, cache_policy=UNCACHED)


def status_of(result: CallToolResult) -> str:
    assert not code_of(result), text(result)
    assert result.structured_content is not None
    status: str = result.structured_content["status"]
    assert result.structured_content["model_description"]["Description"] == status
    return status


async def test_an_archive_replaced_by_rename(tmp_path: Path, row: Row) -> None:
    """Whoever asks meanwhile gets the old or the new answer, whole; or hears that it changed again
    each time that it was read, as it may here, on a busy machine."""
    link = tmp_path / "archive"
    link.symlink_to(save(tmp_path / "TRAINED", "TRAINED"))
    save(tmp_path / "HOSTED", "HOSTED")
    seen: set[str] = set()
    swapped = anyio.Event()

    async def swap() -> None:
        for number in range(20):
            spare = tmp_path / "spare"
            spare.symlink_to(tmp_path / ("HOSTED", "TRAINED")[number % 2])
            spare.rename(link)
            await anyio.sleep(0.005)
        spare.symlink_to(tmp_path / "HOSTED")
        spare.rename(link)
        swapped.set()

    async def ask(client: Client) -> None:
        while not swapped.is_set():
            for question in (describe, analyze):
                with row.in_time():
                    result = await question(client)
                assert code_of(result) in row.codes
                if question is describe and not code_of(result):
                    seen.add(status_of(result))

    catalog = over(link)
    async with Client(build_server(catalog)) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(swap)
            for _ in range(4):
                tasks.start_soon(ask, client)
        assert seen
        assert seen <= {"TRAINED", "HOSTED"}
        # On a busy machine the index of the last swap may still be in the making.
        with anyio.fail_after(20):
            while status_of(await describe(client)) != "HOSTED":
                await anyio.sleep(0.01)


async def test_an_archive_whose_directory_is_another(tmp_path: Path, row: Row) -> None:
    """Moved away and another put in its place; in between it is not there, and that is said."""
    folder = save(tmp_path / "archive", "TRAINED")
    catalog = over(folder)
    async with Client(build_server(catalog)) as client:
        assert status_of(await describe(client)) == "TRAINED"
        folder.rename(tmp_path / "old")
        with row.in_time():
            assert code_of(await describe(client)) in row.codes
        save(folder, "HOSTED")
        assert status_of(await describe(client)) == "HOSTED"


async def test_an_archive_file_rewritten(tmp_path: Path, row: Row) -> None:
    """The next question sees it; a file that is half-written is no record, and nothing breaks."""
    folder = save(tmp_path / "archive", "TRAINED")
    file = folder / "model.json"
    catalog = over(folder)
    async with Client(build_server(catalog)) as client:
        assert status_of(await describe(client)) == "TRAINED"
        whole = json.dumps(
            {"ModelDescription": described(Status="DELETING", Description="DELETING")}
        )
        file.write_text(whole[:100])
        with row.in_time():
            half = await describe(client)  # its evaluation files still speak for it
        assert not code_of(half)
        assert "evaluation_files_only" in findings_of(half)
        file.write_text(whole)
        assert status_of(await describe(client)) == "DELETING"

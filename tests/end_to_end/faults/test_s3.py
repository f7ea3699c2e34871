"""The fault table: an S3 that misbehaves while the API is well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import anyio
import pytest
from mcp import Client
from mcp.types import CallToolResult

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.server.app import build_server
from lfv_mcp.wiring.opening import open_catalog
from lfv_mcp.wiring.settings import Settings
from tests.support.api_endpoint import (
    Endpoint,
    Reply,
    Request,
    description,
    healthy,
    ok,
)
from tests.support.clients import describe, text
from tests.support.fault_table import (
    DEFAULT,
    LIMIT,
    MANIFEST,
    MARGIN,
    S3,
    UNREAD,
    Question,
    Row,
    always,
    analyze,
    assert_works,
    code_of,
    connected,
    findings_of,
    objects,
)
from tests.support.live import MAX_CALLS, UNCACHED, live
from tests.support.saved_records import result_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.mark.parametrize("fault", S3)
async def test_an_s3_that_misbehaves(
    api: Endpoint, s3: Endpoint, patient: Mapping[float, Catalog], fault: str
) -> None:
    """While the API is well: it is described as ever, and analysed as far as that can be."""
    row = S3[fault]
    results: dict[str, CallToolResult] = {}

    async def ask(client: Client, name: str, question: Question) -> None:
        results[name] = await question(client)

    async with connected(patient[row.limit], api) as client:
        await assert_works(client, analyze)  # the S3 client is open
        s3.answer = row.answer
        with row.in_time():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask, client, "analysed", analyze)
                tasks.start_soon(ask, client, "described", describe)
        assert not code_of(results["described"])
        analysed = results["analysed"]
        if row.codes == UNREAD:
            assert not code_of(analysed)
            assert UNREAD[0] in findings_of(analysed)
        else:
            assert code_of(analysed) in row.codes, text(analysed)
        assert row.says in text(analysed)
        s3.answer = objects
        assert UNREAD[0] not in findings_of(await assert_works(client, analyze))


async def test_a_slow_s3_does_not_keep_the_api_waiting(api: Endpoint, s3: Endpoint) -> None:
    """Not even with more analyses under way than there are questions allowed at one time."""
    api.answer = lambda r: ok({"ModelDescription": description(r.path.rpartition("/")[2])})
    async with Client(build_server(live(timeout=12.0))) as client:
        assert not code_of(await analyze(client, "1"))
        s3.answer = always(Reply(pause=60))
        async with anyio.create_task_group() as tasks:
            for version in range(2, 3 * MAX_CALLS):
                tasks.start_soon(analyze, client, str(version))
            with anyio.fail_after(MARGIN):
                while len(api.requests) < 90 or len(s3.requests) < 15:
                    await anyio.sleep(0.01)
            begun = anyio.current_time()
            assert not code_of(await describe(client, "999"))
            assert anyio.current_time() - begun < 3  # an attempt at S3 takes that long
            tasks.cancel_scope.cancel()


async def test_latest_moves_on(api: Endpoint, s3: Endpoint, row: Row) -> None:
    """A new version's evaluation is never mixed with the files of the one before."""
    policy = replace(UNCACHED, evidence_seconds=60.0)
    versions = ["1"]

    def answer(request: Request) -> Reply:
        if request.path.endswith("/models"):
            return ok({"Models": [{"ModelVersion": v} for v in versions]})
        return healthy(request)

    api.answer = answer
    s3.answer = lambda r: (
        Reply(json.dumps(result_of(version=2 if "-2.json" in r.path else 1)).encode())
        if "Result" in r.path
        else Reply(MANIFEST)
    )
    async with Client(build_server(live(cache_policy=policy))) as client:
        for version in "12":
            versions[:] = [version]
            with row.in_time(DEFAULT):
                result = await analyze(client, "latest")
            assert "EvaluationResult is of" not in text(result)
            assert any(f"Result-cap-seal-{version}.json" in r.path for r in s3.requests)


async def test_a_dead_s3_archive_is_tried_once_for_all_who_wait(s3: Endpoint, row: Row) -> None:
    """Else each of them would wait for the time-outs of all before it."""
    codes: list[str] = []

    async def ask(client: Client, version: int) -> None:
        codes.append(code_of(await describe(client, str(version))))

    s3.answer = always(Reply(pause=60))
    # Not LIMIT: there must be time left for whoever is told late on a busy machine.
    catalog = open_catalog(
        Settings("s3://bucket/prefix", "us-east-1", None, 4 * LIMIT), cache_policy=UNCACHED
    )
    async with Client(build_server(catalog)) as client:
        with row.in_time(4 * LIMIT):
            async with anyio.create_task_group() as tasks:
                for version in range(1, MAX_CALLS + 1):
                    tasks.start_soon(ask, client, version)
        assert codes == [*row.codes] * MAX_CALLS
        listings = [r for r in s3.requests if r.path.startswith("/bucket")]
        assert len(listings) == 3  # the attempts of one
        s3.answer = always(Reply(NOTHING))
        assert code_of(await describe(client)) == "project_not_found"


NOTHING: Final = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"

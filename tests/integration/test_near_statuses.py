"""A filter by status says what it hides, and what a saved status is worth today."""

from __future__ import annotations

import json
from typing import Final

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client

from lfv_mcp import connect
from lfv_mcp.analysis.statuses import NEAR_STATUSES, RUNNING_STATUSES
from lfv_mcp.archive.store import Directory
from lfv_mcp.identifiers import MODEL_STATUSES
from tests.support.archives import archive_catalog
from tests.support.clients import run
from tests.support.saved_records import described, lines, response, write

pytestmark = pytest.mark.anyio

STATUSES_HELD: Final = st.lists(st.sampled_from(MODEL_STATUSES), min_size=1, max_size=7)


@settings(max_examples=40)
@given(STATUSES_HELD, st.sampled_from(MODEL_STATUSES))
def test_near_statuses_are_counted(
    tmp_path_factory: pytest.TempPathFactory, held: list[str], asked: str
) -> None:
    folder = tmp_path_factory.mktemp("line")
    models = [described("line", number, Status=status) for number, status in enumerate(held, 1)]
    write(folder, "all.jsonl", lines([response("ModelDescription", each) for each in models]))
    catalog = archive_catalog(Directory(folder))
    page = anyio.run(lambda: catalog.list_models(status=asked))
    assert [row.status for row in page.models] == [asked] * held.count(asked)
    near = {each: held.count(each) for each in NEAR_STATUSES.get(asked, ()) if each in held}
    assert ("not among them" in page.summary or "Near it:" in page.summary) is bool(near)
    for status, count in near.items():
        assert f"{count} {status}" in page.summary
    ended = "hosting ended on 2025-10-31, so none runs today"
    assert (ended in page.summary) is (asked in RUNNING_STATUSES and asked in held)


async def test_a_page_of_several_counts_nothing_that_it_has_not_seen(client: Client) -> None:
    asked = {"status": "HOSTED", "max_results": 1}
    answer = (await client.call_tool("list_models", asked)).structured_content
    while answer is not None:
        assert "not among them" not in answer["summary"]
        token = answer.get("next_token")
        if not token:
            break
        following = await client.call_tool("list_models", asked | {"next_token": token})
        answer = following.structured_content


def test_commands_and_programs_are_told() -> None:
    expected = (
        "2 HOSTED models in 2 projects; synthetic sample, so status is history: hosting ended"
    )
    near = "1 STARTING_HOSTING, 1 STOPPING_HOSTING and 1 SYSTEM_UPDATING are not among them."
    with connect("sample") as lfv:
        summaries = [lfv.models(status="HOSTED").summary]
    summaries.append(json.loads(run("list", "--status", "HOSTED", "--json").stdout)["summary"])
    for summary in summaries:
        assert summary.startswith(expected)
        assert summary.endswith(near)

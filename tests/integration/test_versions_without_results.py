"""A version that was never evaluated: why, and which other one has results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client

from lfv_mcp.archive.store import Directory
from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.errors import LfvError
from lfv_mcp.model_query import ModelQuery
from lfv_mcp.server.app import build_server
from tests.support.api_endpoint import Endpoint, Reply, Request, ok
from tests.support.archives import NEW, OLD, archive_catalog
from tests.support.clients import door, run
from tests.support.live import live, use
from tests.support.saved_records import described, lines, listed, response, result_of, write

pytestmark = pytest.mark.anyio

CAUSE: Final = 'The images differ in "width" or height.'
_WITHOUT: Final = ("TRAINING", "TRAINING_FAILED")


class Version(NamedTuple):
    """One version of a project."""

    status: str
    has_metrics: bool
    has_result: bool

    @property
    def has_results(self) -> bool:
        return self.status not in (*_WITHOUT, "DELETING") and (self.has_metrics or self.has_result)


VERSIONS: Final = st.lists(
    st.builds(
        Version,
        st.sampled_from([*_WITHOUT, "TRAINED", "HOSTED", "HOSTING_FAILED", "DELETING"]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=5,
)


def records(versions: list[Version]) -> Iterator[Any]:
    for number, each in enumerate(versions, 1):
        without = each.status in _WITHOUT
        members: dict[str, Any] = {"EvaluationResult": ..., "EvaluationManifest": ...}
        if without or not each.has_metrics:
            members["Performance"] = ...
        body = described("line", number, Status=each.status, StatusMessage=CAUSE, **members)
        yield response("ModelDescription", body, NEW)
        if each.has_result and not without:
            yield result_of("line", number)


@settings(max_examples=40)
@given(VERSIONS, st.sampled_from(_WITHOUT))
def test_the_version_with_results_is_named(
    tmp_path_factory: pytest.TempPathFactory, others: list[Version], status: str
) -> None:
    versions = [*others, Version(status, has_metrics=False, has_result=False)]
    folder = tmp_path_factory.mktemp("line")
    write(folder, "all.jsonl", lines(records(versions)))
    catalog = archive_catalog(Directory(folder))
    answer = anyio.run(catalog.describe_model, ModelQuery("line"))
    usable = [
        (each.status == "HOSTED", number)
        for number, each in enumerate(versions, 1)
        if each.has_results
    ]
    found = next(each for each in answer.findings or () if "training_" in each.code)
    assert found.advice
    if usable:
        hosted, number = max(usable)
        expected = (
            f"See the results of version {number} ({'HOSTED when captured, ' if hosted else ''}"
        )
        assert expected in found.advice
        assert expected in answer.summary
    else:
        assert "No other version has results here." in found.advice
    with pytest.raises(LfvError) as caught:
        anyio.run(catalog.analyze_evaluation, ModelQuery("line"))
    with_files = [(hosted, number) for hosted, number in usable if versions[number - 1].has_result]
    assert caught.value.code == "evidence_unavailable"
    step = caught.value.next_step
    assert ("Ask about version" in step) is bool(with_files)
    if with_files:
        assert caught.value.message.startswith(f"Version {len(versions)}: Status {status}")
        assert f"Ask about version {max(with_files)[1]} (" in step


@pytest.mark.parametrize("status", ["TRAINING_FAILED", "HOSTING_FAILED"])
async def test_the_cause_is_in_the_summary_as_a_quotation(tmp_path: Path, status: str) -> None:
    body = described("line", 1, Status=status, StatusMessage=f"{CAUSE} {'x' * 400}")
    write(tmp_path, "1.json", response("ModelDescription", body, NEW))
    async with door(tmp_path) as ask:
        answer = await ask.describe("line")
    shown = CAUSE.replace('"', "'")
    assert f'Reason given: "{shown} xxx' in answer["summary"]
    assert "…[+" in answer["summary"]
    assert "status_message" not in answer["summary"]
    assert answer["status_message"].startswith(CAUSE)


async def test_files_of_a_later_day_lead_to_no_other_version(tmp_path: Path) -> None:
    write(tmp_path, "1.json", response("ModelDescription", described("line", 1, Status="HOSTED")))
    body = described("line", 2, Status="TRAINING", Performance=...)
    write(tmp_path, "2.json", response("ModelDescription", body, OLD))
    write(tmp_path, "result.json", lines([result_of("line", 2)]))
    async with door(tmp_path) as ask:
        assert "See the results" not in (await ask.describe("line"))["summary"]


async def test_a_failed_version_of_the_sample(client: Client) -> None:
    asked = {"project_name": "sample-cap-seal", "model_version": "4"}
    answer = await client.call_tool("describe_model", asked)
    assert answer.structured_content is not None
    assert answer.structured_content["summary"].endswith(
        'Reason given: "Sample: training failed because the images differ in width or height." '
        "See the results of version 3 (HOSTED when captured, evaluation files held); no version "
        "can be started any more."
    )


def test_a_command_about_it_names_the_other_one() -> None:
    assert "Ask about version 3 (" in run("evaluate", "sample-cap-seal", "4").stderr


# What no record tells


@pytest.mark.parametrize("status", ["HOSTED", "SYSTEM_UPDATING", "STOPPING_HOSTING"])
async def test_since_when_it_ran_and_at_what_cost_is_not_known(tmp_path: Path, status: str) -> None:
    write(tmp_path, "1.json", response("ModelDescription", described("line", 1, Status=status)))
    async with door(tmp_path) as ask:
        answer = await ask.describe("line")
    assert "since when and at what cost is in no record." in json.dumps(answer["findings"])


@pytest.mark.parametrize(
    ("captured", "when"),
    [
        ((NEW, NEW), " (2025-10-28)"),
        ((OLD, NEW), " (2025-03-01 to 2025-10-28)"),
        ((None, NEW), ""),
        ((None, None), ""),
    ],
)
async def test_not_hosted_is_said_of_the_day_of_the_record(
    tmp_path: Path, captured: tuple[Any, Any], when: str
) -> None:
    statuses = ("TRAINED", "SYSTEM_UPDATING")
    for number, (status, at) in enumerate(zip(statuses, captured, strict=True), 1):
        body = described("line", number, Status=status)
        write(tmp_path, f"{number}.json", response("ModelDescription", body, at))
    async with door(tmp_path) as ask:
        await ask.list()
        for tool in ("describe_model", "analyze_evaluation"):
            error = await ask.refused(tool, project_name="line", model_version="hosted")
            assert error["message"] == (
                f"No version of line was HOSTED when captured{when}: 1 TRAINED, 2 SYSTEM_UPDATING. "
                "Whether one ran earlier is in no record."
            )
            assert "Version 2 (SYSTEM_UPDATING) may be the one: hosted" in error["next_step"]


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    def answer(_: Request) -> Reply:
        return ok({"Models": [listed(described("line", 1, Status="TRAINED"))]})

    with Endpoint() as running:
        use(running, monkeypatch)
        running.answer = answer
        yield live()


async def test_a_live_service_says_what_is(catalog: Catalog) -> None:
    async with Client(build_server(catalog)) as client:
        asked = {"project_name": "line", "model_version": "hosted"}
        answer = await client.call_tool("describe_model", asked)
    assert answer.is_error
    assert "No version of line is HOSTED: 1 TRAINED. [model_not_found]" in str(answer.content)

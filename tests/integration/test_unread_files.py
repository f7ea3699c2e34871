"""Files that could not be read: no answer ever claims that what may be in them is not there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final

import anyio
import anyio.to_thread
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import MCPError
from mcp.types import CallToolResult

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.s3_prefix import S3Prefix
from lfv_mcp.archive.scan import LAST_RETRY
from lfv_mcp.archive.store import Directory, FileEntry
from lfv_mcp.server.size_limits import MAX_CONTENT_BYTES, json_size
from tests.support.api_endpoint import Reply
from tests.support.archives import archive_door, saved
from tests.support.clients import Door, codes, door, everything, run, table, text
from tests.support.clock import Clock
from tests.support.faulty_s3 import (
    DENIED,
    LASTING_FAULTS,
    PASSING_FAULTS,
    SLOW_DOWN,
    FaultyS3,
    served,
)
from tests.support.saved_records import described, lines, manifest_of, response, result_of, write

pytestmark = pytest.mark.anyio

TIMES: Final = "\u00d7"
ABSENCE: Final = re.compile(r"There is no project|has no version|No model is held|No models? of ")
"""How absence is claimed where every file could be read."""


def answer(project: str, version: int, **members: Any) -> bytes:
    return lines([response("ModelDescription", described(project, version, **members))])


OBJECTS: Final[Mapping[str, bytes]] = {
    **{f"x/cap-seal/{v}/d.json": answer("cap-seal", v) for v in (1, 2, 3)},
    **{f"x/circuit/{v}/d.json": answer("circuit", v) for v in (1, 2)},
    "x/cap-seal/2/result.json": lines([result_of("cap-seal", 2)]),
    "x/cap-seal/2/manifest.json": manifest_of("cap-seal", 2, images=40),
}


def unread(answered: dict[str, Any]) -> dict[str, Any]:
    """The finding that says it."""
    (found,) = [each for each in answered["findings"] if each["code"] == "files_unread"]
    result: dict[str, Any] = found
    return result


def assert_said(result: CallToolResult, reason: str, first: str) -> None:
    """Text and structure each say how many, why and which first; neither claims absence."""
    assert not result.is_error, text(result)
    structure: dict[str, Any] = result.structured_content
    found = unread(structure)
    assert found["severity"] == "warning"
    assert found["advice"]
    for half in (text(result), found["message"]):
        assert re.search(rf"\d of 7 files could not be read \(\d {TIMES} {reason}\)", half), half
        assert f"first {first}, since " in half
    assert not ABSENCE.search(text(result))
    assert not ABSENCE.search(structure["summary"])


@pytest.mark.parametrize("fault", LASTING_FAULTS)
async def test_every_answer_says_what_could_not_be_read(fault: str) -> None:
    reply, reason = LASTING_FAULTS[fault]
    with served(OBJECTS) as s3:
        s3.fault = lambda key: reply if "circuit" in key or "cap-seal/3" in key else None
        async with door("s3://b-1/x/") as ask:
            call = ask.client.call_tool
            questions: list[tuple[str, dict[str, Any]]] = [
                ("describe_model", {"project_name": "cap-seal", "model_version": "1"}),
                ("describe_model", {"project_name": "cap-seal"}),
                ("list_models", {}),
                ("list_models", {"status": "HOSTED"}),
                ("analyze_evaluation", {"project_name": "cap-seal", "model_version": "2"}),
                ("compare_models", {"project_name": "cap-seal", "model_versions": ["1", "2"]}),
            ]
            for tool, arguments in questions:
                assert_said(await call(tool, arguments), reason, "cap-seal/3/d.json")
            # The version before the unread one is not called the latest without a word.
            latest = await ask.describe("cap-seal")
            assert latest["model_version"] == "2"
            assert "highest of those that could be read" in unread(latest)["message"]
            for project, version in (("circuit", "latest"), ("circuit", "1"), ("cap-seal", "3")):
                asked = {"project_name": project, "model_version": version}
                error = await ask.refused("describe_model", **asked)
                assert error["code"] in ("project_not_found", "model_not_found")
                assert "no readable record" in error["message"]
                assert f"3 of 7 files could not be read (3 {TIMES} {reason})" in error["message"]
                assert not ABSENCE.search(error["message"])
            listed = await ask.client.read_resource("lookoutvision://models")
            assert "files_unread" in listed.model_dump_json()
            card = "lookoutvision://projects/cap-seal/models/2/card"
            assert "could not be read" in (await ask.client.read_resource(card)).model_dump_json()
            with pytest.raises(MCPError, match="no readable record"):
                await ask.client.read_resource("lookoutvision://projects/circuit/models/1")
            prompt = await ask.client.get_prompt(
                "explain_performance_metrics", {"project_name": "circuit"}
            )
            assert "no readable record" in prompt.model_dump_json()
        doctor = await anyio.to_thread.run_sync(lambda: run("doctor", "--source", "s3://b-1/x/"))
        assert doctor.exit_code == 1
        assert f"FIX  files: 3 of 7 files could not be read (3 {TIMES} {reason})" in doctor.output
        check = run("archive", "check", "s3://b-1/x/")
        assert check.exit_code == 1
        assert check.output.count("failed   '") == 3


@pytest.mark.slow
@pytest.mark.usefixtures("without_retry_pauses")
@pytest.mark.parametrize("fault", PASSING_FAULTS)
async def test_a_passing_failure_is_no_empty_archive(fault: str) -> None:
    """Nothing can be read, for now: that is an error; and seconds later it is over, unasked."""
    reply, _, code = PASSING_FAULTS[fault]
    with served(OBJECTS) as s3:
        s3.fault = lambda _: reply
        async with door("s3://b-1/x/") as ask:
            for tool, project in (("list_models", ""), ("describe_model", "circuit")):
                error = await ask.refused(tool, project_name=project)
                assert error["code"] == code
                assert not ABSENCE.search(error["message"])
            s3.fault = lambda _: None
            with anyio.fail_after(LAST_RETRY):
                while (await ask.client.call_tool("list_models", {})).is_error:
                    await anyio.sleep(0.1)
            listed = await ask.list()
            assert len(listed["models"]) == 5
            assert "findings" not in listed
            assert s3.lists == 1


@pytest.mark.slow
@pytest.mark.usefixtures("without_retry_pauses")
async def test_what_failed_in_passing_is_tried_again_and_nothing_else() -> None:
    with served(OBJECTS) as s3:
        s3.fault = lambda key: SLOW_DOWN if "circuit" in key else None
        async with door("s3://b-1/x/") as ask:
            assert_said(
                await ask.client.call_tool("list_models", {}),
                "S3 asked to slow down",
                "circuit/1/d.json",
            )
            s3.fault = lambda _: None
            with anyio.fail_after(LAST_RETRY):
                while "files_unread" in codes(await ask.list()):
                    await anyio.sleep(0.1)
            assert len((await ask.list())["models"]) == 5
    for key in OBJECTS:
        assert s3.gets.count(key) == 1 or "circuit" in key


@pytest.mark.slow
async def test_a_command_waits_for_the_first_retries() -> None:
    """One answer is all that a command gives: a blip of S3 must not be in it."""
    with served(OBJECTS) as s3:
        left = {"x/circuit/1/d.json": 3, "x/circuit/2/d.json": 3}

        def blip(key: str) -> Reply | None:
            left[key] = left.get(key, 0) - 1
            return s3_500 if left[key] >= 0 else None

        s3_500 = PASSING_FAULTS["500"][0]
        s3.fault = blip
        async with door("s3://b-1/x/", waits_for_index=True) as ask:
            assert "findings" not in await ask.list()


@pytest.mark.slow
@pytest.mark.usefixtures("without_retry_pauses")
async def test_a_held_index_answers_while_listing_fails() -> None:
    """With its time; and when S3 lists again the answer is new."""
    clock = Clock()
    with served(OBJECTS) as s3:
        async with door("s3://b-1/x/", clock=clock.read) as ask:
            before = await ask.list()
            described = await ask.describe("cap-seal", "1")
            for fault in (SLOW_DOWN, DENIED, PASSING_FAULTS["500"][0]):
                s3.list_fault = fault
                clock.go_on(S3Prefix.rescan_after + 1)
                with anyio.fail_after(10):
                    while "index_stale" not in codes(stale := await ask.list()):
                        await anyio.sleep(0.05)
                assert stale["models"] == before["models"]
                (finding,) = [f for f in stale["findings"] if f["code"] == "index_stale"]
                assert re.search(r"last looked at \d\d:\d\d UTC", finding["message"])
                again = await ask.describe("cap-seal", "1")
                assert again["model_description"] == described["model_description"]
                assert "index_stale" in codes(again)
            s3.list_fault = None
            s3.objects["x/new/1.json"] = answer("new", 1)
            clock.go_on(S3Prefix.rescan_after + 1)
            with anyio.fail_after(10):
                while "index_stale" in codes(fresh := await ask.list()):
                    await anyio.sleep(0.05)
            assert len(fresh["models"]) == 6
    for key in OBJECTS:  # the two more are of describe_model
        assert s3.gets.count(key) <= 2


@pytest.mark.slow
async def test_indexing_goes_on_and_says_how_far_it_is() -> None:
    """Questions that run out of time do not begin it anew, and hear when to ask again."""
    many = {f"x/p{n:03}/1.json": answer(f"p{n:03}", 1) for n in range(400)}
    seen: list[tuple[float, float | None, str | None]] = []

    async def watch(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total, message))

    with served(many) as s3:
        s3.pause = 0.2
        async with door("s3://b-1/x/", limit=2.5) as ask:
            errors = 0
            while (
                result := await ask.client.call_tool(
                    "list_models", {"max_results": 100}, progress_callback=watch
                )
            ).is_error:
                errors += 1
                assert errors < 20
                assert "deadline_exceeded" in text(result)
                assert re.search(r"[\d,]+ of 400 objects read, about \d+ s more", text(result))
                assert re.search(r"does not start over: ask again in about \d+ s", text(result))
            assert errors >= 1
            assert len(result.structured_content["models"]) > 50  # as many as an answer may be long
        assert sorted(s3.gets) == sorted(many)
        assert s3.lists == 1
        assert len(s3.connections) <= S3Prefix.parallel
    indexing = [each for each in seen if each[1] == 400]
    assert indexing
    assert all("of 400 objects read" in str(message) for _, _, message in indexing)


@pytest.mark.slow
async def test_a_command_waits_while_the_indexing_advances() -> None:
    """Longer than its time limit; but not for an S3 that gives nothing more."""
    many = {f"x/p{n:03}/1.json": answer(f"p{n:03}", 1) for n in range(200)}
    with served(many) as s3:
        s3.pause = 0.15
        async with door("s3://b-1/x/", limit=0.8, waits_for_index=True) as ask:
            assert (await ask.list(max_results=1))["next_token"]
        s3.fault = lambda _: Reply(pause=30)
        async with door("s3://b-1/x/", limit=0.8, waits_for_index=True) as ask:
            error = await ask.refused("list_models")
            assert error["code"] in ("deadline_exceeded", "endpoint_timeout")


@pytest.mark.slow
async def test_the_finding_is_in_the_longest_answers(tmp_path: Path) -> None:
    for number in range(120):
        body = described(f"p{number:03}", 1, Description="ü" * 500)
        write(tmp_path, f"{number}.json", response("ModelDescription", body))
    write(tmp_path, "cut.json", answer("gone", 1)[:200])
    async with door(tmp_path) as ask:
        token, pages = "", 0
        while pages == 0 or token:
            result = await ask.client.call_tool(
                "list_models", {"max_results": 100, "next_token": token}
            )
            structure: dict[str, Any] = result.structured_content
            assert json_size(structure) + json_size(text(result)) <= MAX_CONTENT_BYTES
            assert "first cut.json" in unread(structure)["message"]
            assert "warning files_unread: 1 of 121 files" in text(result)
            token, pages = structure.get("next_token", ""), pages + 1
        assert pages > 1
        (content,) = (await ask.client.read_resource("lookoutvision://models")).contents
        assert "files_unread" in content.model_dump_json()


async def test_a_file_that_takes_all_the_memory_is_one_file(tmp_path: Path) -> None:
    class Full(Directory):
        def open(self, name: str, *, start: int = 0, limit: int | None = None) -> Any:
            if name == "huge.json":
                raise MemoryError
            return super().open(name, start=start, limit=limit)

    write(tmp_path, "a.json", saved())
    write(tmp_path, "huge.json", saved(version=4))
    async with archive_door(Full(tmp_path)) as ask:
        described = await ask.describe("cap-seal")
        assert described["model_version"] == "3"
        assert f"1 {TIMES} more than the memory holds" in unread(described)["message"]


def test_problems_are_counted_and_not_kept(tmp_path: Path) -> None:
    for number in range(300):
        write(tmp_path, f"{number:03}.txt", b"call Bob")
        write(tmp_path, f"{number:03}.json", answer("gone", 1)[: 200 + number])
    write(tmp_path, "good.json", saved())
    output = run("archive", "check", tmp_path).output
    assert len(output.splitlines()) < 30
    assert "foreign  and 295 more: not JSON" in output
    assert table(output) | {"corrupt": 300, "foreign": 300, "models": 1} == table(output)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_hundred_thousand_foreign_files_take_little_memory() -> None:
    """Measured by tracemalloc, which counts what Python's objects take."""
    import tracemalloc

    class Many:
        location, parallel, rescan_after = "many", 1, -1.0

        def entries(self) -> Any:
            return (FileEntry(f"a/folder/file-{n:06}.txt", 8, hash((1, n))) for n in range(200_000))

        def open(self, name: str, *, start: int = 0, limit: int | None = None) -> IO[bytes]:
            assert (name[:2], start, limit) == ("a/", 0, None)
            return BytesIO(b"call Bob")

    archive = Archive(Many())
    tracemalloc.start()
    try:
        assert len(archive.index().problems) == 200_000
        archive.index()
        assert tracemalloc.get_traced_memory()[1] < 150 << 20
    finally:
        tracemalloc.stop()


# Whatever cannot be read, and whatever is asked


PROJECTS: Final = ("cap-seal", "circuit")
FAULTS: Final[tuple[Reply, ...]] = (
    *(reply for reply, _ in LASTING_FAULTS.values()),
    *(reply for reply, _, _ in PASSING_FAULTS.values()),
)


_BROKEN: Final = given(
    broken=st.dictionaries(st.sampled_from(sorted(OBJECTS)), st.sampled_from(FAULTS), min_size=1),
    cut=st.booleans(),
)
_UNHURRIED: Final = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.slow
@pytest.mark.usefixtures("without_retry_pauses")
@settings(_UNHURRIED, max_examples=6)
@_BROKEN
def test_no_answer_claims_absence_while_a_file_is_unread(
    broken: dict[str, Reply], cut: bool
) -> None:
    anyio.run(_ask_everything, broken, cut)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("without_retry_pauses")
@settings(_UNHURRIED, max_examples=100)
@_BROKEN
def test_no_answer_of_many_claims_absence(broken: dict[str, Reply], cut: bool) -> None:
    anyio.run(_ask_everything, broken, cut)


async def _ask_everything(broken: dict[str, Reply], cut: bool) -> None:
    objects = dict(OBJECTS)
    if cut:
        objects["x/circuit/1/d.json"] = objects["x/circuit/1/d.json"][:-40]
    with served(objects) as s3:
        s3.fault = broken.get
        async with door("s3://b-1/x/") as ask:
            await _assert_nothing_is_called_absent(ask, s3)


async def _assert_nothing_is_called_absent(ask: Door, s3: FaultyS3) -> None:
    asked = [("list_models", {"project_name": p}) for p in ("", *PROJECTS)]
    asked += [
        ("describe_model", {"project_name": p, "model_version": v})
        for p in PROJECTS
        for v in ("latest", "1", "3")
    ]
    asked.append(("analyze_evaluation", {"project_name": "cap-seal", "model_version": "2"}))
    for tool, arguments in asked:
        result = await ask.client.call_tool(tool, arguments)
        said = text(result) + everything(result.structured_content)
        assert not ABSENCE.search(said), said
        if result.is_error and re.search("not_found|evidence_unavailable", said):
            assert "could not be read (" in said, said
        if not result.is_error:
            assert "files_unread" in codes(json.loads(json.dumps(result.structured_content)))
    assert s3.lists >= 1

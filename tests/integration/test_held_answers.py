"""What was answered once is answered again while S3 fails, and never from a record that is old.

Objects come, change and go while their bodies can or cannot be had. An oracle of its own says what
each answer has to be: what the object was when a look at the files could last read it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lfv_mcp.archive.s3_prefix import S3Prefix
from tests.support.api_endpoint import Reply
from tests.support.clients import Door, codes, door
from tests.support.clock import Clock
from tests.support.faulty_s3 import LASTING_FAULTS, PASSING_FAULTS, FaultyS3, served
from tests.support.saved_records import described, lines, manifest_of, response, result_of
from tests.support.tiers import slow_but

pytestmark = pytest.mark.anyio

FAULTS: Final[Mapping[str, Reply]] = {
    **{name: fault[0] for name, fault in LASTING_FAULTS.items()},
    **{name: fault[0] for name, fault in PASSING_FAULTS.items()},
}
WORDS: Final = "Description"


def answer(version: int, words: str) -> bytes:
    record = described("cap-seal", version, **{WORDS: words})
    return lines([response("ModelDescription", record)])


def key_of(version: int) -> str:
    return f"x/cap-seal/{version}/d.json"


def evaluated() -> dict[str, bytes]:
    """Two versions, each with its evaluation files."""
    objects: dict[str, bytes] = {}
    for version in (1, 2):
        objects[key_of(version)] = answer(version, "first")
        objects[f"x/cap-seal/{version}/result.json"] = lines([result_of("cap-seal", version)])
        manifest = manifest_of("cap-seal", version, images=40)
        objects[f"x/cap-seal/{version}/manifest.json"] = manifest
    return objects


def words_of(answered: dict[str, Any]) -> Any:
    return answered["model_description"][WORDS]


async def look_again(ask: Door, clock: Clock) -> None:
    """Let the next question look at the files, and wait until that look is over."""
    clock.go_on(S3Prefix.rescan_after + 1)
    with anyio.fail_after(30):
        while "index_stale" in codes(await ask.list()):
            await anyio.sleep(0.02)


CHANGES: Final[Mapping[str, Mapping[str, bytes]]] = {
    "a changed description of another version": {key_of(2): answer(2, "second")},
    "a new version": {key_of(3): answer(3, "first")},
    "a new file of another kind": {"x/notes.json": b'{"a": 1}'},
    "a new manifest of another version": {
        "x/cap-seal/2/manifest.json": manifest_of("cap-seal", 2, images=44)
    },
}


@pytest.mark.usefixtures("without_retry_pauses")
@pytest.mark.parametrize("fault", slow_but(("AccessDenied", "SlowDown"), FAULTS))
@pytest.mark.parametrize("change", CHANGES)
async def test_another_object_that_changes_takes_no_answer_away(change: str, fault: str) -> None:
    clock = Clock()
    with served(evaluated()) as s3:
        async with door("s3://b-1/x/", clock=clock.read) as ask:
            before = await ask.describe("cap-seal", "1")
            s3.fault = lambda _: FAULTS[fault]
            s3.objects |= CHANGES[change]
            await look_again(ask, clock)
            asked = len(s3.gets)
            again = await ask.describe("cap-seal", "1")
            assert "files_unread" in codes(again)
            assert again["model_description"] == before["model_description"]
            assert not [key for key in s3.gets[asked:] if "/1/" in key]


@pytest.mark.usefixtures("without_retry_pauses")
async def test_evaluation_files_are_kept_beside_an_object_that_changes() -> None:
    with served(evaluated()) as s3:
        async with door("s3://b-1/x/", clock=Clock().read) as ask:
            report = await ask.analyze("cap-seal", "1")
            s3.objects[key_of(2)] = answer(2, "second")
            # The question about it finds that out, which makes another index and takes no time.
            assert words_of(await ask.describe("cap-seal", "2")) == "second"
            s3.fault = lambda _: FAULTS["SlowDown"]
            asked = len(s3.gets)
            assert await ask.analyze("cap-seal", "1") == report
            assert s3.gets[asked:] == []


@pytest.mark.usefixtures("without_retry_pauses")
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_changed_record_is_answered_as_soon_as_it_can_be_read(fault: str) -> None:
    clock = Clock()
    with served(evaluated()) as s3:
        async with door("s3://b-1/x/", clock=clock.read) as ask:
            for version in ("1", "latest"):
                assert words_of(await ask.describe("cap-seal", version)) == "first"
            s3.fault = lambda _: FAULTS[fault]
            s3.objects |= {key_of(1): answer(1, "second"), key_of(2): answer(2, "second")}
            await look_again(ask, clock)
            for version in ("1", "latest"):
                held = await ask.describe("cap-seal", version)
                assert words_of(held) == "first"
                assert "files_unread" in codes(held)
            s3.fault = lambda _: None
            await look_again(ask, clock)
            for version in ("1", "latest"):
                read = await ask.describe("cap-seal", version)
                assert words_of(read) == "second"
                assert "findings" not in read or "files_unread" not in codes(read)
            # Put back as it was: also an answer that was kept once may be given again.
            s3.objects |= {key_of(1): answer(1, "first"), key_of(2): answer(2, "first")}
            await look_again(ask, clock)
            for version in ("1", "latest"):
                assert words_of(await ask.describe("cap-seal", version)) == "first"


class Oracle:
    """What each version says by what could last be read of it, kept by other means."""

    def __init__(self, s3: FaultyS3) -> None:
        self.s3 = s3
        self.known: dict[int, str] = {}
        self.asked: dict[int, str] = {}
        self.words: dict[int, str] = {}

    def put(self, version: int, words: str | None) -> None:
        if words is None:
            self.words.pop(version, None)
            self.s3.objects.pop(key_of(version), None)
        else:
            self.words[version] = words
            self.s3.objects[key_of(version)] = answer(version, words)

    def look(self, fails: bool) -> None:
        self.known = {v: w for v, w in self.known.items() if v in self.words}
        if not fails:
            self.known = dict(self.words)


STEPS: Final = st.lists(
    st.tuples(
        st.dictionaries(st.integers(1, 4), st.sampled_from(["a", "b", None]), max_size=3),
        st.sampled_from(["", "", "SlowDown", "AccessDenied", "500"]),
    ),
    min_size=2,
    max_size=6,
)


@pytest.mark.slow
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
@pytest.mark.usefixtures("without_retry_pauses")
async def test_whatever_changes_and_fails_an_answer_is_the_last_that_could_be_read(
    steps: list[tuple[dict[int, str | None], str]],
) -> None:
    clock = Clock()
    other = lines([response("ModelDescription", described("other", 1))])
    with served({"x/other/1.json": other}) as s3:
        oracle = Oracle(s3)
        oracle.put(1, "a")
        oracle.put(2, "a")
        oracle.look(fails=False)
        async with door("s3://b-1/x/", clock=clock.read) as ask:
            for changes, fault in steps:
                for version, words in oracle.known.items():
                    if oracle.words.get(version) == words and not s3.fault(key_of(version)):
                        assert words_of(await ask.describe("cap-seal", str(version))) == words
                        oracle.asked[version] = words
                reply = FAULTS[fault] if fault else None
                s3.fault = lambda _, reply=reply: reply  # type: ignore[misc]
                for changed, put in changes.items():
                    oracle.put(changed, put)
                await look_again(ask, clock)
                oracle.look(fails=bool(fault))
                for version, words in oracle.known.items():
                    if not fault or oracle.asked.get(version) == words:
                        held = await ask.describe("cap-seal", str(version))
                        assert words_of(held) == words
                        oracle.asked[version] = words
                        is_old = oracle.words[version] != words
                        assert not is_old or "files_unread" in codes(held)


@pytest.mark.usefixtures("without_retry_pauses")
async def test_what_a_test_could_not_read_is_not_read_after_it(
    end_retries: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would count among the requests of a test that comes later."""
    monkeypatch.setattr("lfv_mcp.archive.scan.FIRST_RETRY", 0.01)
    with served(evaluated()) as s3:
        async with door("s3://b-1/x/", clock=Clock().read) as ask:
            s3.fault = lambda key: FAULTS["SlowDown"] if key == key_of(1) else None
            assert "files_unread" in codes(await ask.list())
        end_retries()
        with anyio.fail_after(30):
            while any(thread.name.startswith("archive-") for thread in threading.enumerate()):
                await anyio.sleep(0.01)

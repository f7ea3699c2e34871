"""Progress on stderr: one rewritten line at a terminal, one plain line elsewhere."""

from __future__ import annotations

import io
import sys
from functools import partial

import anyio
import pytest

from lfv_mcp.cli.progress import with_progress

pytestmark = pytest.mark.anyio
WORDS = "4,200 of 30,001 objects read, about 40 s more"


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


async def shown_on(
    stderr: io.StringIO, monkeypatch: pytest.MonkeyPatch, words: str, seconds: float
) -> str:
    monkeypatch.setattr(sys, "stderr", stderr)
    work = partial(anyio.sleep, seconds)
    await with_progress(work, lambda: words, tick=0.01, patience=0.05)
    return stderr.getvalue()


async def test_at_a_terminal_one_line_is_rewritten_and_erased(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = await shown_on(Terminal(), monkeypatch, WORDS, 0.2)
    assert shown.count(f"\r\x1b[K{WORDS}") >= 2
    assert shown.endswith("\r\x1b[K")
    assert "\n" not in shown


async def test_a_narrow_terminal_gets_no_second_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    shown = await shown_on(Terminal(), monkeypatch, WORDS, 0.2)
    assert f"\r\x1b[K{WORDS[:29]}\r" in shown


async def test_elsewhere_one_plain_line_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await shown_on(io.StringIO(), monkeypatch, WORDS, 0.02) == ""
    assert await shown_on(io.StringIO(), monkeypatch, WORDS, 0.4) == f"{WORDS}\n"


@pytest.mark.parametrize("stderr", [Terminal(), io.StringIO()], ids=["terminal", "file"])
async def test_nothing_to_say_is_not_said(
    monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO
) -> None:
    assert await shown_on(stderr, monkeypatch, "", 0.2) == ""


async def test_a_failure_comes_out_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())

    async def fail() -> None:
        await anyio.sleep(0.03)
        raise KeyError("the work's own")

    with pytest.raises(KeyError, match="the work's own"):
        await with_progress(fail, lambda: WORDS, tick=0.01)


async def test_a_stderr_that_breaks_does_not_break_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Broken(Terminal):
        def write(self, _: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    done: list[bool] = []

    async def work() -> None:
        await anyio.sleep(0.05)
        done.append(True)

    monkeypatch.setattr(sys, "stderr", Broken())
    await with_progress(work, lambda: WORDS, tick=0.01)
    assert done == [True]

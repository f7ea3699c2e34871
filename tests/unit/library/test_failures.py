"""What a failure shows: the caller's line, the message, the next step, and nothing behind them."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from lfv_mcp import Lfv, LfvError, Predictions, connect

CAPS: Final = "sample-cap-seal"
BEAD: Final = "sample-weld-bead"
FAILING: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "no project": ("project_not_found", lambda lfv: lfv.describe("nothing")),
    "no version": ("model_not_found", lambda lfv: lfv.evaluate(CAPS, 99)),
    "no evidence": ("evidence_unavailable", lambda lfv: lfv.evaluate(CAPS)),
    "no images": ("evidence_unavailable", lambda lfv: lfv.images(CAPS, 4)),
    "a wrong value": ("invalid_argument", lambda lfv: lfv.describe("a b")),
    "a wrong page": ("project_not_found", lambda lfv: lfv.models("nothing")),
    "nothing to count": ("project_not_found", lambda lfv: lfv.inventory("nothing")),
    "no place": ("source_unusable", lambda lfv: lfv.compare(BEAD, [3], predictions={"p": "no"})),
    "a wrong place": (
        "invalid_argument",
        lambda lfv: lfv.compare(BEAD, [3], predictions={"p": Predictions(5)}),  # type: ignore[arg-type]
    ),
}


@pytest.fixture(scope="module")
def sample() -> Iterator[Lfv]:
    with connect("sample", timeout=60) as lfv:
        yield lfv


@pytest.mark.parametrize("name", FAILING)
def test_a_failure_shows_no_inside(sample: Lfv, name: str) -> None:
    code, question = FAILING[name]
    with pytest.raises(LfvError) as caught:
        question(sample)
    error = caught.value
    assert error.code == code
    shown = "".join(traceback.format_exception(error))
    assert "botocore" not in shown
    assert "another exception" not in shown
    assert "direct cause" not in shown
    # This test, the lambda, the method, and the raising line.
    assert len(traceback.extract_tb(error.__traceback__)) <= 4


def test_what_is_behind_a_failure_is_in_the_log(
    sample: Lfv, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "lfv_mcp.library"), pytest.raises(LfvError):
        sample.describe("nothing")
    (record,) = [each for each in caplog.records if each.name.startswith("lfv_mcp.library")]
    assert record.exc_info
    assert "ResourceNotFoundException" in caplog.text


def test_an_uncaught_failure_fits_on_a_screen(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from lfv_mcp import connect\nwith connect('sample') as lfv:\n    lfv.describe('nothing')\n"
    )
    run = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=60)
    lines = run.stderr.splitlines()
    assert run.returncode == 1
    assert len(lines) <= 15, run.stderr
    assert lines[-1].startswith("Next: ")


@pytest.mark.parametrize(("method", "version"), [("evaluate", "latest"), ("images", "Latest")])
def test_a_refused_latest_version_says_which_to_ask_for(
    sample: Lfv, method: str, version: str
) -> None:
    with pytest.raises(LfvError) as caught:
        getattr(sample, method)(CAPS, version)
    call = f'{method}("{CAPS}", 3)'
    assert caught.value.next_step.endswith(f": {call}.")
    assert "Status TRAINING" in caught.value.message
    assert eval(f"sample.{call}", {"sample": sample})
    with pytest.raises(LfvError) as caught:
        getattr(sample, method)(CAPS, 4)  # a version that was asked for by its number
    assert call not in caught.value.next_step


def test_an_awaited_refusal_says_it_likewise() -> None:
    async def ask() -> None:
        async with connect("sample") as lfv:
            await lfv.evaluate(CAPS)

    with pytest.raises(LfvError) as caught:
        asyncio.run(ask())
    assert caught.value.next_step.endswith(f': evaluate("{CAPS}", 3).')
    assert caught.value.__cause__ is None

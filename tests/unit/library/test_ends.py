"""How a connection ends that nobody closes: with its program, as garbage, and not in a fork."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from typing import Final

import pytest

from lfv_mcp import Lfv, LfvError, connect
from lfv_mcp.library.loops import THREAD_NAME

OPENED: Final = """
import atexit, asyncio, os, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from lfv_mcp import LfvError, connect

def ask():
    print(len(lfv.models().models))

lfv = connect("sample", timeout=60).open()
"""
LEFT_OPEN: Final[dict[str, tuple[str, int, str]]] = {
    "asked": ("ask()", 0, "20"),
    "never asked": ("", 0, ""),
    "never kept": ("print(len(connect('sample').open().models().models))", 0, "20"),
    "a with block around the program's exit": ("with lfv: ask(); sys.exit(3)", 3, "20"),
    "an error": ("ask(); 1 / 0", 1, "20"),
    "sys.exit": ("ask(); sys.exit(3)", 3, "20"),
    "several": ("ask(); others = [connect('sample').open() for _ in range(3)]; ask()", 0, "20\n20"),
    "another thread opened it": (
        "threading.Thread(target=lambda: globals().update(lfv=connect('sample').open())).start()\n"
        "time.sleep(1); ask()",
        0,
        "20",
    ),
    "a thread asks on": (
        "threading.Thread(target=lambda: (time.sleep(1), ask(), ask())).start()",
        0,
        "20\n20",
    ),
    "a pool asks on": (
        "pool = ThreadPoolExecutor(2); pool.submit(time.sleep, 1); pool.submit(ask)",
        0,
        "20",
    ),
    "a daemon is asking": (
        "def on():\n    while True: lfv.models()\n"
        "threading.Thread(target=on, daemon=True).start(); ask()",
        0,
        "20",
    ),
    "a daemon is asking while the program takes its time to end": (
        "def on():\n    while True: lfv.models()\n"
        "daemon = threading.Thread(target=on, daemon=True); daemon.start(); ask()\n"
        "atexit.register(daemon.join)",
        0,
        "20",
    ),
    "asked and closed at exit": (
        "def late():\n"
        "    try: ask()\n"
        "    except LfvError as error: print(error.code)\n"
        "    lfv.close()\n"
        "atexit.register(late); ask()",
        0,
        "20\nconnection_closed",
    ),
    "awaited": (
        "async def main():\n"
        "    lfv = await connect('sample').__aenter__()\n"
        "    print(len((await lfv.models()).models))\n"
        "asyncio.run(main())",
        0,
        "20",
    ),
    "awaited in a loop that stays": (
        "async def main():\n"
        "    lfv = await connect('sample').__aenter__()\n"
        "    print(len((await lfv.models()).models))\n"
        "asyncio.new_event_loop().run_until_complete(main())",
        0,
        "20",
    ),
    "a fork asks": (
        "ask()\n"
        "sys.stdout.flush()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    try: ask()\n"
        "    except LfvError as error: print(error.code)\n"
        "    lfv.close()\n"
        "    lfv = connect('sample').open()\n"
        "    ask()\n"
        "    sys.exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "ask()",
        0,
        "20\nconnection_closed\n20\n20",
    ),
}
"""What is left open, with the exit code of its program and what that prints."""


def run_to_its_end(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
    )


def eventually(found: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not found() and time.monotonic() < end:
        time.sleep(0.02)
    return found()


def loops() -> int:
    return sum(each.name == THREAD_NAME for each in threading.enumerate())


@pytest.mark.slow
@pytest.mark.parametrize("name", LEFT_OPEN)
def test_a_program_ends_with_its_connection_open(name: str) -> None:
    if "fork" in name and not hasattr(os, "fork"):
        pytest.skip("no fork here")
    if name.endswith("asks on") and (3, 12) <= sys.version_info < (3, 12, 2):
        pytest.skip("this Python starts no thread once the main one has ended (gh-113964)")
    does, code, said = LEFT_OPEN[name]
    run = run_to_its_end(OPENED + textwrap.dedent(does))
    assert run.stdout.strip() == said, run.stderr
    assert run.returncode == code, run.stderr
    assert ("Traceback" in run.stderr) == (name == "an error"), run.stderr


def test_an_open_connection_does_not_keep_its_program() -> None:
    run = run_to_its_end(OPENED + "ask()")
    assert (run.returncode, run.stdout, run.stderr) == (0, "20\n", "")


def test_garbage_leaves_no_thread() -> None:
    before = loops()
    lfv = connect("sample").open()
    assert lfv.describe("sample-cap-seal").project_name == "sample-cap-seal"
    assert loops() == before + 1
    in_a_cycle: list[object] = [lfv]
    in_a_cycle.append(in_a_cycle)
    del lfv, in_a_cycle
    gc.collect()
    assert eventually(lambda: loops() == before)


def test_open_gives_what_a_with_block_takes() -> None:
    before = loops()
    with connect("sample").open() as lfv:
        assert isinstance(lfv, Lfv)
        assert lfv.models().models
    assert loops() == before
    with pytest.raises(LfvError) as caught, lfv:
        pass
    assert caught.value.code == "connection_closed"
    with pytest.raises(ZeroDivisionError), connect("sample").open() as lfv:
        len(lfv.models().models) / 0
    assert loops() == before

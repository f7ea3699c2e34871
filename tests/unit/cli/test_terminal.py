"""What people read: wrapped and coloured on a terminal alone."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.cli.terminal import laid_out

_COMMAND = (sys.executable, "-m", "lfv_mcp", "describe", "sample-cap-seal", "3")


@pytest.mark.slow
@given(
    st.lists(st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=30)),
    st.integers(min_value=40, max_value=200),
)
def test_no_word_is_lost_and_no_line_too_long(words: list[str], width: int) -> None:
    shown = laid_out(" ".join(words), width, colour=False)
    assert shown.split() == " ".join(words).split()
    assert all(len(line) <= width for line in shown.split("\n"))


def test_a_line_goes_on_further_in_and_a_row_below_its_column() -> None:
    text = f"- info code: {'word ' * 12}\n  warning  code: {'word ' * 12}\n  {'a' * 45}  score 0.2"
    shown = laid_out(text, 50, colour=False).split("\n")
    assert [line.partition("word")[0] for line in shown] == [
        *("- info code: ", "  "),
        *("  warning  code: ", "           "),
        *(f"  {'a' * 45}", "    score 0.2"),
    ]


def test_a_figure_stays_with_its_unit() -> None:
    for width in range(40, 60):
        shown = laid_out("about 95 % of " * 20, width, colour=False)
        assert not any(line.lstrip().startswith("%") for line in shown.split("\n"))
        assert "\xa0" not in shown


def test_only_severities_are_coloured() -> None:
    text = "- warning hosted: a warning\n- critical x: y\n- info z: a\nwarning - warning"
    shown = laid_out(text, 80, colour=True)
    assert click.unstyle(shown) == text
    assert shown.count("\x1b[0m") == 2


def on_a_terminal(**environment: str) -> str:
    pty = pytest.importorskip("pty")  # no Windows has it
    ours, its = pty.openpty()
    settings = os.environ | {"COLUMNS": "80", "TERM": "xterm"} | environment
    with subprocess.Popen(_COMMAND, stdout=its, stderr=its, stdin=its, env=settings) as process:
        os.close(its)
        said = bytearray()
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux says so where others say nothing
                part = b""
            if not part:
                break
            said += part
    os.close(ours)
    assert process.returncode == 0
    return said.decode().replace("\r\n", "\n")


@pytest.mark.slow
def test_a_terminal_a_terminal_without_colour_and_a_pipe() -> None:
    piped = subprocess.run(_COMMAND, capture_output=True, text=True, check=True).stdout
    assert max(map(len, piped.split("\n"))) > 200
    assert "\x1b" not in piped
    coloured, plain = on_a_terminal(), on_a_terminal(NO_COLOR="1")
    assert "\x1b[" in coloured
    assert click.unstyle(coloured) == plain
    assert "\x1b" not in plain
    assert max(map(len, plain.split("\n"))) <= 80 or "s3://" in plain
    assert plain.split() == piped.split()

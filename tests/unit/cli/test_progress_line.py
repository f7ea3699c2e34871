"""The line that shows how far long work has come."""

from __future__ import annotations

import io

from lfv_mcp.cli.progress_line import ProgressLine
from tests.support.clock import Clock


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_line_at_a_terminal() -> None:
    clock, out = Clock(), Terminal()
    with ProgressLine("s3://bkt/saved", 30_001, out=out, clock=clock.read) as progress:
        for _ in range(4200):
            clock.go_on(40 / 25_801)
            progress.advance()
    shown = [line.rstrip() for line in out.getvalue().split("\r")]
    assert "s3://bkt/saved: 4,160 of 30,001 files, about 40 s more" in shown
    assert len(shown) < 36  # five times a second
    assert shown[-2:] == ["", ""]  # and it is gone at the end


def test_ends_of_the_line() -> None:
    clock = Clock()
    progress = ProgressLine("x", 2, out=Terminal(), clock=clock.read)
    assert progress.text(clock.read()) == "x: 0 of 2 files"
    clock.go_on(600)
    progress.advance()
    assert progress.text(clock.read()) == "x: 1 of 2 files, about 10 minutes more"
    progress.advance()
    assert progress.text(clock.read()) == "x: 2 of 2 files"


def test_while_files_are_listed() -> None:
    clock, out = Clock(), Terminal()
    with ProgressLine("x", None, out=out, clock=clock.read) as progress:
        for _ in range(3):
            clock.go_on(1)
            progress.advance()
    assert "x: 3 files listed" in out.getvalue()


def test_nothing_when_nobody_watches() -> None:
    clock, out = Clock(), io.StringIO()
    with ProgressLine("x", 5, out=out, clock=clock.read) as progress:
        for _ in range(5):
            clock.go_on(1)
            progress.advance()
    assert out.getvalue() == ""


def test_names_obey_no_terminal() -> None:
    line = ProgressLine("\x1b[31mred\x1b[0m\r", 5, out=Terminal()).text(0.0)
    assert line == "red: 0 of 5 files"

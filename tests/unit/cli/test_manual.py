"""The manual page: of every command and option, and nothing in it that roff takes as its own."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator

import click
import pytest

from lfv_mcp.cli.main import main
from tests.support.clients import run

_OURS = re.compile(r"\.(TH|SH|SS|PP|TP|B)\b")


def options(group: click.Group) -> Iterator[str]:
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from options(command)
        else:
            for each in command.params:
                if isinstance(each, click.Option) and not each.hidden:
                    yield from each.opts


def test_every_command_and_option_is_in_it() -> None:
    page = run("man").stdout
    plain = page.replace("\\-", "-")
    for name in main.commands:
        assert re.search(rf"(?m)^\.SS lfv-mcp {name}\b", plain), name
    assert {*options(main)} - {"--help"} <= set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", plain))
    for line in page.splitlines():
        assert _OURS.match(line) or not line.startswith((".", "'")), line
        assert "-" not in re.sub(r"\\-", "", line.partition(" ")[2]) or line.startswith(".TH"), line


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
def test_groff_has_nothing_to_say_against_it() -> None:
    command = ("groff", "-man", "-Tutf8", "-ww", "-P-c", "-P-b", "-P-u")
    done = subprocess.run(
        command, input=run("man").stdout, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "COMMANDS" in done.stdout

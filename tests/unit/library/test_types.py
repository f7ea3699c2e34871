"""The library's types as a program outside sees them, by both checkers at their strictest."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support.paths import REPOSITORY

PROGRAM: Final = '''\
"""What a program may do."""

from pathlib import Path

from lfv_mcp import AsyncLfv, Lfv, LfvError, Predictions, connect


def worst(lfv: Lfv, project: str) -> list[str]:
    report = lfv.evaluate(project, 3, defect_rate=0.01, max_examples=20)
    if report.examples is None:
        return []
    return [each.image for each in report.examples.missed_defects.images]


def may_replace(lfv: Lfv) -> bool:
    place = Predictions(Path("new.csv"), score="score", cut=0.5)
    answer = lfv.compare("caps", ["3"], predictions={"new": place, "old": "old.csv"})
    return answer.models[1].replacement == "accept"


async def recall(lfv: AsyncLfv) -> float | None:
    metrics = (await lfv.evaluate("caps")).metrics
    return metrics.recall.value if metrics and metrics.recall else None


def main() -> None:
    with connect("sample", timeout=30, allowed_buckets=["mine"]) as lfv:
        frame = lfv.models().to_frame()
        print(len(frame), worst(lfv, "sample-cap-seal"), lfv.images("caps").images[0].label)
        try:
            lfv.describe("nothing", "hosted")
        except LfvError as error:
            print(error.code.upper(), error.message.upper(), error.next_step.upper())


async def awaited() -> None:
    async with connect() as lfv:
        print(await recall(lfv))
'''
WRONG: Final = """\
from lfv_mcp import conect
from lfv_mcp import connect

with connect(timeout="soon") as lfv:
    lfv.describe()
    lfv.evaluate("caps", 3, 0.01)
    lfv.describe("caps").project
"""
"""One mistake a line, but for the second, third and fourth."""

PAGES: Final = ("README.md", "docs/python.md")


def checked(tool: str, program: Path) -> tuple[int, set[int], str]:
    """What a checker of a folder exits with, its faulty lines in one program, and what it says."""
    if tool == "mypy":
        config = program.with_name("none.ini")
        config.write_text("[mypy]\n")
        command = ["mypy", "--strict", "--config-file", str(config), "--no-color-output"]
    else:
        settings = {"typeCheckingMode": "strict", "include": ["."]}
        (program.parent / "pyrightconfig.json").write_text(json.dumps(settings))
        command = ["pyright", "--pythonpath", sys.executable]
    run = subprocess.run(
        [sys.executable, "-m", *command, "." if tool == "mypy" else "--project=."],
        cwd=program.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )
    lines = {
        int(line.split(f"{program.name}:")[1].split(":")[0])
        for line in run.stdout.splitlines()
        if f"{program.name}:" in line and "error" in line
    }
    return run.returncode, lines, run.stdout + run.stderr


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("tool", ["mypy", "pyright"])
def test_a_program_is_typed_from_outside(tool: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    code, _, said = checked(tool, program)
    assert code == 0, said
    program.write_text(WRONG)
    code, lines, said = checked(tool, program)
    assert code == 1, said
    assert lines == {1, 4, 5, 6, 7}, said


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("tool", ["mypy", "pyright"])
def test_every_documented_program_is_typed_from_outside(tool: str, tmp_path: Path) -> None:
    blocks = [
        block
        for page in PAGES
        for block in re.findall(
            r"```python\n(.*?)```", (REPOSITORY / page).read_text(encoding="utf-8"), re.DOTALL
        )
    ]
    assert len(blocks) >= 6
    for number, block in enumerate(blocks):
        (tmp_path / f"block_{number}.py").write_text(block, encoding="utf-8")
    code, _, said = checked(tool, tmp_path / "block_0.py")
    assert code == 0, said
    assert "no issues found in" in said or "0 errors" in said

"""docs/python.md: every block runs, and the public names are those of the package."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import lfv_mcp
from tests.support.datasets import as_lines, labelled
from tests.support.paths import REPOSITORY
from tests.support.successors import as_csv, truths, verdicts

PAGE = (REPOSITORY / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_public_names_are_all_there() -> None:
    (line,) = re.findall(r"## Public names\n\n(.*)\n", PAGE)
    assert set(re.findall(r"`(\w+)`", line)) == set(lfv_mcp.__all__)


def test_every_method_is_named() -> None:
    named = set(re.findall(r"^\| `(\w+)\(", PAGE, re.MULTILINE))
    assert named == {name for name in vars(lfv_mcp.Lfv) if not name.startswith("_")}


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs(tmp_path: Path, number: int) -> None:
    tested = truths()
    (tmp_path / "predictions.csv").write_bytes(as_csv(verdicts(tested)))
    shared = [labelled(image, "anomaly" if bad else "normal") for image, bad in tested[:5]]
    (tmp_path / "train.manifest").write_text(as_lines(shared), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", BLOCKS[number]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.strip()

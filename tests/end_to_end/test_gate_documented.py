"""The page about the gate and its workflow: what they show is what runs, with what it prints."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from junitparser import JUnitXml
from statsmodels.stats.proportion import proportion_confint

from lfv_mcp.cli.gate_rules import STOPPING
from lfv_mcp.metrics.margins import nam_sample_size
from scripts.checks import ROOT
from tests.support.clients import run
from tests.support.gate_archives import verdicts, write_manifest

PAGE: Final = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
WORKFLOW: Final[dict[str, Any]] = yaml.safe_load(
    (ROOT / "examples" / "gate.yml").read_text(encoding="utf-8")
)
JOB: Final[dict[str, Any]] = WORKFLOW["jobs"]["gate"]
EXAMPLES: Final = re.findall(r"(?ms)^```sh\nlfv-mcp (.+?)\n```\n\n```text\n(.+?)^```$", PAGE)


@pytest.mark.parametrize(("command", "printed"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_page_shows_what_is_printed(command: str, printed: str) -> None:
    result = run(*shlex.split(command))
    assert result.stdout == printed
    assert result.exit_code == (0 if "PASSED" in printed else 1)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 2


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def images_of_equals() -> str:
    """Images of a class that an equal successor takes, by margin and by how often two differ."""
    shares = (0.01, 0.02, 0.05, 0.1, 0.2)
    rows = [
        [
            f"{100 * margin:.0f} points",
            *(f"{ceil(nam_sample_size(share, 0.0, margin, 1.959964)):,}" for share in shares),
        ]
        for margin in (0.02, 0.05, 0.1)
    ]
    return table(["margin", *(f"differ on {100 * share:.0f} %" for share in shares)], rows)


def defects_of_requirements() -> str:
    """The fewest defects that show a recall by the Wilson interval of statsmodels."""

    def fewest(missed: int, recall: float) -> int:
        images = missed + 1
        while proportion_confint(images - missed, images, method="wilson")[0] < recall:
            images += 1
        return images

    rows = [
        [f"{100 * recall:.0f} %", *(f"{fewest(missed, recall):,}" for missed in (0, 1, 2, 5))]
        for recall in (0.9, 0.95, 0.98)
    ]
    return table(["recall", *(f"{missed} missed" for missed in (0, 1, 2, 5))], rows)


def test_the_tables_of_the_page_are_computed() -> None:
    assert images_of_equals() in PAGE
    assert defects_of_requirements() in PAGE


def test_the_page_names_every_finding_that_fails_the_gate() -> None:
    section = PAGE.partition("\n## What else fails\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\w+)`", section)) - {"sample_data"} == STOPPING


# The workflow


def archive(folder: Path, missed: Sequence[int]) -> None:
    """Version 1 and a successor that misses these defects, where the workflow reads them."""
    project, good = JOB["env"]["PROJECT"], verdicts(400, range(8))
    write_manifest(folder / "archive", project, 1, verdicts(400, range(8)), good)
    write_manifest(folder / "archive", project, 2, verdicts(400, missed), good)


def follow(folder: Path) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run the steps as the runner does, each by bash, until one fails."""
    folders = [str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {
        **os.environ,
        **JOB["env"],
        "CANDIDATE": "2",
        "LFV_MCP": "lfv-mcp",  # which is installed: pip has nothing to fetch
        "PIP_NO_INDEX": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "GITHUB_ACTIONS": "true",
        "PATH": os.pathsep.join(folders),
    }
    done = {}
    for step in JOB["steps"]:
        if "run" in step:
            name = step["name"]
            done[name] = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if done[name].returncode:
                break
    return done


@pytest.mark.slow
def test_the_workflow_deploys_an_equal_successor(tmp_path: Path) -> None:
    archive(tmp_path, range(2, 10))
    done = follow(tmp_path)
    assert list(done) == ["Install", "Can the whole archive be read?", "Gate", "Deploy"]
    assert {step.returncode for step in done.values()} == {0}, done
    assert "PASSED: circuit-board 2\n" in done["Gate"].stdout
    assert "::error" not in done["Gate"].stdout
    assert "may replace" in done["Deploy"].stdout
    (suite,) = JUnitXml.fromfile(str(tmp_path / "gate.xml"))
    assert (suite.tests, suite.failures, suite.errors) == (4, 0, 0)


@pytest.mark.slow
def test_the_workflow_stops_a_worse_successor(tmp_path: Path) -> None:
    archive(tmp_path, range(40))
    done = follow(tmp_path)
    assert list(done)[-1] == "Gate"
    assert done["Gate"].returncode == 1
    assert "::error title=lfv-mcp gate%3A replacement::" in done["Gate"].stdout
    (suite,) = JUnitXml.fromfile(str(tmp_path / "gate.xml"))
    assert suite.failures >= 1


def test_no_step_has_an_expression_in_its_script() -> None:
    """What the runner would put into the script could be a command."""
    assert all("${{" not in step.get("run", "") for step in JOB["steps"])

"""The example gate: over stdio as it shows itself, and in memory over archives made for it."""

from __future__ import annotations

import ast
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from mcp import Client

from examples import acceptance_gate
from examples.acceptance_gate import BLOCKING, Decision, decide
from lfv_mcp.archive.sample import SAMPLE
from lfv_mcp.cli.options import Settings
from lfv_mcp.cli.wiring import open_catalog
from lfv_mcp.errors import ERRORS
from lfv_mcp.findings import FINDINGS
from lfv_mcp.results.common import Finding
from lfv_mcp.server.app import build_server
from lfv_mcp.server.protocol import ERROR_META

pytestmark = pytest.mark.slow
PROJECT: Final = "sample-weld-bead"


def archive(into: Path, project: str, *versions: str) -> Path:
    """The sample without the project's other versions."""
    shutil.copytree(SAMPLE, into, dirs_exist_ok=True)
    for path in into.rglob(f"*{project}-*.json"):
        if path.stem.rpartition("-")[2] not in versions:
            path.unlink()
    return into


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("project", "versions", "baseline", "expected"),
    [
        (PROJECT, "123", "1", Decision(PROJECT, "3", "1", "better")),
        # Better, but its record and its evidence do not tell the same.
        (PROJECT, "12", "", Decision(PROJECT, "2", "1", "better", ("description_disagrees",))),
        (PROJECT, "123", "", Decision(PROJECT, "3", "2", "no_difference", ("no_difference",))),
        (
            PROJECT,
            "1234",
            "",
            Decision(PROJECT, "4", "3", "no_difference", ("different_test_sets", "no_difference")),
        ),
        (PROJECT, "3", "", Decision(PROJECT, "3", reasons=("no_baseline",))),
        (PROJECT, "3", "9", Decision(PROJECT, "3", "9", reasons=("model_not_found",))),
        ("nobody", "", "", Decision("nobody", reasons=("project_not_found",))),
    ],
    ids=["accept", "disagrees", "undecided", "other-images", "alone", "no-baseline", "nobody"],
)
async def test_it_decides_by_codes(
    tmp_path: Path, era: str, project: str, versions: str, baseline: str, expected: Decision
) -> None:
    source = archive(tmp_path, PROJECT, *versions)
    server = build_server(open_catalog(Settings(str(source))))
    async with Client(server, mode=era) as client:
        assert await decide(client, project, baseline) == expected
    assert expected.accept == (not expected.reasons)


@pytest.mark.anyio
async def test_models_without_evidence_are_passed_over(client: Client) -> None:
    # Versions 5 and 4 of this project are in training and failed.
    decision = await decide(client, "sample-cap-seal")
    assert (decision.candidate, decision.baseline) == ("3", "2")
    assert "not_comparable" in decision.reasons


def test_the_codes_are_those_that_exist() -> None:
    assert set(FINDINGS) >= BLOCKING
    assert acceptance_gate.NO_EVIDENCE in ERRORS
    assert acceptance_gate.ERROR == ERROR_META
    assert {"code", "severity"} <= set(Finding.model_fields)


def test_no_sentence_is_read() -> None:
    tree = ast.parse(Path(acceptance_gate.__file__).read_bytes())
    read = {
        node.slice.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
    }
    assert not read & {"summary", "message", "advice", "best_reason", "content", "text"}


def run(*arguments: str) -> tuple[int, Any, str]:
    """The example as a process of its own, with the server of this environment."""
    server = shlex.join([sys.executable, "-m", "lfv_mcp"])
    done = subprocess.run(
        [sys.executable, acceptance_gate.__file__, *arguments, "--server", server],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout), done.stderr


def test_over_stdio_it_accepts_and_rejects(tmp_path: Path) -> None:
    source = archive(tmp_path, PROJECT, "1", "3")
    code, decision, stderr = run(PROJECT, "--source", str(source))
    assert (code, decision["accept"], decision["verdict"], stderr) == (0, True, "better", "")
    code, decision, stderr = run(PROJECT, "--baseline", "1")
    assert (code, decision["accept"], stderr) == (1, False, "")
    assert decision["candidate"] == "4"


def test_without_a_server_it_rejects() -> None:
    done = subprocess.run(
        [sys.executable, acceptance_gate.__file__, PROJECT, "--server", "/no/such/server"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["reasons"] == ["server_unavailable"]

"""The benchmark runs; its figures mean something only on an idle machine, so none is judged."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

BENCHMARK = REPOSITORY / "benchmarks" / "run.py"
SECTIONS = {
    "start": {"spawn to tools/list"},
    "command": {"lfv-mcp describe sample-cap-seal 3"},
    "calls": {
        "describe_model, HTTP, not cached",
        "  against the bare call, answered as boto3 does",
        "  against a tool that does nothing, ours cached",
    },
    "callers": {"20 identical calls at once, requests", "describe_model, in memory, 10 callers"},
    "manifest": {"analysis of a manifest of 100 lines"},
    "archive": {
        "index of 20 models to reading them",
        "spawn to the first describe_model: 20 models to 10",
    },
    "installed": {"packages beyond mcp and boto3"},
    "context": {"tools/list as a model sees it, to the bare call"},
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_the_size_of_a_manifest_does_not_matter_to_memory() -> None:
    """From 100,000 images on: both sizes have more."""

    def peak(size: int) -> float:
        command = [sys.executable, str(BENCHMARK.with_name("stream.py")), str(size)]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(told.stdout)

    assert peak(120_000_000) <= 1.1 * peak(60_000_000)


@pytest.mark.slow
@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.timeout(120)  # servers are started, several one after another
def test_the_short_form_runs_to_its_end(section: str, tmp_path: Path) -> None:
    kept = tmp_path / "figures.json"
    command = [sys.executable, str(BENCHMARK), "--short", "--only", section, "--json", str(kept)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(kept.read_bytes())
    assert {"python", "cores", "versions"} <= set(figures["machine"])
    assert SECTIONS[section] <= {row["name"] for row in figures["rows"]}


def test_no_section_is_left_out() -> None:
    run = ast.parse(BENCHMARK.read_bytes())
    (sections,) = (
        [ast.literal_eval(key) for key in node.value.keys if key]
        for node in run.body
        if isinstance(node, ast.AnnAssign)
        and ast.unparse(node.target) == "SECTIONS"
        and isinstance(node.value, ast.Dict)
    )
    assert sections == list(SECTIONS)


@pytest.mark.slow
def test_the_benchmark_of_archives_alone_runs_to_its_end() -> None:
    command = [sys.executable, str(BENCHMARK.with_name("archive.py")), "--models", "20"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "20 models, 40 files" in done.stdout
    assert "memory of the index" in done.stdout


@pytest.mark.slow
def test_the_benchmark_of_a_command_alone_runs_to_its_end() -> None:
    command = [sys.executable, str(BENCHMARK.with_name("command.py")), "--runs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("describe sample-cap-seal 3: ")
    assert "ratio" in done.stdout

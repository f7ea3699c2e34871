"""Lines of a manifest inside another document: named with what takes them out, which does."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from lfv_mcp.formats.recognition import recognise
from tests.support.datasets import exported
from tests.support.saved_records import manifest_of

LINES: Final = manifest_of(images=4).decode().splitlines()
WRAPPED: Final[dict[str, Any]] = {
    "objects": {"lines": [json.loads(line) for line in LINES]},
    "texts": {"lines": LINES},
    "one text": {"Payload": "\n".join(LINES)},
}


@pytest.mark.parametrize("name", WRAPPED)
def test_a_wrapped_manifest_is_unread(name: str) -> None:
    records, problems = recognise(json.dumps(WRAPPED[name]).encode())
    assert records == []
    assert [each.is_unread for each in problems] == [True]
    assert "source-ref" in str(problems[0])


@pytest.mark.parametrize("name", WRAPPED)
@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_the_command_takes_the_lines_out(name: str, tmp_path: Path) -> None:
    path = tmp_path / "wrapped.json"
    path.write_text(json.dumps(WRAPPED[name]), encoding="utf-8")
    _, (problem,) = recognise(path.read_bytes())
    found = re.search(r"jq -c '(.*)' FILE > FILE.jsonl", str(problem))
    assert found is not None
    printed = subprocess.run(
        ["jq", "-c", found[1], path], capture_output=True, text=True, check=True
    ).stdout
    assert [json.loads(line) for line in printed.splitlines()] == [*map(json.loads, LINES)]


def test_a_wrapped_dataset_is_no_record() -> None:
    _, problems = recognise(json.dumps({"lines": exported("train", 3)}).encode())
    assert not any(each.is_unread for each in problems)

"""What a shell is offered while a command is typed, as its completion script asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from lfv_mcp.cli.main import main
from tests.support.saved_records import described, write


def offered(*typed: str) -> list[str]:
    *before, incomplete = typed
    completion = BashComplete(main, {}, "lfv-mcp", "_LFV_MCP_COMPLETE")
    return [item.value for item in completion.get_completions(before, incomplete)]


def test_commands_projects_and_versions() -> None:
    assert offered("eva") == ["evaluate"]
    assert offered("describe", "sample-w") == ["sample-weld-bead"]
    assert offered("evaluate", "sample-weld-bead", "") == ["latest", "hosted", "4", "3", "2", "1"]
    assert offered("compare", "sample-weld-bead", "3", "") == ["latest", "hosted", "4", "2", "1"]
    assert "--defect-rate" in offered("evaluate", "sample-weld-bead", "1", "--d")


def test_the_archive_that_the_command_names_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "caps.json", described("caps", 7))
    assert offered("describe", "--source", str(tmp_path), "") == ["caps"]
    monkeypatch.setenv("LFV_SOURCE", str(tmp_path))
    assert offered("list", "c") == ["caps"]
    assert offered("describe", "caps", "7") == ["7"]


@pytest.mark.parametrize("source", ["/no/such/place", "live", "s3://bucket/prefix", "${HOME}/x"])
def test_nothing_is_offered_where_nothing_can_be_asked(source: str) -> None:
    assert offered("describe", "--source", source, "") == []
    assert offered("--source", source, "describe", "") == []

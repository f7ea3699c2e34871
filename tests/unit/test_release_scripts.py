"""The scripts of the workflows: the surface's difference, a commit's subject, a release's tag."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import check_commit_message, check_release, surface
from tests.support.paths import REPOSITORY


def test_the_surface_of_this_revision_is_its_own() -> None:
    tools = surface.load_snapshot("tools")
    assert list(surface.differences("tools", tools, tools)) == []


def test_what_was_removed_added_or_changed_is_named() -> None:
    before = {"a": {"name": "a", "inputSchema": {"x": 1, "y": [1, 2]}}, "gone": {"name": "gone"}}
    after = {"a": {"name": "a", "inputSchema": {"x": 2, "z": True}}, "new": {"name": "new"}}
    assert list(surface.differences("tools", before, after)) == [
        "- **removed** tool `gone`",
        "- added tool `new`",
        "- changed tool `a`, `inputSchema.x`: `1` → `2`",
        "- changed tool `a`, `inputSchema.y`: `[1, 2]` → (none)",
        "- changed tool `a`, `inputSchema.z`: (none) → `true`",
    ]


@pytest.mark.parametrize(
    ("message", "problems"),
    [
        ("Retry a listing after SlowDown\n\nIt passes.\n", 0),
        ("Merge branch 'x'", 0),
        ("x" * 73, 2),
        ("retry a listing.", 2),
        ("Retry\nat once", 1),
        ("# only a comment\n", 1),
    ],
)
def test_a_commit_message(message: str, problems: int) -> None:
    assert len(check_commit_message.problems(message)) == problems


def made(root: Path, version: str, *, dated: bool = True, reserved: bool = True) -> Path:
    """A repository that is ready for the release of a version, or lacks something."""
    for folder in ("lfv_mcp", "packaging", "docs"):
        (root / folder).mkdir(exist_ok=True)
    (root / "lfv_mcp" / "__init__.py").write_text(f'__version__ = "{version}"\n')
    for name in ("packaging/manifest.json", "server.json"):
        (root / name).write_text(json.dumps({"version": version}))
    (root / "CHANGELOG.md").write_text(f"## [{version}]{' - 2026-12-01' if dated else ''}\n")
    (root / "docs" / "releasing.md").write_text(check_release.RESERVED if reserved else "- [ ] no")
    return root


def test_a_tag_that_may_be_published(tmp_path: Path) -> None:
    assert check_release.problems("v1.2.3", made(tmp_path, "1.2.3")) == []


@pytest.mark.parametrize(
    ("tag", "is_dated", "is_reserved", "count"),
    [("1.2.3", True, True, 1), ("v1.2.4", True, True, 4), ("v1.2.3", False, False, 2)],
)
def test_a_tag_that_may_not(
    tmp_path: Path, tag: str, is_dated: bool, is_reserved: bool, count: int
) -> None:
    root = made(tmp_path, "1.2.3", dated=is_dated, reserved=is_reserved)
    assert len(check_release.problems(tag, root)) == count


def test_nothing_is_published_before_the_name_is_reserved() -> None:
    ran = subprocess.run(
        [sys.executable, "scripts/check_release.py", "v0.1.0"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "the name is not reserved" in ran.stdout

"""What is written for people agrees with the code."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import lfv_mcp
from lfv_mcp.server import prompts
from scripts import make_docs
from scripts.check_installs import LARGEST_IMAGE


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (make_docs.CODES, make_docs.codes()),
        (make_docs.README, make_docs.readme()),
        (make_docs.PERFORMANCE, make_docs.performance()),
        (make_docs.ARCHITECTURE, make_docs.architecture()),
        (make_docs.STATISTICS, make_docs.statistics()),
        (make_docs.SCHEMAS, make_docs.schemas()),
    ],
    ids=["codes", "tools", "costs", "architecture", "statistics", "schemas"],
)
def test_what_is_made_from_the_code_is_current(page: Path, text: str) -> None:
    assert page.read_text(encoding="utf-8") == text, "run `python scripts/make_docs.py`"


def test_what_is_installed_is_what_is_asked_for() -> None:
    text = make_docs.PROJECT.read_text(encoding="utf-8")
    asked = [
        re.split(r"[^\w-]", line)[0] for line in tomllib.loads(text)["project"]["dependencies"]
    ]
    named = re.findall(r"(?m)^\| `([\w-]+)` \|", make_docs.installed())
    assert named == [*asked, "lfv-mcp"]
    # All but these few come with mcp and boto3 anyway; they are declared because we import them.
    brought = {
        name
        for package in ("mcp", "boto3", "botocore", "pydantic", "uvicorn")
        for line in metadata.requires(package) or []
        for name in re.findall(r"^[\w-]+", line)
    }
    assert set(asked) - brought == {"mcp", "boto3", "tomlkit"}


def test_sizes_that_are_said_hold() -> None:
    page = make_docs.PERFORMANCE.read_text(encoding="utf-8")
    (ours,) = re.findall(r"Our own files are less than (\d+) MB", page)
    (image,) = re.findall(r"adds to Python is at most (\d+) MB", page)
    folders = {Path(lfv_mcp.__file__).parent, Path(str(prompts.folder()))}
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in files if path.is_file()) < int(ours) * 1e6
    assert int(image) == LARGEST_IMAGE


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", "docs/faults.md"])
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    text = (make_docs.ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w./]+\.(?:py|md|html|json|toml))(?:::\w+)?`", text))
    places = (make_docs.ROOT, make_docs.ROOT / "lfv_mcp")
    assert named
    assert [name for name in sorted(named) if not any((p / name).exists() for p in places)] == []

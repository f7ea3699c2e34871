"""Where the tests find the repository's own files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[2]
"""The top of the repository."""
SNAPSHOTS_DIR: Final = REPOSITORY / "tests" / "snapshots"
"""Committed copies of what clients see: tools, resources, prompts, their sizes."""

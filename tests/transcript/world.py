"""Where a recording happens: a temporary folder, a bare environment, and the console command."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.transcript.normal import Normaliser

COMMAND: Final = (sys.executable, "-m", "lfv_mcp")
ROOT: Final = Path(__file__).parents[2]
GOLDEN: Final = ROOT / "tests" / "data" / "archives"
WORK: Final = "<work>"
"""In arguments and in recordings: the temporary folder."""
_FOREIGN: Final = ("AWS_", "BOTO", "FASTMCP_", "LFV_", "PYTHON", "XDG_", "COV_")
_AT_ONCE: Final = 3


class World:
    """A temporary folder with copies of the golden archives, and what runs in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.normalise = Normaliser()
        self.pool = ThreadPoolExecutor(_AT_ONCE, "command")
        self._places: dict[str, str] = {}
        self.normalise.learn(str(folder.resolve()), WORK)
        self.place(WORK, str(folder))
        self.normalise.learn(str(ROOT), "<repository>")
        (folder / "home").mkdir()
        # Copies, because names of folders are part of answers.
        shutil.copytree(GOLDEN, folder / "archives", ignore=shutil.ignore_patterns(".git*", "*.md"))
        (folder / "archives" / "empty").mkdir()  # which git would not keep
        (folder / "out").mkdir()

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Nothing of the developer's shell but where programs are; and what the case adds."""
        bare = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        home = str(self.folder / "home")
        own = {
            "HOME": home,
            "USERPROFILE": home,
            "COLUMNS": "100",
            "TERM": "dumb",
            "NO_COLOR": "1",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", ""),
            # Without credentials boto3 would ask the metadata service, and wait for it.
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        given = {name: self.here(value) for name, value in (more or {}).items()}
        return bare | own | given

    def place(self, placeholder: str, text: str) -> None:
        """Let cases say `placeholder` for a folder or a URL, and recordings too."""
        self._places[placeholder] = text
        self.normalise.learn(text, placeholder)

    def here(self, text: str) -> str:
        """The text of a case with the folders and URLs of this run filled in."""
        for placeholder, place in self._places.items():
            text = text.replace(placeholder, place)
        return text


@contextmanager
def world() -> Iterator[World]:
    """A new world; its folder is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="transcript-"))
    made = World(folder)
    try:
        yield made
    finally:
        made.pool.shutdown(cancel_futures=True)
        shutil.rmtree(folder, ignore_errors=True)

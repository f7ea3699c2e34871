"""The directory that a converted dataset is written to: all of its files, or as they were."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from lfv_mcp.archive.directory_target import DirectoryTarget
from lfv_mcp.errors import CallerError
from lfv_mcp.text import clean

MASKS: Final = "masks"
"""The folder of masks."""
_OURS: Final = re.compile(
    rf"(?:train|test)\.manifest|dataset\.csv|{MASKS}/normal-white-[0-9]+x[0-9]+\.png"
)
"""Files that an earlier conversion may have written."""


def white_mask_name(size: object) -> str:
    """The name of the white mask of a size such as 640x480."""
    return f"normal-white-{size}.png"


def require_room(path: Path, *, replace: bool) -> None:
    """Refuse a directory that is not empty and may not be replaced.

    Raises:
        CallerError: it is such.
        LfvError: it cannot be looked at.
    """
    if path.is_file():
        raise CallerError(
            "invalid_argument",
            f"{clean(str(path), 200)} is a file, and --to is a directory.",
            "Choose a --to that is empty or does not exist.",
        )
    if not replace and any(True for _ in DirectoryTarget(path).names()):
        raise CallerError(
            "invalid_argument",
            f"{clean(str(path), 200)} is not empty.",
            "Choose an empty --to, or add --replace: what an earlier conversion has written there "
            "then goes, other files stay.",
        )


def write_files(path: Path, files: Mapping[str, Iterable[bytes]]) -> None:
    """Write the files of a conversion; those of an earlier one that are not among them go.

    None appears before the contents of all are on disk, and each appears whole.

    Args:
        path: the directory.
        files: contents by name.

    Raises:
        LfvError: it cannot be written to.
    """
    with closing(DirectoryTarget(path)) as target:
        old = [name for name in target.names() if _OURS.fullmatch(name) and name not in files]
        staged = {
            name: target.stage(content, name.rpartition("/")[0]) for name, content in files.items()
        }
        for name in old:  # a test set of another conversion must not stand beside the new one
            target.remove(name)
        for name, content in staged.items():
            target.publish(content, name, replace=True)

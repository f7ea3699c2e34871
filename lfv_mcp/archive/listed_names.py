"""What the files of a store are called outside it: an object by its URI, a file by its path.

S3 lists whole keys, a directory the paths below it. What stands before them is the same for all
files of a store, and asking a disk whether it is a folder takes longer than a listing of its file.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from lfv_mcp.archive.places import S3Place

_S3: Final = "s3://"


def uri_base(location: str) -> str:
    """What makes the names of a store URIs, put before them; empty of one on this machine."""
    if not location.startswith(_S3):
        return ""
    return f"{_S3}{location.removeprefix(_S3).partition('/')[0]}/"


def base_of(location: str, *, is_absolute: bool = False) -> str:
    """What makes the names of a store URIs or paths, put before them.

    Args:
        location: of the store.
        is_absolute: make a path absolute; else it begins as the location does.
    """
    if base := uri_base(location):
        return base
    path = Path(location)
    path = path.absolute() if is_absolute else path
    folder = path.parent if _is_file(path) else path
    return "" if folder == Path() else f"{folder.as_posix().rstrip('/')}/"


def prefix_of(location: str) -> str:
    """What the URIs or absolute paths of all files of a place begin with.

    That of a folder ends with its separator; a single file of this machine is its own.
    """
    if location.startswith(_S3):
        bucket, _, prefix = location.removeprefix(_S3).partition("/")
        return f"{_S3}{bucket}/{S3Place(bucket, prefix).folder}"
    path = Path(location).absolute()
    return path.as_posix() if _is_file(path) else base_of(location, is_absolute=True)


def _is_file(path: Path) -> bool:
    with suppress(OSError):  # it may not be looked at
        return path.is_file()
    return False

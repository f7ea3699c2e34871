"""Writing a file whole or not at all."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4


def write_whole(path: Path, data: bytes) -> None:
    """Write a file; one that is there stays until the new one is complete.

    Raises:
        OSError: the file cannot be written; nothing of it is left behind.
    """
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with unfinished.open("xb") as out:
            out.write(data)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)

"""How much of a file of an archive is read to tell what it is, and which files are never opened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Final

from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.formats.decoding import FILE_LIMIT, UnrecognisedError, looks_like_json

HEAD: Final = 64 * 1024
"""Bytes that tell what a file is; a manifest may be large, and its lines are read elsewhere."""
_IMAGES: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".zip")
"""Training images lie beside evaluation files by the thousand: not worth a request each."""


def read_enough_to_recognise(files: FileStore, entry: FileEntry) -> bytes:
    """The whole file, or the first whole lines of a manifest.

    Raises:
        UnrecognisedError: it cannot be a record, or is too large for one.
        OSError, LfvError: it cannot be read.
    """
    with files.open(entry.name) as stream:
        # Not HEAD bytes of a small file: making room for them costs a thirtieth of a scan.
        data = stream.read(min(HEAD, entry.size + 1))
        start = looks_like_json(data)
        if start is None:
            raise UnrecognisedError("not JSON")
        if b'"source-ref"' in start:
            return start[: start.rfind(b"\n") + 1] or start
        if entry.size > FILE_LIMIT:
            raise UnrecognisedError(f"larger than {FILE_LIMIT >> 20} MiB", corrupt=True)
        return data if len(data) == entry.size else read_whole(stream, data)


def read_whole(stream: IO[bytes], data: bytes = b"") -> bytes:
    """The data and what follows it in the stream, up to one byte more than is allowed."""
    return data + stream.read(FILE_LIMIT + 1 - len(data))


def may_be_records(entries: Iterable[FileEntry]) -> list[FileEntry]:
    """The entries without those that are images by their name."""
    return [e for e in entries if not e.name.lower().endswith(_IMAGES)]

"""How much of a file is read to see what it is: all of it, or the start of a manifest."""

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
    if entry.size <= HEAD:
        with files.open(entry.name) as stream:
            # Not HEAD bytes of a small file: making room for them costs a thirtieth of a scan.
            data = stream.read(entry.size + 1)
            start = _start_of_record(data, entry)
            if start is not None:
                return start
            return data if len(data) == entry.size else read_rest(stream, data)
    # Asked for as a part: a stream that is left half-way costs its connection.
    with files.open(entry.name, limit=HEAD) as stream:
        data = read_rest(stream, b"", HEAD)
    start = _start_of_record(data, entry)
    if start is not None:
        return start
    with files.open(entry.name, start=len(data), limit=FILE_LIMIT + 1 - len(data)) as stream:
        return read_rest(stream, data)


def _start_of_record(data: bytes, entry: FileEntry) -> bytes | None:
    """What is enough of a manifest; None if the whole file is needed.

    Raises:
        UnrecognisedError: it cannot be a record, or is too large for one.
    """
    start = looks_like_json(data)
    if start is None:
        raise UnrecognisedError("not JSON")
    if b'"source-ref"' in start:
        return start[: start.rfind(b"\n") + 1] or start
    if entry.size > FILE_LIMIT:
        raise UnrecognisedError(f"larger than {FILE_LIMIT >> 20} MiB", corrupt=True)
    return None


def read_rest(stream: IO[bytes], data: bytes, limit: int = FILE_LIMIT + 1) -> bytes:
    """The data and what follows it, up to a limit: one byte more than a file may have.

    A raw stream may give less than it is asked for, which is no end of the file.
    """
    while len(data) < limit:
        more = stream.read(limit - len(data))
        if not more:
            break
        data += more
    return data


def may_be_record(entry: FileEntry) -> bool:
    """Whether a file is no image by its name."""
    return not entry.name.lower().endswith(_IMAGES)


def may_be_records(entries: Iterable[FileEntry]) -> list[FileEntry]:
    """The entries without those that are images by their name."""
    return [entry for entry in entries if may_be_record(entry)]

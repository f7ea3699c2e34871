"""Which files of a source may be datasets: beside manifests lie models of gigabytes."""

from __future__ import annotations

from lfv_mcp.archive.reading import edge_package, read_part
from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.formats.compression import BLOCK, LONG_BLOCKS, is_compressed, unpacked_start
from lfv_mcp.formats.containers import archive_kind, too_large_to_unpack
from lfv_mcp.formats.datasets.recognition import starts_as_dataset
from lfv_mcp.formats.decoding import FILE_LIMIT, MANIFEST_LIMIT, too_large
from lfv_mcp.formats.texts import HEAD


def may_be_dataset_file(files: FileStore, entry: FileEntry) -> bool:
    """Whether a file starts as a dataset does, or is an archive that may have one in it.

    Raises:
        UnrecognisedError: it may be one, and is too large to be read. Of an archive that is
            convertible: what is in it nobody knows.
        OSError, LfvError: its start cannot be read.
    """
    start = _start_of(files, entry)
    head = unpacked_start(start, HEAD)
    if archive_kind(head) or is_compressed(head):
        if entry.size <= FILE_LIMIT:
            return True
        if edge_package(files, entry, start) is not None:
            return False
        raise too_large_to_unpack()
    may_be = (
        starts_as_dataset(head) is not None
        # What is called a manifest may begin with lines of no use, which are to be counted.
        or entry.name.lower().endswith(".manifest")
        # Of a block that is not whole nothing can be unpacked.
        or (not head and len(start) < entry.size)
    )
    if may_be and entry.size > MANIFEST_LIMIT:
        raise too_large(MANIFEST_LIMIT)
    return may_be


def is_archive(files: FileStore, entry: FileEntry) -> bool:
    """Whether a file is an archive, perhaps a compressed one.

    Raises:
        OSError, LfvError: its start cannot be read.
    """
    return archive_kind(unpacked_start(_start_of(files, entry), HEAD)) != ""


def _start_of(files: FileStore, entry: FileEntry) -> bytes:
    head = read_part(files, entry.name, 0, HEAD)
    return read_part(files, entry.name, 0, BLOCK) if head.startswith(LONG_BLOCKS) else head

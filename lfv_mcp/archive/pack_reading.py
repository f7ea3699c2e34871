"""Packs as an index reads them: part by part, and with what their tables say of other files."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple, Protocol

from lfv_mcp.archive.fetched_file import chunks_of
from lfv_mcp.archive.packed_file import PackedFile
from lfv_mcp.archive.packed_lines import is_records_file, members_of
from lfv_mcp.archive.reading import recognise_file
from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.recognition import Record, recognise

_GZIP_MARK: Final = b"\x1f\x8b"
_FIRST_READ: Final = 1 << 16
_DIGEST_IN_NAME: Final = re.compile(r"-[0-9a-f]{16}\.(?:jsonl?|(?:manifest|csv)(?:\.[a-z0-9]+)?)$")


class PackPart(NamedTuple):
    """Where some of a pack's records are, so that one of them can be read by itself.

    Args:
        first: the ordinal of the first of them, in the whole file.
        offset: the byte at which the part begins.
        length: its bytes.
    """

    first: int
    offset: int
    length: int


class PackContents(NamedTuple):
    """What an index keeps of a pack beside its records.

    Args:
        parts: where they are, in their order.
        table: what the pack says of the files beside it.
    """

    parts: tuple[PackPart, ...]
    table: tuple[PackedFile, ...]

    def part_of(self, ordinal: int) -> PackPart:
        """The part that the record with this ordinal is in."""
        return self.parts[bisect_right(self.parts, ordinal, key=lambda part: part.first) - 1]


class HasPack(Protocol):
    """What an index keeps of a file."""

    @property
    def pack(self) -> PackContents | None:
        """None of a file that is no pack."""
        ...


class Batch(NamedTuple):
    """Records that were read together: those of a file, or of a part of a pack.

    Args:
        records: what was recognised; a part of a pack may have some of form `packed_file`.
        problems: what is wrong with the rest.
        data: what they were recognised in.
        part: where that is in a pack; None for a file that is none.
    """

    records: Sequence[Record]
    problems: Sequence[UnrecognisedError]
    data: bytes
    part: PackPart | None = None


def batches_of(files: FileStore, entry: FileEntry) -> Iterator[Batch]:
    """What a file holds: all at once, or part by part if it is a pack, whatever its length.

    Raises:
        UnrecognisedError: it holds nothing, and why; of a pack perhaps after some of it.
        OSError, LfvError: it cannot be read.
    """
    if not is_records_file(entry.name):
        yield Batch(*recognise_file(files, entry))
        return
    with files.open(entry.name) as stream:
        start = stream.read(_FIRST_READ)
        if start.startswith(_GZIP_MARK):
            yield from _parts_of(chain([start], chunks_of(stream)))
            return
    yield Batch(*recognise_file(files, entry))  # somebody unpacked it, and kept its name


def _parts_of(chunks: Iterable[bytes]) -> Iterator[Batch]:
    first = 0
    for member in members_of(chunks):
        records, problems = recognise(member.data)
        yield Batch(records, problems, member.data, PackPart(first, member.offset, member.length))
        first += len(records)


def record_in_part(data: bytes, part: PackPart, ordinal: int) -> Record | None:
    """One record of a part, from its bytes; None if it does not hold that many any more."""
    try:
        records = list(chain.from_iterable(batch.records for batch in _parts_of([data])))
    except UnrecognisedError:
        return None
    number = ordinal - part.first
    return records[number] if number < len(records) else None


class PackTables:
    """What the packs that have been read say of the files beside them."""

    def __init__(self) -> None:
        """Know of none."""
        self._files: dict[str, PackedFile] = {}

    def add(self, name: str, file: HasPack) -> None:
        """Take in the table of a file, if it is a pack."""
        if file.pack is not None:
            folder = name[: name.rfind("/") + 1]
            self._files.update((folder + packed.name, packed) for packed in file.pack.table)

    def find(self, entry: FileEntry) -> PackedFile | None:
        """What a file holds according to a pack; None if its listing does not agree with that.

        In S3 the ETag tells whether it is still the same content. A directory's listing has no word
        about the content but the name that the pack has given the file, with a digest in it; one
        that was written into since, without a change of its length, is found out when it is opened:
        every line of a manifest says itself whose it is.
        """
        file = self._files.get(entry.name)
        if file is None or file.size != entry.size:
            return None
        if isinstance(entry.stamp, str):
            return file if file.etag == entry.stamp else None
        return file if _DIGEST_IN_NAME.search(entry.name) else None

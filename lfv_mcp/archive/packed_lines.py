"""The compressed file of a pack: whole lines in parts, each of which can be read by itself."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from lfv_mcp.formats.decoding import FILE_LIMIT, UnrecognisedError

RECORDS: Final = "records.jsonl.gz"
"""The file of a pack that all answers and results are in."""
_PART: Final = 256 * 1024
"""Bytes of lines that are compressed together."""
_GZIP_HEADER: Final = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"
"""gzip's: deflate, no name, no time, compressed best, on no system in particular."""


class Member(NamedTuple):
    """A part of the file, which is a whole gzip file by itself.

    Args:
        offset: where it begins.
        length: its compressed bytes.
        data: its lines.
    """

    offset: int
    length: int
    data: bytes


def is_records_file(name: str) -> bool:
    """Whether a file is called as that of a pack is; what it is, its content tells."""
    return name.rpartition("/")[2] == RECORDS


def compressed(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines as a gzip file of several members, the same bytes for the same lines, always."""
    part = bytearray()
    for line in lines:
        part += line
        part += b"\n"
        if len(part) >= _PART:
            yield _member(bytes(part))
            part.clear()
    if part:
        yield _member(bytes(part))


def _member(data: bytes) -> bytes:
    # Not gzip.compress: what it writes of the system differs between versions of Python.
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(data) + deflate.flush()
    return _GZIP_HEADER + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def members_of(chunks: Iterable[bytes]) -> Iterator[Member]:
    """The members of a gzip file, one after another, in the memory that one of them takes.

    What fails while the chunks are read is raised as it is.

    Raises:
        UnrecognisedError: it is damaged, or one member holds more than a file may.
    """
    offset, length, data, inflate = 0, 0, bytearray(), zlib.decompressobj(wbits=31)
    for chunk in chunks:
        while chunk:
            try:
                data += inflate.decompress(chunk, FILE_LIMIT + 1 - len(data))
            except zlib.error as error:
                raise UnrecognisedError("truncated or corrupt gzip", corrupt=True) from error
            if len(data) > FILE_LIMIT:
                raise UnrecognisedError(f"larger than {FILE_LIMIT >> 20} MiB", corrupt=True)
            rest = inflate.unconsumed_tail or inflate.unused_data
            length += len(chunk) - len(rest)
            chunk = rest
            if inflate.eof:
                yield Member(offset, length, bytes(data))
                offset, length, data, inflate = (
                    offset + length,
                    0,
                    bytearray(),
                    zlib.decompressobj(wbits=31),
                )
    if length:
        raise UnrecognisedError("truncated or corrupt gzip", corrupt=True)

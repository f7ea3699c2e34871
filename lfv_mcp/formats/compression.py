"""Compressed files unpacked as they are read, in bounded memory: gzip, bzip2 and xz."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final, Protocol

from lfv_mcp.formats.decoding import CHUNK, UnrecognisedError

_XZ_MEMORY: Final = 80 * 1024 * 1024
"""Bytes that xz may take to unpack; `xz -9` needs 65 MiB, a header may ask for four gigabytes."""
UNPACK: Final = "unpack it beside the other files"
"""What helps with a container that is not read."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


class _Inflate:
    """zlib's decompressor of gzip with the interface that those of bzip2 and xz have."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


class _Xz:
    """lzma's decompressor, which may not take as much memory as a header asks for."""

    def __init__(self) -> None:
        import lzma  # not at a start, which has nothing to unpack

        self._failure = lzma.LZMAError
        self._inner = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return self._inner.needs_input

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        try:
            return self._inner.decompress(data, max_length)
        except self._failure as error:
            if "limit" in str(error):
                raise UnrecognisedError(
                    f"an xz file that needs too much memory; {UNPACK}", convertible=True
                ) from error
            raise truncated("xz") from error


def _new_bzip2() -> _Decompressor:
    import bz2

    return bz2.BZ2Decompressor()


_COMPRESSIONS: Final[tuple[tuple[bytes, str, Callable[[], _Decompressor]], ...]] = (
    (b"\x1f\x8b", "gzip", _Inflate),
    (b"BZh", "bzip2", _new_bzip2),
    (b"\xfd7zXZ\0", "xz", _Xz),
)


def peek(chunks: Iterable[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes of a stream, at least so many if it has them, and all of it again."""
    chunks, head = iter(chunks), b""
    for chunk in chunks:
        head += chunk
        if len(head) >= size:
            break
    return head, chain((head,), chunks) if head else chunks


def is_compressed(head: bytes) -> bool:
    """Whether a file that starts so is compressed."""
    return any(head.startswith(mark) for mark, *_ in _COMPRESSIONS)


def decompressed(
    head: bytes, chunks: Iterable[bytes], *, limit: int | None = None
) -> tuple[str, Iterator[bytes]]:
    """The name of the compression and the unpacked bytes; an empty name if there is none.

    Args:
        head: the first bytes of the stream.
        chunks: all of it.
        limit: bytes that are unpacked at most, not one more; None for all.
    """
    for mark, name, new in _COMPRESSIONS:
        if head.startswith(mark):
            return name, _unpack(chunks, name, new, limit)
    return "", iter(chunks)


def _unpack(
    chunks: Iterable[bytes], name: str, new: Callable[[], _Decompressor], limit: int | None
) -> Iterator[bytes]:
    """The unpacked bytes of one or several compressed streams that follow one another."""
    try:
        yield from _unpack_streams(chunks, name, new, limit)
    except (EOFError, OSError, ValueError, zlib.error) as error:
        raise truncated(name) from error


def _unpack_streams(
    chunks: Iterable[bytes], name: str, new: Callable[[], _Decompressor], limit: int | None
) -> Iterator[bytes]:
    decompressor: _Decompressor | None = new()
    left = CHUNK if limit is None else limit
    for chunk in chunks:
        while chunk or (decompressor is not None and not decompressor.needs_input):
            if decompressor is None:
                chunk = chunk.lstrip(b"\0")  # padding between streams, or after the last
                if not chunk:
                    break
                decompressor = new()
            if unpacked := decompressor.decompress(chunk, min(CHUNK, left)):
                yield unpacked
                if limit is not None and (left := left - len(unpacked)) == 0:
                    return
            chunk = b""
            if decompressor.eof:
                chunk, decompressor = decompressor.unused_data, None
    if decompressor is not None:
        raise truncated(name)


def truncated(name: str) -> UnrecognisedError:
    """The problem of a compressed file or an archive that is cut off or damaged."""
    return UnrecognisedError(f"truncated or corrupt {name}", corrupt=True)

"""PNG without a library for images: the size in a header, and a white picture.

A mask of a normal image is white all over, which is a header, one compressed row many times over,
and an end: Pillow would be the largest dependency of the package for it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
HEADER: Final = 33
"""Bytes of a file that tell its size: the signature and the first chunk."""
_LARGEST: Final = (1 << 31) - 1
_EIGHT_BITS, _COLOUR = 8, 2


class ImageSize(NamedTuple):
    """Pixels of an image."""

    width: int
    height: int

    def __str__(self) -> str:
        """`640x480`."""
        return f"{self.width}x{self.height}"


def png_size(head: bytes) -> ImageSize | None:
    """The size of the picture in a PNG file that starts so; None if it is none, or damaged."""
    if len(head) < HEADER or not head.startswith(_SIGNATURE) or head[12:16] != b"IHDR":
        return None
    length, _, width, height = struct.unpack(">I4sII", head[8:24])
    (checksum,) = struct.unpack(">I", head[29:33])
    if length != 13 or zlib.crc32(head[12:29]) != checksum:
        return None
    if not (0 < width <= _LARGEST and 0 < height <= _LARGEST):
        return None
    return ImageSize(width, height)


def white_png(size: ImageSize) -> bytes:
    """A white picture of eight bits to a colour, as the masks of Lookout for Vision have them."""
    header = struct.pack(">IIBBBBB", size.width, size.height, _EIGHT_BITS, _COLOUR, 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", b"".join(_compressed_rows(size))),
            _chunk(b"IEND", b""),
        )
    )


def _compressed_rows(size: ImageSize) -> Iterator[bytes]:
    """The rows, compressed as they are made: of the largest image they are 50 MB."""
    row = b"\0" + b"\xff" * (3 * size.width)  # the first byte says that no filter was used
    compressor = zlib.compressobj(9)
    for _ in range(size.height):
        yield compressor.compress(row)
    yield compressor.flush()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

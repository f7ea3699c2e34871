"""PNG without a library: what is written is read by pypng, and no header is believed unchecked."""

from __future__ import annotations

import struct
import zlib

import png
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfv_mcp.formats.png import HEADER, ImageSize, png_size, white_png


@pytest.mark.parametrize("size", [ImageSize(1, 1), ImageSize(640, 480), ImageSize(3, 700)])
def test_a_white_picture_is_white_all_over(size: ImageSize) -> None:
    width, height, rows, about = png.Reader(bytes=white_png(size)).asRGB8()
    assert ImageSize(width, height) == size
    assert (about["bitdepth"], about["greyscale"]) == (8, False)
    assert [bytes(row) for row in rows] == [b"\xff" * (3 * size.width)] * size.height


def test_a_large_white_picture_is_a_small_file() -> None:
    assert len(white_png(ImageSize(4096, 4096))) < 100_000


@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from([1, 2, 8]))
def test_the_size_of_any_picture_is_in_its_header(width: int, height: int, depth: int) -> None:
    writer = png.Writer(width, height, greyscale=True, bitdepth=depth)
    rows = [[0] * width for _ in range(height)]
    data = b"".join(_written(writer, rows))
    assert png_size(data) == png_size(data[:HEADER]) == ImageSize(width, height)
    assert png_size(data[: HEADER - 1]) is None


def _written(writer: png.Writer, rows: list[list[int]]) -> list[bytes]:
    class Out:
        def __init__(self) -> None:
            self.parts: list[bytes] = []

        def write(self, data: bytes) -> None:
            self.parts.append(bytes(data))

    out = Out()
    writer.write(out, rows)
    return out.parts


def test_a_damaged_header_has_no_size() -> None:
    whole = white_png(ImageSize(640, 480))
    for place in range(HEADER):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        assert png_size(bytes(damaged)) is None
    body = struct.pack(">IIBBBBB", 0, 5, 8, 2, 0, 0, 0)
    empty = whole[:16] + body + struct.pack(">I", zlib.crc32(b"IHDR" + body))
    assert png_size(empty) is None
    assert png_size(b"\xff\xd8\xff" + whole[3:]) is None

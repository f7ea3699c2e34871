"""Compressed files and archives into their members: gzip, bzip2, xz, zip, tar. Nothing is written.

Members are unpacked in memory, one after another, and one level deep: an archive inside an archive
is named. Everything is bounded, so that a bomb fills neither memory nor time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from lfv_mcp.formats.compression import UNPACK, decompressed, is_compressed, peek
from lfv_mcp.formats.decoding import FILE_LIMIT, UnrecognisedError

IMAGE_NAMES: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")
"""Training images lie beside evaluation files by the thousand: they are not opened."""
HEAD: Final = 512
"""Bytes that tell what a container is; the header of a tar file has as many."""


class Part(NamedTuple):
    """One member of a container, or a file that is none.

    Args:
        name: of the member, made safe to show; empty for the file itself.
        chunks: its bytes; they are read before the next part is asked for, or never.
    """

    name: str
    chunks: Iterator[bytes]


_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK", b"PK00PK")
_PROGRAM: Final = b"MZ"
"""How a program of Windows starts, which may be a zip archive that unpacks itself."""
_ZIP_END: Final = b"PK\x05\x06"
_OLD_TAR: Final = re.compile(rb"[0-7 ]{6}[\0 ]{1,2}")
"""The checksum in the header of a tar archive, at byte 148."""
_UNREAD: Final = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a file compressed by zstd"),
    (b"\x04\x22\x4d\x18", "a file compressed by lz4"),
    (b"MSCF\0\0\0\0", "a cabinet archive"),
    (b"\x1f\x9d", "a file compressed by compress"),
    (b"LZIP", "a file compressed by lzip"),
    (b"\x5d\0\0", "a file compressed by LZMA"),
    (b"\xff\x06\0\0sNaPpY", "a file compressed by Snappy"),
    (b"070701", "a cpio archive"),
    (b"070707", "a cpio archive"),
    *((bytes((0x78, level)), "a file compressed by zlib") for level in (0x01, 0x9C, 0xDA)),
    *((bytes((0x50 + n, 0x2A, 0x4D, 0x18)), "a file compressed by zstd or lz4") for n in range(16)),
)
"""What may hold records and is not unpacked here, by its first bytes."""


def is_container(head: bytes) -> bool:
    """Whether a file that starts so is compressed or an archive."""
    return bool(is_compressed(head) or archive_kind(head)) or head.startswith(_PROGRAM)


def parts_of(chunks: Iterable[bytes]) -> Iterator[Part | UnrecognisedError]:
    """The members of a file, or the file itself if it is no container; problems in their places.

    Args:
        chunks: the file's bytes, cut anywhere.
    """
    try:
        yield from _parts_of(chunks)
    except UnrecognisedError as problem:
        yield problem


def _parts_of(chunks: Iterable[bytes]) -> Iterator[Part | UnrecognisedError]:
    head, chunks = peek(chunks, HEAD)
    name, chunks = decompressed(head, chunks)
    if name:
        head, chunks = peek(chunks, HEAD)
        if is_compressed(head) or (archive_kind(head) and not is_tar(head)):
            yield nested(name)
            return
    if head.startswith(_ZIP):
        from lfv_mcp.formats.archives import zip_members

        yield from zip_members(chunks)
    elif is_tar(head):
        from lfv_mcp.formats.archives import tar_members

        yield from tar_members(chunks)
    elif unread := _unread_kind(head):
        yield UnrecognisedError(f"{unread}; {UNPACK}", convertible=True)
    elif head.startswith(_PROGRAM):
        yield from _in_program(chunks)
    else:
        yield Part("", chunks)


def _in_program(chunks: Iterable[bytes]) -> Iterator[Part | UnrecognisedError]:
    """The members of a zip archive that unpacks itself; any other program is one part."""
    from lfv_mcp.formats.archives import zip_members

    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > FILE_LIMIT:
            raise UnrecognisedError("a program")
    if _ZIP_END not in data[-(1 << 16) - 22 :]:
        raise UnrecognisedError("a program")
    yield from zip_members((bytes(data),))


def is_tar(head: bytes) -> bool:
    """Whether a tar archive starts so."""
    if head[257:262] == b"ustar":
        return True
    # Before POSIX there was no mark; the sum of the header's bytes tells.
    if len(head) < HEAD or not head[0] or not _OLD_TAR.fullmatch(head[148:156]):
        return False
    total = sum(head[:148]) + 8 * ord(" ") + sum(head[156:HEAD])
    return int(head[148:154].strip() or b"0", 8) == total


def _unread_kind(head: bytes) -> str:
    return next((kind for mark, kind in _UNREAD if head.startswith(mark)), "")


def archive_kind(head: bytes) -> str:
    """What kind of archive starts so; empty for none."""
    if head.startswith(_ZIP):
        return "zip"
    return "tar" if is_tar(head) else _unread_kind(head)


def nested(name: str) -> UnrecognisedError:
    """The problem of an archive that is a member of another one, or compressed twice."""
    return UnrecognisedError(f"an archive inside another one ({name}); {UNPACK}", convertible=True)


def too_large_to_unpack() -> UnrecognisedError:
    """The problem of a container that is larger than a file may be."""
    return UnrecognisedError(
        f"a compressed file or an archive of more than {FILE_LIMIT >> 20} MiB; {UNPACK}",
        convertible=True,
    )

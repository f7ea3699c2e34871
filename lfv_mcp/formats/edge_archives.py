"""The manifest of a packaged model in its zip or tar archive, without unpacking the model.

Of a zip its directory is read, and one member of at most a mebibyte, whose size is believed no
further than that. A tar archive is unpacked from its start, as far as `UNPACKED_LIMIT`.
"""

from __future__ import annotations

import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from io import SEEK_CUR, SEEK_END, RawIOBase
from typing import TYPE_CHECKING, Any, Final, cast

from lfv_mcp.formats.compression import decompressed, is_compressed, peek
from lfv_mcp.formats.containers import HEAD, archive_kind, is_tar
from lfv_mcp.formats.decoding import CHUNK, UnrecognisedError
from lfv_mcp.formats.edge_package import (
    MANIFEST,
    MEMBER_LIMIT,
    EdgePackageFacts,
    EdgePackageForm,
    ReadAt,
    command_for,
    facts_of,
    is_edge_manifest,
    is_manifest,
    names_tell,
    parts_of_name,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

UNPACKED_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a tar archive that are unpacked to find its manifest."""
PACKED_LIMIT: Final = UNPACKED_LIMIT + CHUNK
"""Bytes of a compressed one that are read for that: what is packed is not much longer."""
_HEAD_UNPACKED: Final = 1 << 20
"""Bytes of a tar archive that are unpacked to see what it is."""
_TAIL: Final = (1 << 16) + 1024
"""Bytes at the end of a zip archive that are read at first; its directory ends there, before a
comment of at most 64 KiB."""
_DIRECTORY_LIMIT: Final = 1 << 20
"""Bytes of a zip archive's directory; a package has tens of members, this is room for thousands."""
_LONG_BLOCKS: Final = b"BZh"
_BLOCK: Final = 1 << 20
"""Bytes that have a block of bzip2 in them, of which nothing is unpacked before it is there."""
_LOCAL: Final = b"PK\x03\x04"
_LOCAL_HEADER: Final = struct.Struct("<6xH10xI4xHH")
"""Of a member's own header: its flags, its compressed size, the sizes of its name and of more."""
_LOCAL_SIZE: Final = _LOCAL_HEADER.size
_SIZE_COMES_LATER: Final = 8
_UNREADABLE: Final = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, tarfile.TarError, zlib.error, struct.error),
    *(ValueError, EOFError, NotImplementedError, RuntimeError, OverflowError, IndexError, KeyError),
)
"""What the standard library raises for an archive that is damaged, or made to harm."""


class _TooFarError(Exception):
    """More bytes would have to be read than are allowed."""


class _FailedError(Exception):
    """The bytes could not be had; `__cause__` says why. No file error: zipfile takes those for
    damage."""


# What a file is


def edge_package_form(head: bytes, size: int, read_at: ReadAt) -> EdgePackageForm | None:
    """What holds the packaged model that a file is; None if it is none.

    Args:
        head: the first bytes of the file, some kilobytes.
        size: its bytes.
        read_at: reads more of it, which a zip archive needs, and bzip2.
    """
    if archive_kind(head) == "zip":
        return "zip" if _is_zip_package(head, size, read_at) else None
    if not (is_compressed(head) or is_tar(head)):
        return None
    if head.startswith(_LONG_BLOCKS) and len(head) < size:
        head = read_at(0, _BLOCK)
    return "tar" if names_tell(_first_names(head)) else None


def _is_zip_package(head: bytes, size: int, read_at: ReadAt) -> bool:
    if names_tell(_local_names(head)):
        return True
    try:
        with _opened(size, read_at) as archive:
            names = archive.namelist()
            if names_tell(names):
                return True
            member = _manifest_in(archive)
            return isinstance(member, zipfile.ZipInfo) and is_edge_manifest(_read(archive, member))
    except (_TooFarError, *_UNREADABLE):
        return False


def _local_names(head: bytes) -> Iterator[str]:
    """The names of members whose headers are in the first bytes of a zip archive."""
    place = 0
    while head[place : place + 4] == _LOCAL and len(head) >= place + _LOCAL_SIZE:
        flags, size, name_size, extra_size = _LOCAL_HEADER.unpack_from(head, place)
        start = place + _LOCAL_SIZE
        name = head[start : start + name_size]
        if len(name) == name_size and name.isascii():
            yield name.decode()
        if flags & _SIZE_COMES_LATER or not name_size:
            return  # the directory has all of them
        place = start + name_size + extra_size + size


def _first_names(head: bytes) -> list[str]:
    """The names of members that stand in the first bytes of a tar archive."""
    names: list[str] = []
    try:
        source = _Unpacked((head,), _HEAD_UNPACKED)
        with tarfile.open(fileobj=cast("Any", source), mode="r|") as archive:
            while (info := archive.next()) is not None:
                cast("Any", archive).members = []
                names.append(info.name)
    except (_TooFarError, UnrecognisedError, OSError, *_UNREADABLE):
        pass  # as far as it goes: the bytes are cut off anywhere
    return names


# A zip archive


def read_edge_zip(size: int, read_at: ReadAt) -> EdgePackageFacts:
    """What a packaged model in a zip archive tells: by its directory, and one member.

    Args:
        size: bytes of the file.
        read_at: reads a part of it.
    """
    try:
        with _opened(size, read_at) as archive:
            member = _manifest_in(archive)
            if isinstance(member, str):
                return EdgePackageFacts(why_not=member)
            return facts_of(_read(archive, member))
    except _TooFarError:
        return EdgePackageFacts(why_not="it has too many members to look for its manifest.json")
    except _UNREADABLE:
        return EdgePackageFacts(why_not="its zip archive is damaged or cut off")


def _opened(size: int, read_at: ReadAt) -> _OpenedZip:
    return _OpenedZip(_Ranged(size, read_at))


class _OpenedZip(zipfile.ZipFile):
    """A zip archive over ranged reads; what could not be read is raised as it was."""

    def __init__(self, source: _Ranged) -> None:
        try:
            super().__init__(cast("Any", source))
        except _FailedError as failure:
            raise cast("BaseException", failure.__cause__) from None


def _manifest_in(archive: zipfile.ZipFile) -> zipfile.ZipInfo | str:
    """The member that is the manifest, or why none is read."""
    found = [info for info in archive.infolist() if is_manifest(info.filename)]
    exported = [info for info in found if parts_of_name(info.filename)[-2:-1] == (_EXPORTED,)]
    found = exported or found
    depth = min((len(parts_of_name(info.filename)) for info in found), default=0)
    found = [info for info in found if len(parts_of_name(info.filename)) == depth]
    if not found:
        return "it has no manifest.json"
    if len(found) > 1:
        return f"it has {len(found):,} members that may be its manifest.json"
    (member,) = found
    if member.flag_bits & 1:
        return "its manifest.json is encrypted"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "its manifest.json is compressed in a way that is not read"
    if max(member.file_size, member.compress_size) > MEMBER_LIMIT:
        return f"its manifest.json is larger than {MEMBER_LIMIT >> 20} MiB, so it was not unpacked"
    return member


_EXPORTED: Final = MANIFEST.partition("/")[0]


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member of the size that the directory says, which its checksum confirms.

    Raises:
        zipfile.BadZipFile: it is another one.
    """
    try:
        with archive.open(member) as stream:
            data = stream.read(MEMBER_LIMIT + 1)
            if len(data) != member.file_size:
                raise zipfile.BadZipFile("another size than its directory says")
            return data
    except _FailedError as failure:
        raise cast("BaseException", failure.__cause__) from None


class _Ranged(RawIOBase):
    """A file that is read in parts; its end is read once, and no part is long."""

    def __init__(self, size: int, read_at: ReadAt) -> None:
        super().__init__()
        self._size = size
        self._read_at = read_at
        self._place = 0
        self._tail: bytes | None = None
        self._tail_start = max(0, size - _TAIL)
        self._left = 2 * _DIRECTORY_LIMIT + 2 * MEMBER_LIMIT

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = 0, /) -> int:
        start = {SEEK_CUR: self._place, SEEK_END: self._size}.get(whence, 0)
        if start + offset < 0:
            raise ValueError("a place before the start of a file")
        self._place = start + offset
        return self._place

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._get(min(len(view), max(0, self._size - self._place)))
        view[: len(data)] = data
        self._place += len(data)
        return len(data)

    def read(self, size: int | None = -1, /) -> bytes:
        # RawIOBase.read would make room for as much as a header asks for.
        rest = max(0, self._size - self._place)
        wanted = rest if size is None or size < 0 else min(size, rest)
        data = self._get(wanted)
        self._place += len(data)
        return data

    def _get(self, size: int) -> bytes:
        if size > _DIRECTORY_LIMIT + HEAD:
            raise _TooFarError
        if self._place >= self._tail_start:
            if self._tail is None:
                self._tail = self._fetch(self._tail_start, self._size - self._tail_start)
            start = self._place - self._tail_start
            return self._tail[start : start + size]
        return self._fetch(self._place, size)

    def _fetch(self, start: int, size: int) -> bytes:
        self._left -= size
        if self._left < 0:
            raise _TooFarError
        try:
            return self._read_at(start, size)
        except Exception as error:
            raise _FailedError from error


# A tar archive


def read_edge_tar(name: str, chunks: Iterable[bytes]) -> EdgePackageFacts:
    """What a packaged model in a tar archive tells, if its manifest is not too far in.

    Args:
        name: the file's name, for the command that finds it all the same.
        chunks: the file's bytes as they are stored; no more are asked for than are needed.
    """
    other: EdgePackageFacts | None = None
    prefix = ""
    try:
        source = _Unpacked(chunks, UNPACKED_LIMIT)
        with tarfile.open(fileobj=cast("Any", source), mode="r|") as archive:
            while (info := archive.next()) is not None:
                cast("Any", archive).members = []  # it would keep a description of each
                prefix = prefix or ("./" if info.name.startswith("./") else "")
                if not info.isreg() or not is_manifest(info.name):
                    continue
                if parts_of_name(info.name)[-2:-1] == (_EXPORTED,):
                    return _facts_of_member(archive, info)
                if other is None:  # that of a zip, packed anew
                    other = _facts_of_member(archive, info)
    except _TooFarError:
        if other is None:
            return EdgePackageFacts(
                why_not=f"its manifest.json was not read: it is not in the first "
                f"{UNPACKED_LIMIT >> 20} MiB; `{command_for(name, prefix + MANIFEST)}` prints it"
            )
    except _FailedError as failure:
        raise cast("BaseException", failure.__cause__) from None
    except (UnrecognisedError, *_UNREADABLE):
        if other is None:
            return EdgePackageFacts(why_not="its tar archive is damaged or cut off")
    return other or EdgePackageFacts(why_not="it has no manifest.json")


def _facts_of_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> EdgePackageFacts:
    if info.size > MEMBER_LIMIT:
        return EdgePackageFacts(
            why_not=f"its manifest.json is larger than {MEMBER_LIMIT >> 20} MiB, so it was not read"
        )
    member = archive.extractfile(info)
    data = b"" if member is None else member.read(MEMBER_LIMIT + 1)
    if len(data) != info.size:
        return EdgePackageFacts(why_not="its tar archive is damaged or cut off")
    return facts_of(data)


class _Unpacked(RawIOBase):
    """The unpacked bytes of a stream, no more than a limit."""

    def __init__(self, chunks: Iterable[bytes], limit: int) -> None:
        super().__init__()
        head, chunks = peek(_bounded(chunks), HEAD)
        _, self._chunks = decompressed(head, chunks, limit=limit)
        self._pending = memoryview(b"")
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        if not self._pending:
            if self._left <= 0:
                raise _TooFarError
            self._pending = memoryview(next(self._chunks, b""))[: self._left]
            self._left -= len(self._pending)
        view = memoryview(buffer).cast("B")
        size = min(len(view), len(self._pending))
        view[:size] = self._pending[:size]
        self._pending = self._pending[size:]
        return size


def _bounded(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of a file, no more than tell; of many that unpack to nothing there may be more."""
    size = 0
    try:
        for chunk in chunks:
            yield chunk
            size += len(chunk)
            if size >= PACKED_LIMIT:
                raise _TooFarError
    except OSError as error:
        raise _FailedError from error

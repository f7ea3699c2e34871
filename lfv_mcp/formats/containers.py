"""Compressed files and archives into their members: gzip, bzip2, xz, zip, tar. Nothing is written.

Members are unpacked in memory, one after another, and one level deep: an archive inside an archive
is named. Everything is bounded, so that a bomb fills neither memory nor time.
"""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO, RawIOBase
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from lfv_mcp.formats.compression import UNPACK, decompressed, is_compressed, peek, truncated
from lfv_mcp.formats.decoding import CHUNK, FILE_LIMIT, UnrecognisedError
from lfv_mcp.text import clean

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

ARCHIVE_LIMIT: Final = 512 * 1024 * 1024
"""Bytes that the members of one archive may have in all, unpacked."""
MAX_MEMBERS: Final = 10_000
"""Members of an archive that are looked at."""
IMAGE_NAMES: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")
"""Training images lie beside evaluation files by the thousand: they are not opened."""
_HEAD: Final = 512
"""Bytes that tell what a container is; the header of a tar file has as many."""


class Part(NamedTuple):
    """One member of a container, or a file that is none.

    Args:
        name: of the member, made safe to show; empty for the file itself.
        chunks: its bytes; they are read before the next part is asked for, or never.
    """

    name: str
    chunks: Iterator[bytes]


_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_UNREAD: Final = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a file compressed by zstd"),
    (b"\x04\x22\x4d\x18", "a file compressed by lz4"),
    (b"MSCF\0\0\0\0", "a cabinet archive"),
)
"""What may hold records and is not unpacked here, by its first bytes."""
_PROGRAMS: Final = {
    "[Content_Types].xml": "an Office document",
    "mimetype": "an Open Document or an e-book",
    "META-INF/MANIFEST.MF": "a Java archive",
    "AndroidManifest.xml": "an Android package",
}
"""What a zip archive is that has a member of this name."""


def is_container(head: bytes) -> bool:
    """Whether a file that starts so is compressed or an archive."""
    return head.startswith(_ZIP) or is_compressed(head) or bool(_unread_kind(head)) or _is_tar(head)


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
    head, chunks = peek(chunks, _HEAD)
    name, chunks = decompressed(head, chunks)
    if name:
        head, chunks = peek(chunks, _HEAD)
        if is_compressed(head) or (_archive_kind(head) and not _is_tar(head)):
            yield _nested(name)
            return
    if head.startswith(_ZIP):
        yield from _zip_members(chunks)
    elif _is_tar(head):
        yield from _tar_members(chunks)
    elif unread := _unread_kind(head):
        yield UnrecognisedError(f"{unread}; {UNPACK}", convertible=True)
    else:
        yield Part("", chunks)


# Archives


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def _unread_kind(head: bytes) -> str:
    return next((kind for mark, kind in _UNREAD if head.startswith(mark)), "")


def _archive_kind(head: bytes) -> str:
    """What kind of archive starts so; empty for none."""
    if head.startswith(_ZIP):
        return "zip"
    return "tar" if _is_tar(head) else _unread_kind(head)


def _nested(name: str) -> UnrecognisedError:
    return UnrecognisedError(f"an archive inside another one ({name}); {UNPACK}", convertible=True)


class _Budget:
    """Bytes that an archive may still unpack."""

    def __init__(self) -> None:
        self._left = ARCHIVE_LIMIT

    @property
    def is_spent(self) -> bool:
        """Whether there are none left."""
        return self._left < 0

    def spend(self, size: int) -> None:
        """Take some off.

        Raises:
            UnrecognisedError: there are none left.
        """
        self._left -= size
        if self._left < 0:
            raise UnrecognisedError(
                f"an archive of more than {ARCHIVE_LIMIT >> 20} MiB; {UNPACK}", convertible=True
            )


def _member(name: str, chunks: Iterator[bytes]) -> Part | UnrecognisedError:
    """A member as a part, its own compression undone; an archive is named."""
    head, chunks = peek(chunks, _HEAD)
    _, chunks = decompressed(head, chunks)
    head, chunks = peek(chunks, _HEAD)
    if _archive_kind(head) or is_compressed(head):
        return _nested(name)
    return Part(name, chunks)


def _too_many() -> UnrecognisedError:
    return UnrecognisedError(
        f"an archive of more than {MAX_MEMBERS:,} members; {UNPACK}", convertible=True
    )


def _is_image(name: str) -> bool:
    # Finder puts a twin of each file into zip archives, which is none.
    return name.lower().endswith(IMAGE_NAMES) or name.startswith("__MACOSX/")


def _zip_members(chunks: Iterable[bytes]) -> Iterator[Part | UnrecognisedError]:
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > FILE_LIMIT:
            raise UnrecognisedError(
                f"a zip archive of more than {FILE_LIMIT >> 20} MiB; {UNPACK}", convertible=True
            )
    # Each entry of the directory starts so. zipfile makes an object of each, whatever its number.
    if data.count(b"PK\x01\x02") > MAX_MEMBERS:
        raise _too_many()
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            del data
            yield from _opened_zip_members(archive)
    except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
        raise truncated("zip archive") from error


def _opened_zip_members(archive: zipfile.ZipFile) -> Iterator[Part | UnrecognisedError]:
    names = set(archive.namelist())
    if kind := next((kind for name, kind in _PROGRAMS.items() if name in names), ""):
        raise UnrecognisedError(kind)
    wanted = [i for i in archive.infolist() if not i.is_dir() and not _is_image(i.filename)]
    encrypted = sum(info.flag_bits & 1 for info in wanted)
    budget = _Budget()
    for info in wanted:
        if info.flag_bits & 1:
            continue
        try:
            yield _member(clean(info.filename, 200), _zip_member(archive, info, budget))
        except UnrecognisedError as problem:
            yield problem
            if budget.is_spent:
                return
    if encrypted:
        yield UnrecognisedError(
            f"a zip archive with encrypted members ({encrypted:,}); unpack it with its password",
            convertible=True,
        )


def _zip_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: _Budget
) -> Iterator[bytes]:
    # The others' decompressors have no bound in zipfile.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnrecognisedError(
            f"a zip archive with a compression that is not read; {UNPACK}", convertible=True
        )
    try:
        with archive.open(info) as member:
            while chunk := member.read(CHUNK):
                budget.spend(len(chunk))
                yield chunk
    except (NotImplementedError, RuntimeError) as error:
        raise UnrecognisedError(
            f"a zip archive with a member that cannot be opened; {UNPACK}", convertible=True
        ) from error
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, zlib.error) as error:
        raise UnrecognisedError(
            f"a damaged member of a zip archive ({clean(info.filename, 200)})", corrupt=True
        ) from error


class _Bounded(RawIOBase):
    """A stream that gives so many bytes at most, until it is told that all goes well.

    A header in a tar file may say that it has gigabytes, and tarfile reads a header as a whole.
    """

    def __init__(self, chunks: Iterator[bytes], budget: _Budget) -> None:
        super().__init__()
        self._chunks = chunks
        self._budget = budget
        self._pending = memoryview(b"")
        self.unbroken = 0
        self.end = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        if not self._pending:
            chunk = next(self._chunks, b"")
            self._budget.spend(len(chunk))
            self._pending = memoryview(chunk)
            self.end = (self.end + chunk)[-_HEAD:]
        view = memoryview(buffer).cast("B")
        size = min(len(view), len(self._pending))
        view[:size] = self._pending[:size]
        self._pending = self._pending[size:]
        self.unbroken += size
        if self.unbroken > FILE_LIMIT:
            raise UnrecognisedError("a tar archive with too large a header", corrupt=True)
        return size


def _tar_members(chunks: Iterator[bytes]) -> Iterator[Part | UnrecognisedError]:
    source = _Bounded(chunks, _Budget())
    try:
        with tarfile.open(fileobj=cast("Any", source), mode="r|") as archive:
            number = 0
            while info := archive.next():
                cast("Any", archive).members = []  # it would keep a description of each
                source.unbroken = 0
                number += 1
                if number > MAX_MEMBERS:
                    raise _too_many()
                if not info.isreg():
                    continue
                content = _tar_member(archive, info, source)
                if not _is_image(info.name):
                    yield _member(clean(info.name, 200), content)
                for _ in content:  # what nobody wanted
                    pass
        while source.read(CHUNK):  # of a cut file the end tells, and a checksum stands there
            source.unbroken = 0
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise truncated("tar archive") from error
    if source.end.strip(b"\0"):  # tarfile takes any block that is cut for the end
        raise truncated("tar archive")


def _tar_member(
    archive: tarfile.TarFile, info: tarfile.TarInfo, source: _Bounded
) -> Iterator[bytes]:
    member = archive.extractfile(info)
    while member is not None and (chunk := member.read(CHUNK)):
        source.unbroken = 0
        yield chunk

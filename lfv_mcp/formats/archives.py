"""The members of zip and tar archives, unpacked in memory one after another, and bounded.

A bomb fills neither memory nor time: members, their bytes and the bytes of all of them are counted.
"""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO, RawIOBase
from typing import TYPE_CHECKING, Any, Final, cast

from lfv_mcp.formats.compression import UNPACK, decompressed, is_compressed, peek, truncated
from lfv_mcp.formats.containers import (
    HEAD,
    IMAGE_NAMES,
    Part,
    archive_kind,
    nested,
    too_large_to_unpack,
)
from lfv_mcp.formats.decoding import CHUNK, FILE_LIMIT, UnrecognisedError
from lfv_mcp.text import clean

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

ARCHIVE_LIMIT: Final = 512 * 1024 * 1024
"""Bytes that the members of one archive may have in all, unpacked."""
MAX_MEMBERS: Final = 10_000
"""Members of an archive that are looked at."""
_PROGRAMS: Final = {
    "[Content_Types].xml": "an Office document",
    "mimetype": "an Open Document or an e-book",
    "META-INF/MANIFEST.MF": "a Java archive",
    "AndroidManifest.xml": "an Android package",
}
"""What a zip archive is that has a member of this name."""


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
    head, chunks = peek(chunks, HEAD)
    _, chunks = decompressed(head, chunks)
    head, chunks = peek(chunks, HEAD)
    if archive_kind(head) or is_compressed(head):
        return nested(name)
    return Part(name, chunks)


def _too_many() -> UnrecognisedError:
    return UnrecognisedError(
        f"an archive of more than {MAX_MEMBERS:,} members; {UNPACK}", convertible=True
    )


def _is_image(name: str) -> bool:
    # Finder puts a twin of each file into zip archives, which is none.
    return name.lower().endswith(IMAGE_NAMES) or name.startswith("__MACOSX/")


def zip_members(chunks: Iterable[bytes]) -> Iterator[Part | UnrecognisedError]:
    """The members of a zip archive but for images, with each problem in its place.

    Raises:
        UnrecognisedError: it is damaged, too large, or something else than an archive of files.
    """
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > FILE_LIMIT:
            raise too_large_to_unpack()
    # Each entry of the directory starts so. zipfile makes an object of each, whatever its number.
    if data.count(b"PK\x01\x02") > MAX_MEMBERS:
        raise _too_many()
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            del data
            yield from _opened_zip(archive)
    except NotImplementedError as error:  # its directory asks for a later version
        raise UnrecognisedError(
            f"a zip archive of a version that is not read; {UNPACK}", convertible=True
        ) from error
    except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
        raise truncated("zip archive") from error


def _opened_zip(archive: zipfile.ZipFile) -> Iterator[Part | UnrecognisedError]:
    names = set(archive.namelist())
    if "" in names:  # on which zipfile itself stumbles
        raise zipfile.BadZipFile("a member without a name")
    if kind := next((kind for name, kind in _PROGRAMS.items() if name in names), ""):
        raise UnrecognisedError(kind)
    wanted = [i for i in archive.infolist() if not i.is_dir() and not _is_image(i.filename)]
    encrypted = sum(info.flag_bits & 1 for info in wanted)
    budget = _Budget()
    for info in wanted:
        if budget.is_spent:
            return
        if info.flag_bits & 1:
            continue
        try:
            yield _member(clean(info.filename, 200), _zip_member(archive, info, budget))
        except UnrecognisedError as problem:
            yield problem
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
            self.end = (self.end + chunk)[-tarfile.BLOCKSIZE :]
        view = memoryview(buffer).cast("B")
        size = min(len(view), len(self._pending))
        view[:size] = self._pending[:size]
        self._pending = self._pending[size:]
        self.unbroken += size
        if self.unbroken > FILE_LIMIT:
            raise UnrecognisedError("a tar archive with too large a header", corrupt=True)
        return size


def tar_members(chunks: Iterator[bytes]) -> Iterator[Part | UnrecognisedError]:
    """The members of a tar archive but for images, with each problem in its place.

    Raises:
        UnrecognisedError: it is damaged or too large.
    """
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

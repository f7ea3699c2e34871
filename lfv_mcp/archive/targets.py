"""Where the files of an archive are written to: a directory, or the objects below an S3 prefix.

A file appears whole or not at all, under a name that has the digest of its content in it, so that
writing it twice, from two processes or after an interruption, changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from hashlib import blake2b, md5
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol

from lfv_mcp.errors import SetupError

Chunks = Iterable[bytes]
"""A file's content, cut anywhere."""
IN_MEMORY: Final = 1 << 20
"""Bytes of a content that are kept in memory until it is published; what is longer goes to disk."""


class PublishedFile(NamedTuple):
    """A file of a target.

    Args:
        name: its path below the target, with `/`.
        size: its bytes.
        etag: what S3 calls its content; of a directory what S3 would call it, if put in one part.
        is_new: whether it was not there before.
    """

    name: str
    size: int
    etag: str
    is_new: bool


class Target(Protocol):
    """Where files are written to."""

    location: str
    parallel: int
    """Files worth writing at one time."""

    def prepare(self) -> None:
        """Look what is there, before there is any work to lose; nothing is made yet.

        Raises:
            LfvError: it cannot be looked at.
        """
        ...

    def stage(self, chunks: Chunks, folder: str, *, in_memory: int = IN_MEMORY) -> StagedFile:
        """Take a whole content, where no reader sees it yet.

        Args:
            chunks: the content. What fails while they are read is raised as it is.
            folder: where the file will be, below the target, with `/`.
            in_memory: bytes that may be kept in memory.

        Raises:
            LfvError: the target cannot be written to.
        """
        ...

    def publish(self, staged: StagedFile, name: str, *, replace: bool = False) -> PublishedFile:
        """Let a staged content appear as a file.

        Args:
            staged: the content.
            name: the file's path below the target, with `/`.
            replace: whether another content of that name may be replaced.

        Raises:
            OccupiedError: there is another content of that name.
            LfvError: the target cannot be written to.
        """
        ...

    def names(self, folder: str = "") -> Iterable[str]:
        """The names of all files that are there, or of those right in one folder.

        Raises:
            LfvError: the target cannot be listed.
        """
        ...

    def read(self, name: str, limit: int | None = None) -> bytes:
        """The content of one file, or the start of it.

        Raises:
            OSError, LfvError: it cannot be read.
        """
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there.

        Raises:
            LfvError: it cannot be removed.
        """
        ...

    def close(self) -> None:
        """Remove what is staged and was not published."""
        ...


class OccupiedError(SetupError):
    """A file is there already with another content than its name says; nothing is overwritten."""

    def __init__(self, place: str) -> None:
        """Name the file."""
        super().__init__(
            "archive_unwritable",
            f"{place} is there already and is another file than the one to be written; it was left "
            "as it is.",
            "Move that file away and run this again.",
        )


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A content that has been read whole, and is not published yet.

    Args:
        digest: of the content, 16 hexadecimal digits.
        etag: MD5 of the content as S3 spells it.
        size: bytes.
        data: the content, if it is in memory.
        path: else the file that holds it.
    """

    digest: str
    etag: str
    size: int
    data: bytes | None = None
    path: str = ""

    def discard(self) -> None:
        """Free what it takes; does nothing after it was published."""
        if self.path:
            with suppress(OSError):
                Path(self.path).unlink(missing_ok=True)


class _Digest:
    """Digest, ETag and size of a content that passes by in chunks."""

    def __init__(self) -> None:
        self._digest = blake2b(digest_size=8)
        self._md5 = md5(usedforsecurity=False)  # what S3 calls an ETag; nothing depends on it
        self.size = 0

    def add(self, chunk: bytes) -> None:
        """Take a chunk in."""
        self._digest.update(chunk)
        self._md5.update(chunk)
        self.size += len(chunk)

    def staged(self, *, data: bytes | None = None, path: str = "") -> StagedFile:
        """What has passed by, as a staged file."""
        etag = f'"{self._md5.hexdigest()}"'
        return StagedFile(self._digest.hexdigest(), etag, self.size, data, path)


class Spill(NamedTuple):
    """Where a content goes that is too long for the memory.

    Args:
        open: opens a new file, and says where it is.
        failures: what surrounds each use of that file: makes its errors those of the target.
    """

    open: Callable[[], tuple[BinaryIO, str]]
    failures: Callable[[], AbstractContextManager[None]]


def stage(chunks: Chunks, in_memory: int, spill: Spill) -> StagedFile:
    """Read a content whole, into memory or, if it is too long for that, into a file.

    What fails while the chunks are read is raised as it is: it is the source's failure, and must
    not be taken for one of the target.

    Args:
        chunks: the content.
        in_memory: bytes that may be kept in memory.
        spill: where a longer one goes.

    Raises:
        LfvError: that file cannot be written.
    """
    digest, kept, source = _Digest(), bytearray(), iter(chunks)
    for chunk in source:
        digest.add(chunk)
        kept += chunk
        if digest.size > in_memory:
            break
    else:
        return digest.staged(data=bytes(kept))
    with spill.failures():
        out, path = spill.open()
    staged = digest.staged(path=path)
    try:
        with out:
            with spill.failures():
                out.write(kept)
            for chunk in source:
                digest.add(chunk)
                with spill.failures():
                    out.write(chunk)
            with spill.failures():
                out.flush()
                os.fsync(out.fileno())
    except BaseException:
        staged.discard()
        raise
    return digest.staged(path=path)

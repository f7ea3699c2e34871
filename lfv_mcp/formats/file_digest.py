"""`FileDigest`: which file an answer rests on, to the byte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import IO, Final, NamedTuple

_NAMED: Final = 12
"""Files of one source that are named one by one: a successor may have written one an image."""


class FileDigest(NamedTuple):
    """Which file was read: where it is, and its SHA-256 in hexadecimal."""

    place: str
    sha256: str


class DigestedStream:
    """A stream whose SHA-256 is known once it has been read to its end."""

    def __init__(self, stream: IO[bytes], place: str) -> None:
        """Read this stream of the file at `place`; an empty one says that it is no file."""
        self._stream = stream
        self._place = place
        self._hash = sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes, `size` at most.

        Raises:
            OSError, LfvError: the file cannot be read any further.
        """
        data = self._stream.read(size)
        self._hash.update(data)
        return data

    def digest(self) -> FileDigest | None:
        """What was read; None for what is no file of its own, or goes on."""
        if not self._place or self._stream.read(1):
            return None
        return FileDigest(self._place, self._hash.hexdigest())


def digested(chunks: Iterable[bytes], place: str, digests: list[FileDigest]) -> Iterator[bytes]:
    """The chunks as they are; when the last has been taken, the file's digest joins the others."""
    found = sha256()
    for chunk in chunks:
        found.update(chunk)
        yield chunk
    digests.append(FileDigest(place, found.hexdigest()))


def shortened(digests: Sequence[FileDigest]) -> Sequence[FileDigest]:
    """The files of one source; of very many, one digest that `sha256sum` gives, too."""
    if len(digests) <= _NAMED:
        return digests
    ordered = sorted(digests)
    listed = "".join(f"{each.sha256}  {each.place}\n" for each in ordered)
    place = (
        f"the lines that sha256sum prints of {len(ordered):,} files, sorted by name, from "
        f"{ordered[0].place} to {ordered[-1].place}"
    )
    return [FileDigest(place, sha256(listed.encode("utf-8", "replace")).hexdigest())]

"""What reading a file's bytes may come to: the error that says what they are instead, and limits.

How bytes become records, each step in a module: `containers` (gzip, zip, tar), `encodings` (UTF-8,
UTF-16, code pages), `notations` (JSON, YAML, printed Python), `documents` (all of it),
`recognition` (which documents are records).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

FILE_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of one file, unpacked; an answer has kilobytes. Manifests are read by line instead."""
MANIFEST_LIMIT: Final = 1024 * 1024 * 1024
"""Bytes of a manifest, unpacked: the service's own limit."""
CHUNK: Final = 1024 * 1024
"""Bytes that are read or unpacked at a time."""
SERVICE: Final = "lookoutvision"
"""In every ARN of the service, and so in every record: what does not have it holds none."""


class UnrecognisedError(Exception):
    """Not a record that can be read; the message says what it is instead, and what to do.

    Args:
        message: one line, without the file's name.
        corrupt: the file may once have been a record (broken JSON, cut gzip).
        convertible: the file may hold records in a spelling that is not read, for safety; the
            message has the line that converts it. What is neither corrupt nor convertible is
            foreign: it is something else, and nothing is missing without it.
        read: no record is missing: the message says what of the file is not as it was saved.
    """

    def __init__(
        self,
        message: str,
        *,
        corrupt: bool = False,
        convertible: bool = False,
        read: bool = False,
    ) -> None:
        """Keep the message, and whether the file may hold a record all the same."""
        super().__init__(message)
        self.corrupt = corrupt
        self.convertible = convertible
        self.read = read

    @property
    def is_unread(self) -> bool:
        """Whether a record may be missing because of this: every answer it could change says so."""
        return self.corrupt or self.convertible


def too_large(limit: int) -> UnrecognisedError:
    """The problem of a file that has more bytes than the limit, which is whole mebibytes."""
    return UnrecognisedError(f"larger than {limit >> 20} MiB", corrupt=True)


class Readable(Protocol):
    """What bytes can be read from, one after the other."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, `size` at most; none at the end."""
        ...


def read_chunks(stream: Readable) -> Iterator[bytes]:
    """A stream's bytes, a mebibyte at a time.

    Raises:
        UnrecognisedError: it cannot be read any further.
    """
    try:
        while chunk := stream.read(CHUNK):
            yield chunk
    except OSError as error:
        raise UnrecognisedError(
            f"cannot be read: {error.strerror or error}", corrupt=True
        ) from error

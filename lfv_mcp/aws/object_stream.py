"""An object of S3 as a stream that goes on from where its connection broke off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol, Self

from lfv_mcp.errors import LfvError

_MAX_RESUMES: Final = 2
"""Times that one object is asked for again; the stream then fails as its last connection did."""
_SKIPPED_AT_ONCE: Final = 1024 * 1024


class _Body(Protocol):
    """What is read of botocore's response body."""

    def read(self, amt: int | None = None) -> bytes: ...

    def close(self) -> None: ...


class ObjectPart(NamedTuple):
    """The body of a reply, the byte of the object at which it begins, and the object's ETag.

    `size` is that of the whole object; None if the reply does not say.
    """

    body: _Body
    first: int
    etag: str
    size: int | None = None


class ObjectStream:
    """Reads an object from one byte on. Not safe between threads.

    Args:
        request: asks for the object from a byte on; with an ETag only if it still has that.
        start: the first byte.
    """

    def __init__(self, request: Callable[[int, str], ObjectPart], start: int) -> None:
        """Ask for the object."""
        self._request = request
        self._position = start
        self._resumes = 0
        self._part = request(start, "")
        self._skip_to_position()

    @property
    def stamp(self) -> str:
        """The ETag of the object that is read."""
        return self._part.etag

    def __enter__(self) -> Self:
        """The stream itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give the connection back."""
        self._part.body.close()

    @property
    def size(self) -> int | None:
        """Bytes of the whole object; None if the server does not say."""
        return self._part.size

    def read(self, size: int = -1) -> bytes:
        """Up to so many bytes, or all that are left; fewer only at the end.

        Raises:
            Exception: botocore's, when the connection broke off again and again.
        """
        pieces: list[bytes] = []
        left = size
        while True:
            try:
                piece = self._part.body.read(None if size < 0 else left)
            except (LfvError, MemoryError):
                raise
            except Exception:
                self._resume()
                continue
            self._position += len(piece)
            pieces.append(piece)
            left -= len(piece)
            if size < 0 or not piece or left <= 0:
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _resume(self) -> None:
        """Ask for the rest; the caller's exception is let out if that was done too often."""
        self._part.body.close()
        if self._resumes == _MAX_RESUMES:
            raise
        self._resumes += 1
        self._part = self._request(self._position, self._part.etag)
        self._skip_to_position()

    def _skip_to_position(self) -> None:
        """Of a server that knows no ranges, which answers with the whole object."""
        left = self._position - self._part.first
        while left > 0 and (skipped := self._part.body.read(min(left, _SKIPPED_AT_ONCE))):
            left -= len(skipped)

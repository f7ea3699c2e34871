"""The work that reading one file may take: bounded, whatever stands in it.

JSON is read at tens of megabytes a second. What is read otherwise (printed Python, YAML, JSON in a
text, places that turn out to be no JSON) takes up to a thousand times as long, so 64 MiB of it
could hold a thread of the index for minutes. Work is counted in characters looked at and not in
seconds: the same file is read to the same place on every machine.
"""

from __future__ import annotations

from typing import Final

from lfv_mcp.formats.decoding import UnrecognisedError

ALLOWED: Final = 64 * 1024 * 1024
"""Characters of work that any file may take; it is less than a second."""
ALLOWED_PER_BYTE: Final = 192
"""Characters of work that a file may take for each of its bytes; YAML takes most of them."""
MOST: Final = 1024 * 1024 * 1024
"""Characters of work that no file may exceed; about ten seconds."""


class TooMuchWorkError(UnrecognisedError):
    """A file that is not read to its end because that would take too long."""


class Work:
    """The work that one file may still take, with all members of an archive.

    Args:
        size: bytes of it that are known already.
    """

    def __init__(self, size: int = 0) -> None:
        self._allowed = self._left = ALLOWED
        self._size = 0
        self.allow(size)

    def allow(self, size: int) -> None:
        """Add what a number of further bytes may take."""
        self._size += size
        more = min(size * ALLOWED_PER_BYTE, MOST - self._allowed)
        self._allowed += more
        self._left += more

    def spend(self, characters: int) -> None:
        """Take work off.

        Args:
            characters: as many as a fast reader looks at in the time; a hundred are a microsecond.

        Raises:
            TooMuchWorkError: none is left. It is so for all that the file still has.
        """
        self._left -= characters
        if self._left < 0:
            raise TooMuchWorkError(
                f"takes too much work to read: {_in_words(self._size)} of text with too many "
                "places that are no JSON, or no record; not read to its end; save the answers "
                "alone, one JSON document a line",
                convertible=True,
            )


def _in_words(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB" if size >= 1 << 20 else f"{-(-size // 1024)} KiB"

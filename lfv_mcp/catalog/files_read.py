"""The files that answers rest on, noted while they are read for them.

Asked for afterwards, a digest could be that of a file which has come in the place of another.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar

from lfv_mcp.formats.file_digest import FileDigest

_NOTED: ContextVar[dict[FileDigest, None] | None] = ContextVar("files_read", default=None)


@contextmanager
def noted_files() -> Generator[Collection[FileDigest]]:
    """The evaluation files and prediction sets that answers within this context rest on."""
    noted: dict[FileDigest, None] = {}
    token = _NOTED.set(noted)
    try:
        yield noted.keys()
    finally:
        _NOTED.reset(token)


def note_files(digests: Iterable[FileDigest]) -> None:
    """Say that an answer rests on these; of no effect where nobody wants to know."""
    if (noted := _NOTED.get()) is not None:
        noted.update(dict.fromkeys(digests))

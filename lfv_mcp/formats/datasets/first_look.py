"""Whether a file may be a dataset at all, at once and without what reads one."""

from __future__ import annotations

from typing import Final

_START: Final = 4096
_HEADERS: Final = (b"split", b"index", b"mask")
"""Of anomalib's table the columns that no other table of images and labels has."""


def may_be_dataset(head: bytes) -> bool:
    """A quick look: an archive may have 200,000 files that are something else."""
    if b"source-ref" in head or b"\0" in head[:64]:  # UTF-16
        return True
    start = head[:_START].lower()
    if b"s3://" in start:
        return True
    header = start.lstrip().partition(b"\n")[0]
    return any(word in header for word in _HEADERS)

"""`Gathering`: the lines of a dataset as they are read, and what of them is of no use."""

from __future__ import annotations

from collections import Counter
from typing import Final

from lfv_mcp.formats.datasets.dataset import (
    Dataset,
    DatasetForm,
    DatasetLine,
    Split,
    UnreadableLine,
)
from lfv_mcp.formats.decoding import UnrecognisedError

LINES_KEPT: Final = 100_000
"""Images of one source; the service allowed 16,000 for training and 4,000 for the test."""
_LOCATED: Final = 20
"""Lines of no use that are located; the others are counted."""


class Gathering:
    """The images of one split that were read so far."""

    def __init__(self) -> None:
        self.lines: list[DatasetLine] = []
        self.unreadable: Counter[str] = Counter()
        self.first_unreadable: list[UnreadableLine] = []

    def add(self, read: DatasetLine | str, number: int) -> None:
        """Keep an image, or count why a line has none.

        Raises:
            UnrecognisedError: there are too many.
        """
        if not isinstance(read, str):
            if len(self.lines) >= LINES_KEPT:
                raise too_many_images()
            self.lines.append(read)
            return
        self.unreadable[read] += 1
        if len(self.first_unreadable) < _LOCATED:
            self.first_unreadable.append(UnreadableLine(number, read))

    def take_unreadable(self, other: Gathering) -> None:
        """Count the lines of no use of another one, too."""
        self.unreadable += other.unreadable
        located = sorted((*self.first_unreadable, *other.first_unreadable))
        self.first_unreadable = located[:_LOCATED]

    def dataset(self, name: str, form: DatasetForm, split: Split, *, cut: bool) -> Dataset:
        """What was read, as a dataset."""
        return Dataset(
            name,
            form,
            split,
            tuple(self.lines),
            dict(self.unreadable),
            tuple(self.first_unreadable),
            cut,
        )


def too_many_images() -> UnrecognisedError:
    """The problem of a dataset that is larger than any that the service had."""
    return UnrecognisedError(
        f"a dataset of more than {LINES_KEPT:,} images; split it into several files",
        convertible=True,
    )

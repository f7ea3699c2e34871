"""What one dataset holds: its counts, its class words, and the images that it lists repeatedly."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lfv_mcp.formats.datasets.dataset import Dataset, DatasetLine
from lfv_mcp.formats.datasets.image_objects import ImageListing
from lfv_mcp.results.dataset_check import CheckedSet


class RepeatedImage(NamedTuple):
    """An image that several lines of one set have.

    Args:
        lines: these lines, at least two; their names differ if their contents are equal.
        is_contradictory: some say anomaly and some say normal.
    """

    lines: tuple[DatasetLine, ...]
    is_contradictory: bool


@dataclass(frozen=True, slots=True)
class SetContents:
    """What one dataset holds.

    Args:
        dataset: the set.
        images: different names of images.
        anomaly, normal, unlabelled: lines.
        words: lines by class word, as it was written, the most frequent first.
        unknown_words: those of them that name no class that anybody knows.
        repeated: images of several lines, in the order of the first of them.
    """

    dataset: Dataset
    images: int
    anomaly: int
    normal: int
    unlabelled: int
    words: Mapping[str, int]
    unknown_words: Mapping[str, int]
    repeated: tuple[RepeatedImage, ...]

    @property
    def unreadable(self) -> int:
        """Lines of no use."""
        return sum(self.dataset.unreadable.values())

    @property
    def contradictory(self) -> tuple[RepeatedImage, ...]:
        """The repeated images that are said to be an anomaly and to be normal."""
        return tuple(each for each in self.repeated if each.is_contradictory)

    def to_result(self) -> CheckedSet:
        """The counts, as the answer has them."""
        contradictory = len(self.contradictory)
        return CheckedSet(
            name=self.dataset.name,
            images=self.images,
            anomaly=self.anomaly,
            normal=self.normal,
            unlabelled=self.unlabelled,
            unreadable_lines=self.unreadable,
            repeated_images=len(self.repeated) - contradictory,
            contradictory_labels=contradictory,
        )


def contents_of(dataset: Dataset, objects: ImageListing | None = None) -> SetContents:
    """Count a dataset.

    Args:
        dataset: the set.
        objects: a listing that tells which images of different names have one content.
    """
    classes = Counter(line.anomalous for line in dataset.lines)
    words = Counter(line.word for line in dataset.lines if line.word)
    unknown = Counter(line.word for line in dataset.lines if line.word and line.anomalous is None)
    return SetContents(
        dataset,
        images=len({line.image for line in dataset.lines}),
        anomaly=classes[True],
        normal=classes[False],
        unlabelled=classes[None],
        words=dict(words.most_common()),
        unknown_words=dict(unknown.most_common()),
        repeated=tuple(_repeated(dataset.lines, objects)),
    )


def _repeated(lines: Sequence[DatasetLine], objects: ImageListing | None) -> list[RepeatedImage]:
    """Images of one content, and of one name where the content is not known."""
    contents: dict[str, tuple[str, int]] = {}
    for line in lines:
        if line.image not in contents and (content := _content(line, objects)):
            contents[line.image] = content
    groups: dict[Hashable, list[DatasetLine]] = defaultdict(list)
    for line in lines:
        groups[contents.get(line.image, line.image)].append(line)
    return [
        RepeatedImage(tuple(group), {True, False} <= {line.anomalous for line in group})
        for group in groups.values()
        if len(group) > 1
    ]


def _content(line: DatasetLine, objects: ImageListing | None) -> tuple[str, int] | None:
    """The ETag and the size of an image, which prove that two are of one content."""
    size, etag = line.size, line.etag
    if size is None and objects is not None and (found := objects.find(line.image)) is not None:
        size, etag = found.size, found.etag
    return (etag, size) if etag and size else None

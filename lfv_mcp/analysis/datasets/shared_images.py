"""Which images two datasets share, each by the best evidence there is.

A URI says it, and so do an ETag and a size that are equal: they are of one content. A key says it
unless the sizes differ, or the MD5s. A name alone is a hint. Two different ETags of another kind
prove nothing: the same file, put in parts, gets another one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from lfv_mcp.analysis.image_identity import match_images
from lfv_mcp.formats.datasets.dataset import DatasetLine
from lfv_mcp.formats.datasets.image_objects import ImageListing, ImageObject
from lfv_mcp.results.dataset_check import Evidence

EVIDENCE: Final[tuple[Evidence, ...]] = ("uri", "content", "key", "name")
"""The kinds of evidence, the best first."""


class SharedImage(NamedTuple):
    """An image of the second set, what it is in the first one, and by which evidence."""

    first: str
    second: str
    evidence: Evidence

    @property
    def is_hint(self) -> bool:
        """Whether only the name is shared."""
        return self.evidence == "name"


@dataclass(frozen=True, slots=True)
class Shared:
    """The images that two sets share.

    Args:
        pairs: each image of the second set once, by its best evidence, in that set's order. One of
            the first may be several of the second, which are copies of it.
        collisions: images of either set that are not unique by key or name; in no pair.
        same_keys: those of them that have the key of several others, so that they may be shared.
        refuted: how many of the second set have the key or the name of one of the first, but are
            another image, as their sizes or MD5s prove.
    """

    pairs: tuple[SharedImage, ...] = ()
    collisions: tuple[str, ...] = ()
    refuted: int = 0
    same_keys: tuple[str, ...] = ()

    @property
    def same(self) -> tuple[SharedImage, ...]:
        """Those that are the same images: by URI, content or key."""
        return tuple(pair for pair in self.pairs if not pair.is_hint)

    @property
    def hints(self) -> tuple[SharedImage, ...]:
        """Those of which only the name is the same."""
        return tuple(pair for pair in self.pairs if pair.is_hint)


def shared_images(
    first: Iterable[DatasetLine], second: Iterable[DatasetLine], objects: ImageListing | None = None
) -> Shared:
    """The images of the second set that the first one has too.

    Args:
        first: lines of one set, such as the training images.
        second: lines of the other set, such as the test images.
        objects: a listing that tells sizes and ETags where the lines have none.
    """
    of_first, of_second = _contents(first, objects), _contents(second, objects)
    by_content: dict[tuple[str, int], str] = {}
    for image, content in of_first.items():
        if content is not None and content.etag and content.size:
            by_content.setdefault((content.etag, content.size), image)
    proven = {
        image: by_content[content.etag, content.size]
        for image, content in of_second.items()
        if content is not None and (content.etag, content.size) in by_content
    }
    refuted: set[str] = set()

    def differ(one: str, other: str) -> bool:
        are_other = _are_other_contents(of_first[one], of_second[other])
        if are_other:
            refuted.add(other)
        return are_other

    matches = match_images(of_first, of_second, names=True, proven=proven, differ=differ)
    pairs = tuple(
        SharedImage(matches.found[image], image, evidence)
        for image in of_second
        if image in matches.found
        for evidence in (_evidence(image, matches.found[image], proven, matches.hints),)
    )
    unproven = len(refuted - matches.found.keys())
    return Shared(pairs, matches.collisions, unproven, matches.same_keys)


def _evidence(image: str, found: str, proven: dict[str, str], hints: frozenset[str]) -> Evidence:
    if image == found:
        return "uri"
    if image in proven:
        return "content"
    return "name" if image in hints else "key"


def _contents(
    lines: Iterable[DatasetLine], objects: ImageListing | None
) -> dict[str, ImageObject | None]:
    """What is known of the content of each image: from its line, else from the listing."""
    contents: dict[str, ImageObject | None] = {}
    for line in lines:
        if contents.get(line.image) is None:
            contents[line.image] = _content(line, objects)
    return contents


def _content(line: DatasetLine, objects: ImageListing | None) -> ImageObject | None:
    if line.size is not None:
        return ImageObject(line.size, line.etag)
    return objects.find(line.image) if objects is not None else None


def _are_other_contents(one: ImageObject | None, other: ImageObject | None) -> bool:
    """Whether two contents are known to be different ones."""
    if one is None or other is None:
        return False
    if one.size != other.size:
        return True
    return bool(one.plain_md5 and other.plain_md5 and one.plain_md5 != other.plain_md5)

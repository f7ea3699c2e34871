"""Test images that the model behind a prediction set was trained on: its verdicts there prove
nothing, and are taken out of every figure.

Which ones they are is known by URI, by content (ETag and size) or by key. What shares only the name
of a training image stays, and is said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace

from lfv_mcp.analysis.datasets.shared_images import SharedImage, shared_images
from lfv_mcp.analysis.image_identity import Matches, image_path
from lfv_mcp.formats.datasets.dataset import DatasetLine
from lfv_mcp.formats.datasets.image_objects import ImageListing, is_placed
from lfv_mcp.formats.predictions.prediction_set import PredictionSet


@dataclass(frozen=True, slots=True)
class TrainingOverlap:
    """What the images that a set answers, or should answer, have in common with its training.

    Args:
        is_known: whether all of the training is known: somebody said it, and it could be read.
        tests: test images of the reference that it was trained on, in order; of a set without a
            reference its own images.
        others: the same of images beyond the reference.
        hints: images that share only the name of a training image, or a key that is not unique.
        unread: training images that could not be read.
    """

    is_known: bool = False
    tests: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    unread: int = 0

    @property
    def images(self) -> frozenset[str]:
        """All images that it was trained on."""
        return frozenset((*self.tests, *self.others))


UNKNOWN = TrainingOverlap()
"""Of a set of which nobody said what its model was trained on."""


def training_overlap(
    predictions: PredictionSet, reference: Collection[str], names: Mapping[str, str]
) -> TrainingOverlap:
    """The test images that a set's model was trained on.

    Args:
        predictions: the set.
        reference: the images of the test, by their names there; empty if there is no such test.
        names: of each image of the set, its name in the reference; its own where it has none.
    """
    training = predictions.training
    if training is None:
        return UNKNOWN
    listing = predictions.listing
    tests = _shared(training, {image: image for image in reference}, listing)
    # A system's own path may be that of its training, where the old one is another place's.
    own = {image: name for image, name in names.items() if image not in reference}
    answered = _shared(training, own, listing)
    same = {*tests.same, *answered.same}
    everything = dict.fromkeys((*reference, *names.values()))
    return TrainingOverlap(
        is_known=not predictions.training_unread,
        tests=tuple(i for i in everything if i in same and (i in reference or not reference)),
        others=tuple(i for i in everything if i in same and i not in reference and reference),
        hints=tuple(i for i in everything if i in (tests.hints | answered.hints) - same),
        unread=predictions.training_unread,
    )


@dataclass(frozen=True, slots=True)
class _Shared:
    """Test images that are training images, and those that may be."""

    same: frozenset[str]
    hints: frozenset[str]


def _shared(
    training: Iterable[DatasetLine], names: Mapping[str, str], listing: ImageListing | None
) -> _Shared:
    """What is shared, by the names of the test.

    Args:
        training: the training images.
        names: of each image as it is spelled here, its name in the test.
        listing: tells sizes and ETags.
    """
    found = shared_images(training, _lines(names, listing), listing)
    same = {names[pair.second] for pair in found.pairs if _is_same(pair)}
    hints = {names[pair.second] for pair in found.pairs if not _is_same(pair)}
    hints.update(names[image] for image in found.collisions if image in names)
    return _Shared(frozenset(same), frozenset(hints - same))


def _lines(names: Mapping[str, str], listing: ImageListing | None) -> Iterator[DatasetLine]:
    """The images as they are spelled, with what is listed of them under either name."""
    for image, name in names.items():
        found = listing and (listing.find(image) or listing.find(name))
        size, etag = (found.size, found.etag) if found else (None, "")
        yield DatasetLine(image, None, size=size, etag=etag)


def _is_same(pair: SharedImage) -> bool:
    """Whether it is one image: a name that both spell alike is a URI only if it is a whole path."""
    if pair.evidence != "uri":
        return not pair.is_hint
    return is_placed(pair.second) or image_path(pair.second).is_anchor


def matches_without(matches: Matches, images: Set[str]) -> Matches:
    """The matches of all other images of the reference."""
    if not images:
        return matches
    found = {image: name for image, name in matches.found.items() if name not in images}
    by_uri = sum(image == name for image, name in found.items())
    hints = matches.hints & found.keys()
    return replace(
        matches,
        found=found,
        by_uri=by_uri,
        by_key=len(found) - by_uri - len(hints),
        by_name=len(hints),
        hints=frozenset(hints),
    )

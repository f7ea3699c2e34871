"""Which images and masks of datasets are there, by a listing of the places that a person named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from lfv_mcp.analysis.image_identity import image_path
from lfv_mcp.formats.datasets.dataset import Dataset
from lfv_mcp.formats.datasets.image_objects import ImageListing, Presence

FileKind = Literal["images", "masks"]
Presences = dict[str, Presence | None]
"""Of each image, whether it is there; None: it lies below no place that was listed."""
_SUGGESTED: Final = 3
"""Prefixes that are suggested for `--images`."""
_PLACE: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]*/|/")
"""The bucket of an image, or this machine."""

_SYNTHETIC: Final = "s3://sample-lookoutvision-1a2b3c4d5e/"
"""The bucket of the sample, which is nobody's: anybody could register it, so nobody is sent there.
"""


@dataclass(frozen=True, slots=True)
class ImagePresence:
    """Which images and masks are there, each of them once.

    Args:
        images: of each image; of a set that is a listing, it is there.
        masks: of each mask.
        is_looked_up: a person named a place to list.
        misspelt: gone images and masks that are there under another spelling of their key
            (percent-encoding, composed or decomposed letters, the case of the extension).
    """

    images: Presences
    masks: Presences
    is_looked_up: bool
    misspelt: tuple[str, ...] = ()

    def named(self, presence: Presence | None, kind: FileKind) -> list[str]:
        """The images or masks of which this is known, in the order of the sets."""
        held = self.images if kind == "images" else self.masks
        return [image for image, known in held.items() if known == presence]

    def count(self, kind: FileKind) -> int | None:
        """How many are gone; None if nobody has looked anywhere where they could be."""
        held = self.images if kind == "images" else self.masks
        if held and not any(known in ("present", "gone", "archived") for known in held.values()):
            return None
        if not held and not self.is_looked_up:
            return None
        return len(self.named("gone", kind))


def presence_of(datasets: Iterable[Dataset], listing: ImageListing | None) -> ImagePresence:
    """Look up every image and mask of datasets in a listing; None if there is none."""
    known: Callable[[str], Presence | None] = (
        listing.presence if listing is not None else lambda _: None
    )
    images: Presences = {}
    masks: Presences = {}
    for dataset in datasets:
        is_listing = dataset.form == "folders"
        for line in dataset.lines:
            if images.get(line.image) is None:
                found = known(line.image)
                images[line.image] = "present" if is_listing and found != "archived" else found
            if line.mask and line.mask not in masks:
                masks[line.mask] = known(line.mask)
    gone = [name for held in (images, masks) for name, each in held.items() if each == "gone"]
    misspelt = tuple(_misspelt(gone, listing)) if gone and listing is not None else ()
    return ImagePresence(images, masks, listing is not None, misspelt)


def _misspelt(gone: Iterable[str], listing: ImageListing) -> Iterator[str]:
    there = {_spelling(uri) for uri in listing.objects}
    return (name for name in gone if _spelling(name) in there)


def _spelling(image: str) -> tuple[str, tuple[str, ...]]:
    """The bucket of an image, and its key as every system would spell it."""
    scheme, _, rest = image.partition("://")
    return rest.partition("/")[0] if scheme == "s3" else "", image_path(image).parts


def wanted_of(datasets: Iterable[Dataset]) -> Callable[[str], bool]:
    """Whether a listed file is of use for these datasets: their image or mask, however spelled."""
    spellings = {
        image_path(name).parts
        for dataset in datasets
        for line in dataset.lines
        for name in (line.image, line.mask)
        if name
    }
    return lambda uri: not uri.startswith("s3://") or image_path(uri).parts in spellings


def is_synthetic(image: str) -> bool:
    """Whether an image is one of the sample, which exists nowhere."""
    return image.startswith(_SYNTHETIC)


def suggested_prefixes(images: Iterable[str]) -> list[str]:
    """The folder above all images of each bucket or of this machine; the most images first."""
    folders: dict[str, tuple[int, str]] = {}
    for image in images:
        found = _PLACE.match(image)
        if found is None or is_synthetic(image):  # a relative path, or no bucket's name
            continue
        place = found[0]
        count, folder = folders.get(place, (0, image))
        while not image.startswith(folder) or not folder.endswith("/"):
            folder = folder.rstrip("/").rpartition("/")[0] + "/"
        folders[place] = count + 1, folder
    most_first = sorted(folders.values(), key=lambda each: -each[0])
    return [folder for _, folder in most_first[:_SUGGESTED]]

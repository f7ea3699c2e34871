"""Which images that manifests name are still there, by what was listed and no image opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from lfv_mcp.analysis.image_identity import match_images
from lfv_mcp.formats.datasets.image_objects import ImageListing, Presence
from lfv_mcp.results.inventory import HeldImages


def presences(images: Iterable[str], listing: ImageListing) -> Mapping[str, Presence]:
    """Whether each image is there; those that lie below no prefix that was listed are left out.

    An image that its own URI does not lead to is looked for by its key: buckets are copied, and
    AWS's export script wrote images under another prefix. By its name alone it is not found.
    """
    asked = list(dict.fromkeys(images))
    found: dict[str, Presence | None] = {image: listing.presence(image) for image in asked}
    elsewhere = [image for image, presence in found.items() if presence in (None, "gone")]
    if elsewhere and listing.objects:
        copies = match_images(listing.objects, elsewhere, names=False).found
        for image, copy in copies.items():
            found[image] = "archived" if listing.objects[copy].archived else "present"
    return {image: presence for image, presence in found.items() if presence is not None}


def counted(presences: Mapping[str, Presence]) -> HeldImages | None:
    """How many images are there, or not; None if nobody looked for any."""
    if not presences:
        return None
    counts = Counter(presences.values())
    return HeldImages(
        present=counts["present"],
        gone=counts["gone"],
        archived=counts["archived"],
        forbidden=counts["forbidden"],
    )

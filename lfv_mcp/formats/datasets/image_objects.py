"""What a listing says of image files: `ImageObject`, and `ImageListing`, which has them by URI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Presence = Literal["present", "gone", "archived", "forbidden"]
"""Of an image below a listed prefix: listed; not listed; listed in a class that must be restored
before it can be read; below a prefix that may not be listed."""


class ImageObject(NamedTuple):
    """An image or mask file as its store lists it.

    Args:
        size: bytes.
        etag: what S3 calls its content, without quotation marks; empty where no store tells.
        archived: it must be restored before it can be read (Glacier classes).
    """

    size: int
    etag: str = ""
    archived: bool = False

    @property
    def plain_md5(self) -> str:
        """The ETag if it is the MD5 of the content (no multipart upload), else empty."""
        return self.etag if len(self.etag) == 32 and "-" not in self.etag else ""


@dataclass(frozen=True, slots=True)
class ImageListing:
    """What was listed below the prefixes that a person named.

    Args:
        objects: every file below them, by URI (or absolute path).
        prefixes: those that were listed whole.
        forbidden: those that may not be listed.
    """

    objects: Mapping[str, ImageObject] = field(default_factory=dict[str, ImageObject])
    prefixes: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()

    def presence(self, image: str) -> Presence | None:
        """Whether an image is there; None if it lies below no prefix that was named."""
        if (found := self.objects.get(image)) is not None:
            return "archived" if found.archived else "present"
        if any(image.startswith(prefix) for prefix in self.forbidden):
            return "forbidden"
        return "gone" if any(image.startswith(prefix) for prefix in self.prefixes) else None

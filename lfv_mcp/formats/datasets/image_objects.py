"""What a listing says of image files: `ImageObject`, and `ImageListing`, which has them by URI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

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
        prefixes: those that were listed whole; folders end with their separator.
        forbidden: those that may not be listed.
    """

    objects: Mapping[str, ImageObject] = field(default_factory=dict[str, ImageObject])
    prefixes: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()

    def find(self, image: str) -> ImageObject | None:
        """The object of an image; a relative path is looked for in each folder of this machine."""
        if (found := self.objects.get(image)) is not None or is_placed(image):
            return found
        relative = image.removeprefix("./").replace("\\", "/")
        places = (prefix for prefix in self.prefixes if not prefix.startswith("s3://"))
        return next(filter(None, (self.objects.get(f"{each}{relative}") for each in places)), None)

    def presence(self, image: str) -> Presence | None:
        """Whether an image is there; None if it lies below no prefix that was named."""
        if (found := self.find(image)) is not None:
            return "archived" if found.archived else "present"
        named = (prefix for prefix in (*self.prefixes, *self.forbidden) if image.startswith(prefix))
        nearest = max(named, key=len, default="")
        if not nearest:
            return None
        return "forbidden" if nearest in self.forbidden else "gone"


_PLACED: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\~]")


def is_placed(image: str) -> bool:
    """Whether an image is a URI or an absolute path, so that no folder is needed to find it."""
    return _PLACED.match(image) is not None

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


@dataclass(frozen=True, slots=True)
class ImageListing:
    """What was listed below the prefixes that a person named.

    Args:
        objects: every file below them, by URI (or absolute path).
        prefixes: those that were listed whole; folders end with their separator, and what does
            not is a file.
        forbidden: those that may not be listed, in the same spelling.
    """

    objects: Mapping[str, ImageObject] = field(default_factory=dict[str, ImageObject])
    prefixes: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()

    def find(self, image: str) -> ImageObject | None:
        """The object of an image; a relative path is looked for in each folder of this machine."""
        if (found := self.objects.get(image)) is not None or is_placed(image):
            return found
        relative = image.removeprefix("./").replace("\\", "/")
        places = (
            prefix
            for prefix in self.prefixes
            if prefix.endswith("/") and not prefix.startswith("s3://")
        )
        return next(filter(None, (self.objects.get(f"{each}{relative}") for each in places)), None)

    def presence(self, image: str) -> Presence | None:
        """Whether an image is there; None if it lies below no prefix that was named."""
        if (found := self.find(image)) is not None:
            return "archived" if found.archived else "present"
        named = (prefix for prefix in (*self.prefixes, *self.forbidden) if covers(prefix, image))
        nearest = max(named, key=len, default="")
        if not nearest:
            return None
        return "forbidden" if nearest in self.forbidden else "gone"


def covers(prefix: str, name: str) -> bool:
    """Whether a file or a folder lies below a prefix of a listing, or is it.

    A prefix of no folder is a file, of whose name others may begin.
    """
    return name == prefix or (prefix.endswith("/") and name.startswith(prefix))


_PLACED: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\~]")


def is_placed(image: str) -> bool:
    """Whether an image is a URI or an absolute path, so that no folder is needed to find it."""
    return _PLACED.match(image) is not None

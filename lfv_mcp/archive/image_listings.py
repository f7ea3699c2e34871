"""Which image files there are: one listing below each prefix that a person names.

No file is opened. A prefix that may not be listed says nothing of its images, and so does a folder
of this machine that cannot be looked into.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from lfv_mcp.archive.places import S3Place
from lfv_mcp.aws.s3 import S3
from lfv_mcp.aws.s3_listing import list_side_by_side
from lfv_mcp.errors import LfvError
from lfv_mcp.formats.datasets.image_objects import ImageListing, ImageObject

_DENIED: Final = "s3_access_denied"
_WAYS: Final = 4
"""Ways by which one folder is listed: links may lead round."""


def list_images(
    places: Iterable[S3Place | Path],
    s3: S3,
    *,
    wanted: Callable[[str], bool] = lambda _: True,
    advance: Callable[[], None] = lambda: None,
) -> ImageListing:
    """What is listed below prefixes of S3 and folders of this machine, each listed once.

    Args:
        places: the prefixes and folders; one below another is not listed again.
        s3: lists what is in S3.
        wanted: whether a file is kept, by its URI or absolute path: of millions of objects only
            those that a manifest names are of use.
        advance: called once for each file that is listed.

    Raises:
        LfvError: a place cannot be listed, for another reason than that it is forbidden.
    """
    objects: dict[str, ImageObject] = {}
    prefixes: list[str] = []
    forbidden: list[str] = []
    for prefix, place in sorted({_prefix_of(place): place for place in places}.items()):
        if any(prefix.startswith(listed) for listed in prefixes):
            continue
        prefixes.append(prefix)
        files = _of_bucket(place, s3) if isinstance(place, S3Place) else _of_folder(place)
        try:
            for uri, found in files:
                if found is None:
                    forbidden.append(uri)
                    continue
                advance()
                if wanted(uri):
                    objects[uri] = found
        except LfvError as error:
            if error.code != _DENIED:
                raise
            prefixes.remove(prefix)
            forbidden.append(prefix)
    return ImageListing(objects, tuple(prefixes), tuple(forbidden))


def _prefix_of(place: S3Place | Path) -> str:
    """What the URIs or paths of all files of a place begin with."""
    if isinstance(place, S3Place):
        return f"s3://{place.bucket}/{place.folder}"
    path = place.absolute()
    return str(path) if path.is_file() else f"{path.as_posix().rstrip('/')}/"


def _of_bucket(place: S3Place, s3: S3) -> Iterator[tuple[str, ImageObject]]:
    """Every object below a prefix, by its URI."""
    for each in list_side_by_side(s3, place.bucket, place.folder, restores=True):
        found = ImageObject(each.size, each.etag.strip('"'), each.archived)
        yield f"s3://{place.bucket}/{each.key}", found


def _of_folder(path: Path) -> Iterator[tuple[str, ImageObject | None]]:
    """Every file of a folder, by its absolute path; None of a folder that cannot be listed.

    Links are followed, for a manifest may name an image by way of one.
    """
    prefix = _prefix_of(path)
    if path.is_file():
        yield prefix, ImageObject(path.stat().st_size)
        return
    seen: Counter[tuple[int, int]] = Counter()
    folders = [prefix]
    for folder in folders:  # grows on the way, for a tree may be deeper than Python's stack
        try:
            found = os.stat(folder)  # noqa: PTH116 - the numbers alone are wanted
            seen[found.st_dev, found.st_ino] += 1
            if seen[found.st_dev, found.st_ino] > _WAYS:
                yield folder, None
                continue
            with os.scandir(folder) as listed:
                items = list(listed)
        except OSError:
            yield folder, None
            continue
        for item in items:
            if item.is_dir():
                folders.append(f"{folder}{item.name}/")
                continue
            with suppress(OSError):  # a link that leads nowhere: there is no such image
                yield f"{folder}{item.name}", ImageObject(item.stat().st_size)

"""The size of the images of a dataset: from the headers of held masks, else from a held package."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from errno import ENOENT
from itertools import islice
from pathlib import Path
from typing import IO, Final, NamedTuple, Protocol

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.reading import read_rest
from lfv_mcp.errors import CallerError, LfvError
from lfv_mcp.formats.datasets.dataset import Dataset
from lfv_mcp.formats.png import HEADER, ImageSize, png_size
from lfv_mcp.text import clean

_READ: Final = 3
"""Masks whose headers are read: all images of a project have one size."""
_TRIED: Final = 10
"""Masks that are tried, for some may be gone."""
_LEVELS: Final = 3
"""Folders above a manifest from which a relative path may count."""


class Objects(Protocol):
    """Opens objects of S3; `aws.s3.S3` is one."""

    def open(
        self, bucket: str, key: str, *, start: int = 0, limit: int | None = None
    ) -> AbstractContextManager[IO[bytes]]:
        """One object, or a part of it."""
        ...


class HeldSize(NamedTuple):
    """What held files say of the size of images.

    Args:
        size: None if nothing says it.
        file: what says it: the first mask that was read, or the packaged model.
        why_not: why none could be read, of the first that was tried; empty if there is none.
    """

    size: ImageSize | None = None
    file: str = ""
    why_not: str = ""


def held_mask_size(masks: Iterable[str], open_s3: Callable[[], Objects]) -> HeldSize:
    """The size of masks, from the first kilobyte of a few of them.

    Args:
        masks: places where masks may be, as `places_of_masks` has them.
        open_s3: opens S3, if any of them is there.

    Raises:
        CallerError: they have different sizes.
    """
    found: dict[str, ImageSize] = {}
    why_not = ""
    s3: Objects | None = None
    for mask in islice(dict.fromkeys(masks), _TRIED):
        try:
            if mask.startswith("s3://"):
                s3 = s3 or open_s3()
                head = _of_s3(s3, mask)
            else:
                head = _of_disk(Path(mask))
        except LfvError as error:
            why_not = why_not or f"{clean(mask, 300)}: {error.message}"
            continue
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            why_not = why_not or f"{clean(mask, 300)}: {why}."
            continue
        if (size := png_size(head)) is None:
            why_not = why_not or f"{clean(mask, 300)} is no PNG file."
            continue
        found[mask] = size
        if len(found) == _READ:
            break
    return _one_size(found, why_not)


def _one_size(found: dict[str, ImageSize], why_not: str) -> HeldSize:
    if not found:
        return HeldSize(why_not=why_not)
    (first, size), *others = found.items()
    for mask, other in others:
        if other != size:
            raise CallerError(
                "dataset_refused",
                f"The masks have more than one size: {clean(first, 300)} has {size}, "
                f"{clean(mask, 300)} has {other}.",
                "Make all images and masks of one size, or give that of the normal images with "
                "--mask-size WxH.",
            )
    return HeldSize(size, first)


def _of_disk(mask: Path) -> bytes:
    if not mask.is_file():  # a pipe would never end, and a manifest may name anything
        raise FileNotFoundError(ENOENT, "no such file", str(mask))
    with mask.open("rb") as file:
        return file.read(HEADER)


def packaged_size(archive: Archive) -> HeldSize:
    """The size of the images that a packaged model of an archive was trained on.

    Args:
        archive: where packages may be; of each no more than its manifest.json is read.

    Raises:
        LfvError: the archive cannot be read.
    """
    found: dict[ImageSize, str] = {}
    for held in archive.index().edge_packages:
        facts = archive.read_edge_package(held.ref)
        if facts.image_width is not None and facts.image_height is not None:
            found.setdefault(ImageSize(facts.image_width, facts.image_height), held.ref.name)
    if len(found) > 1:
        return HeldSize(why_not="the packaged models are of images of more than one size.")
    return next((HeldSize(size, name) for size, name in found.items()), HeldSize())


def _of_s3(s3: Objects, mask: str) -> bytes:
    bucket, _, key = mask.removeprefix("s3://").partition("/")
    with s3.open(bucket, key, limit=HEADER) as stream:
        return read_rest(stream, b"", HEADER)


def places_of_masks(datasets: Iterable[Dataset]) -> Iterator[str]:
    """Where the masks of datasets may be.

    A relative path may count from the folder of the manifest, or from one above it.
    """
    for dataset in datasets:
        # Of a member the folder of its archive counts; the name of a folder may have an "in", too.
        manifests = dict.fromkeys((dataset.name.rpartition(" in ")[2], dataset.name))
        for line in dataset.lines:
            if not line.mask:
                continue
            if "://" in line.mask or line.mask.startswith("/"):
                yield line.mask
                continue
            for manifest in manifests:
                least = len(("s3:", "", "bucket")) if "://" in manifest else 1
                for level in range(1, _LEVELS + 1):
                    if len(above := manifest.split("/")[:-level]) >= least:
                        yield "/".join([*above, line.mask])

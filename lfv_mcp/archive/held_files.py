"""What an archive holds beside records, read when it is asked for: datasets, edge packages, images.

An index knows of them no more than their starts tell, and of images nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from lfv_mcp.archive.fetched_file import chunks_of
from lfv_mcp.archive.places import S3Place
from lfv_mcp.archive.reading import may_be_record, read_part
from lfv_mcp.archive.store import FileStore
from lfv_mcp.formats.datasets.dataset import Dataset
from lfv_mcp.formats.datasets.image_objects import ImageListing, ImageObject
from lfv_mcp.formats.datasets.reader import read_datasets
from lfv_mcp.formats.edge_archives import PACKED_LIMIT, read_edge_tar, read_edge_zip
from lfv_mcp.formats.edge_package import EdgePackageFacts

_S3: Final = "s3://"


def datasets_in(files: FileStore, name: str) -> list[Dataset]:
    """The datasets of a file, which are known by its URI or its path.

    Raises:
        UnrecognisedError: it is no dataset, or cannot be read whole.
        OSError, LfvError: its bytes cannot be had.
    """
    with files.open(name) as stream:
        return read_datasets(_base_of(files.location) + name, chunks_of(stream))


def edge_package_in(files: FileStore, name: str, form: str, size: int) -> EdgePackageFacts:
    """What a packaged model tells; of its bytes no more are asked for than that takes.

    Args:
        files: where it is.
        name: its file.
        form: what holds it, `zip` or `tar`.
        size: bytes of the file.

    Raises:
        OSError, LfvError: its bytes cannot be had.
    """
    if form == "zip":
        return read_edge_zip(size, lambda start, length: read_part(files, name, start, length))
    with files.open(name, limit=min(size, PACKED_LIMIT)) as stream:
        return read_edge_tar(name, _chunks_to(stream, PACKED_LIMIT))


def _chunks_to(stream: IO[bytes], limit: int) -> Iterator[bytes]:
    for chunk in chunks_of(stream):
        yield chunk
        limit -= len(chunk)
        if limit <= 0:
            return


def images_in(files: FileStore) -> ImageListing:
    """The images in a store, by URI or absolute path; they are listed now, and none is opened.

    Raises:
        LfvError: the store cannot be listed.
    """
    objects: dict[str, ImageObject] = {}
    base: str | None = None
    for entry in files.entries():
        if may_be_record(entry):
            continue
        if base is None:  # of a place that is opened late the location is not known before
            base = _base_of(files.location)
        etag = entry.stamp.strip('"') if isinstance(entry.stamp, str) else ""
        objects[base + entry.name] = ImageObject(entry.size, etag, entry.archived)
    return ImageListing(objects, (_prefix_of(files.location),))


def _base_of(location: str) -> str:
    """What stands before a name that a store lists: S3 lists whole keys."""
    if location.startswith(_S3):
        return f"{_S3}{location.removeprefix(_S3).partition('/')[0]}/"
    path = Path(location).absolute()
    folder = path.parent if path.is_file() else path
    return f"{folder.as_posix().rstrip('/')}/"


def _prefix_of(location: str) -> str:
    """What the URIs or paths of all files of a store begin with."""
    if location.startswith(_S3):
        bucket, _, prefix = location.removeprefix(_S3).partition("/")
        return f"{_S3}{bucket}/{S3Place(bucket, prefix).folder}"
    path = Path(location).absolute()
    return path.as_posix() if path.is_file() else _base_of(location)

"""What an archive holds beside records, read when asked for: sets, datasets, packages, images.

An index knows of them no more than their starts tell, and of images nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lfv_mcp.archive.fetched_file import chunks_of
from lfv_mcp.archive.listed_file import ListedFile, read_one_version
from lfv_mcp.archive.listed_names import base_of, prefix_of
from lfv_mcp.archive.reading import may_be_record, read_part, recognise_file
from lfv_mcp.archive.store import FileEntry, FileStore, image_object
from lfv_mcp.formats.datasets.dataset import Dataset
from lfv_mcp.formats.datasets.image_objects import ImageListing, ImageObject
from lfv_mcp.formats.datasets.reader import read_datasets
from lfv_mcp.formats.decoding import UnrecognisedError, read_chunks
from lfv_mcp.formats.edge_archives import PACKED_LIMIT, read_edge_tar, read_edge_zip
from lfv_mcp.formats.edge_package import EdgePackageFacts
from lfv_mcp.formats.file_digest import FileDigest, digested
from lfv_mcp.formats.json_values import JsonObject
from lfv_mcp.formats.manifest_lines import lines_of
from lfv_mcp.formats.predictions.prediction_file import prediction_set_text, read_prediction_file
from lfv_mcp.formats.predictions.prediction_set import PredictionSet


def prediction_set_in(
    files: FileStore, name: str, is_meant: Callable[[JsonObject], bool]
) -> PredictionSet:
    """The set of a file whose first line is meant, with the digest of the file.

    Raises:
        UnrecognisedError: it holds no such set, or cannot be read whole.
        OSError, LfvError: its bytes cannot be had.
    """
    digests: list[FileDigest] = []
    with files.open(name) as stream:
        chunks = digested(read_chunks(stream), name, digests)
        found = read_prediction_file(lines_of(prediction_set_text(chunks, is_meant)))
        for _ in chunks:  # other sets may follow
            pass
    return replace(found, files=tuple(digests))


def datasets_in(files: FileStore, name: str) -> list[Dataset]:
    """The datasets of a file, which are known by its URI or its path.

    Raises:
        UnrecognisedError: it is no dataset, or cannot be read whole.
        OSError, LfvError: its bytes cannot be had.
    """
    with files.open(name) as stream:
        return read_datasets(base_of(files.location, is_absolute=True) + name, chunks_of(stream))


def edge_package_in(files: FileStore, entry: FileEntry, form: str) -> EdgePackageFacts:
    """What a packaged model tells; of its bytes no more are asked for than that takes.

    Args:
        files: where it is.
        entry: its file, as the index knows it. Another one may be there by now.
        form: what holds it, `zip` or `tar`.

    Raises:
        UnrecognisedError: it is no packaged model now.
        OSError, LfvError: its bytes cannot be had.
    """

    def read(file: ListedFile) -> EdgePackageFacts:
        is_known = file.entry == entry
        return _read_package(file, form if is_known else _form_of(file))

    return read_one_version(files, entry, read)


def _form_of(file: ListedFile) -> str:
    """What holds the packaged model that a file is.

    Raises:
        UnrecognisedError: it is none.
        OSError, LfvError: it cannot be read.
    """
    for record in recognise_file(file, file.entry).records:
        if record.form == "edge_package":
            return str(record.body["Form"])
    raise UnrecognisedError("it is no packaged model now")


def _read_package(file: ListedFile, form: str) -> EdgePackageFacts:
    """What a packaged model tells, of this version of its file.

    Raises:
        OSError, LfvError: its bytes cannot be had, or are of another version.
    """
    name, size = file.entry.name, file.entry.size
    if form == "zip":
        return read_edge_zip(size, lambda start, length: read_part(file, name, start, length))
    with file.open(name, limit=min(size, PACKED_LIMIT)) as stream:
        return read_edge_tar(name, chunks_of(stream))


def images_in(files: FileStore) -> ImageListing:
    """The images in a store, by URI or absolute path; they are listed now, and none is opened.

    Raises:
        LfvError: the store cannot be listed.
    """
    objects: dict[str, ImageObject] = {}
    forbidden: list[str] = []
    base: str | None = None
    for entry in files.entries():
        if may_be_record(entry) and not entry.is_unlisted:
            continue
        if base is None:  # of a place that is opened late the location is not known before
            base = base_of(files.location, is_absolute=True)
        if entry.is_unlisted:
            # What cannot be looked at may be a link to a folder, too.
            forbidden += {base + entry.name, f"{base}{entry.name.rstrip('/')}/"}
        elif (found := image_object(entry)) is not None:
            objects[base + entry.name] = found
    return ImageListing(objects, (prefix_of(files.location),), tuple(forbidden))

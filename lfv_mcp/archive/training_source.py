"""What a successor was trained on, read where a person says it is: manifests, tables or images.

A dataset manifest, a CSV, a list of images, a folder or prefix of them, or of the images
themselves. What says that it is for the test is left out; the place that a person names says
nothing against their word.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple

from lfv_mcp.archive.dataset_files import may_be_dataset_file
from lfv_mcp.archive.listed_names import base_of, prefix_of, uri_base
from lfv_mcp.archive.predictions_source import FilesOfSource, Unread
from lfv_mcp.archive.reading import may_be_record, may_be_records
from lfv_mcp.archive.store import FileEntry, FileStore, image_object
from lfv_mcp.errors import SetupError
from lfv_mcp.formats.datasets.dataset import Dataset, DatasetLine
from lfv_mcp.formats.datasets.folders import datasets_in_listing
from lfv_mcp.formats.datasets.gathering import LINES_KEPT
from lfv_mcp.formats.datasets.image_lists import images_in_list
from lfv_mcp.formats.datasets.image_objects import ImageObject
from lfv_mcp.formats.datasets.reader import read_datasets
from lfv_mcp.formats.datasets.splits import split_of, split_of_folder
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.file_digest import FileDigest
from lfv_mcp.text import clean

_CODE: Final = "training_images_unread"
_UNREAD: Final = Unread(
    _CODE, "Without it nobody knows whether the test images were among them.", "training images"
)
_LIST: Final = 64 << 20
"""Bytes of a list of images at most."""
_LARGE: Final = 1 << 20
"""Bytes from which a file's start is looked at before all of it is read."""
_MASKS: Final = frozenset({"ground_truth", "mask", "masks"})
"""Folders of images that no model is trained on as such."""


class TrainingImages(NamedTuple):
    """The images that a model was trained on.

    Args:
        origin: where they are named, as a text for people.
        lines: each once, sorted, without its label; its size and ETag where a listing tells them.
        test_images: images of the source that were left out, for it says that they are for the
            test.
        unreadable: lines of no use.
        files: what names them; none of the images themselves.
    """

    origin: str
    lines: tuple[DatasetLine, ...]
    test_images: int = 0
    unreadable: int = 0
    files: tuple[FileDigest, ...] = ()


class TrainingPlace(NamedTuple):
    """One source, as a person named it."""

    name: str
    files: FileStore


def read_training_images(
    places: Sequence[TrainingPlace], *, wait: Callable[[float], None] = time.sleep
) -> TrainingImages:
    """What the sources say that a model was trained on, all of them together.

    Args:
        places: where they are.
        wait: waits a number of seconds before what has failed is tried again.

    Raises:
        LfvError: one cannot be read, or names no training image.
    """
    images: dict[str, DatasetLine] = {}
    files: list[FileDigest] = []
    test_images = unreadable = 0
    for place in places:
        found = _read(place, wait)
        test_images += found.test_images
        unreadable += found.unreadable
        files += found.files
        for line in found.lines:
            known = images.get(line.image)
            if known is None or known.size is None:
                images[line.image] = line
    if len(images) > LINES_KEPT:
        raise SetupError(
            _CODE,
            f"More than {LINES_KEPT:,} training images are more than are kept one by one.",
            "Name those alone that may be test images, too: those of this project.",
        )
    origin = ", ".join(clean(place.name, 500) for place in places)
    # S3 lists in no certain order, and one source always makes one set.
    lines = tuple(images[image] for image in sorted(images))
    return TrainingImages(origin, lines, test_images, unreadable, tuple(files))


def _read(place: TrainingPlace, wait: Callable[[float], None]) -> TrainingImages:
    """What one source says.

    Raises:
        LfvError: it cannot be read, or names no training image.
    """
    source = _Source(place.files)
    datasets = source.datasets(wait)
    try:
        folders = datasets_in_listing("", source.listing())
    except UnrecognisedError as problem:
        raise _UNREAD.damaged(place.name, problem) from problem
    training = [each for each in (*datasets, *folders) if source.is_for_training(each)]
    lines = [source.placed(line) for dataset in training for line in dataset.lines]
    others = sum(len(each.lines) for each in (*datasets, *folders)) - len(lines)
    if not (datasets or folders):
        # Its labels make a folder a dataset, and what a model has seen needs none.
        lines = list(source.every_image())
    if not lines:
        raise _nothing_in(place.name, others)
    return TrainingImages(
        place.name,
        tuple(DatasetLine(each.image, None, size=each.size, etag=each.etag) for each in lines),
        others,
        sum(sum(each.unreadable.values()) for each in training),
        tuple(source.digests),
    )


def _nothing_in(name: str, test_images: int) -> SetupError:
    place = clean(name, 1024)
    if test_images:
        return SetupError(
            _CODE,
            f"{place} has {test_images:,} images, and says of all that they are for the test.",
            "Name the file or the folder that the model was trained on.",
        )
    return SetupError(
        _CODE,
        f"{place} names no training images: it has no dataset manifest, no table or list of images "
        "and no image.",
        "Name the manifest, table, list or folder of images that the model was trained on.",
    )


class _Source:
    """The files of one source: names are relative to it, where they say what they are for."""

    def __init__(self, files: FileStore) -> None:
        self._files = files
        self._entries = list(files.entries())
        whole = prefix_of(files.location)
        self._base = base_of(files.location, is_absolute=True)
        self._is_file = len(self._entries) == 1 and whole.rstrip("/") == (
            f"{self._base}{self._entries[0].name}"
        )
        self._folder = self._folder_of(whole)
        self._objects = {
            f"{self._base}{entry.name}": found
            for entry in self._entries
            if (found := image_object(entry)) is not None
        }
        self.digests: list[FileDigest] = []
        """Of the files that `datasets` has read."""

    def datasets(self, wait: Callable[[float], None]) -> list[Dataset]:
        """What the files are that are no images."""
        reader = FilesOfSource(self._files, _DatasetReader(self), wait=wait, unread=_UNREAD)
        found = may_be_records(self._entries)
        large = [entry for entry in found if entry.size > _LARGE]
        wanted = [entry for entry in found if entry.size <= _LARGE]
        wanted += reader.looked_at(large, may_be_dataset_file)
        found_datasets = list(reader.read(wanted, lambda: None))
        self.digests = reader.digests
        return found_datasets

    def may_be_list(self, name: str) -> bool:
        """Whether a file without labels may list training images: in a folder only by its name.

        Beside it may lie lists of the test, or of what was predicted.
        """
        return self._is_file or split_of(name) == "train"

    def is_for_training(self, dataset: Dataset) -> bool:
        """Whether it is not for the test; a single file that a person names is, by their word."""
        return dataset.split != "test" or (self._is_file and dataset.form == "evaluation")

    def listing(self) -> Iterator[tuple[str, ImageObject]]:
        """Every file below the source.

        Raises:
            LfvError: what is in a folder, or whether a file is there, could not be seen.
        """
        for entry in self._entries:
            if entry.is_unlisted:
                raise _UNREAD.denied(entry.name, OSError("it could not be looked at"))
            if (found := image_object(entry)) is not None:
                yield self.relative_name(entry.name), found

    def every_image(self) -> Iterator[DatasetLine]:
        """Every image that lies in no folder for tests or masks."""
        for name, found in self.listing():
            *folders, _ = name.lower().split("/")
            entry = FileEntry(name, found.size, 0)
            if may_be_record(entry) or any(map(_is_left_out, folders)):
                continue
            yield self.placed(DatasetLine(name, None, size=found.size, etag=found.etag))

    def placed(self, line: DatasetLine) -> DatasetLine:
        """A line with the whole name of an image of the listing, and what the listing says."""
        if line.size is not None:  # it comes from the listing
            return line._replace(image=f"{self._base}{self._folder}{line.image}")
        if (found := self._objects.get(line.image)) is not None:
            return line._replace(size=found.size, etag=found.etag)
        return line

    def relative_name(self, name: str) -> str:
        """The name of a file below the source, which of a single file says nothing."""
        if self._is_file and may_be_record(FileEntry(name, 0, 0)):
            return "file"
        return name.removeprefix(self._folder)

    def _folder_of(self, whole: str) -> str:
        """What the listed names of a prefix begin with, of what those of its files begin with."""
        if not uri_base(whole):
            return ""
        prefix = whole.removeprefix(self._base)
        return prefix[: prefix.rstrip("/").rfind("/") + 1] if self._is_file else prefix


def _is_left_out(folder: str) -> bool:
    return folder in _MASKS or split_of_folder(folder) == "test"


class _DatasetReader:
    """Reads the datasets of files; one that is something else has none."""

    def __init__(self, source: _Source) -> None:
        self._source = source

    def read(self, name: str, chunks: Iterable[bytes]) -> Iterator[Dataset]:
        """The datasets of a file.

        Raises:
            UnrecognisedError: it is damaged, or too long.
        """
        key = name.removeprefix("s3://").partition("/")[2] if name.startswith("s3://") else name
        start: list[bytes] = []
        passing = _kept(chunks, start)
        datasets: list[Dataset] = []
        try:
            datasets = read_datasets(self._source.relative_name(key), passing)
        except UnrecognisedError as problem:
            if problem.is_unread:
                raise
        has_images = any(each.lines for each in datasets)
        if start and not has_images and self._source.may_be_list(key):
            # Its labels make a table a dataset, and what a model has seen needs none.
            listed = tuple(images_in_list(chain(start, passing)))
            datasets = [Dataset(name, "csv", "train", listed)] if listed else datasets
        yield from datasets


def _kept(chunks: Iterable[bytes], start: list[bytes]) -> Iterator[bytes]:
    """The chunks as they are; those that have passed are kept, or none if they are too many."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        start.append(chunk)
        if size > _LIST:
            start.clear()
        yield chunk

"""Datasets read where a person says they are: a manifest, a folder of files, an S3 prefix.

A folder's datasets are its manifests and tables; where it has none, the folders of its images, of
which nothing but their names is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from lfv_mcp.archive.dataset_files import is_archive, may_be_dataset_file
from lfv_mcp.archive.fetched_file import chunks_of, fetched_once
from lfv_mcp.archive.listed_names import base_of
from lfv_mcp.archive.reading import may_be_record
from lfv_mcp.archive.store import FileEntry, FileStore, image_object
from lfv_mcp.errors import CallerError, SetupError
from lfv_mcp.formats.datasets.dataset import Dataset
from lfv_mcp.formats.datasets.folders import datasets_in_listing
from lfv_mcp.formats.datasets.image_objects import ImageObject
from lfv_mcp.formats.datasets.reader import read_datasets
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.text import clean

_FORMS: Final = (
    "Name a manifest with a line for each image (source-ref and a label), a CSV file with an image "
    "and its label in each line, or a folder such as train/ with normal/ and anomaly/ in it."
)


def _pass_over(place: str, why: str) -> None:
    """Pass over what is no dataset; what may be one is missed, where nobody is told of it.

    Raises:
        SetupError: `dataset_unread`, nobody looked into the file.
    """
    if why:
        raise _unread(place, why)


def read_dataset_source(
    files: FileStore,
    *,
    advance: Callable[[], None] = lambda: None,
    pass_over: Callable[[str, str], None] = _pass_over,
) -> list[Dataset]:
    """Every dataset of a source, in the order of the names of its files.

    Args:
        files: a file, a folder or a prefix.
        advance: called after each file that was looked at.
        pass_over: told the place of each file that is no image by its name and gave no dataset; and
            what it is if nobody looked into it, so that it may have one. Without this function
            such a file is an error.

    Raises:
        CallerError: `dataset_refused`, the source has no dataset; the text says what it is instead.
        LfvError: a file that may be one cannot be read.
    """
    entries = sorted(files.entries(), key=lambda entry: entry.name)
    base = base_of(files.location)
    others = [entry for entry in entries if may_be_record(entry)]
    found: list[Dataset] = []
    refusal = ""
    unseen: tuple[str, str] | None = None
    for entry in others:
        place = f"{base}{entry.name}"
        known, why = len(found), ""
        try:
            found += _datasets_of(files, entry, place, is_only=len(entries) == 1)
        except _UnseenError as unseen_archive:
            why = str(unseen_archive)
            unseen = unseen or (place, why)
        except UnrecognisedError as problem:
            if problem.is_unread:
                raise _unread(place, str(problem)) from problem
            refusal = str(problem)
        except OSError as error:
            raise _unread(place, error.strerror or str(error)) from error
        if len(found) == known:
            pass_over(place, why)
        advance()
    try:
        found = found or _datasets_of_folders(files.location, base, entries)
    except UnrecognisedError as problem:
        raise SetupError(
            "dataset_unread", f"{clean(files.location, 1024)} is {problem}.", "Name its parts."
        ) from problem
    if found:
        return found
    raise _refused(files, entries, refusal) if unseen is None else _unread(*unseen)


class _UnseenError(Exception):
    """An archive that is too large to be looked into; the message says so."""


def _datasets_of(files: FileStore, entry: FileEntry, place: str, *, is_only: bool) -> list[Dataset]:
    """The datasets in a file; of one beside others, only if it starts as a dataset does.

    Raises:
        UnrecognisedError: it is none, or cannot be read.
        _UnseenError: nobody looked, for it is too large an archive.
    """
    with fetched_once(files, entry) as (fetched, now):
        if not (is_only or _may_be_dataset(fetched, now)):
            return []
        try:
            with fetched.open(now.name) as stream:
                return read_datasets(place, chunks_of(stream))
        except UnrecognisedError as problem:
            # Beside others, an archive of other things, such as a packaged model, is none of ours.
            if not is_only and not problem.corrupt and is_archive(fetched, now):
                return []
            raise


def _may_be_dataset(files: FileStore, entry: FileEntry) -> bool:
    try:
        return may_be_dataset_file(files, entry)
    except UnrecognisedError as problem:
        if problem.convertible:
            raise _UnseenError(str(problem)) from problem
        raise


def _datasets_of_folders(location: str, base: str, entries: Iterable[FileEntry]) -> list[Dataset]:
    """The datasets in the names of a source's images.

    Raises:
        UnrecognisedError: they are too many.
        SetupError: whether an image is there could not be seen.
    """

    def images() -> Iterator[tuple[str, ImageObject]]:
        for entry in entries:
            place = f"{base}{entry.name}"
            if entry.is_unlisted:
                raise _unread(place, "it could not be looked at")
            if (found := image_object(entry)) is not None:
                yield place, found

    return datasets_in_listing(location, images())


def _unread(place: str, why: str) -> SetupError:
    return SetupError(
        "dataset_unread",
        f"{clean(place, 1024)} cannot be read: {clean(why, 300)}.",
        "Put a whole file in its place, or make it readable; then run this again.",
    )


def _refused(files: FileStore, entries: Sequence[FileEntry], refusal: str) -> CallerError:
    place = clean(files.location, 1024)
    if not entries:
        return CallerError("dataset_refused", f"{place} has no files in it.", _FORMS)
    if len(entries) == 1 and refusal:
        return CallerError("dataset_refused", f"{place} is {clean(refusal, 300)}.", _FORMS)
    return CallerError("dataset_refused", f"None of the files of {place} is a dataset.", _FORMS)

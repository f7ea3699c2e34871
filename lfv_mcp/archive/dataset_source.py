"""Datasets read where a person says they are: a manifest, a folder of files, an S3 prefix.

A folder's datasets are its manifests and tables; where it has none, the folders of its images, of
which nothing but their names is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from lfv_mcp.archive.fetched_file import chunks_of, fetched_once
from lfv_mcp.archive.reading import may_be_record, read_rest
from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.errors import CallerError, SetupError
from lfv_mcp.formats.compression import decompressed
from lfv_mcp.formats.containers import archive_kind
from lfv_mcp.formats.datasets.dataset import Dataset
from lfv_mcp.formats.datasets.folders import datasets_in_listing
from lfv_mcp.formats.datasets.image_objects import ImageObject
from lfv_mcp.formats.datasets.reader import read_datasets
from lfv_mcp.formats.datasets.recognition import starts_as_dataset
from lfv_mcp.formats.decoding import FILE_LIMIT, MANIFEST_LIMIT, UnrecognisedError
from lfv_mcp.formats.texts import HEAD
from lfv_mcp.text import clean

_FORMS: Final = (
    "Name a manifest with a line for each image (source-ref and a label), a CSV file with an image "
    "and its label in each line, or a folder such as train/ with normal/ and anomaly/ in it."
)


def read_dataset_source(
    files: FileStore,
    *,
    advance: Callable[[], None] = lambda: None,
    pass_over: Callable[[str], None] = lambda _: None,
) -> list[Dataset]:
    """Every dataset of a source, in the order of the names of its files.

    Args:
        files: a file, a folder or a prefix.
        advance: called after each file that was looked at.
        pass_over: told the place of each file that is no dataset, and no image by its name.

    Raises:
        CallerError: `dataset_refused`, the source has no dataset; the text says what it is instead.
        LfvError: a file that may be one cannot be read.
    """
    entries = sorted(files.entries(), key=lambda entry: entry.name)
    others = [entry for entry in entries if may_be_record(entry)]
    found: list[Dataset] = []
    refusal = ""
    for entry in others:
        known = len(found)
        try:
            found += _datasets_of(files, entry, is_only=len(entries) == 1)
        except UnrecognisedError as problem:
            if problem.is_unread:
                raise _unread(files, entry, str(problem)) from problem
            refusal = str(problem)
        except OSError as error:
            raise _unread(files, entry, error.strerror or str(error)) from error
        if len(found) == known:
            pass_over(place_of(files, entry.name))
        advance()
    try:
        found = found or _datasets_of_folders(files, entries)
    except UnrecognisedError as problem:
        raise SetupError(
            "dataset_unread", f"{clean(files.location, 1024)} is {problem}.", "Name its parts."
        ) from problem
    if not found:
        raise _refused(files, entries, refusal)
    return found


def place_of(files: FileStore, name: str) -> str:
    """Where a file of a source is: its URI, or its path."""
    if not files.location.startswith("s3://"):
        root = Path(files.location)
        return str(root if root.is_file() else root / name)
    return f"s3://{files.location.removeprefix('s3://').partition('/')[0]}/{name}"


def _datasets_of(files: FileStore, entry: FileEntry, *, is_only: bool) -> list[Dataset]:
    """The datasets in a file; of one beside others, only if it starts as a dataset does.

    Raises:
        UnrecognisedError: it is none, or cannot be read.
    """
    if entry.size > MANIFEST_LIMIT and not is_only:
        return []
    with fetched_once(files, entry) as (fetched, now):
        head = _head(fetched, now)
        is_archive = archive_kind(head) != ""
        if not is_only and not _may_be_dataset(head, entry):
            return []
        try:
            with fetched.open(now.name) as stream:
                return read_datasets(place_of(files, entry.name), chunks_of(stream))
        except UnrecognisedError as problem:
            # Beside others, an archive of other things, such as a packaged model, is none of ours.
            if is_archive and not is_only and not problem.corrupt:
                return []
            raise


def _may_be_dataset(head: bytes, entry: FileEntry) -> bool:
    """Whether a file starts as a dataset does, or is an archive that may have one in it."""
    if archive_kind(head):
        return entry.size <= FILE_LIMIT
    # What is called a manifest may begin with lines of no use, which are to be counted.
    return starts_as_dataset(head) is not None or entry.name.lower().endswith(".manifest")


def _head(files: FileStore, entry: FileEntry) -> bytes:
    """The first bytes of a file, unpacked if they are compressed."""
    with files.open(entry.name, limit=HEAD) as stream:
        head = read_rest(stream, b"", HEAD)
    name, chunks = decompressed(head, [head])
    if not name:
        return head
    unpacked = b""
    with suppress(UnrecognisedError):  # the head ends within it
        for chunk in chunks:
            unpacked += chunk
            if len(unpacked) >= HEAD:
                break
    return unpacked[:HEAD]


def _datasets_of_folders(files: FileStore, entries: Iterable[FileEntry]) -> list[Dataset]:
    """The datasets in the names of a source's images."""
    return datasets_in_listing(
        files.location,
        (
            (
                place_of(files, entry.name),
                ImageObject(entry.size, _etag(entry)),
            )
            for entry in entries
            if entry.stamp not in ("dangling", "unlisted")
        ),
    )


def _etag(entry: FileEntry) -> str:
    """What S3 calls the content of a file, without its quotation marks; empty of a disk's."""
    return entry.stamp.strip('"') if isinstance(entry.stamp, str) else ""


def _unread(files: FileStore, entry: FileEntry, why: str) -> SetupError:
    return SetupError(
        "dataset_unread",
        f"{clean(place_of(files, entry.name), 1024)} cannot be read: {clean(why, 300)}.",
        "Put a whole file in its place, or make it readable; then run this again.",
    )


def _refused(files: FileStore, entries: Sequence[FileEntry], refusal: str) -> CallerError:
    place = clean(files.location, 1024)
    if not entries:
        return CallerError("dataset_refused", f"{place} has no files in it.", _FORMS)
    if len(entries) == 1 and refusal:
        return CallerError("dataset_refused", f"{place} is {clean(refusal, 300)}.", _FORMS)
    return CallerError("dataset_refused", f"None of the files of {place} is a dataset.", _FORMS)

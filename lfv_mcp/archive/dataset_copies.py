"""Datasets that are copied into an archive, unchanged: where each is put, and when.

A dataset does not say whose it is. Where the path that it came from names a project that there are
records of, it is put among those, else below `datasets/`, in the last folders of its path that tell
something. That is decided when all files have been looked at: the records may come last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePath
from threading import Lock
from typing import Final, NamedTuple

from lfv_mcp.archive.fetched_file import chunks_of
from lfv_mcp.archive.index import relative_name
from lfv_mcp.archive.layout import folder_name, folder_of
from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.archive.targets import StagedFile, Target
from lfv_mcp.formats.compression import decompressed
from lfv_mcp.formats.containers import HEAD, archive_kind
from lfv_mcp.formats.datasets.splits import split_of, split_of_folder
from lfv_mcp.formats.recognition import Record
from lfv_mcp.formats.record import RecordKey
from lfv_mcp.identifiers import FileKey

DATASETS: Final = "datasets"
_NOT_TELLING: Final = frozenset((DATASETS, "manifests", "output"))
"""Folders in which Ground Truth and AWS's scripts write, whatever they write."""
_DEPTH: Final = 3
_LONGEST: Final = 119
"""Characters of the folders below `datasets/`: with a project's folders a path has as many."""
_ENDINGS: Final = {"ground_truth": "manifest", "evaluation": "manifest"}
"""Endings of names by form; tables are `csv`."""
_PACKED: Final = {"gzip": ".gz", "bzip2": ".bz2", "xz": ".xz"}
COPIED_NAME: Final = r"(?:train|test|dataset)-[0-9a-f]{16}\.(?:manifest|csv)(?:\.[a-z0-9]+)?"
"""The name of a dataset's copy."""
_REGION: Final = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_unsafe: Final = re.compile(r"[^A-Za-z0-9_~-]+").sub


class DatasetCopy(NamedTuple):
    """A dataset that waits to be put into its place.

    Args:
        staged: its bytes.
        record: what its start tells.
        start: digest of what it was recognised by.
        folders: of the path that it came from, without a bucket.
        name: of its file there.
        split: what it is for, as its path says; empty where that does not.
        ending: of its name.
    """

    staged: StagedFile
    record: Record
    start: bytes
    folders: Sequence[str]
    name: str
    split: str
    ending: str

    @property
    def file_name(self) -> str:
        """`train-0123456789abcdef.manifest`."""
        return f"{self.split or 'dataset'}-{self.staged.digest}.{self.ending}"


class DatasetCopies:
    """The datasets of one run, and the projects that it has met. Safe between threads.

    Args:
        target: where the copies go.
        of_archive: the sources are an archive, whose own name says nothing: the same archive makes
            the same copies wherever it is.
    """

    def __init__(self, target: Target, *, of_archive: bool = False) -> None:
        """Take nothing yet."""
        self._target = target
        self._of_archive = of_archive
        self._lock = Lock()
        self._copies: dict[tuple[str, str], DatasetCopy] = {}
        self._places: dict[str, set[str]] = {}

    def note(self, key: RecordKey) -> None:
        """Remember whose a record is."""
        if isinstance(key, FileKey) or not key.region:
            return
        folder = "/".join(folder_of(key).split("/")[:3])
        with self._lock:
            for name in (key.project, folder_name(key.project)):
                self._places.setdefault(name, set()).add(folder)

    def take(self, record: Record, files: FileStore, entry: FileEntry, start: bytes) -> None:
        """Copy a dataset to where no reader sees it yet.

        Args:
            record: what its start tells.
            files: where it is.
            entry: its file.
            start: digest of what it was recognised by.

        Raises:
            OSError, LfvError: it cannot be read, or the target cannot be written to.
        """
        folders = source_folders(files.location, entry.name, of_archive=self._of_archive)
        name = entry.name.rpartition("/")[2]
        with files.open(entry.name) as stream:
            chunks = chunks_of(stream)
            head = next(chunks, b"")
            ending = _ENDINGS.get(record.body["Form"], "csv") + _packed_ending(head)
            # At the top, so that a run that is given up leaves no folders.
            staged = self._target.stage(_with(head, chunks), "", in_memory=0)
        split = split_of("/".join((*folders, name)))
        copy = DatasetCopy(staged, record, start, folders, name, split, ending)
        with self._lock:
            before = self._copies.get((files.location, entry.name))
            self._copies[files.location, entry.name] = copy
        if before is not None:  # it was tried again
            before.staged.discard()

    def placed(self) -> Iterator[tuple[str, DatasetCopy]]:
        """Each copy once, with its path in the target; then none of them waits any more.

        Raises:
            LfvError: the target cannot be listed.
        """
        if not self._copies:
            return
        for name in self._target.names():
            place = name.split("/")[:-1][:3]
            if len(place) == 3 and _REGION.fullmatch(place[0]) and _ACCOUNT.fullmatch(place[1]):
                self._places.setdefault(place[2], set()).add("/".join(place))
        seen: set[str] = set()
        for key in sorted(self._copies):
            copy = self._copies.pop(key)
            folder = dataset_folder(copy.folders, copy.name, self._places_of)
            name = f"{folder}/{copy.file_name}"
            if name in seen:
                copy.staged.discard()  # the same file once more
                continue
            seen.add(name)
            yield name, copy

    def _places_of(self, folder: str) -> Iterable[str]:
        return self._places.get(folder, ())

    def close(self) -> None:
        """Remove what still waits."""
        for copy in self._copies.values():
            copy.staged.discard()
        self._copies.clear()


def source_folders(location: str, name: str, *, of_archive: bool = False) -> tuple[str, ...]:
    """The folders of the path of a file that may tell whose it is, without a bucket.

    Of a place on this machine that is its own folder and those below it: where else it is says
    nothing, and differs from one machine to another.

    Args:
        location: of its store.
        name: as the store lists it.
        of_archive: whether only the folders below the store count.
    """
    if of_archive:
        name = relative_name(name, location)
    folders = name.replace("\\", "/").split("/")[:-1]
    if not (of_archive or location.startswith("s3://")):
        path = PurePath(location)
        # A single file is the place itself.
        above = path.parts[:-1][-_DEPTH:] if path.name == name else (path.name,)
        folders = [*above, *folders]
    return tuple(folder for folder in folders if folder not in ("", ".", "..", "/"))


def dataset_folder(
    folders: Sequence[str], name: str, places_of: Callable[[str], Iterable[str]]
) -> str:
    """The folder of a dataset below an archive, by the path that it came from.

    Args:
        folders: of its source, the outermost first.
        name: of its file there.
        places_of: the folders of the projects that a folder's name may mean.
    """
    for first in range(len(folders) - 3, -1, -1):
        region, account, project = folders[first : first + 3]
        if _REGION.fullmatch(region) and _ACCOUNT.fullmatch(account):
            return f"{region}/{account}/{_safe(project)}"
    # `train` may be a project's name, too; in a path it is not meant so.
    named = [folder for folder in folders if not split_of_folder(folder)]
    meant = {place for folder in named for place in places_of(folder)}
    if len(meant) == 1:
        return meant.pop()
    if DATASETS in folders and re.fullmatch(COPIED_NAME, name):  # out of an archive
        folders = folders[len(folders) - folders[::-1].index(DATASETS) :]
    telling = [_safe(folder) for folder in folders if folder.lower() not in _NOT_TELLING]
    telling = [folder for folder in telling if folder.strip("_")][-_DEPTH:]
    while len("/".join(telling)) > _LONGEST:
        del telling[0]
    return "/".join((DATASETS, *telling))


def _safe(folder: str) -> str:
    """A folder's name that every system takes."""
    return folder_name(_unsafe("_", folder))


def _packed_ending(head: bytes) -> str:
    """How the name of a file ends that is compressed or an archive; empty for another one."""
    name, _ = decompressed(head, ())
    kind = archive_kind(head[:HEAD])
    return _PACKED.get(name, f".{kind}" if kind in ("zip", "tar") else "")


def _with(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from chunks

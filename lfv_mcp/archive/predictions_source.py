"""Predictions read where another system left them: a file, a folder of files, an S3 prefix.

Files come in the order of their names, so that one source always makes one set. A set needs all of
its files: the images of one that could not be had would count as unanswered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import IO, Final, Generic, NamedTuple, Protocol, TypeVar

from lfv_mcp.archive.fetched_file import chunks_of
from lfv_mcp.archive.listed_file import entry_now
from lfv_mcp.archive.listed_names import uri_base
from lfv_mcp.archive.reading import may_be_records, read_rest
from lfv_mcp.archive.rounds import Rounds
from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.archive.tally import may_pass
from lfv_mcp.errors import LfvError, SetupError
from lfv_mcp.formats.datasets.dataset import DatasetLine
from lfv_mcp.formats.decoding import MANIFEST_LIMIT, UnrecognisedError, too_large
from lfv_mcp.formats.evaluation_manifest import LINES_KEPT
from lfv_mcp.formats.file_digest import FileDigest, digested
from lfv_mcp.formats.predictions.column_choice import ColumnChoice
from lfv_mcp.formats.predictions.prediction_set import (
    AboutPredictions,
    PredictedImage,
    PredictionSet,
)
from lfv_mcp.identifiers import PredictionSetKey
from lfv_mcp.text import clean

_SMALL: Final = 1 << 20
"""Bytes of a file that is fetched whole, several at one time."""
_STEP: Final = 1 << 20
"""Bytes of a larger one with which it advances."""
_WINDOW: Final = 32 << 20
"""Bytes of such files that wait to be read at most."""
_TURNS: Final = 8
"""Files that wait, for each that is fetched at one time: one that is slow then holds up few."""
_NO_SET: Final = "No set is made without it: its images would count as unanswered."
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


def steps_of(entry: FileEntry) -> int:
    """How often a file advances: once, or with every mebibyte of a large one."""
    return 1 if entry.size <= _SMALL else entry.size // _STEP


class ReadsFile(Protocol[T_co]):
    """Reads the files of one source, one after another."""

    def read(self, name: str, chunks: Iterable[bytes]) -> Iterator[T_co]:
        """What a file holds; what is of no use in it, the file itself perhaps, is counted.

        Raises:
            PredictionsRefusedError: it allows two readings, or none.
            UnrecognisedError: it is damaged, so that something may be missing.
        """
        ...


class Reader(ReadsFile[PredictedImage], Protocol):
    """Reads predicted images; `formats.predictions.reader` has it."""

    @property
    def problems(self) -> Sequence[object]:
        """The first things of each kind that were left out, as texts with their places."""
        ...

    @property
    def training(self) -> Sequence[DatasetLine]:
        """What sets that an archive wrote say that their model was trained on."""
        ...

    def about(
        self, key: PredictionSetKey, origin: str, *, same_names: bool = False
    ) -> AboutPredictions:
        """What was read, after the last file.

        Raises:
            PredictionsRefusedError: nothing, or what contradicts itself.
        """
        ...


MakeReader = Callable[[ColumnChoice], Reader]


def prediction_reader(choice: ColumnChoice) -> Reader:
    """The reader of all formats."""
    from lfv_mcp.formats.predictions.reader import PredictionReader

    return PredictionReader(choice)


class Unread(NamedTuple):
    """What is said of a file that cannot be read.

    Args:
        code: of the error.
        effect: why nothing is done without the file, as a sentence.
        content: what a file holds that is wanted.
    """

    code: str = "predictions_unread"
    effect: str = _NO_SET
    content: str = "predictions"

    def denied(self, name: str, error: OSError) -> SetupError:
        """The error of a file that may not be read."""
        return SetupError(
            self.code,
            f"{clean(name, 1024)} cannot be read: {error.strerror or error}. {self.effect}",
            "Make that file readable, and run this again.",
        )

    def damaged(self, name: str, problem: UnrecognisedError) -> SetupError:
        """The error of a file that is not whole."""
        return SetupError(
            self.code,
            f"{clean(name, 1024)} cannot be read: {problem}. {self.effect}",
            f"Put a whole file in its place, in parts of at most {MANIFEST_LIMIT >> 20:,} MiB, or "
            f"take it out if it holds no {self.content}; then run this again.",
        )


class FilesOfSource(Generic[T]):
    """The files of one source, and what is in them.

    Args:
        files: where they are.
        reader: reads them.
        wait: waits a number of seconds before what has failed is tried again.
        unread: what is said of a file that cannot be read.
    """

    def __init__(
        self,
        files: FileStore,
        reader: ReadsFile[T],
        *,
        wait: Callable[[float], None] = time.sleep,
        unread: Unread = Unread(),  # noqa: B008 - it cannot be changed
    ) -> None:
        """Read nothing yet."""
        self._unread = unread
        self.location = files.location
        self._base = uri_base(files.location)
        self._files = files
        self._reader = reader
        self._rounds = Rounds(max(files.parallel, 1), wait)
        self.digests: list[FileDigest] = []
        """Of the files that have been read to their end."""

    def read(self, entries: Iterable[FileEntry], advance: Callable[[], None]) -> Iterator[T]:
        """What all files hold.

        Args:
            entries: as the store lists them; images by their name are passed over.
            advance: called as often as `steps_of` says for each file.

        Raises:
            LfvError: a file could not be read, allows two readings, or is damaged.
        """
        wanted = sorted(may_be_records(entries), key=lambda entry: entry.name)
        for entry in wanted:
            if entry.size > MANIFEST_LIMIT:  # said before there is any work to lose
                raise self._unread.damaged(self._name(entry), too_large(MANIFEST_LIMIT))
        for entry, content in self._contents(wanted):
            steps = _Steps(steps_of(entry), advance)
            name = self._name(entry)
            chunks = digested(steps.counted(content), name, self.digests)
            try:
                yield from self._reader.read(name, chunks)
                for _ in chunks:  # what is of no use to the reader
                    pass
            except UnrecognisedError as problem:
                raise self._unread.damaged(self._name(entry), problem) from problem
            except OSError as error:
                raise self._unread.denied(self._name(entry), error) from error
            steps.finish()

    def looked_at(
        self, entries: Sequence[FileEntry], look: Callable[[FileStore, FileEntry], bool]
    ) -> list[FileEntry]:
        """The files that a look at their starts finds to be worth reading whole.

        Args:
            entries: as the store lists them.
            look: whether one of them is.

        Raises:
            LfvError: one could not be looked at, or is too large to be read.
        """
        looks = self._rounds.run(entries, partial(self._look, look), _Looked.may_still_come)
        return [each.entry for each in looks if self._is_wanted(each)]

    def _look(self, look: Callable[[FileStore, FileEntry], bool], entry: FileEntry) -> _Looked:
        try:
            return _Looked(entry, is_wanted=look(self._files, entry))
        except (OSError, LfvError, UnrecognisedError) as failure:
            return _Looked(entry, failure=failure)

    def _is_wanted(self, looked: _Looked) -> bool:
        if (failure := looked.failure) is None:
            return looked.is_wanted
        if isinstance(failure, UnrecognisedError):
            raise self._unread.damaged(self._name(looked.entry), failure) from failure
        if isinstance(failure, OSError):
            raise self._unread.denied(self._name(looked.entry), failure) from failure
        raise failure

    def _name(self, entry: FileEntry) -> str:
        """What the reader knows a file by: its URI, or its path below the source."""
        return f"{self._base}{entry.name}"

    def _contents(
        self, entries: Sequence[FileEntry]
    ) -> Iterator[tuple[FileEntry, Iterable[bytes]]]:
        """The bytes of each file, cut anywhere; small files are fetched several at one time."""
        for window in _windows(entries, _TURNS * self._rounds.parallel):
            if window[0].size > _SMALL:
                yield window[0], self._stream(window[0])
                continue
            fetched = self._rounds.run(window, self._fetch, _Fetched.may_still_come)
            by_name = {each.name: each for each in fetched}
            for entry in window:
                yield entry, by_name[entry.name].chunks()

    def _stream(self, entry: FileEntry) -> Iterator[bytes]:
        with self._open(entry) as stream:
            yield from chunks_of(stream)

    @contextmanager
    def _open(self, entry: FileEntry) -> Generator[IO[bytes]]:
        """A file at one opening: all that is read is of the file that it is by now.

        Raises:
            UnrecognisedError: it has become too large since it was listed.
            OSError, LfvError: it cannot be read.
        """
        with self._files.open(entry.name) as stream:
            if entry_now(entry, stream).size > MANIFEST_LIMIT:
                raise too_large(MANIFEST_LIMIT)
            yield stream

    def _fetch(self, entry: FileEntry) -> _Fetched:
        try:
            with self._open(entry) as stream:
                return _Fetched(entry.name, read_rest(stream, b"", MANIFEST_LIMIT + 1))
        except (OSError, LfvError, UnrecognisedError) as failure:
            return _Fetched(entry.name, failure=failure)


class _Steps:
    """Says of one file how far it has come."""

    def __init__(self, number: int, advance: Callable[[], None]) -> None:
        self._left = number
        self._advance = advance

    def counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks as they are; the last step is left to `finish`."""
        size = 0
        for chunk in chunks:
            size += len(chunk)
            while size >= _STEP and self._left > 1:
                size -= _STEP
                self._left -= 1
                self._advance()
            yield chunk

    def finish(self) -> None:
        """Take the steps that are left."""
        while self._left:
            self._left -= 1
            self._advance()


class _Looked(NamedTuple):
    """What a look at a file's start found, or why nobody could look."""

    entry: FileEntry
    is_wanted: bool = False
    failure: OSError | LfvError | UnrecognisedError | None = None

    def may_still_come(self) -> bool:
        """Whether it failed in a way that may be over soon."""
        return self.failure is not None and may_pass(self.failure)


class _Fetched(NamedTuple):
    """The bytes of a file, or why they could not be had."""

    name: str
    data: bytes = b""
    failure: OSError | LfvError | UnrecognisedError | None = None

    def may_still_come(self) -> bool:
        """Whether it failed in a way that may be over soon."""
        return self.failure is not None and may_pass(self.failure)

    def chunks(self) -> Iterator[bytes]:
        """The bytes; what failed is raised where they would be read."""
        if self.failure is not None:
            raise self.failure
        yield self.data


def _windows(entries: Sequence[FileEntry], most: int) -> Iterator[list[FileEntry]]:
    """The files in turns: small ones together, as many as may wait; a large one alone."""
    window: list[FileEntry] = []
    size = 0
    for entry in entries:
        is_large = entry.size > _SMALL
        if window and (is_large or len(window) == most or size + entry.size > _WINDOW):
            yield window
            window, size = [], 0
        if is_large:
            yield [entry]
            continue
        window.append(entry)
        size += entry.size
    if window:
        yield window


def read_source(
    files: FileStore,
    key: PredictionSetKey,
    choice: ColumnChoice,
    *,
    origin: str,
    same_names: bool = False,
    advance: Callable[[], None] = lambda: None,
    reader: MakeReader = prediction_reader,
    keep: int = LINES_KEPT,
) -> PredictionSet:
    """A prediction set out of another system's files, in memory.

    Args:
        files: a file, a folder or a prefix.
        key: whose images, and the name of the set.
        choice: which column says what.
        origin: where the predictions came from, as a text for people.
        same_names: a person vouches that equal names are the same images.
        advance: called as often as `steps_of` says for each file.
        reader: makes what reads the files.
        keep: images to keep one by one; of more than that none is.

    Raises:
        PredictionsRefusedError: the files allow two readings, or none.
        LfvError: a file could not be read.
    """
    reads = reader(choice)
    source = FilesOfSource(files, reads)
    images = source.read(files.entries(), advance)
    kept: tuple[PredictedImage, ...] | None = tuple(islice(images, keep))
    for _ in images:
        kept = None
    about = reads.about(key, origin, same_names=same_names)
    return PredictionSet(about, kept, files=tuple(source.digests))

"""An archive: plain files that hold saved answers, found by content and indexed in memory.

The files are the truth and the index only says where to look: which file speaks about
which model, and which of several records wins. Nothing is written here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from lfv_mcp.archive.index import HeldFile, Index, RecordRef
from lfv_mcp.archive.pack_reading import record_in_part
from lfv_mcp.archive.packed_file import record_digest
from lfv_mcp.archive.problems import clock_time
from lfv_mcp.archive.progress import IndexingProgress
from lfv_mcp.archive.reading import PackPart, read_rest
from lfv_mcp.archive.scan import Look, Scanner
from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.errors import LfvError, SetupError
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.normalisation import plain
from lfv_mcp.formats.predictions.prediction_set import PredictionSet
from lfv_mcp.formats.recognition import Record, recognise
from lfv_mcp.identifiers import PredictionSetKey
from lfv_mcp.text import clean

if TYPE_CHECKING:
    from lfv_mcp.formats.datasets.dataset import Dataset
    from lfv_mcp.formats.datasets.image_objects import ImageListing
    from lfv_mcp.formats.edge_package import EdgePackageFacts

_Read = TypeVar("_Read")
GRACE: Final = 0.5
"""Seconds from the start of a look for which a question waits for it although an older index is at
hand: of a small directory the answer is as new as its files."""


class Staleness(NamedTuple):
    """Why the index at hand is older than it should be."""

    checked_at: float
    """Epoch seconds when it was true."""
    reason: str
    next_step: str

    def in_words(self) -> str:
        """For example `The files were last looked at 12:03 UTC; looking again failed: ...`."""
        return f"The files were last looked at {clock_time(self.checked_at)}; {self.reason}"


class Archive:
    """An index over files, built at the first question and kept current. Safe between threads.

    Looks at the files are made in the background. A question is answered from the index at hand;
    only the first one has to wait for it.

    Args:
        files: where the archive's files are.
        clock: seconds, by which a listing of the files grows old; None for `time.monotonic`.
    """

    def __init__(self, files: FileStore, *, clock: Callable[[], float] | None = None) -> None:
        """Read nothing yet."""
        self.files = files
        self._scanner = Scanner(files, clock or time.monotonic)

    @property
    def held(self) -> Index | None:
        """The index at hand, whatever its age. Never waits."""
        return self._scanner.index

    def is_still(self, index: Index | None) -> bool:
        """Whether no other index has been made since this one: what was read meanwhile is of it.

        To compare what two indexes hold would not tell: between them there may have been a third.
        """
        held = self.held
        return index is not None and held is not None and held.number == index.number

    @property
    def checked_at(self) -> float | None:
        """Epoch seconds when the index at hand was true: when that look at the files began."""
        return self._scanner.checked_at

    @property
    def progress(self) -> IndexingProgress | None:
        """How far the look that is going on has come; None if there is none."""
        look = self._scanner.look
        return None if look is None else look.progress()

    @property
    def current(self) -> Index | None:
        """The index without a look at the files; None if it is time for one. Never waits."""
        is_current = self._scanner.is_current  # before the index, which may be a newer one by then
        return self._scanner.index if is_current else None

    @property
    def staleness(self) -> Staleness | None:
        """Why the index at hand is older than it should be; None if it is not, or there is none."""
        checked_at = self._scanner.checked_at
        if checked_at is None or self._scanner.is_current:
            return None
        if (failure := self._scanner.failure) is not None:
            reason = f"looking again failed: {failure.message}"
            return Staleness(checked_at, reason, failure.next_step)
        if (progress := self.progress) is not None:
            reason = f"a newer look is still going on ({progress.in_words()})."
            return Staleness(checked_at, reason, "Ask again later for a newer answer.")
        return None

    def begin_look(self) -> Look | None:
        """Begin a look at the files if it is time for one, or join the one that is going on.

        None if there is nothing to wait for: the index at hand is the answer.
        """
        return None if self.current is not None else self._scanner.begin()

    def is_worth_waiting(self, look: Look, grace: float = GRACE) -> bool:
        """Whether a question that has begun or joined this look still waits for it."""
        return not look.done.is_set() and (self.held is None or look.age < grace)

    def outcome(self, look: Look | None) -> Index:
        """The index at hand after a question has waited for a look long enough.

        Raises:
            LfvError: there is none and the look failed; the place is gone; or not one file could
                be read and that may soon be over, so that an empty index would be a lie.
        """
        index = self.held
        error = look.error if look is not None else None
        if error is not None and (index is None or (look is not None and look.is_gone)):
            raise error.copy()
        if index is None:  # a new look began between this one's end and now
            return self.index()
        if index.is_empty and index.passing is not None:
            raise index.passing.copy()
        return index

    def index(self) -> Index:
        """What the archive holds: from the files as they are now, if a look at them is quick.

        The first index is waited for as long as it takes; after that no longer than GRACE.

        Raises:
            LfvError: as `outcome`.
        """
        look = self.begin_look()
        if look is not None:
            while self.is_worth_waiting(look):
                look.done.wait(None if self.held is None else max(0.0, GRACE - look.age))
        return self.outcome(look)

    def read(self, ref: RecordRef) -> Record | None:
        """One record of the index; None if its file has changed: then the index has too.

        Raises:
            LfvError: the file cannot be read any more, or the whole archive cannot.
        """
        before = self._scanner.knows(ref.name)
        part = None
        if before is not None and before.pack is not None:
            part = before.pack.part_of(ref.ordinal)
        try:
            data = self._read_bytes(ref.name, part)
        except (OSError, LfvError, UnrecognisedError) as error:
            failure = _unreadable(ref.name, error)
            if isinstance(error, LfvError) and error.code != "s3_not_found":
                raise  # a listing would not tell more
            self._look_again(error)
            if self._scanner.knows(ref.name) is before:
                raise failure from error
            return None
        if part is None:
            record = _record_at(data, ref.ordinal)
        else:
            record = record_in_part(data, part, ref.ordinal)
        if record is not None and record_digest(record) == ref.content:
            return record
        if part is None:
            self._scanner.replace(ref.name, data)
        else:
            self._look_again(None)
        return None

    def read_predictions(self, key: PredictionSetKey) -> PredictionSet:
        """A prediction set of the index, with the region and account that the index has for it.

        Raises:
            LfvError: its file cannot be read any more, or holds another set now.
        """
        found = self._read_set(key)
        if found is None:  # the file has changed: as it is now, if the set is still there
            self._look_again(None)
            found = self._read_set(key)
        if found is None:
            raise _set_is_gone(key)
        return replace(found, about=replace(found.about, key=key))

    def _read_set(self, key: PredictionSetKey) -> PredictionSet | None:
        """A set as its file has it; None if it is not the one that the index knows."""
        index = self.held or self.index()
        entry = index.prediction_sets.get(key)
        if entry is None:
            return None
        from lfv_mcp.archive.held_files import prediction_set_in

        ref, about = entry.files[0], entry.about
        try:
            # `plain` is how the index has it.
            return prediction_set_in(self.files, ref.name, lambda body: plain(body) == about)
        except UnrecognisedError as error:
            if not error.is_unread:
                return None
            raise _unreadable(ref.name, error) from error
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(ref.name, error) from error
        except LfvError as error:
            if error.code == "s3_not_found":
                return None
            raise

    def read_datasets(self, ref: RecordRef) -> list[Dataset]:
        """The datasets of a file of the index, as the file is now.

        Raises:
            LfvError: it cannot be read any more, or is no dataset now.
        """
        from lfv_mcp.archive.held_files import datasets_in

        return self._read_held(ref, lambda: datasets_in(self.files, ref.name))

    def read_edge_package(self, held: HeldFile) -> EdgePackageFacts:
        """What a packaged model of the index tells; nothing of the model itself is read.

        Raises:
            LfvError: its file cannot be read any more, or is no packaged model now.
        """
        from lfv_mcp.archive.held_files import edge_package_in

        ref, about = held
        known = self._scanner.knows(ref.name)
        # Without a stamp it is looked at as it is now.
        stamp = "" if known is None or known.stamp is None else known.stamp
        entry = FileEntry(ref.name, about.size or 0, stamp)
        return self._read_held(ref, lambda: edge_package_in(self.files, entry, about.form))

    def image_listing(self) -> ImageListing:
        """The images beside the records: listed now, for the index does not keep them.

        Raises:
            LfvError: the files cannot be listed.
        """
        from lfv_mcp.archive.held_files import images_in

        return images_in(self.files)

    def _read_held(self, ref: RecordRef, read: Callable[[], _Read]) -> _Read:
        """What is read of a file; a file that is gone, or is another one now, is said."""
        try:
            return read()
        except FileNotFoundError as error:
            raise _is_gone(ref.name) from error
        except (OSError, UnrecognisedError) as error:
            raise _unreadable(ref.name, error) from error
        except LfvError as error:
            if error.code == "s3_not_found":
                raise _is_gone(ref.name) from error
            raise

    def version_of(self, ref: RecordRef) -> Hashable:
        """Another one if the file of a record has changed, even where the index keeps only a part
        of it, as of a manifest. Never waits."""
        file = self._scanner.knows(ref.name)
        return None if file is None else file.version

    def is_pack(self, ref: RecordRef) -> bool:
        """Whether a record lies among those of other models, so that its file is not its own."""
        file = self._scanner.knows(ref.name)
        return file is not None and file.pack is not None

    def _read_bytes(self, name: str, part: PackPart | None) -> bytes:
        """All of a file, or the part of a pack."""
        if part is None:
            with self.files.open(name) as stream:
                return read_rest(stream, b"")
        with self.files.open(name, start=part.offset, limit=part.length) as stream:
            return read_rest(stream, b"", part.length)

    def _look_again(self, cause: Exception | None) -> None:
        """Look at the files once more, and wait for it.

        Raises:
            LfvError: they cannot be listed.
        """
        look = self._scanner.begin_after()
        look.done.wait()
        if look.error is not None:
            raise look.error.copy() from cause


def _record_at(data: bytes, ordinal: int) -> Record | None:
    """One record of a file; None if it does not hold that many any more."""
    try:
        records, _ = recognise(data)
    except UnrecognisedError:
        return None
    return records[ordinal] if ordinal < len(records) else None


def _is_gone(name: str) -> SetupError:
    return SetupError(
        "archive_unreadable",
        f"{clean(name, 1024)} is not in the archive any more.",
        "Ask again: the archive is looked at anew.",
    )


def _set_is_gone(key: PredictionSetKey) -> SetupError:
    return SetupError(
        "archive_unreadable",
        f"The prediction set {key.name} of {key.project} is not in the archive any more.",
        "Ask for a listing: it names what is there now.",
    )


def _unreadable(name: str, error: Exception) -> LfvError:
    if isinstance(error, LfvError):
        return error
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return SetupError(
        "archive_unreadable",
        f"{clean(name, 1024)} in the archive cannot be read: {reason}.",
        "Make that file readable, or remove it from the archive.",
    )

"""One file of an archive, read into what an index keeps of it; failures are kept as problems."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from lfv_mcp.archive.index import IndexedFile, IndexedRecord, RecordRef
from lfv_mcp.archive.listed_file import ListedFile, read_one_version
from lfv_mcp.archive.metadata import pack_metadata
from lfv_mcp.archive.pack_reading import PackContents, batches_of
from lfv_mcp.archive.packed_file import PackedFile, digest_of, record_digest
from lfv_mcp.archive.packed_lines import is_records_file
from lfv_mcp.archive.problems import FileProblem, is_gone, problem_of, unreadable_error
from lfv_mcp.archive.reading import Batch, PackPart, recognise_file
from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.errors import LfvError
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.normalisation import proven_performance, tested_images
from lfv_mcp.formats.recognition import Record, recognise
from lfv_mcp.formats.record import RecordKey
from lfv_mcp.text import clean

logger = logging.getLogger(__name__)
_MAX_SHARED_PROBLEMS: Final = 1_000
"""Problems that are kept to be shared; archives have tens of different ones."""


class FileLoader:
    """Reads files into what an index keeps of them. Safe between threads.

    Args:
        files: where the files are.
    """

    def __init__(self, files: FileStore) -> None:
        self._files = files
        self._keys: dict[RecordKey, RecordKey] = {}  # one object for each
        # One object for all files with the same problem: there may be 200,000 of them.
        self._problems: dict[FileProblem, tuple[FileProblem, ...]] = {}
        self._failures: dict[FileProblem, LfvError] = {}

    def load(self, entry: FileEntry) -> IndexedFile:
        """What one file holds; that it cannot be read or recognised is a problem, not an error.

        Its stamp is that of what was read, which may be newer than the listing's.
        """
        try:
            return read_one_version(self._files, entry, self._load)
        except (OSError, LfvError) as error:
            # Not the bytes but the way to them failed: the unchanged file is tried again.
            (problem,) = problems = self._shared(problem_of(error, entry.name))
            failure = self._failure(problem, error, entry.name) if problem.passing else None
            return IndexedFile(None, (), problems, failure, is_withheld=not is_gone(error))

    def _load(self, file: ListedFile) -> IndexedFile:
        """As `load`.

        Raises:
            FileChangedError: it is another file than this one.
            OSError, LfvError: it cannot be read.
        """
        entry = file.entry
        try:
            if not is_records_file(entry.name):
                return self._of_batch(entry.name, entry.stamp, recognise_file(file, entry))
            return self._of_pack(entry.name, entry.stamp, batches_of(file, entry))
        except (OSError, LfvError):
            raise
        except (UnrecognisedError, MemoryError) as error:
            # The same bytes would fail again.
            return IndexedFile(file.stamp, (), self._shared(problem_of(error, entry.name)))
        except Exception as error:  # a defect of ours: one odd file must not deny all others
            logger.exception("a file of the archive could not be read for a defect of this server")
            return IndexedFile(file.stamp, (), self._shared(problem_of(error, entry.name)))

    def packed(self, entry: FileEntry, said: PackedFile) -> IndexedFile:
        """What a file holds according to the pack that it lies beside; it is not opened."""
        record = Record(said.form, said.key, said.about, None)
        return IndexedFile(entry.stamp, (self._record(entry.name, 0, record, said.content),), ())

    def _of_batch(self, name: str, stamp: int | str | None, batch: Batch) -> IndexedFile:
        """What a file holds that is no pack."""
        records, problems, data, _ = batch
        indexed: list[IndexedRecord] = []
        for ordinal, record in enumerate(records):
            if record.form == "packed_file":
                return self._of_pack(name, stamp, [batch])
            indexed.append(self._record(name, ordinal, record, _digest(record, data)))
        found = self._problems_of(problems, name) if problems else ()
        return IndexedFile(stamp, tuple(indexed), found)

    def _of_pack(self, name: str, stamp: int | str | None, batches: Iterable[Batch]) -> IndexedFile:
        """What a pack holds, of its batches.

        Raises:
            UnrecognisedError: nothing, and why; or not all of it can be read.
        """
        indexed: list[IndexedRecord] = []
        problems: list[UnrecognisedError] = []
        parts: list[PackPart] = []
        table: list[PackedFile] = []
        for batch in batches:
            problems += batch.problems
            parts += [batch.part] if batch.part is not None else []
            first = batch.part.first if batch.part is not None else 0
            for ordinal, record in enumerate(batch.records, first):
                if record.form == "packed_file":
                    try:
                        table.append(PackedFile.of(record))
                    except UnrecognisedError as problem:
                        problems.append(problem)
                else:
                    digest = _digest(record, batch.data)
                    indexed.append(self._record(name, ordinal, record, digest))
        pack = PackContents(tuple(parts), tuple(table)) if parts else None
        found = self._problems_of(problems, name)
        return IndexedFile(stamp, tuple(indexed), found, pack=pack)

    def _problems_of(
        self, problems: Iterable[UnrecognisedError], name: str
    ) -> tuple[FileProblem, ...]:
        return tuple(self._shared(problem_of(each, name))[0] for each in problems)

    def _record(self, name: str, ordinal: int, record: Record, content: bytes) -> IndexedRecord:
        form, key, body, captured = record
        status = body.get("Status") if form in ("model", "listing") else None
        shown = clean(status, 40) if isinstance(status, str) else None
        ref = RecordRef(name, ordinal, captured, shown, content)
        if form == "result":
            proven = proven_performance(body).get
            reported = proven("F1Score"), proven("Precision"), proven("Recall")
            ref = ref._replace(test_images=tested_images(body), reported=reported)
        return IndexedRecord(form, self._keys.setdefault(key, key), pack_metadata(record), ref)

    def parsed(self, name: str, data: bytes) -> IndexedFile:
        """What a file of these bytes holds, to be read again at the next look."""
        try:
            file = self._of_batch(name, None, Batch(*recognise(data), data))
        except UnrecognisedError as error:
            file = IndexedFile(None, (), self._shared(problem_of(error, name)))
        return file._replace(kept_version=digest_of(data))

    def _failure(self, problem: FileProblem, error: OSError | LfvError, name: str) -> LfvError:
        """The error of the first file with this problem: one object, again, for all of them."""
        failure = self._failures.get(problem)
        if failure is None:
            failure = (
                error.copy() if isinstance(error, LfvError) else unreadable_error(problem, name)
            )
            self._failures[problem] = failure
        return failure

    def _shared(self, problem: FileProblem) -> tuple[FileProblem, ...]:
        shared = self._problems.get(problem)
        if shared is None:
            if len(self._problems) >= _MAX_SHARED_PROBLEMS:
                self._problems.clear()
                self._failures.clear()
            shared = self._problems.setdefault(problem, (problem,))
        return shared


def _digest(record: Record, data: bytes) -> bytes:
    # A manifest's body is empty: its lines are judged when it is analysed. That of a dataset has no
    # more than its first image; that of a prediction set has a digest of its lines in it.
    return digest_of(data) if record.form in _BY_START else record_digest(record)


_BY_START: Final = ("manifest", "dataset", "edge_package")
"""Forms of records that are told apart by the start and the end of their files."""

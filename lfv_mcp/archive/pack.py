"""One file for a fleet: an archive's answers and results in one compressed file, for many readers.

A pack is an archive like any other: `records.jsonl.gz`, and beside it the evaluation manifests, the
prediction sets and the datasets as they were. Its first lines are a table of those: what a listing
says of each, and whose it is. A reader whose listing agrees with the table opens none of them until
somebody asks for one. The table is no index: without it the files are opened again, and the answers
are the same.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from threading import Lock
from typing import Final, NamedTuple

from lfv_mcp.archive.dataset_copies import COPIED_NAME, DatasetCopies
from lfv_mcp.archive.fetched_file import chunks_of, fetched_once
from lfv_mcp.archive.layout import answer_of, file_name, folder_of
from lfv_mcp.archive.pack_reading import batches_of
from lfv_mcp.archive.packed_file import COPIED_FORMS, PackedFile, digest_of
from lfv_mcp.archive.packed_lines import RECORDS, compressed, members_of
from lfv_mcp.archive.rounds import Rounds
from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.archive.tally import ImportTally, Problem, has_failed
from lfv_mcp.archive.targets import StagedFile, Target
from lfv_mcp.errors import CallerError, LfvError, SetupError
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.recognition import Record, recognise
from lfv_mcp.formats.record import RecordKey
from lfv_mcp.text import clean


class PackResult(NamedTuple):
    """What a pack holds.

    Args:
        records: answers and results.
        copied: files beside them.
        others: files of the target that no pack has written, and that were left as they are.
    """

    records: int
    copied: int
    others: int


class Packer:
    """Makes a pack of an archive's files.

    Args:
        files: the archive.
        target: where the pack goes.
        replace: whether the target may hold something; the files of an older pack then go.
        wait: waits a number of seconds before what has failed is tried again.
    """

    def __init__(
        self,
        files: FileStore,
        target: Target,
        *,
        replace: bool = False,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Write nothing yet."""
        self._files = files
        self._target = target
        self._replace = replace
        self._wait = wait
        self._lock = Lock()
        self._lines: set[_Line] = set()
        self._staged: dict[str, _Copy] = {}
        self._datasets = DatasetCopies(target, of_archive=True)
        self.tally = ImportTally()
        """What became of the files that were looked at."""
        self.result: PackResult | None = None
        """What was published; None for nothing."""

    @property
    def unread(self) -> list[tuple[str, Problem]]:
        """Files that may hold a record and could not be read: because of one nothing is packed."""
        return [
            (name, problem)
            for name, problem in self.tally.problems
            if has_failed(problem) or (isinstance(problem, UnrecognisedError) and problem.is_unread)
        ]

    @property
    def may_be_published(self) -> bool:
        """Whether there is something, and nothing is missing."""
        return bool(self.tally.recognised) and not self.unread

    def require_room(self) -> None:
        """Look whether the pack may go to the target, before there is any work to lose.

        Raises:
            CallerError: it is not empty, and may not be replaced.
            LfvError: it cannot be looked at.
        """
        # Copied files alone are what a pack that was interrupted has left; `publish` looks closer.
        self._require_only(name for name in self._target.names() if not _COPIED.search(name))

    def _require_only(self, others: Iterable[str]) -> None:
        if not self._replace and any(True for _ in others):
            raise CallerError(
                "invalid_argument",
                f"{clean(self._target.location, 200)} is not empty.",
                "Choose an empty --to, or add --replace: the pack that is there then goes.",
            )

    def read(self, entries: Sequence[FileEntry]) -> Iterator[None]:
        """Read the archive's files; yields when one is done with. Nothing is published yet.

        Raises:
            LfvError: what has to wait cannot be written.
        """
        rounds = Rounds(max(self._files.parallel, 1), self._wait)
        for part in rounds.run(entries, self._read_file, ImportTally.may_still_come):
            self.tally.add(part)
            yield
        for name, copy in self._datasets.placed():
            self._staged[name] = _Copy(copy.staged, copy.record, copy.start)

    def _read_file(self, entry: FileEntry) -> ImportTally:
        part = ImportTally(files=1)
        try:
            with fetched_once(self._files, entry) as (fetched, found):
                for batch in batches_of(fetched, found):
                    part.add_problems(entry.name, batch.problems)
                    for record in batch.records:
                        self._datasets.note(record.key)
                        if record.form == "dataset":
                            start = digest_of(batch.data)
                            self._datasets.take(record, fetched, entry, start)
                        elif record.form in COPIED_FORMS:
                            self._take_copy(record, fetched, entry, digest_of(batch.data))
                        elif record.form not in ("packed_file", "edge_package"):
                            self._take_line(record)
                        part.count(record, entry.name)
        except (UnrecognisedError, OSError) as problem:
            part.add_problems(entry.name, [problem])
        except LfvError as error:
            if error.code == "archive_unwritable":
                raise
            part.add_problems(entry.name, [error])
        return part

    def _take_line(self, record: Record) -> None:
        line = json.dumps(answer_of(record), separators=(",", ":"), sort_keys=True)
        with self._lock:
            self._lines.add(_Line(record.key, record.form, line.encode()))

    def _take_copy(self, record: Record, files: FileStore, entry: FileEntry, start: bytes) -> None:
        # At the top, so that a pack that is given up leaves no folders.
        with files.open(entry.name) as stream:
            staged = self._target.stage(chunks_of(stream), "", in_memory=0)
        name = f"{folder_of(record.key)}/{file_name(record, staged.digest)}"
        with self._lock:
            kept = self._staged.setdefault(name, _Copy(staged, record, start))
        if kept.staged is not staged:
            staged.discard()  # the same file once more

    @property
    def copies(self) -> int:
        """How many files are copied beside the records."""
        return len(self._staged)

    def publish(self, advance: Callable[[], None]) -> None:
        """Let the pack appear: the copied files first, and last the one that makes them a pack.

        Args:
            advance: called whenever a copied file is there.

        Raises:
            LfvError: the target cannot be written to.
        """
        there = set(self._target.names())
        self._require_only(there - self._staged.keys())
        before = self._files_of_older_pack(there)
        table = list(self._publish_copies(advance))
        lines = (line.text for line in sorted(self._lines))
        staged = self._target.stage(compressed(chain(table, lines)), "")
        try:
            self._target.publish(staged, RECORDS, replace=self._replace)
        finally:
            staged.discard()
        for name in sorted(before - self._staged.keys()):
            self._target.remove(name)
        others = there - before - self._staged.keys() - {RECORDS}
        self.result = PackResult(len(self._lines), len(self._staged), len(others))

    def _publish_copies(self, advance: Callable[[], None]) -> Iterator[bytes]:
        """Let the copied files appear; the line of each in the table."""

        def publish_one(name: str) -> bytes:
            copy = self._staged[name]
            try:
                published = self._target.publish(copy.staged, name)
            except OSError as error:
                raise SetupError(
                    "archive_unwritable",
                    f"{clean(self._target.location, 200)} cannot be written to: {error.strerror}.",
                    "Run it again; somebody has removed what was waiting there.",
                ) from error
            form, key, about, _ = copy.record
            return PackedFile(
                name, published.size, published.etag, form, key, copy.start, about
            ).as_line()

        with ThreadPoolExecutor(self._target.parallel, "pack") as pool:
            for line in pool.map(publish_one, sorted(self._staged)):
                advance()
                yield line

    def _files_of_older_pack(self, there: set[str]) -> set[str]:
        """What the table of the pack names that is there now: these files are the pack's own."""
        if RECORDS not in there:
            return set()
        named: set[str] = set()
        for member in members_of([self._target.read(RECORDS)]):
            records, _ = recognise(member.data)
            named.update(PackedFile.of(r).name for r in records if r.form == "packed_file")
        return named & there

    def close(self) -> None:
        """Remove what was kept and not published."""
        for copy in self._staged.values():
            copy.staged.discard()
        self._datasets.close()
        self._target.close()


class _Line(NamedTuple):
    """A line of a pack; lines are sorted by whose they are, then by what they say."""

    key: RecordKey
    form: str
    text: bytes


class _Copy(NamedTuple):
    """A file that is copied unchanged."""

    staged: StagedFile
    record: Record
    start: bytes
    """Digest of what it was recognised by."""


_COPIED: Final = re.compile(
    r"/(?:manifest-[0-9a-f]{16}\.json|predictions-[A-Za-z0-9_-]+-[0-9a-f]{16}\.jsonl|"
    rf"{COPIED_NAME})$"
)
"""Names of files that a pack has copied."""

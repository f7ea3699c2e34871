"""Looks at an archive's files in the background, one look at a time, and keeps what was read.

A look lists the files, reads those that are new or changed, and merges an index. It outlives the
question that began it, and what it has read is kept even if it fails: the next one goes on from
there. Files that failed in passing (a throttled or unreachable S3) are tried again soon after.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from lfv_mcp.archive.file_reader import FileReader
from lfv_mcp.archive.index import Index, IndexedFile, merge
from lfv_mcp.archive.loading import FileLoader
from lfv_mcp.archive.pack_reading import PackTables
from lfv_mcp.archive.packed_lines import is_records_file
from lfv_mcp.archive.problems import is_gone
from lfv_mcp.archive.progress import IndexingProgress, Pace
from lfv_mcp.archive.reading import may_be_record
from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.errors import LfvError, ServiceError

logger = logging.getLogger(__name__)
FIRST_RETRY: Final = 1.0
"""Seconds until files that failed in passing are tried again; twice as many each further time."""
LAST_RETRY: Final = 8.0
"""Seconds between two tries at most."""
_TURN: Final = 0.5
"""Seconds that a changed file waits for a look to end, to be taken into the index itself."""
_IDLE: Final = 600.0
"""Seconds without a question after which nothing is tried again until there is one."""


class Look:
    """One look at the files, in progress or ended; `done` is set once it has an outcome."""

    def __init__(self, files: FileStore) -> None:
        self.done = threading.Event()
        self.error: LfvError | None = None
        self.is_gone = False  # it failed because the place is not there
        self.began = time.monotonic()
        self._files = files
        self.pace = Pace()
        self.listed = 0
        self.wanted = 0
        self.known = 0
        self.listing = True

    @property
    def age(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    def progress(self) -> IndexingProgress:
        """How far it has come."""
        read = self.known + self.pace.files
        # Of a place that is opened late the location is not known before.
        unit = "objects" if self._files.location.startswith("s3://") else "files"
        if self.listing:
            return IndexingProgress(read, None, None, unit, self.listed)
        seconds = self.pace.seconds_for(max(0, self.wanted - read))
        return IndexingProgress(read, self.wanted, seconds, unit, self.listed)


class Scanner:
    """Makes the indexes of one archive. Safe between threads.

    Args:
        files: where the files are.
        clock: seconds, by which a listing of the files grows old.
    """

    def __init__(self, files: FileStore, clock: Callable[[], float]) -> None:
        """Read nothing yet."""
        self._files = files
        self._clock = clock
        self._loader = FileLoader(files)
        self._lock = threading.Lock()  # of what follows; held for moments only
        self._look: Look | None = None
        self._failures = 0  # looks that failed in a row
        self._next_look = 0.0
        self._looked: float | None = None
        self._took = 0.0  # seconds, of the last look that succeeded
        self.index: Index | None = None
        self.checked_at: float | None = None
        self.failure: LfvError | None = None
        self._work = threading.Lock()  # held by the one look or retry that reads files
        self._known: dict[str, IndexedFile] = {}
        self._failed: dict[str, FileEntry] = {}  # in passing
        self._is_merged = True  # the index has all of `_known`
        self._unread_since: float | None = None
        self._asked = time.monotonic()
        self._retry_wake = threading.Event()

    @property
    def is_current(self) -> bool:
        """Whether it is not yet time for another look."""
        looked, interval = self._looked, self._files.rescan_after
        if interval > 0:
            interval = max(interval, 3 * self._took)  # a long look is not repeated all the time
        return looked is not None and self._clock() - looked <= interval

    @property
    def look(self) -> Look | None:
        """The look that is going on; None if there is none."""
        return self._look

    def begin(self) -> Look | None:
        """Begin a look, or join the one that is going on.

        None if the last ones failed just now and there is an index to answer from.
        """
        with self._lock:
            self._asked = time.monotonic()
            if self._look is not None:
                return self._look
            if self.index is not None and self._failures and self._clock() < self._next_look:
                return None
            look = self._look = Look(self._files)
            self._retry_wake.set()  # a look reads again whatever is to be tried again
            self._retry_wake = threading.Event()
        # A daemon: a command that has its answer, or has been stopped, ends at once.
        threading.Thread(
            target=self._run, args=(look, self._retry_wake), name="archive-look", daemon=True
        ).start()
        return look

    def begin_after(self) -> Look:
        """Begin a look that sees every change made until now."""
        while (going_on := self._look) is not None:
            going_on.done.wait()
        self._next_look = 0.0
        return self.begin() or self.begin_after()

    def replace(self, name: str, data: bytes) -> None:
        """Take a file that was found to have changed into the index, as these bytes.

        Not while a long look is going on: that finds out by itself, and nobody waits for it here.
        """
        if not self._work.acquire(timeout=_TURN):
            return
        try:
            self._keep(FileEntry(name, len(data), ""), self._loader.parsed(name, data))
            self._merge(self.index.skipped_images if self.index else 0)
        finally:
            self._work.release()

    def knows(self, name: str) -> IndexedFile | None:
        """What a file was last found to hold."""
        return self._known.get(name)

    def _run(self, look: Look, wake: threading.Event) -> None:
        """One look, and then the retries that it leaves to be made; the body of a thread."""
        error: LfvError | None = None
        try:
            began = time.time()
            with self._work:
                self._scan(look)
                self.checked_at = began
        except LfvError as failure:
            error, look.is_gone = failure.copy(), is_gone(failure)
        except Exception:
            logger.exception("a look at the archive failed unexpectedly")
            error = ServiceError(
                "internal_error",
                "This server made a mistake of its own.",
                "Look at the server's log (stderr), and report it with the log lines.",
            )
        with self._lock:
            look.error = self.failure = error
            self._failures = 0 if error is None else self._failures + 1
            if error is None:
                self._looked, self._took = self._clock(), look.age
            else:
                pause = min(FIRST_RETRY * 2 ** min(self._failures, 8), LAST_RETRY)
                # Of a place that is gone nothing is answered, so every question looks again.
                self._next_look = 0.0 if look.is_gone else self._clock() + pause
            self._look = None
        look.done.set()
        self._retry(wake)

    def _scan(self, look: Look) -> None:
        """List the files, read those that are new or changed, and merge the index anew.

        Raises:
            LfvError: the files cannot be listed.
        """
        seen: dict[str, IndexedFile] = {}
        tables = PackTables()
        reader = self._reader(look)
        is_parallel = self._files.parallel > 1
        fresh: list[FileEntry] = []
        packs: list[FileEntry] = []
        for entry in self._files.entries():
            look.listed += 1
            if not may_be_record(entry):
                continue
            look.wanted += 1
            before = self._known.get(entry.name)
            if before is not None and before.stamp == entry.stamp:
                look.known += 1
                seen[entry.name] = before
                tables.add(entry.name, before)
                continue
            seen[entry.name] = _TO_COME
            if is_parallel:
                (packs if is_records_file(entry.name) else fresh).append(entry)
                continue
            # At once, for there may be very many. A pack comes before the folders beside it.
            self._read(entry, tables, reader, look)
        look.listing = False
        self._read_packs(packs, tables, look)
        look.pace.restart()
        for entry in fresh:
            self._read(entry, tables, reader, look)
        reader.finish()
        for name, file in seen.items():
            if file is _TO_COME:
                seen[name] = self._known[name]
        if len(seen) != len(self._known):  # some are gone
            self._is_merged = False
            self._failed = {name: entry for name, entry in self._failed.items() if name in seen}
        if is_parallel:  # read in no certain order
            seen = dict(sorted(seen.items()))
        self._known = seen
        self._merge(look.listed - look.wanted)

    def _reader(self, look: Look) -> FileReader:
        return FileReader(self._loader, self._files.parallel, self._keep, look.pace)

    def _read(self, entry: FileEntry, tables: PackTables, reader: FileReader, look: Look) -> None:
        """Read a file, unless a pack says what it holds."""
        if (said := tables.find(entry)) is None:
            reader.read(entry)
        else:
            look.known += 1
            self._keep(entry, self._loader.packed(entry, said))
            return
        if self._files.parallel == 1 and is_records_file(entry.name):
            tables.add(entry.name, self._known[entry.name])

    def _read_packs(self, packs: list[FileEntry], tables: PackTables, look: Look) -> None:
        """Read packs before all else: they spare the files beside them a request each."""
        reader = self._reader(look)
        for entry in packs:
            reader.read(entry)
        reader.finish()
        for entry in packs:
            tables.add(entry.name, self._known[entry.name])

    def _keep(self, entry: FileEntry, file: IndexedFile) -> None:
        """Keep what a file holds, for the next index and for the next look."""
        name = entry.name
        before = self._known.get(name)
        if before is not None and file.is_withheld:
            # What it held before is the best that is known while it cannot be read.
            file = file._replace(
                records=before.records, pack=before.pack, kept_version=before.version
            )
        if before is None or before.is_changed_to(file):
            self._is_merged = False
        self._known[name] = file
        if file.failure is not None:
            self._failed[name] = entry
        elif self._failed:
            self._failed.pop(name, None)

    def _merge(self, skipped_images: int) -> None:
        """Make the index of all that is known, if it is another one."""
        before = self.index
        if before is None or not self._is_merged:
            since = self._unread_since or time.time()
            index = merge(self._known, self._files.location, since)
            index.number = before.number + 1 if before is not None else 1
            self._unread_since = since if index.unread is not None else None
            self._is_merged = True
            before = index
        before.skipped_images = skipped_images
        self.index = before

    def _retry(self, wake: threading.Event) -> None:
        """Read again, with growing pauses, what failed in passing; until a new look takes over."""
        pause = FIRST_RETRY
        while (index := self.index) is not None and index.passing is not None:
            if wake.wait(pause) or time.monotonic() - self._asked > _IDLE:
                return
            pause = min(2 * pause, LAST_RETRY)
            with self._work:
                if wake.is_set():
                    return
                reader = self._reader(Look(self._files))
                for entry in list(self._failed.values()):
                    reader.read(entry)
                reader.finish()
                self._merge(index.skipped_images)


_TO_COME: Final = IndexedFile(None, (), ())
"""Stands for a file that is being read."""

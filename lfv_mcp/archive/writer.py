"""Records written into an archive: import from anywhere, export from an endpoint.

A file's name comes from what it says, so the order of an import does not matter and doing it
twice changes nothing. Files appear whole or not at all, so a run that was killed can be run
again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from lfv_mcp.archive.dataset_copies import DatasetCopies
from lfv_mcp.archive.fetched_file import chunks_of, fetched_once
from lfv_mcp.archive.layout import answer_of, file_name, folder_of
from lfv_mcp.archive.named_sets import NamedSets
from lfv_mcp.archive.pack_reading import batches_of
from lfv_mcp.archive.packed_file import digest_of
from lfv_mcp.archive.rounds import Rounds
from lfv_mcp.archive.store import FileEntry, FileStore
from lfv_mcp.archive.tally import ImportTally
from lfv_mcp.archive.targets import OccupiedError, Target
from lfv_mcp.errors import LfvError, ServiceError
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.json_values import JsonObject
from lfv_mcp.formats.manifest_lines import manifest_as_lines
from lfv_mcp.formats.normalisation import plain
from lfv_mcp.formats.predictions.prediction_file import prediction_set_text
from lfv_mcp.formats.predictions.prediction_set import about_from
from lfv_mcp.formats.recognition import Record, recognise


class ArchiveWriter:
    """Writes records into a target, each under a name that comes from what it says.

    Args:
        target: where the files go.
        wait: waits a number of seconds before what has failed is tried again.
    """

    def __init__(self, target: Target, *, wait: Callable[[float], None] = time.sleep) -> None:
        """Write nothing yet."""
        self.target = target
        self._sets = NamedSets(target)
        self._datasets = DatasetCopies(target)
        self._wait = wait

    def import_files(
        self, files: FileStore, entries: Sequence[FileEntry], tally: ImportTally
    ) -> Iterator[None]:
        """Import files, several at one time where that helps; yields when one is done with.

        What fails for a passing reason is tried again, after the others.

        Raises:
            LfvError: the archive cannot be written to.
        """
        self.target.prepare()

        def import_one(entry: FileEntry) -> ImportTally:
            part = ImportTally()
            self.import_file(files, entry, part)
            return part

        rounds = Rounds(max(files.parallel, self.target.parallel), self._wait)
        for part in rounds.run(entries, import_one, ImportTally.may_still_come):
            tally.add(part)
            yield

    def publish_datasets(self, tally: ImportTally) -> None:
        """Let the datasets of all imports appear, beside the records of the projects they name.

        Raises:
            LfvError: the archive cannot be written to.
        """
        for name, copy in self._datasets.placed():
            try:
                tally.written += self.target.publish(copy.staged, name).is_new
            except (OccupiedError, OSError) as problem:
                tally.add_problems(name, [problem])
            finally:
                copy.staged.discard()

    def close(self) -> None:
        """Remove the datasets that were not published."""
        self._datasets.close()

    def import_file(self, files: FileStore, entry: FileEntry, tally: ImportTally) -> None:
        """Import one file: answers and results in canonical form, lines in UTF-8.

        A dataset waits for `publish_datasets`; a packaged model is counted and not copied.

        A file that cannot be read or recognised is a problem of the tally, not an error.

        Raises:
            LfvError: the archive cannot be written to.
        """
        tally.files += 1
        try:
            # It is written out of what it was recognised in: to open it again would be to fetch a
            # manifest, which may be large, twice, and perhaps to find another one.
            with fetched_once(files, entry) as (fetched, found):
                for batch in batches_of(fetched, found):
                    tally.add_problems(entry.name, batch.problems)
                    for record in batch.records:
                        start = digest_of(batch.data) if record.form == "dataset" else b""
                        tally.written += self._import_record(record, fetched, entry, start)
                        tally.count(record, entry.name)
        except (UnrecognisedError, OccupiedError, OSError) as problem:
            tally.add_problems(entry.name, [problem])
        except LfvError as error:
            if error.code == "archive_unwritable":
                raise
            tally.add_problems(entry.name, [error])

    def _import_record(
        self, record: Record, files: FileStore, entry: FileEntry, start: bytes
    ) -> bool:
        """Import one record of a file; whether it was new, as far as that is known."""
        self._datasets.note(record.key)
        if record.form == "manifest":
            return self._write_manifest(record, files, entry)
        if record.form == "predictions":
            return self._write_set(record, files, entry)
        if record.form == "dataset":
            self._datasets.take(record, files, entry, start)
        # The file beside a pack is imported itself, and a packaged model stays where it is.
        elif record.form not in ("packed_file", "edge_package"):
            return self.write_record(record)
        return False

    def _write_manifest(self, record: Record, files: FileStore, entry: FileEntry) -> bool:
        with files.open(entry.name) as stream:
            return self._write(record, manifest_as_lines(chunks_of(stream), record.arn))

    def _write_set(self, record: Record, files: FileStore, entry: FileEntry) -> bool:
        """Copy a prediction set as it is, unless it is there already.

        Raises:
            CallerError: the archive has another set of that name.
        """

        def is_meant(body: JsonObject) -> bool:
            return bool(plain(body) == record.body)

        def write() -> bool:
            with files.open(entry.name) as stream:
                return self._write(record, prediction_set_text(chunks_of(stream), is_meant))

        about = about_from(record.body)
        return self._sets.write(about, folder_of(record.key), write)

    def write_record(self, record: Record) -> bool:
        """Write one answer in the API's wire form, or an evaluation result; whether it was new.

        Raises:
            LfvError: the archive cannot be written to.
        """
        # ASCII, so that a terminal shows a text's control characters and does not obey them.
        answer = json.dumps(answer_of(record), indent=2, sort_keys=True)
        return self._write(record, [answer.encode(), b"\n"])

    def contains(self, record: Record) -> bool:
        """Whether the same answer is there already, whenever it was taken.

        Raises:
            LfvError: the archive cannot be looked at.
        """
        folder = folder_of(record.key)
        for name in self.target.names(folder):
            if not name.startswith(f"{folder}/{record.form}-"):
                continue
            try:
                existing, _ = recognise(self.target.read(name))
            except (OSError, ServiceError):
                continue
            if any(old.key == record.key and old.body == record.body for old in existing):
                return True
        return False

    def _write(self, record: Record, content: Iterable[bytes]) -> bool:
        folder = folder_of(record.key)
        staged = self.target.stage(content, folder)
        try:
            name = f"{folder}/{file_name(record, staged.digest)}"
            return self.target.publish(staged, name).is_new
        finally:
            staged.discard()

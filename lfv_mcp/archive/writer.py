"""Records written into a directory archive: import from anywhere, export from an endpoint.

A file's name comes from what it says, so the order of an import does not matter and doing it
twice changes nothing. Files appear whole or not at all, so a run that was killed can be run
again.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.utils import formatdate
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Final
from uuid import uuid4

from lfv_mcp.archive.reading import read_enough_to_recognise
from lfv_mcp.archive.store import PARTIAL_SUFFIX, FileEntry, FileStore
from lfv_mcp.errors import LfvError, SetupError
from lfv_mcp.formats.decoding import UnrecognisedError, decode_stream, read_chunks
from lfv_mcp.formats.recognition import Record, recognise

_MEMBERS: Final = {
    "model": "ModelDescription",
    "listing": "Models",
    "project": "ProjectDescription",
}
"""Members of the API's answers that records are written back into, by form."""
_UNFINISHED: Final = re.compile(rf"[0-9a-f]{{32}}{re.escape(PARTIAL_SUFFIX)}")
"""Names of our own files that are still being written."""


@dataclass(slots=True)
class ImportTally:
    """Counts what became of the files (of an export: the models) that were looked at."""

    files: int = 0
    recognised: dict[str, int] = field(default_factory=dict[str, int])  # records, by form
    written: int = 0
    problems: list[tuple[str, UnrecognisedError | LfvError]] = field(
        default_factory=list[tuple[str, UnrecognisedError | LfvError]]
    )

    def count(self, record: Record) -> None:
        """Count one recognised record."""
        self.recognised[record.form] = self.recognised.get(record.form, 0) + 1

    def add(self, part: ImportTally) -> None:
        """Add the counts of a part to these."""
        self.files += part.files
        self.written += part.written
        self.problems += part.problems
        for form, count in part.recognised.items():
            self.recognised[form] = self.recognised.get(form, 0) + count


class ArchiveWriter:
    """A directory that records are written into. Nothing is ever written outside it.

    Args:
        target: the directory, made if need be.

    Raises:
        SetupError: the directory cannot be made or written to.
    """

    def __init__(self, target: Path) -> None:
        """Make the directory, and remove what a run that was killed left half-written."""
        self.target = target
        try:
            target.mkdir(parents=True, exist_ok=True)
            self._top = target.resolve(strict=True)
            for folder, _, names in os.walk(self._top):
                for name in names:
                    if _UNFINISHED.fullmatch(name):  # left by a run that was killed
                        Path(folder, name).unlink()
        except OSError as error:
            raise _unwritable(target, error) from error

    def import_files(
        self, files: FileStore, entries: list[FileEntry], tally: ImportTally
    ) -> Iterator[None]:
        """Import files, several at one time where that helps; yields after each.

        Raises:
            SetupError: the archive cannot be written to.
        """
        lock = Lock()

        def import_one(entry: FileEntry) -> None:
            part = ImportTally()
            self.import_file(files, entry, part)
            with lock:
                tally.add(part)

        if files.parallel == 1:
            yield from map(import_one, entries)
            return
        with ThreadPoolExecutor(files.parallel, "import") as pool:
            yield from pool.map(import_one, entries)

    def import_file(self, files: FileStore, entry: FileEntry, tally: ImportTally) -> None:
        """Import one file: answers and results in canonical form, a manifest as UTF-8.

        A file that cannot be read or recognised is a problem of the tally, not an error.

        Raises:
            SetupError: the archive cannot be written to.
        """
        tally.files += 1
        try:
            records, problems = recognise(read_enough_to_recognise(files, entry))
            for record in records:
                if record.form == "manifest":
                    with files.open(entry.name) as stream:
                        tally.written += self._write(record, decode_stream(read_chunks(stream)))
                else:
                    tally.written += self.write_record(record)
                tally.count(record)
        except UnrecognisedError as problem:
            problems = [problem]
        except LfvError as error:
            if error.code == "archive_unwritable":
                raise
            problems = [UnrecognisedError(f"cannot be read: {error.message}", corrupt=True)]
        except OSError as error:
            problems = [
                UnrecognisedError(f"cannot be read: {error.strerror or error}", corrupt=True)
            ]
        tally.problems += ((entry.name, problem) for problem in problems)

    def write_record(self, record: Record) -> bool:
        """Write one answer in the API's wire form, or an evaluation result; whether it was new.

        The capture time goes where boto3 saves it too: into the response's date header.

        Raises:
            SetupError: the archive cannot be written to.
        """
        answer = record.body
        if member := _MEMBERS.get(record.form):
            answer = {member: [record.body] if member == "Models" else record.body}
        if record.captured is not None:
            date = formatdate(record.captured, usegmt=True)
            answer["ResponseMetadata"] = {"HTTPHeaders": {"date": date}}
        # ASCII, so that a terminal shows a text's control characters and does not obey them.
        return self._write(record, [json.dumps(answer, indent=2, sort_keys=True).encode(), b"\n"])

    def contains(self, record: Record) -> bool:
        """Whether the same answer is there already, whenever it was taken."""
        for path in self._folder(record).glob(f"{record.form}-*.json"):
            try:
                existing, _ = recognise(path.read_bytes())
            except OSError:
                continue
            if any(old.key == record.key and old.body == record.body for old in existing):
                return True
        return False

    def _write(self, record: Record, content: Iterable[bytes]) -> bool:
        digest = blake2b(digest_size=8)
        try:
            folder = self._make_folder(record)
            unfinished = folder / f"{uuid4().hex}{PARTIAL_SUFFIX}"
            try:
                with unfinished.open("xb") as out:
                    for chunk in content:
                        digest.update(chunk)
                        out.write(chunk)
                    out.flush()
                    os.fsync(out.fileno())
                path = folder / f"{record.form}-{digest.hexdigest()}.json"
                if path.is_file() and not path.is_symlink():
                    return False
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
        except (OSError, RuntimeError) as error:  # RuntimeError: a link to itself
            raise _unwritable(self._folder(record), error) from error
        return True

    def _make_folder(self, record: Record) -> Path:
        """The record's folder, made if need be; a link on the way must not lead out."""
        folder = self._top
        for part in record.key:
            folder /= str(part)
            if not folder.resolve().is_relative_to(self._top):
                raise OSError(f"{folder} leads out of the archive")
            folder.mkdir(exist_ok=True)
        return folder

    def _folder(self, record: Record) -> Path:
        # Every part has passed the pattern of an ARN: no separator in it, never dots alone.
        return self._top.joinpath(*(str(part) for part in record.key))


def _unwritable(path: Path, error: OSError | RuntimeError) -> SetupError:
    return SetupError(
        "archive_unwritable",
        f"{path} cannot be written to: {getattr(error, 'strerror', None) or error}.",
        "Choose another --to directory, or mend this one; what is written already stays.",
    )

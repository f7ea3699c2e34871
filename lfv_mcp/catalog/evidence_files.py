"""Where the evaluation files of a model are: in the archive, else at the bucket its record names.

A bucket and key out of an archive are a claim, not a permission: what is read there is parsed as
an evaluation file or refused, and nothing of it is echoed.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Final, Literal, NamedTuple, Protocol

from lfv_mcp.archive.archive import Archive
from lfv_mcp.archive.index import Index, ModelEntry, RecordRef
from lfv_mcp.archive.store import FileStore
from lfv_mcp.aws.s3 import S3
from lfv_mcp.errors import SetupError
from lfv_mcp.identifiers import model_key
from lfv_mcp.results.common import Finding
from lfv_mcp.results.model_description import ModelDescription

EvidenceForm = Literal["result", "manifest"]
MEMBER_NAMES: Final[dict[EvidenceForm, Literal["EvaluationResult", "EvaluationManifest"]]] = {
    "result": "EvaluationResult",
    "manifest": "EvaluationManifest",
}
"""The member of a ModelDescription that says where each evaluation file is."""


NOT_HELD: Final = "it is not held"
"""How the reason begins why a file that is nowhere is not read; any other reason is a failure."""


def is_not_held(unread: Finding) -> bool:
    """Whether a finding about an unread file says that the file is nowhere."""
    return NOT_HELD in unread.message


class EvidenceFile(Protocol):
    """An evaluation file that has not been opened yet.

    `place` is where a person finds it; empty where it is part of a file with other models'.
    """

    @property
    def place(self) -> str:
        """As in the class."""
        ...

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """The file's content, from its start.

        Raises:
            OSError, LfvError: the file cannot be read, at once or half-way.
        """
        ...


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """An evaluation file in the archive, at the version that the index has of it."""

    files: FileStore
    ref: RecordRef
    version: Hashable

    @property
    def place(self) -> str:
        """Its path in the archive."""
        return self.ref.name

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """As `EvidenceFile.open`."""
        return self.files.open(self.ref.name)


@dataclass(frozen=True, slots=True)
class PackedResult:
    """An evaluation result in a pack, among those of other models."""

    archive: Archive
    ref: RecordRef

    @property
    def place(self) -> str:
        """Nowhere of its own."""
        return ""

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """As `EvidenceFile.open`."""
        record = self.archive.read(self.ref)
        if record is None:
            raise OSError(f"{self.ref.name} has changed just now: ask again")
        return BytesIO(json.dumps(record.body).encode())


@dataclass(frozen=True, slots=True)
class S3File:
    """An evaluation file in the bucket that the model's record names."""

    s3: S3
    bucket: str
    key: str

    @property
    def place(self) -> str:
        """Its URI."""
        return f"s3://{self.bucket}/{self.key}"

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """As `EvidenceFile.open`."""
        return self.s3.open(self.bucket, self.key)


class ArchivedFiles(NamedTuple):
    """The evaluation files that an archive has of a model, the likeliest first.

    As keys of a cache they are others if one of the files has changed.
    """

    result: tuple[ArchivedFile | PackedResult, ...] = ()
    manifest: tuple[ArchivedFile | PackedResult, ...] = ()


class EvidenceFiles:
    """Finds the evaluation files of a model, and opens none.

    Args:
        archive: searched first.
        s3: where the bucket and key of a record are read; None for the sample, whose buckets do
            not exist.
    """

    def __init__(self, archive: Archive | None, s3: S3 | None) -> None:
        self._archive = archive
        self._s3 = s3

    def where_available(self, description: ModelDescription) -> Literal["archive", "s3", ""]:
        """Where evaluation files of a model would come from; empty for nowhere.

        Raises:
            LfvError: the archive cannot be listed.
        """
        index = None if self._archive is None else self._archive.index()
        if any(self.archived(description, index)):
            return "archive"
        recorded = description.EvaluationResult or description.EvaluationManifest
        return "s3" if self._s3 is not None and recorded else ""

    def find(
        self, description: ModelDescription, form: EvidenceForm, archived: ArchivedFiles
    ) -> Sequence[EvidenceFile]:
        """The files of one form that may be a model's, the likeliest first; at least one.

        Args:
            description: the model's record.
            form: which of its files.
            archived: those that the archive has.

        Raises:
            SetupError: `evidence_unavailable`, there is none.
        """
        if files := archived.result if form == "result" else archived.manifest:
            return files
        if form == "result":
            recorded = description.EvaluationResult
        else:
            recorded = description.EvaluationManifest
        if self._s3 is None or recorded is None or not recorded.Bucket or not recorded.Key:
            reason = "." if recorded else ", and the record does not say where it is."
            raise SetupError(
                "evidence_unavailable",
                f"{NOT_HELD}{reason}",
                f"Add the {MEMBER_NAMES[form]} to the archive: `lfv-mcp archive import` takes it "
                "from a directory or from S3.",
            )
        return [S3File(self._s3, recorded.Bucket, recorded.Key)]

    def archived(self, description: ModelDescription, index: Index | None) -> ArchivedFiles:
        """The evaluation files of a model that the archive has; never waits.

        Args:
            description: the model's record.
            index: the archive's at hand; None without one.
        """
        entry = _entry(description, index)
        if self._archive is None or entry is None:
            return ArchivedFiles()
        archive = self._archive

        def file_of(ref: RecordRef) -> ArchivedFile:
            # Of a manifest the index has its start and end only: its version tells of the rest.
            return ArchivedFile(archive.files, ref, archive.version_of(ref))

        return ArchivedFiles(
            tuple(
                PackedResult(archive, ref) if archive.is_pack(ref) else file_of(ref)
                for ref in entry.result
            ),
            tuple(map(file_of, entry.manifest)),
        )


def _entry(description: ModelDescription, index: Index | None) -> ModelEntry | None:
    """What an index has about the model with this record."""
    key = model_key(description.present_members())
    return None if index is None or key is None else index.models.get(key)

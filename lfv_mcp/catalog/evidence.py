"""Reads the evaluation files of a model: both at one time, and what has come by the deadline.

A model has two files: the EvaluationResult, a few kilobytes of metrics, and the EvaluationManifest,
a line for each test image. Both are read at the same time, on two worker threads. When 90 % of the
time until the deadline are used, a file that has not come counts as unread, so that there is still
time to report on the other one. A file that is not there or cannot be read is a finding in the
report; only if both are missing, the call fails, with `evidence_unavailable`.

What was read is cached by the record it belongs to, not by the question: `latest` may be another
model a moment later; and by the archived files it came from, so that one of them that has changed
is read again, and no other. A failure that may be over soon (a timeout, a network error, a file
that cannot be opened) is not cached, nor is what was read of a file that has changed since the
index was made.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Generic, Never, TypeVar

import anyio

from lfv_mcp.archive.listed_file import stamp_of
from lfv_mcp.catalog.backend import IndexLoader
from lfv_mcp.catalog.cache import Cache, CachePolicy
from lfv_mcp.catalog.evidence_files import (
    MEMBER_NAMES,
    NOT_HELD,
    ArchivedFile,
    ArchivedFiles,
    EvidenceFile,
    EvidenceFiles,
    EvidenceForm,
    is_not_held,
)
from lfv_mcp.catalog.files_read import note_files
from lfv_mcp.catalog.workers import Workers, seconds_to_answer
from lfv_mcp.errors import LfvError, NotHeldError, SetupError
from lfv_mcp.findings import finding
from lfv_mcp.formats.decoding import FILE_LIMIT, UnrecognisedError, read_chunks
from lfv_mcp.formats.documents import documents_and_problems
from lfv_mcp.formats.evaluation_manifest import (
    LINES_KEPT,
    EvaluationManifest,
    read_evaluation_manifest,
)
from lfv_mcp.formats.evaluation_result import (
    EvaluationResult,
    build_file_models,
    read_evaluation_result,
)
from lfv_mcp.formats.file_digest import DigestedStream, FileDigest
from lfv_mcp.formats.json_values import is_object
from lfv_mcp.formats.manifest_lines import manifest_lines
from lfv_mcp.formats.recognition import recognise
from lfv_mcp.identifiers import model_key
from lfv_mcp.results.common import Finding
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.times import epoch_seconds

_NOT_EVALUATED: Final = ("TRAINING", "TRAINING_FAILED")
"""Statuses of models that have not been evaluated."""
_SAME_EVALUATION_SECONDS: Final = 1.0
"""Ends of evaluations this near are those of the same one: a record and a file may round."""
_READ_ANOTHER: Final = (
    "Add the EvaluationManifest to the archive: `lfv-mcp archive import` takes it."
)
_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class FileResult(Generic[_T_co]):
    """What reading one evaluation file gave: its content, or a finding that says why not.

    Args:
        content: the parsed file; None if it was not read.
        finding: why it was not read; None if it was.
        cacheable: reading it again soon would give the same.
        digest: of the file that was read; None if none was, or if it is no file of its own.
    """

    content: _T_co | None
    finding: Finding | None = None
    cacheable: bool = True
    digest: FileDigest | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evaluation files of a model as far as they could be read; at least one of them.

    Args:
        result: None if it was not read.
        manifest: None if it was not read.
        findings: one for each file that was not read.
        cacheable: reading both again soon would give the same.
        digests: of the files that were read.
    """

    result: EvaluationResult | None
    manifest: EvaluationManifest | None
    findings: tuple[Finding, ...]
    cacheable: bool
    digests: tuple[FileDigest, ...] = ()


class EvidenceLoader:
    """Reads the evaluation files of a model, within the deadline of the call, and caches them.

    Args:
        files: finds the files.
        workers: run the reads.
        index: says which archived files there are by now.
        policy: how long files are kept, and of how many models.
        clock: seconds, for the cache.
    """

    def __init__(
        self,
        files: EvidenceFiles,
        workers: Workers,
        index: IndexLoader,
        policy: CachePolicy,
        clock: Callable[[], float],
    ) -> None:
        build_file_models()  # before the workers, which read both files of a model at one time
        self._files = files
        self._workers = workers
        self._index = index
        self._cache: Cache[tuple[ArchivedFiles, ModelDescription], Evidence] = Cache(
            lambda evidence: policy.evidence_seconds if evidence.cacheable else 0.0,
            policy.max_evidence,
            clock,
        )

    async def load(self, description: ModelDescription) -> Evidence:
        """The evaluation files of the model with this record.

        Raises:
            SetupError: `evidence_unavailable`, neither file could be read.
            LfvError: the archive cannot be listed.
        """
        index = (await self._index.load()).index
        archived = self._files.archived(description, index)
        read = partial(self._read_both, description, archived)
        evidence = await self._cache.get((archived, description), read)
        note_files(evidence.digests)
        return evidence

    async def _read_both(self, description: ModelDescription, archived: ArchivedFiles) -> Evidence:
        result: FileResult[EvaluationResult] = timed_out("result")
        manifest: FileResult[EvaluationManifest] = timed_out("manifest")

        async def read_result() -> None:
            nonlocal result
            work = partial(self._read_result, description, archived)
            result = await self._workers.run(work, self._workers.file_reads)

        async def read_manifest() -> None:
            nonlocal manifest
            work = partial(self._read_manifest, description, archived)
            manifest = await self._workers.run(work, self._workers.file_reads)

        with anyio.move_on_after(seconds_to_answer()):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read_result)
                tasks.start_soon(read_manifest)
        return combine(result, manifest, description)

    def _read_result(
        self, description: ModelDescription, archived: ArchivedFiles
    ) -> FileResult[EvaluationResult]:
        ended = epoch_seconds(description.EvaluationEndTimestamp)

        def read(opener: _Opener) -> tuple[EvaluationResult, FileDigest | None]:
            files = self._files.find(description, "result", archived)
            return _matching_result(opener, files, ended, _arn(description))

        return _read("result", read)

    def _read_manifest(
        self, description: ModelDescription, archived: ArchivedFiles
    ) -> FileResult[EvaluationManifest]:
        def read(opener: _Opener) -> tuple[EvaluationManifest, FileDigest | None]:
            with opener.open(self._files.find(description, "manifest", archived)[0]) as stream:
                lines = manifest_lines(read_chunks(stream), _arn(description))
                return read_evaluation_manifest(lines), stream.digest()

        return _read("manifest", read)


class _Opener:
    """Opens evaluation files, and knows whether all of them were what the index has."""

    def __init__(self) -> None:
        self.all_as_indexed = True

    @contextmanager
    def open(self, file: EvidenceFile) -> Generator[DigestedStream]:
        """As `EvidenceFile.open`."""
        with file.open() as stream:
            if isinstance(file, ArchivedFile):  # another may have come in its place since
                self.all_as_indexed &= stamp_of(stream) in (None, file.version)
            yield DigestedStream(stream, file.place)


def _read(
    form: EvidenceForm, read: Callable[[_Opener], tuple[_T, FileDigest | None]]
) -> FileResult[_T]:
    """What is read of the files of one form; kept only by the versions that it is of.

    A file that has changed since the index was made may be put back, and would then be taken for
    what was read of the other one.
    """
    opener = _Opener()
    result: FileResult[_T]
    try:
        content, digest = read(opener)
        result = FileResult(content, digest=digest)
    except (LfvError, UnrecognisedError, OSError) as error:
        result = _failed(form, error)
    return result if opener.all_as_indexed else replace(result, cacheable=False)


def combine(
    result: FileResult[EvaluationResult],
    manifest: FileResult[EvaluationManifest],
    description: ModelDescription,
) -> Evidence:
    """Both files of the model with this record, as far as they could be read.

    Raises:
        SetupError: `evidence_unavailable`, neither could be read; the message says why.
        NotHeldError: the same, and both are nowhere.
    """
    findings = tuple(part.finding for part in (result, manifest) if part.finding is not None)
    if result.content is None and manifest.content is None:
        recorded = description.EvaluationResult or description.EvaluationManifest
        if not recorded and (status := description.Status) in _NOT_EVALUATED:
            raise NotHeldError(
                "evidence_unavailable",
                f"Status {status}: no evaluation files are known.",
                "See describe_model for what is known, list_models for other versions.",
            )
        reasons = " ".join(found.message for found in findings)
        kind = NotHeldError if all(map(is_not_held, findings)) else SetupError
        raise kind("evidence_unavailable", reasons, findings[-1].advice or "")
    cacheable = result.cacheable and manifest.cacheable
    digests = tuple(part.digest for part in (result, manifest) if part.digest is not None)
    return Evidence(result.content, manifest.content, findings, cacheable, digests)


def no_images(manifest: EvaluationManifest | None, findings: Sequence[Finding]) -> SetupError:
    """The error of a question about images one by one, where only counts or nothing is known.

    Args:
        manifest: what was read; None for nothing.
        findings: those that may say why it was not.
    """
    why = next((each for each in findings if each.code == "evaluation_manifest_unread"), None)
    if manifest is None and why is not None:
        return SetupError("evidence_unavailable", why.message, why.advice or _READ_ANOTHER)
    if manifest is not None and manifest.images is None:
        message = f"There are more than {LINES_KEPT:,} test images: they are only counted."
        return SetupError("evidence_unavailable", message, "Read the file itself.")
    message = "No test image is known one by one."
    return SetupError("evidence_unavailable", message, _READ_ANOTHER)


def timed_out(form: EvidenceForm) -> FileResult[Never]:
    """The result of a file that did not come within the time limit."""
    return _unread(
        form,
        "not within the time limit.",
        "Ask again later, or raise LFV_TIMEOUT (--timeout).",
        cacheable=False,
    )


def _failed(form: EvidenceForm, error: LfvError | UnrecognisedError | OSError) -> FileResult[Never]:
    """The result of a file that could not be read."""
    if isinstance(error, LfvError):
        # An archive will not have a missing file soon; a network may well recover.
        cacheable = error.code == "evidence_unavailable"
        why = f"{NOT_HELD}: {error.message}" if error.code == "s3_not_found" else error.message
        return _unread(form, why, error.next_step, cacheable=cacheable)
    problem = str(error) if isinstance(error, UnrecognisedError) else "it cannot be opened"
    return _unread(
        form,
        f"{problem}.",
        "Replace it by the file that the service wrote; `lfv-mcp archive check` helps.",
        cacheable=isinstance(error, UnrecognisedError),
    )


def _unread(form: EvidenceForm, why: str, advice: str, *, cacheable: bool) -> FileResult[Never]:
    message = f"{MEMBER_NAMES[form]} could not be read: {why}"
    unread = finding(f"evaluation_{form}_unread", message, advice)
    return FileResult(None, unread, cacheable)


def _arn(description: ModelDescription) -> str:
    """The ARN of the model with this record; empty if the record does not tell."""
    key = model_key(description.present_members())
    return "" if key is None else key.arn


def _matching_result(
    opener: _Opener, files: Sequence[EvidenceFile], ended: float | None, arn: str
) -> tuple[EvaluationResult, FileDigest | None]:
    """The first file's result; a later file's if that is of the evaluation that ended then.

    With it comes the digest of the file that it is from.

    Args:
        opener: opens the files.
        files: at least one.
        ended: epoch seconds; None if the record does not say.
        arn: the model's; a file may hold results of several.

    Raises:
        UnrecognisedError: a file is no evaluation result.
        OSError, LfvError: a file cannot be read.
    """
    results: list[tuple[EvaluationResult, FileDigest | None]] = []
    for file in files:
        with opener.open(file) as stream:
            result = _evaluation_result_in(stream.read(FILE_LIMIT + 1), arn)
            digest = stream.digest()
        if ended is None or abs((result.evaluated_at or 0) - ended) <= _SAME_EVALUATION_SECONDS:
            return result, digest
        results.append((result, digest))
    return results[0]


def _evaluation_result_in(data: bytes, arn: str) -> EvaluationResult:
    records, problems = recognise(data)
    results = [record for record in records if record.form == "result"]
    for record in results:
        if record.arn == arn:
            return read_evaluation_result(record.body)
    if results:
        return read_evaluation_result(results[0].body)
    # A file that does not say whose it is, or something else: then it is named.
    for document in documents_and_problems(data):
        if is_object(document):
            return read_evaluation_result(document)
    raise problems[0] if problems else UnrecognisedError("JSON, but not an evaluation result")

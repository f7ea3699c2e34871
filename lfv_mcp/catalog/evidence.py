"""The evaluation files of one model: looked up in the archive first, else read from S3.

A bucket and key out of an archive are a claim, not a permission: what is read is parsed as an
evaluation file or refused, and nothing of it is echoed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import IO, Final, Generic, Literal, TypeVar

from lfv_mcp.archive.archive import Archive
from lfv_mcp.aws.s3 import S3
from lfv_mcp.errors import LfvError, SetupError
from lfv_mcp.findings import finding
from lfv_mcp.formats.decoding import (
    FILE_LIMIT,
    UnrecognisedError,
    decode_stream,
    decode_text,
    json_documents,
    read_chunks,
)
from lfv_mcp.formats.evaluation_manifest import (
    EvaluationManifest,
    lines_of,
    read_evaluation_manifest,
)
from lfv_mcp.formats.evaluation_result import EvaluationResult, read_evaluation_result
from lfv_mcp.identifiers import model_key
from lfv_mcp.results.common import Finding
from lfv_mcp.results.model_description import ModelDescription
from lfv_mcp.times import epoch_seconds

EvidenceFile = Literal["result", "manifest"]
_NAMES: Final = {"result": "EvaluationResult", "manifest": "EvaluationManifest"}
_WITHOUT: Final = ("TRAINING", "TRAINING_FAILED")
"""Statuses of models that have not been evaluated."""
_T = TypeVar("_T")
_Open = Callable[[], AbstractContextManager[IO[bytes]]]


@dataclass(frozen=True, slots=True)
class FileResult(Generic[_T]):
    """One file as it was read; or a finding that says why not, and whether it would fail again."""

    content: _T | None
    finding: Finding | None = None
    settled: bool = True


@dataclass(frozen=True, slots=True)
class Evidence:
    """What could be read, and a finding for what could not. Settled: no use in trying again."""

    result: EvaluationResult | None
    manifest: EvaluationManifest | None
    findings: tuple[Finding, ...]
    settled: bool


def combine(
    result: FileResult[EvaluationResult],
    manifest: FileResult[EvaluationManifest],
    description: ModelDescription,
) -> Evidence:
    """Both files of a model, as far as they could be read.

    Raises:
        SetupError: neither could; the message says why.
    """
    findings = tuple(part.finding for part in (result, manifest) if part.finding is not None)
    if result.content is None and manifest.content is None:
        if description.get("Status") in _WITHOUT and not {*_NAMES.values()} & description.keys():
            raise SetupError(
                "evidence_unavailable",
                f"Status {description['Status']}: no evaluation files are known.",
                "See describe_model for what is known, list_models for other versions.",
            )
        reasons = " ".join(f["message"] for f in findings)
        raise SetupError("evidence_unavailable", reasons, findings[-1].get("advice", ""))
    settled = result.settled and manifest.settled
    return Evidence(result.content, manifest.content, findings, settled)


def timed_out(form: EvidenceFile) -> FileResult[_T]:
    """A file that did not come within the time limit."""
    return _unread(
        form,
        "not within the time limit.",
        "Ask again later, or raise LFV_TIMEOUT (--timeout).",
        settled=False,
    )


def _unread(form: EvidenceFile, why: str, advice: str, *, settled: bool = True) -> FileResult[_T]:
    message = f"{_NAMES[form]} could not be read: {why}"
    return FileResult(None, finding(f"evaluation_{form}_unread", message, advice), settled)


class EvidenceReader:
    """Finds and reads evaluation files.

    Args:
        archive: searched first.
        s3: where the model's own bucket and key are read; None for the sample, whose
            buckets do not exist.
    """

    def __init__(self, archive: Archive | None, s3: S3 | None) -> None:
        self._archive = archive
        self._s3 = s3

    def at_hand(self, description: ModelDescription) -> Literal["archive", "s3", ""]:
        """Where evidence about a model would come from; nothing is read."""
        if any(self._held(description, form) for form in _NAMES):
            return "archive"
        named = any(name in description for name in _NAMES.values())
        return "s3" if self._s3 is not None and named else ""

    def result(self, description: ModelDescription) -> FileResult[EvaluationResult]:
        """The EvaluationResult of a model."""
        ended = epoch_seconds(description.get("EvaluationEndTimestamp"))
        return self._part(description, "result", partial(_result, ended))

    def manifest(self, description: ModelDescription) -> FileResult[EvaluationManifest]:
        """The EvaluationManifest of a model."""
        return self._part(description, "manifest", _manifest)

    def _held(self, description: ModelDescription, form: str) -> list[str]:
        """Names of the archive's files about a model, the likeliest first."""
        key = model_key(description)
        if self._archive is None or key is None:
            return []
        held = self._archive.index().models.get(key)
        return [s.name for s in getattr(held, form)] if held else []

    def _part(
        self,
        description: ModelDescription,
        form: EvidenceFile,
        read: Callable[[Iterator[_Open]], _T],
    ) -> FileResult[_T]:
        try:
            return FileResult(read(self._opened(description, form)))
        except LfvError as error:
            # What an archive does not hold it will not hold soon; the network may well recover.
            settled = error.code == "evidence_unavailable"
            return _unread(form, error.message, error.next_step, settled=settled)
        except (UnrecognisedError, OSError) as error:
            problem = str(error) if isinstance(error, UnrecognisedError) else "it cannot be opened"
            return _unread(
                form,
                f"{problem}.",
                "Replace it by the file that the service wrote; `lfv-mcp archive check` helps.",
            )

    def _opened(self, description: ModelDescription, form: EvidenceFile) -> Iterator[_Open]:
        """Ways to open the file, the likeliest first.

        Raises:
            SetupError: there is none.
        """
        if held := self._held(description, form):
            assert self._archive is not None
            for path in held:
                yield partial(self._archive.files.open, path)
            return
        at = (
            description.get("EvaluationResult", {})
            if form == "result"
            else description.get("EvaluationManifest", {})
        )
        if self._s3 is None or not at.get("Bucket") or not at.get("Key"):
            raise SetupError(
                "evidence_unavailable",
                "it is not held" + ("." if at else ", and the record does not say where it is."),
                f"Add the {_NAMES[form]} to the archive: `lfv-mcp archive import` takes it from a "
                "directory or from S3.",
            )
        yield partial(self._s3.open, at["Bucket"], at["Key"])


def _result(ended: float | None, ways: Iterator[_Open]) -> EvaluationResult:
    """The result of this very evaluation if there is one among them, else the first."""
    first: EvaluationResult | None = None
    for way in ways:
        with way() as stream:
            content = decode_text(stream.read(FILE_LIMIT + 1))
        document = next(json_documents(content))
        if not isinstance(document, dict):
            raise UnrecognisedError("JSON, but not an evaluation result")
        result = read_evaluation_result(document)
        if ended is None or abs((result.evaluated_at or 0) - ended) <= 1:
            return result
        first = first or result
    assert first is not None
    return first


def _manifest(ways: Iterator[_Open]) -> EvaluationManifest:
    with next(ways)() as stream:
        return read_evaluation_manifest(lines_of(decode_stream(read_chunks(stream))))

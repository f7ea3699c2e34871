"""Saved API answers and evaluation files, recognised by content: bytes in, records out. Pure.

A record says one thing about one model or project, in the API's wire form (epoch seconds),
whatever spelling it was saved in: a boto3 response, AWS CLI v1 or v2 output, a list answer,
JSON Lines, gzip, with a byte-order mark or in UTF-16 (PowerShell's `>`).
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import IO, Any, Final, Literal, NamedTuple

SIZE_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of one file, unpacked; an answer has kilobytes. Manifests are read by line instead."""

_CHUNK: Final = 1024 * 1024
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")

Form = Literal["model", "listing", "project", "result", "manifest"]


class ModelKey(NamedTuple):
    """What tells one model version from all others."""

    region: str
    account: str
    project: str
    version: int

    @property
    def arn(self) -> str:
        """The model's ARN."""
        return (
            f"arn:aws:lookoutvision:{self.region}:{self.account}"
            f":model/{self.project}/{self.version}"
        )


class ProjectKey(NamedTuple):
    """What tells one project from all others."""

    region: str
    account: str
    project: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recognised record: what form it has, about whom, its body on the wire, and when taken."""

    form: Form
    key: ModelKey | ProjectKey
    body: dict[str, Any]
    captured: float | None  # epoch seconds; None: not recorded


class UnrecognisedError(Exception):
    """Not a record of this service; the message says what it is instead.

    `corrupt`: it may once have been one (broken JSON, cut gzip); else it is simply foreign.
    """

    def __init__(self, message: str, *, corrupt: bool = False) -> None:
        super().__init__(message)
        self.corrupt = corrupt


_ARN: Final = re.compile(
    r"arn:[^:]+:lookoutvision:([a-z0-9-]+):(\d{12}):"
    r"(?:model/([a-zA-Z0-9][\w-]{0,254})/([1-9]\d{0,9})|project/([a-zA-Z0-9][\w-]{0,254}))",
    re.ASCII,
)
_FOREIGN: Final = "JSON, but not of a form this service has"
_TIMES: Final = ("CreationTimestamp", "EvaluationEndTimestamp")


def recognise(data: bytes) -> tuple[list[Recorded], list[UnrecognisedError]]:
    """Every record in one file's bytes, and what is wrong with the rest of it.

    One bad item (of a list, of JSON Lines) does not lose the others.
    """
    found: list[Recorded] = []
    problems: list[UnrecognisedError] = []
    try:
        for document in documents(text(data)):
            for item in _answers(document):
                try:
                    found.append(_record(item))
                except UnrecognisedError as problem:
                    problems.append(problem)
            if found and found[-1].form == "manifest":
                break  # a manifest is one record; its other lines are read when it is analysed
    except UnrecognisedError as problem:
        problems.append(problem)
    return found, problems


def peek(head: bytes) -> bytes | None:
    """The start of a file, gzip unpacked; None if it cannot be a record (an image, say)."""
    if head[:2] == b"\x1f\x8b":
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 16 * len(head))
        except zlib.error:
            return head  # recognise() names what is wrong with it
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return head if not plain or plain[:1] in b"{[" or head[:2] in _UTF16 else None


def text(data: bytes) -> str:
    """A file's text: gzip unpacked (up to SIZE_LIMIT), byte-order marks honoured, else UTF-8.

    Raises:
        UnrecognisedError: truncated gzip, too large, or no text.
    """
    if data[:2] == b"\x1f\x8b":
        # Never unpacked past the limit: a bomb must not fill the memory.
        try:
            with gzip.GzipFile(fileobj=BytesIO(data)) as stream:
                data = stream.read(SIZE_LIMIT + 1)
        except (EOFError, OSError, zlib.error) as error:
            raise UnrecognisedError("truncated or corrupt gzip", corrupt=True) from error
    if len(data) > SIZE_LIMIT:
        raise UnrecognisedError(f"larger than {SIZE_LIMIT >> 20} MiB", corrupt=True)
    try:
        return data.decode("utf-16" if data[:2] in _UTF16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnrecognisedError("not UTF-8 or UTF-16 text", corrupt=True) from error


def unpack(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A stream's bytes, gzip members unpacked on the way, in bounded memory.

    Raises:
        UnrecognisedError: truncated or corrupt gzip.
    """
    inflate = None
    for number, chunk in enumerate(chunks):
        if number == 0 and chunk[:2] == b"\x1f\x8b":
            inflate = zlib.decompressobj(wbits=31)
        if inflate is None:
            yield chunk
            continue
        try:
            while chunk:
                if inflate.eof:  # another member follows
                    inflate = zlib.decompressobj(wbits=31)
                yield inflate.decompress(chunk, _CHUNK)
                chunk = inflate.unconsumed_tail or inflate.unused_data
        except zlib.error as error:
            raise UnrecognisedError("truncated or corrupt gzip", corrupt=True) from error
    if inflate is not None and not inflate.eof:
        raise UnrecognisedError("truncated or corrupt gzip", corrupt=True)


def chunks(stream: IO[bytes]) -> Iterator[bytes]:
    """A stream's bytes, a mebibyte at a time.

    Raises:
        UnrecognisedError: it cannot be read any further.
    """
    try:
        while chunk := stream.read(_CHUNK):
            yield chunk
    except OSError as error:
        raise UnrecognisedError(
            f"cannot be read: {error.strerror or error}", corrupt=True
        ) from error


def documents(content: str) -> Iterator[Any]:
    """The JSON values of a text, one after another: a single document, JSON Lines, or a mix.

    Raises:
        UnrecognisedError: not JSON, or nested too deeply.
    """
    decode, end, size = json.JSONDecoder().raw_decode, 0, len(content)
    skip = re.compile(r"\s*").match
    empty = True
    while (start := skip(content, end).end()) < size:  # type: ignore[union-attr]
        try:
            value, end = decode(content, start)
        except RecursionError as error:
            raise UnrecognisedError("nested too deeply", corrupt=True) from error
        except ValueError as error:
            line = content.count("\n", 0, start) + 1
            raise UnrecognisedError(f"not JSON (line {line})", corrupt=True) from error
        empty = False
        yield value
    if empty:
        raise UnrecognisedError("empty file", corrupt=True)


def recognise_answer(answer: Mapping[str, Any], captured: float | None) -> Recorded:
    """One answer as botocore parsed it (times are datetimes) → a record.

    Raises:
        UnrecognisedError: no ARN of this service in it.
    """
    record = _record(dict(answer))
    return Recorded(record.form, record.key, record.body, captured)


def _answers(document: Any) -> Iterator[dict[str, Any]]:
    """One document taken apart into single answers; list answers share their capture time."""
    if isinstance(document, list) and document:
        for item in document:
            yield from _answers(item)
        return
    if not isinstance(document, dict):
        raise UnrecognisedError(_FOREIGN)
    for plural, singular in (("Models", "ModelMetadata"), ("Projects", "ProjectDescription")):
        if isinstance(items := document.get(plural), list):
            metadata = document.get("ResponseMetadata")
            yield from ({singular: item, "ResponseMetadata": metadata} for item in items)
            return
    yield document


def _record(answer: dict[str, Any]) -> Recorded:
    captured = _captured(answer)
    match answer:
        case {"ModelDescription": dict(body)}:
            return Recorded("model", _model_key(body), on_the_wire(body), captured)
        case {"ModelMetadata": dict(body)}:
            return Recorded("listing", _model_key(body), on_the_wire(body), captured)
        case {"ProjectDescription": dict(body)}:
            return Recorded("project", _project_key(body), on_the_wire(body), captured)
        case {"EvaluationDetails": dict(details), "AggregatedEvaluationResults": _}:
            if "ProjectVersionArn" in details:
                raise UnrecognisedError("an evaluation summary of Rekognition Custom Labels")
            return Recorded("result", _model_key(details), answer, None)
        case {"source-ref": _}:
            return Recorded("manifest", _model_key(_prediction(answer), "model-arn"), {}, None)
        case {"ModelArn": _, "ModelVersion": _}:  # a bare ModelDescription, cut out by hand
            return Recorded("model", _model_key(answer), on_the_wire(answer), captured)
        case {"ProjectVersionDescriptions": _} | {"ProjectVersionArn": _}:
            raise UnrecognisedError("an answer of Rekognition Custom Labels")
        case {"lookout_vision_model_arn": _}:
            raise UnrecognisedError("an answer of the Lookout for Vision Edge Agent")
    raise UnrecognisedError(_FOREIGN)


def _project_key(body: Mapping[str, Any]) -> ProjectKey:
    arn = _ARN.fullmatch(str(body.get("ProjectArn")))
    if arn is None or arn[5] is None:
        raise UnrecognisedError("a project without a ProjectArn of this service")
    return ProjectKey(arn[1], arn[2], arn[5])


def _model_key(body: Mapping[str, Any], name: str = "ModelArn") -> ModelKey:
    arn = _ARN.fullmatch(str(body.get(name)))
    if arn is None or arn[3] is None:
        raise UnrecognisedError("no ModelArn of this service, so whose it is cannot be told")
    return ModelKey(arn[1], arn[2], arn[3], int(arn[4]))


def _prediction(line: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, value in line.items():
        if name.endswith("-detected-metadata") and isinstance(value, dict):
            return value
    raise UnrecognisedError("a manifest without predictions: a dataset, not an evaluation")


def on_the_wire(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with times as epoch seconds, at any depth the API has them (datasets)."""
    result = dict(body)
    for name in _TIMES:
        if name in result:
            seconds = epoch(result.pop(name))
            if seconds is not None:  # a time that cannot be read is unknown, not an error
                result[name] = seconds
    if isinstance(datasets := result.get("Datasets"), list):
        result["Datasets"] = [on_the_wire(d) if isinstance(d, dict) else d for d in datasets]
    return result


def epoch(value: object) -> float | None:
    """A time in any saved spelling → epoch seconds: number, numeric text, ISO 8601, HTTP date.

    A time without a zone is UTC: the files of the service are.
    """
    if isinstance(value, datetime):
        value = value.timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    for parse in (float, _iso, _http_date):
        try:
            seconds = parse(value)  # type: ignore[arg-type]
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        # Microseconds, so that every spelling of one time is the same number; refuses NaN.
        return round(seconds, 6) if 0 <= seconds < 1e11 else None
    return None


def _iso(value: str) -> float:
    moment = datetime.fromisoformat(value.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _http_date(value: str) -> float:
    return parsedate_to_datetime(value).timestamp()


def _captured(document: Mapping[str, Any]) -> float | None:
    """The recorded response date: never a file's own time, which copying changes."""
    match document.get("ResponseMetadata"):
        case {"HTTPHeaders": {"date": str(date)}}:
            return epoch(date)
    return None

"""Saved API answers and evaluation files, recognised by content: bytes in, records out. Pure.

A record says one thing about one model or project, in the API's wire form (epoch seconds),
whatever spelling it was saved in: a boto3 response, AWS CLI v1 or v2 output, a list answer,
JSON Lines, gzip, with a byte-order mark or in UTF-16 (PowerShell's `>`).
"""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from io import BytesIO
from typing import IO, Any, Final, Literal, NamedTuple

SIZE_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of one file, unpacked; an answer has kilobytes. Manifests are read by line instead."""
MANIFEST_LIMIT: Final = 1024 * 1024 * 1024
"""Bytes of a manifest, unpacked: the service's own limit."""

_CHUNK: Final = 1024 * 1024
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_BAD_PLACES: Final = 20
"""Places of one file that are no JSON, after which the rest of it is not read."""
_DEPTH: Final = 16
"""Levels of one answer; the API's own have four."""

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


class Recorded(NamedTuple):
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
    r"arn:[^:]+:lookoutvision:([a-z0-9-]{1,32}):(\d{12}):"
    r"(?:model/([a-zA-Z0-9][\w-]{0,254})/([1-9]\d{0,9})|project/([a-zA-Z0-9][\w-]{0,254}))",
    re.ASCII,
)
_FOREIGN: Final = "JSON, but not of a form this service has"
_TIMES: Final = ("CreationTimestamp", "EvaluationEndTimestamp")
_DESCRIBED_ONLY: Final = {
    *("OutputConfig", "EvaluationManifest", "EvaluationResult", "EvaluationEndTimestamp"),
    *("KmsKeyId", "MinInferenceUnits", "MaxInferenceUnits"),
}
"""Members of DescribeModel that a listing does not have."""
_OTHER_ANSWERS: Final = {
    "DatasetDescription": "DescribeDataset",
    "DatasetEntries": "ListDatasetEntries",
    "DatasetMetadata": "CreateDataset",
    "DetectAnomalyResult": "DetectAnomalies",
    "ModelPackagingDescription": "DescribeModelPackagingJob",
    "ModelPackagingJobs": "ListModelPackagingJobs",
}
"""Answers of this service that say nothing about a model, by their member."""


def recognise(data: bytes) -> tuple[list[Recorded], list[UnrecognisedError]]:
    """Every record in one file's bytes, and what is wrong with the rest of it, each thing once.

    One bad item (of a list, of JSON Lines) does not lose the others.
    """
    found: list[Recorded] = []
    problems: list[UnrecognisedError] = []
    try:
        for document in _documents(text(data)):
            for item in _answers(document):
                try:
                    found.append(_record(item))
                except UnrecognisedError as problem:
                    problems.append(problem)
            if len(found) == 1 and found[0].form == "manifest":
                return found, []  # one record; its lines are judged when it is analysed
    except UnrecognisedError as problem:
        problems.append(problem)
    return found, _each_once(problems) if problems else problems


def _each_once(problems: Iterable[UnrecognisedError]) -> list[UnrecognisedError]:
    counted = Counter((str(problem), problem.corrupt) for problem in problems)
    return [
        UnrecognisedError(message + (f" ({count} times)" if count > 1 else ""), corrupt=corrupt)
        for (message, corrupt), count in counted.items()
    ]


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
        if data[:2] in _UTF16:
            return data.decode("utf-16")
        return data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise UnrecognisedError("not UTF-8 or UTF-16 text", corrupt=True) from error


def unpack(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A stream's text as UTF-8, in bounded memory: gzip and UTF-16 undone, without a mark.

    Raises:
        UnrecognisedError: truncated or corrupt, or larger than a manifest can be.
    """
    size, decoder = 0, None
    plain = (chunk for chunk in _inflated(chunks) if chunk)
    try:
        for number, chunk in enumerate(plain):
            size += len(chunk)
            if size > MANIFEST_LIMIT:
                raise UnrecognisedError(f"larger than {MANIFEST_LIMIT >> 20} MiB", corrupt=True)
            if number == 0:
                chunk = chunk.removeprefix(codecs.BOM_UTF8)
                if chunk[:2] in _UTF16:
                    decoder = codecs.getincrementaldecoder("utf-16")()
            yield decoder.decode(chunk).encode() if decoder else chunk
        if decoder:
            decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise UnrecognisedError("not UTF-8 or UTF-16 text", corrupt=True) from error


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
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

    NaN and Infinity, which JSON does not have, are text: nobody should compute with them.

    Raises:
        UnrecognisedError: not JSON, or nested too deeply.
    """
    for document in _documents(content):
        if isinstance(document, UnrecognisedError):
            raise document
        yield document


_decode: Final = json.JSONDecoder().raw_decode
_skip: Final = re.compile(r"\s*").match


def _documents(content: str) -> Iterator[Any]:
    """The same, and what is wrong as an UnrecognisedError in its place."""
    odd: set[str] = set()

    def constant(name: str) -> str:
        odd.add(name)
        return name

    decode = _decode
    if "NaN" in content or "Infinity" in content:
        decode = json.JSONDecoder(parse_constant=constant).raw_decode
    end, size, bad = 0, len(content), 0
    if content.isspace() or not content:
        yield UnrecognisedError("empty file", corrupt=True)
    while (start := _skip(content, end).end()) < size:  # type: ignore[union-attr]
        try:
            value, end = decode(content, start)
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", None) or content.count("\n", 0, start) + 1
            deep = isinstance(error, RecursionError)
            bad += 1
            yield UnrecognisedError(
                "nested too deeply" if deep else f"not JSON (line {line})", corrupt=True
            )
            # In JSON Lines another document follows; the lines of a single one are indented.
            end = content.find("\n{", start) + 1
            if not end or bad == _BAD_PLACES:
                break
        else:
            yield value
    if odd:
        what = " and ".join(sorted(odd))
        yield UnrecognisedError(f"{what} is not JSON, so unknown", corrupt=True)


def recognise_answer(answer: Mapping[str, Any], captured: float | None) -> Recorded:
    """One answer as botocore parsed it (times are datetimes) → a record.

    Raises:
        UnrecognisedError: no ARN of this service in it.
    """
    record = _record(dict(answer))
    return Recorded(record.form, record.key, record.body, captured)


def _answers(document: Any) -> Iterable[Any]:
    """One document taken apart into single answers; list answers share their capture time."""
    if isinstance(document, dict) and not _PLURALS & document.keys():
        return [document]
    return _taken_apart(document)


_PLURALS: Final = {"Models", "Projects"}


def _taken_apart(document: Any) -> Iterator[Any]:
    pending = [document]
    while pending:
        document = pending.pop()
        if isinstance(document, list):
            pending += reversed(document)
            continue
        members = document if isinstance(document, dict) else {}
        for plural, singular in (("Models", "ModelMetadata"), ("Projects", "ProjectDescription")):
            if isinstance(items := members.get(plural), list):
                metadata = members.get("ResponseMetadata")
                yield from ({singular: item, "ResponseMetadata": metadata} for item in items)
                break
        else:
            yield document


def _record(answer: Any) -> Recorded:
    if not isinstance(answer, dict):
        raise answer if isinstance(answer, UnrecognisedError) else UnrecognisedError(_FOREIGN)
    for member, form in _FORMS.items():
        if isinstance(body := answer.get(member), dict):
            return _project(body, answer) if form == "project" else _model(form, body, answer)
    match answer:
        case {"EvaluationDetails": dict(details), "AggregatedEvaluationResults": _}:
            if "ProjectVersionArn" in details or ":rekognition:" in str(details.get("ModelArn")):
                raise UnrecognisedError("an evaluation summary of Rekognition Custom Labels")
            return Recorded("result", _model_key(details), _plain(answer), None)
        case {"source-ref": _}:
            return Recorded("manifest", _model_key(_prediction(answer), "model-arn"), {}, None)
        # Cut out of an answer by hand (`--query`).
        case {"ModelArn": _, "ModelVersion": _}:
            return _model("model" if _DESCRIBED_ONLY & answer.keys() else "listing", answer, answer)
        case {"ProjectArn": _, "ProjectName": _}:
            return _project(answer, answer)
    raise UnrecognisedError(_foreign(answer))


_FORMS: Final[dict[str, Form]] = {
    "ModelDescription": "model",
    "ModelMetadata": "listing",
    "ProjectDescription": "project",
}


def _foreign(document: dict[str, Any]) -> str:
    """What a document is that says nothing about a model."""
    match document:
        case {"ProjectVersionDescriptions": _} | {"ProjectVersionArn": _}:
            return "an answer of Rekognition Custom Labels"
        case {"deviceGroundTruthData": _}:
            return "a capture record of an edge device (DefectDetectionApplication)"
        case (
            {"lookout_vision_model_arn": _}
            | {"lookoutVisionModelArn": _}
            | {"model_description": {"lookout_vision_model_arn": _}}
            | {"modelDescription": {"lookoutVisionModelArn": _}}
            | {"models": [{"lookout_vision_model_arn": _} | {"lookoutVisionModelArn": _}, *_]}
        ):
            return "an answer of the Lookout for Vision Edge Agent"
    for member, operation in _OTHER_ANSWERS.items():
        if member in document:
            return f"an answer of {operation}, which says nothing about a model"
    return _FOREIGN


def _model(form: Form, body: dict[str, Any], answer: dict[str, Any]) -> Recorded:
    key, shown = _model_key(body), on_the_wire(body)
    # The ARN decides whose it is; what contradicts it would be shown as another model.
    if str(shown.setdefault("ModelVersion", key.version)) != str(key.version):
        raise UnrecognisedError("its ModelVersion contradicts its ModelArn", corrupt=True)
    shown["ModelVersion"] = str(key.version)
    return Recorded(form, key, shown, _captured(answer))


def _project(body: dict[str, Any], answer: dict[str, Any]) -> Recorded:
    key, shown = _project_key(body), on_the_wire(body)
    if shown.setdefault("ProjectName", key.project) != key.project:
        raise UnrecognisedError("its ProjectName contradicts its ProjectArn", corrupt=True)
    return Recorded("project", key, shown, _captured(answer))


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


def model_key(body: Mapping[str, Any]) -> ModelKey | None:
    """Whose a description is, by its ModelArn; None if that does not say."""
    try:
        return _model_key(body)
    except UnrecognisedError:
        return None


def _prediction(line: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = None
    for name, value in line.items():
        if name.endswith("-detected-metadata") and isinstance(value, dict):
            if "model-arn" in value:  # that of a mask may have none
                return value
            found = value
    if found is None:
        raise UnrecognisedError("a manifest without predictions: a dataset, not an evaluation")
    return found


def performance(result: Mapping[str, Any]) -> dict[str, float]:
    """ModelPerformance as an EvaluationResult proves it; what it does not say is absent."""
    aggregated = result.get("AggregatedEvaluationResults")
    metrics = aggregated.get("Metrics") if isinstance(aggregated, dict) else None
    proven: dict[str, float] = {}
    for name in ("F1Score", "Recall", "Precision"):
        try:
            value = float(metrics[name])  # type: ignore[index]
        except (KeyError, TypeError, ValueError, OverflowError):
            continue  # the older variant has no F1Score
        if 0 <= value <= 1:  # refuses NaN
            proven[name] = value
    return proven


def on_the_wire(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body as the API would send it, at any depth the API has: so every spelling is the same.

    Times become epoch seconds, null members are absent, and so is what cannot be JSON. Members
    are sorted.

    Raises:
        UnrecognisedError: nested more deeply than any answer.
    """
    # A time that cannot be read is unknown, not an error.
    result = _plain({**body, **{name: epoch(body[name]) for name in _TIMES if name in body}})
    if isinstance(numbers := result.get("Performance"), dict):
        for name, value in numbers.items():
            if type(value) is int and value in (0, 1):  # jq writes 1 for 1.0
                numbers[name] = float(value)
    if isinstance(datasets := body.get("Datasets"), list):
        result["Datasets"] = [
            on_the_wire(d) if isinstance(d, dict) else _plain(d) for d in datasets
        ]
    return result  # type: ignore[no-any-return]


def _plain(value: Any, room: int = _DEPTH) -> Any:
    """The value without null members, and without what no JSON holds; members sorted."""
    if not isinstance(value, (dict, list)):
        return value if type(value) in _SCALARS else None
    if not room:
        raise UnrecognisedError("nested too deeply", corrupt=True)
    if isinstance(value, list):
        return [item if type(item) in _SCALARS else _plain(item, room - 1) for item in value]
    shown = {}
    for name in sorted(value):  # for thousands of files, a loop is faster than a comprehension
        item = value[name]
        if type(item) in _SCALARS or (item := _plain(item, room - 1)) is not None:
            shown[name] = item
    return shown


_SCALARS: Final = frozenset({str, int, float, bool})


def epoch(value: object) -> float | None:
    """A time in any saved spelling → epoch seconds: number, numeric text, ISO 8601, HTTP date.

    A time without a zone is UTC: the files of the service are.
    """
    if type(value) is float:
        return round(value, 6) if 0 <= value < 1e11 else None
    if isinstance(value, datetime):
        value = value.timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    for parse in (float, _iso, _http_date):
        try:
            seconds = parse(value)  # type: ignore[arg-type]
        except (ValueError, TypeError, AttributeError, IndexError, OverflowError):
            continue
        # Microseconds, so that every spelling of one time is the same number; refuses NaN.
        return round(seconds, 6) if 0 <= seconds < 1e11 else None
    return None


def _iso(value: str) -> float:
    return _utc(datetime.fromisoformat(value.strip()))


def _http_date(value: str) -> float:
    return _utc(parsedate_to_datetime(value))


def _utc(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _captured(document: Mapping[str, Any]) -> float | None:
    """The recorded response date: never a file's own time, which copying changes."""
    metadata = document.get("ResponseMetadata")
    headers = metadata.get("HTTPHeaders") if isinstance(metadata, dict) else None
    date = headers.get("date") if isinstance(headers, dict) else None
    return _response_date(date) if isinstance(date, str) else None


@lru_cache(maxsize=256)  # answers are saved many in one second
def _response_date(date: str) -> float | None:
    return epoch(date)

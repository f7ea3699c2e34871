"""Saved API answers and evaluation files, recognised by content: bytes in, records out. Pure.

A record says one thing about one model or project, in the API's wire form (epoch seconds),
whatever spelling it was saved in: a boto3 response, AWS CLI v1 or v2 output, a list answer,
JSON Lines, gzip, with a byte-order mark or in UTF-16 (PowerShell's `>`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

from lfv_mcp.formats.decoding import UnrecognisedError, decode_text, documents_and_problems
from lfv_mcp.formats.normalisation import normalised, plain
from lfv_mcp.identifiers import ModelKey, ProjectKey, require_model_key, require_project_key
from lfv_mcp.times import epoch_seconds

RecordForm = Literal["model", "listing", "project", "result", "manifest"]


class Record(NamedTuple):
    """One recognised record: what form it has, about whom, its body on the wire, and when taken."""

    form: RecordForm
    key: ModelKey | ProjectKey
    body: dict[str, Any]
    captured: float | None  # epoch seconds; None: not recorded


_FOREIGN: Final = "JSON, but not of a form this service has"
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


def recognise(data: bytes) -> tuple[list[Record], list[UnrecognisedError]]:
    """Every record in one file's bytes, and what is wrong with the rest of it, each thing once.

    One bad item (of a list, of JSON Lines) does not lose the others.
    """
    found: list[Record] = []
    problems: list[UnrecognisedError] = []
    try:
        for document in documents_and_problems(decode_text(data)):
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


def recognise_answer(answer: Mapping[str, Any], captured: float | None) -> Record:
    """One answer as botocore parsed it (times are datetimes) → a record.

    Raises:
        UnrecognisedError: no ARN of this service in it.
    """
    record = _record(dict(answer))
    return Record(record.form, record.key, record.body, captured)


def _answers(document: Any) -> Iterable[Any]:
    """One document taken apart into single answers; list answers share their capture time."""
    if isinstance(document, dict) and not _PLURALS & document.keys():
        return [document]
    return _split_list_answers(document)


_PLURALS: Final = {"Models", "Projects"}


def _split_list_answers(document: Any) -> Iterator[Any]:
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


def _record(answer: Any) -> Record:
    if not isinstance(answer, dict):
        raise answer if isinstance(answer, UnrecognisedError) else UnrecognisedError(_FOREIGN)
    for member, form in _FORMS.items():
        if isinstance(body := answer.get(member), dict):
            return _project(body, answer) if form == "project" else _model(form, body, answer)
    match answer:
        case {"EvaluationDetails": dict(details), "AggregatedEvaluationResults": _}:
            if "ProjectVersionArn" in details or ":rekognition:" in str(details.get("ModelArn")):
                raise UnrecognisedError("an evaluation summary of Rekognition Custom Labels")
            return Record("result", require_model_key(details), plain(answer), None)
        case {"source-ref": _}:
            return Record("manifest", require_model_key(_prediction(answer), "model-arn"), {}, None)
        # Cut out of an answer by hand (`--query`).
        case {"ModelArn": _, "ModelVersion": _}:
            return _model("model" if _DESCRIBED_ONLY & answer.keys() else "listing", answer, answer)
        case {"ProjectArn": _, "ProjectName": _}:
            return _project(answer, answer)
    raise UnrecognisedError(_foreign(answer))


_FORMS: Final[dict[str, RecordForm]] = {
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


def _model(form: RecordForm, body: dict[str, Any], answer: dict[str, Any]) -> Record:
    key, shown = require_model_key(body), normalised(body)
    # The ARN decides whose it is; what contradicts it would be shown as another model.
    if str(shown.setdefault("ModelVersion", key.version)) != str(key.version):
        raise UnrecognisedError("its ModelVersion contradicts its ModelArn", corrupt=True)
    shown["ModelVersion"] = str(key.version)
    return Record(form, key, shown, _captured(answer))


def _project(body: dict[str, Any], answer: dict[str, Any]) -> Record:
    key, shown = require_project_key(body), normalised(body)
    if shown.setdefault("ProjectName", key.project) != key.project:
        raise UnrecognisedError("its ProjectName contradicts its ProjectArn", corrupt=True)
    return Record("project", key, shown, _captured(answer))


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


def _captured(document: Mapping[str, Any]) -> float | None:
    """The recorded response date: never a file's own time, which copying changes."""
    metadata = document.get("ResponseMetadata")
    headers = metadata.get("HTTPHeaders") if isinstance(metadata, dict) else None
    date = headers.get("date") if isinstance(headers, dict) else None
    return _response_date(date) if isinstance(date, str) else None


@lru_cache(maxsize=256)  # answers are saved many in one second
def _response_date(date: str) -> float | None:
    return epoch_seconds(date)

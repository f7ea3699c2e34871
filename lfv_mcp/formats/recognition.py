"""Saved API answers and evaluation files, recognised by content: bytes in, records out. Pure.

A record says one thing about one model or project, in the API's wire form (epoch seconds),
whatever spelling it was saved in: a boto3 response, AWS CLI v1 or v2 output, a list answer,
JSON Lines, gzip, with a byte-order mark or in UTF-16 (PowerShell's `>`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

from lfv_mcp.formats.decoding import UnrecognisedError, decode_text, documents_and_problems
from lfv_mcp.formats.json_values import JsonObject, is_array, is_object
from lfv_mcp.formats.normalisation import normalised, plain
from lfv_mcp.identifiers import ModelKey, ProjectKey, parse_arn
from lfv_mcp.times import epoch_seconds

RecordForm = Literal["model", "listing", "project", "result", "manifest", "packed_file"]


class Record(NamedTuple):
    """One recognised record.

    Args:
        form: what was saved: a DescribeModel answer ("model"), an entry of ListModels ("listing"),
            a project, an EvaluationResult, an EvaluationManifest, or a pack's word about a file
            beside it ("packed_file"), which is no record of the service.
        key: the model or project that the record is about.
        body: the record in the API's wire form; empty for a manifest, which is read by line.
        captured: when the API answered, in epoch seconds; None if that was not recorded.
    """

    form: RecordForm
    key: ModelKey | ProjectKey
    body: JsonObject
    captured: float | None


_UNKNOWN_FORM: Final = "JSON, but not of a form this service has"
_REKOGNITION_SUMMARY: Final = "an evaluation summary of Rekognition Custom Labels"
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
_LIST_MEMBERS: Final = {"Models": "ModelMetadata", "Projects": "ProjectDescription"}
"""The member of a list answer, and the member under which one of its items is a whole answer."""


def recognise(data: bytes) -> tuple[list[Record], list[UnrecognisedError]]:
    """Every record in one file's bytes, and what is wrong with the rest of it, each thing once.

    One bad item (of a list, of JSON Lines) does not lose the others.
    """
    found: list[Record] = []
    problems: list[UnrecognisedError] = []
    try:
        for document in documents_and_problems(decode_text(data)):
            for item in _split_document(document):
                try:
                    found.append(_recognise_item(item))
                except UnrecognisedError as problem:
                    problems.append(problem)
            if len(found) == 1 and found[0].form == "manifest":
                return found, []  # one record; its lines are judged when it is analysed
    except UnrecognisedError as problem:
        problems.append(problem)
    return found, _without_repetition(problems) if problems else problems


def _without_repetition(problems: Iterable[UnrecognisedError]) -> list[UnrecognisedError]:
    """Each problem once, with how often it was met."""
    counted = Counter((str(p), p.corrupt, p.convertible) for p in problems)
    return [
        UnrecognisedError(
            message + (f" ({count} times)" if count > 1 else ""),
            corrupt=corrupt,
            convertible=convertible,
        )
        for (message, corrupt, convertible), count in counted.items()
    ]


def recognise_answer(answer: Mapping[str, Any], captured: float | None) -> Record:
    """The record in one answer as botocore parsed it (times are datetimes).

    Raises:
        UnrecognisedError: no ARN of this service in it.
    """
    record = _recognise_item(dict(answer))
    return Record(record.form, record.key, record.body, captured)


def _split_document(document: object) -> Iterable[object]:
    """One document split into single answers; the items of a list answer share its capture time."""
    if is_object(document) and not _LIST_MEMBERS.keys() & document.keys():
        return [document]
    return _split_list_answers(document)


def _split_list_answers(document: object) -> Iterator[object]:
    pending = [document]
    while pending:
        document = pending.pop()
        if is_array(document):
            pending += reversed(document)
            continue
        members: JsonObject = document if is_object(document) else {}
        for plural, singular in _LIST_MEMBERS.items():
            if is_array(items := members.get(plural)):
                metadata = members.get("ResponseMetadata")
                yield from ({singular: item, "ResponseMetadata": metadata} for item in items)
                break
        else:
            yield document


def _recognise_item(answer: object) -> Record:
    """The record that a single answer, evaluation file or manifest line is.

    Raises:
        UnrecognisedError: it is none.
    """
    if not is_object(answer):
        raise answer if isinstance(answer, UnrecognisedError) else UnrecognisedError(_UNKNOWN_FORM)
    for member, read in _WRAPPED.items():
        if is_object(body := answer.get(member)):
            return read(body, answer)
    for first, second, read_bare in _BARE:
        if first in answer and second in answer and (record := read_bare(answer)):
            return record
    raise UnrecognisedError(_name_foreign(answer))


def _description(body: JsonObject, answer: JsonObject) -> Record:
    return _model("model", body, answer)


def _listing(body: JsonObject, answer: JsonObject) -> Record:
    return _model("listing", body, answer)


def _bare_model(answer: JsonObject) -> Record:
    return _model("model" if _DESCRIBED_ONLY & answer.keys() else "listing", answer, answer)


def _bare_project(answer: JsonObject) -> Record:
    return _project(answer, answer)


def _model(form: Literal["model", "listing"], body: JsonObject, answer: JsonObject) -> Record:
    key, wire = _require_model_key(body.get("ModelArn")), normalised(body)
    # The ARN decides whose it is; what contradicts it would be shown as another model.
    if str(wire.setdefault("ModelVersion", key.version)) != key.model_version:
        raise UnrecognisedError("its ModelVersion contradicts its ModelArn", corrupt=True)
    wire["ModelVersion"] = key.model_version
    return Record(form, key, wire, _captured(answer))


def _project(body: JsonObject, answer: JsonObject) -> Record:
    key, wire = _require_project_key(body.get("ProjectArn")), normalised(body)
    if wire.setdefault("ProjectName", key.project) != key.project:
        raise UnrecognisedError("its ProjectName contradicts its ProjectArn", corrupt=True)
    return Record("project", key, wire, _captured(answer))


def _evaluation_result(document: JsonObject) -> Record | None:
    details = document["EvaluationDetails"]
    if not is_object(details):
        return None
    if "ProjectVersionArn" in details or ":rekognition:" in str(details.get("ModelArn")):
        raise UnrecognisedError(_REKOGNITION_SUMMARY)
    return Record("result", _require_model_key(details.get("ModelArn")), plain(document), None)


def _evaluation_manifest(line: JsonObject) -> Record:
    return Record("manifest", _require_model_key(_prediction(line).get("model-arn")), {}, None)


def _packed_file(body: JsonObject, _: JsonObject) -> Record:
    return Record("packed_file", _require_model_key(body.get("ModelArn")), plain(body), None)


_WRAPPED: Final[Mapping[str, Callable[[JsonObject, JsonObject], Record]]] = {
    "ModelDescription": _description,
    "ModelMetadata": _listing,
    "ProjectDescription": _project,
    "PackedFile": _packed_file,
}
"""How an answer is read, by the member that holds what it says."""
_BARE: Final[tuple[tuple[str, str, Callable[[JsonObject], Record | None]], ...]] = (
    ("EvaluationDetails", "AggregatedEvaluationResults", _evaluation_result),
    ("source-ref", "source-ref", _evaluation_manifest),
    # Cut out of an answer by hand (`--query`).
    ("ModelArn", "ModelVersion", _bare_model),
    ("ProjectArn", "ProjectName", _bare_project),
)
"""How a document without such a member is read, by two members that it has."""


def _require_model_key(arn: object) -> ModelKey:
    parsed = parse_arn(arn)
    if parsed is None or parsed.kind != "model" or parsed.version is None:
        raise UnrecognisedError("no ModelArn of this service, so whose it is cannot be told")
    return ModelKey(parsed.region, parsed.account, parsed.project, parsed.version)


def _require_project_key(arn: object) -> ProjectKey:
    parsed = parse_arn(arn)
    if parsed is None or parsed.kind != "project" or parsed.version is not None:
        raise UnrecognisedError("a project without a ProjectArn of this service")
    return ProjectKey(parsed.region, parsed.account, parsed.project)


def _name_foreign(document: JsonObject) -> str:
    """What a document is that says nothing about a model of this service."""
    if document.keys() & {"ProjectVersionDescriptions", "ProjectVersionArn"}:
        return "an answer of Rekognition Custom Labels"
    if "deviceGroundTruthData" in document:
        return "a capture record of an edge device (DefectDetectionApplication)"
    if any(is_object(part) and part.keys() & _EDGE_AGENT_ARNS for part in _edge_parts(document)):
        return "an answer of the Lookout for Vision Edge Agent"
    for member, operation in _OTHER_ANSWERS.items():
        if member in document:
            return f"an answer of {operation}, which says nothing about a model"
    return _UNKNOWN_FORM


_EDGE_AGENT_ARNS: Final = {"lookout_vision_model_arn", "lookoutVisionModelArn"}
"""The ModelArn of the Edge Agent's protobuf messages, as Python and as JSON spells it."""


def _edge_parts(document: JsonObject) -> Iterator[object]:
    """Where an answer of the Edge Agent may have its ModelArn: DescribeModel and ListModels."""
    yield document
    yield document.get("model_description")
    yield document.get("modelDescription")
    models = document.get("models")
    yield models[0] if is_array(models) and models else None


def _prediction(line: JsonObject) -> JsonObject:
    """The metadata of a manifest line's prediction; one that names the model if there is one.

    Raises:
        UnrecognisedError: the line has no prediction.
    """
    found: JsonObject | None = None
    for name, value in line.items():
        if name.endswith("-detected-metadata") and is_object(value):
            if "model-arn" in value:  # that of a mask may have none
                return value
            found = value
    if found is None:
        raise UnrecognisedError("a manifest without predictions: a dataset, not an evaluation")
    return found


def _captured(answer: JsonObject) -> float | None:
    """The recorded response date, in epoch seconds.

    Never a file's own time, which copying changes.
    """
    metadata = answer.get("ResponseMetadata")
    headers = metadata.get("HTTPHeaders") if is_object(metadata) else None
    date = headers.get("date") if is_object(headers) else None
    return _response_date(date) if isinstance(date, str) else None


@lru_cache(maxsize=256)  # answers are saved many in one second
def _response_date(date: str) -> float | None:
    return epoch_seconds(date)

"""`Record`, and how each form of one is read from the JSON object that holds it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.json_values import JsonObject, is_array, is_object
from lfv_mcp.formats.members import folded, read_members, unboxed
from lfv_mcp.formats.normalisation import plain
from lfv_mcp.formats.predictions.prediction_set import about_from
from lfv_mcp.identifiers import FileKey, ModelKey, PredictionSetKey, ProjectKey, parse_arn
from lfv_mcp.times import epoch_seconds

RecordForm = Literal[
    "model",
    "listing",
    "project",
    "result",
    "manifest",
    "predictions",
    "dataset",
    "edge_package",
    "packed_file",
]
ModelForm = Literal["model", "listing"]
RecordKey: TypeAlias = ModelKey | ProjectKey | PredictionSetKey | FileKey


class Record(NamedTuple):
    """One recognised record.

    Args:
        form: what was saved: a DescribeModel answer ("model"), an entry of ListModels ("listing"),
            a project, an EvaluationResult, an EvaluationManifest, a prediction set, a dataset, an
            edge package, or a pack's word about a file beside it ("packed_file"); the last four
            are no answers of the service.
        key: the model, project or prediction set that the record is about; a `FileKey` of a file
            that does not say whose it is.
        body: the record in the API's wire form; empty for a manifest, which is read by line, of a
            prediction set its first line, which says what it is, and of a dataset or an edge
            package what its start tells.
            A member that cannot be read stays as it was saved: see `members.sendable`.
        captured: when the API answered, in epoch seconds; None if that was not recorded.
    """

    form: RecordForm
    key: RecordKey
    body: JsonObject
    captured: float | None

    @property
    def arn(self) -> str:
        """The ARN of the model or project; empty for what has none."""
        return self.key.arn if isinstance(self.key, ModelKey | ProjectKey) else ""


REKOGNITION_SUMMARY: Final = "an evaluation summary of Rekognition Custom Labels"
"""What a file of the sister service is, which is shaped as an EvaluationResult."""
NO_MODEL_ARN: Final = "no ModelArn of this service, so whose it is cannot be told"
"""The problem of an answer about a model that does not say which."""
_DESCRIBED_ONLY: Final = frozenset(
    {"outputconfig", "evaluationmanifest", "evaluationresult", "evaluationendtimestamp"}
    | {"kmskeyid", "mininferenceunits", "maxinferenceunits"}
)
"""Members of DescribeModel that a listing does not have, folded."""


def model_record(form: ModelForm, body: Mapping[str, Any], captured: float | None) -> Record:
    """The record in a ModelDescription or ModelMetadata, in any language's spelling.

    Raises:
        UnrecognisedError: no ModelArn of this service in it, or it contradicts itself.
    """
    wire = read_members(body)
    key = _require_model_key(wire.get("ModelArn"))
    # The ARN decides whose it is; what contradicts it would be shown as another model.
    if wire.setdefault("ModelVersion", key.model_version) != key.model_version:
        raise UnrecognisedError("its ModelVersion contradicts its ModelArn", corrupt=True)
    return Record(form, key, wire, captured)


def bare_model_form(body: Mapping[Any, Any]) -> ModelForm:
    """What a model's members are that stand alone: no more than a listing says is a listing."""
    return "listing" if _DESCRIBED_ONLY.isdisjoint(map(folded, map(str, body))) else "model"


def project_record(body: Mapping[str, Any], captured: float | None) -> Record:
    """The record in a ProjectDescription or ProjectMetadata, in any language's spelling.

    Raises:
        UnrecognisedError: no ProjectArn of this service in it, or it contradicts itself.
    """
    wire = read_members(body, "project")
    key = _require_project_key(wire.get("ProjectArn"))
    if wire.setdefault("ProjectName", key.project) != key.project:
        raise UnrecognisedError("its ProjectName contradicts its ProjectArn", corrupt=True)
    return Record("project", key, wire, captured)


def result_record(document: JsonObject) -> Record | None:
    """The record that an EvaluationResult is; None if it has no details.

    Raises:
        UnrecognisedError: it is Rekognition's, or does not say whose it is.
    """
    details = document["EvaluationDetails"]
    if not is_object(details):
        return None
    if "ProjectVersionArn" in details or ":rekognition:" in str(details.get("ModelArn")):
        raise UnrecognisedError(REKOGNITION_SUMMARY)
    return Record("result", _require_model_key(details.get("ModelArn")), plain(document), None)


def manifest_record(line: JsonObject) -> Record:
    """The record of the manifest that a line belongs to.

    Raises:
        UnrecognisedError: the line has no prediction, or does not say which model made it.
    """
    return Record("manifest", _require_model_key(_prediction(line).get("model-arn")), {}, None)


def predictions_record(body: JsonObject) -> Record:
    """What the first line of a prediction set says of it.

    Raises:
        UnrecognisedError: it does not say what a set must say.
    """
    return Record("predictions", about_from(body).key, plain(body), None)


DATASET_KEY: Final = FileKey("dataset")
EDGE_PACKAGE_KEY: Final = FileKey("edge_package")


def dataset_record(form: str, first_image: str) -> Record:
    """The record of a file that is a dataset.

    Args:
        form: how it was written.
        first_image: the first image that it names.
    """
    body = {"Form": form, "FirstImage": first_image}
    return Record("dataset", DATASET_KEY, body, None)


def edge_package_record(form: str, size: int) -> Record:
    """The record of a file that is a packaged model.

    Args:
        form: `zip` or `tar`.
        size: its bytes.
    """
    return Record("edge_package", EDGE_PACKAGE_KEY, {"Form": form, "Size": size}, None)


def packed_file_record(body: JsonObject) -> Record:
    """What a line of a pack says of a file beside it.

    Raises:
        UnrecognisedError: it does not say whose the file is, nor that it is a dataset.
    """
    if body.get("Form") == "dataset":
        return Record("packed_file", DATASET_KEY, plain(body), None)
    if is_object(about := body.get("PredictionSet")):
        return Record("packed_file", about_from(about).key, plain(body), None)
    return Record("packed_file", _require_model_key(body.get("ModelArn")), plain(body), None)


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


def _require_model_key(arn: object) -> ModelKey:
    parsed = parse_arn(arn)
    if parsed is None or parsed.kind != "model" or parsed.version is None:
        raise UnrecognisedError(NO_MODEL_ARN)
    return ModelKey(parsed.region, parsed.account, parsed.project, parsed.version)


def _require_project_key(arn: object) -> ProjectKey:
    parsed = parse_arn(arn)
    if parsed is None or parsed.kind != "project" or parsed.version is not None:
        raise UnrecognisedError("a project without a ProjectArn of this service")
    return ProjectKey(parsed.region, parsed.account, parsed.project)


METADATA: Final = frozenset({"responsemetadata", "metadata", "sdkhttpmetadata"})
"""Where an SDK keeps the headers of a reply, folded: boto3 and .NET, PHP and JavaScript, Java."""
_HEADERS: Final = frozenset({"httpheaders", "headers"})


def captured_at(answer: Mapping[Any, Any]) -> float | None:
    """The recorded response date, in epoch seconds; None if there is none, or it has no zone.

    Never a file's own time, which copying changes.
    """
    metadata = answer.get("ResponseMetadata")  # as boto3 has it, first: ten thousand files do
    if is_object(metadata):
        headers = metadata.get("HTTPHeaders")
        date = headers.get("date") if is_object(headers) else None
        if isinstance(date, str):
            return _response_date(date)
    for name, value in answer.items():
        if isinstance(name, str) and folded(name) in METADATA and is_object(value):
            for inner, headers in value.items():
                if folded(str(inner)) in _HEADERS and is_object(headers):
                    return _date_of(headers)
    return None


def _date_of(headers: Mapping[Any, Any]) -> float | None:
    for name, date in headers.items():
        if str(name).lower() == "date":
            if is_array(date) and len(date) == 1:  # PHP and Java list a header's values
                date = date[0]
            return _response_date(date) if isinstance(date, str) else None
    return None


@lru_cache(maxsize=256)  # answers are saved many in one second
def _response_date(date: str) -> float | None:
    return epoch_seconds(date)


def has_arn(value: object, kind: Literal["model", "project"]) -> bool:
    """Whether a value is an ARN of this service, of a model or of a project."""
    parsed = parse_arn(unboxed(value))
    return parsed is not None and parsed.kind == kind

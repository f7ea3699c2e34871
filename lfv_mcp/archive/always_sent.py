"""Members that the service never left out, for scripts that rely on them: `complete_model`, ...

The official examples read `model["Status"]` without a look whether it is there. What nobody saved
is sent as the empty value of its type, which claims nothing: an empty text (the API has no status
UNKNOWN), the start of 1970 for a time, an empty list. A number is never made up. This server reads
those values as absent, so an archive of such a reply is none the wiser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_UNKNOWN_TIME: Final = 0
_LISTED: Final[Mapping[str, object]] = {
    "CreationTimestamp": _UNKNOWN_TIME,
    "Status": "",
    "StatusMessage": "",
}
"""What a model and a dataset always have, in a listing too."""
_PLACE: Final[Mapping[str, object]] = {"Bucket": "", "Prefix": ""}
_OBJECT: Final[Mapping[str, object]] = {"Bucket": "", "Key": ""}
_EVALUATED: Final = ("TRAINED", "HOSTED")
"""Statuses whose models the examples take to have been evaluated."""


def complete_listed_model(body: Mapping[str, Any]) -> dict[str, Any]:
    """A ModelMetadata with every member that ListModels never left out."""
    return {**_LISTED, **body}


def complete_model(body: Mapping[str, Any]) -> dict[str, Any]:
    """A ModelDescription with every member that DescribeModel never left out."""
    evaluated: dict[str, Any] = {}
    if body.get("Status") in _EVALUATED:
        evaluated = {
            "EvaluationEndTimestamp": _UNKNOWN_TIME,
            "EvaluationManifest": _OBJECT,
            "EvaluationResult": _OBJECT,
        }
    location = body.get("OutputConfig", {}).get("S3Location", {})
    output = {"S3Location": {**_PLACE, **location}}
    return {**_LISTED, **evaluated, **body, "OutputConfig": output}


def complete_project(body: Mapping[str, Any]) -> dict[str, Any]:
    """A ProjectDescription with every member that DescribeProject never left out."""
    datasets = [{"DatasetType": "", **_LISTED, **held} for held in body.get("Datasets", ())]
    return {**complete_listed_project(body), "Datasets": datasets}


def complete_listed_project(body: Mapping[str, Any]) -> dict[str, Any]:
    """A ProjectMetadata with every member that ListProjects never left out."""
    return {"CreationTimestamp": _UNKNOWN_TIME, **body}

"""What a document is that holds no record: the names of other answers and of other services."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any, Final

from lfv_mcp.formats.json_values import JsonObject, is_array, is_object
from lfv_mcp.formats.members import folded

UNKNOWN_FORM: Final = "JSON, but not of a form this service has"
"""The problem of a document that nothing is known of."""
_OTHER_ANSWERS: Final[Mapping[str, str]] = {
    "datasetdescription": "DescribeDataset",
    "datasetentries": "ListDatasetEntries",
    "datasetmetadata": "CreateDataset",
    "detectanomalyresult": "DetectAnomalies",
    "modelpackagingdescription": "DescribeModelPackagingJob",
    "modelpackagingjobs": "ListModelPackagingJobs",
}
"""Answers of this service that say nothing about a model, by their member, folded."""
_CAPTURE: Final = "a capture record of an edge device (DefectDetectionApplication)"
PREDICTIONS: Final = (_CAPTURE, "an answer of DetectAnomalies")
"""How the problem of a file begins that says nothing about a model, and what one predicted."""
_EDGE_AGENT_ARN: Final = "lookoutvisionmodelarn"
"""The ModelArn of the Edge Agent's protobuf messages, folded."""


def foreign_name(document: Mapping[Any, Any], names: Container[str]) -> str | None:
    """What a document is that says nothing about a model of this service; None if not known.

    `names` are the folded names of its members.
    """
    if "projectversiondescriptions" in names or "projectversionarn" in names:
        return "an answer of Rekognition Custom Labels"
    if "devicegroundtruthdata" in names:
        return _CAPTURE
    if any(
        is_object(part) and any(folded(str(name)) == _EDGE_AGENT_ARN for name in part)
        for part in _edge_parts(document)
    ):
        return "an answer of the Lookout for Vision Edge Agent"
    operation = next((_OTHER_ANSWERS[name] for name in _OTHER_ANSWERS if name in names), None)
    if operation is None and "isanomalous" in names and "confidence" in names:
        operation = "DetectAnomalies"  # what an SDK saves of an image: the answer's one member
    if operation is not None:
        return f"an answer of {operation}, which says nothing about a model"
    return None


def _edge_parts(document: Mapping[Any, Any]) -> Iterator[JsonObject | object]:
    """Where an answer of the Edge Agent may have its ModelArn: DescribeModel and ListModels."""
    yield document
    yield document.get("model_description")
    yield document.get("modelDescription")
    models = document.get("models")
    yield models[0] if is_array(models) and models else None

"""Saved API answers and evaluation files, recognised by content: bytes in, records out. Pure.

A record says one thing about one model or project, in the API's wire form (epoch seconds),
whatever spelling it was saved in: a boto3 response, AWS CLI v1 or v2 output, a list answer, what
another language's SDK or a script made of it, JSON Lines, gzip, with a byte-order mark or in
UTF-16 (PowerShell's `>`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from lfv_mcp.formats.containers import is_container
from lfv_mcp.formats.datasets.dataset import DatasetDocument
from lfv_mcp.formats.decoding import SERVICE, UnrecognisedError
from lfv_mcp.formats.documents import documents_and_problems, plain_document
from lfv_mcp.formats.foreign import UNKNOWN_FORM
from lfv_mcp.formats.json_values import is_array, is_object
from lfv_mcp.formats.members import MEMBERS
from lfv_mcp.formats.predictions.prediction_file import HEADER, SetDocument
from lfv_mcp.formats.printed_elsewhere import unread_record
from lfv_mcp.formats.record import (
    NO_MODEL_ARN,
    Record,
    RecordForm,
    bare_model_form,
    captured_at,
    dataset_record,
    manifest_record,
    model_record,
    packed_file_record,
    predictions_record,
    project_record,
    result_record,
)
from lfv_mcp.formats.search import find_records

__all__ = ["Record", "RecordForm", "recognise", "recognise_answer", "recognise_documents"]


def recognise(data: bytes) -> tuple[list[Record], list[UnrecognisedError]]:
    """Every record in one file's bytes, and what is wrong with the rest of it, each thing once.

    One bad item (of a list, of JSON Lines) does not lose the others.
    """
    try:
        # Most files of an archive are one answer as it was saved: nothing else is looked for there.
        document = plain_document(data)
        if document is not None and (record := _usual_record(document)) is not None:
            return [record], []
    except UnrecognisedError as problem:
        return [], [problem]
    except MemoryError:
        document = None  # met again, and named
    documents = documents_and_problems(data) if document is None else (document,)
    found, problems = recognise_documents(documents, may_hold=_may_name_service(data))
    # What nothing is known of may still hold the members of a record.
    if not found and all(not p.is_unread and str(p).startswith(_UNKNOWN) for p in problems):
        unread = unread_record(data)
        return found, [unread] if unread is not None else problems
    if _has_two_encodings(data):
        two = (
            "text in two encodings, one appended to another; save each answer in a file of its own"
        )
        problems.append(UnrecognisedError(two, convertible=True))
    return found, problems


def _has_two_encodings(data: bytes) -> bool:
    """Whether a text names the service in UTF-16 and also in ASCII, as Add-Content leaves it."""
    ascii_name, wide_name = _SPELLINGS_OF_SERVICE[:2]
    return b"\0" in data[:64] and ascii_name in data and wide_name in data


_UNKNOWN: Final = (UNKNOWN_FORM, NO_MODEL_ARN, "not JSON")


_SPELLINGS_OF_SERVICE: Final = tuple(
    SERVICE.encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be", "utf-32-le")
)


def _may_name_service(data: bytes) -> bool:
    """Whether a file may name the service, as every ARN of it does; one that is packed may."""
    return is_container(data[:512]) or any(name in data for name in _SPELLINGS_OF_SERVICE)


def recognise_documents(
    documents: Iterable[object], *, may_hold: bool = True
) -> tuple[list[Record], list[UnrecognisedError]]:
    """Every record in a file's documents, and what is wrong with the rest, each thing once.

    Args:
        documents: JSON values, and an UnrecognisedError in the place of what is none. What they
            raise ends the file: it is a problem beside the records that came before.
        may_hold: whether the file's text names the service at all, as every ARN of it does. One
            that does not is only named, for a search of a large file takes seconds.
    """
    found: list[Record] = []
    problems = _Problems()
    try:
        for document in documents:
            for item in _items(document) if is_array(document) else (document,):
                _recognise_item(item, found, problems, may_hold=may_hold)
    except UnrecognisedError as problem:
        problems.add(problem)
    if not found and not problems:
        problems.add(UnrecognisedError(UNKNOWN_FORM))  # empty lists
    return found, problems.once_each()


def recognise_answer(answer: Mapping[str, Any], captured: float | None) -> Record:
    """The record in one answer as botocore parsed it (times are datetimes).

    Raises:
        UnrecognisedError: no ARN of this service in it.
    """
    records, problems = find_records(dict(answer))
    if not records:
        raise problems[0]
    return records[0]._replace(captured=captured)


class _Problems:
    """The problems of one file; of a million equal ones one is kept, and their number."""

    def __init__(self) -> None:
        self._counted: dict[tuple[object, ...], tuple[UnrecognisedError, int]] = {}

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._counted)

    def add(self, problem: UnrecognisedError) -> None:
        """Count one more."""
        key = (str(problem), problem.corrupt, problem.convertible, problem.read)
        first, count = self._counted.get(key, (problem, 0))
        self._counted[key] = first, count + 1

    def once_each(self) -> list[UnrecognisedError]:
        """Each problem, with how often it was met if that was more than once."""
        if not self._counted:
            return []
        for problem, count in self._counted.values():
            if count > 1:
                problem.args = (f"{problem} ({count} times)",)
        return [problem for problem, _ in self._counted.values()]


def _items(document: list[Any]) -> Iterator[object]:
    """The items of a document that is a list of documents, in lists at any depth."""
    open_lists = [iter(document)]
    while open_lists:
        for item in open_lists[-1]:
            if is_array(item):
                open_lists.append(iter(item))
                break
            yield item
        else:
            open_lists.pop()


def _recognise_item(
    item: object, found: list[Record], problems: _Problems, *, may_hold: bool
) -> None:
    """Add an item's records, or what it is instead, to what the file has."""
    if isinstance(item, DatasetDocument):
        # An archive of several is read as one: `read_datasets` has each.
        if not any(record.form == "dataset" for record in found):
            found.append(dataset_record(item["Form"], item["FirstImage"]))
        return
    try:
        if is_object(item) and (record := _usual_record(item)):
            # The lines of a manifest amid other documents are one record.
            if record.form != "manifest" or record not in found[-1:]:
                found.append(record)
            return
    except UnrecognisedError as problem:
        problems.add(problem)
        return
    if isinstance(item, UnrecognisedError):
        problems.add(item)
        return
    records, others = find_records(item, may_hold=may_hold)
    found += records
    for other in others:
        problems.add(other)


_MODEL_MEMBERS: Final = MEMBERS["model"].keys()


def _usual_record(item: dict[str, Any]) -> Record | None:
    """The record that an item is as boto3, the AWS CLI or the service itself wrote it.

    Ten thousand files of an archive are such, so these are not searched for records.

    Raises:
        UnrecognisedError: it is shaped as one, but says nothing that can be used.
    """
    if len(item) <= 1 + ("ResponseMetadata" in item):
        return _only_record(item)
    if "source-ref" in item:
        return manifest_record(item)
    if "EvaluationDetails" in item and "AggregatedEvaluationResults" in item:
        return result_record(item)
    if "ModelArn" in item and "ModelVersion" in item and item.keys() <= _MODEL_MEMBERS:
        return model_record(bare_model_form(item), item, None)
    return None


def _only_record(item: dict[str, Any]) -> Record | None:
    """The record that is all that an item has beside the metadata of a response."""
    if is_object(body := item.get("ModelDescription")) and "ModelArn" in body:
        return model_record("model", body, captured_at(item))
    if is_object(body := item.get("ProjectDescription")) and "ProjectArn" in body:
        return project_record(body, captured_at(item))
    if is_object(body := item.get("PackedFile")):
        return packed_file_record(body)
    if is_object(body := item.get(HEADER)):
        if not isinstance(item, SetDocument):
            raise UnrecognisedError(
                "a prediction set that is not alone in its file, a JSON line for each image",
                convertible=True,
            )
        return predictions_record(body)
    return None

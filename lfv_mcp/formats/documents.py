"""The bytes of a file into documents: the one way that check, questions and import all go.

A document is a decoded value as JSON has it, whatever notation it was saved in. A manifest has
thousands of lines, which are judged when it is analysed, so here it is one document;
`manifest_lines` has all of them. So is a prediction set, of which its first line says what it is,
and a dataset, of which its start tells its form.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from lfv_mcp.formats.containers import Part, is_container, parts_of
from lfv_mcp.formats.datasets.dataset import DatasetForm
from lfv_mcp.formats.datasets.first_look import may_be_dataset
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.json_text import SMALL
from lfv_mcp.formats.manifest_lines import manifest_document, starts_as_manifest
from lfv_mcp.formats.predictions.prediction_file import (
    HEADER,
    prediction_set_document,
    starts_as_prediction_set,
)
from lfv_mcp.formats.texts import (
    documents_in_data,
    foreign_kind,
    gathered,
    is_foreign,
    peek_lines,
)

_NOT_PLAIN: Final = frozenset({"cells", "log", "Records", HEADER})
"""Members of a document that may not be taken as it is: a notebook, the first line of a prediction
set that lacks all others."""


def _refuse(constant: str) -> None:
    raise ValueError(constant)


_decode_strictly: Final = json.JSONDecoder(parse_constant=_refuse).raw_decode
"""Decodes what is JSON; NaN and Infinity are not."""


def plain_document(data: bytes) -> dict[str, Any] | None:
    """The one JSON object that a file's bytes are, as most files of an archive are; None otherwise.

    None also where an object may not be taken as it is: with JSON in its texts, with lines of a
    manifest, a notebook.
    """
    if data[:1] != b"{" or len(data) > SMALL:
        return None
    try:
        content = data.decode()
        value, end = _decode_strictly(content)
    except (ValueError, RecursionError):
        return None
    if '\\"' in content or '"source-ref"' in content or not _NOT_PLAIN.isdisjoint(value):
        return None
    return value if end == len(content) or not content[end:].strip() else None


def documents_and_problems(data: bytes) -> Iterator[Any]:
    """The documents in a file's bytes one by one, with each problem in its place.

    A problem is an UnrecognisedError that is yielded, so that what follows it is still read. Of a
    manifest one line is yielded that says whose it is, of a dataset what its start tells.
    """
    try:
        if (plain := plain_document(data)) is not None:
            yield plain
            return
        yield from _documents_in_parts(data)
    except MemoryError:
        yield UnrecognisedError("too large for the memory of this machine", corrupt=True)


def _documents_in_parts(data: bytes) -> Iterator[Any]:
    if not is_container(data[:512]):
        yield from _documents_of_part(iter((data,)))
        return
    count = 0
    for part in parts_of((data,)):
        if isinstance(part, UnrecognisedError):
            count += 1
            yield part
            continue
        for document in _documents_of_part(part.chunks):
            if isinstance(document, UnrecognisedError):
                if part.name and not (document.is_unread or document.read):
                    continue  # what lies beside the records in an archive
                document = _in_member(document, part)
            count += 1
            yield document
    if not count:
        yield UnrecognisedError("an archive without a record")


def _in_member(problem: UnrecognisedError, part: Part) -> UnrecognisedError:
    """The problem of a member, with its name."""
    if not part.name:
        return problem
    return UnrecognisedError(
        f"{problem} (in {part.name})",
        corrupt=problem.corrupt,
        convertible=problem.convertible,
        read=problem.read,
    )


def _documents_of_part(chunks: Iterator[bytes]) -> Iterator[Any]:
    """The documents of a file, or of a member, that is no container."""
    try:
        head, chunks = peek_lines(chunks)
        if is_foreign(head):
            yield foreign_kind(head)
        elif starts_as_prediction_set(head):
            yield from prediction_set_document(chunks)
        elif may_be_dataset(head) and (form := _dataset_form(head)) is not None:
            yield from _dataset_document(form, head, chunks)
        elif starts_as_manifest(head):
            yield from manifest_document(head, chunks)
        else:
            yield from documents_in_data(gathered(chunks))
    except UnrecognisedError as problem:
        yield problem


def _dataset_form(head: bytes) -> DatasetForm | None:
    # Not at a start: what reads datasets knows what reads evaluations, predictions and tables.
    from lfv_mcp.formats.datasets.document import dataset_form

    return dataset_form(head)


def _dataset_document(form: DatasetForm, head: bytes, chunks: Iterator[bytes]) -> Iterator[Any]:
    from lfv_mcp.formats.datasets.document import dataset_document

    return dataset_document(form, head, chunks)

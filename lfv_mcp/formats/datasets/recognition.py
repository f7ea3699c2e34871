"""Whether a file is a dataset, by how it starts: for an archive, which opens thousands of files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from lfv_mcp.formats.containers import is_container
from lfv_mcp.formats.datasets.dataset import DatasetForm
from lfv_mcp.formats.datasets.labels import IMAGE, is_evaluation, is_prediction_alone
from lfv_mcp.formats.datasets.reader import ENTRIES
from lfv_mcp.formats.datasets.tables import table_form
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.encodings import wide_encoding
from lfv_mcp.formats.json_values import JsonObject, is_object
from lfv_mcp.formats.manifest_lines import line_object
from lfv_mcp.formats.members import folded
from lfv_mcp.formats.predictions.json_items import (
    items_of_documents,
    starts_as_json,
    starts_as_json_lines,
    text_of_documents,
)
from lfv_mcp.formats.texts import is_foreign

_is_answer: Final = re.compile(rb'"dataset_?entries"\s*:\s*\[', re.IGNORECASE).search
"""An answer may be longer than a first look; in a text inside another document it is escaped."""
_FIRST: Final = 20
"""Lines, or objects, that tell what a file is."""


def starts_as_dataset(head: bytes) -> DatasetForm | None:
    """The form of the dataset in a file that starts so; None if it is none.

    What only says what a model predicted is no dataset. An answer of ListDatasetEntries is one;
    nothing else is that has lines of a manifest inside, such as a notebook or a device's capture.

    Args:
        head: its first lines, unpacked, some kilobytes; the last line may be cut.
    """
    if encoding := wide_encoding(head[:64]):
        head = head.decode(encoding, "ignore").removeprefix("\ufeff").encode()
    head = head.removeprefix(b"\xef\xbb\xbf")
    if is_container(head) or is_foreign(head) or not head.strip():
        return None
    if b"\n" not in head:
        head = head.replace(b"\r", b"\n")
    if not starts_as_json(head):
        *lines, last = head.split(b"\n")
        return None if head.lstrip().startswith(b"<") else table_form((lines or [last])[:_FIRST])
    if b'"source-ref"' not in head.replace(b"\\", b""):
        return None
    form: DatasetForm | None = None
    items = [*islice(_items(head), _FIRST)]
    if items and not _has_images(items[0]):
        return None
    for item in filter(_has_images, items):  # the others are of no use, and the reader counts them
        if is_evaluation(item):
            return "evaluation"
        if not is_prediction_alone(item):
            form = "ground_truth"
    return "ground_truth" if _is_answer(head[:4096]) else form


def _has_images(item: JsonObject) -> bool:
    """Whether an object is a line, or an answer that has lines."""
    return IMAGE in item or ENTRIES in map(folded, item)


def _items(head: bytes) -> Iterator[JsonObject]:
    """The whole objects in the start of a JSON text."""
    if starts_as_json_lines(head):
        yield from filter(None, map(line_object, head.split(b"\n")))
        return
    content, _ = text_of_documents(head)
    try:
        for item in items_of_documents(content):
            if is_object(item.value):
                yield item.value
    except UnrecognisedError:  # the head ends within one
        return

"""What an archive keeps of a dataset: what its start tells, and whether its end is cut off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lfv_mcp.formats.containers import IMAGE_NAMES
from lfv_mcp.formats.datasets.dataset import Dataset, DatasetDocument, DatasetForm
from lfv_mcp.formats.datasets.reader import read_datasets
from lfv_mcp.formats.datasets.recognition import starts_as_dataset
from lfv_mcp.formats.decoding import UnrecognisedError
from lfv_mcp.formats.predictions.json_items import starts_as_json, starts_as_json_lines
from lfv_mcp.formats.texts import HEAD, LINE_LIMIT, gathered

_PREDICTED: Final = b'-detected-metadata"'


def dataset_form(head: bytes) -> DatasetForm | None:
    """The form of the dataset that a file which starts so is to an archive; None for none.

    What has predictions is none there, whose they may be: it is an evaluation, or the problem that
    it does not say of which model.
    """
    form = starts_as_dataset(head)
    if form == "evaluation" or (form == "ground_truth" and _PREDICTED in head):
        return None
    return form


def is_by_line(head: bytes) -> bool:
    """Whether a dataset that starts so has a line for each image, so that its ends tell all."""
    return b"\n" in head and (not starts_as_json(head) or starts_as_json_lines(head))


def dataset_document(
    form: DatasetForm, head: bytes, chunks: Iterable[bytes]
) -> Iterator[DatasetDocument | UnrecognisedError]:
    """What the start of a dataset tells, and the problem if its end is cut off.

    Args:
        form: what `dataset_form` says of it.
        head: its first lines, in UTF-8.
        chunks: all of it, or of one that has a line for each image its first and its last lines.
    """
    data = _ends_of(head, chunks) if is_by_line(head) else gathered(chunks)
    try:
        found = read_datasets("", (data,))
    except UnrecognisedError as problem:
        yield problem
        return
    first = next((line.image for each in found for line in each.lines), "")
    if not first or (form in ("csv", "anomalib") and not _is_certain(form, first, found)):
        yield UnrecognisedError("not JSON")  # as of any other table
        return
    yield DatasetDocument(Form=form, FirstImage=first)
    if any(each.cut for each in found):
        yield UnrecognisedError("a dataset that is cut off at its end", corrupt=True)


def _is_certain(form: DatasetForm, first_image: str, found: Iterable[Dataset]) -> bool:
    """Whether a table is surely one of images and classes: any may have an id and a label."""
    image = first_image.lower()
    if not image.startswith("s3://") and (form == "csv" or not image.endswith(IMAGE_NAMES)):
        return False
    return any(line.anomalous is not None for each in found for line in each.lines)


def _ends_of(head: bytes, chunks: Iterable[bytes]) -> bytes:
    """The first lines of a text, and the last one."""
    size, end = 0, b""
    for chunk in chunks:
        size += len(chunk)
        end = (end + chunk)[-LINE_LIMIT - 1 :]
    if size <= len(head):
        return head
    first = head[: head.rfind(b"\n", 0, HEAD) + 1] or head[: head.find(b"\n") + 1]
    last = end.rstrip()
    return first + last.rpartition(b"\n")[2] + (b"\n" if len(last) < len(end) else b"")

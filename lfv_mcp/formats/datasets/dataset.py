"""`Dataset`: labelled images of one split, however they were written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

DatasetForm = Literal["ground_truth", "csv", "anomalib", "folders", "evaluation"]
"""How a dataset was written: a manifest of Ground Truth's shape, the guide's headerless CSV,
anomalib's table, folders named by split and class, or the truth in an EvaluationManifest."""
Split = Literal["train", "test", ""]
"""What a dataset is for; empty where nothing says it."""


class MaskColour(NamedTuple):
    """An entry of a mask's `internal-color-map`."""

    number: str
    class_name: str
    hex_colour: str


class LabelStyle(NamedTuple):
    """How a line says its label; the lines of a manifest share few of them.

    Args:
        label: name of the label attribute; empty if there is none.
        value: how the label attribute's value was written: `integer`, `string` ("0"), `other`, or
            empty if the line has none.
        has_metadata: the label has its `-metadata`.
        job_name: `job-name` of that metadata; None if it has none.
        human_annotated: what the metadata says; None if it says nothing.
        mask: name of the mask attribute; empty if there is none.
        mask_job_name: `job-name` of the mask's metadata; None if it has none.
        colours: the mask's colour map, in its order.
    """

    label: str = ""
    value: Literal["integer", "string", "other", ""] = ""
    has_metadata: bool = False
    job_name: str | None = None
    human_annotated: bool | None = None
    mask: str = ""
    mask_job_name: str | None = None
    colours: tuple[MaskColour, ...] = ()


PLAIN = LabelStyle()
"""The style of a line that is no JSON object."""


class DatasetLine(NamedTuple):
    """One image of a dataset.

    Args:
        image: URI, key or path, as the source has it; never empty.
        anomalous: its label; None for an unlabelled image.
        word: the class word as it was written; empty if there is none.
        mask: URI or path of the anomaly mask; empty if there is none.
        style: how the line says its label.
        number: of the line in its file, from 1; 0 in a listing.
        size: bytes, where a listing tells it.
        etag: what S3 calls its content, where a listing tells it; empty otherwise.
        created: `creation-date` of the label, as it was written; empty if there is none.
    """

    image: str
    anomalous: bool | None
    word: str = ""
    mask: str = ""
    style: LabelStyle = PLAIN
    number: int = 0
    size: int | None = None
    etag: str = ""
    created: str = ""


class UnreadableLine(NamedTuple):
    """A line of no use: where it is, and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """The images of one split of one source.

    Args:
        name: the file or folder, as a person knows it; with the split, where a file has several.
        form: how it was written.
        split: what it is for, by its name, its folder or its column.
        lines: every image, in the order of the source; those that repeat an image too.
        unreadable: how many lines are of no use, by reason.
        first_unreadable: the first of them.
        cut: the file ends within a line, so nobody knows how many are missing.
    """

    name: str
    form: DatasetForm
    split: Split
    lines: tuple[DatasetLine, ...]
    unreadable: Mapping[str, int] = field(default_factory=dict[str, int])
    first_unreadable: tuple[UnreadableLine, ...] = ()
    cut: bool = False


class DatasetDocument(dict[str, Any]):
    """What the start of a dataset tells, `Form` and `FirstImage`.

    A type of its own, for any file may have an object of these members.
    """

"""The demands that a successor has on each line of a dataset: what breaks them, and in what words.

SageMaker's algorithm and the Defect Detection Application (DDA) read five attributes of fixed
names; anomalib opens files.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, NamedTuple, get_args

from lfv_mcp.formats.datasets.canonical import LABEL, MASK
from lfv_mcp.formats.datasets.dataset import DatasetLine

Successor = Literal["sagemaker", "dda", "anomalib"]
SUCCESSORS: Final[tuple[Successor, ...]] = get_args(Successor)
_AWS: Final[tuple[Successor, ...]] = ("sagemaker", "dda")
_BACKGROUND: Final = "background"
_S3_URI: Final = re.compile(r"s3://[A-Za-z0-9][A-Za-z0-9._-]*/.")


class TrainingLine(NamedTuple):
    """A line, and what has to be known of its set.

    Args:
        line: the image.
        is_manifest: the set is a manifest with attributes.
        is_training: the set is to train on.
        has_masks: a segmentation is to be trained.
    """

    line: DatasetLine
    is_manifest: bool
    is_training: bool
    has_masks: bool


class Demand(NamedTuple):
    """A demand on each line: who has it, what breaks it, and how that is said.

    Args:
        code: of the finding.
        successors: who has it.
        is_broken_by: whether a line breaks it.
        clause: what the lines that break it are or have, for one line and for many.
        advice: what to do.
    """

    code: str
    successors: tuple[Successor, ...]
    is_broken_by: Callable[[TrainingLine], bool]
    clause: tuple[str, str]
    advice: str


def bucket_of(uri: str) -> str:
    """The bucket of a URI; empty of another path, and of a malformed one."""
    return uri[5:].partition("/")[0] if _S3_URI.match(uri) else ""


def _has_other_attributes(told: TrainingLine) -> bool:
    style = told.line.style
    return told.is_manifest and (
        style.label not in ("", LABEL)
        or (style.label != "" and not style.has_metadata)
        or (style.mask not in ("", MASK))
    )


def _has_other_job_name(told: TrainingLine) -> bool:
    style = told.line.style
    return told.is_manifest and (
        style.label not in ("", style.job_name) or style.mask not in ("", style.mask_job_name)
    )


def _has_no_integer(told: TrainingLine) -> bool:
    style = told.line.style
    return told.is_manifest and style.label != "" and style.value != "integer"


def _has_no_label(told: TrainingLine) -> bool:
    return told.line.anomalous is None


def _is_normal_without_mask(told: TrainingLine) -> bool:
    return told.has_masks and told.line.anomalous is False and not told.line.mask


def _is_anomaly_without_mask(told: TrainingLine) -> bool:
    return told.has_masks and told.line.anomalous is True and not told.line.mask


def _has_bad_colours(told: TrainingLine) -> bool:
    """Without a colour map, or, on a normal image, with one without a background."""
    line, colours = told.line, told.line.style.colours
    if not (told.is_manifest and line.mask):
        return False
    if not colours:
        return True
    background = any(
        colour.number == "0" and colour.class_name.strip().lower() == _BACKGROUND
        for colour in colours
    )
    return line.anomalous is False and not background


def _is_malformed(name: str) -> bool:
    if not name.lower().startswith("s3:"):
        return False
    return _S3_URI.match(name) is None or "//" in name[len("s3://") :]


def _has_malformed_uri(told: TrainingLine) -> bool:
    return _is_malformed(told.line.image) or _is_malformed(told.line.mask)


def _is_not_in_s3(told: TrainingLine) -> bool:
    return any(
        name and not name.lower().startswith("s3:") for name in (told.line.image, told.line.mask)
    )


def _is_in_s3(told: TrainingLine) -> bool:
    return told.line.image.lower().startswith("s3:")


def _is_anomaly_to_train_on(told: TrainingLine) -> bool:
    return told.is_training and told.line.anomalous is True


def _has_colon_in_mask(told: TrainingLine) -> bool:
    return ":" in told.line.mask.removeprefix("s3://").removeprefix("s3://")


_ATTRIBUTES: Final = f"{LABEL}, {LABEL}-metadata, {MASK} and {MASK}-metadata"
_CONVERT: Final = "Convert the set: lfv-mcp dataset convert."
DEMANDS: Final[tuple[Demand, ...]] = (
    Demand(
        "labels_missing",
        SUCCESSORS,
        _has_no_label,
        ("has no label", "have no label"),
        "Label these images, or leave them out: lfv-mcp dataset convert --leave-out.",
    ),
    Demand(
        "attribute_names",
        _AWS,
        _has_other_attributes,
        (
            f"names its attributes otherwise than {_ATTRIBUTES}",
            f"name their attributes otherwise than {_ATTRIBUTES}",
        ),
        _CONVERT,
    ),
    Demand(
        "job_names",
        _AWS,
        _has_other_job_name,
        (
            "has a job-name that is not the name of its attribute",
            "have a job-name that is not the name of its attribute",
        ),
        _CONVERT,
    ),
    Demand(
        "label_values",
        _AWS,
        _has_no_integer,
        (
            "writes its label as text, or not at all, where an integer is read",
            "write their label as text, or not at all, where an integer is read",
        ),
        _CONVERT,
    ),
    Demand(
        "masks_missing_normal",
        _AWS,
        _is_normal_without_mask,
        (
            "is normal and has no mask, which segmentation takes on every line",
            "are normal and have no mask, which segmentation takes on every line",
        ),
        "Give them a white mask of the image's size: lfv-mcp dataset convert --mask-size WxH.",
    ),
    Demand(
        "masks_missing_anomaly",
        SUCCESSORS,
        _is_anomaly_without_mask,
        (
            "shows an anomaly and has no mask, although others have",
            "show an anomaly and have no mask, although others have",
        ),
        "Draw their masks, or train without masks.",
    ),
    Demand(
        "colour_maps",
        _AWS,
        _has_bad_colours,
        (
            "has a mask without a colour map, or is normal and its map has no BACKGROUND as 0",
            "have a mask without a colour map, or are normal and the map has no BACKGROUND as 0",
        ),
        _CONVERT,
    ),
    Demand(
        "uris_malformed",
        _AWS,
        _has_malformed_uri,
        (
            "has a URI with s3:// twice, with // in its key, or without a bucket and a key",
            "have a URI with s3:// twice, with // in its key, or without a bucket and a key",
        ),
        "Correct them with lfv-mcp dataset convert --rewrite FROM=TO; a key that really has // "
        "in it must be copied to another one.",
    ),
    Demand(
        "images_not_in_s3",
        _AWS,
        _is_not_in_s3,
        ("names no object of S3", "name no object of S3"),
        "Upload the images, and convert with --rewrite FROM=s3://bucket/prefix.",
    ),
    Demand(
        "mask_names",
        ("dda",),
        _has_colon_in_mask,
        (
            "has a colon in the name of its mask, as Ground Truth writes times",
            "have a colon in the name of their mask, as Ground Truth writes times",
        ),
        "Copy these masks to names without colons.",
    ),
    Demand(
        "anomalies_in_training",
        ("anomalib",),
        _is_anomaly_to_train_on,
        (
            "shows an anomaly and is to be trained on, which it refuses",
            "show an anomaly and are to be trained on, which it refuses",
        ),
        "Move them to the test set: it learns from normal images alone.",
    ),
    Demand(
        "images_not_on_disk",
        ("anomalib",),
        _is_in_s3,
        ("names an object of S3, which it cannot open", "name objects of S3, which it cannot open"),
        "Copy them to this machine, and convert with --rewrite s3://bucket/prefix=FOLDER.",
    ),
)
SUCCESSORS_OF: Final = {demand.code: demand.successors for demand in DEMANDS}
"""Who has a demand, by its code."""

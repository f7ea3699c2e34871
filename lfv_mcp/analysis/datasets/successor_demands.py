"""What each successor demands of a dataset and Lookout for Vision did not.

SageMaker's algorithm "Computer Vision Defect Detection Model" and the Defect Detection Application
(DDA) train on a manifest with five attributes of fixed names; anomalib on a table or on folders of
files of this machine. What is here is known of the manifest alone: whether an image can be opened
there is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, NamedTuple, get_args

from lfv_mcp.figures import count_of
from lfv_mcp.findings import by_severity, finding
from lfv_mcp.formats.datasets.dataset import Dataset, DatasetLine
from lfv_mcp.results.common import Finding
from lfv_mcp.results.dataset_check import SuccessorDemands
from lfv_mcp.text import clean

Successor = Literal["sagemaker", "dda", "anomalib"]
SUCCESSORS: Final[tuple[Successor, ...]] = get_args(Successor)
TITLES: Final[Mapping[Successor, str]] = {
    "sagemaker": "SageMaker",
    "dda": "DDA",
    "anomalib": "anomalib",
}
"""What each is called in sentences."""
LABEL: Final = "anomaly-label"
MASK: Final = "anomaly-mask-ref"
LEAST_IMAGES: Final = 10
"""Training images from which the two of AWS train."""
_BACKGROUND: Final = "background"
_MANIFESTS: Final = ("ground_truth", "evaluation")
_NAMED: Final = 3
_S3_URI: Final = re.compile(r"s3://[A-Za-z0-9][A-Za-z0-9._-]+/.")
_AWS: Final[tuple[Successor, ...]] = ("sagemaker", "dda")


@dataclass(frozen=True)
class TrainingData:
    """What a successor would be trained on, and tested with.

    Args:
        training: the sets to train on.
        tests: the sets to test with.
    """

    training: Sequence[Dataset]
    tests: Sequence[Dataset] = ()

    @property
    def sets(self) -> tuple[Dataset, ...]:
        """All of them."""
        return (*self.training, *self.tests)

    @cached_property
    def has_masks(self) -> bool:
        """Whether any line has a mask, so that a segmentation is to be trained."""
        return any(line.mask for dataset in self.sets for line in dataset.lines)


class _Line(NamedTuple):
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


class _Demand(NamedTuple):
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
    is_broken_by: Callable[[_Line], bool]
    clause: tuple[str, str]
    advice: str


def demands_of(data: TrainingData) -> SuccessorDemands:
    """What each successor would find wrong."""
    broken: dict[str, list[DatasetLine]] = {demand.code: [] for demand in _DEMANDS}
    for dataset in data.sets:
        for line, codes in broken_demands(dataset, data):
            for code in codes:
                broken[code].append(line)
    sagemaker, dda, anomalib = (
        tuple(by_severity((*_of_lines(successor, broken, data), *_of_sets(successor, data))))
        for successor in SUCCESSORS
    )
    return SuccessorDemands(sagemaker=sagemaker, dda=dda, anomalib=anomalib)


def broken_demands(
    dataset: Dataset, data: TrainingData
) -> Iterator[tuple[DatasetLine, tuple[str, ...]]]:
    """Each line of a set, and the codes of the demands that it breaks; `codes_for` sorts them."""
    is_manifest = dataset.form in _MANIFESTS
    is_training = any(dataset is each for each in data.training)
    for line in dataset.lines:
        told = _Line(line, is_manifest, is_training, data.has_masks)
        yield line, tuple(each.code for each in _DEMANDS if each.is_broken_by(told))


def codes_for(successor: Successor, codes: Iterable[str]) -> str:
    """Those of the codes that a successor demands, apart by blanks."""
    return " ".join(code for code in codes if successor in _SUCCESSORS_OF[code])


def _of_lines(
    successor: Successor, broken: Mapping[str, Sequence[DatasetLine]], data: TrainingData
) -> Iterator[Finding]:
    total = sum(len(dataset.lines) for dataset in data.sets)
    for demand in _DEMANDS:
        lines = broken[demand.code]
        if lines and successor in demand.successors:
            one, many = demand.clause
            which = f"{len(lines):,} of {count_of(total, 'line', 'lines')}"
            clause = one if len(lines) == 1 else many
            yield finding(demand.code, f"{which} {clause}: {_named(lines)}.", demand.advice)


def _named(lines: Sequence[DatasetLine]) -> str:
    """The first image by name and line, and how many more there are."""
    first = lines[0]
    line = f" in line {first.number:,}" if first.number else ""
    more = f", and {len(lines) - 1:,} more" if len(lines) > 1 else ""
    return f"{clean(first.image, 300)}{line}{more}"


def _of_sets(successor: Successor, data: TrainingData) -> Iterator[Finding]:
    """What is wrong with the sets as a whole."""
    if successor == "anomalib":
        yield from _of_sets_for_anomalib(data)
        return
    others = [dataset for dataset in data.sets if dataset.form not in _MANIFESTS]
    if others:
        yield finding(
            "manifest_needed",
            f"It trains on a manifest, which {_sets_in_words(others)} not: {_set_names(others)}.",
            f"Write one: lfv-mcp dataset convert --format {successor}.",
        )
    buckets = sorted({bucket for bucket in map(_bucket, _names(data.sets)) if bucket})
    if len(buckets) > 1:
        shown = ", ".join(clean(bucket, 80) for bucket in buckets[:_NAMED])
        more = f" and {len(buckets) - _NAMED:,} more" if len(buckets) > _NAMED else ""
        yield finding(
            "several_buckets",
            f"The images and masks are in {len(buckets):,} buckets ({shown}{more}), and it takes "
            "them from one.",
            "Copy them into one bucket, and convert with --rewrite FROM=TO.",
        )
    images = len({line.image for dataset in data.training for line in dataset.lines})
    if data.training and images < LEAST_IMAGES:
        yield finding(
            "too_few_images",
            f"There {'is' if images == 1 else 'are'} {count_of(images, 'image', 'images')} to "
            f"train on; it asks for {LEAST_IMAGES} or more.",
            "Add labelled images.",
        )


def _of_sets_for_anomalib(data: TrainingData) -> Iterator[Finding]:
    others = [dataset for dataset in data.sets if dataset.form not in ("anomalib", "folders")]
    if others:
        yield finding(
            "table_needed",
            f"It reads a table of its own or folders, which {_sets_in_words(others)} not: "
            f"{_set_names(others)}.",
            "Write the table: lfv-mcp dataset convert --format anomalib.",
        )
    classes = {line.anomalous for dataset in data.training for line in dataset.lines}
    if data.training and False not in classes:
        yield finding(
            "normal_images_missing",
            "It learns from normal images alone, and there is none to train on.",
            "Add normal images to the training set.",
        )


def _sets_in_words(sets: Sequence[Dataset]) -> str:
    return "this set is" if len(sets) == 1 else f"{len(sets):,} sets are"


def _set_names(sets: Sequence[Dataset]) -> str:
    told = ", ".join(clean(dataset.name, 200) for dataset in sets[:_NAMED])
    return f"{told} and {len(sets) - _NAMED:,} more" if len(sets) > _NAMED else told


def _names(sets: Iterable[Dataset]) -> Iterator[str]:
    """The images and masks of sets."""
    for dataset in sets:
        for line in dataset.lines:
            yield line.image
            if line.mask:
                yield line.mask


def _bucket(uri: str) -> str:
    """The bucket of a URI; empty of another path, and of a malformed one."""
    return uri[5:].partition("/")[0] if _S3_URI.match(uri) else ""


# The rules of one line


def _has_other_attributes(told: _Line) -> bool:
    style = told.line.style
    return told.is_manifest and (
        style.label not in ("", LABEL)
        or (style.label != "" and not style.has_metadata)
        or (style.mask not in ("", MASK))
    )


def _has_other_job_name(told: _Line) -> bool:
    style = told.line.style
    return told.is_manifest and (
        style.label not in ("", style.job_name) or style.mask not in ("", style.mask_job_name)
    )


def _has_no_integer(told: _Line) -> bool:
    style = told.line.style
    return told.is_manifest and style.label != "" and style.value != "integer"


def _has_no_label(told: _Line) -> bool:
    return told.line.anomalous is None


def _lacks_mask(told: _Line, *, anomalous: bool) -> bool:
    return told.has_masks and told.line.anomalous is anomalous and not told.line.mask


def _has_bad_colours(told: _Line) -> bool:
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


def _has_malformed_uri(told: _Line) -> bool:
    return _is_malformed(told.line.image) or _is_malformed(told.line.mask)


def _is_not_in_s3(told: _Line) -> bool:
    return any(
        name and not name.lower().startswith("s3:") for name in (told.line.image, told.line.mask)
    )


def _is_in_s3(told: _Line) -> bool:
    return told.line.image.lower().startswith("s3:")


def _is_anomaly_to_train_on(told: _Line) -> bool:
    return told.is_training and told.line.anomalous is True


def _has_colon_in_mask(told: _Line) -> bool:
    return ":" in told.line.mask.removeprefix("s3://").removeprefix("s3://")


_ATTRIBUTES: Final = f"{LABEL}, {LABEL}-metadata, {MASK} and {MASK}-metadata"
_CONVERT: Final = "lfv-mcp dataset convert writes them so."
_DEMANDS: Final[tuple[_Demand, ...]] = (
    _Demand(
        "labels_missing",
        SUCCESSORS,
        _has_no_label,
        ("has no label", "have no label"),
        "Label these images, or leave them out: lfv-mcp dataset convert --leave-out.",
    ),
    _Demand(
        "attribute_names",
        _AWS,
        _has_other_attributes,
        (
            f"names its attributes otherwise than {_ATTRIBUTES}",
            f"name their attributes otherwise than {_ATTRIBUTES}",
        ),
        _CONVERT,
    ),
    _Demand(
        "job_names",
        _AWS,
        _has_other_job_name,
        (
            "has a job-name that is not the name of its attribute",
            "have a job-name that is not the name of its attribute",
        ),
        _CONVERT,
    ),
    _Demand(
        "label_values",
        _AWS,
        _has_no_integer,
        (
            "writes its label as text, or not at all, where an integer is read",
            "write their label as text, or not at all, where an integer is read",
        ),
        _CONVERT,
    ),
    _Demand(
        "masks_missing_normal",
        _AWS,
        lambda told: _lacks_mask(told, anomalous=False),
        (
            "is normal and has no mask, which segmentation takes on every line",
            "are normal and have no mask, which segmentation takes on every line",
        ),
        "Give them a white mask of the image's size: lfv-mcp dataset convert --mask-size WxH.",
    ),
    _Demand(
        "masks_missing_anomaly",
        SUCCESSORS,
        lambda told: _lacks_mask(told, anomalous=True),
        (
            "shows an anomaly and has no mask, although others have",
            "show an anomaly and have no mask, although others have",
        ),
        "Draw their masks, or train without masks.",
    ),
    _Demand(
        "colour_maps",
        _AWS,
        _has_bad_colours,
        (
            "has a mask without a colour map, or is normal and its map has no BACKGROUND as 0",
            "have a mask without a colour map, or are normal and the map has no BACKGROUND as 0",
        ),
        _CONVERT,
    ),
    _Demand(
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
    _Demand(
        "images_not_in_s3",
        _AWS,
        _is_not_in_s3,
        ("names no object of S3", "name no object of S3"),
        "Upload the images, and convert with --rewrite FROM=s3://bucket/prefix.",
    ),
    _Demand(
        "mask_names",
        ("dda",),
        _has_colon_in_mask,
        (
            "has a colon in the name of its mask, as Ground Truth writes times",
            "have a colon in the name of their mask, as Ground Truth writes times",
        ),
        "Copy these masks to names without colons.",
    ),
    _Demand(
        "anomalies_in_training",
        ("anomalib",),
        _is_anomaly_to_train_on,
        (
            "shows an anomaly and is to be trained on, which it refuses",
            "show an anomaly and are to be trained on, which it refuses",
        ),
        "Move them to the test set: it learns from normal images alone.",
    ),
    _Demand(
        "images_not_on_disk",
        ("anomalib",),
        _is_in_s3,
        ("names an object of S3, which it cannot open", "name objects of S3, which it cannot open"),
        "Copy them to this machine, and convert with --rewrite s3://bucket/prefix=FOLDER.",
    ),
)
_SUCCESSORS_OF: Final = {demand.code: demand.successors for demand in _DEMANDS}

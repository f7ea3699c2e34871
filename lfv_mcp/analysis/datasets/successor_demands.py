"""What each successor demands of a dataset and Lookout for Vision did not.

SageMaker's algorithm "Computer Vision Defect Detection Model" and the Defect Detection Application
(DDA) train on a manifest with five attributes of fixed names; anomalib on a table or on folders of
files of this machine. What is here is known of the manifest alone: whether an image can be opened
there is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from lfv_mcp.analysis.datasets.line_demands import (
    DEMANDS,
    SUCCESSORS,
    SUCCESSORS_OF,
    Successor,
    TrainingLine,
    bucket_of,
)
from lfv_mcp.figures import count_of
from lfv_mcp.findings import by_severity, finding
from lfv_mcp.formats.datasets.dataset import Dataset, DatasetLine
from lfv_mcp.results.common import Finding
from lfv_mcp.results.dataset_check import SuccessorDemands
from lfv_mcp.text import clean

TITLES: Final[Mapping[Successor, str]] = {
    "sagemaker": "SageMaker",
    "dda": "DDA",
    "anomalib": "anomalib",
}
"""What each is called in sentences."""
LEAST_IMAGES: Final = 10
"""Training images from which the two of AWS train."""
_MANIFESTS: Final = ("ground_truth", "evaluation")
_NAMED: Final = 3


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


def demands_of(data: TrainingData) -> SuccessorDemands:
    """What each successor would find wrong."""
    broken: dict[str, list[DatasetLine]] = {demand.code: [] for demand in DEMANDS}
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
        told = TrainingLine(line, is_manifest, is_training, data.has_masks)
        yield line, tuple(each.code for each in DEMANDS if each.is_broken_by(told))


def codes_for(successor: Successor, codes: Iterable[str]) -> str:
    """Those of the codes that a successor demands, apart by blanks."""
    return " ".join(code for code in codes if successor in SUCCESSORS_OF[code])


def _of_lines(
    successor: Successor, broken: Mapping[str, Sequence[DatasetLine]], data: TrainingData
) -> Iterator[Finding]:
    total = sum(len(dataset.lines) for dataset in data.sets)
    for demand in DEMANDS:
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
    buckets = sorted({bucket for bucket in map(bucket_of, _names(data.sets)) if bucket})
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

"""What can still be done with a project, by what is held of it, and what the next step needs.

From least to most: to describe a model needs a saved answer or an evaluation file; to analyse it
the outcome of its evaluation; to compare a successor with it the label of each test image; to
retrain one needs labelled training images that are still there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lfv_mcp.figures import count_of
from lfv_mcp.results.inventory import Ability, EdgePackage, HeldImages, HeldProject

MIN_TRAINING_IMAGES: Final = 10
"""Labelled images that a successor needs at least (the Marketplace algorithm)."""


@dataclass(frozen=True, slots=True)
class LabelledImages:
    """Images with labels, by class, and how many of them are there.

    Args:
        anomaly: images labelled as anomalies.
        normal: images labelled as normal.
        held: by whether they are there; None if nobody looked.
    """

    anomaly: int = 0
    normal: int = 0
    held: HeldImages | None = None

    @property
    def count(self) -> int:
        """All of them."""
        return self.anomaly + self.normal

    @property
    def are_gone(self) -> bool:
        """Whether it is known that none can be read any more."""
        return self.held is not None and self.held.gone > 0 and not self.held.present


@dataclass(frozen=True, slots=True)
class ProjectHoldings:
    """What is held of one project.

    Args:
        project_name: its name.
        answers: saved answers about its models.
        results: EvaluationResult files.
        manifests: EvaluationManifest files.
        tested: the labelled test images of those manifests that could be read.
        training: the labelled training images of its dataset manifests.
        dataset_manifests: files of datasets.
        prediction_sets: what other systems predicted on its images.
        sets_with_truth: those that bring labels of their own.
        edge_packages: packaged models.
        images: all images that manifests name, by whether they are there; None: nobody looked.
        masks: likewise of masks.
    """

    project_name: str
    answers: int = 0
    results: int = 0
    manifests: int = 0
    tested: LabelledImages = LabelledImages()
    training: LabelledImages = LabelledImages()
    dataset_manifests: int = 0
    prediction_sets: int = 0
    sets_with_truth: int = 0
    edge_packages: tuple[EdgePackage, ...] = ()
    images: HeldImages | None = None
    masks: HeldImages | None = None

    @property
    def evaluation_files(self) -> int:
        """Files that training left in S3."""
        return self.results + self.manifests


def held_project(held: ProjectHoldings) -> HeldProject:
    """What is held of a project, with what can be done and what the next step needs."""
    can = tuple(_abilities(held))
    return HeldProject(
        project_name=held.project_name,
        answers=held.answers,
        evaluation_files=held.evaluation_files,
        dataset_manifests=held.dataset_manifests,
        images=held.images,
        masks=held.masks,
        prediction_sets=held.prediction_sets,
        edge_packages=held.edge_packages,
        can=can,
        missing=tuple(_missing(held, can)),
    )


def _abilities(held: ProjectHoldings) -> Iterator[Ability]:
    if held.answers or held.evaluation_files or held.prediction_sets:
        yield "describe"
    if held.evaluation_files or held.sets_with_truth:
        yield "analyze"
    # Two sets are compared with each other; one alone with a version's manifest.
    has_pair = held.prediction_sets > 1 and held.sets_with_truth > 0
    if has_pair or (held.tested.count and (held.prediction_sets > 0 or not held.tested.are_gone)):
        yield "compare"
    there = held.training.held
    if there is not None and there.present >= MIN_TRAINING_IMAGES:
        yield "retrain"


def _missing(held: ProjectHoldings, can: Sequence[Ability]) -> Iterator[str]:
    """What each step that cannot be done needs, and what a comparison still needs."""
    name = held.project_name
    if not held.answers:
        yield (
            "To know a model's state: a saved DescribeModel or ListModels answer. The service "
            "gives none any more."
        )
    if "analyze" not in can:
        yield (
            "To analyse: the evaluation files (EvaluationResult, EvaluationManifest) that training "
            "left in the output bucket; import them: lfv-mcp archive import SRC --to ARCHIVE."
        )
    yield from _missing_to_compare(held, can)
    if "retrain" not in can:
        yield f"To retrain: {_missing_to_retrain(held, name)}"


def _missing_to_compare(held: ProjectHoldings, can: Sequence[Ability]) -> Iterator[str]:
    name = held.project_name
    predict = f"lfv-mcp archive import SRC --predictions NAME --project {name} --to ARCHIVE"
    if "compare" in can:
        if not held.prediction_sets:
            images = count_of(held.tested.count, "image", "images")
            yield (
                f"To compare a successor: what it predicts on the test images of a version "
                f"({images} in all); import it: {predict}."
            )
    elif held.tested.count:
        yield (
            f"To compare a successor: the {held.tested.count:,} test images, which are gone, so "
            "that nothing can predict on them."
        )
    elif held.prediction_sets:
        yield (
            "To compare: the label of each test image, from an EvaluationManifest or from a "
            f"column of the predictions (--truth), and a second system's predictions: {predict}."
        )
    else:
        yield (
            "To compare a successor: the label of each test image, which the EvaluationManifest "
            "of a version has."
        )


def _missing_to_retrain(held: ProjectHoldings, name: str) -> str:
    training = held.training
    if not held.dataset_manifests:
        only = ""
        if held.tested.count:
            only = " The test images have labels, but to train on them leaves nothing to test with."
        return f"a dataset manifest with labels; none is held.{only}"
    if not training.count:
        return "a dataset manifest of training images with labels; those that are held have none."
    if training.count < MIN_TRAINING_IMAGES:
        return (
            f"at least {MIN_TRAINING_IMAGES} labelled training images; the manifests have "
            f"{training.count}."
        )
    return _missing_images(training, name)


def _missing_images(training: LabelledImages, name: str) -> str:
    """What is wrong with labelled training images of which too few are known to be there."""
    images, there = f"{training.count:,} labelled training images", training.held
    if there is None:
        return (
            f"the {images} themselves. Whether they are still there has not been looked up: "
            f"lfv-mcp inventory {name} --images s3://bucket/prefix."
        )
    if there.archived:
        return f"the {images}: {there.archived:,} are archived and must be restored first."
    if there.forbidden and not there.gone:
        return f"the {images}: the prefix of {there.forbidden:,} may not be listed."
    return f"the {images}: {there.gone:,} are gone."

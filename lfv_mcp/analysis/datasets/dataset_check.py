"""The check of datasets: what they hold, what they share, what is missing, what is demanded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from lfv_mcp.analysis.datasets.dataset_findings import check_findings, summary_of
from lfv_mcp.analysis.datasets.dataset_question import DatasetQuestion, Overlap
from lfv_mcp.analysis.datasets.image_presence import ImagePresence, presence_of
from lfv_mcp.analysis.datasets.set_contents import SetContents, contents_of
from lfv_mcp.analysis.datasets.shared_images import EVIDENCE, shared_images
from lfv_mcp.analysis.datasets.successor_demands import TrainingData, demands_of
from lfv_mcp.formats.evaluation_manifest import REF_LIMIT
from lfv_mcp.results.dataset_check import DatasetCheck, SharedImages
from lfv_mcp.text import clean

_EXAMPLES: Final = 5
"""Images of an overlap that are named."""


@dataclass(frozen=True, slots=True)
class CheckedDatasets:
    """What a check found.

    Args:
        question: what was checked.
        contents: of each set, in its order.
        overlaps: of every pair of a set to train on and a set to test with.
        presence: which images and masks are there.
        result: the answer.
    """

    question: DatasetQuestion
    contents: tuple[SetContents, ...]
    overlaps: tuple[Overlap, ...]
    presence: ImagePresence
    result: DatasetCheck

    @property
    def is_good(self) -> bool:
        """Whether a pipeline may go on: a shared name alone, or what is unknown, stops none."""
        return not (
            any(each.contradictory or each.unreadable for each in self.contents)
            or self.result.missing_images
            or self.result.missing_masks
            or any(overlap.shared.same for overlap in self.overlaps)
        )


def check_datasets(question: DatasetQuestion) -> CheckedDatasets:
    """Check the sets of a question."""
    contents = tuple(contents_of(dataset, question.listing) for dataset in question.sets)
    overlaps = tuple(
        Overlap(
            training,
            test,
            shared_images(training.lines, test.lines, question.listing),
            is_old=test is question.old_test,
        )
        for training, test in product(question.training, question.all_tests)
    )
    presence = presence_of(question.sets, question.listing)
    demands = demands_of(TrainingData(question.training, question.tests))
    result = DatasetCheck(
        summary=summary_of(question, contents, overlaps, presence, demands),
        sets=tuple(each.to_result() for each in contents),
        overlaps=tuple(shared for overlap in overlaps for shared in _by_evidence(overlap)),
        missing_images=presence.count("images"),
        missing_masks=presence.count("masks"),
        for_successor=demands,
        findings=tuple(check_findings(question, contents, overlaps, presence)),
    )
    return CheckedDatasets(question, contents, overlaps, presence, result)


def _by_evidence(overlap: Overlap) -> Iterator[SharedImages]:
    for evidence in EVIDENCE:
        images = [pair.second for pair in overlap.shared.pairs if pair.evidence == evidence]
        if images:
            yield SharedImages(
                sets=(overlap.training.name, overlap.test.name),
                images=len(images),
                evidence=evidence,
                examples=tuple(clean(image, REF_LIMIT) for image in images[:_EXAMPLES]),
            )

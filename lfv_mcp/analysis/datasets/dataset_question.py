"""What a check of datasets is asked, and what two of its sets share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lfv_mcp.analysis.datasets.shared_images import Shared
from lfv_mcp.formats.datasets.dataset import Dataset
from lfv_mcp.formats.datasets.image_objects import ImageListing


@dataclass(frozen=True, slots=True)
class DatasetQuestion:
    """What is checked.

    Args:
        training: the sets that a successor is trained on.
        tests: the sets that it is tested with.
        old_test: the test images of an old model, whose truth an EvaluationManifest has.
        listing: what was listed below the places that a person named; None if none was.
    """

    training: Sequence[Dataset]
    tests: Sequence[Dataset] = ()
    old_test: Dataset | None = None
    listing: ImageListing | None = None

    @property
    def sets(self) -> tuple[Dataset, ...]:
        """The sets that are checked, without the old test images."""
        return (*self.training, *self.tests)

    @property
    def all_tests(self) -> tuple[Dataset, ...]:
        """Every set that must share no image with what is trained on."""
        old = () if self.old_test is None else (self.old_test,)
        return (*self.tests, *old)


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a set to train on shares with a set to test with."""

    training: Dataset
    test: Dataset
    shared: Shared
    is_old: bool

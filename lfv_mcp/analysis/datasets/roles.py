"""Which of the datasets of a source are to train on, and which to test with."""

from __future__ import annotations

from collections.abc import Sequence

from lfv_mcp.errors import CallerError
from lfv_mcp.formats.datasets.dataset import Dataset
from lfv_mcp.text import clean


def training_and_tests(
    held: Sequence[Dataset], tests: Sequence[Dataset] | None
) -> tuple[Sequence[Dataset], Sequence[Dataset]]:
    """The sets to train on, and those to test with.

    Args:
        held: the sets of the source; what says nothing of what it is for is to train on, if it is
            the only one.
        tests: the sets of a source that a person named as the test; None if none was named.

    Raises:
        CallerError: `dataset_refused`, that cannot be told.
    """
    own_tests = [each for each in held if each.split == "test"]
    training = [each for each in held if each.split != "test"]
    if tests is not None and own_tests and training:
        raise CallerError(
            "dataset_refused",
            f"The first source has a test set of its own: {clean(own_tests[0].name, 300)}.",
            "Leave --test out, or name the training set alone: the file, not its folder.",
        )
    if tests is not None and not training:
        training, own_tests = own_tests, []  # a person says that this is to train on
    unknown = [each for each in training if not each.split]
    if unknown and len(held) > 1:
        raise CallerError(
            "dataset_refused",
            f"Nothing says whether {clean(unknown[0].name, 300)} is to train on or to test with.",
            "Name the training set, and the test set with --test.",
        )
    return training, own_tests if tests is None else tests

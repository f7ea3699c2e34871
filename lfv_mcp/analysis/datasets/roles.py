"""Which of the datasets of a source are to train on, and which to test with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lfv_mcp.errors import CallerError
from lfv_mcp.formats.datasets.dataset import Dataset
from lfv_mcp.text import clean

_NAMED: Final = 3


def training_and_tests(
    held: Sequence[Dataset], tests: Sequence[Dataset] | None
) -> tuple[Sequence[Dataset], Sequence[Dataset]]:
    """The sets to train on, and those to test with.

    The truth of an EvaluationManifest is a test set where there is no other.

    Args:
        held: the sets of the source; what says nothing of what it is for is to train on, if it is
            the only one.
        tests: the sets of a source that a person named as the test; None if none was named.

    Raises:
        CallerError: `dataset_refused`, that cannot be told, or there is more than one of a kind.
    """
    own_tests = [each for each in held if each.split == "test"]
    training = [each for each in held if each.split != "test"]
    if tests is not None and not training:
        training, own_tests = own_tests, []  # a person says that this is to train on
    if tests is not None and any(each.form != "evaluation" for each in own_tests):
        raise CallerError(
            "dataset_refused",
            f"The first source has a test set of its own: {clean(own_tests[0].name, 300)}.",
            "Leave --test out, or name the training set alone: the file, not its folder.",
        )
    unknown = [each for each in training if not each.split]
    if unknown and len(training) + len(own_tests) > 1:
        raise CallerError(
            "dataset_refused",
            f"Nothing says whether {clean(unknown[0].name, 300)} is to train on or to test with.",
            "Name the training set, and the test set with --test.",
        )
    tested = own_tests if tests is None else list(tests)
    tested = [each for each in tested if each.form != "evaluation"] or tested
    _require_one(training, "training", "Name one of them as SRC.")
    _require_one(tested, "test", "Name one of them with --test.")
    return training, tested


def _require_one(sets: Sequence[Dataset], kind: str, next_step: str) -> None:
    """Refuse sets that may be of different projects; the parts of one lie in one folder."""
    folders = {_folder(each) for each in sets}
    evaluations = sum(each.form == "evaluation" for each in sets)
    if len(folders) > 1 or evaluations > 1:
        shown = ", ".join(clean(each.name, 300) for each in sets[:_NAMED])
        more = f" and {len(sets) - _NAMED:,} more" if len(sets) > _NAMED else ""
        raise CallerError(
            "dataset_refused",
            f"There are {len(sets):,} {kind} sets, and whether they belong together is not known: "
            f"{shown}{more}.",
            next_step,
        )


def _folder(dataset: Dataset) -> str:
    """Where a dataset lies; that of a table's split is the table's own."""
    place = dataset.name.rpartition(" in ")[2].removesuffix("/").replace("\\", "/")
    return place.rpartition("/")[0]

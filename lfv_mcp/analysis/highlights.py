"""What stands out in a whole listing: the best and the worst, and what cannot be right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Final

from lfv_mcp.analysis.quality import F1_TOLERANCE
from lfv_mcp.figures import fraction
from lfv_mcp.metrics import f1_from
from lfv_mcp.results.model_list import ModelRow
from lfv_mcp.text import first_of

_PROJECTS: Final = 8
"""Projects whose highest F1 is named; of more the listing itself has to be read."""


def highlights(models: Sequence[ModelRow]) -> Iterator[str]:
    """Sentences on a listing that is complete; none where there is nothing to choose from.

    Recorded figures rank nothing, for each is of its own test set: that is said.
    """
    graded = [row for row in models if row.f1_score is not None]
    projects = dict.fromkeys(row.project_name for row in graded)
    if len(graded) > 1 and len(projects) <= _PROJECTS:
        best = [
            max((row for row in graded if row.project_name == name), key=attrgetter("f1_score"))
            for name in projects
        ]
        each = " of each project" if len(projects) > 1 else ""
        named = ", ".join(f"{_name(row)} {fraction(row.f1_score or 0)}" for row in best)
        told = f"Highest recorded F1{each}: {named}."
        recalls = [row for row in models if row.recall is not None]
        if recalls:
            lowest = min(recalls, key=attrgetter("recall"))
            told += f" Lowest recorded recall: {_name(lowest)} {fraction(lowest.recall or 0)}."
        yield f"{told} Test sets may differ: only compare_models ranks."
    odd = [
        f"{_name(row)} is recorded as {fraction(row.f1_score or 0)} and follows as {fraction(f1)}"
        for row in graded
        if (f1 := _unlike_f1(row)) is not None
    ]
    if odd:
        yield f"An F1 that its precision and recall do not give: {first_of(odd, separator='; ')}."


def _name(row: ModelRow) -> str:
    return f"{row.project_name} {row.model_version}"


def _unlike_f1(row: ModelRow) -> float | None:
    """The F1 of a row's precision and recall, where the recorded one is another."""
    if row.f1_score is None or row.precision is None or row.recall is None:
        return None
    derived = f1_from(row.precision, row.recall)
    if isinstance(derived, float) and abs(derived - row.f1_score) > F1_TOLERANCE:
        return derived
    return None

"""Grades of an error rate by its 95 % interval: shown to be below a bar, above it, or neither.

A grade of a point estimate calls a model with 8 % true escapes strong in a quarter of all tests of
100 images. Recall and false-alarm rate are graded; precision is not, for it depends on how many of
the test images are defects. The bars are this project's own, no standard's.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from lfv_mcp.analysis.recount import defects_and_good_parts
from lfv_mcp.metrics import Confusion, Undefined, wilson_interval

ERROR_BAR: Final = 0.05
"""The bar of escapes and of false alarms, this project's own: 1 part in 20."""

Grade: TypeAlias = Literal["below", "above", "open"]
"""Where an error rate is shown to lie: below the bar, above it, or on neither side."""


def grade_errors(errors: int, images: int, bar: float = ERROR_BAR) -> Grade | None:
    """The grade of an error rate by its 95 % Wilson interval; None without an image of the class.

    Args:
        errors: missed defects, or good parts rejected.
        images: defects, or good parts, of the test set.
        bar: the rate, 0 to 1, that is asked about.
    """
    interval = wilson_interval(errors, images)
    if isinstance(interval, Undefined):
        return None
    if interval.high < bar:
        return "below"
    return "above" if interval.low > bar else "open"


def grade_in_words(grade: Grade, bar: float = ERROR_BAR) -> str:
    """A grade as the end of a sentence: `"shown to be below 5 %"`, `"not shown either way"`."""
    return "not shown either way" if grade == "open" else f"shown to be {grade} {100 * bar:g} %"


def graded_outcome(counts: Confusion, bar: float = ERROR_BAR) -> str:
    """Both rates against our bar, as a sentence; empty if the test set has no image.

    `"Against our bar of 5 %, missed defects are not shown either way and false alarms are shown to
    be above 5 %."`
    """
    defects, good = defects_and_good_parts(counts)
    graded = [
        (what, grade_in_words(grade, bar))
        for what, errors, images in (
            ("missed defects", counts.false_negatives, defects),
            ("false alarms", counts.false_positives, good),
        )
        if (grade := grade_errors(errors, images, bar)) is not None
    ]
    if not graded:
        return ""
    told = [f"{what} are {grade}" for what, grade in graded]
    if len(graded) == 2 and graded[0][1] == graded[1][1]:
        told = [f"missed defects and false alarms are both {graded[0][1]}"]
    return f"Against our bar of {100 * bar:g} %, {' and '.join(told)}."

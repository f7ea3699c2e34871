"""Grades of an error rate by its 95 % interval: shown to be below a bar, above it, or neither.

A grade of a point estimate calls a model with 8 % true escapes strong in a quarter of all tests of
100 images. Recall and false-alarm rate are graded; precision is not, for it depends on how many of
the test images are defects. The bars are this project's own, no standard's.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from lfv_mcp.metrics import Undefined, wilson_interval

ERROR_BAR: Final = 0.05
"""The bar of escapes and of false alarms, this project's own: 1 part in 20."""

Grade: TypeAlias = Literal["below", "above", "open"]
"""Where an error rate is shown to lie: below the bar, above it, or on neither side."""

GRADE_WORDS: Final[dict[Grade, str]] = {
    "below": "shown to be below",
    "above": "shown to be above",
    "open": "not shown to be below or above",
}
"""The words of each grade, before the bar."""


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


def grade_in_words(what: str, grade: Grade, bar: float = ERROR_BAR) -> str:
    """A grade as a sentence without its end: `"its escape rate is shown to be below 5 % ..."`.

    Args:
        what: the rate, as the subject: `"its escape rate"`.
        grade: of `grade_errors`.
        bar: the one that was asked about.
    """
    return f"{what} is {GRADE_WORDS[grade]} {100 * bar:g} % (our bar)"

"""How much better a cut looks on the images on which it was chosen than on new ones."""

from __future__ import annotations

from math import sqrt
from typing import Final

_POINTS: Final = (20.0, 30.0)
"""Points of F1, recall and precision, times the square root of the number of defects; simulated."""


def optimism_of(defects: int) -> tuple[float, float]:
    """Points of F1, recall and precision by which a cut chosen on these images flatters: from, to.

    20/sqrt(A) to 30/sqrt(A) with A defects; more for weaker rankers and rarer defects.
    """
    low, high = (points / sqrt(defects) for points in _POINTS)
    return low, high


def optimism_in_words(defects: int) -> str:
    """The same as words: 45 defects → `"3 to 4 points"`, 900 → `"0.7 to 1 points"`."""
    low, high = optimism_of(defects)
    decimals = 0 if low >= 1 else 1
    return f"{_short(low, decimals)} to {_short(high, decimals)} points"


def flattery_in_words(defects: int) -> str:
    """Of what figures so much is to be taken off, as a clause."""
    return f"recall and precision on new parts may be {optimism_in_words(defects)} lower"


def _short(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return text.removesuffix(".0")

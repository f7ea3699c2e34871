"""What a caller of compare_models may ask for beside the versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEFAULT_CHANGED_IMAGES: Final = 3
"""Images of each list of a comparison, if the caller does not say."""


@dataclass(frozen=True, slots=True)
class ComparisonQuestion:
    """The margins and the number of images that a comparison is asked for.

    Args:
        recall_margin: share of defects by which recall may be lower; None for the default.
        false_alarm_margin: share of good parts by which false alarms may be higher; None for the
            default. Neither ever takes the other's place.
        max_examples: images of each list; None for all, whatever an answer has room for.
        same_names: prediction sets of which a person vouches that equal names are the same images.
    """

    recall_margin: float | None = None
    false_alarm_margin: float | None = None
    max_examples: int | None = DEFAULT_CHANGED_IMAGES
    same_names: frozenset[str] = frozenset()

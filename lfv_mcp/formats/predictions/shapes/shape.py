"""`ReadObject`: an object of another system's format, read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from lfv_mcp.formats.json_values import JsonObject
from lfv_mcp.formats.predictions.class_words import class_of, is_unknown, unknown_words
from lfv_mcp.formats.predictions.column_choice import ColumnChoice
from lfv_mcp.formats.predictions.items import Shape
from lfv_mcp.formats.predictions.prediction_set import PredictedImage

ShapeReader = Callable[[JsonObject, str, ColumnChoice], Shape | None]
"""Takes an object, its file's name and a person's choice; None if the object is something else."""


@dataclass(frozen=True, slots=True)
class ReadObject:
    """One object of a format that is known.

    Args:
        title: what the format is called.
        columns: by which member each role was read.
        images: what it says of each image, or why it is of no use.
    """

    title: str
    columns: Mapping[str, str]
    images: tuple[PredictedImage | str, ...]

    def read(self, item: JsonObject, name: str) -> Iterable[PredictedImage | str]:
        """The images of the object that it was made of."""
        del item, name
        return self.images


def known_class(word: object, member: str, place: str, choice: ColumnChoice) -> bool | None:
    """Whether a class word means an anomaly; None if it says nothing.

    Raises:
        PredictionsRefusedError: nobody can know what it means.
    """
    if is_unknown(word, choice):
        raise unknown_words([word], member, place)
    return class_of(word, choice)


NO_CONFIDENCE = "its confidence is no number from 0 to 1"
"""Why an object is of no use."""

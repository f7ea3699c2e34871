"""Predictions of another system that a program names by their place, for one comparison."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

from lfv_mcp.archive.predictions_import import set_key
from lfv_mcp.archive.predictions_source import prediction_reader, read_source
from lfv_mcp.archive.training_source import TrainingPlace, read_training_images
from lfv_mcp.errors import CallerError
from lfv_mcp.formats.predictions.column_choice import ColumnChoice
from lfv_mcp.identifiers import is_prediction_set_name
from lfv_mcp.library.values import named_places, path_of, place, plain, refused, words
from lfv_mcp.text import clean
from lfv_mcp.wiring.opening import open_files
from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from lfv_mcp.archive.training_source import TrainingImages
    from lfv_mcp.formats.predictions.prediction_set import PredictionSet


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    image: str | None = None
    truth: str | None = None
    prediction: str | None = None
    score: str | None = None
    cut: float | None = None
    anomaly_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Predictions(_Columns):
    """Where predictions are, and which column says what where the header does not say it.

    Args:
        place: a file, a folder or an `s3://` prefix.
        image: the column that names the image.
        truth: the column of the label.
        prediction: the column of the predicted class.
        score: the column of the anomaly score.
        cut: the score from which an image is rejected; beats the prediction column.
        anomaly_values: words that mean an anomaly; every other is then the other class.
    """

    place: str | os.PathLike[str]

    def columns(self) -> ColumnChoice:
        """Which column says what.

        Raises:
            CallerError: a column that is no text, or a cut that is no finite number.
        """
        named = {each: getattr(self, each) for each in _NAMES}
        for name, column in named.items():
            if not (column is None or isinstance(column, str)):
                raise refused(name, column, "it is the name of a column")
        return ColumnChoice(**named, cut=self._cut(), anomaly_values=self._anomaly_values())

    def _cut(self) -> float | None:
        cut = plain(self.cut)
        if cut is None or (type(cut) in (int, float) and _is_finite(cast("float", cut))):
            return cast("float | None", cut)
        raise refused("cut", self.cut, "it is a finite number, the score from which to reject")

    def _anomaly_values(self) -> tuple[str, ...]:
        found = words(self.anomaly_values)
        if found is not None:
            return found
        raise refused("anomaly_values", self.anomaly_values, "it is a tuple of words")


_NAMES: Final = ("image", "truth", "prediction", "score")


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer of hundreds of digits
        return False


Place = str | os.PathLike[str] | Predictions
"""How a program may name predictions."""
TrainingPlaces = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""How a program may name what a model was trained on."""


def predictions_of(given: object) -> Mapping[str, Predictions]:
    """The places of prediction sets, by name.

    Raises:
        CallerError: `invalid_argument`, they are not, or a name cannot be one.
    """
    named = named_places("predictions", given)
    for name in named:
        if not is_prediction_set_name(name):
            raise CallerError(
                "invalid_argument",
                f"predictions={{{clean(name, 60)!r}: ...}} is not accepted: a name has a letter "
                "first, then at most 62 letters, digits, - or _, and is not latest, hosted or v "
                "and digits.",
                'Choose another name, for example predictions={"new": "predictions.csv"}.',
            )
    return {name: _checked(name, told) for name, told in named.items()}


def _checked(name: str, told: object) -> Predictions:
    keyword = f"predictions[{name!r}]"
    if not isinstance(told, Predictions):
        return Predictions(place(keyword, told))
    told.columns()
    return replace(told, place=place(keyword, told.place))


def training_of(given: object) -> Mapping[str, Sequence[str]]:
    """The places that say what the model behind a set was trained on, by the name of the set.

    Raises:
        CallerError: `invalid_argument`, they are not.
    """
    found: dict[str, Sequence[str]] = {}
    for name, told in named_places("trained_on", given).items():
        keyword = f"trained_on[{clean(name, 60)!r}]"
        path = path_of(told)
        several = [path] if path is not None else told
        if isinstance(several, str | bytes | Mapping) or not isinstance(several, Iterable):
            raise refused(keyword, told, "it is a place, or a list of places")
        found[name] = [place(keyword, each) for each in cast("Iterable[object]", several)]
        if not found[name]:
            raise refused(keyword, told, "it names no place")
    return found


def read_predictions(
    named: Mapping[str, Predictions], project: str, settings: Settings, *, same_names: bool
) -> Iterator[PredictionSet]:
    """Each prediction set, read from its place; blocks.

    Raises:
        LfvError: one cannot be read, or allows two readings.
    """
    for name, told in named.items():
        where = os.fspath(told.place)
        yield read_source(
            open_files(where, settings),
            set_key(project, name, None),
            told.columns(),
            origin=clean(where, 500),
            same_names=same_names,
            reader=prediction_reader,
        )


def read_training(places: Sequence[str], settings: Settings) -> TrainingImages:
    """The images that a model was trained on, read from their places; blocks.

    Raises:
        LfvError: one cannot be read, or names no training image.
    """
    return read_training_images(
        [TrainingPlace(name, open_files(name, settings)) for name in places]
    )

"""Predictions of another system that a program names by their place, for one comparison."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from lfv_mcp.archive.predictions_import import set_key
from lfv_mcp.archive.predictions_source import prediction_reader, read_source
from lfv_mcp.archive.training_source import TrainingPlace, read_training_images
from lfv_mcp.errors import CallerError
from lfv_mcp.formats.predictions.column_choice import ColumnChoice
from lfv_mcp.identifiers import is_prediction_set_name
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
            CallerError: a cut that is no finite number.
        """
        if self.cut is not None and not math.isfinite(self.cut):
            raise CallerError(
                "invalid_argument", f"cut={self.cut} is no finite number.", "Write it as cut=0.5."
            )
        return ColumnChoice(**{each.name: getattr(self, each.name) for each in fields(_Columns)})


Place = str | os.PathLike[str] | Predictions
"""How a program may name predictions."""
TrainingPlaces = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""How a program may name what a model was trained on."""


def require_names(named: Mapping[str, Place]) -> None:
    """Refuse what cannot be the name of a prediction set.

    Raises:
        CallerError: `invalid_argument`, one cannot.
    """
    for name in named:
        if not is_prediction_set_name(name):
            raise CallerError(
                "invalid_argument",
                f"predictions={{{clean(name, 60)!r}: ...}} is not accepted: a name has a letter "
                "first, then at most 62 letters, digits, - or _, and is not latest, hosted or v "
                "and digits.",
                'Choose another name, for example predictions={"new": "predictions.csv"}.',
            )


def read_predictions(
    named: Mapping[str, Place], project: str, settings: Settings, *, same_names: bool
) -> Iterator[PredictionSet]:
    """Each prediction set, read from its place; blocks.

    Raises:
        LfvError: one cannot be read, or allows two readings.
    """
    for name, place in named.items():
        told = place if isinstance(place, Predictions) else Predictions(place)
        where = os.fspath(told.place)
        choice = told.columns()
        yield read_source(
            open_files(where, settings),
            set_key(project, name, None),
            choice,
            origin=clean(where, 500),
            same_names=same_names,
            reader=prediction_reader,
        )


def read_training(places: TrainingPlaces, settings: Settings) -> TrainingImages:
    """The images that a model was trained on, read from their places; blocks.

    Raises:
        LfvError: one cannot be read, or names no training image.
    """
    several = [places] if isinstance(places, str | os.PathLike) else list(places)
    names = [os.fspath(place) for place in several]
    return read_training_images([TrainingPlace(name, open_files(name, settings)) for name in names])

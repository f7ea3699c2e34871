"""Prediction files read as a source, without the JSON formats of other systems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from lfv_mcp.formats.predictions.column_choice import ColumnChoice
from lfv_mcp.formats.predictions.prediction_set import AboutPredictions, PredictedImage
from lfv_mcp.formats.predictions.reader import PredictionReader
from lfv_mcp.identifiers import PredictionSetKey

KEY: Final = PredictionSetKey("", "", "caps", "padim")
NOTHING_SAID: Final = ColumnChoice()


def plain_reader(choice: ColumnChoice = NOTHING_SAID) -> PredictionReader:
    """A reader that knows rows alone."""
    return PredictionReader(choice, shape_of=lambda *_: None, refusal_of=lambda *_: None)


def read_source(
    files: Mapping[str, bytes],
    choice: ColumnChoice = NOTHING_SAID,
    *,
    reader: PredictionReader | None = None,
) -> tuple[list[PredictedImage], AboutPredictions, PredictionReader]:
    """The images of files, what they are, and the reader that read them."""
    reader = reader or plain_reader(choice)
    images = [image for name, data in files.items() for image in reader.read(name, cut(data))]
    return images, reader.about(KEY, "s3://lines/predictions"), reader


def read_file(
    data: bytes | str, choice: ColumnChoice = NOTHING_SAID, name: str = "a.csv"
) -> tuple[list[PredictedImage], AboutPredictions, PredictionReader]:
    """The same of one file."""
    return read_source({name: data.encode() if isinstance(data, str) else data}, choice)


def cut(data: bytes, size: int = 1000) -> Iterable[bytes]:
    """Bytes in chunks, so that lines and characters are cut."""
    return [data[start : start + size] for start in range(0, len(data), size)]

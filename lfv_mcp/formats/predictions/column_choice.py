"""What a person says of the columns of prediction files, where they do not say it themselves."""

from __future__ import annotations

from dataclasses import dataclass

from lfv_mcp.errors import CallerError


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """Which column says what; None: the header decides.

    Args:
        image: the column that names the image.
        truth: the column of the label.
        prediction: the column of the predicted class.
        score: the column of the anomaly score.
        cut: the score from which an image is rejected; beats the prediction column.
        anomaly_values: words that mean an anomaly, in truth and prediction; every other word is
            then the other class.
    """

    image: str | None = None
    truth: str | None = None
    prediction: str | None = None
    score: str | None = None
    cut: float | None = None
    anomaly_values: tuple[str, ...] = ()


class PredictionsRefusedError(CallerError):
    """Prediction files that allow two readings, or none."""

    def __init__(self, message: str, next_step: str) -> None:
        """Name what was seen, and the flag that settles it."""
        super().__init__("predictions_refused", message, next_step)

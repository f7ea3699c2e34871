"""Whether what was read of a source makes sense as a whole; what does not is refused."""

from __future__ import annotations

from collections.abc import Mapping

from lfv_mcp.formats.predictions.column_choice import ColumnChoice, PredictionsRefusedError
from lfv_mcp.formats.predictions.columns import listed
from lfv_mcp.formats.predictions.rows import RowReader, Verdicts


def require_answers(verdicts: Verdicts, choice: ColumnChoice, place: str) -> None:
    """Refuse images without a prediction, or without the score that a cut needs.

    Raises:
        PredictionsRefusedError: so it is.
    """
    if choice.cut is not None and not verdicts.scores:
        raise PredictionsRefusedError(
            f"{place} has no anomaly score to hold against --cut {choice.cut:g}.",
            "Name the column of the score with --score, or leave --cut out.",
        )
    if not verdicts.answered:
        raise PredictionsRefusedError(
            f"{place} has {verdicts.images:,} images and no prediction for any of them: it is a "
            "dataset.",
            "Take the predictions that another system made for these images.",
        )


def require_sense(
    verdicts: Verdicts,
    rows: RowReader,
    columns: Mapping[str, str],
    choice: ColumnChoice,
    place: str,
) -> None:
    """Refuse scores, confidences and class words that contradict what they should be.

    Raises:
        PredictionsRefusedError: they do.
    """
    if verdicts.runs_against:
        high, low = (verdicts.mean(of_anomalies=flag) for flag in (True, False))
        raise PredictionsRefusedError(
            f"{place}: the scores run against the predictions: {columns.get('score', 'score')!r} "
            f"is {high:.4g} in the mean where an anomaly is predicted and {low:.4g} where it is "
            "not; a higher anomaly score must mean an anomaly.",
            "Name the column of the anomaly score with --score, that of the predicted class "
            "with --prediction, or the words that mean an anomaly with --anomaly-value.",
        )
    if rows.with_comma and rows.with_point:
        raise PredictionsRefusedError(
            f"{place}: some numbers have a decimal comma and others a point, so that 1.234 may "
            "be one or a thousand.",
            "Save the table with one kind of number.",
        )
    if rows.percentages * 2 > rows.confidences:
        raise PredictionsRefusedError(
            f"{place}: {rows.percentages:,} of {rows.confidences:,} confidences are above 1, as "
            "percentages are; which of the others are is not known.",
            "Divide the confidences by 100, or write them with a percent sign.",
        )
    if choice.anomaly_values and rows.words and not rows.has_known_anomaly:
        named = " ".join(f"--anomaly-value {value!r}" for value in choice.anomaly_values)
        raise PredictionsRefusedError(
            f"{place}: no line has a word of {named}; its words are {listed(list(rows.words))}.",
            "Name each word that means a defect with --anomaly-value, as the file has it.",
        )

"""The flags that say which column of a table of predictions is what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict

import click

from lfv_mcp.cli.values import Number

if TYPE_CHECKING:
    from lfv_mcp.formats.predictions.column_choice import ColumnChoice


class ColumnFlags(TypedDict):
    """Which column says what, as flags; one that was not given says None."""

    image: str | None
    truth: str | None
    prediction: str | None
    score: str | None
    cut: float | None
    anomaly_value: tuple[str, ...]


COLUMN_OPTIONS: Final = (
    click.option("--image", metavar="COLUMN", help="Column that names the image."),
    click.option("--truth", metavar="COLUMN", help="Column of the label."),
    click.option("--prediction", metavar="COLUMN", help="Column of the predicted class."),
    click.option("--score", metavar="COLUMN", help="Column of the anomaly score."),
    click.option(
        "--cut", type=Number(), help="Score from which an image is rejected; beats --prediction."
    ),
    click.option(
        "--anomaly-value",
        multiple=True,
        metavar="WORD",
        help="Word that means an anomaly (repeatable); every other is then the other class.",
    ),
)
"""The options of `ColumnFlags`, in its order."""


def column_choice_of(flags: ColumnFlags) -> ColumnChoice:
    """Which column says what."""
    from lfv_mcp.formats.predictions.column_choice import ColumnChoice

    return ColumnChoice(
        image=flags["image"],
        truth=flags["truth"],
        prediction=flags["prediction"],
        score=flags["score"],
        cut=flags["cut"],
        anomaly_values=flags["anomaly_value"],
    )

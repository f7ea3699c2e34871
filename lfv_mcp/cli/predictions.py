"""Predictions of another system that a command is told by place: `--predictions NAME=PLACE`.

They are read once and forgotten; `archive import --predictions` keeps them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from lfv_mcp.cli.archive_places import open_place
from lfv_mcp.cli.column_flags import COLUMN_OPTIONS, ColumnFlags, column_choice_of
from lfv_mcp.cli.progress_line import ProgressLine
from lfv_mcp.wiring.settings import Settings

if TYPE_CHECKING:
    from lfv_mcp.archive.training_source import TrainingImages
    from lfv_mcp.catalog.catalog import Catalog
    from lfv_mcp.formats.predictions.prediction_set import PredictionSet


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A prediction set to read: the name it is asked for by, and where its files are."""

    name: str
    place: str


@dataclass(frozen=True, slots=True)
class OnceRead:
    """The prediction sets that a command reads for itself.

    Args:
        places: each with its name, in the order of the command line.
        columns: which column says what; for the one set there is.
        same_names: a person vouches that equal names are the same images.
        trained_on: places that say what the model behind a set was trained on, by the set's name.
    """

    places: tuple[NamedPlace, ...]
    columns: ColumnFlags
    same_names: bool
    trained_on: tuple[NamedPlace, ...] = ()

    @property
    def names(self) -> list[str]:
        """Their names, in order."""
        return [each.name for each in self.places]

    def require_one_for_columns(self) -> None:
        """Refuse flags of columns where they could be of several sets, or of none.

        Raises:
            click.UsageError: there is not exactly one set.
        """
        given = [name for name, value in self.columns.items() if value not in (None, ())]
        if given and len(self.places) != 1:
            flag = f"--{given[0].replace('_', '-')}"
            raise click.UsageError(
                f"{flag} is about one prediction set, and there are {len(self.places)}: import the "
                "sets first (archive import --predictions).",
                click.get_current_context(),
            )

    def hold(self, catalog: Catalog, project: str, settings: Settings) -> None:
        """Read the sets and put them beside those of the catalogue's archive.

        Raises:
            LfvError: a set cannot be read, or its name is taken.
        """
        from lfv_mcp.archive.predictions_import import set_key

        for named in self.places:
            catalog.prediction_sets.hold(_read(named, project, self, settings))
        for name in dict.fromkeys(named.name for named in self.trained_on):
            places = [named.place for named in self.trained_on if named.name == name]
            training = _read_training(name, places, settings)
            key = set_key(project, name, None)
            catalog.prediction_sets.hold_training(key, training)

    def require_asked(self, names: Iterable[str]) -> None:
        """Refuse `--trained-on` of what is not asked about.

        Raises:
            click.UsageError: a name of it is none of these.
        """
        asked = {name.casefold() for name in names}
        for named in self.trained_on:
            if named.name.casefold() not in asked:
                raise click.UsageError(
                    f"--trained-on {named.name}: it is not among what is asked about.",
                    click.get_current_context(),
                )


def once_read_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--predictions`, the flags of columns, `--trained-on` and `--same-names`.

    They come as one `once`.
    """

    @functools.wraps(command)
    def with_once(
        *,
        predictions: tuple[str, ...],
        trained_on: tuple[str, ...],
        same_names: bool,
        **given: Any,
    ) -> Any:
        columns = ColumnFlags(
            image=given.pop("image"),
            truth=given.pop("truth"),
            prediction=given.pop("prediction"),
            score=given.pop("score"),
            cut=given.pop("cut"),
            anomaly_value=given.pop("anomaly_value"),
        )
        once = OnceRead(
            tuple(_parsed(text, "--predictions", "predictions.csv") for text in predictions),
            columns,
            same_names,
            tuple(_parsed(text, "--trained-on", "train.manifest") for text in trained_on),
        )
        once.require_one_for_columns()
        return command(once=once, **given)

    decorated: Callable[..., Any] = with_once
    for option in reversed(
        (
            click.option(
                "--predictions",
                multiple=True,
                metavar="NAME=PLACE",
                help="What another system predicted: a file, a folder or an s3:// prefix, read "
                "once (repeatable).",
            ),
            click.option(
                "--trained-on",
                multiple=True,
                metavar="NAME=PLACE",
                help="What the model behind a set was trained on: a dataset manifest, a CSV, a "
                "list, or a folder or s3:// prefix of them or of images; test images among them "
                "are left out (repeatable).",
            ),
            *COLUMN_OPTIONS,
            click.option(
                "--same-names",
                is_flag=True,
                help="Vouch that images of equal names are the same ones.",
            ),
        )
    ):
        decorated = option(decorated)
    return decorated


def _parsed(text: str, flag: str, file: str) -> NamedPlace:
    """The name and the place of one `--predictions` or `--trained-on`.

    Raises:
        click.ClickException: it has no `=`, or the name is none.
    """
    from lfv_mcp.identifiers import PREDICTION_SET_NAME_RULE, is_prediction_set_name

    name, equals, place = text.partition("=")
    if not equals or not place:
        raise click.ClickException(
            f"{flag} {click.unstyle(text)!r} is not NAME=PLACE: write it as {flag} new={file}."
        )
    if not is_prediction_set_name(name):
        raise click.ClickException(
            f"{flag} {click.unstyle(text)!r}: the name of a prediction set "
            f"{PREDICTION_SET_NAME_RULE}: write it as {flag} new={file}."
        )
    return NamedPlace(name, place)


def _read_training(name: str, places: Sequence[str], settings: Settings) -> TrainingImages:
    from lfv_mcp.cli.archive_predictions import training_images, training_in_words
    from lfv_mcp.figures import count_of

    training = training_images(places, settings)
    images = count_of(len(training.lines), "image", "images")
    click.echo(f"{name} was trained on {images} ({training.origin}).", err=True)
    for line in training_in_words(training):
        click.echo(line, err=True)
    return training


def _read(named: NamedPlace, project: str, once: OnceRead, settings: Settings) -> PredictionSet:
    from lfv_mcp.archive.predictions_import import set_key
    from lfv_mcp.archive.predictions_source import prediction_reader, read_source, steps_of
    from lfv_mcp.cli.archive_predictions import lines_about
    from lfv_mcp.text import clean

    key = set_key(project, named.name, None)
    files = open_place(named.place, settings)
    steps = sum(map(steps_of, files.entries()))
    choice = column_choice_of(once.columns)
    reader = prediction_reader(choice)
    with ProgressLine(named.place, steps) as progress:
        found = read_source(
            files,
            key,
            choice,
            origin=clean(named.place, 500),
            same_names=once.same_names,
            advance=progress.advance,
            reader=lambda _: reader,
        )
    for line in lines_about(found.about, reader.problems):
        click.echo(line, err=True)
    return found
